"""Websites: error documents and redirects of the route's own keys, read back as they were put."""

from __future__ import annotations

from typing import Any

import pytest
from asking import MOVED, RENAMED, SAME, SPLIT, answered, heard

from botwo import RoutingError

BUCKET = {"Bucket": "data"}


def put(rules: Any, website: dict[str, Any]) -> dict[str, Any]:
    """What the store is told."""
    params = {**BUCKET, "WebsiteConfiguration": website}
    told: dict[str, Any] = heard(rules, "PutBucketWebsite", params)["WebsiteConfiguration"]
    return told


def got(rules: Any, website: dict[str, Any]) -> dict[str, Any]:
    """What the caller reads."""
    return answered(rules, "GetBucketWebsite", BUCKET, website)


def rule(prefix: str | None, code: str | None = None, **redirect: str) -> dict[str, Any]:
    """A website of one routing rule."""
    told = {"KeyPrefixEquals": prefix, "HttpErrorCodeReturnedEquals": code}
    condition = {name: value for name, value in told.items() if value is not None}
    one: dict[str, Any] = {"Redirect": redirect}
    return {"RoutingRules": [one | ({"Condition": condition} if condition else {})]}


WEBSITES: list[tuple[dict[str, Any], dict[str, Any]]] = [
    ({"IndexDocument": {"Suffix": "index.html"}}, {"IndexDocument": {"Suffix": "index.html"}}),
    ({"ErrorDocument": {"Key": "e.html"}}, {"ErrorDocument": {"Key": "dev/e.html"}}),
    (
        rule("a/", ReplaceKeyPrefixWith="b/"),
        rule("dev/a/", ReplaceKeyPrefixWith="dev/b/"),
    ),
    (rule("a/", ReplaceKeyPrefixWith=""), rule("dev/a/", ReplaceKeyPrefixWith="dev/")),
    (rule("a/", ReplaceKeyWith="b.html"), rule("dev/a/", ReplaceKeyWith="dev/b.html")),
    (rule("a/", Protocol="https"), rule("dev/a/", Protocol="https")),
    (rule(None, Protocol="https"), rule("dev/", Protocol="https")),
    (
        rule(None, "404", ReplaceKeyWith="b.html"),
        rule("dev/", "404", ReplaceKeyWith="dev/b.html"),
    ),
    (
        rule("a/", HostName="h"),
        rule("dev/a/", HostName="h", ReplaceKeyPrefixWith="a/"),
    ),
    (rule(None, HostName="h"), rule("dev/", HostName="h", ReplaceKeyPrefixWith="")),
    (
        rule("a/", HostName="h", ReplaceKeyPrefixWith="b/"),
        rule("dev/a/", HostName="h", ReplaceKeyPrefixWith="b/"),
    ),
    (
        rule("a/", HostName="h", ReplaceKeyWith="b"),
        rule("dev/a/", HostName="h", ReplaceKeyWith="b"),
    ),
]


@pytest.mark.parametrize(("asked", "mapped"), WEBSITES)
def test_a_website_stays_inside_the_prefix(asked: dict[str, Any], mapped: dict[str, Any]) -> None:
    """A website's keys are the route's, another host's are the caller's; both read back as put."""
    told = put(MOVED, asked)

    assert mapped == told
    assert asked == got(MOVED, told)


@pytest.mark.parametrize("rules", [SAME, RENAMED], ids=["same", "renamed"])
@pytest.mark.parametrize(
    "asked",
    [
        *(asked for asked, _ in WEBSITES),
        rule("", HostName="h"),
        {"RoutingRules": [{"Condition": {}, "Redirect": {}}]},
        {"RoutingRules": [{"Condition": {"KeyPrefixEquals": "a/"}}]},
        {"RedirectAllRequestsTo": {"HostName": "h"}},
    ],
)
def test_without_a_key_prefix_a_website_is_as_it_was(rules: Any, asked: dict[str, Any]) -> None:
    """Where keys keep their names a website is put and read as it is."""
    assert asked == put(rules, asked)
    assert asked == got(rules, asked)


def test_a_redirect_of_everything_reaches_beyond_the_prefix() -> None:
    """Redirecting all requests cannot be narrowed: it is neither put under a prefix nor read."""
    website = {"RedirectAllRequestsTo": {"HostName": "h"}}

    with pytest.raises(RoutingError, match="RedirectAllRequestsTo"):
        put(MOVED, website)
    with pytest.raises(RoutingError, match="RedirectAllRequestsTo"):
        got(MOVED, website)


@pytest.mark.parametrize(
    "beyond",
    [
        {"ErrorDocument": {"Key": "e.html"}},
        rule(None, Protocol="https"),
        rule("prod/", Protocol="https"),
        rule("dev/a/", ReplaceKeyPrefixWith="prod/"),
        rule("dev/a/", ReplaceKeyWith="prod/x"),
    ],
)
def test_a_website_beyond_the_prefix_is_not_read(beyond: dict[str, Any]) -> None:
    """What reaches keys beyond the prefix has no words in the caller's names."""
    with pytest.raises(RoutingError, match="beyond bucket 'data'"):
        got(MOVED, beyond)


@pytest.mark.parametrize(
    "asked",
    [
        {"ErrorDocument": {"Key": "logs/e.html"}},
        rule("logs/", Protocol="https"),
        rule(None, Protocol="https"),
        rule("a/", ReplaceKeyPrefixWith="logs/"),
        rule("a/", ReplaceKeyWith="logs/x"),
        {"RedirectAllRequestsTo": {"HostName": "h"}},
    ],
)
def test_a_website_over_two_stores_is_refused(asked: dict[str, Any]) -> None:
    """A store serves no page of another one."""
    with pytest.raises(RoutingError, match=r" lie on \w+:|span"):
        put(SPLIT, asked)


@pytest.mark.parametrize(
    "bad",
    [
        {"ErrorDocument": 5},
        {"ErrorDocument": {"Key": 5}},
        {"RoutingRules": [5]},
        {"RoutingRules": [{"Condition": 5, "Redirect": 5}]},
        {"RoutingRules": [{"Redirect": {"ReplaceKeyWith": 5}}]},
    ],
)
def test_what_botocore_will_refuse_is_left_to_it(bad: dict[str, Any]) -> None:
    """A wrong type goes to the store's client, which says what is wrong."""
    assert bad == put(RENAMED, bad)
