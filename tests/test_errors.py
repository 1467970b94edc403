"""Errors are the routed client's, speak the caller's names, and say where the call went."""

from __future__ import annotations

import copy
import logging
import pickle
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import (
    ClientError,
    ConnectTimeoutError,
    EndpointConnectionError,
    NoCredentialsError,
    ParamValidationError,
)
from servers import ensure
from stubs import Answer, Stub, error, stub

import botwo

if TYPE_CHECKING:
    from servers import Server
    from types_boto3_s3.client import S3Client

MAPPING = [
    {"bucket_name": "old", "mapped_bucket_name": "new", "key_prefix": "main/", "client": "b"},
    {"bucket_name": "*", "client": "a"},
]
SECRETS = ("AKIA-b-key-id", "b-secret-key", "b-session-token")


def _b(answer: Any) -> Stub:
    """A second store with secrets that are easily found."""
    return stub(
        answer,
        host="b.test",
        aws_access_key_id=SECRETS[0],
        aws_secret_access_key=SECRETS[1],
        aws_session_token=SECRETS[2],
    )


def _routed(answer: Any, host: str = "a.test") -> S3Client:
    return botwo.client({"a": stub(host=host).client, "b": _b(answer).client}, MAPPING)


@pytest.mark.parametrize("kinds", ["moto over rclone", "rclone over moto"])
@pytest.mark.parametrize("bucket", ["plain", "old"])
def test_a_missing_key_is_caught_by_the_routed_clients_class(
    moto_a: Server, moto_b: Server, rclone_a: Server, kinds: str, bucket: str
) -> None:
    """`except s3.exceptions.NoSuchKey` catches whichever server answered, in the caller's names."""
    servers = (moto_a, rclone_a) if kinds == "moto over rclone" else (rclone_a, moto_b)
    clients = [server.client() for server in servers]
    ensure(clients[0], "plain")
    ensure(clients[1], "new")
    s3 = botwo.client(dict(zip("ab", clients, strict=True)), MAPPING)

    with pytest.raises(s3.exceptions.NoSuchKey) as raised:
        s3.get_object(Bucket=bucket, Key="there/is none")

    told = raised.value.response["Error"]
    assert told["Code"] == "NoSuchKey"
    assert told.get("Key", "there/is none") == "there/is none"
    assert "main/" not in str(raised.value)


@pytest.mark.parametrize(
    ("code", "status"), [("NoSuchBucket", 404), ("NoSuchUpload", 404), ("BucketAlreadyExists", 409)]
)
def test_modelled_errors_are_the_routed_clients_classes(code: str, status: int) -> None:
    """A class that another session made is answered as the routed client's class of its name."""
    store = _b(error(status, code))
    s3 = botwo.client({"a": stub(host="a.test").client, "b": store.client}, MAPPING)
    expected: Any = getattr(s3.exceptions, code)
    assert getattr(store.client.exceptions, code) is not expected

    with pytest.raises(expected) as raised:
        s3.list_objects_v2(Bucket="old")

    assert type(raised.value) is expected
    assert raised.value.operation_name == "ListObjectsV2"


def test_error_members_speak_the_callers_names() -> None:
    """Bucket, key and resource of the error document are the caller's; so is the message."""
    s3 = _routed(
        error(
            404,
            "NoSuchKey",
            Message="there is no main/a/b.txt",
            Key="main/a/b.txt",
            BucketName="new",
            Resource="/new/main/a/b.txt",
            Other="as it is",
        )
    )

    with pytest.raises(s3.exceptions.NoSuchKey) as raised:
        s3.get_object(Bucket="old", Key="a/b.txt")

    assert raised.value.response["Error"] == {
        "Code": "NoSuchKey",
        "Message": "there is no a/b.txt",
        "Key": "a/b.txt",
        "BucketName": "old",
        "Resource": "/old/a/b.txt",
        "Other": "as it is",
    }
    assert raised.value.response["ResponseMetadata"]["HTTPStatusCode"] == 404


def test_one_note_says_where_the_call_went() -> None:
    """The note names rule, client, operation, mapped name and endpoint; there is only one."""
    s3 = _routed(error(403, "AccessDenied"))

    with pytest.raises(ClientError) as raised:
        s3.get_object(Bucket="old", Key="a/b.txt")

    assert raised.value.__notes__ == [
        "botwo: routed by mapping[0] to client 'b' as GetObject of new/main/a/b.txt at http://b.test"
    ]


def test_a_note_of_list_buckets_names_the_client_that_failed() -> None:
    """An operation without a name says which client was asked."""
    s3 = _routed(error(403, "AccessDenied"))

    with pytest.raises(ClientError) as raised:
        s3.list_buckets()

    assert ["botwo: routed to client 'b' as ListBuckets of * at http://b.test"] == (
        raised.value.__notes__
    )


