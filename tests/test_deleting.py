"""`DeleteObjects` over several stores answers as one store would, and hides nothing."""

from __future__ import annotations

import re
import uuid
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import (
    ClientError,
    EndpointConnectionError,
    NoCredentialsError,
    ParamValidationError,
    UnStubbedResponseError,
)
from botocore.stub import Stubber
from servers import ensure
from stubs import Answer, Stub, error, stub

import botwo

if TYPE_CHECKING:
    from servers import Server
    from types_boto3_s3.client import S3Client

# Bucket "data" lies on both stores, and twice on store "b".
MAPPING = [
    {"bucket_name": "data", "source_prefix": "b/", "mapped_bucket_name": "repo", "client": "b"},
    {
        "bucket_name": "data",
        "source_prefix": "c/",
        "mapped_bucket_name": "repo",
        "key_prefix": "main/",
        "client": "b",
    },
    {"bucket_name": "data", "mapped_bucket_name": "plain", "client": "a"},
    {"bucket_name": "*", "client": "a"},
]


def _deletes(request: Any) -> Answer:
    """Delete whatever is asked, as S3 answers it."""
    body = request.body.decode()
    objects = re.findall(r"<Object>(.*?)</Object>", body)
    quiet = "<Quiet>true</Quiet>" in body
    told = "" if quiet else "".join(f"<Deleted>{each}</Deleted>" for each in objects)
    return Answer(body=f"<DeleteResult>{told}</DeleteResult>".encode())


def _pair(a: Any = _deletes, b: Any = _deletes) -> tuple[Stub, Stub, S3Client]:
    stores = stub(a, host="a.test"), stub(b, host="b.test")
    return *stores, botwo.client({"a": stores[0].client, "b": stores[1].client}, MAPPING)


def _objects(*keys: str) -> Any:
    return {"Objects": [{"Key": key} for key in keys]}


@pytest.mark.parametrize("kinds", ["moto and rclone", "rclone and moto"])
def test_objects_are_deleted_wherever_they_lie(
    moto_a: Server, moto_b: Server, rclone_a: Server, kinds: str
) -> None:
    """One call deletes from two servers; the answer is in request order, in the caller's names."""
    servers = (moto_a, rclone_a) if kinds == "moto and rclone" else (rclone_a, moto_b)
    a, b = (server.client() for server in servers)
    ensure(a, "plain")
    ensure(b, "repo")
    s3 = botwo.client({"a": a, "b": b}, MAPPING)
    name = uuid.uuid4()
    keys = [f"{start}{name}" for start in ("c/1-", "a/", "b/", "z/", "c/2-")]
    for key in keys:
        s3.put_object(Bucket="data", Key=key)
    s3.put_object(Bucket="data", Key=f"c/{name}-stays")

    answer = s3.delete_objects(Bucket="data", Delete=_objects(*keys))

    assert keys == [entry["Key"] for entry in answer["Deleted"]]
    assert "Errors" not in answer
    left = s3.list_objects_v2(Bucket="data", Prefix="c/").get("Contents", [])
    assert [f"c/{name}-stays"] == [item["Key"] for item in left if str(name) in item["Key"]]
    assert "Contents" not in a.list_objects_v2(Bucket="plain", Prefix=f"a/{name}")


def test_each_store_is_asked_once() -> None:
    """The objects of one client and mapped bucket go in one request, whatever their rules."""
    a, b, s3 = _pair()

    s3.delete_objects(Bucket="data", Delete=_objects("c/1", "a/1", "b/1"))

    assert [["POST /plain?delete"], ["POST /repo?delete"]] == [a.paths, b.paths]
    assert re.findall("<Key>(.*?)</Key>", b.sent[0].body.decode()) == ["main/c/1", "b/1"]


def test_versions_are_told_apart() -> None:
    """Two versions of one key are two entries, in the order of the request."""
    _, _, s3 = _pair()
    objects: Any = [
        {"Key": "b/1", "VersionId": "2"},
        {"Key": "a/1", "VersionId": "7"},
        {"Key": "b/1", "VersionId": "1"},
        {"Key": "a/1"},
    ]

    answer = s3.delete_objects(Bucket="data", Delete={"Objects": objects})

    assert objects == answer["Deleted"]


def test_quiet_is_quiet_on_every_store() -> None:
    """With `Quiet`, what was deleted is not told."""
    a, b, s3 = _pair()

    answer = s3.delete_objects(Bucket="data", Delete={**_objects("a/1", "b/1"), "Quiet": True})

    assert "Deleted" not in answer
    assert "Errors" not in answer
    assert all(b"<Quiet>true</Quiet>" in store.sent[0].body for store in (a, b))


