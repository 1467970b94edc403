"""Places that a store writes to by itself: replicas, reports, logs and restored objects."""

from __future__ import annotations

from typing import Any

import pytest
from asking import DEFAULT, MOVED, SAME, answered, heard, mapping
from configuring import BUCKET, put_and_get

from botwo import RoutingError

# Buckets that get reports, replicas or logs.
PLACES = mapping(
    {"bucket_name": "data", "client": "store", "mapped_bucket_name": "repo", "key_prefix": "dev/"},
    {"bucket_name": "copy", "client": "store", "mapped_bucket_name": "fork", "key_prefix": "dev/"},
    {"bucket_name": "flat", "client": "store", "mapped_bucket_name": "level"},
    {"bucket_name": "far", "client": "other"},
    {"bucket_name": "split", "client": "other", "source_prefix": "logs/"},
    DEFAULT,
)


def replicated(bucket: str) -> dict[str, Any]:
    """A replication rule into a bucket."""
    return {
        "Filter": {"Prefix": "a/"},
        "Destination": {"Bucket": bucket, "StorageClass": "GLACIER"},
    }


@pytest.mark.parametrize(
    ("bucket", "mapped"), [("arn:aws:s3:::copy", "arn:aws:s3:::fork"), ("copy", "fork")]
)
def test_replicas_go_to_the_mapped_bucket(bucket: str, mapped: str) -> None:
    """A rule's destination is mapped, there and back."""
    put, got = put_and_get("Replication", PLACES, replicated(bucket))

    assert {**replicated(mapped), "Filter": {"Prefix": "dev/a/"}} == put
    assert replicated(bucket) == got


@pytest.mark.parametrize("bucket", ["flat", "far", "split", "plain"])
def test_replicas_that_would_get_other_names_are_refused(bucket: str) -> None:
    """Replicas keep their keys at the store: under another prefix they would be other keys."""
    with pytest.raises(RoutingError, match=r"replicas keep|no store reaches both|span"):
        put_and_get("Replication", PLACES, replicated(f"arn:aws:s3:::{bucket}"))


def test_replicas_into_a_bucket_without_name_are_not_read() -> None:
    """A destination that the caller cannot name is not read."""
    rules = mapping(
        {"bucket_name": "data", "client": "store", "key_prefix": "dev/"},
        {"bucket_name": "*", "client": "other"},
    )
    rule = {**replicated("arn:aws:s3:::fork"), "Filter": {"Prefix": "dev/"}}
    response = {"ReplicationConfiguration": {"Rules": [rule]}}

    with pytest.raises(RoutingError, match="no rule has a name"):
        answered(rules, "GetBucketReplication", BUCKET, response)


REPORTS = {
    "Inventory": lambda place: {"Destination": {"S3BucketDestination": place}},
    "Analytics": lambda place: {
        "StorageClassAnalysis": {"DataExport": {"Destination": {"S3BucketDestination": place}}}
    },
}


@pytest.mark.parametrize("word", REPORTS)
@pytest.mark.parametrize(
    ("place", "mapped"),
    [
        ({"Bucket": "data", "Prefix": "r/"}, {"Bucket": "repo", "Prefix": "dev/r/"}),
        ({"Bucket": "copy", "Prefix": "r"}, {"Bucket": "fork", "Prefix": "dev/r"}),
        ({"Bucket": "copy"}, {"Bucket": "fork", "Prefix": "dev/"}),
        ({"Bucket": "flat", "Prefix": "r/"}, {"Bucket": "level", "Prefix": "r/"}),
        ({"Bucket": "flat"}, {"Bucket": "level"}),
        ({"Bucket": "plain", "Prefix": "r/"}, {"Bucket": "plain", "Prefix": "r/"}),
        ({"Bucket": "split", "Prefix": "r/"}, {"Bucket": "split", "Prefix": "r/"}),
    ],
)
@pytest.mark.parametrize("start", ["", "arn:aws:s3:::"])
def test_reports_go_where_the_caller_says(word: str, place: Any, mapped: Any, start: str) -> None:
    """The place of reports is mapped by its own route, as ARN or name, there and back."""
    place = {**place, "Bucket": start + place["Bucket"], "Format": "CSV"}
    mapped = {**mapped, "Bucket": start + mapped["Bucket"], "Format": "CSV"}

    put, got = put_and_get(word, PLACES, REPORTS[word](place))

    assert {**REPORTS[word](mapped), "Filter": {"Prefix": "dev/"}} == put
    assert REPORTS[word](place) == got


