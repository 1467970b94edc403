"""Filters of bucket configurations stay inside the route's prefix and read back as put."""

from __future__ import annotations

from typing import Any

import pytest
from asking import MOVED, RENAMED, SAME, SPLIT, answered, heard
from configuring import BUCKET, put_and_get

from botwo import RoutingError

TAG = {"Key": "dev/team", "Value": "data"}
TAG_2 = {"Key": "k", "Value": "v"}


WORDS = ["Lifecycle", "Replication", "Analytics", "IntelligentTiering", "Inventory", "Metrics"]
# A rule's empty filter is written out; a configuration for the whole bucket has none.
WRITTEN_OUT = {"Lifecycle", "Replication"}
each_word = pytest.mark.parametrize("word", WORDS)
SIZE = {"ObjectSizeGreaterThan": 5}
ACCESS_POINT = {"AccessPointArn": "arn:aws:s3:us-east-1:123456789012:accesspoint/a"}
FILTERS: list[tuple[dict[str, Any], dict[str, Any]]] = [
    ({"Prefix": "a/"}, {"Prefix": "dev/a/"}),
    ({"Prefix": "no-slash"}, {"Prefix": "dev/no-slash"}),
    ({"Tag": TAG}, {"And": {"Prefix": "dev/", "Tags": [TAG]}}),
    (SIZE, {"And": {"Prefix": "dev/", **SIZE}}),
    ({"ObjectSizeLessThan": 9}, {"And": {"Prefix": "dev/", "ObjectSizeLessThan": 9}}),
    (ACCESS_POINT, {"And": {"Prefix": "dev/", **ACCESS_POINT}}),
    ({"And": {"Prefix": "a/", "Tags": [TAG]}}, {"And": {"Prefix": "dev/a/", "Tags": [TAG]}}),
    ({"And": {"Tags": [TAG, TAG_2]}}, {"And": {"Prefix": "dev/", "Tags": [TAG, TAG_2]}}),
    ({"And": {"Tags": [TAG], **SIZE}}, {"And": {"Prefix": "dev/", "Tags": [TAG], **SIZE}}),
    (
        {"And": {"ObjectSizeGreaterThan": 1, "ObjectSizeLessThan": 9}},
        {"And": {"Prefix": "dev/", "ObjectSizeGreaterThan": 1, "ObjectSizeLessThan": 9}},
    ),
    ({"And": {"Prefix": "a/", **SIZE}}, {"And": {"Prefix": "dev/a/", **SIZE}}),
]


@each_word
@pytest.mark.parametrize(("asked", "mapped"), FILTERS)
def test_a_filter_stays_inside_the_prefix(word: str, asked: Any, mapped: Any) -> None:
    """A filter is narrowed to the route's prefix, and reads back as it was put."""
    put, got = put_and_get(word, MOVED, {"Id": "1", "Filter": asked})

    assert {"Id": "1", "Filter": mapped} == put
    assert {"Id": "1", "Filter": asked} == got


@each_word
@pytest.mark.parametrize("asked", [{}, {"Filter": {}}, {"Filter": {"Prefix": ""}}])
def test_the_whole_bucket_is_the_prefix(word: str, asked: Any) -> None:
    """What holds for the whole bucket holds for the prefix, and reads back as the whole bucket."""
    whole = {"Filter": {"Prefix": ""}} if word in WRITTEN_OUT else {}

    put, got = put_and_get(word, MOVED, {"Id": "1", **asked})

    assert {"Id": "1", "Filter": {"Prefix": "dev/"}} == put
    assert {"Id": "1", **whole} == got


@each_word
@pytest.mark.parametrize(
    ("asked", "simple"),
    [
        ({"And": {"Prefix": "", "Tags": [TAG]}}, {"Tag": TAG}),
        ({"And": {"Tags": [TAG]}}, {"Tag": TAG}),
        ({"And": {"Prefix": "", **SIZE}}, SIZE),
        ({"And": {"Prefix": "", "Tags": [TAG], **SIZE}}, {"And": {"Tags": [TAG], **SIZE}}),
    ],
)
def test_forms_that_mean_the_same_read_back_as_the_simplest(
    word: str, asked: Any, simple: Any
) -> None:
    """An empty prefix beside other conditions says nothing, and is not read back."""
    _, got = put_and_get(word, MOVED, {"Filter": asked})

    assert {"Filter": simple} == got


@pytest.mark.parametrize("word", ["Lifecycle", "Replication"])
@pytest.mark.parametrize("prefix", ["", "a/"])
def test_the_older_form_of_a_rule_keeps_its_form(word: str, prefix: str) -> None:
    """A rule with a Prefix of its own, the older form, is put and read with one."""
    put, got = put_and_get(word, MOVED, {"Prefix": prefix})

    assert {"Prefix": f"dev/{prefix}"} == put
    assert {"Prefix": prefix} == got


