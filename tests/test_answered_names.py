"""Names in answers and errors: locations, ARNs, keys, and what an error speaks of."""

from __future__ import annotations

from typing import Any

import pytest
from asking import MOVED, RENAMED, SAME, answered

from botwo import RoutingError
from botwo._responses import error_to_caller

KEY = "a b/k+1"
OBJECT = {"Bucket": "data", "Key": KEY}


@pytest.mark.parametrize(
    ("location", "expected"),
    [
        ("http://h:9000/repo/dev/a b/k+1", "http://h:9000/data/a b/k+1"),
        ("http://h:9000/repo/dev/a%20b/k%2B1", "http://h:9000/data/a%20b/k%2B1"),
        ("http://h:9000/repo/dev%2Fa%20b%2Fk%2B1", "http://h:9000/data/a%20b%2Fk%2B1"),
        ("http://h/s3/repo/dev/a%20b/k%2B1", "http://h/s3/data/a%20b/k%2B1"),
        (
            "https://repo.s3.amazonaws.com/dev/a%20b/k%2B1",
            "https://data.s3.amazonaws.com/a%20b/k%2B1",
        ),
        (
            "https://repo.s3.amazonaws.com/dev%2Fa%20b%2Fk%2B1",
            "https://data.s3.amazonaws.com/a%20b%2Fk%2B1",
        ),
        ("/repo/dev/a b/k+1", "/data/a b/k+1"),
        ("repo/dev/a b/k+1", "data/a b/k+1"),
        ("http://h/elsewhere", "http://h/elsewhere"),
        ("", ""),
    ],
)
def test_the_location_of_an_object_is_in_the_stores_style(location: str, expected: str) -> None:
    """A completed upload's location names bucket and key as the caller does, encoded as it was."""
    found = answered(MOVED, "CompleteMultipartUpload", OBJECT, {"Location": location})

    assert {"Location": expected} == found


@pytest.mark.parametrize("key", ["a/", "what?", "one#two", "100%", "é", "a//b"])
@pytest.mark.parametrize("host", ["http://h/{}/{}", "https://{}.h/{}", "/{}/{}"])
def test_the_location_of_any_key_is_translated(key: str, host: str) -> None:
    """A key may hold what means something in a URL, and stand there unencoded."""
    params = {"Bucket": "data", "Key": key}
    response = {"Location": host.format("repo", f"dev/{key}")}

    found = answered(MOVED, "CompleteMultipartUpload", params, response)

    assert {"Location": host.format("data", key)} == found


@pytest.mark.parametrize(
    ("location", "expected"),
    [
        ("/repo", "/data"),
        ("/repo/", "/data/"),
        ("http://h:9000/repo", "http://h:9000/data"),
        ("http://repo.s3.amazonaws.com/", "http://data.s3.amazonaws.com/"),
        ("http://repo.s3.amazonaws.com", "http://data.s3.amazonaws.com"),
        ("http://repo.h:9000/", "http://data.h:9000/"),
        ("/repository", "/repository"),
        ("us-east-1", "us-east-1"),
    ],
)
@pytest.mark.parametrize("rules", [MOVED, RENAMED], ids=["moved", "renamed"])
def test_the_location_of_a_bucket_is_in_the_stores_style(
    rules: Any, location: str, expected: str
) -> None:
    """A made bucket's location names it as the caller does."""
    found = answered(rules, "CreateBucket", {"Bucket": "data"}, {"Location": location})

    assert {"Location": expected} == found


@pytest.mark.parametrize(
    ("arn", "expected"),
    [
        ("arn:aws:s3:::repo", "arn:aws:s3:::data"),
        ("arn:aws-us-gov:s3:::repo", "arn:aws-us-gov:s3:::data"),
        ("arn:aws-cn:s3:::repo", "arn:aws-cn:s3:::data"),
        ("arn:minio:s3:::repo", "arn:minio:s3:::data"),
        ("arn:aws:s3:us-west-2:123456789012:repo", "arn:aws:s3:us-west-2:123456789012:data"),
        (
            "arn:aws:s3express:us-west-2:123456789012:bucket/repo",
            "arn:aws:s3express:us-west-2:123456789012:bucket/data",
        ),
        ("arn:aws:s3:::other", "arn:aws:s3:::other"),
    ],
)
@pytest.mark.parametrize("operation", ["CreateBucket", "HeadBucket"])
def test_the_arn_of_a_bucket_is_translated(operation: str, arn: str, expected: str) -> None:
    """A bucket's ARN names it as the caller does, whatever the partition and the kind of bucket."""
    found = answered(MOVED, operation, {"Bucket": "data"}, {"BucketArn": arn})

    assert {"BucketArn": expected} == found


