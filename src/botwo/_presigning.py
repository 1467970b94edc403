"""What is signed instead of sent: URLs and POST forms, in the store's names."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from botwo._calls import Call
from botwo._errors import RoutingError
from botwo._flows import flow
from botwo._operations import IN_BODY

if TYPE_CHECKING:
    from botwo._operations import Operation
    from botwo._rules import Route, Rules
    from botwo._translation import Params

_FILENAME = "${filename}"
_POST = "GeneratePresignedPost"


def url_call(operation: Operation, params: Params, rules: Rules) -> Call:
    """Give the one call that a presigned URL stands for.

    Raises:
        RoutingError: The URL's holder would send or get the store's names: names in a request's
            body, or in a listing.
    """
    if operation.name in ("ListBuckets", "ListDirectoryBuckets") and len(rules.rules) > 1:
        raise RoutingError("a URL reaches one store's buckets only", operation=operation.name)
    call = flow(operation, params, rules)
    if not isinstance(call, Call):
        raise RoutingError("a URL stands for one request of one store", operation=operation.name)
    for route, _ in call.names:
        _check_holder(operation, route)
    return call


def _check_holder(operation: Operation, route: Route) -> None:
    """Refuse a URL whose holder would have to speak the store's names."""
    in_body = any(row.kind in IN_BODY for row in operation.request)
    if route.moves_keys and operation.is_listing:
        why = "the listing would answer with the store's keys"
    elif in_body and (route.moves_keys or route.moves_bucket):
        why = "the names in the body of the request would be the store's"
    else:
        return
    raise RoutingError(
        f"{why}, because {route} changes names; call {operation.name} instead of presigning it",
        operation=operation.name,
        routes=[route],
    )


def post_call(
    bucket: str, key: str, fields: Params | None, conditions: list[Any] | None, rules: Rules
) -> tuple[Route, Params]:
    """Give the route and the arguments of ``generate_presigned_post`` in the store's names.

    Args:
        bucket: The caller's bucket.
        key: The caller's key; may hold ``${filename}``, which the form's user fills in.
        fields: Form fields, as botocore takes them.
        conditions: Policy conditions: ``{"field": value}`` or ``[operator, "$field", value]``.
        rules: The mapping.

    Raises:
        RoutingError: The user's file name could take the key to another route.
    """
    start, placeholder, _ = key.partition(_FILENAME)
    route = rules.only_route(bucket, start, _POST) if placeholder else rules.route(bucket, key)
    mapped: Params = {"Bucket": route.mapped_bucket, "Key": route.mapped_key(key)}
    if fields is not None:
        mapped["Fields"] = {name: _field(route, name, value) for name, value in fields.items()}
    if conditions is not None:
        mapped["Conditions"] = [_condition(route, condition) for condition in conditions]
    return route, mapped


def _field(route: Route, name: str, value: Any) -> Any:
    match name.lower():
        case "bucket" if value == route.bucket:
            return route.mapped_bucket
        case "key" if isinstance(value, str):
            return _mapped_start(route, value)
        case "x-amz-website-redirect-location" if str(value).startswith("/"):
            return "/" + _mapped_start(route, value[1:])
    return value


def _condition(route: Route, condition: Any) -> Any:
    if isinstance(condition, dict):
        return {name: _field(route, name, value) for name, value in condition.items()}
    if isinstance(condition, list | tuple) and len(condition) == 3:
        operator, name, value = condition
        if isinstance(name, str) and name.startswith("$"):
            if name.lower() == "$bucket" and str(operator).lower() == "starts-with":
                starts = route.bucket.startswith(value)
                value = route.mapped_bucket if starts else value
                return [operator, name, value]
            return [operator, name, _field(route, name[1:], value)]
    return condition


def _mapped_start(route: Route, start: str) -> str:
    """Map a key, or what keys start with; of a shorter start the route's keys are what is left."""
    inside = start.startswith(route.stripped)
    if not inside and not route.stripped.startswith(start):
        raise RoutingError(
            f"a condition on the key wants {start!r}, which does not lie on {route}",
            operation=_POST,
            routes=[route],
        )
    return route.mapped_key(start) if inside else route.key_prefix
