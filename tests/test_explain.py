"""`explain` says what a routed client would do, and why, and sends nothing."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

import pytest
from stubs import Stub, stub

import botwo

if TYPE_CHECKING:
    from types_boto3_s3.client import S3Client

MAPPING = [
    {"bucket_name": "data", "source_prefix": "raw/", "client": "b", "key_prefix": "main/"},
    {"bucket_name": "team-*", "client": "b", "mapped_bucket_name": "{bucket}-repo"},
    {"bucket_name": "*", "client": "a"},
]


@pytest.fixture
def pair() -> tuple[Stub, Stub]:
    """Two stores without a network."""
    return stub(host="a.test"), stub(host="b.test")


@pytest.fixture
def s3(pair: tuple[Stub, Stub]) -> S3Client:
    """A routed client over them."""
    return botwo.client({"a": pair[0].client, "b": pair[1].client}, MAPPING)


@pytest.mark.parametrize("operation", ["get_object", "GetObject"])
def test_it_says_the_route_and_the_reasons(s3: S3Client, operation: str) -> None:
    """A method's or an operation's name gives the same lines."""
    told = str(botwo.explain(s3, operation, Bucket="data", Key="x.csv"))

    assert told == (
        "GetObject\n"
        "  data/x.csv -> a data/x.csv\n"
        "    mapping[0] does not: the key does not start with its source_prefix 'raw/'\n"
        "    mapping[1] does not: its bucket_name 'team-*' is another bucket\n"
        "    mapping[2] claims it: bucket_name '*'"
    )


@pytest.mark.parametrize(
    ("asked", "place", "mapped_bucket", "mapped_key"),
    [
        ({"Bucket": "data", "Key": "raw/1"}, 0, "data", "main/raw/1"),
        ({"Bucket": "data", "Key": "rawer"}, 2, "data", "rawer"),
        ({"Bucket": "team-x", "Key": "y"}, 1, "team-x-repo", "y"),
        ({"Bucket": "Team-x", "Key": "y"}, 2, "Team-x", "y"),
    ],
)
def test_it_gives_the_mapped_name(
    s3: S3Client, asked: dict[str, Any], place: int, mapped_bucket: str, mapped_key: str
) -> None:
    """What the explanation says is there as attributes too."""
    found = botwo.explain(s3, "get_object", **asked)

    (name,) = found.names
    assert place == name.route.place
    assert (mapped_bucket, mapped_key) == (name.mapped_bucket, name.mapped_key)
    assert [reason.claims for reason in name.reasons] == [False] * place + [True]
    assert (name.route,) == found.routes
    assert found.refused is None


def test_what_it_says_is_what_is_sent(s3: S3Client, pair: tuple[Stub, Stub]) -> None:
    """The store and the name that are explained are those of the request."""
    asked: Any = {"Bucket": "team-x", "Key": "a/b"}
    (name,) = botwo.explain(s3, "head_object", **asked).names
    assert [] == pair[0].sent + pair[1].sent

    s3.head_object(**asked)

    assert name.route.client == "b"
    assert [f"HEAD /{name.mapped_bucket}/{name.mapped_key}"] == pair[1].paths


def test_a_copy_has_two_names(s3: S3Client) -> None:
    """Destination and source are explained both."""
    found = botwo.explain(
        s3, "copy_object", Bucket="team-x", Key="y", CopySource={"Bucket": "team-z", "Key": "q"}
    )

    assert [(n.bucket, n.mapped_bucket) for n in found.names] == [
        ("team-x", "team-x-repo"),
        ("team-z", "team-z-repo"),
    ]


def test_a_deletion_has_every_name(s3: S3Client) -> None:
    """Each object of `DeleteObjects` is explained."""
    found = botwo.explain(
        s3, "delete_objects", Bucket="data", Delete={"Objects": [{"Key": "raw/1"}, {"Key": "x"}]}
    )

    told = [(name.key, name.route.client) for name in found.names]
    assert told == [("raw/1", "b"), ("x", "a")]


@pytest.mark.parametrize(
    ("prefix", "expected"),
    [
        ({}, [(None, "a", None), ("raw/", "b", "main/raw/")]),
        ({"Prefix": "ra"}, [("ra", "a", "ra"), ("raw/", "b", "main/raw/")]),
        ({"Prefix": "raw/x"}, [("raw/x", "b", "main/raw/x")]),
    ],
)
def test_a_listing_has_the_name_of_every_place(
    s3: S3Client, prefix: dict[str, str], expected: list[Any]
) -> None:
    """Each place that a listing reaches is explained, with where its keys begin."""
    found = botwo.explain(s3, "list_objects_v2", Bucket="data", **prefix)

    told = [(name.key, name.route.client, name.mapped_key) for name in found.names]
    assert expected == told
    assert set(found.clients) == {client for _, client, _ in expected}


def test_an_operation_on_the_bucket_has_no_key(s3: S3Client) -> None:
    """A bucket's route is that of the empty key, and no key is shown."""
    (name,) = botwo.explain(s3, "head_bucket", Bucket="data").names

    assert name.key is None
    assert name.mapped_key is None
    assert str(name).startswith("data -> a data\n")


