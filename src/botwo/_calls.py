"""One operation on one client, asked in the store's names and answered in the caller's."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from typing import TYPE_CHECKING, Any, TypeAlias

import msgspec

from botwo._requests import to_store
from botwo._responses import to_caller
from botwo._translation import Params, Translation
from botwo._undecided import check_request, check_response

if TYPE_CHECKING:
    from botwo._operations import Operation
    from botwo._routes import Route
    from botwo._rules import Rules


class Call(msgspec.Struct, frozen=True, kw_only=True):
    """One operation on one client."""

    client: str
    operation: Operation
    params: Params
    """In the store's names."""
    names: Sequence[tuple[Route, str]] = ()
    """The routes and the caller's keys that the call is about; the first is the one it goes by."""
    translation: Translation | None = None
    """The way back; None: the response is given as it came."""
    reads: int | None = None
    """The most bytes of the answer's body that are read, into bytes; None: it stays a stream."""
    spools: bool = False
    """Whether a longer body goes into a temporary file; otherwise it is left, and None answered."""
    puts_away: bool = False
    """Whether it cleans up after a flow, and so is made even when nobody waits any more."""
    asked: str | None = None
    """The operation that the caller asked for, where it is another one: errors name it."""

    def answer(self, response: Params) -> Params:
        """Give the store's response in the caller's names; it is changed in place.

        Raises:
            RoutingError: A name in it cannot be translated.
        """
        answer = response
        if self.translation is not None:
            answer = to_caller(self.operation, self.translation, response)
        if self.operation.undecided_response:
            check_response(self.operation, answer, [route for route, _ in self.names])
        return answer


class Together(msgspec.Struct, frozen=True, kw_only=True):
    """Flows that are independent and run at the same time; the first error stops them all."""

    flows: Sequence[Flow]
    at_once: int = 8
    """How many of them run at the same time."""
    puts_away: bool = False
    """Whether they put away what they have begun, and so have to know what came of each call."""


# A flow is one call, whose answer is the caller's; or a conversation: it yields a call and is sent
# its answer, or yields flows that run together and is sent what each returned, in their order;
# what was raised instead is raised where it yielded. It returns what the caller gets.
Conversation: TypeAlias = Generator["Call | Together", Any, Any]
Flow: TypeAlias = "Call | Conversation"


def together(flows: Sequence[Flow]) -> Conversation:
    """Run independent flows, and give what each returned; one alone needs no thread."""
    if len(flows) != 1:
        return (yield Together(flows=flows))
    alone = flows[0]
    return [(yield alone) if isinstance(alone, Call) else (yield from alone)]


def ask(
    operation: Operation, params: Params, names: Sequence[tuple[Route, str]], rules: Rules
) -> Call:
    """Ask the store of the first name's route, names translated both ways.

    Raises:
        RoutingError: A name in the request cannot be translated.
    """
    route = names[0][0]
    if operation.undecided_request:
        check_request(operation, params, [route for route, _ in names])
    translation = Translation(rules=rules, route=route, operation=operation.name, params=params)
    return Call(
        client=route.client,
        operation=operation,
        params=to_store(operation, translation),
        names=names,
        translation=translation,
    )


def ask_one(operation: Operation, params: Params, rules: Rules) -> Call:
    """Ask the one store that the bucket and key lie in."""
    key = params.get("Key")
    key = key if isinstance(key, str) else ""
    return ask(operation, params, ((rules.route(params["Bucket"], key), key),), rules)


def pass_on(operation: Operation, params: Params, client: str) -> Call:
    """Give a request to one client as it is: it names nothing that rules are about."""
    return Call(client=client, operation=operation, params=params)


def first_calls(served: Flow) -> Sequence[Call]:
    """Give what a flow asks first, without asking it."""
    if isinstance(served, Call):
        return [served]
    asked = next(served)
    served.close()
    if isinstance(asked, Call):
        return [asked]
    return [call for flow in asked.flows for call in first_calls(flow)]
