"""Stores' clients are made once, when needed; flows are run to their end."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import boto3.session
import pytest
from stubs import Stub, options, stub

import botwo
from botwo._calls import Call, Together
from botwo._operations import operation
from botwo._run import run

if TYPE_CHECKING:
    from collections.abc import Callable

MAPPING = [{"bucket_name": "old", "client": "b"}, {"bucket_name": "*", "client": "a"}]
ASKED = operation("HeadObject")


class _Counted:
    """A factory that counts."""

    def __init__(self, store: Stub) -> None:
        self.store = store
        self.made = 0

    def __call__(self) -> Any:
        self.made += 1
        return self.store.client


@pytest.fixture
def factories() -> dict[str, _Counted]:
    """Two factories that count."""
    return {name: _Counted(stub(host=f"{name}.test")) for name in "ab"}


def test_the_default_is_made_at_once_and_the_others_when_needed(
    factories: dict[str, Any],
) -> None:
    """The default's client is made first; another store's client is made by its first call."""
    s3: Any = botwo.client(factories, MAPPING)
    at_first = [factory.made for factory in factories.values()]

    s3.head_object(Bucket="plain", Key="x")
    s3.meta.events.register("before-call.s3", lambda **kwargs: None)
    s3.close()
    before = [factory.made for factory in factories.values()]
    s3.head_object(Bucket="old", Key="x")
    s3.head_object(Bucket="old", Key="x")

    assert [1, 0] == at_first == before
    assert [factory.made for factory in factories.values()] == [1, 1]


def test_explain_makes_no_client(factories: dict[str, Any]) -> None:
    """Explaining a route needs no client of its store."""
    s3: Any = botwo.client(factories, MAPPING)

    botwo.explain(s3, "get_object", Bucket="old", Key="x")

    assert factories["b"].made == 0


def test_many_threads_make_one_client(factories: dict[str, Any]) -> None:
    """Sixteen threads that all find no client at their first call share one."""
    s3: Any = botwo.client(factories, MAPPING)
    together = threading.Barrier(16)

    class Looked(dict[str, Any]):
        def get(self, name: str, default: Any = None) -> Any:
            found = super().get(name, default)
            if name == "b":
                together.wait(10)
            return found

    s3._botwo_stores._made = Looked(s3._botwo_stores._made)

    def ask(number: int) -> None:
        s3.head_object(Bucket="old", Key=str(number))

    with ThreadPoolExecutor(16) as pool:
        list(pool.map(ask, range(16)))

    assert factories["b"].made == 1
    assert len(factories["b"].store.sent) == 16


@pytest.mark.parametrize(
    ("returned", "found"),
    [
        (lambda: boto3.session.Session().client("sqs", **options()), "sqs"),
        (lambda: boto3.session.Session().resource("s3", **options()), "clients['b']"),
        (lambda: None, "clients['b']"),
        (lambda: "a client", "clients['b']"),
    ],
)
def test_a_factory_that_makes_something_else_is_refused(
    factories: dict[str, Any], returned: Callable[[], Any], found: str
) -> None:
    """A factory has to give an S3 client; the error names it, and other stores go on."""
    s3: Any = botwo.client({**factories, "b": returned}, MAPPING)

    with pytest.raises(botwo.ConfigError) as raised:
        s3.head_object(Bucket="old", Key="x")
    s3.head_object(Bucket="plain", Key="x")

    assert [problem.place for problem in raised.value.problems] == ["clients['b']"]
    assert found in str(raised.value)


def test_a_factory_of_the_default_is_checked_at_once() -> None:
    """A default that is no S3 client is refused when the routed client is made."""
    with pytest.raises(botwo.ConfigError, match="S3 client"):
        botwo.client({"a": lambda: 3}, [{"bucket_name": "*", "client": "a"}])


def test_a_factory_that_fails_is_asked_again(factories: dict[str, Any]) -> None:
    """What a factory raises is the caller's to see, and the next call tries again."""
    tries: list[int] = []

    def flaky() -> Any:
        tries.append(1)
        if len(tries) == 1:
            raise OSError("no settings yet")
        return factories["b"].store.client

    s3: Any = botwo.client({**factories, "b": flaky}, MAPPING)
    with pytest.raises(OSError, match="no settings yet"):
        s3.head_object(Bucket="old", Key="x")

    s3.head_object(Bucket="old", Key="x")

    assert len(tries) == 2


def test_one_client_under_two_names_hears_a_handler_once() -> None:
    """A client that is given twice, once by a factory, is registered with once."""
    store = stub(host="a.test")
    s3 = botwo.client({"a": store.client, "b": lambda: store.client}, MAPPING)
    seen: list[str] = []
    s3.meta.events.register("before-call.s3", lambda **kwargs: seen.append("seen"))

    s3.head_object(Bucket="old", Key="x")

    assert seen == ["seen"]


def _call(client: str) -> Call:
    return Call(client=client, operation=ASKED, params={})


def test_a_flow_that_is_one_call_is_its_answer() -> None:
    """One call's answer is the caller's."""
    assert run(_call("a"), lambda call: {"from": call.client}) == {"from": "a"}


def test_a_conversation_is_sent_each_answer() -> None:
    """A flow gets what each call answered, and what it returns is the caller's."""

    def conversation() -> Any:
        first = yield _call("a")
        several = yield Together(flows=[_call("b"), _call("c")])
        return {"told": [first, *several]}

    assert run(conversation(), lambda call: {"from": call.client}) == {
        "told": [{"from": "a"}, {"from": "b"}, {"from": "c"}]
    }


def test_a_conversation_is_thrown_what_a_call_raised() -> None:
    """A flow may mend what a call raised; what it does not, the caller gets."""

    def mended() -> Any:
        try:
            yield _call("a")
        except LookupError as error:
            return {"mended": str(error)}

    def broken() -> Any:
        yield _call("a")

    def fail(call: Call) -> Any:
        raise LookupError(call.client)

    assert run(mended(), fail) == {"mended": "a"}
    with pytest.raises(LookupError, match="a"):
        run(broken(), fail)


def test_an_interrupt_ends_the_flow_and_reaches_the_caller() -> None:
    """A flow may put away what it began when it is interrupted."""
    put_away: list[str] = []

    def conversation() -> Any:
        try:
            yield Together(flows=[_call("a"), _call("b")])
        finally:
            put_away.append("done")

    def interrupt(call: Call) -> Any:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run(conversation(), interrupt)

    assert put_away == ["done"]


def test_an_interrupt_while_threads_start_lets_none_of_them_send(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Interrupted before all flows are on their way, none of them makes a call that nobody waits
    for: a thread runs already while the one that starts it waits to hear so.
    """
    sent: list[str] = []
    started: list[threading.Thread] = []
    start = threading.Thread.start

    def interrupted(thread: threading.Thread) -> None:
        start(thread)
        started.append(thread)
        raise KeyboardInterrupt

    def conversation() -> Any:
        yield Together(flows=[_call("a"), _call("b")])

    monkeypatch.setattr(threading.Thread, "start", interrupted)
    with pytest.raises(KeyboardInterrupt):
        run(conversation(), lambda call: {"from": sent.append(call.client)})
    for thread in started:
        thread.join(10)

    assert len(started) == 1
    assert [] == sent
