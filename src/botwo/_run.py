"""Run a flow: make its calls, and send it what the stores answered."""

from __future__ import annotations

from contextvars import copy_context
from typing import TYPE_CHECKING

from botwo._calls import Call

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from botwo._calls import Flow
    from botwo._translation import Params


AT_ONCE = 8
"""How many calls that a flow yields together are made at the same time."""


def run(flow: Flow, send: Callable[[Call], Params]) -> Params:
    """Run a flow to its end.

    Args:
        flow: One call, or the conversation.
        send: Makes one call and gives its answer; raises what the store raised.

    Returns:
        What the caller gets.
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
        answered: Params = stop.value
        return answered


def _together(calls: Sequence[Call], send: Callable[[Call], Params]) -> list[Params | Exception]:
    """Make several calls at the same time; what one raises must not hide the others' answers."""

    def outcome(call: Call) -> Params | Exception:
        try:
            return send(call)
        except Exception as error:  # noqa: BLE001 - handed to the flow, which decides
            return error

    from concurrent.futures import ThreadPoolExecutor  # few programs need it

    with ThreadPoolExecutor(max_workers=min(len(calls), AT_ONCE)) as pool:
        # Each in a copy of this context: the caller's variables are seen, and none is shared.
        done = [pool.submit(copy_context().run, outcome, call) for call in calls]
        return [future.result() for future in done]
