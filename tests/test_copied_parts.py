"""`UploadPartCopy` between stores: a whole object or a range of it becomes a part."""

from __future__ import annotations

import io
from typing import Any

import pytest
from botocore.exceptions import (
    ClientError,
)
from relayed import Stores, content, copied, refused

from botwo import RoutingError, _relaying
from botwo._calls import Call

KEY = {"CopySourceSSECustomerAlgorithm": "AES256", "CopySourceSSECustomerKey": "source"}
OWN_KEY = {"SSECustomerAlgorithm": "AES256", "SSECustomerKey": "own"}


@pytest.fixture(autouse=True)
def _small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let what is longer than ten bytes lie in a file."""
    monkeypatch.setattr(_relaying, "SPOOLED", 10)


@pytest.mark.parametrize(
    ("size", "asked", "expected"),
    [
        (10, None, content(10)),
        (0, None, b""),
        (25, None, content(25)),
        (25, "bytes=0-24", content(25)),
        (25, "bytes=3-5", content(25)[3:6]),
        (25, "bytes=24-24", content(25)[24:]),
    ],
)
def test_a_part_is_read_once_and_uploaded(size: int, asked: str | None, expected: bytes) -> None:
    """A part of the caller's upload is one request to either store; a long one lies in a file."""
    stores = Stores(content(size), VersionId="v1")
    ranged = {} if asked is None else {"CopySourceRange": asked}

    answer = copied(stores, "UploadPartCopy", **ranged)

    assert ["GetObject", "UploadPart"] == stores.names
    assert {"u": {3: expected}} == stores.uploads
    read, written = (call.params for call in stores.asked)
    names = {"Bucket": "plain", "Key": "old"}
    assert read == ({**names, "Range": asked} if asked else names)
    assert {"Bucket", "Key", "UploadId", "PartNumber", "Body"} == written.keys()
    assert isinstance(written["Body"], bytes) == (len(expected) <= 10)
    assert all(file.closed for file in stores.files)
    assert answer["CopySourceVersionId"] == "v1"
    assert {"ETag", "ChecksumCRC32", "LastModified"} == answer["CopyPartResult"].keys()


def test_a_parts_keys_go_to_their_stores() -> None:
    """The source's key is told to its store only, the upload's to the other."""
    stores = Stores()

    copied(stores, "UploadPartCopy", **KEY, **OWN_KEY)

    assert stores.params("GetObject")["SSECustomerKey"] == "source"
    assert stores.params("UploadPart")["SSECustomerKey"] == "own"
    assert not any(member in call.params for call in stores.asked for member in KEY)


@pytest.mark.parametrize(
    "asked", ["bytes=5-", "bytes=-5", "5-6", "bytes=6-5", "bytes=0-1,3-4", "", "bytes=a-b", 5]
)
def test_a_range_that_is_none_is_refused_as_s3_refuses_it(asked: Any) -> None:
    """A malformed range is an error of the copy, and nothing is sent."""
    stores = Stores()

    with pytest.raises(ClientError, match="bytes=first-last") as raised:
        copied(stores, "UploadPartCopy", CopySourceRange=asked)

    assert raised.value.response["Error"]["Code"] == "InvalidArgument"
    assert raised.value.operation_name == "UploadPartCopy"
    assert [] == stores.names


@pytest.mark.parametrize("asked", ["bytes=20-25", "bytes=25-30", "bytes=0-25"])
def test_a_range_beyond_the_source_is_refused_as_s3_refuses_it(asked: str) -> None:
    """A range that the source does not have is never cut short."""
    stores = Stores(content(25))

    with pytest.raises(
        ClientError, match="Range specified is not valid for source object"
    ) as raised:
        copied(stores, "UploadPartCopy", CopySourceRange=asked)

    assert raised.value.response["Error"]["Code"] == "InvalidArgument"
    assert raised.value.response["ResponseMetadata"]["HTTPStatusCode"] == 400
    assert {} == stores.uploads
    assert all(file.closed for file in stores.files)


def test_a_part_of_a_store_without_ranges_is_refused() -> None:
    """The whole object is not taken for a part of it."""
    stores = Stores(content(25))
    stores.reading = lambda call, answer: answer.update(ContentRange="", Body=content(25))

    with pytest.raises(RoutingError, match="does not answer ranges"):
        copied(stores, "UploadPartCopy", CopySourceRange="bytes=0-4")

    assert {} == stores.uploads
    assert [True] == [file.closed for file in stores.files]


@pytest.mark.parametrize("size", [10, 25])
def test_a_part_has_the_checksum_that_its_upload_was_begun_with(size: int) -> None:
    """S3 says which checksum it expects; the part is sent again with that, from its start."""
    stores = Stores(content(size))

    def refuse(call: Call) -> None:
        if call.operation.name == "UploadPart" and "ChecksumAlgorithm" not in call.params:
            if isinstance(call.params["Body"], io.BytesIO):
                call.params["Body"].read()
            error = refused(400, "InvalidRequest")
            error.response["Error"]["Message"] = (
                "Checksum Type mismatch occurred, expected checksum Type: sha256, actual checksum "
                "Type: crc32"
            )
            raise error

    stores.before = refuse
    copied(stores, "UploadPartCopy")

    assert {"u": {3: content(size)}} == stores.uploads
    assert stores.asked[-1].params["ChecksumAlgorithm"] == "SHA256"
