"""Every way into S3 passes the one method where calls are routed, and what else botwo relies on."""

from __future__ import annotations

import datetime
import inspect
from typing import TYPE_CHECKING, Any

import boto3.session
import pytest
from botocore.client import BaseClient
from botocore.hooks import EventAliaser, HierarchicalEmitter
from stubs import Answer, Stub, options, stub

import botwo

if TYPE_CHECKING:
    from botocore.model import Shape
    from types_boto3_s3.client import S3Client

_SESSION = boto3.session.Session()
_PLAIN: Any = _SESSION.client("s3", **options())
_OPERATIONS = sorted(_PLAIN.meta.method_to_api_mapping.items())
_RENAMING = [
    {"bucket_name": "old", "mapped_bucket_name": "new", "key_prefix": "main/", "client": "b"},
    {"bucket_name": "*", "client": "a"},
]

# What a client offers beside its operations. `_client.py` decides on those that reach no operation;
# the transfers end in operations, and s3transfer is where they do it.
_SIGNERS = {"generate_presigned_post", "generate_presigned_url"}
_LOCAL = {"can_paginate", "close", "get_paginator", "get_waiter"}
_TRANSFERS = {
    "copy",
    "download_file",
    "download_fileobj",
    "upload_file",
    "upload_fileobj",
}


def _answer(request: Any) -> Answer:
    where = b"<LocationConstraint/>" if request.url.endswith("?location") else b""
    return Answer(body=where, headers={"ETag": '"1"'})


@pytest.fixture(scope="module")
def pair() -> tuple[Stub, Stub]:
    """Two stores without a network, for every test here."""
    return stub(_answer, host="a.test"), stub(_answer, host="b.test")


@pytest.fixture
def routed(pair: tuple[Stub, Stub]) -> S3Client:
    """A routed client over the two."""
    for store in pair:
        store.sent.clear()
    return botwo.client({"a": pair[0].client, "b": pair[1].client}, _RENAMING)


def _minimal(shape: Shape | None, name: str = "") -> Any:
    """The least that botocore takes for a shape."""
    members: dict[str, Any] = getattr(shape, "members", {})
    match shape.type_name if shape is not None else "structure":
        case "structure" if getattr(shape, "is_tagged_union", False):
            first = next(iter(members))
            return {first: _minimal(members[first], first)}
        case "structure":
            required = [] if shape is None else shape.required_members
            return {member: _minimal(members[member], member) for member in required}
        case "list":
            return [_minimal(getattr(shape, "member", None), name)]
        case "map":
            return {"key": "value"}
        case "integer" | "long":
            return 1
        case "boolean":
            return False
        case "timestamp":
            return datetime.datetime(2020, 1, 1, tzinfo=datetime.UTC)
        case "blob":
            return b""
        case kind:
            assert kind == "string"
            return _minimal_string(shape, name)


def _minimal_string(shape: Any, name: str) -> str:
    known = {"Bucket": "other", "CopySource": "other/key", "RenameSource": "/other/key"}
    long = "value" + "-" * shape.metadata.get("min", 0)
    return known.get(name) or (shape.enum[0] if shape.enum else long)


@pytest.mark.parametrize(("method", "operation"), _OPERATIONS)
def test_every_operation_reaches_the_one_method_once(
    routed: S3Client, monkeypatch: pytest.MonkeyPatch, method: str, operation: str
) -> None:
    """A method of the client ends in one `_make_api_call` with its operation and arguments."""
    made: list[tuple[str, dict[str, Any]]] = []
    monkeypatch.setattr(
        type(routed), "_make_api_call", lambda self, *asked: made.append(asked) or {"told": 1}
    )
    params = _minimal(_PLAIN.meta.service_model.operation_model(operation).input_shape)

    answer = getattr(routed, method)(**params)

    assert [(operation, params)] == made
    assert answer == {"told": 1}


@pytest.mark.parametrize(("method", "operation"), _OPERATIONS)
def test_every_operation_reaches_one_store_once(
    routed: S3Client, pair: tuple[Stub, Stub], method: str, operation: str
) -> None:
    """Whatever the model knows can be asked of a routed client, and one store is asked once."""
    params = _minimal(_PLAIN.meta.service_model.operation_model(operation).input_shape)

    getattr(routed, method)(**params)

    everywhere = operation in ("ListBuckets", "ListDirectoryBuckets")
    assert [1, int(everywhere)] == [len(store.sent) for store in pair]


@pytest.mark.parametrize(("method", "operation"), _OPERATIONS)
def test_an_operation_that_has_a_bucket_requires_it(method: str, operation: str) -> None:
    """No operation takes a bucket and goes without one: a call without a name has no route."""
    shape: Any = _PLAIN.meta.service_model.operation_model(operation).input_shape
    members = set(shape.members) if shape is not None else set()

    assert ("Bucket" in members) == ("Bucket" in getattr(shape, "required_members", ()))


