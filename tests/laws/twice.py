"""Run one flow in threads and once more in an event loop, and tell what each of them did."""

from __future__ import annotations

import asyncio
import collections
import threading
from collections.abc import Callable, Generator
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import msgspec
from botocore.exceptions import ClientError

from botwo._calls import Call, Conversation, Flow, Together
from botwo._run import run, run_async

Send: TypeAlias = Callable[[Call], Any]
Fails: TypeAlias = Callable[["Asked", int], "BaseException | None"]
"""What a call ends by in place of an answer: by what is asked, and how many were asked before."""


class Interruption(BaseException):
    """What no flow may take for a store's error: an interrupt, or a cancellation."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """All that a store, and who sends it, can tell of a call."""

    client: str
    operation: str
    params: str
    how: tuple[Any, ...]

    @classmethod
    def of(cls, call: Call) -> Asked:
        """Tell of a call."""
        params = {
            name: value.getvalue() if hasattr(value, "getvalue") else value
            for name, value in call.params.items()
        }
        return cls(
            client=call.client,
            operation=call.operation.name,
            params=repr(sorted(params.items(), key=lambda item: item[0])),
            how=(call.reads, call.spools, call.puts_away, call.asked),
        )


@dataclass(slots=True, kw_only=True)
class Heard:
    """What the stores heard of one run, and how it ended."""

    calls: list[Asked] = field(default_factory=list)
    ended: Any = None

    @property
    def counted(self) -> collections.Counter[Asked]:
        """The calls, whatever their order."""
        return collections.Counter(self.calls)

    @property
    def put_away(self) -> list[Asked]:
        """The calls that clean up."""
        return [asked for asked in self.calls if asked.how[2]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """A flow that can be run again, over stores that begin anew."""

    flow: Callable[[], Flow]
    stores: Callable[[], Send]

    def in_threads(self, fails: Fails | None = None, *, alone: bool = False) -> Heard:
        """Run it as programs without an event loop do.

        Args:
            fails: Which calls fail, and how.
            alone: Whether flows that may run together run one after the other.
        """
        heard = Heard()
        send = self._hearing(heard, fails)
        heard.ended = _ending(lambda: run(self._flow(alone=alone), send))
        return heard

    def in_tasks(self, fails: Fails | None = None, *, alone: bool = False, waits: int = 1) -> Heard:
        """Run it in an event loop, where a call lets others go on a few times; see `in_threads`."""
        heard = Heard()
        send = self._hearing(heard, fails)

        async def send_later(call: Call) -> Any:
            for _ in range(waits * len(call.operation.name) % 5):
                await asyncio.sleep(0)
            return send(call)

        async def main() -> Any:
            found = await run_async(self._flow(alone=alone), send_later)
            assert [asyncio.current_task()] == list(asyncio.all_tasks())
            return found

        heard.ended = _ending(lambda: asyncio.run(main()))
        return heard

    def _flow(self, *, alone: bool) -> Flow:
        try:
            served = self.flow()
        except Exception as error:  # noqa: BLE001 - a refusal is an ending too
            return _refusal(error)
        return one_at_a_time(served) if alone else served

    def _hearing(self, heard: Heard, fails: Fails | None) -> Send:
        stores = self.stores()
        lock = threading.Lock()

        def send(call: Call) -> Any:
            asked = Asked.of(call)
            with lock:
                failure = fails(asked, len(heard.calls)) if fails else None
                heard.calls.append(asked)
            if failure is not None:
                raise failure
            return stores(call)

        return send


def _refusal(error: Exception) -> Conversation:
    raise error
    yield  # it is a flow


def one_at_a_time(served: Flow) -> Flow:
    """Let flows that may run together run one after the other, so that calls have an order."""
    return served if isinstance(served, Call) else _one_at_a_time(served)


def _one_at_a_time(served: Generator[Any, Any, Any]) -> Conversation:
    try:
        asked = next(served)
        while True:
            if isinstance(asked, Together):
                flows = [one_at_a_time(flow) for flow in asked.flows]
                asked = msgspec.structs.replace(asked, flows=flows, at_once=1)
            try:
                answer = yield asked
            except BaseException as error:  # noqa: BLE001 - the flow's, an interruption included
                asked = served.throw(error)
            else:
                asked = served.send(answer)
    except StopIteration as stop:
        return stop.value


def _ending(work: Callable[[], Any]) -> Any:
    """Give what a caller can see of an answer or an error."""
    try:
        return "answered", repr(work())
    except BaseException as error:  # noqa: BLE001 - an interruption too
        told = error.response if isinstance(error, ClientError) else None
        return type(error), str(error), repr(told), getattr(error, "__notes__", [])
