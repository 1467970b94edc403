"""What is signed instead of sent: URLs and POST forms, in the store's names."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from botwo._calls import Call
from botwo._errors import RoutingError
from botwo._flows import flow
from botwo._operations import IN_BODY

if TYPE_CHECKING:
    from botwo._operations import Operation
    from botwo._routes import Route
    from botwo._rules import Rules
    from botwo._translation import Params

_FILENAME = "${filename}"
_POST = "GeneratePresignedPost"


def url_call(operation: Operation, params: Params, rules: Rules) -> Call:
    """Give the one call that a presigned URL stands for.

    Raises:
        RoutingError: The URL's holder would send or get the store's names: names in a request's
            body, in an answer's, or in a listing.
    """
    if operation.name in ("ListBuckets", "ListDirectoryBuckets") and len(rules.rules) > 1:
        raise RoutingError("a URL reaches one store's buckets only", operation=operation.name)
    call = flow(operation, params, rules)
    if not isinstance(call, Call):
        raise RoutingError("a URL stands for one request of one store", operation=operation.name)
    for route, _ in call.names:
        _check_holder(operation, route, rules)
    return call


def _check_holder(operation: Operation, route: Route, rules: Rules) -> None:
    """Refuse a URL whose holder would have to speak the store's names."""
    asks = any(row.kind in IN_BODY for row in operation.request)
    told = any(row.kind in IN_BODY for row in operation.response)
    moves = route.moves_keys or route.moves_bucket
    if route.moves_keys and operation.is_listing:
        why = f"the listing would answer with the store's keys, because {route} changes names"
    elif moves and (asks or told):
        why = (
            "the names in the body of the request or the answer would be the store's, because "
            f"{route} changes names"
        )
    elif asks and len(rules.segments(route.bucket)) > 1:
        why = f"the names in the body could lie elsewhere than on {route}"
    else:
        return
    raise RoutingError(
        f"{why}; call {operation.name} instead of presigning it",
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
    mapped: Params = {"Bucket": route.mapped_bucket, "Key": route.mapped_key(key) if key else key}
    if fields is not None:
        mapped["Fields"] = {
            name: _field(rules, route, name, value) for name, value in fields.items()
        }
    if conditions is not None:
        mapped["Conditions"] = [_condition(rules, route, condition) for condition in conditions]
    return route, mapped


def _field(rules: Rules, route: Route, name: str, value: Any) -> Any:
    """Map a field's value, or what a condition wants it to be."""
    match name.lower():
        case "bucket" if value == route.bucket:
            return route.mapped_bucket
        case "key" if isinstance(value, str):
            if not value.startswith(route.stripped):
                raise _beside(route, value)
            return route.mapped_key(value)
        case "x-amz-website-redirect-location" if str(value).startswith("/"):
            return _redirect(route, value, rules.route(route.bucket, value[1:]))
    return value


def _start(rules: Rules, route: Route, name: str, value: Any) -> Any:
    """Map what a condition wants a field to start with."""
    match name.lower():
        case "bucket" if route.moves_bucket and route.bucket.startswith(value):
            return route.mapped_bucket
        case "key":
            return _mapped_start(route, value)
        case "x-amz-website-redirect-location" if value.startswith("/"):
            return _redirect(route, value, rules.only_route(route.bucket, value[1:], _POST))
        case "x-amz-website-redirect-location" if not value and route.moves_keys:
            raise RoutingError(
                f"the form's user could redirect to keys that have other names on {route}; let "
                "the redirect start with '/' and a prefix, or with 'http'",
                operation=_POST,
                routes=[route],
            )
    return value


def _redirect(route: Route, target: str, found: Route) -> str:
    if (found.client, found.mapped_bucket) != (route.client, route.mapped_bucket):
        raise RoutingError(
            f"the redirect to {target!r} leaves the store's bucket",
            operation=_POST,
            routes=[route, found],
        )
    return "/" + _mapped_start(found, target[1:])


def _condition(rules: Rules, route: Route, condition: Any) -> Any:
    if isinstance(condition, dict):
        return {name: _field(rules, route, name, value) for name, value in condition.items()}
    if isinstance(condition, list | tuple) and len(condition) == 3:
        operator, name, value = condition
        if isinstance(name, str) and name.startswith("$") and isinstance(value, str):
            starts = str(operator).lower() == "starts-with"
            return [operator, name, (_start if starts else _field)(rules, route, name[1:], value)]
    return condition


def _mapped_start(route: Route, start: str) -> str:
    """Map what keys start with; of a shorter start than is stripped, the route's keys are left."""
    inside = start.startswith(route.stripped)
    if not inside and not route.stripped.startswith(start):
        raise _beside(route, start)
    return route.mapped_key(start) if inside else route.key_prefix


def _beside(route: Route, key: str) -> RoutingError:
    return RoutingError(
        f"a condition on the key wants {key!r}, which does not lie on {route}",
        operation=_POST,
        routes=[route],
    )
