"""Bugs that were found by the laws, each as the smallest case that shows it."""

from __future__ import annotations

from asking import MOVED, answered, heard, mapping

DEFAULT = {"bucket_name": "*", "client": "store"}
STRIPPED = mapping(
    {"bucket_name": "data", "client": "store", "source_prefix": "logs/",
     "strip_source_prefix": True, "key_prefix": "moved/"},
    {"bucket_name": "data", "client": "store", "key_prefix": "rest/"},
    DEFAULT,
)  # fmt: skip


def test_a_copy_source_without_a_key_stays_without() -> None:
    """An empty key is no object, so it does not become the key prefix, and the bucket is mapped."""
    call = heard(MOVED, "CopyObject", {"Bucket": "data", "Key": "k", "CopySource": "data/"})

    assert {"Bucket": "repo", "Key": ""} == call["CopySource"]


def test_a_start_that_need_not_be_sent_is_echoed() -> None:
    """A listing that starts before the route's first key tells where it was asked to start."""
    asked = {"Bucket": "data", "Prefix": "logs/", "StartAfter": "a"}

    answer = answered(STRIPPED, "ListObjectsV2", asked, {"Name": "data", "Prefix": "moved/"})

    assert {"Name": "data", "Prefix": "logs/", "StartAfter": "a"} == answer


def test_a_marker_that_the_store_does_not_echo_is_not_echoed() -> None:
    """A store that always answers an empty KeyMarker is passed on as it is."""
    asked = {"Bucket": "data", "KeyMarker": "a"}

    answer = answered(MOVED, "ListMultipartUploads", asked, {"Bucket": "repo", "KeyMarker": ""})

    assert {"Bucket": "data", "KeyMarker": ""} == answer


def test_a_redirect_comes_back_from_under_a_prefix_that_is_not_ascii() -> None:
    """A key prefix is taken off a redirect as HTTP headers arrive: decoded as Latin-1."""
    rules = mapping({"bucket_name": "data", "client": "store", "key_prefix": "é/"}, DEFAULT)
    stored = {"WebsiteRedirectLocation": "/é/a".encode().decode("latin-1")}

    answer = answered(rules, "HeadObject", {"Bucket": "data", "Key": "k"}, stored)

    assert {"WebsiteRedirectLocation": "/a"} == answer


def test_a_redirect_to_another_route_of_the_bucket_comes_back() -> None:
    """A redirect is told in the caller's names where its target lies on another route."""
    stored = {"WebsiteRedirectLocation": "/moved/a"}

    answer = answered(STRIPPED, "HeadObject", {"Bucket": "data", "Key": "k"}, stored)

    assert {"WebsiteRedirectLocation": "/logs/a"} == answer


def test_a_key_that_is_deleted_twice_is_answered_where_the_store_does() -> None:
    """One store's answer to DeleteObjects keeps its order, equal keys included."""
    keys = ["a", "b", "a"]
    asked = {"Bucket": "data", "Delete": {"Objects": [{"Key": key} for key in keys]}}
    stored = {"Deleted": [{"Key": f"dev/{key}"} for key in keys]}

    answer = answered(MOVED, "DeleteObjects", asked, stored)

    assert keys == [entry["Key"] for entry in answer["Deleted"]]