@pytest.mark.parametrize("word", ["Lifecycle", "Replication"])
def test_a_rule_with_both_forms_has_no_name_left_as_it_was(word: str) -> None:
    """Both forms at once are the store's to refuse: each of them reaches it inside the prefix."""
    put, _ = put_and_get(word, MOVED, {"Prefix": "a/", "Filter": {"Prefix": "a/"}})

    assert {"Prefix": "dev/a/", "Filter": {"Prefix": "dev/a/"}} == put


@pytest.mark.parametrize("prefix", ["", "a/"])
def test_the_oldest_lifecycle_operations_are_translated(prefix: str) -> None:
    """The operations that PutBucketLifecycleConfiguration replaced are served alike."""
    asked = {**BUCKET, "LifecycleConfiguration": {"Rules": [{"Prefix": prefix}]}}

    put = heard(MOVED, "PutBucketLifecycle", asked)["LifecycleConfiguration"]
    got = answered(MOVED, "GetBucketLifecycle", BUCKET, put)

    assert {"Rules": [{"Prefix": f"dev/{prefix}"}]} == put
    assert {"Rules": [{"Prefix": prefix}]} == got


@each_word
@pytest.mark.parametrize("rules", [SAME, RENAMED], ids=["same", "renamed"])
@pytest.mark.parametrize(
    "asked",
    [
        {},
        {"Filter": {}},
        {"Filter": {"Prefix": ""}},
        {"Filter": {"And": {"Prefix": "", "Tags": [TAG]}}},
        *({"Filter": asked} for asked, _ in FILTERS),
    ],
)
def test_without_a_key_prefix_a_filter_is_as_it_was(word: str, rules: Any, asked: Any) -> None:
    """Where keys keep their names a filter is put and read as it is, in whatever form."""
    assert (asked, asked) == put_and_get(word, rules, asked)


@each_word
@pytest.mark.parametrize(
    "beyond",
    [
        {"Filter": {}},
        {"Filter": {"Prefix": ""}},
        {"Filter": {"Prefix": "de"}},
        {"Filter": {"Prefix": "prod/"}},
        {"Filter": {"Tag": TAG}},
        {"Filter": SIZE},
        {"Filter": {"And": {"Prefix": "prod/", "Tags": [TAG]}}},
        {"Filter": {"And": {"Tags": [TAG]}}},
        {},
    ],
)
def test_what_reaches_beyond_the_prefix_is_not_read(word: str, beyond: Any) -> None:
    """An entry of the mapped bucket beyond the prefix has no words in the caller's names."""
    holder = {
        "Lifecycle": ("GetBucketLifecycleConfiguration", {"Rules": [beyond]}),
        "Replication": ("GetBucketReplication", {"ReplicationConfiguration": {"Rules": [beyond]}}),
    }
    get, response = holder.get(
        word, (f"GetBucket{word}Configuration", {f"{word}Configuration": beyond})
    )

    with pytest.raises(RoutingError, match="beyond bucket 'data'"):
        answered(MOVED, get, BUCKET, response)


@pytest.mark.parametrize("prefix", ["", "prod/"])
def test_an_older_rule_beyond_the_prefix_is_not_read(prefix: str) -> None:
    """The older form of a rule beyond the prefix is not read either."""
    with pytest.raises(RoutingError, match="beyond bucket 'data'"):
        answered(MOVED, "GetBucketLifecycle", BUCKET, {"Rules": [{"Prefix": prefix}]})


@each_word
@pytest.mark.parametrize(
    "asked",
    [
        {"Filter": {"Prefix": "logs/a/"}},
        {"Filter": {"And": {"Prefix": "logs/", "Tags": [TAG]}}},
        {"Filter": {"Prefix": "lo"}},
        {"Filter": {"Prefix": ""}},
        {"Filter": {"Tag": TAG}},
        {"Filter": {"And": {"Tags": [TAG]}}},
        {"Filter": {}},
        {},
    ],
)
def test_a_filter_that_reaches_another_route_is_refused(word: str, asked: Any) -> None:
    """What holds for keys in another store, alone or too, is not put into this one."""
    with pytest.raises(RoutingError, match=r" lie on \w+:|span"):
        put_and_get(word, SPLIT, asked)


@each_word
def test_a_filter_inside_one_route_of_several_is_put(word: str) -> None:
    """What holds for keys of this store alone is put there."""
    put, got = put_and_get(word, SPLIT, {"Filter": {"Prefix": "a/"}})

    assert {"Filter": {"Prefix": "dev/a/"}} == put
    assert {"Filter": {"Prefix": "a/"}} == got


@pytest.mark.parametrize("bad", [{"Filter": 5}, {"Filter": {"Prefix": 5}}, {"Prefix": None}])
def test_what_botocore_will_refuse_is_left_to_it(bad: Any) -> None:
    """A wrong type goes to the store's client, which says what is wrong."""
    asked = {**BUCKET, "LifecycleConfiguration": {"Rules": [bad, "no rule"]}}

    put = heard(MOVED, "PutBucketLifecycleConfiguration", asked)

    assert asked["LifecycleConfiguration"] == put["LifecycleConfiguration"]
