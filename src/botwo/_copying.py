"""Copies: by the store where source and destination lie under one client, else relayed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from botwo._calls import Flow, ask, ask_one
from botwo._copies import Copy
from botwo._relaying import relay
from botwo._requests import copy_source

if TYPE_CHECKING:
    from botwo._operations import Operation
    from botwo._rules import Rules
    from botwo._translation import Params


def copy(operation: Operation, params: Params, rules: Rules) -> Flow:
    """Serve ``CopyObject`` and ``UploadPartCopy``."""
    source = copy_source(params.get("CopySource"))
    key = params.get("Key")
    if source is None or not isinstance(key, str):
        return ask_one(operation, params, rules)  # botocore says what is missing
    origin = rules.route(source["Bucket"], source["Key"])
    target = rules.route(params["Bucket"], key)
    if origin.client == target.client:
        return ask(operation, params, ((target, key), (origin, source["Key"])), rules)
    return relay(
        Copy(
            operation=operation,
            params=params,
            source=source,
            origin=origin,
            target=target,
            rules=rules,
        )
    )
