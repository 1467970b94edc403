"""Bucket policies: said of the store's names exactly, and read back as put; or refused."""

from __future__ import annotations

import json
from typing import Any

import pytest
from asking import DEFAULT, MOVED, RENAMED, SAME, SPLIT, answered, heard, mapping

from botwo import RoutingError

BUCKET = {"Bucket": "data"}
ARN = "arn:aws:s3:::"
# Two routes of one bucket, neither with a key prefix.
CUT = mapping(
    {"bucket_name": "data", "client": "other", "source_prefix": "logs/"},
    {"bucket_name": "data", "client": "store"},
    DEFAULT,
)


def put(rules: Any, *statements: Any) -> list[Any]:
    """The statements that the store gets."""
    policy = json.dumps({"Version": "2012-10-17", "Statement": list(statements)})
    told = json.loads(heard(rules, "PutBucketPolicy", {**BUCKET, "Policy": policy})["Policy"])
    assert "2012-10-17" == told["Version"]
    found: list[Any] = told["Statement"]
    return found


def got(rules: Any, *statements: Any) -> list[Any]:
    """The statements that the caller reads."""
    response = {"Policy": json.dumps({"Statement": list(statements)})}
    told = json.loads(answered(rules, "GetBucketPolicy", BUCKET, response)["Policy"])
    found: list[Any] = told["Statement"]
    return found


def on(resource: Any, **members: Any) -> dict[str, Any]:
    """A statement about objects."""
    return {
        "Sid": "data/dev/",
        "Effect": "Allow",
        "Principal": {"AWS": "arn:aws:iam::123456789012:role/data"},
        "Action": "s3:GetObject",
        "Resource": resource,
        **members,
    }


def listing(resource: str, operator: str = "StringLike", **members: Any) -> dict[str, Any]:
    """A statement about listing a bucket under a prefix."""
    value = members.pop("prefix", ["a/*"])
    condition = {operator: {"s3:prefix": value}} if operator else {}
    return on(f"{ARN}{resource}", Action="s3:ListBucket", Condition=condition, **members)


RESOURCES = [
    (f"{ARN}data/*", f"{ARN}repo/dev/*"),
    (f"{ARN}data/a/*", f"{ARN}repo/dev/a/*"),
    (f"{ARN}data/a/b?.csv", f"{ARN}repo/dev/a/b?.csv"),
    (f"{ARN}data/${{aws:username}}/*", f"{ARN}repo/dev/${{aws:username}}/*"),
    (f"{ARN}data/é", f"{ARN}repo/dev/é"),
    ([f"{ARN}data/a", f"{ARN}data/b/*"], [f"{ARN}repo/dev/a", f"{ARN}repo/dev/b/*"]),
    ("arn:aws-cn:s3:::data/a", "arn:aws-cn:s3:::repo/dev/a"),
    (
        "arn:aws:s3express:us-west-2:1:bucket/data/a",
        "arn:aws:s3express:us-west-2:1:bucket/repo/dev/a",
    ),
]


@pytest.mark.parametrize(("asked", "mapped"), RESOURCES)
def test_resources_get_the_stores_names(asked: Any, mapped: Any) -> None:
    """Objects and patterns of this bucket are mapped, and read back; all else stays."""
    assert [on(mapped)] == put(MOVED, on(asked))
    assert [on(asked)] == got(MOVED, on(mapped))


@pytest.mark.parametrize(
    ("asked", "mapped"),
    [
        (f"{ARN}data", f"{ARN}repo"),
        (f"{ARN}data/*", f"{ARN}repo/*"),
        ([f"{ARN}data", f"{ARN}data/*"], [f"{ARN}repo", f"{ARN}repo/*"]),
    ],
)
@pytest.mark.parametrize("member", ["Resource", "NotResource"])
def test_a_renamed_bucket_is_renamed_everywhere(member: str, asked: Any, mapped: Any) -> None:
    """A bucket that is only renamed may be granted, denied and excepted as a whole."""
    statement = {"Effect": "Deny", "Action": "s3:*", member: asked}

    assert [{**statement, member: mapped}] == put(RENAMED, statement)
    assert [statement] == got(RENAMED, {**statement, member: mapped})


def test_a_single_statement_is_not_made_a_list() -> None:
    """A policy whose one statement stands alone keeps that form."""
    policy = {"Statement": on(f"{ARN}data/a")}

    told = heard(MOVED, "PutBucketPolicy", {**BUCKET, "Policy": json.dumps(policy)})["Policy"]
    back = answered(MOVED, "GetBucketPolicy", BUCKET, {"Policy": told})["Policy"]

    assert {"Statement": on(f"{ARN}repo/dev/a")} == json.loads(told)
    assert policy == json.loads(back)