def test_the_arn_of_a_listed_directory_bucket_is_translated() -> None:
    """A directory bucket's ARN in a list names it as the caller does."""
    start = "arn:aws:s3express:us-west-2:123456789012:bucket/"
    response = {"Buckets": [{"Name": "repo", "BucketArn": f"{start}repo"}]}

    found = answered(MOVED, "ListDirectoryBuckets", {}, response)

    assert {"Name": "data", "BucketArn": f"{start}data"} == found["Buckets"][0]


def test_a_key_that_the_request_cannot_have_meant_is_refused() -> None:
    """An answer about a key outside of the route's prefix has no words in the caller's names."""
    with pytest.raises(RoutingError, match="prod/k"):
        answered(MOVED, "ListParts", OBJECT, {"Key": "prod/k"})


ROUTE = MOVED.route("data")
MAPPED = f"dev/{KEY}"


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        ({"Key": MAPPED}, {"Key": KEY}),
        ({"BucketName": "repo"}, {"BucketName": "data"}),
        ({"Bucket": "repo"}, {"Bucket": "data"}),
        ({"Resource": f"/repo/{MAPPED}"}, {"Resource": f"/data/{KEY}"}),
        ({"Resource": f"repo/{MAPPED}"}, {"Resource": f"data/{KEY}"}),
        ({"Resource": "/repo/dev/a%20b/k%2B1"}, {"Resource": "/data/a%20b/k%2B1"}),
        ({"Resource": "/repo/dev%2Fa%20b%2Fk%2B1"}, {"Resource": "/data/a%20b%2Fk%2B1"}),
        ({"Resource": f"/{MAPPED}"}, {"Resource": f"/{KEY}"}),
        ({"Resource": MAPPED}, {"Resource": KEY}),
        ({"Resource": "/repo"}, {"Resource": "/data"}),
        ({"Resource": "/repo/"}, {"Resource": "/data/"}),
        ({"Resource": "repo"}, {"Resource": "data"}),
        ({"Resource": "/other/k"}, {"Resource": "/other/k"}),
        ({"Code": "repo", "RequestId": "r"}, {"Code": "repo", "RequestId": "r"}),
        ({"Message": f"no {MAPPED} here"}, {"Message": f"no {KEY} here"}),
        ({"Message": f"no /repo/{MAPPED}"}, {"Message": f"no /data/{KEY}"}),
        ({"Message": "a repo is a repo"}, {"Message": "a repo is a repo"}),
        ({"ArgumentValue": None, "Retry": 3}, {"ArgumentValue": None, "Retry": 3}),
    ],
)
def test_an_error_speaks_of_the_callers_names(told: dict[str, Any], expected: Any) -> None:
    """Members of an error that are a name of the request are the caller's; others stay."""
    assert expected == error_to_caller(told, [(ROUTE, KEY)])


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        ({"BucketName": "repo"}, {"BucketName": "data"}),
        ({"Resource": "/repo"}, {"Resource": "/data"}),
        ({"Resource": "/repo/"}, {"Resource": "/data/"}),
        ({"Resource": "/repo/dev/"}, {"Resource": "/data/"}),
        ({"Message": "no /dev/null"}, {"Message": "no /dev/null"}),
    ],
)
def test_an_error_about_a_bucket_speaks_of_the_callers_bucket(told: Any, expected: Any) -> None:
    """Where no key was asked, nothing but the bucket is a name."""
    assert expected == error_to_caller(told, [(ROUTE, "")])


def test_an_error_about_a_copy_speaks_of_both_names() -> None:
    """An error names the destination or the source; each is known by its own route."""
    names = [(SAME.route("plain"), "k"), (ROUTE, "from")]

    assert {"Key": "from"} == error_to_caller({"Key": "dev/from"}, names)
    assert {"Key": "k"} == error_to_caller({"Key": "k"}, names)
    assert {"Resource": "/data/from"} == error_to_caller({"Resource": "/repo/dev/from"}, names)


def test_an_error_of_a_stores_that_changes_no_name_stays() -> None:
    """Under a route that changes no name an error is as it was."""
    told = {"Code": "NoSuchKey", "Message": "data/k", "Key": "k", "Resource": "/data/k"}

    assert told == error_to_caller(told, [(SAME.route("data"), "k")])
