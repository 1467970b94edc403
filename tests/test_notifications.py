"""Event notifications: told of the route's own keys alone, and read back as they were put."""

from __future__ import annotations

from typing import Any

import pytest
from asking import MOVED, RENAMED, SAME, SPLIT, answered, heard

from botwo import RoutingError

BUCKET = {"Bucket": "data"}
TARGETS = {
    "TopicConfigurations": {"TopicArn": "arn:aws:sns:us-east-1:1:data"},
    "QueueConfigurations": {"QueueArn": "arn:aws:sqs:us-east-1:1:data"},
    "LambdaFunctionConfigurations": {"LambdaFunctionArn": "arn:aws:lambda:us-east-1:1:f:data"},
}
SUFFIX = {"Name": "suffix", "Value": ".csv"}
each_target = pytest.mark.parametrize("target", TARGETS)


def prefix(value: str, name: str = "prefix") -> dict[str, str]:
    """A filter rule by prefix."""
    return {"Name": name, "Value": value}


def configured(target: str, rules: list[dict[str, str]] | None) -> dict[str, Any]:
    """A configuration of one target, filtered or, with None, not."""
    one = {"Id": "1", **TARGETS[target], "Events": ["s3:ObjectCreated:*"]}
    return {target: [{**one, "Filter": {"Key": {"FilterRules": rules}}} if rules else one]}


def put(rules: Any, configuration: dict[str, Any]) -> dict[str, Any]:
    """What the store is told."""
    params = {**BUCKET, "NotificationConfiguration": configuration}
    found = heard(rules, "PutBucketNotificationConfiguration", params)
    told: dict[str, Any] = found["NotificationConfiguration"]
    return told


def got(rules: Any, configuration: dict[str, Any]) -> dict[str, Any]:
    """What the caller reads."""
    return answered(rules, "GetBucketNotificationConfiguration", BUCKET, configuration)


@each_target
@pytest.mark.parametrize(
    ("asked", "mapped"),
    [
        (None, [prefix("dev/")]),
        ([SUFFIX], [prefix("dev/"), SUFFIX]),
        ([prefix("a/")], [prefix("dev/a/")]),
        ([prefix("a/"), SUFFIX], [prefix("dev/a/"), SUFFIX]),
        ([SUFFIX, prefix("a/")], [SUFFIX, prefix("dev/a/")]),
        ([prefix("a/", "Prefix")], [prefix("dev/a/", "Prefix")]),
    ],
)
def test_events_stay_inside_the_prefix(target: str, asked: Any, mapped: Any) -> None:
    """A target is told of keys under the route's prefix, and reads back as it was put."""
    told = put(MOVED, configured(target, asked))

    assert configured(target, mapped) == told
    assert configured(target, asked) == got(MOVED, told)


@each_target
def test_an_empty_prefix_reads_back_as_none(target: str) -> None:
    """An empty prefix means the whole bucket, which reads back as no prefix."""
    told = put(MOVED, configured(target, [prefix(""), SUFFIX]))

    assert configured(target, [prefix("dev/"), SUFFIX]) == told
    assert configured(target, [SUFFIX]) == got(MOVED, told)


@each_target
def test_no_rule_is_dropped(target: str) -> None:
    """A second prefix is the store's to refuse, and reaches it."""
    told = put(MOVED, configured(target, [prefix("a/"), prefix("b/")]))

    assert configured(target, [prefix("dev/a/"), prefix("dev/b/")]) == told


@each_target
@pytest.mark.parametrize("rules", [SAME, RENAMED], ids=["same", "renamed"])
@pytest.mark.parametrize(
    "asked",
    [None, [prefix("")], [prefix("a/", "Prefix")], [SUFFIX, prefix("a/")], [SUFFIX]],
)
def test_without_a_key_prefix_events_are_as_they_were(target: str, rules: Any, asked: Any) -> None:
    """Where keys keep their names a notification is put and read as it is, in its order."""
    assert configured(target, asked) == put(rules, configured(target, asked))
    assert configured(target, asked) == got(rules, configured(target, asked))


@each_target
@pytest.mark.parametrize("beyond", [None, [SUFFIX], [prefix("prod/")], [prefix("de")]])
def test_events_beyond_the_prefix_are_not_read(target: str, beyond: Any) -> None:
    """A target that is told of keys beyond the prefix has no words in the caller's names."""
    with pytest.raises(RoutingError, match="beyond bucket 'data'"):
        got(MOVED, configured(target, beyond))


@each_target
@pytest.mark.parametrize("asked", [None, [SUFFIX], [prefix("logs/a")], [prefix("l")]])
def test_events_of_another_store_are_refused(target: str, asked: Any) -> None:
    """Events of keys that lie in another store are not promised by this one."""
    with pytest.raises(RoutingError, match=r" lie on \w+:|span"):
        put(SPLIT, configured(target, asked))


@pytest.mark.parametrize("bad", [{"Filter": 5}, {"Filter": {"Key": {"FilterRules": ["x", 5]}}}])
def test_what_botocore_will_refuse_is_left_to_it(bad: dict[str, Any]) -> None:
    """A wrong type goes to the store's client, which says what is wrong."""
    told = put(RENAMED, {"TopicConfigurations": [bad]})

    assert {"TopicConfigurations": [bad]} == told


@pytest.mark.parametrize(
    ("rules", "why"),
    [(MOVED, "EventBridgeConfiguration"), (SPLIT, "span")],
    ids=["prefixed", "split"],
)
def test_event_bridge_reaches_the_whole_bucket(rules: Any, why: str) -> None:
    """Events to EventBridge cannot be narrowed: beyond the prefix they are not put."""
    with pytest.raises(RoutingError, match=why):
        put(rules, {"EventBridgeConfiguration": {}})


def test_event_bridge_beyond_the_prefix_is_not_read() -> None:
    """Events of the whole mapped bucket have no words in the caller's names."""
    with pytest.raises(RoutingError, match="EventBridgeConfiguration"):
        got(MOVED, {"EventBridgeConfiguration": {}})


def test_event_bridge_is_put_where_the_bucket_is_whole() -> None:
    """A bucket that is only renamed is the whole mapped bucket."""
    assert {"EventBridgeConfiguration": {}} == put(RENAMED, {"EventBridgeConfiguration": {}})
    assert {"EventBridgeConfiguration": {}} == got(RENAMED, {"EventBridgeConfiguration": {}})


@pytest.mark.parametrize(
    "member", ["TopicConfiguration", "QueueConfiguration", "CloudFunctionConfiguration"]
)
def test_the_older_notifications_reach_the_whole_bucket(member: str) -> None:
    """The older operations have no filter: beyond the prefix they are neither put nor read."""
    configuration = {member: {"Event": "s3:ObjectCreated:*"}}
    params = {**BUCKET, "NotificationConfiguration": configuration}

    with pytest.raises(RoutingError, match=member):
        heard(MOVED, "PutBucketNotification", params)
    with pytest.raises(RoutingError, match=member):
        answered(MOVED, "GetBucketNotification", BUCKET, configuration)

    assert {**params, "Bucket": "repo"} == heard(RENAMED, "PutBucketNotification", params)
    assert configuration == answered(RENAMED, "GetBucketNotification", BUCKET, configuration)