@pytest.mark.parametrize(
    "resource",
    [
        "*",
        f"{ARN}*",
        f"{ARN}da*",
        f"{ARN}data*",
        f"{ARN}other/*",
        f"{ARN}repo/*",
        "arn:aws:s3:us-east-1:1:accesspoint/data/object/*",
        "data",
        [f"{ARN}data/a", f"{ARN}other/a"],
    ],
)
@pytest.mark.parametrize("rules", [MOVED, RENAMED], ids=["moved", "renamed"])
def test_a_resource_that_is_not_this_bucket_is_refused(rules: Any, resource: Any) -> None:
    """What does not name this bucket exactly could mean others at the store."""
    with pytest.raises(RoutingError, match="does not name bucket 'data'"):
        put(rules, on(resource))


@pytest.mark.parametrize(
    "resource", [f"{ARN}data/*", f"{ARN}data/l*", f"{ARN}data/logs/*", f"{ARN}data/${{x}}"]
)
@pytest.mark.parametrize("rules", [SPLIT, CUT], ids=["split", "cut"])
def test_a_pattern_over_two_stores_is_refused(rules: Any, resource: str) -> None:
    """A pattern that also matches keys in another store would hold for a part of them only."""
    with pytest.raises(RoutingError, match=r" lie on \w+:|span"):
        put(rules, on(resource))


def test_a_pattern_inside_one_store_of_several_is_put() -> None:
    """A pattern that matches keys of this store alone is put there."""
    assert [on(f"{ARN}repo/dev/a/*")] == put(SPLIT, on(f"{ARN}data/a/*"))
    assert [on(f"{ARN}data/a/*")] == put(CUT, on(f"{ARN}data/a/*"))


@pytest.mark.parametrize("operator", ["StringEquals", "StringLike", "stringlike"])
@pytest.mark.parametrize(
    ("value", "mapped"),
    [
        ("", "dev/"),
        ("a/", "dev/a/"),
        (["a/*", ""], ["dev/a/*", "dev/"]),
        ("${aws:username}/*", "dev/${aws:username}/*"),
    ],
)
def test_listings_by_prefix_are_narrowed(operator: str, value: Any, mapped: Any) -> None:
    """A statement about listing prefixes of the bucket names them as the store does, and back."""
    asked = listing("data", operator, prefix=value)
    told = listing("repo", operator, prefix=mapped)

    assert [told] == put(MOVED, asked)
    assert [asked] == got(MOVED, told)


def test_other_conditions_stay() -> None:
    """Conditions that name nothing of the bucket are as they were."""
    others = {
        "IpAddress": {"aws:SourceIp": "10.0.0.0/8"},
        "StringEquals": {"s3:delimiter": "/", "s3:prefix": "a/"},
        "Bool": {"aws:SecureTransport": ["true"]},
    }
    mapped = {**others, "StringEquals": {"s3:delimiter": "/", "s3:prefix": "dev/a/"}}
    asked = listing("data") | {"Condition": others}

    assert [listing("repo") | {"Condition": mapped}] == put(MOVED, asked)
    assert [asked] == got(MOVED, listing("repo") | {"Condition": mapped})


