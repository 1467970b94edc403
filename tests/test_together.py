"""Flows that run together: in threads or tasks, so many at once, stopped by the first error."""

from __future__ import annotations

import asyncio
import gc
import subprocess
import sys
import threading
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

import pytest

from botwo._calls import Call, Together, together
from botwo._operations import operation
from botwo._run import Stopped, run, run_async

if TYPE_CHECKING:
    from collections.abc import Callable

    from botwo._calls import Flow

ASKED = operation("HeadObject")
Runner = "Callable[[Flow, Callable[[Call], Any]], Any]"


def _call(name: str, **more: Any) -> Call:
    return Call(client=name, operation=ASKED, params={}, **more)


def _in_threads(flow: Flow, send: Callable[[Call], Any]) -> Any:
    return run(flow, send)


def _in_tasks(flow: Flow, send: Callable[[Call], Any]) -> Any:
    async def send_later(call: Call) -> Any:
        await asyncio.sleep(0)
        return send(call)

    return asyncio.run(run_async(flow, send_later))


@pytest.fixture(params=[_in_threads, _in_tasks], ids=["threads", "tasks"])
def runner(request: pytest.FixtureRequest) -> Any:
    """Both runners, which drive the same flows."""
    return request.param


def _ask(*names: str) -> Any:
    """A flow of several calls, one after the other."""
    answers = []
    for name in names:
        answers.append((yield _call(name)))
    return answers


def _whole(*flows: Any, **more: Any) -> Any:
    return (yield Together(flows=flows, **more))


def test_what_each_returned_comes_in_their_order(runner: Any) -> None:
    """Calls and conversations run together; each gives what it returns, in the order given."""
    found = runner(_whole(_call("a"), _ask("b", "c"), _ask()), lambda call: call.client)

    assert ["a", ["b", "c"], []] == found


def test_flows_nest(runner: Any) -> None:
    """A flow that runs together with others may itself run several together."""
    found = runner(_whole(_whole(_call("a"), _call("b")), _call("c")), lambda call: call.client)

    assert [["a", "b"], "c"] == found


def test_no_flows_give_nothing(runner: Any) -> None:
    """Nothing to run together is done at once."""
    assert [] == runner(_whole(), lambda call: None)


def test_no_more_run_than_may() -> None:
    """Of twenty flows three run at the same time."""
    lock, running, seen = threading.Lock(), 0, []
    three = threading.Barrier(3)

    def send(call: Call) -> None:
        nonlocal running
        with lock:
            running += 1
            seen.append(running)
        if call.client in "abc":
            three.wait(10)
        with lock:
            running -= 1

    run(_whole(*map(_call, "abcdefghijklmnopqrst"), at_once=3), send)

    assert 20 == len(seen)
    assert 3 == max(seen)


def test_no_more_tasks_run_than_may() -> None:
    """Of twenty flows three run at the same time in an event loop too."""
    running, seen = 0, []

    async def send(call: Call) -> Any:
        nonlocal running
        running += 1
        seen.append(running)
        await asyncio.sleep(0)
        running -= 1

    asyncio.run(run_async(_whole(*map(_call, "abcdefghijklmnopqrst"), at_once=3), send))

    assert 20 == len(seen)
    assert 3 == max(seen)


def test_the_first_error_stops_the_others(runner: Any) -> None:
    """Where one fails nothing more is begun, and the flow that waits for them gets the error."""
    sent: list[str] = []

    def send(call: Call) -> None:
        sent.append(call.client)
        if call.client == "b":
            raise LookupError("b")

    with pytest.raises(LookupError, match="b"):
        runner(_whole(*(_ask(name, "later") for name in "abcdefgh"), at_once=1), send)

    assert ["a", "later", "b"] == sent


def test_what_is_stopped_puts_away() -> None:
    """A flow that is stopped may still send what puts away, and nothing else."""
    sent: list[str] = []
    begun, failed = threading.Event(), threading.Event()

    def putting_away() -> Any:
        yield _call("begin")
        try:
            yield _call("go on")
        except Stopped:
            yield _call("put away", puts_away=True)
            yield _call("never")

    def failing() -> Any:
        yield _call("wait")
        yield _call("fail")

    def send(call: Call) -> None:
        sent.append(call.client)
        if call.client == "begin":
            begun.set()
            assert failed.wait(10)
        if call.client == "wait":
            assert begun.wait(10)
        if call.client == "fail":
            failing_thread = threading.current_thread()
            assert failing_thread is not threading.main_thread()
            threading.Timer(0.2, failed.set).start()
            raise LookupError("fail")

    with pytest.raises(LookupError, match="fail"):
        run(_whole(putting_away(), failing()), send)

    assert ["begin", "fail", "put away", "wait"] == sorted(sent)


