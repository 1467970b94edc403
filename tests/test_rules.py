"""The first rule that matches a name decides the client, the bucket and the key at the store."""

from __future__ import annotations

import gc
import sys
from typing import Any

import pytest

from botwo._errors import RoutingError
from botwo._mapping import read_mapping
from botwo._routes import Route
from botwo._rules import Rules
from botwo._segments import after

DEFAULT = {"bucket_name": "*", "client": "s3"}


def _rules(*entries: dict[str, Any]) -> Rules:
    mapping = [{"client": "lakefs", **entry} for entry in entries]
    return Rules(rules=read_mapping([*mapping, DEFAULT], ["s3", "lakefs"]))


def _at(rules: Rules, bucket: str, key: str = "") -> str:
    route = rules.route(bucket, key)
    return f"{route.client} {route.mapped_bucket}/{route.mapped_key(key)}"


@pytest.mark.parametrize(
    ("rule", "bucket", "key", "expected"),
    [
        ({"bucket_name": "a"}, "a", "x", "lakefs a/x"),
        ({"bucket_name": "a"}, "b", "x", "s3 b/x"),
        ({"bucket_name": "a", "mapped_bucket_name": "r"}, "a", "x", "lakefs r/x"),
        ({"bucket_name": "a", "key_prefix": "dev/"}, "a", "x/y", "lakefs a/dev/x/y"),
        ({"bucket_name": "a", "key_prefix": "dev/"}, "a", "/x", "lakefs a/dev//x"),
        ({"bucket_name": "t-*", "mapped_bucket_name": "{bucket}-r"}, "t-1", "x", "lakefs t-1-r/x"),
        (
            {"bucket_name": "t-*", "mapped_bucket_name": "r", "key_prefix": "{bucket}/"},
            "t-1",
            "x",
            "lakefs r/t-1/x",
        ),
        ({"bucket_name": "a", "source_prefix": "raw/"}, "a", "raw/x", "lakefs a/raw/x"),
        ({"bucket_name": "a", "source_prefix": "raw/"}, "a", "rawx", "s3 a/rawx"),
        ({"bucket_name": "a", "source_prefix": "raw/"}, "a", "raw", "s3 a/raw"),
        ({"bucket_name": "a", "source_prefix": "raw/"}, "a", "", "s3 a/"),
        (
            {
                "bucket_name": "a",
                "mapped_bucket_name": "r",
                "source_prefix": "raw/",
                "strip_source_prefix": True,
                "key_prefix": "main/",
            },
            "a",
            "raw/x",
            "lakefs r/main/x",
        ),
        ({"bucket_name": "A"}, "a", "x", "s3 a/x"),
    ],
)
def test_a_rule_says_where_a_name_lies(
    rule: dict[str, Any], bucket: str, key: str, expected: str
) -> None:
    """A rule's fields give client, bucket and key at the store."""
    assert expected == _at(_rules(rule), bucket, key)


def test_the_first_rule_that_matches_wins() -> None:
    """List order decides, not how narrow a rule is."""
    rules = _rules(
        {"bucket_name": "a", "source_prefix": "x/y/", "mapped_bucket_name": "first"},
        {"bucket_name": "a*", "source_prefix": "x/", "mapped_bucket_name": "{bucket}-2"},
        {"bucket_name": "a", "mapped_bucket_name": "third"},
    )

    found = [_at(rules, "a", key) for key in ("x/y/1", "x/1", "1")]

    assert found == ["lakefs first/x/y/1", "lakefs a-2/x/1", "lakefs third/1"]


def test_the_default_need_not_be_last() -> None:
    """A rule with a source prefix behind none that covers it is reached; the default may rename."""
    rules = Rules(
        rules=read_mapping(
            [
                {"bucket_name": "a", "client": "lakefs"},
                {"bucket_name": "*", "client": "s3", "mapped_bucket_name": "{bucket}-x"},
            ],
            ["s3", "lakefs"],
        )
    )

    assert _at(rules, "b", "k") == "s3 b-x/k"
    assert rules.default.client == "s3"


def test_segments_partition_a_bucket() -> None:
    """Segments follow each other from the first key to the last; each belongs to one route."""
    rules = _rules(
        {"bucket_name": "a", "source_prefix": "m/n/", "mapped_bucket_name": "inner"},
        {"bucket_name": "a", "source_prefix": "m/", "mapped_bucket_name": "outer"},
        {"bucket_name": "a", "source_prefix": "z/", "mapped_bucket_name": "last"},
    )

    found = [(s.start, s.end, s.route.mapped_bucket) for s in rules.segments("a")]

    assert found == [
        ("", "m/", "a"),
        ("m/", "m/n/", "outer"),
        ("m/n/", "m/n0", "inner"),
        ("m/n0", "m0", "outer"),
        ("m0", "z/", "a"),
        ("z/", "z0", "last"),
        ("z0", None, "a"),
    ]


@pytest.mark.parametrize(
    ("prefix", "expected"),
    [
        ("m/", ["lakefs"]),
        ("m/n", ["lakefs"]),
        ("m", ["s3", "lakefs", "s3"]),
        ("a", ["s3"]),
        ("", ["s3", "lakefs", "s3"]),
        ("z", ["s3"]),
    ],
)
def test_segments_of_a_prefix(prefix: str, expected: list[str]) -> None:
    """Only the segments that hold keys with the prefix are given."""
    rules = _rules({"bucket_name": "a", "source_prefix": "m/"})

    assert expected == [segment.route.client for segment in rules.segments("a", prefix)]


