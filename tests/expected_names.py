"""What each kind of name is to the caller and to the store, where bucket "data" is "repo/dev/"."""

from __future__ import annotations

import json
from typing import Any

from asking import DEFAULT, mapping

from botwo._operations import Kind

Pair = tuple[Any, Any]

MOVED = mapping(
    {"bucket_name": "data", "client": "store", "mapped_bucket_name": "repo", "key_prefix": "dev/"},
    {"bucket_name": "copy", "client": "store", "mapped_bucket_name": "fork", "key_prefix": "dev/"},
    DEFAULT,
)


def policy(resource: str) -> str:
    """A policy about one resource."""
    return json.dumps({"Statement": [{"Effect": "Allow", "Resource": f"arn:aws:s3:::{resource}"}]})


def notified(prefix: str) -> dict[str, Any]:
    """A target that is told of keys under a prefix."""
    return {"Filter": {"Key": {"FilterRules": [{"Name": "prefix", "Value": prefix}]}}}


def redirecting(prefix: str, **redirect: str) -> dict[str, Any]:
    """A website that redirects keys under a prefix."""
    return {"RoutingRules": [{"Condition": {"KeyPrefixEquals": prefix}, "Redirect": redirect}]}


# A rule with a filter, by the filter's leaf.
RULES: dict[str, Pair] = {
    "Prefix": ({"Prefix": "a/"}, {"Prefix": "dev/a/"}),
    "Filter.Prefix": ({"Filter": {"Prefix": "a/"}}, {"Filter": {"Prefix": "dev/a/"}}),
    "Filter.And.Prefix": (
        {"Filter": {"And": {"Prefix": "a/", "Tags": []}}},
        {"Filter": {"And": {"Prefix": "dev/a/", "Tags": []}}},
    ),
}
# Only a rule of replication can exclude, and only where botocore is new enough.
EXCLUDING: dict[str, Pair] = {
    "Filter.Not.Prefix": (
        {"Filter": {"Not": {"Prefix": "b/"}}},
        {"Filter": {"And": {"Prefix": "dev/", "Not": {"Prefix": "dev/b/"}}}},
    ),
    "Filter.Not.Or.Prefixes[]": (
        {"Filter": {"Not": {"Or": {"Prefixes": ["b/", "c"]}}}},
        {"Filter": {"And": {"Prefix": "dev/", "Not": {"Or": {"Prefixes": ["dev/b/", "dev/c"]}}}}},
    ),
    "Filter.And.Not.Prefix": (
        {"Filter": {"And": {"Prefix": "a/", "Not": {"Prefix": "a/b/"}}}},
        {"Filter": {"And": {"Prefix": "dev/a/", "Not": {"Prefix": "dev/a/b/"}}}},
    ),
    "Filter.And.Not.Or.Prefixes[]": (
        {"Filter": {"And": {"Prefix": "a/", "Not": {"Or": {"Prefixes": ["a/b"]}}}}},
        {"Filter": {"And": {"Prefix": "dev/a/", "Not": {"Or": {"Prefixes": ["dev/a/b"]}}}}},
    ),
}


