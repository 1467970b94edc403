"""Which client owns a name, and what it is called there.

A bucket's keys are cut into segments; each belongs to one route.
"""

from __future__ import annotations

from bisect import bisect_right
from typing import TYPE_CHECKING

import msgspec

from botwo._errors import RoutingError
from botwo._patterns import PatternIndex, is_exact, matches
from botwo._routes import Route, Rule
from botwo._segments import Segment, after, cut_segments, overlaps

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

_MAX_PLANS = 10_000


class _Plan(msgspec.Struct, frozen=True, kw_only=True):
    """One bucket's segments in key order, with their starts to search in."""

    starts: tuple[str, ...]
    segments: tuple[Segment, ...]


class Rules(msgspec.Struct, frozen=True, kw_only=True):
    """The ordered rules of a mapping, ready to find routes.

    Finding a route costs the same for 10 rules and for 10,000: a bucket's segments are worked out
    once and kept, and a key is found among them by bisection.
    """

    rules: tuple[Rule, ...]
    check_bucket: Callable[[str], None] = lambda bucket: None
    """Raises for a bucket name that no S3 client takes; asked before such a name is changed."""
    _by_pattern: PatternIndex[list[int]] = msgspec.field(default_factory=PatternIndex)
    _plans: dict[str, _Plan] = msgspec.field(default_factory=dict)

    def __post_init__(self) -> None:
        """Index the rules by their bucket patterns."""
        for place, rule in enumerate(self.rules):
            self._by_pattern.setdefault(rule.bucket_name, []).append(place)

    @property
    def default(self) -> Rule:
        """The default rule."""
        return next(
            rule for rule in self.rules if rule.bucket_name == "*" and not rule.source_prefix
        )

    @property
    def change_names(self) -> bool:
        """Whether a name could be another one at its store, or lie in another store."""
        client = self.default.client
        return any(rule.client != client or rule.changes_names for rule in self.rules)

    def sharing(self, route: Route) -> int | None:
        """Find a rule, by its place, that puts other buckets into this route's mapped bucket.

        A wildcard rule that leaves names as they are reaches every bucket, and does not count.
        """
        if route.rule.folds:
            return route.place
        if not is_exact(route.rule.bucket_name):
            return None
        for place, rule in enumerate(self.rules):
            fixed = rule.folds or is_exact(rule.bucket_name)
            other = fixed and rule.bucket_name != route.bucket
            at = rule.client, rule.mapped_bucket(rule.bucket_name)
            if other and at == (route.client, route.mapped_bucket):
                return place
        return None

    def route(self, bucket: str, key: str = "") -> Route:
        """Give the route of a key; of the bucket itself where there is no key."""
        plan = self._plans.get(bucket) or self._plan(bucket)
        if len(plan.starts) == 1:
            return plan.segments[0].route
        return plan.segments[bisect_right(plan.starts, key) - 1].route

    def segments(self, bucket: str, prefix: str = "") -> Sequence[Segment]:
        """Give the segments, in key order, in which keys that start with ``prefix`` can lie."""
        plan = self._plans.get(bucket) or self._plan(bucket)
        first = bisect_right(plan.starts, prefix) - 1
        end = after(prefix)
        last = first
        while last + 1 < len(plan.starts) and (end is None or plan.starts[last + 1] < end):
            last += 1
        return plan.segments[first : last + 1]

    def only_route(self, bucket: str, prefix: str, operation: str) -> Route:
        """Give the one route of all keys that start with ``prefix``.

        Raises:
            RoutingError: They span several routes.
        """
        segments = self.segments(bucket, prefix)
        routes = {segment.route.place: segment.route for segment in segments}
        if len(routes) == 1:
            return segments[0].route
        raise RoutingError(
            f"keys of bucket {bucket!r} that start with {prefix!r} span "
            f"{' and '.join(map(str, routes.values()))}; name a prefix that lies in one of them",
            operation=operation,
            routes=routes.values(),
        )

    def claims(self, bucket: str) -> Iterator[tuple[int, Rule]]:
        """Yield the rules whose bucket name matches, in list order, with their places."""
        places = [
            place
            for pattern, places in self._by_pattern.candidates(bucket)
            if matches(pattern, bucket)
            for place in places
        ]
        return ((place, self.rules[place]) for place in sorted(places))

    def planned(self, bucket: str) -> tuple[Segment, ...]:
        """Give a bucket's segments as the rules cut them, whether or not that is allowed."""
        return cut_segments(self._routes(bucket))

    def _routes(self, bucket: str) -> list[tuple[str, Route]]:
        routes: list[tuple[str, Route]] = []
        for place, rule in self.claims(bucket):
            route = Route.of(rule, place=place, bucket=bucket)
            if bucket.startswith("arn:") and route.moves_bucket and not is_exact(rule.bucket_name):
                raise RoutingError(
                    f"the wildcard rule mapping[{place}] would rename {bucket!r}, which is an ARN; "
                    "add a rule with this ARN as its bucket_name",
                    operation="route",
                    routes=[route],
                )
            routes.append((rule.source_prefix, route))
            if not rule.source_prefix:
                break
        return routes

    def _plan(self, bucket: str) -> _Plan:
        routes = self._routes(bucket)
        if any(route.moves_bucket for _, route in routes):
            self.check_bucket(bucket)
        segments = cut_segments(routes)
        for one, other in overlaps(segments) if len(segments) > 1 else ():
            raise RoutingError(
                f"bucket {bucket!r}: keys of {one.route} and {other.route} become one object; give "
                "one of the rules another mapped_bucket_name or key_prefix",
                operation="route",
                routes=[one.route, other.route],
            )
        plan = _Plan(starts=tuple(segment.start for segment in segments), segments=segments)
        if len(self._plans) >= _MAX_PLANS:
            self._plans.clear()
        self._plans[bucket] = plan
        return plan
