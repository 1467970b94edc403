"""What a copy between stores sends, refuses and raises, through the client, without a network."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from botocore.config import Config
from botocore.exceptions import ClientError, ParamValidationError
from s3transfer.manager import TransferManager
from stubs import Answer, Stub, error, stub

import botwo
from botwo import _relaying

if TYPE_CHECKING:
    from types_boto3_s3.client import S3Client

MIB = 1024 * 1024
_KNOWS_ANNOTATIONS = pytest.mark.skipif(
    "AnnotationDirective" not in TransferManager.ALLOWED_COPY_ARGS,
    reason="this boto3 knows no annotations, and refuses the directive itself",
)
# Bucket "source" lies at "a"; "copies" lies at "b", as "new", under "main/".
MAPPING = [
    {"bucket_name": "copies", "mapped_bucket_name": "new", "key_prefix": "main/", "client": "b"},
    {"bucket_name": "*", "client": "a"},
]


def _body(size: int) -> bytes:
    block = bytes(range(251))
    return (block * (size // len(block) + 1))[:size]


@pytest.fixture
def pair() -> tuple[Stub, Stub]:
    """Two stores without a network, the first of which has every object."""
    return stub(Answer(body=b"found", headers={"ETag": '"e"'}), host="a.test"), stub(host="b.test")


@pytest.fixture
def local(pair: tuple[Stub, Stub]) -> S3Client:
    """A routed client over the two."""
    return botwo.client({"a": pair[0].client, "b": pair[1].client}, MAPPING)


COPY: Any = {"Bucket": "copies", "Key": "k", "CopySource": {"Bucket": "source", "Key": "k"}}


def test_each_store_is_asked_in_its_own_name(local: S3Client, pair: tuple[Stub, Stub]) -> None:
    """The source's store is sent a GET, the destination's a PUT, signed for each."""
    local.copy_object(**COPY)

    assert (["GET /source/k"], ["PUT /new/main/k"]) == (pair[0].paths, pair[1].paths)


@pytest.mark.parametrize("as_bytes", [False, True])
def test_a_key_of_the_source_is_sent_to_the_source_only(
    local: S3Client, pair: tuple[Stub, Stub], *, as_bytes: bool
) -> None:
    """Customer keys reach the store that they are meant for, as botocore encodes them."""
    keys: Any = {
        "CopySourceSSECustomerAlgorithm": "AES256",
        "CopySourceSSECustomerKey": b"s" * 32 if as_bytes else "s" * 32,
        "SSECustomerAlgorithm": "AES256",
        "SSECustomerKey": b"t" * 32 if as_bytes else "t" * 32,
    }

    local.copy_object(**COPY, **keys)

    sent = [str(store.sent[0].headers) for store in pair]
    assert [("c3Nz" in text, "dHR0" in text) for text in sent] == [(True, False), (False, True)]
    assert all("copy-source" not in text for text in sent)


@pytest.mark.parametrize(
    "changed",
    [
        {"MetadataDirective": "REPLACE", "Metadata": {"name": "ü"}},
        {"StorageClass": 5},
        {"Key": ""},
        {"Extra": "x"},
        {"CopySourceIfModifiedSince": []},
        {"CopySource": {"Bucket": "source", "Key": "k", "VersionId": 5}, "StorageClass": 1},
    ],
    ids=str,
)
def test_what_botocore_refuses_is_refused_before_anything_is_sent(
    local: S3Client, pair: tuple[Stub, Stub], changed: Any
) -> None:
    """A parameter that no client takes is refused as a plain client refuses it."""
    with pytest.raises(ParamValidationError) as raised:
        local.copy_object(**{**COPY, **changed})
    with pytest.raises(ParamValidationError) as plain:
        pair[0].client.copy_object(**{**COPY, **changed})

    assert str(plain.value) == str(raised.value)
    assert [] == pair[0].sent + pair[1].sent


@_KNOWS_ANNOTATIONS
@pytest.mark.parametrize("positional", [False, True])
def test_a_transfer_refuses_before_it_asks(
    local: S3Client, pair: tuple[Stub, Stub], *, positional: bool
) -> None:
    """What a copy will be refused for is refused before its first request."""
    given: Any = {"WebsiteRedirectLocation": "/x", "AnnotationDirective": "COPY"}
    asked: Any = (COPY["CopySource"], "copies", "k", *([given] if positional else []))
    options: Any = {} if positional else {"ExtraArgs": given}

    with pytest.raises(botwo.RoutingError, match="annotations"):
        local.copy(*asked, **options)

    assert [] == pair[0].sent + pair[1].sent


def test_a_transfers_own_complaints_are_boto3s(local: S3Client) -> None:
    """What boto3 does not take is boto3's to refuse."""
    with pytest.raises(ValueError, match="Invalid extra_args key 'Foo'"):
        local.copy(COPY["CopySource"], "copies", "k", ExtraArgs={"Foo": 1})
    with pytest.raises(TypeError, match="Expecting dictionary"):
        local.copy("source/k", "copies", "k")  # type: ignore[arg-type]