def test_a_prefix_over_several_routes_has_no_only_route() -> None:
    """Where keys of a prefix lie on two routes, the error names both."""
    rules = _rules({"bucket_name": "a", "source_prefix": "m/"})

    with pytest.raises(RoutingError, match=r"mapping\[1\].*mapping\[0\]") as raised:
        rules.only_route("a", "", "ListObjects")

    assert len(raised.value.routes) == 2
    assert rules.only_route("a", "m/x", "ListObjects").client == "lakefs"


def test_keys_and_prefixes_go_there_and_back() -> None:
    """A route gives back the key that it mapped, and refuses one that is not its own."""
    rules = _rules(
        {
            "bucket_name": "a",
            "source_prefix": "raw/",
            "strip_source_prefix": True,
            "key_prefix": "main/",
        }
    )
    route = rules.route("a", "raw/x")

    assert route.key(route.mapped_key("raw/é/x")) == "raw/é/x"
    with pytest.raises(ValueError, match="other/x"):
        route.key("other/x")


@pytest.mark.parametrize(
    ("rule", "mapped", "expected"),
    [
        ({"bucket_name": "a"}, "a", "a"),
        ({"bucket_name": "a"}, "b", None),
        ({"bucket_name": "a", "mapped_bucket_name": "r"}, "r", "a"),
        ({"bucket_name": "t-*", "mapped_bucket_name": "{bucket}-r"}, "t-1-r", "t-1"),
        ({"bucket_name": "t-*", "mapped_bucket_name": "{bucket}-r"}, "x-1-r", None),
        ({"bucket_name": "t-*", "mapped_bucket_name": "{bucket}-r"}, "-r", None),
    ],
)
def test_a_stores_bucket_has_the_callers_name(
    rule: dict[str, Any], mapped: str, expected: str | None
) -> None:
    """A rule knows which of the caller's buckets a store's bucket is, if any."""
    assert expected == _rules(rule).rules[0].unmapped_bucket(mapped)


def test_a_route_says_itself_in_one_phrase() -> None:
    """A route reads as client, bucket, prefix and rule."""
    rules = _rules({"bucket_name": "a", "mapped_bucket_name": "r", "key_prefix": "dev/"})

    assert str(rules.route("a")) == "lakefs:r/dev/ (mapping[0])"


def test_a_wildcard_does_not_rename_an_arn() -> None:
    """An access point's ARN is never put into a template; an exact rule may map it."""
    arn = "arn:aws:s3:us-east-1:123456789012:accesspoint/mine"
    wild = {"bucket_name": "*", "mapped_bucket_name": "{bucket}-x", "client": "s3"}

    with pytest.raises(RoutingError, match="ARN"):
        Rules(rules=read_mapping([wild], ["s3"])).route(arn)

    exact = {"bucket_name": arn, "mapped_bucket_name": "mine", "client": "s3"}
    rules = Rules(rules=read_mapping([exact, wild], ["s3"]))
    assert _at(rules, arn, "k") == "s3 mine/k"


@pytest.mark.parametrize(
    ("prefix", "expected"),
    [
        ("a/", "a0"),
        ("", None),
        ("a\U0010ffff", "b"),
        ("\U0010ffff", None),
        ("\ud7ff", "\ue000"),
    ],
)
def test_the_first_string_behind_a_prefix(prefix: str, expected: str | None) -> None:
    """No string that starts with the prefix is behind it, and none is between."""
    assert expected == after(prefix)


def _steps(rules: Rules, asked: list[tuple[str, str]]) -> int:
    """Count the lines that run while routes are looked up."""
    counted = 0

    def trace(frame: Any, event: str, argument: Any) -> Any:
        nonlocal counted
        counted += event == "line"
        return trace

    before = sys.gettrace()
    collects = gc.isenabled()
    gc.disable()  # what other libraries do when garbage is collected would be counted too
    sys.settrace(trace)
    try:
        for bucket, key in asked:
            rules.route(bucket, key)
    finally:
        sys.settrace(before)
        if collects:
            gc.enable()
    return counted


@pytest.mark.parametrize("kind", ["exact", "wildcard"])
def test_a_route_costs_the_same_for_ten_rules_and_ten_thousand(kind: str) -> None:
    """The number of rules does not change what finding a route takes."""
    end = "" if kind == "exact" else "-*"
    asked = [("b-00003-x", "k"), ("b-00003", "k"), ("other", "k"), ("b-00007", "k")]

    mappings = [
        [{"bucket_name": f"b-{n:05}{end}"} for n in range(count)] for count in (10, 10, 10_000)
    ]

    first, few, many = (_steps(_rules(*mapping), asked) for mapping in mappings)

    assert few == many
    assert few <= first  # which compiled the patterns


def test_routes_are_kept_for_a_bounded_number_of_buckets() -> None:
    """A program that names ever new buckets does not fill the memory."""
    rules = _rules({"bucket_name": "a"})

    for number in range(25_000):
        rules.route(f"b{number}")

    assert len(rules._plans) <= 10_000
    assert isinstance(rules.route("a"), Route)
