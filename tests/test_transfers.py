"""Uploads, downloads and copies go to the store of their name, and report as ever."""

from __future__ import annotations

import io
import uuid
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import boto3.s3.transfer
import pytest
from boto3.exceptions import S3UploadFailedError
from boto3.s3.transfer import S3Transfer, TransferConfig
from botocore.config import Config
from s3transfer.manager import TransferManager
from s3transfer.subscribers import BaseSubscriber
from servers import ensure
from stubs import Answer, Stub, error, stub

import botwo

if TYPE_CHECKING:
    from servers import Server
    from types_boto3_s3.client import S3Client

MIB = 1024 * 1024
MAPPING = [
    {"bucket_name": "old", "mapped_bucket_name": "new", "key_prefix": "main/", "client": "b"},
    {"bucket_name": "*", "client": "a"},
]
SMALL_PARTS = TransferConfig(multipart_threshold=5 * MIB, multipart_chunksize=5 * MIB)
BUCKETS = ["plain", "old"]


@pytest.fixture(params=["moto over rclone", "rclone over moto"])
def s3(
    request: pytest.FixtureRequest, moto_a: Server, moto_b: Server, rclone_a: Server
) -> S3Client:
    """A routed client over a server of each kind; bucket ``old`` is not on the default store."""
    servers = (moto_a, rclone_a) if request.param == "moto over rclone" else (rclone_a, moto_b)
    clients = [server.client() for server in servers]
    for client, bucket in zip(clients, ("plain", "new"), strict=True):
        ensure(client, bucket)
    return botwo.client(dict(zip("ab", clients, strict=True)), MAPPING)


@pytest.fixture
def pair() -> tuple[Stub, Stub]:
    """Two stores without a network."""
    return stub(host="a.test"), stub(host="b.test")


@pytest.fixture
def local(pair: tuple[Stub, Stub]) -> S3Client:
    """A routed client over the two."""
    return botwo.client({"a": pair[0].client, "b": pair[1].client}, MAPPING)


@pytest.fixture
def key() -> str:
    """A key that no other test uses."""
    return f"transfers/{uuid.uuid4()}"