BUCKET_WIDE = [
    {"Action": "s3:*"},
    {"Action": ["s3:ListBucket", "s3:PutBucketPolicy"]},
    {"Action": "s3:DeleteBucket"},
    {"Action": "s3:List*"},
    {"Condition": {}},
    {"Condition": {"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}}},
    {"Condition": {"StringNotLike": {"s3:prefix": "a/*"}}},
    {"Condition": {"StringNotEquals": {"s3:prefix": "a/"}}},
    {"Condition": {"StringLikeIfExists": {"s3:prefix": "a/*"}}},
    {"Condition": {"ForAnyValue:StringLike": {"s3:prefix": "a/*"}}},
    {"Condition": {"Null": {"s3:prefix": "true"}}},
    {
        "Condition": {
            "StringLike": {"s3:prefix": "a/*"},
            "StringNotLike": {"s3:prefix": "a/b*"},
        }
    },
]


@pytest.mark.parametrize("wide", BUCKET_WIDE)
@pytest.mark.parametrize(
    ("rules", "mapped"), [(MOVED, "repo"), (SPLIT, "repo")], ids=["prefixed", "split"]
)
def test_what_reaches_the_whole_bucket_is_refused(rules: Any, mapped: str, wide: Any) -> None:
    """Beyond the prefix nothing on the bucket itself is granted or denied, and none is read."""
    with pytest.raises(RoutingError, match="reach beyond"):
        put(rules, listing("data") | wide)
    with pytest.raises(RoutingError, match="reach"):
        got(rules, listing(mapped) | wide)


@pytest.mark.parametrize("wide", BUCKET_WIDE)
def test_a_bucket_in_two_stores_is_not_granted_as_a_whole(wide: Any) -> None:
    """Where a part of the keys lies in another store, this one cannot allow or deny the bucket."""
    with pytest.raises(RoutingError, match="reach beyond"):
        put(CUT, listing("data") | wide)


def test_not_action_on_the_bucket_is_refused() -> None:
    """All actions but some reach beyond the prefix."""
    statement = {name: value for name, value in listing("data").items() if name != "Action"}

    with pytest.raises(RoutingError, match="reach beyond"):
        put(MOVED, {**statement, "NotAction": "s3:ListBucket"})


@pytest.mark.parametrize("rules", [MOVED, CUT], ids=["prefixed", "cut"])
def test_not_resource_is_refused(rules: Any) -> None:
    """All objects but some reach beyond the prefix."""
    statement = {"Effect": "Deny", "Action": "s3:GetObject", "NotResource": f"{ARN}data/a/*"}

    with pytest.raises(RoutingError, match="NotResource"):
        put(rules, statement)


def test_not_resource_beyond_the_prefix_is_not_read() -> None:
    """All of the mapped bucket but some has no words in the caller's names."""
    statement = {"Effect": "Deny", "Action": "s3:GetObject", "NotResource": f"{ARN}repo/dev/a/*"}

    with pytest.raises(RoutingError, match="NotResource"):
        got(MOVED, statement)


@pytest.mark.parametrize(
    "resource",
    [f"{ARN}repo/*", f"{ARN}repo/prod/*", f"{ARN}repo/de*", f"{ARN}data/dev/a", f"{ARN}*", "*"],
)
def test_resources_beyond_the_prefix_are_not_read(resource: str) -> None:
    """A resource of the mapped bucket beyond the prefix has no words in the caller's names."""
    with pytest.raises(RoutingError, match=r"beyond bucket 'data'|is not this bucket"):
        got(MOVED, on(resource))


def test_listings_beyond_the_prefix_are_not_read() -> None:
    """A grant to list prefixes beyond the route's has no words in the caller's names."""
    with pytest.raises(RoutingError, match="beyond bucket 'data'"):
        got(MOVED, listing("repo", prefix=["dev/a/*", "prod/*"]))


@pytest.mark.parametrize(
    "condition",
    [
        {"ArnLike": {"aws:SourceArn": f"{ARN}data"}},
        {"ArnLike": {"aws:SourceArn": [f"{ARN}plain", f"{ARN}data/x"]}},
        {"StringLike": {"aws:SourceArn": f"{ARN}*"}},
        {"ArnLike": {"aws:SourceArn": f"{ARN}da?a"}},
        {"StringLike": {"s3:x-amz-copy-source": "data/a/*"}},
        {"StringEquals": {"S3:x-amz-copy-source": "/data/a"}},
        {"StringNotEquals": {"s3:x-amz-website-redirect-location": "/a"}},
    ],
)
def test_a_condition_that_names_another_place_is_refused(condition: Any) -> None:
    """Names in other conditions are not translated, so those that change are refused."""
    with pytest.raises(RoutingError, match="condition"):
        put(MOVED, on(f"{ARN}data/a", Condition=condition))


@pytest.mark.parametrize("arn", [f"{ARN}repo", f"{ARN}data", f"{ARN}*"])
def test_a_condition_on_the_stores_names_is_not_read(arn: str) -> None:
    """A condition that names the mapped bucket has no words in the caller's names."""
    condition = {"ArnLike": {"aws:SourceArn": arn}}

    with pytest.raises(RoutingError, match="condition"):
        got(MOVED, on(f"{ARN}repo/dev/a", Condition=condition))


def test_a_condition_on_a_bucket_of_one_name_stays() -> None:
    """An ARN in a condition that has the same name at the store is as it was."""
    condition = {"ArnLike": {"aws:SourceArn": f"{ARN}plain"}}

    told = put(MOVED, on(f"{ARN}data/a", Condition=condition))

    assert [on(f"{ARN}repo/dev/a", Condition=condition)] == told
    assert [on(f"{ARN}data/a", Condition=condition)] == got(MOVED, *told)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "5",
        "[]",
        '"text"',
        "{}",
        '{"Version": "2012-10-17"}',
        '{"Statement": 5}',
        '{"Statement": [5]}',
        '{"Statement": [{"Effect": "Allow", "Resource": 5, "Condition": 5}]}',
        '{"Statement": [{"Effect": "Allow", "Condition": {"StringEquals": 5}}]}',
    ],
)
def test_what_is_no_policy_is_left_to_the_store(text: str) -> None:
    """A text that is no policy reaches the store, which says what is wrong with it."""
    told = heard(MOVED, "PutBucketPolicy", {**BUCKET, "Policy": text})["Policy"]

    assert text == told


@pytest.mark.parametrize(
    "text",
    [
        f'{{"Statement":[{{"Resource":"{ARN}data*","Condition":{{}}}}] }}',
        '{"Statement": {"NotResource": "*"}}',
        "{",
    ],
)
def test_a_policy_is_the_same_text_where_no_name_changes(text: str) -> None:
    """Without a changed name a policy is put and read to the letter."""
    assert text == heard(SAME, "PutBucketPolicy", {**BUCKET, "Policy": text})["Policy"]
    assert {"Policy": text} == answered(SAME, "GetBucketPolicy", BUCKET, {"Policy": text})


def test_a_wrong_type_is_left_to_botocore() -> None:
    """A policy that is no text goes to the store's client, which says what is wrong."""
    assert {"a": 1} == heard(MOVED, "PutBucketPolicy", {**BUCKET, "Policy": {"a": 1}})["Policy"]
