"""What type checkers see of the public names; checked by mypy and pyright, never run."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, assert_type

import boto3

import botwo

if TYPE_CHECKING:
    from types_boto3_s3.client import S3Client
    from types_boto3_s3.service_resource import S3ServiceResource

mapping: list[dict[str, str | bool]] = [
    {"bucket_name": "bucket-a", "client": "a", "key_prefix": "dev/"},
    {"bucket_name": "*", "client": "a", "strip_source_prefix": False},
]
s3client = boto3.client("s3")


def make() -> S3Client:
    """Make a client as a factory does."""
    return boto3.client("s3")


assert_type(botwo.client({"a": s3client}, mapping), "S3Client")
assert_type(botwo.client({"a": s3client, "b": s3client}, mapping), "S3Client")
assert_type(botwo.client({"a": make}, mapping), "S3Client")
assert_type(botwo.client({"a": partial(make)}, mapping), "S3Client")
assert_type(botwo.client({"a": lambda: make()}, mapping), "S3Client")

clients = {"a": s3client}
assert_type(botwo.client(clients, mapping), "S3Client")

s3 = boto3.resource("s3")


def make_resource() -> S3ServiceResource:
    """Make a resource as a factory does."""
    return boto3.resource("s3")


assert_type(botwo.resource({"a": s3}, mapping), "S3ServiceResource")
assert_type(botwo.resource({"a": s3, "b": s3}, mapping), "S3ServiceResource")
assert_type(botwo.resource({"a": make_resource}, mapping), "S3ServiceResource")
assert_type(botwo.resource({"a": partial(make_resource)}, mapping), "S3ServiceResource")
assert_type(botwo.resource({"a": lambda: make_resource()}, mapping), "S3ServiceResource")
assert_type(botwo.resource({"a": s3}, mapping).Bucket("b").name, str)
assert_type(botwo.resource({"a": s3client}, mapping), Any)
assert_type(botwo.resource({"a": make}, mapping), Any)
assert_type(botwo.resource({"a": s3, "b": s3client}, mapping), Any)

resources = {"a": s3}
assert_type(botwo.resource(resources, mapping), "S3ServiceResource")

session = botwo.Session("botwo.toml", region_name="us-east-1")
assert_type(session.client("s3"), "S3Client")
assert_type(session.resource("s3"), "S3ServiceResource")
assert_type(botwo.Session(botwo.load()).region_name, str)

explained = botwo.explain(botwo.client({"a": s3client}, mapping), "get_object", Bucket="b", Key="k")
assert_type(explained, botwo.Explanation)
assert_type(explained.operation, str)
assert_type(explained.refused, str | None)

try:
    botwo.client({}, [])
except botwo.ConfigError as error:
    assert_type(error.problems, tuple[botwo.Problem, ...])
except botwo.RoutingError as error:
    assert_type(error.operation, str)
