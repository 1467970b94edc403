"""One `register` call sees every request, whichever store serves it, in the caller's names."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest
from botocore.handlers import validate_bucket_name
from stubs import Answer, Stub, stub

import botwo

if TYPE_CHECKING:
    from types_boto3_s3.client import S3Client

MAPPING = [
    {"bucket_name": "old", "mapped_bucket_name": "new", "key_prefix": "main/", "client": "b"},
    {"bucket_name": "*", "client": "a"},
]
_OTHER_EVENTS = [
    "request-created.s3",
    "choose-signer.s3",
    "before-sign.s3",
    "before-call.s3",
    "before-send.s3",
    "response-received.s3",
    "needs-retry.s3",
    "after-call.s3",
]


@pytest.fixture
def pair() -> tuple[Stub, Stub]:
    """The two stores."""
    return stub(host="a.test"), stub(host="b.test")


@pytest.fixture
def s3(pair: tuple[Stub, Stub]) -> S3Client:
    """A routed client over the two stores."""
    return botwo.client({"a": pair[0].client, "b": pair[1].client}, MAPPING)


@pytest.fixture
def lazy(pair: tuple[Stub, Stub]) -> S3Client:
    """A routed client whose second store's client is made when a call needs it."""
    return botwo.client({"a": pair[0].client, "b": lambda: pair[1].client}, MAPPING)


@pytest.fixture(params=["made", "lazy"])
def any_s3(request: pytest.FixtureRequest) -> Any:
    """A routed client whose second store's client is, or is not, made yet."""
    return request.getfixturevalue("s3" if request.param == "made" else "lazy")


def _note(seen: list[Any], name: str) -> Callable[..., None]:
    def handler(**kwargs: Any) -> None:
        seen.append(name)

    return handler


@pytest.mark.parametrize("event", ["provide-client-params", "before-parameter-build"])
@pytest.mark.parametrize("suffix", ["", ".s3", ".s3.HeadObject"])
def test_parameter_events_are_seen_once_with_the_callers_names(
    any_s3: S3Client, event: str, suffix: str
) -> None:
    """A parameter event is emitted once a call, before routing."""
    seen: list[Any] = []
    any_s3.meta.events.register(
        event + suffix,
        lambda params, event_name, model, **kw: seen.append((event_name, model.name, dict(params))),
    )

    any_s3.head_object(Bucket="old", Key="x")

    told = (f"{event}.s3.HeadObject", "HeadObject", {"Bucket": "old", "Key": "x"})
    assert [told] == seen


def test_what_a_handler_changes_is_what_is_routed(
    any_s3: S3Client, pair: tuple[Stub, Stub]
) -> None:
    """A handler may supply a missing bucket and change the key."""

    def supply(params: dict[str, Any], **kwargs: Any) -> None:
        params["Bucket"] = "old"
        params["Key"] = "changed"

    any_s3.meta.events.register("before-parameter-build.s3.HeadObject", supply)

    any_s3.head_object(Key="x")  # type: ignore[call-arg]

    assert [] == pair[0].paths
    assert pair[1].paths == ["HEAD /new/main/changed"]


def test_what_a_handler_returns_is_what_is_routed(
    any_s3: S3Client, pair: tuple[Stub, Stub]
) -> None:
    """A handler of `provide-client-params` may answer with other parameters."""
    any_s3.meta.events.register(
        "provide-client-params.s3", lambda params, **kw: {**params, "Bucket": "old"}
    )

    any_s3.head_object(Bucket="elsewhere", Key="x")

    assert [] == pair[0].paths
    assert pair[1].paths == ["HEAD /new/main/x"]


def test_a_parameter_handler_leaves_the_callers_dict(s3: S3Client) -> None:
    """What a handler changes is not seen by the caller, who passed a dict."""
    s3.meta.events.register(
        "before-parameter-build.s3", lambda params, **kw: params.update(Key="changed")
    )
    asked = {"Bucket": "old", "Key": "x"}

    s3.head_object(**asked)  # type: ignore[arg-type]
    s3.generate_presigned_url("head_object", Params=asked)

    assert asked == {"Bucket": "old", "Key": "x"}


@pytest.mark.parametrize("event", ["before-call.s3", "before-sign.s3", "after-call.s3"])
def test_context_reaches_the_handlers_behind_routing(any_s3: S3Client, event: str) -> None:
    """What a parameter handler puts into the context is there at the store."""
    seen: list[Any] = []

    def look(context: Any = None, request: Any = None, **kwargs: Any) -> None:
        seen.append((context or request.context).get("note"))

    any_s3.meta.events.register(
        "provide-client-params.s3", lambda context, **kw: context.update(note=["kept"])
    )
    any_s3.meta.events.register(event, look)

    any_s3.head_object(Bucket="old", Key="x")
    any_s3.head_object(Bucket="else", Key="x")

    assert seen == [["kept"], ["kept"]]