@pytest.mark.parametrize("word", REPORTS)
@pytest.mark.parametrize("place", [{"Bucket": "far"}, {"Bucket": "split", "Prefix": ""}])
def test_reports_into_another_store_are_refused(word: str, place: Any) -> None:
    """A store cannot write into another one, nor into a bucket of which a part lies in another."""
    with pytest.raises(RoutingError, match=r"no store reaches both|span"):
        put_and_get(word, PLACES, REPORTS[word](place))


def test_a_place_is_read_by_the_rule_that_owns_it() -> None:
    """Of two rules that reach one mapped bucket, the one that the place's name goes by reads it."""
    rules = mapping(
        {
            "bucket_name": "data",
            "client": "store",
            "source_prefix": "reports/",
            "strip_source_prefix": True,
            "key_prefix": "r/",
        },
        {"bucket_name": "data", "client": "other", "source_prefix": "r/"},
        DEFAULT,
    )
    asked = {"LoggingEnabled": {"TargetBucket": "data", "TargetPrefix": "reports/a/"}}

    put = heard(rules, "PutBucketLogging", {**BUCKET, "BucketLoggingStatus": asked})
    got = answered(rules, "GetBucketLogging", BUCKET, put["BucketLoggingStatus"])

    assert "r/a/" == put["BucketLoggingStatus"]["LoggingEnabled"]["TargetPrefix"]
    assert asked == got


@pytest.mark.parametrize("key_prefix", ["{bucket}/", "all/{bucket}-s/main/", "{bucket}/{bucket}/"])
def test_a_place_in_a_shared_bucket_is_read_by_its_prefix(key_prefix: str) -> None:
    """Where many buckets share a mapped one, the prefix tells whose a place is."""
    shared = {"mapped_bucket_name": "all", "key_prefix": key_prefix}
    rules = mapping({"bucket_name": "team-*", "client": "store", **shared}, DEFAULT)
    asked = {"LoggingEnabled": {"TargetBucket": "team-b", "TargetPrefix": "l/"}}
    params = {"Bucket": "logged", "BucketLoggingStatus": asked}

    put = heard(rules, "PutBucketLogging", params)["BucketLoggingStatus"]
    got = answered(rules, "GetBucketLogging", {"Bucket": "logged"}, put)

    start = key_prefix.replace("{bucket}", "team-b")
    assert {"LoggingEnabled": {"TargetBucket": "all", "TargetPrefix": f"{start}l/"}} == put
    assert asked == got


@pytest.mark.parametrize("prefix", ["", "l/", "/l", "other/l/"])
def test_a_place_beside_all_prefixes_is_in_the_shared_bucket_itself(prefix: str) -> None:
    """What lies under no bucket's prefix goes by the name that the default has for it."""
    shared = {"mapped_bucket_name": "all", "key_prefix": "{bucket}/"}
    rules = mapping({"bucket_name": "team-*", "client": "store", **shared}, DEFAULT)
    place = {"LoggingEnabled": {"TargetBucket": "all", "TargetPrefix": prefix}}

    got = answered(rules, "GetBucketLogging", {"Bucket": "team-a"}, place)

    assert place == got


@pytest.mark.parametrize(
    ("bucket", "prefix", "mapped"),
    [
        ("data", "l/", ("repo", "dev/l/")),
        ("data", "", ("repo", "dev/")),
        ("copy", "l", ("fork", "dev/l")),
        ("flat", "", ("level", "")),
        ("plain", "l/", ("plain", "l/")),
    ],
)
def test_logs_go_where_the_caller_says(bucket: str, prefix: str, mapped: tuple[str, str]) -> None:
    """The place of access logs is mapped by its own route, there and back."""
    kept = {"TargetObjectKeyFormat": {"SimplePrefix": {}}}
    asked = {"LoggingEnabled": {"TargetBucket": bucket, "TargetPrefix": prefix, **kept}}
    expected = {"LoggingEnabled": {"TargetBucket": mapped[0], "TargetPrefix": mapped[1], **kept}}

    put = heard(PLACES, "PutBucketLogging", {**BUCKET, "BucketLoggingStatus": asked})
    got = answered(PLACES, "GetBucketLogging", BUCKET, put["BucketLoggingStatus"])

    assert expected == put["BucketLoggingStatus"]
    assert asked == got


