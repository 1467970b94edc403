"""Listings of keys: of one route's segment of a bucket."""

from __future__ import annotations

from typing import TYPE_CHECKING

from botwo._calls import Flow, ask

if TYPE_CHECKING:
    from botwo._operations import Operation
    from botwo._rules import Rules
    from botwo._translation import Params


def list_keys(operation: Operation, params: Params, rules: Rules) -> Flow:
    """Serve the four operations that list keys, where the asked prefix lies on one route.

    Raises:
        RoutingError: The prefix spans several routes.
    """
    prefix = params.get("Prefix")
    prefix = prefix if isinstance(prefix, str) else ""
    route = rules.only_route(params["Bucket"], prefix, operation.name)
    return ask(operation, params, ((route, prefix),), rules)
