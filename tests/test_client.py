"""A routed client is a botocore client over the stores that the mapping names."""

from __future__ import annotations

import copy
import gc
import inspect
import pydoc
import uuid
from typing import TYPE_CHECKING, Any

import pytest
from botocore.client import BaseClient
from botocore.exceptions import ParamValidationError, WaiterError
from servers import ensure
from stubs import Stub, stub

import botwo

if TYPE_CHECKING:
    from servers import Server
    from types_boto3_s3.client import S3Client

# As the design that botwo started from has it.
MAPPING = [
  {
    "bucket_name": "bucket-a",
    "client": "lakefs",
    "key_prefix": "dev/"
  },
  {
    "bucket_name": "example-old-bucket",
    "mapped_bucket_name": "example-repo",
    "client": "lakefs",
    "key_prefix": "main/"
  },
  {
    "bucket_name": "*", # default
    "client": "s3",
  }
]  # fmt: skip
RENAMING = [
    {"bucket_name": "old", "mapped_bucket_name": "new", "key_prefix": "main/", "client": "b"},
    {"bucket_name": "*", "client": "a"},
]


@pytest.fixture(params=["moto over rclone", "rclone over moto"])
def stores(
    request: pytest.FixtureRequest, moto_a: Server, moto_b: Server, rclone_a: Server
) -> tuple[S3Client, S3Client]:
    """The stores of the mapping, ``s3`` and ``lakefs``, with its buckets."""
    servers = (moto_a, rclone_a) if request.param == "moto over rclone" else (rclone_a, moto_b)
    s3, lakefs = (server.client() for server in servers)
    ensure(s3, "test-bucket")
    ensure(lakefs, "bucket-a")
    ensure(lakefs, "example-repo")
    return s3, lakefs


@pytest.fixture
def routed(stores: tuple[S3Client, S3Client]) -> S3Client:
    """The routed client of the mapping."""
    return botwo.client({"s3": stores[0], "lakefs": stores[1]}, MAPPING)


@pytest.fixture(scope="module")
def plain() -> S3Client:
    """A plain client that answers nothing."""
    return stub().client


@pytest.fixture
def pair() -> tuple[Stub, Stub]:
    """Two stores without a network."""
    return stub(host="a.test"), stub(host="b.test")


@pytest.fixture
def local(pair: tuple[Stub, Stub]) -> S3Client:
    """A routed client over two stores without a network."""
    return botwo.client({"a": pair[0].client, "b": pair[1].client}, RENAMING)


@pytest.mark.parametrize(
    ("bucket", "place", "mapped_bucket", "mapped_prefix"),
    [
        ("test-bucket", 0, "test-bucket", ""),
        ("bucket-a", 1, "bucket-a", "dev/"),
        ("example-old-bucket", 1, "example-repo", "main/"),
    ],
)
def test_objects_lie_where_the_mapping_says(
    routed: S3Client,
    stores: tuple[S3Client, S3Client],
    bucket: str,
    place: int,
    mapped_bucket: str,
    mapped_prefix: str,
) -> None:
    """What is put under the caller's name is found at the store under the mapped one."""
    key = f"test/{uuid.uuid4()} ä+.txt"

    routed.put_object(Bucket=bucket, Key=key, Body=b"here")

    found = stores[place].get_object(Bucket=mapped_bucket, Key=mapped_prefix + key)
    assert found["Body"].read() == b"here"
    assert routed.get_object(Bucket=bucket, Key=key)["Body"].read() == b"here"
    with pytest.raises(stores[1 - place].exceptions.ClientError):
        stores[1 - place].head_object(Bucket=mapped_bucket, Key=mapped_prefix + key)


def test_listings_speak_the_callers_names(routed: S3Client) -> None:
    """A listing of a bucket that is renamed and prefixed gives the caller's bucket and keys."""
    keys = [f"listed/{number}.txt" for number in range(3)]
    for key in keys:
        routed.put_object(Bucket="example-old-bucket", Key=key)

    page = routed.list_objects_v2(Bucket="example-old-bucket", Prefix="listed/")

    assert page["Name"] == "example-old-bucket"
    assert page["Prefix"] == "listed/"
    assert keys == [item["Key"] for item in page["Contents"]]


