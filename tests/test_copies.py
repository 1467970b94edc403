"""Copies between stores, on real servers: the caller cannot tell them from one store's."""

from __future__ import annotations

import datetime
import functools
import uuid
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import boto3.session
import pytest
import s3transfer.exceptions
from boto3.s3.transfer import TransferConfig
from botocore.exceptions import ClientError
from servers import ensure

import botwo
from botwo import _relaying

if TYPE_CHECKING:
    from collections.abc import Iterator

    from servers import Server
    from types_boto3_s3.client import S3Client

MIB = 1024 * 1024
# What a transfer raises whose source has changed; older versions pin
# no source and keep neither tags nor headers of a long one, with any client.
PINNED: Any = getattr(s3transfer.exceptions, "S3CopyFailedError", None)
# Bucket "source" lies at "a"; "copies" lies at "b", as "new", under "main/".
MAPPING = [
    {"bucket_name": "copies", "mapped_bucket_name": "new", "key_prefix": "main/", "client": "b"},
    {"bucket_name": "*", "client": "a"},
]
HEADERS: dict[str, Any] = {
    "CacheControl": "no-cache",
    "ContentDisposition": 'attachment; filename="ü.txt"',
    "ContentEncoding": "gzip",
    "ContentLanguage": "de",
    "ContentType": "text/x-test",
    "Metadata": {"colour": "blue"},
}


@pytest.fixture
def _small_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let objects of more than 5 MiB, the least that a part may have, be copied in parts."""
    monkeypatch.setattr(_relaying, "THRESHOLD", 5 * MIB)
    monkeypatch.setattr(_relaying, "PART_SIZE", 5 * MIB)


@functools.cache
def _client(server: Server) -> S3Client:
    """One client of each server: making one costs more than most tests here."""
    return server.client()


def _routed(servers: tuple[Server, Server]) -> S3Client:
    a, b = (_client(server) for server in servers)
    for client, buckets in ((a, ("source", "copies")), (b, ("new",))):
        for bucket in buckets:
            ensure(client, bucket)
    return botwo.client({"a": a, "b": b}, MAPPING)


@pytest.fixture
def s3(moto_a: Server, moto_b: Server) -> S3Client:
    """A routed client over two stores that have the widest API."""
    return _routed((moto_a, moto_b))


@pytest.fixture(params=["moto to moto", "rclone to rclone", "moto to rclone", "rclone to moto"])
def any_s3(request: pytest.FixtureRequest) -> S3Client:
    """A routed client over two stores of any kind."""
    kinds = request.param.split(" to ")
    a, b = (request.getfixturevalue(f"{kind}_{end}") for kind, end in zip(kinds, "ab", strict=True))
    return _routed((a, b))


@pytest.fixture
def plain(moto_a: Server) -> S3Client:
    """A plain client of the first store, which has both buckets."""
    return _client(moto_a)


@pytest.fixture
def key() -> str:
    """A key that no other test uses."""
    return f"copies/{uuid.uuid4()}"


@contextmanager
def _hearing(s3: S3Client, event: str, handler: Any) -> Iterator[None]:
    s3.meta.events.register(event, handler)
    try:
        yield
    finally:
        s3.meta.events.unregister(event, handler)


def _body(size: int) -> bytes:
    block = bytes(range(251))
    return (block * (size // len(block) + 1))[:size]


def _uploads(s3: S3Client) -> list[Any]:
    """What was begun and not ended; rclone says so where there never was an upload."""
    try:
        return s3.list_multipart_uploads(Bucket="copies").get("Uploads", [])  # type: ignore[return-value]
    except s3.exceptions.NoSuchUpload:
        return []


@pytest.mark.servers
@pytest.mark.usefixtures("_small_parts")
@pytest.mark.parametrize("size", [0, 1, 5 * MIB, 5 * MIB + 1, 10 * MIB, 10 * MIB + 1])
def test_an_object_of_any_size_is_copied(any_s3: S3Client, key: str, size: int) -> None:
    """The copy has the source's bytes, metadata and content type, and no upload is left."""
    body = _body(size)
    any_s3.put_object(
        Bucket="source", Key=key, Body=body, ContentType="text/x", Metadata={"colour": "blue"}
    )

    answer = any_s3.copy_object(
        Bucket="copies", Key=key, CopySource={"Bucket": "source", "Key": key}
    )

    found = any_s3.get_object(Bucket="copies", Key=key)
    assert body == found["Body"].read()
    assert found["ContentType"] == "text/x"
    assert {n.lower(): v for n, v in found["Metadata"].items()}["colour"] == "blue"
    age = datetime.datetime.now(datetime.UTC) - answer["CopyObjectResult"]["LastModified"]
    assert abs(age) < datetime.timedelta(minutes=1)
    assert answer["CopyObjectResult"]["ETag"]
    assert [] == _uploads(any_s3)


