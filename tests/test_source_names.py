"""Second names in a request: copy sources, rename sources and redirects, in all their forms."""

from __future__ import annotations

from typing import Any

import pytest
from asking import DEFAULT, MOVED, SAME, SPLIT, answered, heard, mapping
from botocore.handlers import handle_copy_source_param

from botwo import RoutingError
from botwo._requests import copy_source

ACCESS_POINT = "arn:aws:s3:us-east-1:123456789012:accesspoint/shared"
OUTPOST = "arn:aws:s3-outposts:us-west-2:123456789012:outpost/op-1/accesspoint/shared"
OBJECT = {"Bucket": "data", "Key": "k"}


def header(source: object) -> str:
    """What botocore puts into the header."""
    params = {"CopySource": source}
    handle_copy_source_param(params)
    return str(params["CopySource"])


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("data/a/k", {"Bucket": "data", "Key": "a/k"}),
        ("/data/a/k", {"Bucket": "data", "Key": "a/k"}),
        ("data//k", {"Bucket": "data", "Key": "/k"}),
        ("data/k?versionId=3", {"Bucket": "data", "Key": "k", "VersionId": "3"}),
        ("data/k?", {"Bucket": "data", "Key": "k?"}),
        ("data/k?v=1", {"Bucket": "data", "Key": "k?v=1"}),
        ("data/k?v=1?versionId=3", {"Bucket": "data", "Key": "k?v=1", "VersionId": "3"}),
        ("data/a%20b", {"Bucket": "data", "Key": "a%20b"}),
        ("data/a b+c", {"Bucket": "data", "Key": "a b+c"}),
        ("data/é", {"Bucket": "data", "Key": "é"}),
        (f"{ACCESS_POINT}/object/a/k", {"Bucket": ACCESS_POINT, "Key": "a/k"}),
        (f"{OUTPOST}/object/a/object/k", {"Bucket": OUTPOST, "Key": "a/object/k"}),
        ({"Bucket": "data", "Key": "a%20b"}, {"Bucket": "data", "Key": "a%20b"}),
        (
            {"Bucket": "data", "Key": "k?versionId=3", "VersionId": None},
            {"Bucket": "data", "Key": "k?versionId=3", "VersionId": None},
        ),
    ],
)
def test_a_copy_source_is_read_as_botocore_reads_it(source: object, found: Any) -> None:
    """A copy source, as text or dict, names what botocore would have asked for."""
    assert found == copy_source(source)
    assert header(source).removeprefix("/") == header(found)


@pytest.mark.parametrize(
    "source", ["data", "/data", ACCESS_POINT, {"Bucket": "data"}, {"Key": "k"}, 5, None]
)
def test_a_copy_source_without_bucket_or_key_is_left_to_botocore(source: object) -> None:
    """What names no object goes to the store's client as it is, which says what is wrong."""
    params = {**OBJECT, "CopySource": source}

    assert copy_source(source) is None
    assert source == heard(MOVED, "CopyObject", params)["CopySource"]


@pytest.mark.parametrize("operation", ["CopyObject", "UploadPartCopy"])
@pytest.mark.parametrize(
    ("source", "mapped"),
    [
        ("data/a k", {"Bucket": "repo", "Key": "dev/a k"}),
        ("/data/a%20k?versionId=7", {"Bucket": "repo", "Key": "dev/a%20k", "VersionId": "7"}),
        (
            {"Bucket": "data", "Key": "k", "VersionId": "7"},
            {"Bucket": "repo", "Key": "dev/k", "VersionId": "7"},
        ),
        ("plain/k", "plain/k"),
        ("/plain/k?versionId=7", "/plain/k?versionId=7"),
        (f"{ACCESS_POINT}/object/k", f"{ACCESS_POINT}/object/k"),
        ({"Bucket": ACCESS_POINT, "Key": "k"}, {"Bucket": ACCESS_POINT, "Key": "k"}),
    ],
)
def test_a_copy_source_gets_the_stores_names(operation: str, source: object, mapped: Any) -> None:
    """A copy source goes by its own route, and stays as it is where that changes no name."""
    found = heard(MOVED, operation, {**OBJECT, "CopySource": source})

    assert {"Bucket": "repo", "Key": "dev/k", "CopySource": mapped} == found


