"""Spark's paths go where the mapping says, by lakeFS's RouterFileSystem or not at all."""

from __future__ import annotations

from typing import Any

import boto3
import pytest
from botocore.config import Config

import botwo

_SESSION = boto3.session.Session(
    region_name="us-east-1", aws_access_key_id="own", aws_secret_access_key="word"
)
_STORES = {
    "s3": _SESSION.client("s3"),
    "lakefs": _SESSION.client(
        "s3",
        endpoint_url="https://lakefs.example.com",
        aws_access_key_id="theirs",
        aws_secret_access_key="secret",
    ),
    "minio": _SESSION.client("s3", endpoint_url="http://minio.example.com:9000"),
}
DEFAULT = {"bucket_name": "*", "client": "s3"}
MAPPING = [
    {"bucket_name": "bucket-a", "client": "lakefs", "key_prefix": "dev/"},
    {"bucket_name": "old", "client": "lakefs", "mapped_bucket_name": "repo", "key_prefix": "main/"},
    {"bucket_name": "renamed", "client": "s3", "mapped_bucket_name": "new.name"},
    {"bucket_name": "logs", "client": "minio"},
    {"bucket_name": "same", "client": "s3"},
    DEFAULT,
]


def options(mapping: list[dict[str, Any]], **stores: Any) -> dict[str, str]:
    """Give the properties for a mapping over the stores that it names."""
    clients = {rule["client"]: {**_STORES, **stores}[rule["client"]] for rule in mapping}
    return botwo.routerfs_options(botwo.client(clients, mapping))


def routed(properties: dict[str, str], path: str) -> str:
    """Map a path as RouterFileSystem does: the first beginning that fits is replaced."""
    place = 1
    while f"routerfs.mapping.s3a.{place}.replace" in properties:
        begins = properties[f"routerfs.mapping.s3a.{place}.replace"]
        if path.startswith(begins):
            return properties[f"routerfs.mapping.s3a.{place}.with"] + path[len(begins) :]
        place += 1
    return path.replace("s3a://", "s3a-default://", 1)


def endpoint(properties: dict[str, str], mapped: str) -> str:
    """Give the endpoint that S3A takes for a mapped path: its bucket's, or else everyone's."""
    bucket = mapped.partition("://")[2].partition("/")[0]
    everyones = properties["fs.s3a.endpoint"]
    return properties.get(f"fs.s3a.bucket.{bucket}.endpoint", everyones)


@pytest.mark.parametrize("key", ["x.parquet", "dir/x", "dir/"])
@pytest.mark.parametrize("bucket", ["bucket-a", "old", "renamed", "logs", "same", "other"])
def test_a_path_goes_where_the_routed_client_goes(bucket: str, key: str) -> None:
    """Names and endpoint of a path are those that the mapping gives its bucket and key."""
    properties = options(MAPPING)
    where = botwo.storage_options(f"s3a://{bucket}/{key}", botwo.client(_STORES, MAPPING))

    mapped = routed(properties, f"s3a://{bucket}/{key}")

    assert where.path == mapped.partition("://")[2]
    expected = where.hadoop[f"fs.s3a.bucket.{where.path.partition('/')[0]}.endpoint"]
    assert expected == endpoint(properties, mapped)


def test_a_bucket_that_shares_its_name_with_another_stores_is_refused_by_hadoop() -> None:
    """A path to the default's bucket `repo` goes to a scheme that no file system has."""
    properties = options(MAPPING)

    mapped = routed(properties, "s3a://repo/x")

    assert "botwo-cannot-route://repo/x" == mapped
    assert "fs.botwo-cannot-route.impl" not in properties


def test_the_router_is_put_before_s3a() -> None:
    """`s3a` is the router's, and what it maps to and leaves alone is S3A's."""
    properties = options(MAPPING)

    assert "io.lakefs.routerfs.RouterFileSystem" == properties["fs.s3a.impl"]
    s3a = "org.apache.hadoop.fs.s3a.S3AFileSystem"
    assert (s3a, s3a) == (properties["routerfs.default.fs.s3a"], properties["fs.botwo.impl"])
    assert ("own", "theirs") == (
        properties["fs.s3a.access.key"],
        properties["fs.s3a.bucket.repo.access.key"],
    )


def test_a_proxy_of_the_default_store_is_not_the_others() -> None:
    """A bucket's settings take back the proxy that all buckets have otherwise."""
    proxied = _SESSION.client("s3", config=Config(proxies={"https": "http://proxy.example:1"}))

    properties = options(MAPPING, s3=proxied)

    assert "proxy.example" == properties["fs.s3a.proxy.host"]
    assert "" == properties["fs.s3a.bucket.repo.proxy.host"]


@pytest.mark.parametrize(
    ("rule", "why"),
    [
        ({"bucket_name": "team-*"}, r"mapping\[0\] has the wildcard bucket_name 'team-\*'"),
        ({"source_prefix": "a/"}, r"mapping\[0\] has the source_prefix 'a/'"),
        ({"key_prefix": "$1/"}, "characters that mean something"),
        ({"bucket_name": "a+b"}, "characters that mean something"),
    ],
)
@pytest.mark.filterwarnings("ignore::botwo.ConfigWarning")
def test_a_rule_that_the_router_cannot_follow_is_refused(rule: dict[str, Any], why: str) -> None:
    """Wildcards, source prefixes and characters of its own raise an error that says which rule."""
    mapping = [{"bucket_name": "b", "client": "lakefs", **rule}, DEFAULT]

    with pytest.raises(botwo.RoutingError, match=why):
        options(mapping)


def test_a_default_that_renames_is_refused() -> None:
    """The router leaves alone what it finds no rule for."""
    mapping = [{**DEFAULT, "mapped_bucket_name": "all", "key_prefix": "{bucket}/"}]

    with pytest.raises(botwo.RoutingError, match=r"mapping\[0\] is the default and renames"):
        options(mapping)


def test_two_stores_with_a_bucket_of_one_name_are_refused() -> None:
    """Hadoop has one set of settings for a bucket's name, so the two routes are named."""
    mapping = [
        {"bucket_name": "a", "client": "lakefs", "mapped_bucket_name": "data"},
        {"bucket_name": "b", "client": "minio", "mapped_bucket_name": "data"},
        DEFAULT,
    ]

    with pytest.raises(botwo.RoutingError, match="by their names") as caught:
        options(mapping)

    assert ["lakefs", "minio"] == [route.client for route in caught.value.routes]  # type: ignore[attr-defined]


def test_a_store_that_routes_by_itself_is_refused() -> None:
    """A routed client behind a routed client is more than the router can do."""
    inner = botwo.client({"s3": _STORES["s3"]}, [DEFAULT])

    with pytest.raises(botwo.RoutingError, match="rules of its own"):
        options([DEFAULT], s3=inner)
