"""Run a flow: make the calls it yields, and send it what the stores answered."""

from __future__ import annotations

from typing import TYPE_CHECKING

from botwo._calls import Call

if TYPE_CHECKING:
    from collections.abc import Callable

    from botwo._calls import Flow
    from botwo._translation import Params


def run(flow: Flow, send: Callable[[Call], Params]) -> Params:
    """Run a flow to its end, one call after the other.

    Args:
        flow: The conversation.
        send: Makes one call; raises what the store raised.

    Returns:
        What the caller gets.
    """
    try:
        asked = next(flow)
        while True:
            if isinstance(asked, Call):
                try:
                    answer = send(asked)
                except BaseException as error:  # noqa: BLE001 - the flow's, an interrupt included
                    asked = flow.throw(error)
                else:
                    asked = flow.send(answer)
            else:
                asked = flow.send([_outcome(call, send) for call in asked])
    except StopIteration as stop:
        answered: Params = stop.value
        return answered


def _outcome(call: Call, send: Callable[[Call], Params]) -> Params | Exception:
    """Make one of several calls together; what it raises must not hide the others' answers."""
    try:
        return send(call)
    except Exception as error:  # noqa: BLE001 - handed to the flow, which decides
        return error