@pytest.mark.parametrize(
    "failure",
    [
        EndpointConnectionError(endpoint_url="http://b.test"),
        ConnectTimeoutError(endpoint_url="http://b.test"),
        NoCredentialsError(),
    ],
)
def test_connection_errors_keep_their_class(failure: Exception) -> None:
    """What botocore raises where no answer came is raised, with the note."""
    s3 = _routed(failure)

    with pytest.raises(type(failure)) as raised:
        s3.head_object(Bucket="old", Key="x")

    assert raised.value is failure
    assert len(raised.value.__notes__) == 1
    assert "HeadObject of new/main/x" in raised.value.__notes__[0]


class _MyError(Exception):
    pass


class _MyClientError(ClientError):
    pass


def _client_error(kind: type[ClientError]) -> ClientError:
    return kind({"Error": {"Code": "Teapot", "Message": "short and stout"}}, "GetObject")


@pytest.mark.parametrize("event", ["before-call.s3", "provide-client-params.s3"])
@pytest.mark.parametrize(
    "mine", [_MyError("mine"), _client_error(_MyClientError), _client_error(ClientError)], ids=repr
)
def test_what_a_handler_raises_is_raised(event: str, mine: Exception) -> None:
    """A handler's own exception reaches the caller as the same object, with its cause."""
    s3 = _routed(None)
    cause = ValueError("why")

    def fail(**kwargs: Any) -> None:
        raise mine from cause

    s3.meta.events.register(event, fail)

    with pytest.raises(type(mine)) as raised:
        s3.head_object(Bucket="old", Key="x")

    assert raised.value is mine
    assert raised.value.__cause__ is cause


def test_what_a_handler_raises_keeps_its_context() -> None:
    """An exception that a handler raised while it handled another one still shows both."""
    s3 = _routed(None)

    def fail(**kwargs: Any) -> None:
        try:
            raise LookupError("first")
        except LookupError:
            raise _client_error(ClientError)  # noqa: B904 - that is what the program may do

    s3.meta.events.register("before-call.s3", fail)

    with pytest.raises(ClientError) as raised:
        s3.head_object(Bucket="old", Key="x")

    assert isinstance(raised.value.__context__, LookupError)
    assert not raised.value.__suppress_context__


def test_an_error_is_raised_without_the_stores_own() -> None:
    """A traceback shows one error, not the store's and the routed client's."""
    s3 = _routed(error(404, "NoSuchKey", Key="main/x"))

    with pytest.raises(s3.exceptions.NoSuchKey) as raised:
        s3.get_object(Bucket="old", Key="x")

    assert raised.value.__cause__ is None
    assert raised.value.__suppress_context__ or raised.value.__context__ is None


def test_client_errors_are_picklable() -> None:
    """A raised error comes out of a pickle as it does with a plain client."""
    s3 = _routed(error(404, "NoSuchKey", Key="main/x"))
    with pytest.raises(s3.exceptions.NoSuchKey) as raised:
        s3.get_object(Bucket="old", Key="x")

    again = pickle.loads(pickle.dumps(raised.value))

    assert isinstance(again, ClientError)
    assert raised.value.response == again.response
    assert str(raised.value) == str(again)


def test_config_errors_are_picklable() -> None:
    """A ConfigError comes out of a pickle with its problems."""
    with pytest.raises(botwo.ConfigError) as raised:
        botwo.client({}, [{"bucket_name": "x", "client": "y"}])

    for again in (pickle.loads(pickle.dumps(raised.value)), copy.copy(raised.value)):
        assert type(again) is botwo.ConfigError
        assert raised.value.problems == again.problems
        assert str(raised.value) == str(again)


def test_routing_errors_are_picklable() -> None:
    """A RoutingError comes out of a pickle with its operation and routes."""
    error = botwo.RoutingError("why not", operation="CopyObject", routes=("one", "two"))

    for again in (pickle.loads(pickle.dumps(error)), copy.copy(error)):
        assert type(again) is botwo.RoutingError
        assert (again.message, again.operation) == ("why not", "CopyObject")
        assert again.routes == ("one", "two")
        assert str(again) == "CopyObject: why not"


def test_a_real_routing_error_is_picklable() -> None:
    """The routes that an error names come out of a pickle equal."""
    s3 = _routed(None)
    status: Any = {"LoggingEnabled": {"TargetBucket": "plain", "TargetPrefix": "x/"}}
    with pytest.raises(botwo.RoutingError) as raised:
        s3.put_bucket_logging(Bucket="old", BucketLoggingStatus=status)

    again = pickle.loads(pickle.dumps(raised.value))

    assert raised.value.routes == again.routes
    assert "b:new/main/ (mapping[0])" in str(again)