@pytest.mark.parametrize("bucket", ["test-bucket", "bucket-a", "example-old-bucket"])
def test_paginators_give_every_key_once(routed: S3Client, bucket: str) -> None:
    """A paginator walks a listing in the caller's names, and a token resumes where it ended."""
    keys = [f"pages/{number}" for number in range(5)]
    for key in keys:
        routed.put_object(Bucket=bucket, Key=key)
    paginator = routed.get_paginator("list_objects_v2")
    asked: Any = {"Bucket": bucket, "Prefix": "pages/"}

    pages = list(paginator.paginate(**asked, PaginationConfig={"PageSize": 2}))
    some = paginator.paginate(**asked, PaginationConfig={"PageSize": 2, "MaxItems": 3})
    first = some.build_full_result()
    rest = paginator.paginate(
        **asked, PaginationConfig={"PageSize": 2, "StartingToken": first["NextToken"]}
    ).build_full_result()

    assert keys == [item["Key"] for page in pages for item in page["Contents"]]
    assert keys[:3] == [item["Key"] for item in first["Contents"]]
    assert keys[3:] == [item["Key"] for item in rest["Contents"]]


@pytest.mark.parametrize("bucket", ["test-bucket", "bucket-a", "example-old-bucket"])
def test_waiters_ask_the_store_of_the_name(routed: S3Client, bucket: str) -> None:
    """Waiters see an object that is there, and one that is not."""
    there, missing = f"waited/{uuid.uuid4()}", f"waited/{uuid.uuid4()}"
    routed.put_object(Bucket=bucket, Key=there)
    once = {"Delay": 0, "MaxAttempts": 2}

    routed.get_waiter("bucket_exists").wait(Bucket=bucket, WaiterConfig=once)
    routed.get_waiter("object_exists").wait(Bucket=bucket, Key=there, WaiterConfig=once)
    routed.get_waiter("object_not_exists").wait(Bucket=bucket, Key=missing, WaiterConfig=once)

    with pytest.raises(WaiterError, match="Max attempts exceeded"):
        routed.get_waiter("object_exists").wait(Bucket=bucket, Key=missing, WaiterConfig=once)
    with pytest.raises(WaiterError, match="Max attempts exceeded"):
        routed.get_waiter("object_not_exists").wait(Bucket=bucket, Key=there, WaiterConfig=once)


def test_a_waiter_waits_for_a_bucket_to_go(routed: S3Client) -> None:
    """The waiter for a bucket that does not exist looks at the store of its name."""
    routed.get_waiter("bucket_not_exists").wait(
        Bucket=f"gone-{uuid.uuid4()}", WaiterConfig={"Delay": 0, "MaxAttempts": 1}
    )


def test_event_streams_come_from_the_store_of_the_name(moto_a: Server, moto_b: Server) -> None:
    """`select_object_content` streams an object's records from a store that is not the default."""
    moto_b.client().create_bucket(Bucket="selected-repo")
    mapping = [
        {
            "bucket_name": "selected",
            "mapped_bucket_name": "selected-repo",
            "key_prefix": "main/",
            "client": "b",
        },
        {"bucket_name": "*", "client": "a"},
    ]
    s3 = botwo.client({"a": moto_a.client(), "b": moto_b.client()}, mapping)
    s3.put_object(Bucket="selected", Key="rows.csv", Body=b"name\nada\n")

    answer = s3.select_object_content(
        Bucket="selected",
        Key="rows.csv",
        Expression="SELECT * FROM S3Object",
        ExpressionType="SQL",
        InputSerialization={"CSV": {"FileHeaderInfo": "USE"}},
        OutputSerialization={"JSON": {}},
    )

    records = b"".join(e["Records"]["Payload"] for e in answer["Payload"] if "Records" in e)
    assert b'{"name":"ada"}' in records.replace(b" ", b"")


