"""One operation on one client, and the flows that ask it in the caller's names."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from typing import TYPE_CHECKING, Any, TypeAlias

import msgspec

from botwo._names import to_caller, to_store
from botwo._translation import Params, Translation

if TYPE_CHECKING:
    from botwo._operations import Operation
    from botwo._rules import Route, Rules


class Call(msgspec.Struct, frozen=True, kw_only=True):
    """One operation on one client, in the store's names."""

    client: str
    operation: str
    params: Params
    names: Sequence[tuple[Route, str]]
    """The routes and the caller's keys that the call is about; the first is the one it goes by."""


# A flow yields a call and is sent its response, or yields several together and is sent their
# outcomes in the same order: each a response, or the error that its store raised.
Flow: TypeAlias = Generator["Call | Sequence[Call]", Any, Params]


def ask(
    operation: Operation, params: Params, names: Sequence[tuple[Route, str]], rules: Rules
) -> Flow:
    """Ask the store of the first name's route, names translated both ways.

    Raises:
        RoutingError: A name in the request or the response cannot be translated.
    """
    route = names[0][0]
    translation = Translation(rules=rules, route=route, operation=operation.name, params=params)
    mapped = to_store(operation, translation)
    call = Call(client=route.client, operation=operation.name, params=mapped, names=names)
    return to_caller(operation, translation, (yield call))


def ask_one(operation: Operation, params: Params, rules: Rules) -> Flow:
    """Ask the one store that the bucket and key lie in."""
    key = params.get("Key")
    key = key if isinstance(key, str) else ""
    return ask(operation, params, ((rules.route(params["Bucket"], key), key),), rules)


def pass_on(operation: Operation, params: Params, client: str) -> Flow:
    """Give a request to one client as it is: it names nothing that rules are about."""
    answer: Params = yield Call(client=client, operation=operation.name, params=params, names=())
    return answer