def test_every_error_is_a_botwo_error() -> None:
    """One class catches all that botwo raises by itself, and each keeps the built-in it means."""
    for kind, builtin in (
        (botwo.ConfigError, ValueError),
        (botwo.RoutingError, Exception),
        (botwo.PicklingError, pickle.PicklingError),
    ):
        assert issubclass(kind, botwo.BotwoError)
        assert issubclass(kind, builtin)
    assert issubclass(botwo.ConfigWarning, UserWarning)


def _told(raised: BaseException) -> str:
    notes = "".join(getattr(raised, "__notes__", ()))
    return f"{raised!r}{raised}{notes}{getattr(raised, 'response', '')}"


@pytest.mark.parametrize(
    "answer",
    [
        error(404, "NoSuchKey", Key="main/x"),
        error(500, "InternalError"),
        EndpointConnectionError(endpoint_url="http://b.test"),
        Answer(200, b"<not XML"),
    ],
    ids=["404", "500", "connection", "no XML"],
)
def test_nothing_that_is_told_has_a_secret(answer: Any, caplog: pytest.LogCaptureFixture) -> None:
    """No credential is in a repr, botwo's log, an error, its note or its pickle."""
    s3 = _routed(answer)
    told = [repr(s3), str(s3), repr(botwo.explain(s3, "get_object", Bucket="old", Key="x"))]

    with caplog.at_level(logging.DEBUG, logger="botwo"):
        for ask in (
            lambda: s3.list_objects_v2(Bucket="old"),
            lambda: s3.get_object(Bucket="old", Key="x", SSECustomerKey="k" * 32),
            lambda: s3.get_object(Bucket="old", Key=3),  # type: ignore[arg-type]
            lambda: pickle.dumps(s3),
        ):
            try:
                ask()
            except Exception as raised:  # noqa: BLE001 - whatever it is, it is searched
                told += [_told(raised), repr(pickle.dumps(raised))]
    told += [record.getMessage() for record in caplog.records if record.name == "botwo"]

    assert len(caplog.records) >= 3
    assert [] == [secret for secret in (*SECRETS, "k" * 32) if secret in "".join(told)]


def test_a_debug_line_says_where_each_call_went(caplog: pytest.LogCaptureFixture) -> None:
    """Each call is one DEBUG record of the logger `botwo`: operation, name, client, mapped name."""
    s3 = _routed(None)

    with caplog.at_level(logging.DEBUG, logger="botwo"):
        s3.put_object(Bucket="old", Key="a.txt", Body=b"body", Metadata={"m": "meta"})
        s3.head_bucket(Bucket="old")
        s3.head_object(Bucket="plain", Key="b.txt")

    said = [record.getMessage() for record in caplog.records if record.name == "botwo"]
    assert said == [
        "PutObject old/a.txt -> b new/main/a.txt",
        "HeadBucket old -> b new",
        "HeadObject plain/b.txt -> a plain/b.txt",
    ]


def test_a_parameter_error_says_where_it_would_have_gone() -> None:
    """A bucket name that the mapping made wrong is explained by the note."""
    mapping = [
        {"bucket_name": "odd", "mapped_bucket_name": "no name", "client": "a"},
        {"bucket_name": "*", "client": "a"},
    ]
    with pytest.warns(botwo.ConfigWarning, match="no name that a bucket can have"):
        s3 = botwo.client({"a": stub().client}, mapping)

    with pytest.raises(ParamValidationError, match='Invalid bucket name "no name"') as raised:
        s3.head_bucket(Bucket="odd")

    assert "mapping[0]" in raised.value.__notes__[0]


def test_what_a_copy_does_not_find_is_its_source() -> None:
    """Where both ends of a store's copy have one key there, the error names the source's."""
    store = stub(error(404, "NoSuchKey", Key="k"))
    mapping = [
        {"bucket_name": "data", "source_prefix": "a/", "strip_source_prefix": True,
         "mapped_bucket_name": "one", "client": "s"},
        {"bucket_name": "data", "source_prefix": "b/", "strip_source_prefix": True,
         "mapped_bucket_name": "other", "client": "s"},
        {"bucket_name": "*", "client": "s"},
    ]  # fmt: skip
    s3 = botwo.client({"s": store.client}, mapping)

    with pytest.raises(s3.exceptions.NoSuchKey) as raised:
        s3.copy_object(Bucket="data", Key="a/k", CopySource={"Bucket": "data", "Key": "b/k"})

    assert "b/k" == raised.value.response["Error"]["Key"]
    assert "one/k from other/k" in raised.value.__notes__[0]
