"""What aioboto3 adds to clients, and its resources, work on a routed client.

It pins an aiobotocore, so that this has an environment of its own.
"""

from __future__ import annotations

import io
import textwrap
import uuid
from typing import TYPE_CHECKING, Any

import pytest
from boto3.s3.transfer import TransferConfig
from botocore.exceptions import ClientError
from looping import body_of, in_a_loop
from servers import ensure

import botwo.aio

if TYPE_CHECKING:
    from pathlib import Path

    from servers import Server

aioboto3 = pytest.importorskip(
    "aioboto3", reason="aioboto3 and the newest aiobotocore are never in one environment"
)
pytestmark = [
    pytest.mark.aio,
    pytest.mark.servers,
    # aioboto3 sends its parts as they are, which aiohttp advises against.
    pytest.mark.filterwarnings("ignore:Sending a large body:ResourceWarning"),
]

MIB = 1024 * 1024
CONFIG = TransferConfig(multipart_threshold=5 * MIB, multipart_chunksize=5 * MIB)
MAPPING: list[dict[str, Any]] = [
    {"bucket_name": "old", "mapped_bucket_name": "new", "key_prefix": "main/", "client": "b"},
    {"bucket_name": "*", "client": "a"},
]
FILE = """
    [clients.a]
    endpoint_url = "{a.endpoint_url}"
    region_name = "us-east-1"
    aws_access_key_id = "{a.access_key}"
    aws_secret_access_key = "${{SECRET_A}}"

    [clients.b]
    endpoint_url = "{b.endpoint_url}"
    region_name = "us-east-1"
    aws_access_key_id = "{b.access_key}"
    aws_secret_access_key = "${{SECRET_B}}"

    [[mapping]]
    bucket_name = "old"
    mapped_bucket_name = "new"
    key_prefix = "main/"
    client = "b"

    [[mapping]]
    bucket_name = "*"
    client = "a"
"""
both_sizes = pytest.mark.parametrize("size", [1000, 11 * MIB])
both_buckets = pytest.mark.parametrize("bucket", ["plain", "old"])


@pytest.fixture
def servers(moto_a: Server, rclone_b: Server) -> dict[str, Server]:
    """Two servers with the buckets."""
    for server, bucket in ((moto_a, "plain"), (rclone_b, "new")):
        ensure(server.client(), bucket)
    return {"a": moto_a, "b": rclone_b}


@pytest.fixture
def session(servers: dict[str, Server], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """An aioboto3 session over a config file's session."""
    for name, server in servers.items():
        monkeypatch.setenv(f"SECRET_{name.upper()}", server.secret_key)
    file = tmp_path / "botwo.toml"
    file.write_text(textwrap.dedent(FILE.format(**servers)))
    return aioboto3.Session(botocore_session=botwo.aio.Session(file))


@pytest.fixture
def key() -> str:
    """A key that no other test uses."""
    return f"aioboto3/{uuid.uuid4()}"


def _body(size: int) -> bytes:
    return bytes(number % 251 for number in range(1000)) * (size // 1000)


@both_sizes
@both_buckets
@in_a_loop
async def test_objects_are_uploaded_and_downloaded(
    session: Any, key: str, bucket: str, size: int
) -> None:
    """A file-like object, short or in parts, goes to the store of its name and comes back, and
    progress is told.
    """
    moved: list[int] = []
    async with session.client("s3") as s3:
        await s3.upload_fileobj(
            io.BytesIO(_body(size)), bucket, key, Config=CONFIG, Callback=moved.append
        )
        got = io.BytesIO()
        await s3.download_fileobj(bucket, key, got, Config=CONFIG)

    assert _body(size) == got.getvalue()
    assert len(_body(size)) == sum(moved)


@both_sizes
@both_buckets
@in_a_loop
async def test_files_are_uploaded_and_downloaded(
    session: Any, key: str, bucket: str, size: int, tmp_path: Path
) -> None:
    """A file, short or in parts, goes to the store of its name and comes back."""
    (tmp_path / "up").write_bytes(_body(size))
    async with session.client("s3") as s3:
        await s3.upload_file(str(tmp_path / "up"), bucket, key, Config=CONFIG)
        await s3.download_file(bucket, key, str(tmp_path / "down"), Config=CONFIG)

    assert _body(size) == (tmp_path / "down").read_bytes()


@both_sizes
@in_a_loop
async def test_objects_are_copied_between_stores(
    session: Any, servers: dict[str, Server], key: str, size: int
) -> None:
    """``copy``, by one request or in parts, reads one store and writes the other."""
    async with session.client("s3") as s3:
        await s3.put_object(Bucket="plain", Key=key, Body=_body(size))
        await s3.copy({"Bucket": "plain", "Key": key}, "old", key, Config=CONFIG)

        assert _body(size) == await body_of(await s3.get_object(Bucket="old", Key=key))

    found = servers["b"].client().head_object(Bucket="new", Key=f"main/{key}")
    assert len(_body(size)) == found["ContentLength"]


@in_a_loop
async def test_a_copy_of_nothing_is_told(session: Any, key: str) -> None:
    """A source that is missing is told by the error, with a note of the store that was asked."""
    async with session.client("s3") as s3:
        with pytest.raises(ClientError, match="404") as raised:
            await s3.copy({"Bucket": "plain", "Key": "there is none"}, "old", key)

    assert "client 'a' as HeadObject" in raised.value.__notes__[0]


@both_buckets
@in_a_loop
async def test_resources_route(
    session: Any, servers: dict[str, Server], bucket: str, key: str
) -> None:
    """A resource's buckets, objects and collections are those of the stores of their names."""
    async with session.resource("s3") as s3:
        thing = await s3.Object(bucket, key)
        await thing.put(Body=b"by a resource")
        answer = await thing.get()
        read = await body_of(answer)
        listed = [item.key async for item in (await s3.Bucket(bucket)).objects.filter(Prefix=key)]
        await (await s3.Object("old" if bucket == "plain" else "plain", key)).copy_from(
            CopySource={"Bucket": bucket, "Key": key}
        )
        names = {item.name async for item in s3.buckets.all()}

    assert b"by a resource" == read
    assert [key] == listed
    assert {"plain", "old"} <= names
    a, b = (server.client() for server in servers.values())
    for client, at in ((a, ("plain", key)), (b, ("new", f"main/{key}"))):
        assert b"by a resource" == client.get_object(Bucket=at[0], Key=at[1])["Body"].read()


@in_a_loop
async def test_live_clients_of_aioboto3_are_stores(servers: dict[str, Server], key: str) -> None:
    """aioboto3's clients, which have its transfers, make a routed client that has them."""
    plain = aioboto3.Session()
    async with (
        plain.client("s3", **servers["a"].options()) as a,
        plain.client("s3", **servers["b"].options()) as b,
        botwo.aio.client({"a": a, "b": b}, MAPPING) as s3,
    ):
        await s3.upload_fileobj(io.BytesIO(b"moved"), "old", key)
        await s3.copy({"Bucket": "old", "Key": key}, "plain", key)

        assert b"moved" == await body_of(await a.get_object(Bucket="plain", Key=key))
