"""What a copy between stores raises where its source is not what it has to be."""

from __future__ import annotations

import datetime
from typing import Any

import pytest
from botocore.exceptions import (
    ClientError,
)
from relayed import DATE, Stores, content, copied, refused

from botwo import _relaying
from botwo._calls import Call
from botwo._errors import RoutingError

CHANGED = "At least one of the pre-conditions you specified did not hold"
NOW = datetime.datetime(2026, 11, 25, 9, tzinfo=datetime.UTC)
SECOND = datetime.timedelta(seconds=1)


MET: list[dict[str, Any]] = [
    {"CopySourceIfMatch": '"one"'},
    {"CopySourceIfMatch": "one"},
    {"CopySourceIfMatch": '"two", "one"'},
    {"CopySourceIfMatch": "*"},
    {"CopySourceIfNoneMatch": '"two"'},
    {"CopySourceIfModifiedSince": NOW - SECOND},
    {"CopySourceIfUnmodifiedSince": NOW},
    {"CopySourceIfUnmodifiedSince": DATE},
    {"CopySourceIfMatch": '"one"', "CopySourceIfUnmodifiedSince": NOW - SECOND},
]
UNMET: list[tuple[dict[str, Any], str]] = [
    ({"CopySourceIfMatch": '"two"'}, "If-Match"),
    ({"CopySourceIfNoneMatch": '"one"'}, "If-None-Match"),
    ({"CopySourceIfNoneMatch": "*"}, "If-None-Match"),
    ({"CopySourceIfModifiedSince": NOW}, "If-Modified-Since"),
    ({"CopySourceIfUnmodifiedSince": NOW - SECOND}, "If-Unmodified-Since"),
    (
        {"CopySourceIfNoneMatch": '"one"', "CopySourceIfModifiedSince": NOW - SECOND},
        "If-None-Match",
    ),
]


@pytest.mark.parametrize("operation", ["CopyObject", "UploadPartCopy"])
@pytest.mark.parametrize("asked", MET)
def test_a_condition_that_holds_lets_the_copy_be(operation: str, asked: Any) -> None:
    """The source's store is asked what the source has to be."""
    stores = Stores(LastModified=NOW)

    copied(stores, operation, **asked)

    assert stores.objects or stores.uploads
    read = stores.params("GetObject")
    for member in ("IfMatch", "IfUnmodifiedSince"):
        assert asked.get(f"CopySource{member}") == read.get(member)


@pytest.mark.parametrize("operation", ["CopyObject", "UploadPartCopy"])
@pytest.mark.parametrize(("asked", "failed"), UNMET)
def test_a_condition_fails_the_copy_whatever_the_store_thinks_of_it(
    operation: str, asked: Any, failed: str
) -> None:
    """A condition that does not hold is an error of the copy, and nothing is written."""
    stores = Stores(LastModified=NOW)

    with pytest.raises(ClientError) as raised:
        copied(stores, operation, **asked)

    told = {"Code": "PreconditionFailed", "Message": CHANGED}
    assert {**told, "Condition": f"x-amz-copy-source-{failed}"} == raised.value.response["Error"]
    assert raised.value.response["ResponseMetadata"]["HTTPStatusCode"] == 412
    assert operation == raised.value.operation_name
    assert ["GetObject"] == stores.names


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [
        (refused(412, "PreconditionFailed"), 412, "PreconditionFailed"),
        (
            refused(405, "MethodNotAllowed", **{"x-amz-delete-marker": "true"}),
            400,
            "InvalidRequest",
        ),
        (refused(405, "MethodNotAllowed"), 405, "MethodNotAllowed"),
        (refused(403, "InvalidObjectState"), 403, "ObjectNotInActiveTierError"),
        (refused(404, "NoSuchKey"), 404, "NoSuchKey"),
    ],
)
def test_an_error_of_the_source_is_the_copys(error: ClientError, status: int, code: str) -> None:
    """What a store says of a read is told as it would be of a copy; its notes are kept."""
    stores = Stores()
    error.add_note("where it went")

    def refuse(call: Call) -> None:
        raise error

    stores.before = refuse
    with pytest.raises(ClientError) as raised:
        copied(stores)

    assert (status, code) == (
        raised.value.response["ResponseMetadata"]["HTTPStatusCode"],
        raised.value.response["Error"]["Code"],
    )
    assert "where it went" in raised.value.__notes__
    assert {"CopyObject"} == {call.asked for call in stores.asked}


@pytest.fixture
def _small_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a small object have several parts."""
    for name in ("THRESHOLD", "PART_SIZE"):
        monkeypatch.setattr(_relaying, name, 10)


@pytest.mark.usefixtures("_small_parts")
def test_a_source_that_its_store_finds_changed_is_said_to_be() -> None:
    """Where the store itself heeds the pin, the error says why a condition failed nobody set."""
    stores = Stores(content(30))

    def changes(call: Any) -> None:
        if "Range" in call.params:
            raise refused(412, "PreconditionFailed")

    stores.before = changes

    with pytest.raises(ClientError, match="PreconditionFailed") as raised:
        copied(stores)

    assert any("changed while it was copied" in note for note in raised.value.__notes__)
    assert {} == stores.uploads


@pytest.mark.usefixtures("_small_parts")
@pytest.mark.parametrize(
    ("name", "member"), [("CreateMultipartUpload", "UploadId"), ("UploadPart", "ETag")]
)
def test_an_answer_without_what_an_upload_needs_is_refused(name: str, member: str) -> None:
    """A store that does not say what the upload needs ends the copy with a reason."""
    stores = Stores(content(30))
    answer = getattr(stores, f"_{name}")

    def silent(call: Any, params: Any) -> Any:
        found = answer(call, params)
        del found[member]
        return found

    setattr(stores, f"_{name}", silent)

    with pytest.raises(RoutingError, match="destination's store does not"):
        copied(stores)

    assert {} == stores.objects