def _file(tmp_path: Path, size: int) -> Path:
    path = tmp_path / "file"
    path.write_bytes(bytes(range(256)) * (size // 256) + b"x" * (size % 256))
    return path


@pytest.mark.parametrize("bucket", BUCKETS)
@pytest.mark.parametrize("size", [1_000, 6 * MIB], ids=["one request", "multipart"])
def test_a_file_goes_up_and_comes_down(
    s3: S3Client, tmp_path: Path, key: str, bucket: str, size: int
) -> None:
    """The file that comes down is the one that went up; progress sums to its size both ways."""
    path = _file(tmp_path, size)
    up: list[int] = []
    down: list[int] = []

    s3.upload_file(
        str(path),
        bucket,
        key,
        ExtraArgs={"ContentType": "text/x-test", "Metadata": {"colour": "blue"}},
        Callback=up.append,
        Config=SMALL_PARTS,
    )
    s3.download_file(bucket, key, str(tmp_path / "down"), Callback=down.append, Config=SMALL_PARTS)

    assert path.read_bytes() == (tmp_path / "down").read_bytes()
    assert (size, size) == (sum(up), sum(down))
    head = s3.head_object(Bucket=bucket, Key=key)
    assert {name.lower(): value for name, value in head["Metadata"].items()} == {"colour": "blue"}
    assert head["ContentType"] == "text/x-test"


@pytest.mark.parametrize("bucket", BUCKETS)
def test_a_file_object_goes_up_and_comes_down(s3: S3Client, key: str, bucket: str) -> None:
    """File objects are transferred, with progress, as files are."""
    up: list[int] = []
    down: list[int] = []
    found = io.BytesIO()

    s3.upload_fileobj(io.BytesIO(b"0123456789"), bucket, key, Callback=up.append)
    s3.download_fileobj(bucket, key, found, Callback=down.append)

    assert found.getvalue() == b"0123456789"
    assert (sum(up), sum(down)) == (10, 10)


@pytest.mark.parametrize("bucket", BUCKETS)
def test_an_object_is_copied_within_its_store(s3: S3Client, key: str, bucket: str) -> None:
    """`copy` inside one store copies there, and progress sums to the size."""
    s3.put_object(Bucket=bucket, Key=key, Body=b"0123456789")
    seen: list[int] = []

    s3.copy({"Bucket": bucket, "Key": key}, bucket, f"{key}-copy", Callback=seen.append)

    assert s3.get_object(Bucket=bucket, Key=f"{key}-copy")["Body"].read() == b"0123456789"
    assert sum(seen) == 10


@pytest.mark.parametrize("bucket", BUCKETS)
def test_s3transfer_is_made_of_a_routed_client(
    s3: S3Client, tmp_path: Path, key: str, bucket: str
) -> None:
    """`S3Transfer(s3)` and `TransferManager(s3)`, made directly, go by the routes too."""
    path = _file(tmp_path, 1_000)
    seen: list[int] = []

    class Progress(BaseSubscriber):
        def on_progress(self, future: Any, bytes_transferred: int, **kwargs: Any) -> None:
            seen.append(bytes_transferred)

    S3Transfer(s3).upload_file(str(path), bucket, key, callback=seen.append)
    with TransferManager(s3) as manager:
        found = io.BytesIO()
        manager.download(bucket, key, found, subscribers=[Progress()]).result()
        manager.delete(bucket, key).result()

    assert path.read_bytes() == found.getvalue()
    assert sum(seen) == 2_000
    with pytest.raises(s3.exceptions.NoSuchKey):
        s3.get_object(Bucket=bucket, Key=key)


@pytest.mark.parametrize("bucket", BUCKETS)
def test_a_failed_multipart_upload_is_aborted_where_it_was_begun(
    bucket: str, tmp_path: Path
) -> None:
    """When a part fails, the upload is aborted on the store that it was created on."""

    def answer(request: Any) -> Answer:
        if "uploads" in request.url:
            return Answer(
                body=b"<InitiateMultipartUploadResult><UploadId>7</UploadId>"
                b"</InitiateMultipartUploadResult>"
            )
        return error(403, "AccessDenied") if request.method == "PUT" else Answer(204)

    stores = {name: stub(answer, host=f"{name}.test") for name in "ab"}
    s3 = botwo.client({name: store.client for name, store in stores.items()}, MAPPING)
    path = _file(tmp_path, 6 * MIB)

    with pytest.raises(S3UploadFailedError):
        s3.upload_file(str(path), bucket, "x", Config=SMALL_PARTS)

    used, unused = ("b", "a") if bucket == "old" else ("a", "b")
    name = "/new/main/x" if bucket == "old" else "/plain/x"
    assert f"DELETE {name}?uploadId=7" == stores[used].paths[-1]
    assert [] == stores[unused].sent


def test_an_upload_error_speaks_the_callers_names(tmp_path: Path) -> None:
    """`S3UploadFailedError` names the file, the bucket and the key that the caller named."""
    b = stub(error(403, "AccessDenied", Resource="/new/main/x"), host="b.test")
    s3 = botwo.client({"a": stub().client, "b": b.client}, MAPPING)
    path = _file(tmp_path, 10)

    with pytest.raises(S3UploadFailedError) as raised:
        s3.upload_file(str(path), "old", "x")

    assert str(raised.value) == (
        f"Failed to upload {path} to old/x: An error occurred (AccessDenied) when calling the "
        "PutObject operation (reached max retries: 0): as the store says it"
    )


@pytest.mark.parametrize("bucket", BUCKETS)
def test_a_transfers_error_is_the_routed_clients(
    s3: S3Client, key: str, bucket: str, tmp_path: Path
) -> None:
    """A download of what is not there raises the routed client's class, and leaves no file."""
    with pytest.raises(s3.exceptions.ClientError) as raised:
        s3.download_file(bucket, key, str(tmp_path / "down"))

    assert raised.value.response["Error"]["Code"] == "404"
    assert [] == list(tmp_path.iterdir())


def _heard(store: Stub) -> dict[str, str]:
    return {
        name.lower(): value.decode() if isinstance(value, bytes) else str(value)
        for name, value in store.sent[-1].headers.items()
        if "checksum" in name.lower() or "trailer" in name.lower()
    }


@pytest.mark.parametrize("method", ["upload_file", "upload_fileobj"])
@pytest.mark.parametrize("asked", ["when_required", "when_supported"])
@pytest.mark.parametrize("default", ["when_required", "when_supported"])
def test_an_upload_has_the_checksums_of_its_stores_client(
    tmp_path: Path, method: str, asked: str, default: str
) -> None:
    """What the store's own client would add to an upload is added, whatever the default's does."""
    settings: Any = [
        Config(request_checksum_calculation=value, response_checksum_validation=value)  # type: ignore[arg-type]
        for value in (default, asked)
    ]
    a, b = stub(host="a.test", config=settings[0]), stub(host="b.test", config=settings[1])
    s3 = botwo.client({"a": a.client, "b": b.client}, MAPPING)
    path = _file(tmp_path, 10)

    for client, bucket in ((b.client, "new"), (s3, "old")):
        given: Any = str(path) if method == "upload_file" else io.BytesIO(b"x")
        getattr(client, method)(given, bucket, "x")
    by_itself, routed = b.sent

    assert [] == a.sent
    names = [{n.lower() for n in request.headers if "checksum" in n.lower()} for request in b.sent]
    assert names[0] == names[1]
    assert bool(names[0]) == (asked == "when_supported")
    assert by_itself.url.replace("/new/x", "/new/main/x") == routed.url


class _Credentials:
    access_key_id = "AKID"
    secret_access_key = "never-shown"
    session_token = None


@pytest.mark.parametrize("preferred", ["crt", "auto"])
def test_the_common_runtime_does_not_go_around_the_routes(
    local: S3Client,
    pair: tuple[Stub, Stub],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    preferred: str,
) -> None:
    """Where boto3 would hand a transfer to the Common Runtime, the routed client still serves it.

    The Common Runtime here is a double: it has the client that boto3 keeps for the default store's
    credentials and region.
    """
    transfer: Any = boto3.s3.transfer
    runtime = SimpleNamespace(
        __version__="0.99.0", s3=SimpleNamespace(is_optimized_for_system=lambda: True)
    )
    kept = SimpleNamespace(crt_client=None, region="us-east-1", cred_provider=lambda: _Credentials)

    def hand_over(client: Any, config: Any) -> Any:
        credentials = client._get_credentials()
        if credentials is None:
            return None
        same = credentials.get_frozen_credentials().access_key == kept.cred_provider().access_key_id
        return pytest.fail("went around the routes") if same else None

    monkeypatch.setattr(transfer, "HAS_CRT", True)
    monkeypatch.setattr(transfer, "awscrt", runtime, raising=False)
    monkeypatch.setattr(transfer, "create_crt_transfer_manager", hand_over, raising=False)
    config = TransferConfig(preferred_transfer_client=preferred)

    for bucket in BUCKETS:
        local.upload_file(str(_file(tmp_path, 10)), bucket, "x", Config=config)

    assert pair[0].paths == ["PUT /plain/x"]
    assert pair[1].paths == ["PUT /new/main/x"]


def test_a_parameter_handler_sees_a_transfers_names(local: S3Client, tmp_path: Path) -> None:
    """An upload's parameter events carry the caller's names."""
    seen: list[tuple[str, str]] = []
    local.meta.events.register(
        "before-parameter-build.s3.PutObject",
        lambda params, **kw: seen.append((params["Bucket"], params["Key"])),
    )

    local.upload_file(str(_file(tmp_path, 10)), "old", "x")

    assert seen == [("old", "x")]
