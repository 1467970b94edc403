"""What concerns a bucket itself, where the caller's bucket is less or more than the store's."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from asking import heard, mapping

import botwo
from botwo._mapping import doubts

if TYPE_CHECKING:
    from servers import Server

DEFAULT = {"bucket_name": "*", "client": "store"}
FOLDED = mapping(
    {
        "bucket_name": "t-*",
        "client": "store",
        "mapped_bucket_name": "shared",
        "key_prefix": "{bucket}/",
    },
    DEFAULT,
)
TOGETHER = mapping(
    {"bucket_name": "x", "client": "store", "mapped_bucket_name": "shared", "key_prefix": "x/"},
    {"bucket_name": "y", "client": "store", "mapped_bucket_name": "shared", "key_prefix": "y/"},
    DEFAULT,
)
SPLIT = mapping(
    {"bucket_name": "data", "client": "other", "source_prefix": "logs/"},
    {"bucket_name": "data", "client": "store", "mapped_bucket_name": "repo"},
    DEFAULT,
)
CHANGES: list[tuple[str, dict[str, Any]]] = [
    ("DeleteBucket", {}),
    ("PutBucketAcl", {"ACL": "public-read"}),
    ("PutPublicAccessBlock", {"PublicAccessBlockConfiguration": {}}),
    ("PutObjectLockConfiguration", {}),
    ("PutBucketVersioning", {"VersioningConfiguration": {"Status": "Enabled"}}),
    ("PutBucketTagging", {"Tagging": {"TagSet": []}}),
    ("DeleteBucketTagging", {}),
]


@pytest.mark.parametrize(("operation", "params"), CHANGES)
@pytest.mark.parametrize(("rules", "bucket"), [(FOLDED, "t-a"), (TOGETHER, "x")])
def test_a_shared_bucket_is_not_changed(
    rules: Any, bucket: str, operation: str, params: dict[str, Any]
) -> None:
    """What would change other buckets of the caller too is refused."""
    with pytest.raises(botwo.RoutingError, match="they would change too"):
        heard(rules, operation, {"Bucket": bucket, **params})


@pytest.mark.parametrize("operation", ["DeleteBucketLifecycle", "DeleteBucketPolicy"])
def test_a_shared_document_is_not_deleted(operation: str) -> None:
    """The one document of a shared bucket holds other buckets' entries."""
    with pytest.raises(botwo.RoutingError, match="they would change too"):
        heard(FOLDED, operation, {"Bucket": "t-a"})


@pytest.mark.parametrize(("operation", "params"), CHANGES)
def test_a_part_of_a_bucket_is_not_changed(operation: str, params: dict[str, Any]) -> None:
    """What would reach only one of a bucket's stores is refused."""
    with pytest.raises(botwo.RoutingError, match="lies elsewhere"):
        heard(SPLIT, operation, {"Bucket": "data", **params})


def test_a_bucket_in_two_parts_of_one_bucket_is_changed() -> None:
    """Two routes into one mapped bucket leave no part of the bucket elsewhere."""
    rules = mapping(
        {
            "bucket_name": "data",
            "client": "store",
            "source_prefix": "a/",
            "mapped_bucket_name": "repo",
            "key_prefix": "x/",
        },
        {
            "bucket_name": "data",
            "client": "store",
            "mapped_bucket_name": "repo",
            "key_prefix": "y/",
        },
        DEFAULT,
    )

    assert {"Bucket": "repo"} == heard(rules, "DeleteBucket", {"Bucket": "data"})


def test_a_renamed_bucket_alone_in_its_store_is_changed() -> None:
    """A bucket that shares nothing is changed and deleted as ever."""
    rules = mapping(
        {"bucket_name": "x", "client": "store", "mapped_bucket_name": "r", "key_prefix": "d/"},
        {"bucket_name": "y", "client": "other", "mapped_bucket_name": "r", "key_prefix": "d/"},
        DEFAULT,
    )

    assert {"Bucket": "r"} == heard(rules, "DeleteBucket", {"Bucket": "x"})
    assert {"Bucket": "r", "ACL": "private"} == heard(
        rules, "PutBucketAcl", {"Bucket": "x", "ACL": "private"}
    )


@pytest.mark.parametrize("operation", ["HeadBucket", "CreateBucket", "GetBucketAcl"])
def test_a_shared_bucket_is_read_and_made(operation: str) -> None:
    """Reading and making a bucket that is shared harms nobody."""
    assert {"Bucket": "shared"} == heard(FOLDED, operation, {"Bucket": "t-a"})


def test_deleting_one_of_two_buckets_leaves_the_other(moto_a: Server) -> None:
    """Two names of one empty mapped bucket: deleting one is refused, and both stay."""
    store = moto_a.client()
    s3 = botwo.client(
        {"store": store},
        [
            {
                "bucket_name": "fold-*",
                "client": "store",
                "mapped_bucket_name": "folded-into-one",
                "key_prefix": "{bucket}/",
            },
            DEFAULT,
        ],
    )
    s3.create_bucket(Bucket="fold-a")

    with pytest.raises(botwo.RoutingError, match="fold-a"):
        s3.delete_bucket(Bucket="fold-a")

    assert 200 == s3.head_bucket(Bucket="fold-b")["ResponseMetadata"]["HTTPStatusCode"]


@pytest.mark.parametrize(
    "rules",
    [
        [
            {"bucket_name": "t", "source_prefix": "a/", "strip_source_prefix": True},
            {"bucket_name": "*"},
        ],
        [{"bucket_name": "t", "source_prefix": "a/", "key_prefix": "main/"}, {"bucket_name": "*"}],
        [
            {"bucket_name": "*", "source_prefix": "old/", "strip_source_prefix": True},
            {"bucket_name": "repo"},
            {"bucket_name": "*", "client": "other"},
        ],
    ],
)
def test_two_keys_that_become_one_object_are_refused(rules: list[dict[str, Any]]) -> None:
    """A mapping under which two keys of one bucket are one object makes no client."""
    given = [{"client": "store", **rule} for rule in rules]

    with pytest.raises(botwo.ConfigError, match="become one object"):
        mapping(*given)


def test_a_collision_that_only_a_bucket_shows_is_refused_there() -> None:
    """Two wildcards that meet in a bucket that no rule names are refused when it is asked for."""
    rules = mapping(
        {
            "bucket_name": "a*",
            "client": "store",
            "source_prefix": "logs/",
            "strip_source_prefix": True,
            "key_prefix": "x/",
        },
        {"bucket_name": "*z", "client": "store", "key_prefix": "x/"},
        {"bucket_name": "*", "client": "other"},
    )

    assert "x/k" == heard(rules, "GetObject", {"Bucket": "az1", "Key": "logs/k"})["Key"]
    with pytest.raises(botwo.RoutingError, match="become one object"):
        heard(rules, "GetObject", {"Bucket": "abz", "Key": "logs/k"})


def test_an_exact_rule_into_a_folded_bucket_is_doubted() -> None:
    """A name that a folding rule has for another bucket is probably not meant for an exact one."""
    given = [
        {"bucket_name": "x", "mapped_bucket_name": "shared", "key_prefix": "y/"},
        {"bucket_name": "z", "mapped_bucket_name": "shared", "key_prefix": "z/"},
        {"bucket_name": "?", "mapped_bucket_name": "shared", "key_prefix": "{bucket}/"},
        {"bucket_name": "*"},
    ]
    rules = mapping(*({"client": "store", **rule} for rule in given))

    assert [
        "mapping[0] and mapping[2] both reach shared/y/ at 'store': its objects have two names"
    ] == list(doubts(rules, {"store"}))
