"""Presigned forms: the store's names in key, fields and conditions, whatever the user fills in."""

from __future__ import annotations

from typing import Any

import pytest
from asking import DEFAULT, MOVED, SAME, SPLIT, mapping

from botwo import RoutingError
from botwo._presigning import post_call

STRIPPED = mapping(
    {
        "bucket_name": "data",
        "client": "store",
        "mapped_bucket_name": "repo",
        "source_prefix": "x/",
        "strip_source_prefix": True,
        "key_prefix": "dev/",
    },
    DEFAULT,
)
NESTED = mapping(
    {"bucket_name": "data", "client": "store", "source_prefix": "x/", "key_prefix": "dev/"},
    {"bucket_name": "data", "client": "store", "key_prefix": "main/"},
    DEFAULT,
)


def posted(
    rules: Any, key: str, fields: Any = None, conditions: Any = None
) -> tuple[str, dict[str, Any]]:
    """The client that signs, and what it signs."""
    route, mapped = post_call("data", key, fields, conditions, rules)
    return route.client, mapped


@pytest.mark.parametrize(
    ("key", "mapped"),
    [
        ("k", "dev/k"),
        ("${filename}", "dev/${filename}"),
        ("a/${filename}", "dev/a/${filename}"),
        ("a/${filename}.bak", "dev/a/${filename}.bak"),
        ("a/${filename}/${filename}", "dev/a/${filename}/${filename}"),
        ("a/${file}", "dev/a/${file}"),
    ],
)
def test_a_forms_key_is_mapped(key: str, mapped: str) -> None:
    """A form posts to the mapped bucket, under the mapped key, whatever its user fills in."""
    assert ("store", {"Bucket": "repo", "Key": mapped}) == posted(MOVED, key)


def test_an_empty_key_is_left_to_the_store() -> None:
    """A form without a key does not get the route's prefix for one."""
    assert ("store", {"Bucket": "repo", "Key": ""}) == posted(MOVED, "")


@pytest.mark.parametrize(
    ("key", "client", "mapped"),
    [
        ("logs/${filename}", "other", {"Bucket": "data", "Key": "logs/${filename}"}),
        ("logs/a-${filename}", "other", {"Bucket": "data", "Key": "logs/a-${filename}"}),
        ("a/${filename}", "store", {"Bucket": "repo", "Key": "dev/a/${filename}"}),
        ("lower-${filename}", "store", {"Bucket": "repo", "Key": "dev/lower-${filename}"}),
        ("logs", "store", {"Bucket": "repo", "Key": "dev/logs"}),
    ],
)
def test_a_file_name_stays_on_the_forms_route(key: str, client: str, mapped: Any) -> None:
    """Where every file name stays on one route, that route's client signs."""
    assert (client, mapped) == posted(SPLIT, key)


@pytest.mark.parametrize("key", ["${filename}", "l${filename}", "logs${filename}", "${filename}.x"])
def test_a_file_name_that_could_change_the_route_is_refused(key: str) -> None:
    """A user's file name must not take the key to another store."""
    with pytest.raises(RoutingError, match="span"):
        posted(SPLIT, key)


CONDITIONS: list[tuple[Any, Any]] = [
    ({"key": "a/k"}, {"key": "dev/a/k"}),
    ({"Key": "a/k"}, {"Key": "dev/a/k"}),
    (["eq", "$key", "a/k"], ["eq", "$key", "dev/a/k"]),
    (("EQ", "$Key", "a/k"), ["EQ", "$Key", "dev/a/k"]),
    (["starts-with", "$key", "a/"], ["starts-with", "$key", "dev/a/"]),
    (["starts-with", "$key", ""], ["starts-with", "$key", "dev/"]),
    ({"bucket": "data"}, {"bucket": "repo"}),
    ({"bucket": "other"}, {"bucket": "other"}),
    (["eq", "$bucket", "data"], ["eq", "$bucket", "repo"]),
    (["eq", "$bucket", "dat"], ["eq", "$bucket", "dat"]),
    (["starts-with", "$bucket", "dat"], ["starts-with", "$bucket", "repo"]),
    (["starts-with", "$bucket", ""], ["starts-with", "$bucket", "repo"]),
    (["starts-with", "$bucket", "x"], ["starts-with", "$bucket", "x"]),
    (
        {"x-amz-website-redirect-location": "/a/k"},
        {"x-amz-website-redirect-location": "/dev/a/k"},
    ),
    (
        ["eq", "$x-amz-website-redirect-location", "/a/k"],
        ["eq", "$x-amz-website-redirect-location", "/dev/a/k"],
    ),
    (
        {"x-amz-website-redirect-location": "https://h/a/k"},
        {"x-amz-website-redirect-location": "https://h/a/k"},
    ),
    ({"acl": "private"}, {"acl": "private"}),
    (["content-length-range", 1, 10], ["content-length-range", 1, 10]),
    (["starts-with", "$Content-Type", "data/"], ["starts-with", "$Content-Type", "data/"]),
    (["eq", "$x-amz-meta-key", "a/k"], ["eq", "$x-amz-meta-key", "a/k"]),
    (["eq", "key", "a/k"], ["eq", "key", "a/k"]),
    ({"key": 5}, {"key": 5}),
    (["eq", "$key", 5], ["eq", "$key", 5]),
    (["starts-with", "$bucket", 5], ["starts-with", "$bucket", 5]),
    (["eq", "$key"], ["eq", "$key"]),
    ("no condition", "no condition"),
]