@pytest.mark.parametrize(
    "name", ["a b", "a+b", "a%b", "a%20b", "a?b&c=d#e", "ü日本", "a//b", "/a", "a/../b", "~!*'()"]
)
@pytest.mark.parametrize("as_text", [False, True])
def test_a_key_of_any_characters_is_copied(
    s3: S3Client, plain: S3Client, name: str, *, as_text: bool
) -> None:
    """Both ends have the key that the caller named, and a plain client would name the same."""
    named = name + uuid.uuid4().hex
    s3.put_object(Bucket="source", Key=named, Body=b"found")
    source: Any = f"source/{named}" if as_text else {"Bucket": "source", "Key": named}

    s3.copy_object(Bucket="copies", Key=named, CopySource=source)
    plain.copy_object(Bucket="copies", Key=named, CopySource=source)

    assert s3.get_object(Bucket="copies", Key=named)["Body"].read() == b"found"
    assert plain.get_object(Bucket="copies", Key=named)["Body"].read() == b"found"


def _as_utf_8(told: str) -> str:
    """Read a header as aiohttp does; urllib3 takes it for Latin-1."""
    try:
        return told.encode("latin-1").decode()
    except UnicodeDecodeError:
        return told


def _answer(client: S3Client, **asked: Any) -> Any:
    """What a copy answers, without what no two requests have in common."""
    try:
        answer: Any = client.copy_object(**asked)
    except ClientError as raised:
        answer = raised.response
        metadata = answer["ResponseMetadata"]
        return type(raised).__name__, str(raised), answer["Error"], metadata["HTTPStatusCode"]
    answer.pop("ResponseMetadata")
    answer["CopyObjectResult"].pop("LastModified")
    return answer