@pytest.mark.parametrize("bucket", ["far", "split"])
def test_logs_into_another_store_are_refused(bucket: str) -> None:
    """A store cannot log into another one."""
    place = {"TargetBucket": bucket, "TargetPrefix": ""}

    with pytest.raises(RoutingError, match=r"no store reaches both|span"):
        heard(
            PLACES,
            "PutBucketLogging",
            {**BUCKET, "BucketLoggingStatus": {"LoggingEnabled": place}},
        )


def test_logging_is_turned_off() -> None:
    """An empty logging status names nothing, and passes both ways."""
    params = {**BUCKET, "BucketLoggingStatus": {}}

    assert {"Bucket": "repo", "BucketLoggingStatus": {}} == heard(MOVED, "PutBucketLogging", params)
    assert {} == answered(MOVED, "GetBucketLogging", BUCKET, {})


def restored(place: dict[str, Any]) -> dict[str, Any]:
    """A request to restore an object to a place."""
    request = {"Type": "SELECT", "OutputLocation": {"S3": place}}
    return {"Bucket": "data", "Key": "k", "RestoreRequest": request}


@pytest.mark.parametrize(
    ("bucket", "mapped", "path"),
    [("data", "repo", "dev/out/1"), ("copy", "fork", "dev/out/1"), ("flat", "level", "out/1")],
)
def test_restored_objects_go_where_the_caller_says(bucket: str, mapped: str, path: str) -> None:
    """The output location is mapped by its own route, and so is the path that comes back."""
    tags = {"Tagging": {"TagSet": [{"Key": "dev/k", "Value": "v"}]}}
    asked = restored({"BucketName": bucket, "Prefix": "out/", **tags})

    put = heard(PLACES, "RestoreObject", asked)
    got = answered(PLACES, "RestoreObject", asked, {"RestoreOutputPath": path})

    place = {"BucketName": mapped, "Prefix": path.removesuffix("1"), **tags}
    assert {**restored(place), "Bucket": "repo", "Key": "dev/k"} == put
    assert {"RestoreOutputPath": "out/1"} == got


def test_an_output_path_elsewhere_is_refused() -> None:
    """An output path outside of the prefix that was asked has no words in the caller's names."""
    asked = restored({"BucketName": "copy", "Prefix": "out/"})

    with pytest.raises(RoutingError, match="prod/out/1"):
        answered(PLACES, "RestoreObject", asked, {"RestoreOutputPath": "prod/out/1"})


def test_a_restore_in_place_names_nothing_more() -> None:
    """A restore without an output location passes both ways."""
    asked = {"Bucket": "data", "Key": "k", "RestoreRequest": {"Days": 1}}
    response = {"RestoreOutputPath": "as it came"}

    put = heard(MOVED, "RestoreObject", asked)

    assert {**asked, "Bucket": "repo", "Key": "dev/k"} == put
    assert response == answered(MOVED, "RestoreObject", asked, dict(response))


@pytest.mark.parametrize("prefix", ["", "l/"])
def test_places_are_as_they_were_where_no_name_changes(prefix: str) -> None:
    """Without a changed name every place is put and read as it is."""
    status = {"LoggingEnabled": {"TargetBucket": "copy", "TargetPrefix": prefix}}
    report = {"Destination": {"S3BucketDestination": {"Bucket": "copy", "Prefix": prefix}}}
    rule = replicated("arn:aws:s3:::copy")

    put = heard(SAME, "PutBucketLogging", {**BUCKET, "BucketLoggingStatus": status})

    assert status == put["BucketLoggingStatus"]
    assert status == answered(SAME, "GetBucketLogging", BUCKET, status)
    assert (report, report) == put_and_get("Inventory", SAME, report)
    assert (rule, rule) == put_and_get("Replication", SAME, rule)
