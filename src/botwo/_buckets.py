"""``ListBuckets``: all stores' buckets, in the caller's names."""

from __future__ import annotations

from typing import TYPE_CHECKING

from botwo._calls import Call, Conversation, Flow, ask_one, pass_on, together
from botwo._errors import RoutingError
from botwo._patterns import is_exact
from botwo._tokens import bad_token, is_our_token, make_token, read_token
from botwo._translation import Params, split_arn
from botwo._undecided import check_response

if TYPE_CHECKING:
    from collections.abc import Iterator

    from botwo._operations import Operation
    from botwo._routes import Route, Rule
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
_PAGE_SIZE = {"ListBuckets": "MaxBuckets", "ListDirectoryBuckets": "MaxDirectoryBuckets"}
_PAGE = 1000
"""How many buckets a store is asked for at a time, where the caller asks for pages."""


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
        ClientError: The continuation token is of another mapping, or none; as S3 says it.
    """
    token = params.get("ContinuationToken")
    first = rules.rules[0]
    if len(rules.rules) == 1 and not first.folds and first.mapped_bucket_name is None:
        if is_our_token(token):
            raise bad_token(operation.name)
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
    token = params.get("ContinuationToken")
    depends_on = [_placement(rule) for rule in rules.rules if not rule.source_prefix]
    after = "" if token is None else read_token(token, depends_on, operation.name)
    clients = list(dict.fromkeys(rule.client for rule in rules.rules if not rule.source_prefix))
    stores = yield from together([_whole(operation, params, client) for client in clients])
    by_name = _Names(rules)
    found: dict[str, Params] = {}
    for client, (_, buckets) in zip(clients, stores, strict=True):
        for bucket in buckets:
            for route in by_name.routes(client, bucket["Name"]):
                check_response(operation, {"Buckets": [bucket]}, [route])
                found[route.bucket] = _renamed(bucket, route)
    prefix = params.get("Prefix") or ""
    names = sorted(
        name
        for name, bucket in found.items()
        if name.startswith(prefix) and name > after and _lies_in(params.get("BucketRegion"), bucket)
    )
    limit = params.get(_PAGE_SIZE[operation.name])
    shown = names if limit is None else names[:limit]
    first, _ = stores[clients.index(rules.default.client)]
    page = {name: value for name, value in first.items() if name != "ContinuationToken"}
    page["Buckets"] = [found[name] for name in shown]
    if "Prefix" in params:
        page["Prefix"] = prefix
    if len(shown) < len(names):
        page["ContinuationToken"] = make_token(depends_on, shown[-1])
    return page


def _lies_in(region: str | None, bucket: Params) -> bool:
    """Tell whether a bucket is of the asked region; a store that tells no regions has but one."""
    return region is None or bucket.get("BucketRegion", region) == region


def _placement(rule: Rule) -> list[str | None]:
    return [rule.bucket_name, rule.client, rule.mapped_bucket_name]


def _whole(operation: Operation, params: Params, client: str) -> Conversation:
    """Ask one store for all its buckets: names, and so order, prefix and pages, are the caller's.

    Returns:
        The store's first answer, and the buckets of all its pages.
    """
    size = _PAGE_SIZE[operation.name]
    asked = {name: params[name] for name in params if name not in ("Prefix", "ContinuationToken")}
    if isinstance(asked.get(size), int):
        asked[size] = max(asked[size], _PAGE)  # where it is more than S3 allows, S3 says so
    first: Params | None = None
    buckets: list[Params] = []
    while True:
        answer = yield Call(client=client, operation=operation, params=asked)
        first = first or answer
        buckets += answer.get("Buckets", [])
        token = answer.get("ContinuationToken")
        if not token:
            return first, buckets
        if token == asked.get("ContinuationToken"):
            raise RoutingError(
                f"client {client!r} says that there are more buckets and does not get ahead",
                operation=operation.name,
            )
        asked = {**asked, "ContinuationToken": token}


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
