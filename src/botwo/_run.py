"""Run a flow: make its calls, and send it what the stores answered; once sync, once async."""

from __future__ import annotations

from contextvars import copy_context
from typing import TYPE_CHECKING, Any

from botwo._calls import Call

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from botwo._calls import Flow, Together
    from botwo._translation import Params

    Send = Callable[[Call], Params]
    AsyncSend = Callable[[Call], Awaitable[Params]]


class Stopped(BaseException):
    """Raised in a flow whose work nobody waits for any more, in place of its next call.

    Not an `Exception`: a flow that handles a store's errors must not handle this.
    """


def run(flow: Flow, send: Send) -> Any:
    """Run a flow to its end.

    Args:
        flow: One call, or the conversation.
        send: Makes one call and gives its answer; raises what the store raised.

    Returns:
        What the flow returns: of a whole flow what the caller gets.
    """
    if isinstance(flow, Call):
        return send(flow)
    try:
        asked = next(flow)
        while True:
            try:
                answer = send(asked) if isinstance(asked, Call) else _together(asked, send)
            except BaseException as error:  # noqa: BLE001 - the flow's, an interrupt included
                asked = flow.throw(error)
            else:
                asked = flow.send(answer)
    except StopIteration as stop:
        return stop.value


def _together(together: Together, send: Send) -> list[Any]:
    """Run flows at the same time, in threads; nothing is left running when this returns or raises.

    The first error, or an interrupt, stops the others: what is being sent ends, and no more is sent
    but what puts away.
    """
    import threading  # few programs need this
    from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait

    stopped = threading.Event()

    def send_unless_stopped(call: Call) -> Params:
        if stopped.is_set() and not call.puts_away:
            raise Stopped
        return send(call)

    count = max(1, min(len(together.flows), together.at_once))
    with ThreadPoolExecutor(max_workers=count) as pool:
        # Each in a copy of this context: the caller's variables are seen, and none is shared.
        running = [
            pool.submit(copy_context().run, run, flow, send_unless_stopped)
            for flow in together.flows
        ]
        try:
            done, _ = wait(running, return_when=FIRST_EXCEPTION)
            return [future.result() for future in running if future in done]
        finally:
            stopped.set()
            for future in running:
                future.cancel()


async def run_async(flow: Flow, send: AsyncSend) -> Any:
    """Run a flow to its end in an event loop; see `run`."""
    if isinstance(flow, Call):
        return await send(flow)
    try:
        asked = next(flow)
        while True:
            try:
                answer = await (
                    _send_async(asked, send)
                    if isinstance(asked, Call)
                    else _together_async(asked, send)
                )
            except BaseException as error:  # noqa: BLE001 - the flow's, a cancellation included
                asked = flow.throw(error)
            else:
                asked = flow.send(answer)
    except StopIteration as stop:
        return stop.value


async def _send_async(call: Call, send: AsyncSend) -> Params:
    """Make one call; one that puts away goes on when the task that waits for it is cancelled."""
    import asyncio  # a sync program has no use for it

    return await (asyncio.shield(send(call)) if call.puts_away else send(call))


async def _together_async(together: Together, send: AsyncSend) -> list[Any]:
    """Run flows at the same time, in tasks; see `_together`."""
    import asyncio

    gate = asyncio.Semaphore(together.at_once)

    async def one(flow: Flow) -> Any:
        async with gate:
            return await run_async(flow, send)

    running = [asyncio.ensure_future(one(flow)) for flow in together.flows]
    try:
        return list(await asyncio.gather(*running))
    finally:
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)