def test_calls_go_on_when_nobody_else_holds_the_clients(moto_a: Server, rclone_a: Server) -> None:
    """Botocore's handlers hold their client weakly; the routed client keeps every one alive."""
    clients = {"a": moto_a.client(), "b": rclone_a.client()}
    ensure(clients["a"], "kept")
    ensure(clients["b"], "new")
    s3 = botwo.client(clients, RENAMING)

    del clients
    gc.collect()

    for bucket in ("kept", "old"):
        s3.put_object(Bucket=bucket, Key="x", Body=b"alive")
        assert s3.get_object(Bucket=bucket, Key="x")["Body"].read() == b"alive"
        with pytest.raises(s3.exceptions.NoSuchKey):
            s3.get_object(Bucket=bucket, Key="missing")


def test_it_is_a_botocore_client(local: S3Client, plain: S3Client) -> None:
    """Its class is a botocore client's, with the plain class's name and module."""
    assert isinstance(local, BaseClient)
    assert type(plain).__name__ == type(local).__name__
    assert type(plain).__qualname__ == type(local).__qualname__
    assert type(plain).__module__ == type(local).__module__


def test_everything_a_plain_client_has_is_there(local: S3Client, plain: S3Client) -> None:
    """Every attribute of a plain client is an attribute of a routed one."""
    assert set() == set(dir(plain)) - set(dir(local))


def test_every_method_has_its_signature_and_docstring(local: S3Client, plain: S3Client) -> None:
    """Every public method is called, and described, as the plain client's."""
    names = [name for name in dir(plain) if not name.startswith("_") and name != "exceptions"]
    methods = [name for name in names if callable(getattr(plain, name))]

    told = {name: inspect.signature(getattr(local, name)) for name in methods}

    assert told == {name: inspect.signature(getattr(plain, name)) for name in methods}
    assert all(getattr(local, name).__doc__ for name in methods if getattr(plain, name).__doc__)


@pytest.mark.parametrize("method", ["get_object", "generate_presigned_url", "upload_file", "close"])
def test_help_tells_what_it_tells_of_a_plain_client(
    local: S3Client, plain: S3Client, method: str
) -> None:
    """The text of `help(s3.get_object)` is the plain client's."""
    told = pydoc.render_doc(getattr(local, method))

    assert pydoc.render_doc(getattr(plain, method)) == told


def test_an_unknown_attribute_is_missed_as_on_a_plain_client(
    local: S3Client, plain: S3Client
) -> None:
    """An attribute that a plain client does not have raises the same error."""
    with pytest.raises(AttributeError) as expected:
        plain.get_objekt  # noqa: B018

    with pytest.raises(AttributeError) as raised:
        local.get_objekt  # noqa: B018

    assert str(expected.value) == str(raised.value)


def test_the_same_operations_can_be_paginated(local: S3Client, plain: S3Client) -> None:
    """`can_paginate` answers for every operation as the plain client does."""
    names: Any = plain.meta.method_to_api_mapping

    assert {name: plain.can_paginate(name) for name in names} == {
        name: local.can_paginate(name) for name in names
    }
    assert plain.waiter_names == local.waiter_names


def test_meta_is_the_default_clients(local: S3Client, pair: tuple[Stub, Stub]) -> None:
    """All of `meta` but its events is the default store's client's."""
    default = pair[0].client.meta

    for name in (
        "config",
        "endpoint_url",
        "method_to_api_mapping",
        "partition",
        "region_name",
        "service_model",
    ):
        assert getattr(default, name) is getattr(local.meta, name)


def test_exceptions_are_the_default_clients(local: S3Client, pair: tuple[Stub, Stub]) -> None:
    """`s3.exceptions` has the classes of the default store's client, by name and by code."""
    default: Any = pair[0].client.exceptions

    assert default.NoSuchKey is local.exceptions.NoSuchKey
    assert default.from_code("NoSuchBucket") is local.exceptions.from_code("NoSuchBucket")