# What a member holds: in the caller's names, and in the store's. By kind; by kind and leaf where
# a row stands for a structure.
NAMES: dict[Kind | tuple[Kind, str], Pair] = {
    Kind.BUCKET: ("data", "repo"),
    Kind.KEY: ("a b/k", "dev/a b/k"),
    Kind.PREFIX: ("a/", "dev/a/"),
    Kind.MARKER: ("a/k", "dev/a/k"),
    Kind.BUCKET_ARN: ("arn:aws:s3:::data", "arn:aws:s3:::repo"),
    Kind.REDIRECT: ("/a/k", "/dev/a/k"),
    Kind.COPY_SOURCE: ("copy/a b/k", {"Bucket": "fork", "Key": "dev/a b/k"}),
    Kind.RENAME_SOURCE: ("a%20b/k", "dev/a%20b/k"),
    Kind.POLICY: (policy("data/a/*"), policy("repo/dev/a/*")),
    Kind.REPLICA: ("arn:aws:s3:::copy", "arn:aws:s3:::fork"),
    Kind.OUTPUT_PATH: ("out/a/1", "dev/out/a/1"),
    (Kind.OBJECTS, "Key"): ({"Key": "a/k"}, {"Key": "dev/a/k"}),
    **{(Kind.RULE_FILTER, leaf): names for leaf, names in RULES.items()},
    **{(Kind.REPLICATION_FILTER, leaf): names for leaf, names in {**RULES, **EXCLUDING}.items()},
    (Kind.FILTER, "Filter.Prefix"): (
        {"Filter": {"Prefix": "a/"}},
        {"Filter": {"Prefix": "dev/a/"}},
    ),
    (Kind.FILTER, "Filter.And.Prefix"): (
        {"Filter": {"And": {"Prefix": "a/", "Tags": []}}},
        {"Filter": {"And": {"Prefix": "dev/a/", "Tags": []}}},
    ),
    (Kind.NOTIFICATION, "Filter.Key.FilterRules[].Value"): (notified("a/"), notified("dev/a/")),
    (Kind.WEBSITE, "ErrorDocument.Key"): (
        {"ErrorDocument": {"Key": "404.html"}},
        {"ErrorDocument": {"Key": "dev/404.html"}},
    ),
    (Kind.WEBSITE, "RoutingRules[].Condition.KeyPrefixEquals"): (
        redirecting("a/"),
        redirecting("dev/a/"),
    ),
    (Kind.WEBSITE, "RoutingRules[].Redirect.ReplaceKeyPrefixWith"): (
        redirecting("a/", ReplaceKeyPrefixWith="b/"),
        redirecting("dev/a/", ReplaceKeyPrefixWith="dev/b/"),
    ),
    (Kind.WEBSITE, "RoutingRules[].Redirect.ReplaceKeyWith"): (
        redirecting("a/", ReplaceKeyWith="b"),
        redirecting("dev/a/", ReplaceKeyWith="dev/b"),
    ),
    (Kind.LOGGING, "TargetBucket"): (
        {"TargetBucket": "copy", "TargetPrefix": ""},
        {"TargetBucket": "fork", "TargetPrefix": "dev/"},
    ),
    (Kind.LOGGING, "TargetPrefix"): (
        {"TargetBucket": "data", "TargetPrefix": "a/"},
        {"TargetBucket": "repo", "TargetPrefix": "dev/a/"},
    ),
    (Kind.REPORT, "Bucket"): (
        {"Bucket": "arn:aws:s3:::copy"},
        {"Bucket": "arn:aws:s3:::fork", "Prefix": "dev/"},
    ),
    (Kind.REPORT, "Prefix"): (
        {"Bucket": "arn:aws:s3:::data", "Prefix": "a/"},
        {"Bucket": "arn:aws:s3:::repo", "Prefix": "dev/a/"},
    ),
    (Kind.OUTPUT, "BucketName"): (
        {"BucketName": "copy", "Prefix": ""},
        {"BucketName": "fork", "Prefix": "dev/"},
    ),
    (Kind.OUTPUT, "Prefix"): (
        {"BucketName": "data", "Prefix": "a/"},
        {"BucketName": "repo", "Prefix": "dev/a/"},
    ),
}
# The one kind whose form depends on the operation.
LOCATIONS: dict[str, Pair] = {
    "CompleteMultipartUpload": ("http://h/data/a%20b/k", "http://h/repo/dev/a%20b/k"),
    "CreateBucket": ("/data", "/repo"),
}
# What reaches the whole bucket is refused under a key prefix.
REFUSED = {
    "TopicConfiguration",
    "QueueConfiguration",
    "CloudFunctionConfiguration",
    "EventBridgeConfiguration",
}


# What a response is about, where it answers what was asked.
ASKED: dict[str, Any] = {
    "RestoreOutputPath": {
        "RestoreRequest": {"OutputLocation": {"S3": {"BucketName": "copy", "Prefix": "out/"}}}
    },
    "Deleted[].Key": {"Delete": {"Objects": [{"Key": "a b/k"}]}},
    "Errors[].Key": {"Delete": {"Objects": [{"Key": "a b/k"}]}},
    **{name: {name: "a/k"} for name in ("Marker", "KeyMarker", "StartAfter")},
    "Prefix": {"Prefix": "a/"},
}


def listed(buckets: list[dict[str, Any]], **members: Any) -> dict[str, Any]:
    """A list of buckets."""
    return {"Buckets": buckets, **members}


# Lists of buckets are asked for whole; the mapping says what they are called and which are shown.
# A store's bucket is there under its own name too, where the default claims that.
LISTED: dict[str, tuple[dict[str, Any], Any, Any]] = {
    "Buckets[].Name": (
        {},
        listed([{"Name": "repo"}]),
        listed([{"Name": "data"}, {"Name": "repo"}]),
    ),
    "Buckets[].BucketArn": (
        {},
        listed([{"Name": "repo", "BucketArn": "arn:aws:s3:::repo"}]),
        listed(
            [
                {"Name": "data", "BucketArn": "arn:aws:s3:::data"},
                {"Name": "repo", "BucketArn": "arn:aws:s3:::repo"},
            ]
        ),
    ),
    "Prefix": (
        {"Prefix": "da"},
        listed([{"Name": "dawn"}, {"Name": "fork"}, {"Name": "repo"}]),
        listed([{"Name": "data"}, {"Name": "dawn"}], Prefix="da"),
    ),
}