def test_context_reaches_every_store_of_one_call(any_s3: S3Client) -> None:
    """Where a call becomes one at each of two stores, both get the context."""
    mapping = [
        {"bucket_name": "both", "source_prefix": "b/", "client": "b"},
        {"bucket_name": "*", "client": "a"},
    ]
    stores = {"a": stub(host="a.test").client, "b": stub(host="b.test").client}
    s3 = botwo.client(stores, mapping)
    seen: list[Any] = []
    s3.meta.events.register("provide-client-params.s3", lambda context, **kw: context.update(n=1))
    s3.meta.events.register("before-call.s3", lambda context, **kw: seen.append(context.get("n")))

    s3.delete_objects(Bucket="both", Delete={"Objects": [{"Key": "a/1"}, {"Key": "b/1"}]})

    assert seen == [1, 1]


def test_context_ends_with_its_call(s3: S3Client, pair: tuple[Stub, Stub]) -> None:
    """What one call's handler put into the context is not in the next one's, or in another's."""
    seen: list[Any] = []

    def once(context: dict[str, Any], **kwargs: Any) -> None:
        s3.meta.events.unregister("provide-client-params.s3", once)
        context["note"] = "first"

    s3.meta.events.register("provide-client-params.s3", once)
    s3.meta.events.register(
        "before-call.s3", lambda context, **kw: seen.append(context.get("note"))
    )

    s3.head_object(Bucket="old", Key="x")
    s3.head_object(Bucket="old", Key="x")
    pair[1].client.head_object(Bucket="old", Key="x")

    assert seen == ["first", None, None]


def test_a_parameter_handler_finds_the_context_that_a_plain_client_gives(
    s3: S3Client, pair: tuple[Stub, Stub]
) -> None:
    """The context of a parameter event has what it has on a plain client."""
    routed: dict[str, Any] = {}
    plain: dict[str, Any] = {}
    s3.meta.events.register(
        "provide-client-params.s3", lambda context, **kw: routed.update(context)
    )
    other = stub().client
    other.meta.events.register_last(
        "provide-client-params.s3", lambda context, **kw: plain.update(context)
    )

    s3.put_object(Bucket="old", Key="x", Body=b"")
    other.put_object(Bucket="old", Key="x", Body=b"")

    assert plain.keys() == routed.keys()
    assert {n: v for n, v in plain.items() if n != "client_config"} == {
        n: v for n, v in routed.items() if n != "client_config"
    }


@pytest.mark.parametrize("event", _OTHER_EVENTS)
def test_other_events_are_seen_once_a_request(any_s3: S3Client, event: str) -> None:
    """An event of a request is seen once, whichever store serves it."""
    seen: list[str] = []
    any_s3.meta.events.register(event, _note(seen, event))

    any_s3.head_object(Bucket="elsewhere", Key="x")
    first = len(seen)
    any_s3.head_object(Bucket="old", Key="x")

    assert (first, len(seen)) == (1, 2)


def test_handlers_registered_on_the_given_client_stay(pair: tuple[Stub, Stub]) -> None:
    """A handler that a store's client had before sees that store's requests, in its own names."""
    seen: list[Any] = []
    pair[1].client.meta.events.register(
        "before-parameter-build.s3", lambda params, **kw: seen.append(dict(params))
    )

    s3 = botwo.client({"a": pair[0].client, "b": pair[1].client}, MAPPING)
    s3.head_object(Bucket="old", Key="x")
    s3.head_object(Bucket="elsewhere", Key="x")

    assert seen == [{"Bucket": "new", "Key": "main/x"}]


@pytest.mark.parametrize("event", ["provide-client-params.s3", "before-call.s3"])
def test_order_is_first_middle_last(any_s3: S3Client, event: str) -> None:
    """`register_first` comes before `register`, and `register_last` after it, on every store."""
    seen: list[str] = []
    events = any_s3.meta.events
    events.register_last(event, _note(seen, "last"))
    events.register(event, _note(seen, "middle 1"))
    events.register_first(event, _note(seen, "first"))
    events.register(event, _note(seen, "middle 2"))

    any_s3.head_object(Bucket="elsewhere", Key="x")
    any_s3.head_object(Bucket="old", Key="x")

    assert ["first", "middle 1", "middle 2", "last"] * 2 == seen