@pytest.mark.parametrize(
    ("failure", "code"),
    [
        (error(403, "AccessDenied"), "AccessDenied"),
        (error(500, "InternalError"), "InternalError"),
        (EndpointConnectionError(endpoint_url="http://b.test"), "ServiceUnavailable"),
        (NoCredentialsError(), "ServiceUnavailable"),
    ],
)
def test_a_store_that_fails_gives_errors_for_its_keys_only(failure: Any, code: str) -> None:
    """What one store deleted is told, and what another could not is among the errors."""
    _, _, s3 = _pair(b=failure)
    objects: Any = [{"Key": "b/1", "VersionId": "9"}, {"Key": "a/1"}, {"Key": "c/1"}]

    answer = s3.delete_objects(Bucket="data", Delete={"Objects": objects})

    assert answer["Deleted"] == [{"Key": "a/1"}]
    told = [(e["Key"], e.get("VersionId"), e["Code"]) for e in answer["Errors"]]
    assert told == [("b/1", "9", code), ("c/1", None, code)]
    assert all(entry["Message"] for entry in answer["Errors"])


def test_one_objects_error_is_told_in_the_callers_names() -> None:
    """What a store says of one key is said of the caller's key."""
    refused = b"<DeleteResult><Error><Key>main/c/1</Key><Code>AccessDenied</Code></Error>"
    _, _, s3 = _pair(b=Answer(body=refused + b"</DeleteResult>"))

    answer = s3.delete_objects(Bucket="data", Delete=_objects("a/1", "c/1"))

    assert answer["Errors"] == [{"Key": "c/1", "Code": "AccessDenied"}]


def test_where_every_store_fails_the_first_error_is_raised() -> None:
    """When nothing was deleted anywhere, the caller gets the first store's error."""
    _, _, s3 = _pair(a=error(403, "AccessDenied"), b=error(503, "SlowDown"))

    with pytest.raises(ClientError, match="SlowDown"):
        s3.delete_objects(Bucket="data", Delete=_objects("b/1", "a/1"))

    with pytest.raises(ClientError, match="AccessDenied"):
        s3.delete_objects(Bucket="data", Delete=_objects("a/1", "b/1"))


def test_one_stores_error_is_raised_where_only_it_was_asked() -> None:
    """A request for one store fails as that store fails it."""
    _, _, s3 = _pair(b=error(404, "NoSuchBucket"))

    with pytest.raises(s3.exceptions.NoSuchBucket):
        s3.delete_objects(Bucket="data", Delete=_objects("b/1"))


@pytest.mark.parametrize(
    "wrong", [{"Key": ""}, {"Key": 3}, {"Key": "b/1", "VersionId": 3}, {}, {"Key": "b/1", "No": 1}]
)
def test_wrong_parameters_delete_nothing(wrong: dict[str, Any]) -> None:
    """What botocore refuses is refused as a plain client does, before any store deletes."""
    a, b, s3 = _pair()
    asked: Any = {"Bucket": "data", "Delete": {"Objects": [{"Key": "a/1"}, wrong]}}
    with pytest.raises(ParamValidationError) as expected:
        a.client.delete_objects(**asked)

    with pytest.raises(ParamValidationError) as raised:
        s3.delete_objects(**asked)

    assert str(expected.value) == str(raised.value)
    assert [] == a.sent + b.sent


def test_a_key_that_is_stripped_to_nothing_deletes_nothing() -> None:
    """A key that has no name at its store is refused before any store deletes."""
    a, b = stub(_deletes, host="a.test"), stub(_deletes, host="b.test")
    stripped = {"bucket_name": "data", "source_prefix": "b/", "strip_source_prefix": True}
    mapping = [{**stripped, "client": "b"}, {"bucket_name": "*", "client": "a"}]
    s3 = botwo.client({"a": a.client, "b": b.client}, mapping)

    with pytest.raises(botwo.RoutingError, match="'b/'"):
        s3.delete_objects(Bucket="data", Delete=_objects("a/1", "b/"))

    assert [] == a.sent + b.sent


def test_a_client_that_cannot_be_made_deletes_nothing_anywhere() -> None:
    """A factory that fails does so before any store deletes, and its error is the caller's."""
    a = stub(_deletes, host="a.test")

    def fails() -> Any:
        raise OSError("no settings")

    s3: Any = botwo.client({"a": lambda: a.client, "b": fails}, MAPPING)

    with pytest.raises(OSError, match="no settings"):
        s3.delete_objects(Bucket="data", Delete=_objects("a/1", "b/1"))

    assert [] == a.sent


def test_a_stubber_s_complaint_is_no_stores_failure() -> None:
    """What botocore's Stubber says of a request that it does not expect reaches the test."""
    a, b, s3 = _pair()
    stubber = Stubber(s3)

    with stubber, pytest.raises(UnStubbedResponseError):
        s3.delete_objects(Bucket="data", Delete=_objects("a/1", "b/1"))

    assert [] == a.sent + b.sent