@pytest.mark.parametrize("failing", ["a", "b"])
def test_an_error_speaks_of_the_copy(failing: str) -> None:
    """Whichever store refuses: operation, names, class and where it went are right."""
    refusing = error(403, "AccessDenied", Resource="/new/main/k", Key="k")
    stores = {
        name: stub(refusing if name == failing else Answer(body=b"x"), host=f"{name}.test")
        for name in "ab"
    }
    s3 = botwo.client({name: store.client for name, store in stores.items()}, MAPPING)

    with pytest.raises(s3.exceptions.ClientError) as raised:
        s3.copy_object(**COPY)

    assert raised.value.operation_name == "CopyObject"
    assert str(raised.value).startswith(
        "An error occurred (AccessDenied) when calling the CopyObject operation"
    )
    assert raised.value.response["Error"]["Resource"] == "/copies/k"
    (note,) = raised.value.__notes__
    assert ("GetObject of source/k" if failing == "a" else "PutObject of new/main/k") in note


def test_an_abort_that_fails_says_what_may_be_left() -> None:
    """A store that dies is no reason to be silent about an upload that it may still have."""
    parts = b"<InitiateMultipartUploadResult><UploadId>7</UploadId></InitiateMultipartUploadResult>"

    def answer(request: Any) -> Any:
        begins = request.method == "POST" and request.url.endswith("?uploads")
        return Answer(body=parts) if begins else error(500, "InternalError")

    size = _relaying.THRESHOLD + 1

    def whole(request: Any) -> Answer:
        asked = request.headers.get("Range")
        told = {"ETag": '"e"'}
        if asked is None:
            return Answer(body=_body(size), headers=told)
        first, last = map(int, str(asked, "ascii").removeprefix("bytes=").split("-"))
        told["Content-Range"] = f"bytes {first}-{last}/{size}"
        return Answer(206, _body(size)[first : last + 1], told)

    stores = {"a": stub(whole, host="a.test"), "b": stub(answer, host="b.test")}
    s3 = botwo.client({name: store.client for name, store in stores.items()}, MAPPING)

    with pytest.raises(ClientError, match="InternalError") as raised:
        s3.copy_object(**COPY)

    assert stores["b"].paths[-1] == "DELETE /new/main/k?uploadId=7"
    assert any("'7' of copies/k" in note and "'b'" in note for note in raised.value.__notes__)


@pytest.mark.parametrize("source", ["source/", {"Bucket": "source", "Key": ""}])
def test_a_source_without_a_key_is_not_found(
    local: S3Client, pair: tuple[Stub, Stub], source: Any
) -> None:
    """A source that names no key is none, as a store says it of a copy."""
    with pytest.raises(local.exceptions.NoSuchKey, match="CopyObject"):
        local.copy_object(**{**COPY, "CopySource": source})

    assert [] == pair[0].sent + pair[1].sent


@_KNOWS_ANNOTATIONS
def test_it_is_explained(local: S3Client, pair: tuple[Stub, Stub]) -> None:
    """A relay has two names and two clients; one that is refused says why."""
    found = botwo.explain(local, "copy_object", **COPY)
    refused = botwo.explain(local, "copy_object", **COPY, AnnotationDirective="COPY")

    assert ("a", "b") == found.clients
    assert "  relayed: read from a, written to b" in str(found).splitlines()
    names = [("source", "k", "source"), ("copies", "k", "new")]
    for told in (found, refused):
        assert names == [(name.bucket, name.key, name.mapped_bucket) for name in told.names]
    assert refused.refused is not None
    assert "annotations" in refused.refused
    assert [] == pair[0].sent + pair[1].sent


def test_checksums_are_each_stores_own() -> None:
    """A store whose client adds no checksums is sent none by a copy of an object that has none."""
    without = Config(request_checksum_calculation="when_required")
    a = stub(Answer(body=b"found"), host="a.test")
    b = stub(host="b.test", config=without)
    s3 = botwo.client({"a": a.client, "b": b.client}, MAPPING)

    s3.copy_object(**COPY)

    assert not [name for name in b.sent[0].headers if "checksum" in name.lower()]


def test_an_error_made_here_has_what_an_answer_is_known_by() -> None:
    """Where the source is not what it has to be, the error has the metadata of its answer."""
    headers = {"ETag": '"e"', "x-amz-request-id": "7"}
    a = stub(Answer(body=b"found", headers=headers), host="a.test")
    s3 = botwo.client({"a": a.client, "b": stub(host="b.test").client}, MAPPING)

    with pytest.raises(ClientError, match="PreconditionFailed") as raised:
        s3.copy_object(**COPY, CopySourceIfNoneMatch='"e"')

    metadata: Any = raised.value.response["ResponseMetadata"]
    assert (412, 0, "7") == tuple(
        metadata[name] for name in ("HTTPStatusCode", "RetryAttempts", "RequestId")
    )
