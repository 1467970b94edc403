"""Bugs that the spanning laws found, each as the smallest case that shows it."""

from __future__ import annotations

import datetime
from typing import Any
from urllib.parse import quote_plus

import pytest
from asking import MOVED, SPLIT, answered, heard, known, mapping
from botocore.exceptions import ClientError

from botwo._calls import Call
from botwo._copy_errors import check_conditions
from botwo._flows import flow

Params = dict[str, Any]

DEFAULT = {"bucket_name": "*", "client": "store"}
STRIPPED = mapping(
    {"bucket_name": "data", "client": "store", "source_prefix": "é /", "strip_source_prefix": True,
     "mapped_bucket_name": "moved"},
    DEFAULT,
)  # fmt: skip
ENCODED = {"Bucket": "data", "EncodingType": "url"}


def test_an_upload_marker_stays_with_a_key_that_ends_with_the_last_character() -> None:
    """A key marker that ends with U+10FFFF is a name like any other: its upload marker counts."""
    asked = {"Bucket": "data", "KeyMarker": "\U0010ffff", "UploadIdMarker": "u"}

    sent = heard(MOVED, "ListMultipartUploads", asked)

    assert ("dev/\U0010ffff", "u") == (sent["KeyMarker"], sent.get("UploadIdMarker"))


def test_an_echoed_prefix_is_encoded_where_that_was_asked() -> None:
    """A prefix of which the store hears a part that needs no encoding is told encoded."""
    asked = {**ENCODED, "Prefix": "é /a"}
    stored = {"Name": "moved", "Prefix": "a", "EncodingType": "url"}

    answer = answered(STRIPPED, "ListObjectsV2", asked, stored)

    assert "%C3%A9+/a" == answer["Prefix"]


def test_an_echoed_marker_that_was_not_sent_is_encoded_where_that_was_asked() -> None:
    """A marker before the route's first key need not be sent, and is told as the store would."""
    asked = {**ENCODED, "Prefix": "é /", "KeyMarker": "a b"}
    stored = {"Bucket": "moved", "Prefix": "", "KeyMarker": "", "EncodingType": "url"}

    answer = answered(STRIPPED, "ListMultipartUploads", asked, stored)

    assert "a+b" == answer["KeyMarker"]


def test_what_is_put_back_before_a_key_is_encoded_as_s3_does() -> None:
    """A stripped prefix of which nothing is at the store comes back with S3's plus for a space."""
    asked = {**ENCODED, "Prefix": "é /"}
    stored = {"Prefix": "", "EncodingType": "url", "Contents": [{"Key": "a+b"}]}

    answer = answered(STRIPPED, "ListObjectsV2", asked, stored)

    assert "%C3%A9+/a+b" == answer["Contents"][0]["Key"]


def test_encoded_keys_are_in_order_by_what_they_encode() -> None:
    """A page whose names come URL-encoded is in key order where the decoded names are."""
    uploads = [{"Key": f"dev/{key}", "UploadId": "u"} for key in ("b", "%C3%A9")]
    stored = {"Uploads": uploads, "IsTruncated": True, "EncodingType": "url"}
    served = flow(known("ListMultipartUploads"), {**ENCODED, "MaxUploads": 2}, SPLIT)
    assert not isinstance(served, Call)
    first = next(served)
    assert isinstance(first, Call)

    following = served.send(first.answer(stored))  # not refused as a store without an order

    assert isinstance(following, Call)
    assert ("other", "logs/") == (following.client, following.params["Prefix"])


def test_a_start_is_told_encoded_on_every_page() -> None:
    """On a later page, of which the stores hear another start, StartAfter is encoded too."""
    asked = {**ENCODED, "StartAfter": "a b", "MaxKeys": 1}
    first = _page(asked, key="c")
    asked["ContinuationToken"] = first["NextContinuationToken"]

    second = _page(asked, key="d")

    assert ["a+b", "a+b"] == [first["StartAfter"], second["StartAfter"]]


def test_a_version_marker_alone_is_refused_as_s3_does() -> None:
    """The refusal of a VersionIdMarker without its key tells which argument it was, as S3's."""
    asked = {"Bucket": "data", "VersionIdMarker": "v"}
    served = flow(known("ListObjectVersions"), asked, SPLIT)
    assert not isinstance(served, Call)

    with pytest.raises(ClientError) as caught:
        next(served)

    told = dict(caught.value.response["Error"])
    assert ("version-id-marker", "v") == (told.get("ArgumentName"), told.get("ArgumentValue"))


def test_a_version_marker_inside_a_common_prefix_leaves_the_prefix_behind() -> None:
    """A common prefix that the marker lies in is not listed again, with a version as without."""
    asked = {"Bucket": "data", "Delimiter": "/", "KeyMarker": "logs/a", "VersionIdMarker": "v"}
    served = flow(known("ListObjectVersions"), asked, SPLIT)
    assert not isinstance(served, Call)
    call = next(served)
    page: Params = {}

    while not page:
        assert isinstance(call, Call)
        listed = [{"Key": "logs/b", "VersionId": "w"}] if "Delimiter" not in call.params else []
        held = {"Versions": listed} if call.client == "other" else {}
        try:
            call = served.send(call.answer({**held, "IsTruncated": False, "KeyMarker": "logs/a"}))
        except StopIteration as stop:
            page = stop.value

    assert [] == page.get("CommonPrefixes", [])


def test_a_condition_that_a_relay_finds_unmet_tells_no_retries() -> None:
    """An error that a relay makes has the RetryAttempts that botocore puts into every error."""
    found = {"LastModified": datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC)}
    asked = {"CopySourceIfModifiedSince": datetime.datetime(2101, 1, 1, tzinfo=datetime.UTC)}

    with pytest.raises(ClientError) as caught:
        check_conditions("CopyObject", asked, found)

    assert 0 == caught.value.response["ResponseMetadata"].get("RetryAttempts")


def _page(asked: Params, *, key: str) -> Params:
    """The page that the caller is answered, where the stores have a key and one in ``logs/``."""
    served = flow(known("ListObjectsV2"), asked, SPLIT)
    assert not isinstance(served, Call)
    call = next(served)
    while True:
        assert isinstance(call, Call)
        start = call.params.get("StartAfter")
        stored: Params = {} if start is None else {"StartAfter": quote_plus(start)}
        stored["Contents"] = [{"Key": f"dev/{key}" if call.client == "store" else "logs/x"}]
        try:
            call = served.send(call.answer({**stored, "EncodingType": "url", "KeyCount": 1}))
        except StopIteration as stop:
            page: Params = stop.value
            return page