def test_close_closes_every_stores_client(
    local: S3Client, pair: tuple[Stub, Stub], monkeypatch: pytest.MonkeyPatch
) -> None:
    """`close()` closes each store's connections."""
    closed: list[Stub] = []
    for store in pair:
        endpoint: Any = store.client
        monkeypatch.setattr(endpoint._endpoint, "close", lambda store=store: closed.append(store))

    local.close()

    assert list(pair) == closed


def test_close_closes_what_it_can(
    local: S3Client, pair: tuple[Stub, Stub], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A store's client that cannot be closed keeps no other open, and its error is raised."""
    closed: list[Stub] = []

    def close(store: Stub) -> None:
        closed.append(store)
        raise OSError("as the test wants it")

    for store in pair:
        endpoint: Any = store.client
        monkeypatch.setattr(endpoint._endpoint, "close", lambda store=store: close(store))

    with pytest.raises(OSError, match="as the test wants it"):
        local.close()

    assert {id(store) for store in pair} == {id(store) for store in closed}


def test_a_repr_says_where_it_routes_and_no_secret(local: S3Client) -> None:
    """`repr` names the clients, and nothing that they authenticate with."""
    assert repr(local) == "<botwo routed S3 client over a, b: 2 rules>"


def test_a_copy_routes_alike(local: S3Client, pair: tuple[Stub, Stub]) -> None:
    """`copy.copy` gives another routed client over the same stores."""
    twin = copy.copy(local)

    twin.head_object(Bucket="old", Key="x")

    assert twin is not local
    assert pair[1].paths == ["HEAD /new/main/x"]


def test_the_clients_given_stay_as_they_were(pair: tuple[Stub, Stub]) -> None:
    """A client that went into a routed one still speaks the store's names when called itself."""
    before = [(type(store.client), dict(vars(store.client))) for store in pair]

    s3 = botwo.client({"a": pair[0].client, "b": pair[1].client}, RENAMING)
    s3.head_object(Bucket="old", Key="x")
    pair[1].client.head_object(Bucket="old", Key="x")

    assert pair[1].paths == ["HEAD /new/main/x", "HEAD /old/x"]
    for store, (kind, state) in zip(pair, before, strict=True):
        assert kind is type(store.client)
        assert state.keys() <= vars(store.client).keys()
        assert all(
            vars(store.client)[name] is value
            for name, value in state.items()
            if name != "_exceptions"
        )


def test_the_callers_arguments_stay_as_they_were(local: S3Client) -> None:
    """Routing changes no dict or list that the caller passed, however deep."""
    asked: Any = {
        "Bucket": "old",
        "Delete": {"Objects": [{"Key": "x"}, {"Key": "y", "VersionId": "1"}], "Quiet": True},
    }
    before = copy.deepcopy(asked)

    local.delete_objects(**asked)

    assert before == asked


def test_a_routed_client_can_be_a_store(local: S3Client, pair: tuple[Stub, Stub]) -> None:
    """A routed client over a routed client applies both mappings, the outer one first."""
    third = stub(host="c.test")
    outer = botwo.client(
        {"inner": local, "c": third.client},
        [
            {"bucket_name": "older", "mapped_bucket_name": "old", "client": "inner"},
            {"bucket_name": "third", "client": "c"},
            {"bucket_name": "*", "client": "inner"},
        ],
    )

    outer.head_object(Bucket="older", Key="x")
    outer.head_object(Bucket="third", Key="x")
    outer.head_object(Bucket="plain", Key="x")

    assert pair[0].paths == ["HEAD /plain/x"]
    assert pair[1].paths == ["HEAD /new/main/x"]
    assert third.paths == ["HEAD /third/x"]


_WRONG: list[tuple[str, dict[str, Any]]] = [
    ("get_object", {"Key": "x"}),
    ("get_object", {"Bucket": "old"}),
    ("get_object", {"Bucket": "old", "Key": ""}),
    ("get_object", {"Bucket": "old", "Key": 3}),
    ("get_object", {"Bucket": "old", "Key": "x", "Nonsense": 1}),
    ("get_object", {"Bucket": "old", "Key": "x", "PartNumber": "one"}),
    ("get_object", {"Bucket": "", "Key": "x"}),
    ("get_object", {"Bucket": None, "Key": "x"}),
    ("get_object", {"Bucket": 3, "Key": "x"}),
    ("get_object", {"Bucket": "not a bucket", "Key": "x"}),
    ("head_bucket", {}),
    ("put_object", {"Bucket": "old", "Key": "x", "Metadata": {"name": "not ascii: ä"}}),
    ("put_object", {"Bucket": "old", "Key": "x", "Body": 3}),
    ("list_objects_v2", {"Bucket": "old", "Prefix": 3}),
    ("list_objects_v2", {"Bucket": "old", "MaxKeys": "many"}),
    ("list_buckets", {"MaxBuckets": "many"}),
    ("list_buckets", {"MaxBuckets": 0}),
    ("list_buckets", {"Prefix": 3}),
    ("copy_object", {"Bucket": "old", "Key": "x"}),
    ("copy_object", {"Bucket": "old", "Key": "x", "CopySource": 3}),
    ("copy_object", {"Bucket": "old", "Key": "x", "CopySource": {"Bucket": "old"}}),
    ("copy_object", {"Bucket": "old", "Key": "", "CopySource": "old/y"}),
    ("delete_objects", {"Bucket": "old"}),
    ("delete_objects", {"Bucket": "old", "Delete": 3}),
    ("delete_objects", {"Bucket": "old", "Delete": {"Objects": [{"Key": ""}]}}),
    ("delete_objects", {"Bucket": "old", "Delete": {"Objects": [{"VersionId": "1"}]}}),
    ("put_bucket_lifecycle_configuration", {"Bucket": "old", "LifecycleConfiguration": 3}),
    ("generate_presigned_url", {"ClientMethod": "no_such_method"}),
    ("generate_presigned_url", {"ClientMethod": "get_object", "Params": {"Bucket": "old"}}),
    (
        "generate_presigned_url",
        {"ClientMethod": "get_object", "Params": {"Bucket": "old", "Key": ""}},
    ),
    ("generate_presigned_post", {"Bucket": None, "Key": "x"}),
    ("generate_presigned_post", {"Bucket": "old", "Key": None}),
    ("generate_presigned_post", {"Bucket": "not a bucket", "Key": "x"}),
]


@pytest.mark.parametrize(("method", "params"), _WRONG)
def test_wrong_parameters_are_refused_in_the_plain_clients_words(
    local: S3Client, pair: tuple[Stub, Stub], plain: S3Client, method: str, params: dict[str, Any]
) -> None:
    """What a plain client refuses is refused with the same class and text, and nothing is sent."""
    with pytest.raises(Exception) as expected:  # noqa: PT011 - compared with the other one
        getattr(plain, method)(**params)

    with pytest.raises(type(expected.value)) as raised:
        getattr(local, method)(**params)

    assert str(expected.value) == str(raised.value)
    assert pair[0].sent + pair[1].sent == []


def test_positional_arguments_are_refused(local: S3Client) -> None:
    """An operation takes keyword arguments only, as a plain client's."""
    call: Any = local.get_object

    with pytest.raises(TypeError, match=r"get_object\(\) only accepts keyword arguments"):
        call("old", "x")


def test_a_name_that_the_store_cannot_have_is_refused_as_the_caller_wrote_it(
    local: S3Client,
) -> None:
    """A bucket name that no S3 client takes is refused before it is put into a mapped one."""
    s3 = botwo.client(
        {"a": local}, [{"bucket_name": "*", "mapped_bucket_name": "{bucket}-x", "client": "a"}]
    )

    with pytest.raises(ParamValidationError, match='Invalid bucket name "not a bucket"'):
        s3.get_object(Bucket="not a bucket", Key="x")