def test_a_refused_request_says_why_and_which_routes(s3: S3Client) -> None:
    """What would raise a RoutingError is explained with its message."""
    status: Any = {"LoggingEnabled": {"TargetBucket": "team-x", "TargetPrefix": "logs/"}}
    asked: Any = {"Bucket": "plain", "BucketLoggingStatus": status}

    found = botwo.explain(s3, "put_bucket_logging", **asked)

    with pytest.raises(botwo.RoutingError) as raised:
        s3.put_bucket_logging(**asked)
    assert raised.value.message == found.refused
    assert f"refused: {raised.value.message}" in str(found)
    assert {"a", "b"} == {route.client for route in found.routes}


def test_an_operation_without_a_name_has_none(s3: S3Client) -> None:
    """An operation that names no bucket has no route to show."""
    assert botwo.explain(s3, "list_buckets").names == ()


def test_nothing_is_read_or_sent(s3: S3Client, pair: tuple[Stub, Stub]) -> None:
    """A body is not read, and a handler not called, by an explanation."""
    body = io.BytesIO(b"four")
    s3.meta.events.register("*", lambda **kwargs: pytest.fail("an event was emitted"))

    botwo.explain(s3, "put_object", Bucket="data", Key="raw/1", Body=body)

    assert body.tell() == 0
    assert [] == pair[0].sent + pair[1].sent


def test_only_a_routed_client_is_explained(pair: tuple[Stub, Stub]) -> None:
    """A plain client has no routes."""
    with pytest.raises(TypeError, match=r"botwo\.client"):
        botwo.explain(pair[0].client, "get_object", Bucket="data", Key="x")


def test_an_unknown_operation_is_refused(s3: S3Client) -> None:
    """A name that is no operation is an error that says so."""
    with pytest.raises(ValueError, match="did you mean 'get_object'"):
        botwo.explain(s3, "get_objekt", Bucket="data", Key="x")


@pytest.mark.parametrize(
    ("operation", "params"),
    [
        ("list_objects_v2", {}),
        ("list_objects_v2", {"Bucket": "data", "Prefix": 3, "MaxKeys": "3"}),
        ("list_object_versions", {"Bucket": "data", "VersionIdMarker": "3"}),
        ("list_buckets", {"MaxBuckets": "3"}),
    ],
)
def test_what_a_client_would_refuse_is_explained_as_far_as_it_goes(
    s3: S3Client, operation: str, params: dict[str, Any]
) -> None:
    """A wrong parameter is no reason to raise something else than a client would."""
    assert botwo.explain(s3, operation, **params).refused is None


@pytest.mark.parametrize(
    ("operation", "params", "says"),
    [
        ("list_buckets", {"ContinuationToken": "garbage"}, "continuation token"),
        (
            "upload_part_copy",
            {"Bucket": "data", "Key": "raw/1", "CopySource": "data/x", "CopySourceRange": "zz"},
            "bytes=first-last",
        ),
    ],
)
def test_what_s3_would_refuse_is_explained(
    s3: S3Client, operation: str, params: dict[str, Any], says: str
) -> None:
    """What no store needs to be asked for is said as the refusal that it would be."""
    refused = botwo.explain(s3, operation, **params).refused

    assert refused is not None
    assert says in refused


def test_a_list_of_buckets_asks_the_stores_of_whole_buckets(pair: tuple[Stub, Stub]) -> None:
    """A client that serves parts of buckets only is not asked for its buckets."""
    mapping = [MAPPING[0], MAPPING[2]]
    s3 = botwo.client({"a": pair[0].client, "b": pair[1].client}, mapping)

    assert botwo.explain(s3, "list_buckets").clients == ("a",)