@pytest.mark.parametrize(
    "params",
    [
        {},
        {"MetadataDirective": "COPY", "Metadata": {"x": "y"}, "ContentType": "text/y"},
        {"MetadataDirective": "REPLACE", "Metadata": {"x": "y"}, "ContentType": "text/y"},
        {"TaggingDirective": "COPY"},
        {"TaggingDirective": "REPLACE", "Tagging": "x=y"},
        {"TaggingDirective": "REPLACE"},
        {"StorageClass": "STANDARD_IA"},
        {"ServerSideEncryption": "AES256"},
        {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": "key"},
        {"WebsiteRedirectLocation": "/other", "ChecksumAlgorithm": "SHA256"},
        {"CopySourceIfNoneMatch": '"another"'},
        {"CopySourceIfNoneMatch": '"e3d6d8c7"'},
    ],
    ids=str,
)
def test_a_copy_is_as_one_stores_copy(
    s3: S3Client, plain: S3Client, key: str, params: dict[str, Any]
) -> None:
    """The answer, the object, its tags and its ACL are as where one store has both buckets."""
    s3.put_object(Bucket="source", Key=key, Body=b"found", Tagging="a=1&b=%C3%BC+c", **HEADERS)
    asked = {"Bucket": "copies", "Key": key, "CopySource": f"source/{key}", **params}

    answers = [_answer(client, **asked) for client in (plain, s3)]

    assert answers[0] == answers[1]
    objects = [client.get_object(Bucket="copies", Key=key) for client in (plain, s3)]
    for found in objects:
        del found["ResponseMetadata"], found["LastModified"]
        assert found.pop("Body").read() == b"found"
        found["ContentDisposition"] = _as_utf_8(found.get("ContentDisposition", ""))
    assert objects[0] == objects[1]
    at: Any = {"Bucket": "copies", "Key": key}
    assert plain.get_object_tagging(**at)["TagSet"] == s3.get_object_tagging(**at)["TagSet"]
    assert plain.get_object_acl(**at)["Grants"] == s3.get_object_acl(**at)["Grants"]


@pytest.mark.parametrize(
    "changed",
    [
        {"CopySource": "source/there-is-none"},
        {"CopySource": "there-is-no-such-bucket/k"},
        {"CopySource": {"Bucket": "source", "Key": "k", "VersionId": "none"}},
        {"CopySourceIfNoneMatch": '"5d41402abc4b2a76b9719d911017c592"'},
    ],
    ids=str,
)
def test_an_error_is_as_one_stores_error(
    s3: S3Client, plain: S3Client, key: str, changed: dict[str, Any]
) -> None:
    """Class, text, members and status of an error are as where one store has both buckets."""
    s3.put_object(Bucket="source", Key="k", Body=b"hello")
    asked = {"Bucket": "copies", "Key": key, "CopySource": "source/k", **changed}

    told = [_answer(client, **asked) for client in (plain, s3)]

    assert told[0] == told[1]
    assert isinstance(told[1], tuple)


def test_an_archived_source_is_told_as_of_a_copy(s3: S3Client, key: str) -> None:
    """A class of errors that only copies raise is raised by a relay too."""
    s3.put_object(Bucket="source", Key=key, Body=b"cold", StorageClass="GLACIER")

    with pytest.raises(s3.exceptions.ObjectNotInActiveTierError, match="CopyObject"):
        s3.copy_object(Bucket="copies", Key=key, CopySource=f"source/{key}")


def test_a_missing_destination_is_the_stores_error(moto_a: Server, moto_b: Server) -> None:
    """A destination's bucket that is not there is named as the caller named it."""
    a, b = _client(moto_a), _client(moto_b)
    ensure(a, "source")
    mapping = [
        {"bucket_name": "gone", "mapped_bucket_name": "there-is-none", "client": "b"},
        MAPPING[1],
    ]
    s3 = botwo.client({"a": a, "b": b}, mapping)
    s3.put_object(Bucket="source", Key="k", Body=b"x")

    with pytest.raises(s3.exceptions.NoSuchBucket) as raised:
        s3.copy_object(Bucket="gone", Key="new", CopySource="source/k")

    assert raised.value.response["Error"]["BucketName"] == "gone"
    assert "when calling the CopyObject operation" in str(raised.value)
    assert any("as PutObject of there-is-none/new" in note for note in raised.value.__notes__)


@pytest.mark.usefixtures("_small_parts")
@pytest.mark.parametrize("size", [10, 6 * MIB])
def test_a_version_is_copied(s3: S3Client, key: str, size: int) -> None:
    """An older version is copied with its own bytes and tags, and a deleted one is not."""
    s3.put_bucket_versioning(Bucket="source", VersioningConfiguration={"Status": "Enabled"})
    old = s3.put_object(Bucket="source", Key=key, Body=_body(size), Tagging="a=old")["VersionId"]
    s3.put_object(Bucket="source", Key=key, Body=b"new", Tagging="a=new")
    marker = s3.delete_object(Bucket="source", Key=key)["VersionId"]
    source: Any = {"Bucket": "source", "Key": key}

    answer = s3.copy_object(Bucket="copies", Key=key, CopySource={**source, "VersionId": old})

    assert old == answer["CopySourceVersionId"]
    assert s3.get_object(Bucket="copies", Key=key)["Body"].read() == _body(size)
    tags = s3.get_object_tagging(Bucket="copies", Key=key)["TagSet"]
    assert [{"Key": "a", "Value": "old"}] == tags
    for gone in (source, {**source, "VersionId": marker}):
        with pytest.raises(ClientError):
            s3.copy_object(Bucket="copies", Key=key, CopySource=gone)


def test_metadata_that_is_not_ascii_is_kept(s3: S3Client, moto_a: Server, key: str) -> None:
    """Raw bytes that another program put there arrive in the form in which S3 answers them."""
    source = moto_a.client()
    source.meta.events.register(
        "before-send.s3.PutObject",
        lambda request, **kw: request.headers.__setitem__("x-amz-meta-name", "Bär".encode()),
    )
    source.put_object(Bucket="source", Key=key, Body=b"x")

    s3.copy_object(Bucket="copies", Key=key, CopySource=f"source/{key}")

    assert s3.head_object(Bucket="copies", Key=key)["Metadata"] == {"name": "=?UTF-8?B?QsOkcg==?="}


@pytest.mark.usefixtures("_small_parts")
@pytest.mark.parametrize("kind", ["moto", "rclone"])
@pytest.mark.servers
def test_a_source_that_is_overwritten_midway_fails_the_copy(
    request: pytest.FixtureRequest, kind: str, key: str
) -> None:
    """Two versions are never mixed, whether the source's store heeds If-Match or not."""
    a, b = (request.getfixturevalue(f"{kind}_{end}") for end in "ab")
    s3 = _routed((a, b))
    s3.put_object(Bucket="source", Key=key, Body=_body(21 * MIB))
    s3.put_object(Bucket="copies", Key=key, Body=b"old")
    overwritten: list[str] = []

    def overwrite(**kwargs: Any) -> None:
        if not overwritten:
            overwritten.append("once")
            _client(a).put_object(Bucket="source", Key=key, Body=b"x" * 21 * MIB)

    with (
        _hearing(s3, "before-call.s3.CreateMultipartUpload", overwrite),
        pytest.raises(s3.exceptions.ClientError) as raised,
    ):
        s3.copy_object(Bucket="copies", Key=key, CopySource=f"source/{key}")

    assert raised.value.response["Error"]["Code"] == "PreconditionFailed"
    assert "when calling the CopyObject operation" in str(raised.value)
    assert s3.get_object(Bucket="copies", Key=key)["Body"].read() == b"old"
    assert [] == _uploads(s3)


@pytest.mark.servers
def test_an_upload_takes_parts_of_another_store(any_s3: S3Client, key: str) -> None:
    """`upload_part_copy` brings whole objects and ranges into an upload; it completes."""
    body = _body(6 * MIB)
    any_s3.put_object(Bucket="source", Key=key, Body=body)
    at: Any = {"Bucket": "copies", "Key": key}
    upload = any_s3.create_multipart_upload(**at)["UploadId"]
    asked: Any = {**at, "UploadId": upload, "CopySource": {"Bucket": "source", "Key": key}}

    answers = [
        any_s3.upload_part_copy(**asked, PartNumber=1),
        any_s3.upload_part_copy(**asked, PartNumber=2, CopySourceRange="bytes=10-19"),
    ]
    parts = [
        {**answer["CopyPartResult"], "PartNumber": number}
        for number, answer in enumerate(answers, 1)
    ]
    for part in parts:
        part.pop("LastModified")
    any_s3.complete_multipart_upload(**at, UploadId=upload, MultipartUpload={"Parts": parts})  # type: ignore[typeddict-item]

    assert any_s3.get_object(**at)["Body"].read() == body + body[10:20]


@pytest.mark.servers
@pytest.mark.parametrize("asked", ["bytes=5-", "bytes=90-100", "bytes=200-300"])
def test_a_range_that_cannot_be_copied_is_s3s_error(any_s3: S3Client, key: str, asked: str) -> None:
    """A malformed range, one cut short and one beyond the end are invalid arguments."""
    any_s3.put_object(Bucket="source", Key=key, Body=_body(100))
    at: Any = {"Bucket": "copies", "Key": key}
    upload = any_s3.create_multipart_upload(**at)["UploadId"]

    with pytest.raises(any_s3.exceptions.ClientError) as raised:
        any_s3.upload_part_copy(
            **at,
            UploadId=upload,
            PartNumber=1,
            CopySource=f"source/{key}",
            CopySourceRange=asked,
        )
    any_s3.abort_multipart_upload(**at, UploadId=upload)

    assert raised.value.response["Error"]["Code"] == "InvalidArgument"
    assert raised.value.operation_name == "UploadPartCopy"


CONFIG = TransferConfig(multipart_threshold=6 * MIB, multipart_chunksize=5 * MIB, max_concurrency=2)


@pytest.mark.servers
@pytest.mark.parametrize("size", [1_000, 6 * MIB, 11 * MIB])
def test_a_transfer_copies_between_stores(any_s3: S3Client, key: str, size: int) -> None:
    """`copy` honours its Config and its Callback, and keeps what boto3 keeps."""
    any_s3.put_object(Bucket="source", Key=key, Body=_body(size), ContentType="text/x")
    asked: list[str] = []
    seen: list[int] = []

    def hear(model: Any, **kwargs: Any) -> None:
        asked.append(model.name)

    with _hearing(any_s3, "before-call.s3", hear):
        any_s3.copy(
            {"Bucket": "source", "Key": key}, "copies", key, Callback=seen.append, Config=CONFIG
        )

    assert any_s3.get_object(Bucket="copies", Key=key)["Body"].read() == _body(size)
    kept = PINNED is not None or size < 6 * MIB
    assert any_s3.head_object(Bucket="copies", Key=key)["ContentType"] == "text/x" or not kept
    assert size == sum(seen)
    assert asked.count("UploadPart") == (0 if size < 6 * MIB else -(-size // (5 * MIB)))
    assert [] == _uploads(any_s3)


@pytest.mark.parametrize("size", [10, 11 * MIB])
def test_a_transfer_keeps_what_boto3_keeps(
    s3: S3Client, plain: S3Client, key: str, size: int
) -> None:
    """Headers, metadata and tags of a transfer are as those of a plain client's."""
    s3.put_object(Bucket="source", Key=key, Body=_body(size), Tagging="a=1", **HEADERS)
    found = []
    for client, given in ((plain, {}), (s3, {}), (plain, {"TaggingDirective": "COPY"}),
                          (s3, {"TaggingDirective": "COPY"})):  # fmt: skip
        client.copy({"Bucket": "source", "Key": key}, "copies", key, ExtraArgs=given, Config=CONFIG)
        head = client.head_object(Bucket="copies", Key=key)
        del head["ResponseMetadata"], head["LastModified"]
        found.append((head, client.get_object_tagging(Bucket="copies", Key=key)["TagSet"]))

    assert found[0] == found[1]
    assert found[2] == found[3]
    assert PINNED is None or found[3][1] == [{"Key": "a", "Value": "1"}]


@pytest.mark.skipif(PINNED is None, reason="this s3transfer pins no source, with any client")
def test_a_transfer_whose_source_changes_is_aborted(s3: S3Client, moto_a: Server, key: str) -> None:
    """s3transfer pins the source by its ETag, and puts away what it began."""
    s3.put_object(Bucket="source", Key=key, Body=_body(11 * MIB))

    def overwrite(**kwargs: Any) -> None:
        _client(moto_a).put_object(Bucket="source", Key=key, Body=b"x" * 11 * MIB)

    with (
        _hearing(s3, "before-call.s3.CreateMultipartUpload", overwrite),
        pytest.raises(PINNED or ClientError, match="did not match expected ETag"),
    ):
        s3.copy({"Bucket": "source", "Key": key}, "copies", key, Config=CONFIG)

    assert [] == _uploads(s3)


def test_resources_copy_between_stores(s3: S3Client, key: str) -> None:
    """An object of the resource API is copied from another store."""
    s3.put_object(Bucket="source", Key=key, Body=b"found")
    resource: Any = boto3.session.Session().resource(
        "s3", region_name="us-east-1", aws_access_key_id="x", aws_secret_access_key="x"
    )
    resource.meta.client = s3

    resource.Object("copies", key).copy_from(CopySource={"Bucket": "source", "Key": key})
    resource.Bucket("copies").copy({"Bucket": "source", "Key": key}, f"{key}-2")

    for name in (key, f"{key}-2"):
        assert s3.get_object(Bucket="copies", Key=name)["Body"].read() == b"found"
