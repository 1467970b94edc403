"""Run a flow: make its calls, and send it what the stores answered; once sync, once async."""

from __future__ import annotations

from contextvars import copy_context
from typing import TYPE_CHECKING, Any

from botwo._calls import Call

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Awaitable, Callable, Sequence
    from concurrent.futures import Future

    from botwo._calls import Flow, Together
    from botwo._translation import Params

    Send = Callable[[Call], Params]
    AsyncSend = Callable[[Call], Awaitable[Params]]


# How long a thread waits before it looks for signals again: one that comes just before a wait
# begins does not end it.
_SIGNAL_SECONDS = 0.5


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


class _Group:
    """Flows that run together, and whether they go on."""

    def __init__(self) -> None:
        self.stopped = False

    def check(self, call: Call) -> None:
        """Let a call through, unless the group is stopped and the call puts nothing away."""
        if self.stopped and not call.puts_away:
            raise Stopped


def _together(together: Together, send: Send) -> list[Any]:
    """Run flows at the same time, in threads; nothing is left running when this returns or raises.

    The first error, or an interrupt, stops the others: what is being sent ends, and no more is sent
    but what puts away.
    """
    import threading  # few programs need this
    from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait

    group = _Group()
    begun = threading.Event()

    def send_on(call: Call) -> Params:
        group.check(call)
        return send(call)

    def one(flow: Flow) -> Any:
        # An interrupt while a thread starts makes the pool forget the thread: none goes on before
        # all are known.
        begun.wait()
        try:
            return run(flow, send_on)
        except BaseException:
            group.stopped = True
            raise

    count = max(1, min(len(together.flows), together.at_once))
    running: list[Future[Any]] = []
    with ThreadPoolExecutor(max_workers=count) as pool:
        try:
            for flow in together.flows:
                # In a copy of this context: the caller's variables are seen, and none is shared.
                running.append(pool.submit(copy_context().run, one, flow))
            begun.set()
            left = set(running)
            while left and not any(future.exception() for future in running if future.done()):
                left = wait(running, _SIGNAL_SECONDS, FIRST_EXCEPTION).not_done
            return _results(running)
        finally:
            group.stopped = True
            begun.set()
            _see_out(running)


def _see_out(running: Sequence[Future[Any]]) -> None:
    """Wait until stopped flows have put away, through any further interrupt.

    An interrupt while threads are joined would have Python take them for ended: the pool, and the
    interpreter at its end, would leave them to their fate.
    """
    from concurrent.futures import wait

    interrupted: KeyboardInterrupt | None = None
    for future in running:
        future.cancel()
    while not all(future.done() for future in running):
        try:
            wait(running, _SIGNAL_SECONDS)
        except KeyboardInterrupt as error:
            interrupted = error
    if interrupted is not None:
        raise interrupted


def _results(running: Sequence[Future[Any] | asyncio.Future[Any]]) -> list[Any]:
    """Give what flows returned; of those that have ended by an error, raise what stopped the rest.

    Raises:
        BaseException: The first flow's error that is not merely the end of what was stopped.
    """
    ended = [error for future in running if future.done() and (error := future.exception())]
    for error in sorted(ended, key=lambda error: isinstance(error, Stopped)):
        raise error
    return [future.result() for future in running]


async def run_async(flow: Flow, send: AsyncSend) -> Any:
    """Run a flow to its end in an event loop; see `run`."""
    if isinstance(flow, Call):
        return await send(flow)
    try:
        asked = next(flow)
        while True:
            try:
                answer = await (
                    send(asked) if isinstance(asked, Call) else _together_async(asked, send)
                )
            except BaseException as error:  # noqa: BLE001 - the flow's, a cancellation included
                asked = flow.throw(error)
            else:
                asked = flow.send(answer)
    except StopIteration as stop:
        return stop.value


async def _together_async(together: Together, send: AsyncSend) -> list[Any]:
    """Run flows at the same time, in tasks; see `_together`.

    A cancellation ends at once what is being sent, unless that may begin what has to be put away.
    """
    import asyncio

    group = _Group()
    gate = asyncio.Semaphore(together.at_once)

    async def send_on(call: Call) -> Params:
        group.check(call)
        return await send(call)

    async def one(flow: Flow) -> Any:
        async with gate:
            if group.stopped:
                raise Stopped
            try:
                return await run_async(flow, send_on)
            except BaseException:
                group.stopped = True
                raise

    running = [asyncio.ensure_future(one(flow)) for flow in together.flows]
    try:
        if running:
            # It cancels none of them where it is cancelled. A shielded future would be reported,
            # from Python 3.14 on, for an error that it ends by after that.
            await asyncio.wait(running, return_when=asyncio.FIRST_EXCEPTION)
        return _results(running)
    except asyncio.CancelledError:
        if not together.puts_away:
            for task in running:
                task.cancel()
        raise
    finally:
        group.stopped = True
        await _see_out_async(running)


async def _see_out_async(running: Sequence[asyncio.Future[Any]]) -> None:
    """Wait until stopped flows have put away, through any further cancellation; see `_see_out`."""
    import asyncio

    cancelled: asyncio.CancelledError | None = None
    while not all(task.done() for task in running):
        try:
            await asyncio.wait(running)
        except asyncio.CancelledError as error:
            cancelled = error
    for task in running:
        if not task.cancelled():
            task.exception()  # asyncio reports those that nobody asks for
    if cancelled is not None:
        raise cancelled
