"""``ListBuckets``: all stores' buckets, in the caller's names."""

from __future__ import annotations

import base64
import binascii
import json
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from botwo._calls import Call, Conversation, Flow, ask_one, pass_on
from botwo._errors import RoutingError
from botwo._patterns import is_exact
from botwo._translation import Params, split_arn
from botwo._undecided import check_response

if TYPE_CHECKING:
    from collections.abc import Iterator

    from botwo._operations import Operation
    from botwo._routes import Route
    from botwo._rules import Rules

# What deletes configurations whose entries are checked, when they are put, to be of one route.
_DELETED_BY_PART = frozenset(
    f"DeleteBucket{kind}"
    for kind in (
        "AnalyticsConfiguration",
        "IntelligentTieringConfiguration",
        "InventoryConfiguration",
        "Lifecycle",
        "MetricsConfiguration",
        "Policy",
        "Replication",
        "Website",
    )
)
_BAD_TOKEN = "The continuation token provided is incorrect"
_PAGE_SIZE = {"ListBuckets": "MaxBuckets", "ListDirectoryBuckets": "MaxDirectoryBuckets"}


def change_bucket(operation: Operation, params: Params, rules: Rules) -> Flow:
    """Serve what changes or deletes something of the bucket itself.

    Raises:
        RoutingError: It would change more than the caller's bucket, or less: the mapped bucket is
            other buckets' too, or a part of the bucket's keys lies elsewhere.
    """
    bucket = params["Bucket"]
    route = rules.route(bucket)
    routes = [segment.route for segment in rules.segments(bucket)]
    parts = {(part.client, part.mapped_bucket): part for part in routes}
    if len(parts) > 1 and not operation.request and operation.name not in _DELETED_BY_PART:
        raise RoutingError(
            f"a part of bucket {bucket!r} lies elsewhere: {' and '.join(map(str, parts.values()))};"
            " do it at each store with its own client",
            operation=operation.name,
            routes=parts.values(),
        )
    sharing = rules.sharing(route)
    if sharing is not None:
        raise RoutingError(
            f"bucket {bucket!r} shares {route.mapped_bucket!r} at {route.client!r} with other "
            f"buckets, by mapping[{sharing}], and they would change too; do it with that store's "
            "own client",
            operation=operation.name,
            routes=[route],
        )
    return ask_one(operation, params, rules)


def list_buckets(operation: Operation, params: Params, rules: Rules) -> Flow:
    """Serve ``ListBuckets`` and ``ListDirectoryBuckets``.

    An exact rule gives its name where the mapped bucket exists; a wildcard rule and the default
    give the store's buckets, mapped back, whose first match they are. Sorted by name.

    Raises:
        RoutingError: A rule puts many buckets into one: their names are nowhere to be listed.
    """
    first = rules.rules[0]
    if len(rules.rules) == 1 and not first.folds and first.mapped_bucket_name is None:
        return pass_on(operation, params, first.client)
    for place, rule in enumerate(rules.rules):
        if rule.folds and not rule.source_prefix:
            raise RoutingError(
                f"mapping[{place}] puts every bucket {rule.bucket_name!r} into "
                f"{rule.mapped_bucket_name!r}, whose names no store can list",
                operation=operation.name,
            )
    return _list(operation, params, rules)


def _list(operation: Operation, params: Params, rules: Rules) -> Conversation:
    after = _position(operation, params)
    request = _request(operation, params)
    by_name = _Names(rules)
    found: dict[str, Params] = {}
    default: Params = {}
    for client in dict.fromkeys(rule.client for rule in rules.rules if not rule.source_prefix):
        asked = request
        while True:
            answer = yield Call(client=client, operation=operation, params=asked)
            if client == rules.default.client:
                default = default or answer
            for bucket in answer.get("Buckets", []):
                for route in by_name.routes(client, bucket["Name"]):
                    check_response(operation, {"Buckets": [bucket]}, [route])
                    found[route.bucket] = _renamed(bucket, route)
            if not answer.get("ContinuationToken"):
                break
            asked = {**request, "ContinuationToken": answer["ContinuationToken"]}
    return _page(operation, params, default, found, after)


def _request(operation: Operation, params: Params) -> Params:
    """Ask for whole lists: names, and so order, prefix and pages, are the caller's."""
    ours = {"Prefix", "ContinuationToken", _PAGE_SIZE[operation.name]}
    return {name: value for name, value in params.items() if name not in ours}


class _Names:
    """The caller's names of the stores' buckets."""

    def __init__(self, rules: Rules) -> None:
        self._rules = rules
        self._exact: dict[tuple[str, str], list[int]] = {}
        self._wild: dict[str, list[int]] = {}
        for place, rule in enumerate(rules.rules):
            if rule.source_prefix:
                continue
            if is_exact(rule.bucket_name):
                at = rule.client, rule.mapped_bucket(rule.bucket_name)
                self._exact.setdefault(at, []).append(place)
            else:
                self._wild.setdefault(rule.client, []).append(place)

    def routes(self, client: str, mapped_bucket: str) -> Iterator[Route]:
        """Yield the routes of the caller's buckets that a store's bucket is."""
        exact = self._exact.get((client, mapped_bucket), [])
        for place in [*exact, *self._wild.get(client, [])]:
            bucket = self._rules.rules[place].unmapped_bucket(mapped_bucket)
            if bucket is not None:
                route = self._rules.route(bucket)
                if route.place == place:
                    yield route


def _renamed(bucket: Params, route: Route) -> Params:
    renamed = {**bucket, "Name": route.bucket}
    start, _, rest = split_arn(bucket.get("BucketArn", ""))
    return {**renamed, "BucketArn": start + route.bucket + rest} if start else renamed


def _position(operation: Operation, params: Params) -> str:
    """Read where the last page ended from our continuation token.

    Raises:
        ClientError: The token is not one of ours; as S3 says it.
    """
    token = params.get("ContinuationToken")
    if not isinstance(token, str):
        return ""
    try:
        position = json.loads(base64.b64decode(token, validate=True))["after"]
    except (binascii.Error, ValueError, KeyError, TypeError):
        position = None
    if not isinstance(position, str):
        error: Any = {"Code": "InvalidArgument", "Message": _BAD_TOKEN}
        raise ClientError({"Error": error}, operation.name)
    return position


def _page(
    operation: Operation, params: Params, default: Params, found: dict[str, Params], after: str
) -> Params:
    prefix = params.get("Prefix") or ""
    names = sorted(name for name in found if name.startswith(prefix) and name > after)
    limit = params.get(_PAGE_SIZE[operation.name])
    shown = names if limit is None else names[:limit]
    page = {name: value for name, value in default.items() if name != "ContinuationToken"}
    page["Buckets"] = [found[name] for name in shown]
    if "Prefix" in params:
        page["Prefix"] = prefix
    if len(shown) < len(names):
        position = json.dumps({"after": shown[-1] if shown else after}).encode()
        page["ContinuationToken"] = base64.b64encode(position).decode()
    return page
