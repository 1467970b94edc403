"""Copies: by the store where source and destination lie under one client."""

from __future__ import annotations

from typing import TYPE_CHECKING

from botwo._calls import Flow, ask, ask_one
from botwo._errors import RoutingError
from botwo._requests import copy_source

if TYPE_CHECKING:
    from botwo._operations import Operation
    from botwo._rules import Rules
    from botwo._translation import Params


def copy(operation: Operation, params: Params, rules: Rules) -> Flow:
    """Serve ``CopyObject`` and ``UploadPartCopy``.

    Raises:
        RoutingError: Source and destination lie under two clients.
    """
    source = copy_source(params.get("CopySource"))
    key = params.get("Key")
    if source is None or not isinstance(key, str):
        return ask_one(operation, params, rules)  # botocore says what is missing
    origin = rules.route(source["Bucket"], source["Key"])
    target = rules.route(params["Bucket"], key)
    if origin.client != target.client:
        raise RoutingError(
            f"the source {source['Bucket']}/{source['Key']} lies on {origin} and the destination "
            f"{params['Bucket']}/{key} on {target}; a store cannot copy from another one: read the "
            "object and put it",
            operation=operation.name,
            routes=(origin, target),
        )
    return ask(operation, params, ((target, key), (origin, source["Key"])), rules)