def test_the_public_callables_beside_the_operations_are_a_known_set() -> None:
    """What else a client can be asked is known, and decided on; a new one has to be decided on."""
    public = {
        name
        for name in dir(type(_PLAIN))
        if not name.startswith("_") and callable(getattr(type(_PLAIN), name))
    }

    assert public - {method for method, _ in _OPERATIONS} == _SIGNERS | _LOCAL | _TRANSFERS


def test_what_reaches_no_operation_is_overridden(routed: S3Client) -> None:
    """The signers and `close` are the routed client's own."""
    own = {name for name in _SIGNERS | {"close"} if name in vars(type(routed))}

    assert _SIGNERS | {"close"} == own


@pytest.mark.parametrize("method", sorted(_TRANSFERS))
def test_a_transfer_reaches_the_one_method(
    routed: S3Client, monkeypatch: pytest.MonkeyPatch, tmp_path: Any, method: str
) -> None:
    """A transfer asks the client's operations, and nothing behind its back."""
    (tmp_path / "file").write_bytes(b"four")
    made: list[str] = []
    through: Any = type(routed)._make_api_call  # type: ignore[attr-defined]

    def counted(self: Any, operation: str, params: Any) -> Any:
        made.append(operation)
        return through(self, operation, params)

    monkeypatch.setattr(type(routed), "_make_api_call", counted)
    with (tmp_path / "file").open("r+b") as file:
        asked: dict[str, tuple[Any, ...]] = {
            "copy": ({"Bucket": "other", "Key": "x"}, "other", "y"),
            "download_file": ("other", "x", str(tmp_path / "down")),
            "download_fileobj": ("other", "x", file),
            "upload_file": (str(tmp_path / "file"), "other", "x"),
            "upload_fileobj": (file, "other", "x"),
        }
        getattr(routed, method)(*asked[method])

    last = {"copy": "CopyObject", "upload": "PutObject", "download": "GetObject"}
    assert last[method.split("_")[0]] == made[-1]


def test_paginators_and_waiters_reach_the_one_method(
    routed: S3Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A page and a look of a waiter are operations of the client they were asked of."""
    made: list[str] = []
    found = {"ResponseMetadata": {"HTTPStatusCode": 200}}
    monkeypatch.setattr(
        type(routed), "_make_api_call", lambda self, name, params: made.append(name) or found
    )

    list(routed.get_paginator("list_parts").paginate(Bucket="other", Key="x", UploadId="1"))
    routed.get_waiter("bucket_exists").wait(Bucket="other")

    assert made == ["ListParts", "HeadBucket"]


def test_a_clients_state_is_its_dict() -> None:
    """An instance made without `__init__`, with another one's `__dict__`, answers as that one."""
    store = stub(lambda request: Answer(headers={"ETag": '"1"'}))
    kind = type(store.client)

    twin: Any = object.__new__(type("Twin", (kind,), {}))
    vars(twin).update(vars(store.client))

    assert twin.head_object(Bucket="data", Key="x")["ETag"] == '"1"'
    assert isinstance(twin, BaseClient)


def test_parameter_events_are_emitted_by_one_method() -> None:
    """`_emit_api_params` emits the two events in order, on `meta.events`, and gives the params."""
    client: Any = stub().client
    seen: list[tuple[str, Any]] = []

    def look(params: Any, event_name: str, **kwargs: Any) -> None:
        seen.append((event_name, dict(params)))

    client.meta.events.register_first("provide-client-params.s3", look)
    client.meta.events.register("provide-client-params.s3", lambda **kwargs: {"Bucket": "given"})
    client.meta.events.register_first("before-parameter-build.s3", look)
    model = client.meta.service_model.operation_model("HeadBucket")

    params = client._emit_api_params(api_params={}, operation_model=model, context={})

    assert params == {"Bucket": "given"}
    assert seen == [
        ("provide-client-params.s3.HeadBucket", {}),
        ("before-parameter-build.s3.HeadBucket", {"Bucket": "given"}),
    ]


def test_method_names_are_mapped_to_operations() -> None:
    """`_PY_TO_OP_NAME` is the client's table of operations by method name."""
    assert _PLAIN.meta.method_to_api_mapping == _PLAIN._PY_TO_OP_NAME
    assert _PLAIN._PY_TO_OP_NAME["get_object"] == "GetObject"


def test_handlers_are_removed_by_equality() -> None:
    """An emitter forgets a handler that equals the one it is given, though it is another object."""
    emitter = EventAliaser(HierarchicalEmitter())
    seen: list[str] = []

    class Handler:
        def __call__(self, **kwargs: Any) -> None:
            seen.append("called")

        def __eq__(self, other: object) -> bool:
            return isinstance(other, Handler)

        def __hash__(self) -> int:
            return 1

    emitter.register("before-call.s3", Handler())
    emitter.emit("before-call.s3.GetObject")
    emitter.unregister("before-call.s3", Handler())
    emitter.emit("before-call.s3.GetObject")

    assert seen == ["called"]


def test_operations_take_nothing_but_keywords() -> None:
    """A client's methods take `**kwargs` and hand them to the one method as they are."""
    kinds = {p.kind for p in inspect.signature(_PLAIN.get_object).parameters.values()}

    assert {inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD} == kinds
