"""Refuse what the table does not know, where a name could stand in it.

An unknown member of a request is refused where it is used and a route changes names. One of a
response is refused only where its value carries one of the store's names.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from botwo._errors import RoutingError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from botwo._operations import Operation
    from botwo._routes import Route
    from botwo._rules import Rules
    from botwo._translation import Params

_STEP = re.compile(r"\[\]|\{key\}|\{value\}|[^.\[\]{}]+")


def check_request(operation: Operation, params: Params, routes: Iterable[Route]) -> None:
    """Check a request that goes by these routes.

    Raises:
        RoutingError: It uses a member of which nobody has decided whether it carries a name.
    """
    used = used_paths(operation, params)
    moving = [route for route in routes if route.moves_bucket or route.moves_keys] if used else []
    if moving:
        raise RoutingError(
            f"this version does not know whether {used[0]} carries a name, and {moving[0]} changes "
            "names; upgrade botwo, or use that store's own client",
            operation=operation.name,
            routes=moving,
        )


def check_without_bucket(operation: Operation, params: Params, rules: Rules) -> None:
    """Check a request that has no bucket to go by, so it goes to the default's store.

    Raises:
        RoutingError: It uses a member of which nobody has decided whether it carries a name.
    """
    used = used_paths(operation, params)
    if used and rules.change_names:
        raise RoutingError(
            f"this version does not know whether {used[0]} carries a name; upgrade botwo, or "
            "use the right store's own client",
            operation=operation.name,
        )


def check_response(operation: Operation, response: Params, routes: Iterable[Route]) -> None:
    """Check a response that came by these routes.

    Raises:
        RoutingError: A member that nobody has decided on carries a name of the store.
    """
    for route in routes:
        marks = [route.mapped_bucket] * route.moves_bucket + [route.key_prefix] * route.moves_keys
        for path in operation.undecided_response:
            if any(_carries(value, marks) for value in values(response, path)):
                raise RoutingError(
                    f"this version does not know {path} of the answer, which seems to carry a name "
                    "of the store; the request itself was carried out; upgrade botwo",
                    operation=operation.name,
                    routes=[route],
                )


def used_paths(operation: Operation, params: Params) -> list[str]:
    """Give the paths of the members in a request that nobody has decided on."""
    return [path for path in operation.undecided_request if list(values(params, path))]


def values(holder: object, path: str) -> Iterator[Any]:
    """Yield what stands at a path of botocore's model, as `_operations.strings` names it."""
    found: list[Any] = [holder]
    for step in _STEP.findall(path):
        found = [inner for outer in found for inner in _inside(outer, step)]
    yield from found


def _inside(outer: object, step: str) -> Iterable[Any]:
    if step == "[]":
        return outer if isinstance(outer, list | tuple) else ()
    if not isinstance(outer, dict):
        return ()
    if step == "{key}":
        return outer
    if step == "{value}":
        return outer.values()
    return (outer[step],) if step in outer else ()


def _carries(value: object, marks: Sequence[str]) -> bool:
    """Tell whether a value carries one of the store's names, URL-encoded or not."""
    shown = str(value)
    return any(mark and (mark in shown or mark in unquote(shown)) for mark in marks)
