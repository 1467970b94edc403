"""Which flow serves which operation."""

from __future__ import annotations

from typing import TYPE_CHECKING

from botwo._buckets import change_bucket, list_buckets
from botwo._calls import Flow, ask_one, pass_on
from botwo._copying import copy
from botwo._deleting import delete_objects
from botwo._errors import RoutingError
from botwo._listing import list_keys
from botwo._operations import LISTINGS
from botwo._undecided import check_without_bucket

if TYPE_CHECKING:
    from collections.abc import Callable

    from botwo._operations import Operation
    from botwo._rules import Rules
    from botwo._translation import Params

_FLOWS: dict[str, Callable[[Operation, Params, Rules], Flow]] = {
    "CopyObject": copy,
    "UploadPartCopy": copy,
    "DeleteObjects": delete_objects,
    "ListBuckets": list_buckets,
    "ListDirectoryBuckets": list_buckets,
    **dict.fromkeys(LISTINGS, list_keys),
}


def flow(operation: Operation, params: Params, rules: Rules) -> Flow:
    """Give the flow that serves one operation.

    Raises:
        RoutingError: The request's names lie where one request cannot reach.
    """
    if not operation.has_bucket:
        return _without_bucket(operation, params, rules)
    if not isinstance(params.get("Bucket"), str):
        return pass_on(operation, params, rules.default.client)  # botocore says what is missing
    serve = _FLOWS.get(operation.name)
    if serve is None:
        serve = change_bucket if "Key" not in params and operation.changes_bucket else ask_one
    return serve(operation, params, rules)


def _without_bucket(operation: Operation, params: Params, rules: Rules) -> Flow:
    check_without_bucket(operation, params, rules)
    if operation.name in _FLOWS:
        return _FLOWS[operation.name](operation, params, rules)
    if operation.undecided_response and rules.change_names:
        raise RoutingError(
            f"this version does not know whether {operation.undecided_response[0]} of the answer "
            "carries a name; upgrade botwo, or use the right store's own client",
            operation=operation.name,
        )
    return pass_on(operation, params, rules.default.client)
