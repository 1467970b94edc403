"""Which client owns a name, and what it is called there.

A bucket's keys, in UTF-8 byte order, are cut into segments; each belongs to one route. Python
compares strings by code point, which is the same order.
"""

from __future__ import annotations

from bisect import bisect_right
from typing import TYPE_CHECKING

import msgspec

from botwo._errors import RoutingError
from botwo._patterns import PatternIndex, is_exact, matches

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

BUCKET_PLACEHOLDER = "{bucket}"
_MAX_PLANS = 10_000


class Rule(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One entry of a mapping, as the caller wrote it.

    Attributes:
        bucket_name: The bucket: exact, or with ``*``, ``?``, ``[…]``.
        client: The name of the client that serves it.
        mapped_bucket_name: The bucket at the store; may contain ``{bucket}``. None: the same name.
        key_prefix: Put in front of every key at the store; may contain ``{bucket}``.
        source_prefix: The rule holds only for keys that start with this.
        strip_source_prefix: Take ``source_prefix`` off before ``key_prefix`` is put on.
    """

    bucket_name: str
    client: str
    mapped_bucket_name: str | None = None
    key_prefix: str = ""
    source_prefix: str = ""
    strip_source_prefix: bool = False

    def mapped_bucket(self, bucket: str) -> str:
        """Give the store's name for a bucket that this rule claims."""
        return _fill(self.mapped_bucket_name or BUCKET_PLACEHOLDER, bucket)

    def mapped_prefix(self, bucket: str) -> str:
        """Give what keys start with at the store, of a bucket that this rule claims."""
        return _fill(self.key_prefix, bucket)

    def unmapped_bucket(self, mapped_bucket: str) -> str | None:
        """Give the caller's name for a store's bucket, None where this rule maps none to it."""
        if is_exact(self.bucket_name):
            same = self.mapped_bucket(self.bucket_name) == mapped_bucket
            return self.bucket_name if same else None
        start, placeholder, end = (self.mapped_bucket_name or BUCKET_PLACEHOLDER).partition(
            BUCKET_PLACEHOLDER
        )
        if not placeholder or len(mapped_bucket) <= len(start) + len(end):
            return None
        bucket = mapped_bucket[len(start) : len(mapped_bucket) - len(end)]
        fits = self.mapped_bucket(bucket) == mapped_bucket and matches(self.bucket_name, bucket)
        return bucket if fits else None

    def folded_bucket(self, mapped_key: str) -> str | None:
        """Give the caller's bucket that a key of the one mapped bucket belongs to."""
        start, _, end = self.key_prefix.partition(BUCKET_PLACEHOLDER)
        part = mapped_key.removeprefix(start).partition("/")[0]
        bucket = part.removesuffix(end.partition("/")[0])
        fits = mapped_key.startswith(_fill(self.key_prefix, bucket))
        return bucket if bucket and fits and matches(self.bucket_name, bucket) else None

    @property
    def changes_names(self) -> bool:
        """Whether any name that the rule claims could be another one at the store."""
        stripped = self.source_prefix if self.strip_source_prefix else ""
        same = (None, BUCKET_PLACEHOLDER, self.bucket_name if is_exact(self.bucket_name) else None)
        return self.mapped_bucket_name not in same or self.key_prefix != stripped

    @property
    def folds(self) -> bool:
        """Whether the rule puts many buckets into one."""
        name = self.mapped_bucket_name
        return (
            name is not None and BUCKET_PLACEHOLDER not in name and not is_exact(self.bucket_name)
        )


def _fill(template: str, bucket: str) -> str:
    return template.replace(BUCKET_PLACEHOLDER, bucket)


class Route(msgspec.Struct, frozen=True, kw_only=True):
    """What the mapping says of one bucket's names under one rule: the client and both sides' names.

    Example:
        >>> rule = Rule(bucket_name="old", client="lakefs", mapped_bucket_name="repo",
        ...             key_prefix="main/")
        >>> route = Route.of(rule, place=0, bucket="old")
        >>> route.mapped_bucket, route.mapped_key("a/b.csv"), route.key("main/a/b.csv")
        ('repo', 'main/a/b.csv', 'a/b.csv')
    """

    place: int
    """The rule's position in the mapping."""
    rule: Rule
    client: str
    bucket: str
    mapped_bucket: str
    key_prefix: str
    """What mapped keys start with."""
    stripped: str
    """What is taken off the caller's keys first: the source prefix, or nothing."""
    moves_bucket: bool
    moves_keys: bool

    @classmethod
    def of(cls, rule: Rule, *, place: int, bucket: str) -> Route:
        """Make the route of a bucket that the rule claims."""
        mapped_bucket = rule.mapped_bucket(bucket)
        key_prefix = rule.mapped_prefix(bucket)
        stripped = rule.source_prefix if rule.strip_source_prefix else ""
        return cls(
            place=place,
            rule=rule,
            client=rule.client,
            bucket=bucket,
            mapped_bucket=mapped_bucket,
            key_prefix=key_prefix,
            stripped=stripped,
            moves_bucket=mapped_bucket != bucket,
            moves_keys=key_prefix != stripped,
        )

    def mapped_key(self, key: str) -> str:
        """Give the store's name of a key of this route."""
        return self.key_prefix + key[len(self.stripped) :]

    def key(self, mapped_key: str) -> str:
        """Give the caller's name of a key at the store.

        Raises:
            ValueError: The key does not lie under the route's key prefix.
        """
        if not mapped_key.startswith(self.key_prefix):
            raise ValueError(mapped_key)
        return self.stripped + mapped_key[len(self.key_prefix) :]

    def __str__(self) -> str:
        """Say the route in one phrase: client, mapped bucket and prefix, rule."""
        return f"{self.client}:{self.mapped_bucket}/{self.key_prefix} (mapping[{self.place}])"


class Segment(msgspec.Struct, frozen=True, kw_only=True):
    """A stretch of a bucket's key order that one route owns: ``start <= key < end``."""

    start: str
    end: str | None
    """None: to the end of the bucket."""
    route: Route


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

    def _plan(self, bucket: str) -> _Plan:
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
        if any(route.moves_bucket for _, route in routes):
            self.check_bucket(bucket)
        segments = _segments(routes)
        plan = _Plan(starts=tuple(segment.start for segment in segments), segments=segments)
        if len(self._plans) >= _MAX_PLANS:
            self._plans.clear()
        self._plans[bucket] = plan
        return plan


def after(prefix: str) -> str | None:
    """Give the first string behind all strings that start with ``prefix``; None: there is none."""
    kept = prefix.rstrip("\U0010ffff")
    if not kept:
        return None
    last = ord(kept[-1]) + 1
    # Surrogates are no characters: behind U+D7FF comes U+E000.
    return kept[:-1] + chr(0xE000 if last == 0xD800 else last)


def _segments(routes: Sequence[tuple[str, Route]]) -> tuple[Segment, ...]:
    """Cut the key space: of the prefixes that a key starts with, the earliest rule's wins.

    Prefixes nest or lie apart, so one pass in key order with the open ones on a stack will do.
    """
    first: dict[str, Route] = {}
    for prefix, route in routes:
        first.setdefault(prefix, route)
    owners: list[tuple[str, Route]] = []
    opened: list[tuple[str | None, Route]] = []
    prefixes: list[str | None] = [*sorted(first), None]
    for boundary in prefixes:
        while opened and (boundary is None or _ends_before(opened[-1][0], boundary)):
            end, _ = opened.pop()
            if end is not None:
                owners.append((end, opened[-1][1]))
        if boundary is not None:
            route = first[boundary]
            if opened and opened[-1][1].place < route.place:
                route = opened[-1][1]
            opened.append((after(boundary), route))
            owners.append((boundary, route))
    return _merged(owners)


def _ends_before(end: str | None, boundary: str) -> bool:
    return end is not None and end <= boundary


def _merged(owners: Sequence[tuple[str, Route]]) -> tuple[Segment, ...]:
    """Join neighbours of one route; of several owners from one start on, the last counts."""
    kept: list[tuple[str, Route]] = []
    for start, route in owners:
        if kept and kept[-1][0] == start:
            kept.pop()
        if not kept or kept[-1][1] is not route:
            kept.append((start, route))
    ends = [start for start, _ in kept[1:]] + [None]
    return tuple(
        Segment(start=start, end=end, route=route)
        for (start, route), end in zip(kept, ends, strict=True)
    )