@pytest.mark.parametrize("times", [1, 2, 3])
def test_an_interrupt_reaches_what_runs_in_threads(times: int) -> None:
    """An interrupt of the thread that waits stops flows in other threads, and they put away.

    Further interrupts do not keep them from it.
    """
    script = """
import itertools, signal, sys, threading, time
from test_together import _call, _whole
from botwo._run import run

def relay():
    yield _call("create")
    try:
        for number in itertools.count():
            yield _call("part")
    except BaseException:
        yield _call("abort", puts_away=True)
        raise

main = threading.main_thread().ident
def is_seeing_out():
    frame = sys._current_frames()[main]
    while frame is not None and frame.f_code.co_name != "_see_out":
        frame = frame.f_back
    return frame is not None

sent = []
def send(call):
    sent.append(call.client)
    if len(sent) == 5:
        for _ in range(int(sys.argv[1])):
            signal.pthread_kill(main, signal.SIGINT)
            while not is_seeing_out():
                time.sleep(0.001)

try:
    run(_whole(relay()), send)
except KeyboardInterrupt:
    print("interrupted", sent[0], sent[-1], sent.count("abort"))
"""
    folders = [place for place in sys.path if place]

    told = subprocess.run(
        [sys.executable, "-c", f"import sys; sys.path[:0] = {folders!r}\n{script}", str(times)],
        capture_output=True,
        text=True,
        check=True,
    )

    assert "interrupted create abort 1\n" == told.stdout


@pytest.mark.parametrize("times", [1, 2])
def test_a_cancelled_task_puts_away(times: int) -> None:
    """A task that is cancelled lets what is being sent end, and what that began is put away."""
    sent: list[str] = []

    def relay() -> Any:
        begun = yield _call("create")
        try:
            yield _call("part")
        except BaseException:
            yield _call(f"abort {begun}", puts_away=True)
            raise

    async def cancelled() -> None:
        answer = asyncio.Event()

        async def send(call: Call) -> Any:
            sent.append(call.client)
            await answer.wait()
            sent.append(f"{call.client} done")
            return len(sent)

        task = asyncio.ensure_future(run_async(_whole(relay(), puts_away=True), send))
        while not sent:
            await asyncio.sleep(0)
        for _ in range(times):
            task.cancel()
            await asyncio.sleep(0)
        assert not task.done()
        answer.set()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(cancelled())

    assert ["create", "create done", "abort 2", "abort 2 done"] == sent


def test_errors_of_stopped_tasks_are_not_reported() -> None:
    """A stopped flow sends no more, and what it ends by is nobody's to see: asyncio reports nothing
    of it, also where the task that waited was cancelled.
    """
    reported: list[Any] = []
    sent: list[str] = []

    async def main(*, cancels: bool) -> None:
        asyncio.get_running_loop().set_exception_handler(lambda _, told: reported.append(told))
        answer = asyncio.Event()

        async def send(call: Call) -> Any:
            sent.append(call.client)
            if call.client != "a" or cancels:
                await answer.wait()
            if not cancels or call.client == "c":
                raise LookupError(call.client)

        flows = [_ask("b", "later"), _ask("a", "later"), _ask("c")]
        task = asyncio.ensure_future(run_async(_whole(*flows, puts_away=True), send))
        for _ in range(5):
            await asyncio.sleep(0)
        if cancels:
            task.cancel()
            await asyncio.sleep(0)
        answer.set()
        with pytest.raises(asyncio.CancelledError if cancels else LookupError) as raised:
            await task
        assert cancels or "a" == str(raised.value)  # the first in time

    for cancels in (False, True):
        asyncio.run(main(cancels=cancels))
        gc.collect()

    assert [] == reported
    assert [*"ba", *"bac"] == sent


def test_a_cancelled_task_ends_at_once() -> None:
    """What has nothing to put away does not wait for a store that is silent."""
    sent: list[str] = []

    async def cancelled() -> None:
        async def send(call: Call) -> Any:
            sent.append(call.client)
            try:
                await asyncio.Event().wait()
            finally:
                sent.append(f"{call.client} cancelled")

        await asyncio.wait_for(run_async(_whole(_call("a"), _ask("b", "c")), send), 0.01)

    with pytest.raises(TimeoutError):
        asyncio.run(cancelled())

    assert ["a", "b", "a cancelled", "b cancelled"] == sent


@pytest.mark.parametrize("count", [1, 2])
def test_variables_of_the_context_are_seen(count: int) -> None:
    """A flow in another thread sees the caller's context variables, and changes its own alone."""
    variable: ContextVar[str] = ContextVar("variable")
    variable.set("the caller's")

    def send(call: Call) -> str:
        found = variable.get()
        variable.set("changed")
        return found

    found = run(_whole(*[_call("a")] * count), send)

    assert ["the caller's"] * count == found
    assert "the caller's" == variable.get()


def test_one_flow_alone_needs_no_thread() -> None:
    """What would run together with nothing runs where it is."""
    threads: list[Any] = []

    def send(call: Call) -> str:
        threads.append(threading.current_thread())
        return call.client

    assert ["a"] == run(together([_call("a")]), send)
    assert [["b", "c"]] == run(together([_ask("b", "c")]), send)
    assert {threading.current_thread()} == set(threads)


def test_threads_are_made_when_they_are_needed() -> None:
    """A program whose calls each go to one store loads no thread pool and no event loop."""
    script = """
import sys
from botwo._calls import Call
from botwo._operations import operation
from botwo._run import run
run(Call(client="a", operation=operation("HeadObject"), params={}), lambda call: None)
print([name for name in ("concurrent.futures.thread", "asyncio") if name in sys.modules])
"""
    folders = [place for place in sys.path if place]

    told = subprocess.run(
        [sys.executable, "-c", f"import sys; sys.path[:0] = {folders!r}\n{script}"],
        capture_output=True,
        text=True,
        check=True,
    )

    assert "[]\n" == told.stdout