@pytest.mark.parametrize("event", ["provide-client-params.s3", "before-call.s3"])
def test_a_unique_id_registers_once(any_s3: S3Client, event: str) -> None:
    """A second handler with the same unique id is not registered."""
    seen: list[str] = []
    any_s3.meta.events.register(event, _note(seen, "one"), unique_id="mine")
    any_s3.meta.events.register(event, _note(seen, "two"), unique_id="mine")

    any_s3.head_object(Bucket="old", Key="x")
    any_s3.meta.events.unregister(event, unique_id="mine")
    any_s3.head_object(Bucket="old", Key="x")
    any_s3.meta.events.register(event, _note(seen, "three"), unique_id="mine")
    any_s3.head_object(Bucket="old", Key="x")

    assert seen == ["one", "three"]


@pytest.mark.parametrize("event", ["provide-client-params.s3", "before-call.s3"])
def test_a_counted_unique_id_goes_with_its_last_unregistration(
    pair: tuple[Stub, Stub], event: str
) -> None:
    """A handler that is registered twice by count stays until it is unregistered twice."""
    for unregistered, expected in ((0, 1), (1, 1), (2, 0)):
        for factory in (False, True):
            seen: list[str] = []
            other = stub(host="b.test").client
            given: Any = (lambda made=other: made) if factory else other
            s3 = botwo.client({"a": pair[0].client, "b": given}, MAPPING)
            handler = _note(seen, "counted")
            for _ in range(2):
                s3.meta.events.register(event, handler, "mine", True)
            for _ in range(unregistered):
                s3.meta.events.unregister(event, handler, "mine", True)

            s3.head_object(Bucket="old", Key="x")

            assert expected == len(seen)
            for _ in range(2 - unregistered):
                s3.meta.events.unregister(event, handler, "mine", True)


@pytest.mark.parametrize("event", ["provide-client-params.s3", "before-call.s3", "*.s3"])
def test_unregister_reaches_wherever_it_was_registered(any_s3: S3Client, event: str) -> None:
    """A handler that is unregistered sees nothing more, on any store."""
    seen: list[str] = []
    handler = _note(seen, "seen")
    any_s3.meta.events.register(event, handler)
    any_s3.meta.events.unregister(event, handler)

    any_s3.head_object(Bucket="elsewhere", Key="x")
    any_s3.head_object(Bucket="old", Key="x")

    assert [] == seen


@pytest.mark.parametrize("event", ["*", "*.s3", "*.s3.*", "*.*.HeadObject"])
def test_a_wildcard_sees_each_event_once(any_s3: S3Client, event: str) -> None:
    """A handler of a wildcard sees parameter events before routing and the others at the store."""
    seen: list[tuple[str, Any]] = []
    any_s3.meta.events.register(
        event, lambda event_name, params=None, **kw: seen.append((event_name, params))
    )

    any_s3.head_object(Bucket="old", Key="x")

    names = [name for name, _ in seen]
    assert len(names) == len(set(names))
    assert {"provide-client-params.s3.HeadObject", "before-call.s3.HeadObject"} <= set(names)
    asked = dict(seen)["before-parameter-build.s3.HeadObject"]
    assert asked == {"Bucket": "old", "Key": "x"}


def test_only_a_whole_chunk_is_a_wildcard(s3: S3Client) -> None:
    """`before-*` matches nothing, as with a plain client."""
    seen: list[str] = []
    s3.meta.events.register("before-*.s3", _note(seen, "seen"))

    s3.head_object(Bucket="old", Key="x")

    assert [] == seen


@pytest.mark.parametrize("lazily", [False, True])
def test_a_built_in_handler_can_be_unregistered_on_every_store(
    pair: tuple[Stub, Stub], lazily: bool
) -> None:
    """Botocore's own parameter handlers are gone on every store once they are unregistered."""
    mapping = [
        {"bucket_name": "odd", "mapped_bucket_name": "no name", "client": "b"},
        {"bucket_name": "*", "client": "a"},
    ]
    second: Any = (lambda: pair[1].client) if lazily else pair[1].client
    with pytest.warns(botwo.ConfigWarning, match="no name that a bucket can have"):
        s3 = botwo.client({"a": pair[0].client, "b": second}, mapping)

    s3.meta.events.unregister("before-parameter-build.s3", validate_bucket_name)
    s3.head_object(Bucket="no name", Key="x")
    s3.head_object(Bucket="odd", Key="x")

    assert [["HEAD /no%20name/x"]] * 2 == [store.paths for store in pair]