@pytest.mark.parametrize(("condition", "mapped"), CONDITIONS)
def test_a_condition_gets_the_stores_names(condition: Any, mapped: Any) -> None:
    """Conditions on key, bucket and redirect are mapped in each of their forms; others stay."""
    conditions = [condition, {"acl": "private"}]

    found = posted(MOVED, "a/${filename}", None, conditions)

    assert [mapped, {"acl": "private"}] == found[1]["Conditions"]
    assert [condition, {"acl": "private"}] == conditions


def test_fields_get_the_stores_names() -> None:
    """Fields for key, bucket and redirect are mapped; the rest, and the caller's, stay."""
    fields = {
        "key": "a/k",
        "Bucket": "data",
        "x-amz-website-redirect-location": "/b",
        "acl": "private",
        "x-amz-meta-bucket": "data",
    }
    mapped = {
        "key": "dev/a/k",
        "Bucket": "repo",
        "x-amz-website-redirect-location": "/dev/b",
        "acl": "private",
        "x-amz-meta-bucket": "data",
    }

    found = posted(MOVED, "a/k", fields)

    assert ("store", {"Bucket": "repo", "Key": "dev/a/k", "Fields": mapped}) == found
    assert "a/k" == fields["key"]


@pytest.mark.parametrize(
    ("condition", "mapped"),
    [
        ({"key": "x/k"}, {"key": "dev/k"}),
        (["starts-with", "$key", "x/a"], ["starts-with", "$key", "dev/a"]),
        (["starts-with", "$key", "x"], ["starts-with", "$key", "dev/"]),
        (["starts-with", "$key", ""], ["starts-with", "$key", "dev/"]),
    ],
)
def test_a_condition_under_a_stripped_prefix(condition: Any, mapped: Any) -> None:
    """A start shorter than what the route strips allows all of the route's keys, and no more."""
    key, conditions = "x/${filename}", [condition]

    found = posted(STRIPPED, key, None, conditions)

    assert {"Bucket": "repo", "Key": "dev/${filename}", "Conditions": [mapped]} == found[1]


@pytest.mark.parametrize(
    "condition",
    [
        {"key": "y"},
        {"key": "x"},
        ["eq", "$key", "x"],
        ["eq", "$key", ""],
        ["starts-with", "$key", "y/"],
    ],
)
def test_a_condition_that_no_key_of_the_route_meets_is_refused(condition: Any) -> None:
    """A condition on a key that the store has no name for is not said in other words."""
    with pytest.raises(RoutingError, match="does not lie on"):
        posted(STRIPPED, "x/${filename}", None, [condition])


@pytest.mark.parametrize("target", ["/x/k", "/k"])
def test_a_redirect_goes_by_its_own_route(target: str) -> None:
    """A form's redirect to a key on another route gets that route's prefix."""
    mapped = {"/x/k": "/dev/x/k", "/k": "/main/k"}[target]
    fields = {"x-amz-website-redirect-location": target}

    for key in ("x/k", "k"):
        found = posted(NESTED, key, fields, [fields])

        assert {"x-amz-website-redirect-location": mapped} == found[1]["Fields"]
        assert [{"x-amz-website-redirect-location": mapped}] == found[1]["Conditions"]


@pytest.mark.parametrize(
    ("start", "mapped"), [("/x/", "/dev/x/"), ("/y", "/main/y"), ("http", "http")]
)
def test_a_start_of_redirects_stays_on_one_route(start: str, mapped: str) -> None:
    """What a form's redirect must start with gets the prefix of the one route that owns it."""
    conditions = [["starts-with", "$x-amz-website-redirect-location", start]]

    found = posted(NESTED, "k", None, conditions)

    assert [["starts-with", "$x-amz-website-redirect-location", mapped]] == found[1]["Conditions"]


@pytest.mark.parametrize("start", ["", "/", "/lo"])
def test_a_redirect_that_the_forms_user_chooses_is_refused(start: str) -> None:
    """A form's user knows the caller's names, which are not the store's."""
    conditions = [["starts-with", "$x-amz-website-redirect-location", start]]

    with pytest.raises(RoutingError, match=r"redirect|span"):
        posted(SPLIT, "k", None, conditions)


def test_a_redirect_into_another_store_is_refused() -> None:
    """A store cannot redirect to a key that it does not have."""
    with pytest.raises(RoutingError, match="/logs/k"):
        posted(SPLIT, "k", {"x-amz-website-redirect-location": "/logs/k"})


@pytest.mark.parametrize("condition", [condition for condition, _ in CONDITIONS])
def test_a_form_is_as_it_was_where_no_name_changes(condition: Any) -> None:
    """Without a changed name key, fields and conditions are signed as they are."""
    expected = list(condition) if isinstance(condition, tuple) else condition

    found = posted(SAME, "a/${filename}", {"key": "a/k"}, [condition])

    signed_as = {"Fields": {"key": "a/k"}, "Conditions": [expected]}
    assert {"Bucket": "data", "Key": "a/${filename}", **signed_as} == found[1]
