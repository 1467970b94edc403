"""The other names of what a name reaches are found, whichever rules put it there."""

from __future__ import annotations

import itertools
import time
from typing import Any

import pytest

from botwo._mapping import read_mapping
from botwo._routed import check_bucket
from botwo._rules import Rules
from botwo._twins import Twins

DEFAULT = {"bucket_name": "*", "client": "a"}
MAPPINGS: dict[str, list[dict[str, Any]]] = {
    "one rule": [DEFAULT],
    "all renamed": [{**DEFAULT, "mapped_bucket_name": "{bucket}-b", "key_prefix": "{bucket}/"}],
    "an alias": [
        {"bucket_name": "aaa", "client": "a", "mapped_bucket_name": "bbb", "key_prefix": "x/"},
        DEFAULT,
    ],
    "three names, by two clients": [
        {"bucket_name": "aaa", "client": "a", "mapped_bucket_name": "ccc", "key_prefix": "x/"},
        {"bucket_name": "bbb", "client": "b", "mapped_bucket_name": "ccc", "key_prefix": "x/y/"},
        DEFAULT,
    ],
    "a part of a bucket": [
        {"bucket_name": "aaa", "client": "b", "source_prefix": "x/", "mapped_bucket_name": "ccc"},
        {
            "bucket_name": "bbb", "client": "b", "source_prefix": "y/", "mapped_bucket_name": "ccc",
            "key_prefix": "x/", "strip_source_prefix": True,
        },
        DEFAULT,
    ],
    "folded": [
        {
            "bucket_name": "[ab]*", "client": "a", "mapped_bucket_name": "ccc",
            "key_prefix": "x/{bucket}/",
        },
        DEFAULT,
    ],
    "swapped": [
        {"bucket_name": "aaa", "client": "a", "mapped_bucket_name": "bbb"},
        {"bucket_name": "bbb", "client": "a", "mapped_bucket_name": "aaa"},
        DEFAULT,
    ],
    "patterns": [
        {"bucket_name": "a*", "client": "a", "mapped_bucket_name": "{bucket}-b"},
        {"bucket_name": "*-b", "client": "a", "key_prefix": "x/"},
        DEFAULT,
    ],
}  # fmt: skip
NAMED = ["aaa", "bbb", "ccc", "aaa-b", "bbb-b", "aaa-b-b"]
KEYS = ["", *(
    "/".join(parts) + end
    for length in (1, 2, 3)
    for parts in itertools.product(["x", "y", "aaa"], repeat=length)
    for end in ("", "/")
)]  # fmt: skip


def _twins(mapping: list[dict[str, Any]]) -> tuple[Rules, Twins]:
    rules = Rules(rules=read_mapping(mapping, ["a", "b"]), check_bucket=check_bucket)
    return rules, Twins(rules)


@pytest.mark.parametrize("mapping", MAPPINGS)
def test_twins_are_all_the_names_of_one_place(mapping: str) -> None:
    """Of many names, those that reach one mapped key are each other's twins, and no others are."""
    rules, twins = _twins(MAPPINGS[mapping])
    places: dict[tuple[str, str], set[tuple[str, str]]] = {}
    for bucket, key in itertools.product(NAMED, KEYS):
        route = rules.route(bucket, key)
        places.setdefault((route.mapped_bucket, route.mapped_key(key)), set()).add((bucket, key))

    for names in places.values():
        for bucket, key in names:
            found = twins.of(bucket, key)
            known = {name for name in found if name[0] in NAMED and name[1] in KEYS}
            assert names - {(bucket, key)} == known
            at = {rules.route(*name).mapped_bucket for name in found}
            assert at <= {rules.route(bucket, key).mapped_bucket}


def test_some_of_the_mappings_have_twins() -> None:
    """The test above compares more than empty sets."""
    _, twins = _twins(MAPPINGS["three names, by two clients"])

    assert {("aaa", "y/k"), ("ccc", "x/y/k")} == twins.of("bbb", "k")
    assert {("bbb", "k"), ("ccc", "x/y/k")} == twins.of("aaa", "y/k")
    assert {("aaa", "y/k"), ("bbb", "k")} == twins.of("ccc", "x/y/k")


@pytest.mark.parametrize("mapping", MAPPINGS)
def test_what_changes_may_be_a_file_or_a_folder(mapping: str) -> None:
    """The names of what changed are those of a file and those of a folder, whatever it is."""
    _, twins = _twins(MAPPINGS[mapping])

    for bucket, key in itertools.product(NAMED, KEYS):
        if key and not key.endswith("/"):
            both = twins.of(bucket, key) | twins.of(bucket, f"{key}/")
            found = twins.changed(bucket, key)
            assert {(name, twin.rstrip("/")) for name, twin in both} == {
                (name, twin.rstrip("/")) for name, twin in found
            }


@pytest.mark.parametrize("bucket", ["a bucket", "arn:aws:s3:us-east-1:1:accesspoint/x"])
def test_what_is_no_name_has_no_twins(bucket: str) -> None:
    """A bucket that no client takes, or that cannot be renamed, has no other names."""
    _, twins = _twins(MAPPINGS["all renamed"])

    assert set() == twins.of(bucket, "x")


def test_many_rules_cost_no_more_than_few() -> None:
    """Twins are found as fast among 10,000 buckets of one mapped bucket as among ten."""
    seconds = []
    for count in (10, 10_000):
        mapping = [
            {
                "bucket_name": f"bucket-{n}", "client": "a", "mapped_bucket_name": "repo",
                "key_prefix": f"b{n}/",
            }
            for n in range(count)
        ]  # fmt: skip
        _, twins = _twins([*mapping, DEFAULT])
        twins.of("bucket-1", "x")
        best = float("inf")
        for _ in range(50):
            begun = time.perf_counter()
            twins._folders.clear()
            assert {("repo", "b1/x")} == twins.of("bucket-1", "x")
            best = min(best, time.perf_counter() - begun)
        seconds.append(best)

    assert seconds[1] < 5 * seconds[0]