def test_a_built_in_handlers_unique_id_can_be_taken_over(any_s3: S3Client) -> None:
    """Unregistering by unique id and registering another handler with it holds on every store."""
    seen: list[str] = []
    events = any_s3.meta.events

    events.unregister("needs-retry.s3", unique_id="retry-config-s3")
    events.register("needs-retry.s3", _note(seen, "mine"), unique_id="retry-config-s3")
    any_s3.head_object(Bucket="elsewhere", Key="x")
    any_s3.head_object(Bucket="old", Key="x")

    assert seen == ["mine", "mine"]


def test_a_handler_may_answer_for_a_store(any_s3: S3Client, pair: tuple[Stub, Stub]) -> None:
    """What a `before-call` handler answers is the answer, on every store."""

    class Said:
        status_code = 200

    any_s3.meta.events.register("before-call.s3.HeadObject", lambda **kw: (Said(), {"told": 1}))

    told = [any_s3.head_object(Bucket=bucket, Key="x") for bucket in ("old", "elsewhere")]

    assert [{"told": 1}, {"told": 1}] == told
    assert [] == pair[0].sent + pair[1].sent


def test_a_handler_that_is_not_callable_is_refused(s3: S3Client) -> None:
    """A registration that a plain client refuses is refused, and nothing stays registered."""
    wrong: Any = "not callable"

    for event in ("before-call.s3", "provide-client-params.s3", "*.s3"):
        with pytest.raises(ValueError, match="callable"):
            s3.meta.events.register(event, wrong)

    s3.head_object(Bucket="old", Key="x")


def test_emit_reaches_the_handlers(s3: S3Client) -> None:
    """A program may emit an event of its own on the routed client's emitter."""
    s3.meta.events.register("my-event.s3", lambda said, **kw: said + 1)
    s3.meta.events.register("provide-client-params.mine", lambda said, **kw: said + 2)

    assert [2] == [answer for _, answer in s3.meta.events.emit("my-event.s3.X", said=1)]
    assert s3.meta.events.emit_until_response("my-event.s3", said=2)[1] == 3
    assert s3.meta.events.emit_until_response("provide-client-params.mine", said=1)[1] == 3


def test_the_journal_stays_short_over_many_transfers(lazy: Any, tmp_path: Any) -> None:
    """What waits for a client that is not made yet does not grow with the number of transfers."""
    (tmp_path / "file").write_bytes(b"x")
    lazy.upload_file(str(tmp_path / "file"), "elsewhere", "x")
    before = len(lazy._botwo_stores._journal)

    events, handler = lazy.meta.events, _note([], "")
    for _ in range(1_000):
        events.register_first("request-created.s3", handler, unique_id="s3upload")
        events.register("before-call.s3", handler)
        events.unregister("before-call.s3", handler)
        events.unregister("before-parameter-build.s3", validate_bucket_name)
        events.register("before-sign.s3", handler, "counted", True)
        events.unregister("before-sign.s3", handler, "counted", True)
        events.register("before-send.s3", handler, "again")
        events.unregister("before-send.s3", handler, "again")
    for _ in range(20):
        lazy.upload_file(str(tmp_path / "file"), "elsewhere", "x")

    assert before + 3 == len(lazy._botwo_stores._journal)


def test_a_late_client_gets_what_was_registered_in_order(pair: tuple[Stub, Stub]) -> None:
    """A client made late has the handlers as if it had been there from the start."""
    seen: dict[str, list[str]] = {"made": [], "lazy": []}
    for name in seen:
        store = stub(lambda request: Answer(), host="b.test").client
        given: Any = store if name == "made" else (lambda store=store: store)
        s3 = botwo.client({"a": pair[0].client, "b": given}, MAPPING)
        events = s3.meta.events
        one, two = _note(seen[name], "one"), _note(seen[name], "two")
        events.register("before-call.s3", one)
        events.register_first("before-call.s3", two)
        events.register("before-call.s3", two, unique_id="two")
        events.register("before-call.s3", one, unique_id="two")
        events.unregister("before-call.s3", one)
        events.register("before-call.s3.HeadObject", one)

        s3.head_object(Bucket="old", Key="x")
        for event, handler in (("before-call.s3", two), ("before-call.s3.HeadObject", one)):
            events.unregister(event, handler)
        events.unregister("before-call.s3", unique_id="two")

    assert seen["made"] == seen["lazy"]
    assert json.dumps(["one", "two", "two"]) == json.dumps(seen["made"])
