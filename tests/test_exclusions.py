"""What a replication rule excludes stays beside the route's prefix and reads back as put."""

from __future__ import annotations

from typing import Any

import pytest
from asking import MOVED, RENAMED, SAME, SPLIT, answered, heard
from configuring import BUCKET, put_and_get

from botwo import RoutingError

TAG = {"Key": "dev/team", "Value": "data"}
TAG_2 = {"Key": "k", "Value": "v"}
B, DEV_B = {"Prefix": "b/"}, {"Prefix": "dev/b/"}
SEVERAL = {"Or": {"Prefixes": ["b/", "c"], "Tags": [TAG]}}
DEV_SEVERAL = {"Or": {"Prefixes": ["dev/b/", "dev/c"], "Tags": [TAG]}}
ONLY_TAGS = {"Or": {"Tags": [TAG, TAG_2]}}
EXCLUSIONS: list[tuple[dict[str, Any], dict[str, Any]]] = [
    ({"Not": B}, {"And": {"Prefix": "dev/", "Not": DEV_B}}),
    ({"Not": {"Prefix": ""}}, {"And": {"Prefix": "dev/", "Not": {"Prefix": "dev/"}}}),
    ({"Not": {"Tag": TAG}}, {"And": {"Prefix": "dev/", "Not": {"Tag": TAG}}}),
    ({"Not": SEVERAL}, {"And": {"Prefix": "dev/", "Not": DEV_SEVERAL}}),
    ({"Not": ONLY_TAGS}, {"And": {"Prefix": "dev/", "Not": ONLY_TAGS}}),
    ({"And": {"Prefix": "a/", "Not": B}}, {"And": {"Prefix": "dev/a/", "Not": DEV_B}}),
    ({"And": {"Prefix": "a/", "Not": SEVERAL}}, {"And": {"Prefix": "dev/a/", "Not": DEV_SEVERAL}}),
    (
        {"And": {"Tags": [TAG], "Not": B}},
        {"And": {"Prefix": "dev/", "Tags": [TAG], "Not": DEV_B}},
    ),
    (
        {"And": {"Prefix": "a/", "Tags": [TAG], "Not": SEVERAL}},
        {"And": {"Prefix": "dev/a/", "Tags": [TAG], "Not": DEV_SEVERAL}},
    ),
]


@pytest.mark.parametrize(("asked", "mapped"), EXCLUSIONS)
def test_what_a_rule_excludes_is_excluded_inside_the_prefix(asked: Any, mapped: Any) -> None:
    """An exclusion is of the mapped keys, beside the route's prefix, and reads back as it was."""
    put, got = put_and_get("Replication", MOVED, {"Filter": asked})

    assert {"Filter": mapped} == put
    assert {"Filter": asked} == got


@pytest.mark.parametrize("rules", [SAME, RENAMED], ids=["same", "renamed"])
@pytest.mark.parametrize(
    "asked",
    [{"And": {"Prefix": "", "Not": B}}, *(asked for asked, _ in EXCLUSIONS)],
)
def test_without_a_key_prefix_an_exclusion_is_as_it_was(rules: Any, asked: Any) -> None:
    """Where keys keep their names an exclusion is put and read as it is."""
    rule = {"Filter": asked}

    assert (rule, rule) == put_and_get("Replication", rules, rule)


def test_an_exclusion_beside_an_empty_prefix_reads_back_as_the_simplest() -> None:
    """An empty prefix beside an exclusion says nothing, and is not read back."""
    _, got = put_and_get("Replication", MOVED, {"Filter": {"And": {"Prefix": "", "Not": B}}})

    assert {"Filter": {"Not": B}} == got


@pytest.mark.parametrize(
    "excluded",
    [
        {"Prefix": "prod/"},
        {"Prefix": ""},
        {"Prefix": "de"},
        {"Or": {"Prefixes": ["dev/a/", "prod/"]}},
    ],
)
def test_an_exclusion_beyond_the_prefix_is_not_read(excluded: Any) -> None:
    """What a rule of the mapped bucket excludes beyond the prefix has no words either."""
    rule = {"Filter": {"And": {"Prefix": "dev/", "Not": excluded}}}
    response = {"ReplicationConfiguration": {"Rules": [rule]}}

    with pytest.raises(RoutingError, match="beyond bucket 'data'"):
        answered(MOVED, "GetBucketReplication", BUCKET, response)


@pytest.mark.parametrize("chosen", [{"Not": {"Prefix": "dev/a/"}}, {"Not": {"Tag": TAG}}])
def test_a_rule_that_only_excludes_is_beyond_the_prefix(chosen: Any) -> None:
    """All of the mapped bucket but something is beyond the prefix, whatever is excluded."""
    response = {"ReplicationConfiguration": {"Rules": [{"Filter": chosen}]}}

    with pytest.raises(RoutingError, match="beyond bucket 'data'"):
        answered(MOVED, "GetBucketReplication", BUCKET, response)


@pytest.mark.parametrize("excluded", ["a/b/", "logs/", "logs/a/", "lo", ""])
def test_an_exclusion_of_another_routes_keys_is_put(excluded: str) -> None:
    """Excluding takes from the prefix beside it alone, so it may name keys that lie elsewhere."""
    asked = {"And": {"Prefix": "a/", "Not": {"Prefix": excluded}}}

    put, got = put_and_get("Replication", SPLIT, {"Filter": asked})

    mapped = {"And": {"Prefix": "dev/a/", "Not": {"Prefix": f"dev/{excluded}"}}}
    assert {"Filter": mapped} == put
    assert {"Filter": asked} == got


@pytest.mark.parametrize(
    "asked",
    [
        {"Not": {"Prefix": "a/"}},
        {"Not": {"Prefix": "logs/"}},
        {"And": {"Tags": [TAG], "Not": B}},
        {"And": {"Prefix": "logs/", "Not": {"Prefix": "logs/a/"}}},
        {"And": {"Prefix": "lo", "Not": {"Prefix": "logs/"}}},
    ],
)
def test_an_exclusion_does_not_bring_a_rule_into_one_route(asked: Any) -> None:
    """A rule whose own prefix reaches another route is refused, whatever it excludes."""
    with pytest.raises(RoutingError, match=r" lie on \w+:|span"):
        put_and_get("Replication", SPLIT, {"Filter": asked})


@pytest.mark.parametrize(
    "bad",
    [
        {"Not": 5},
        {"Not": {"Prefix": 5}},
        {"Not": {"Or": 5}},
        {"Not": {"Or": {"Prefixes": "b/"}}},
        {"Not": {"Or": {"Prefixes": [5, None]}}},
    ],
)
def test_an_exclusion_that_botocore_will_refuse_is_left_to_it(bad: Any) -> None:
    """A wrong type inside an exclusion goes to the store's client, which says what is wrong."""
    asked = {**BUCKET, "ReplicationConfiguration": {"Rules": [{"Filter": bad}]}}

    put = heard(MOVED, "PutBucketReplication", asked)["ReplicationConfiguration"]

    assert [{"Filter": {"And": {"Prefix": "dev/", **bad}}}] == put["Rules"]
