"""Presigned URLs: the store's names inside, and none that a URL's holder must know."""

from __future__ import annotations

from typing import Any

import pytest
from asking import DEFAULT, MOVED, RENAMED, SAME, SPLIT, known, mapping

from botwo import RoutingError
from botwo._presigning import url_call

OBJECT = {"Bucket": "data", "Key": "a/k"}
CUT = mapping({"bucket_name": "data", "client": "other", "source_prefix": "logs/"}, DEFAULT)


def signed(rules: Any, operation: str, **params: Any) -> tuple[str, Any]:
    """The client that signs, and what it signs."""
    call = url_call(known(operation), params, rules)
    return call.client, call.params


@pytest.mark.parametrize(
    "operation",
    ["GetObject", "PutObject", "HeadObject", "DeleteObject", "UploadPart", "CreateMultipartUpload"],
)
def test_a_url_for_an_object_is_signed_in_the_stores_names(operation: str) -> None:
    """A URL is for the mapped bucket and key, and its other parameters are as they were."""
    mapped = {"Bucket": "repo", "Key": "dev/a/k", "VersionId": "1"}

    assert ("store", mapped) == signed(MOVED, operation, **OBJECT, VersionId="1")


def test_a_url_is_signed_by_the_store_that_owns_the_key() -> None:
    """Of a bucket in two stores the key tells which client signs."""
    assert ("other", {"Bucket": "data", "Key": "logs/k"}) == signed(
        SPLIT, "GetObject", Bucket="data", Key="logs/k"
    )
    assert ("store", {"Bucket": "repo", "Key": "dev/k"}) == signed(
        SPLIT, "GetObject", Bucket="data", Key="k"
    )


def test_a_url_for_a_copy_is_signed_in_the_stores_names() -> None:
    """A copy's URL names both objects as the store does."""
    mapped = {
        "Bucket": "repo",
        "Key": "dev/a/k",
        "CopySource": {"Bucket": "repo", "Key": "dev/from"},
    }

    assert ("store", mapped) == signed(MOVED, "CopyObject", **OBJECT, CopySource="data/from")


@pytest.mark.parametrize(
    "operation", ["ListObjects", "ListObjectsV2", "ListObjectVersions", "ListMultipartUploads"]
)
def test_a_url_for_a_listing_would_answer_with_the_stores_keys(operation: str) -> None:
    """A listing's URL is refused where its keys have other names at the store."""
    with pytest.raises(RoutingError, match=f"{operation}: the listing would answer"):
        signed(MOVED, operation, Bucket="data")

    assert ("store", {"Bucket": "repo"}) == signed(RENAMED, operation, Bucket="data")
    assert ("store", {"Bucket": "data"}) == signed(SAME, operation, Bucket="data")


def test_a_url_for_a_listing_over_two_stores_is_refused() -> None:
    """A listing that two stores answer together has no URL."""
    with pytest.raises(RoutingError, match="ListObjectsV2"):
        signed(CUT, "ListObjectsV2", Bucket="data")

    params = {"Bucket": "data", "Prefix": "a/"}
    assert ("store", params) == signed(CUT, "ListObjectsV2", **params)


BODIES: list[tuple[str, dict[str, Any]]] = [
    ("PutBucketLifecycleConfiguration", {"LifecycleConfiguration": {"Rules": []}}),
    ("PutBucketPolicy", {"Policy": "{}"}),
    ("PutBucketReplication", {"ReplicationConfiguration": {"Role": "r", "Rules": []}}),
    ("PutBucketNotificationConfiguration", {"NotificationConfiguration": {}}),
    ("PutBucketWebsite", {"WebsiteConfiguration": {}}),
    ("PutBucketLogging", {"BucketLoggingStatus": {}}),
    ("PutBucketInventoryConfiguration", {"Id": "1"}),
    ("RestoreObject", {"Key": "k"}),
    ("GetBucketLifecycleConfiguration", {}),
    ("GetBucketPolicy", {}),
    ("GetBucketReplication", {}),
    ("GetBucketWebsite", {}),
    ("ListBucketInventoryConfigurations", {}),
]


@pytest.mark.parametrize(("operation", "params"), BODIES)
@pytest.mark.parametrize("rules", [MOVED, RENAMED], ids=["moved", "renamed"])
def test_names_in_a_body_are_not_translated_for_a_urls_holder(
    rules: Any, operation: str, params: dict[str, Any]
) -> None:
    """A URL's holder sends and gets bodies by itself: with names in them they would be wrong."""
    with pytest.raises(RoutingError, match="would be the store's"):
        signed(rules, operation, Bucket="data", **params)


@pytest.mark.parametrize(("operation", "params"), BODIES)
def test_a_body_in_the_callers_names_is_signed(operation: str, params: dict[str, Any]) -> None:
    """Where no name changes a URL's holder can send and read what the caller would."""
    params = {"Bucket": "data", **params}

    assert ("store", params) == signed(SAME, operation, **params)


@pytest.mark.parametrize(
    "operation", ["PutBucketLifecycleConfiguration", "PutBucketPolicy", "PutBucketReplication"]
)
def test_a_body_that_could_name_another_stores_keys_is_not_signed(operation: str) -> None:
    """What a URL's holder says of a bucket in two stores would hold in one of them only."""
    with pytest.raises(RoutingError, match="names in the body"):
        signed(CUT, operation, Bucket="data")


def test_a_url_for_delete_objects_is_refused() -> None:
    """A URL's holder would delete by the store's names, and in one store only."""
    objects = {"Objects": [{"Key": "a"}, {"Key": "logs/b"}]}

    for rules in (MOVED, SPLIT, CUT, RENAMED):
        with pytest.raises(RoutingError, match="DeleteObjects"):
            signed(rules, "DeleteObjects", Bucket="data", Delete=objects)
    with pytest.raises(RoutingError, match="DeleteObjects"):
        signed(MOVED, "DeleteObjects", Bucket="data")


@pytest.mark.parametrize(
    "rules",
    [MOVED, mapping({"bucket_name": "*", "client": "store", "mapped_bucket_name": "{bucket}-2"})],
    ids=["several", "renaming"],
)
@pytest.mark.parametrize("operation", ["ListBuckets", "ListDirectoryBuckets"])
def test_a_url_for_a_list_of_buckets_is_refused(rules: Any, operation: str) -> None:
    """A store's list has the store's names, and none of the other stores'."""
    with pytest.raises(RoutingError, match=operation):
        signed(rules, operation)


def test_a_url_for_the_one_stores_list_of_buckets_is_signed() -> None:
    """One rule that changes no name: its store's list is the caller's."""
    assert ("store", {}) == signed(SAME, "ListBuckets")


@pytest.mark.parametrize("params", [{}, {"Key": "k"}, {"Bucket": None}])
def test_what_botocore_will_refuse_is_left_to_it(params: dict[str, Any]) -> None:
    """Without a bucket the default's client says what is missing."""
    assert ("store", params) == signed(MOVED, "GetObject", **params)