def test_an_access_point_is_a_bucket_that_a_rule_can_name() -> None:
    """A rule that names an access point's ARN moves copies from it."""
    rules = mapping(
        {"bucket_name": ACCESS_POINT, "client": "store", "mapped_bucket_name": "repo"}, DEFAULT
    )

    found = heard(rules, "CopyObject", {**OBJECT, "CopySource": f"{ACCESS_POINT}/object/k"})

    assert {"Bucket": "repo", "Key": "k"} == found["CopySource"]


@pytest.mark.parametrize(
    ("source", "mapped"),
    [
        ("k", "dev/k"),
        ("a/k", "dev/a/k"),
        ("a%20b/k", "dev/a%20b/k"),
        ("a%2Fk", "dev/a/k"),
        ("a+b", "dev/a%2Bb"),
        ("/data/a/k", "/repo/dev/a/k"),
        ("%2Fdata%2Fa%20k", "/repo/dev/a%20k"),
        ("/other/k", "dev//other/k"),
    ],
)
def test_a_rename_source_gets_the_stores_names(source: str, mapped: str) -> None:
    """A rename's source is a URL-encoded key, with the request's bucket in front or without."""
    found = heard(MOVED, "RenameObject", {**OBJECT, "RenameSource": source})

    assert {"Bucket": "repo", "Key": "dev/k", "RenameSource": mapped} == found


def test_a_rename_source_that_could_be_read_two_ways_is_refused() -> None:
    """What starts with the bucket's name could be a key, or bucket and key: it is not guessed."""
    with pytest.raises(RoutingError, match="/data/data/k"):
        heard(MOVED, "RenameObject", {**OBJECT, "RenameSource": "data/k"})


@pytest.mark.parametrize("source", ["k", "a%2Fk", "a+b", "/data/k", "data/k"])
def test_a_rename_source_stays_as_it_is_where_no_name_changes(source: str) -> None:
    """Without a changed name the source is not even encoded anew."""
    assert source == heard(SAME, "RenameObject", {**OBJECT, "RenameSource": source})["RenameSource"]


@pytest.mark.parametrize("source", ["logs/k", "logs%2Fk", "/data/logs/k"])
def test_a_rename_across_stores_is_refused(source: str) -> None:
    """A rename whose source lies in another store names both routes."""
    with pytest.raises(RoutingError, match="logs/k") as refused:
        heard(SPLIT, "RenameObject", {**OBJECT, "RenameSource": source})

    assert (SPLIT.route("data", "k"), SPLIT.route("data", "logs/k")) == refused.value.routes


# Both prefixes of one bucket, in one mapped bucket.
TWO = mapping(
    {
        "bucket_name": "data",
        "client": "store",
        "mapped_bucket_name": "repo",
        "source_prefix": "a/",
        "strip_source_prefix": True,
        "key_prefix": "x/",
    },
    {"bucket_name": "data", "client": "store", "mapped_bucket_name": "repo", "key_prefix": "dev/"},
    DEFAULT,
)


@pytest.mark.parametrize(
    ("target", "mapped"),
    [
        ("/k", "/dev/k"),
        ("/a/k", "/x/k"),
        ("/", "/dev/"),
        ("https://example.com/k", "https://example.com/k"),
        ("http://data.s3.amazonaws.com/k", "http://data.s3.amazonaws.com/k"),
    ],
)
def test_a_redirect_names_a_key_of_the_same_bucket(target: str, mapped: str) -> None:
    """A redirect to a key goes by that key's route, there and back; a URL stays as it is."""
    found = heard(TWO, "PutObject", {**OBJECT, "WebsiteRedirectLocation": target})
    answer = answered(TWO, "HeadObject", OBJECT, {"WebsiteRedirectLocation": mapped})

    assert mapped == found["WebsiteRedirectLocation"]
    assert {"WebsiteRedirectLocation": target} == answer


def test_a_redirect_into_another_store_is_refused() -> None:
    """A store cannot redirect to a key that it does not have."""
    with pytest.raises(RoutingError, match="/logs/k"):
        heard(SPLIT, "PutObject", {**OBJECT, "WebsiteRedirectLocation": "/logs/k"})
