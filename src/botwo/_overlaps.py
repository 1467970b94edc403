"""Rules that give one object at a store two names of the caller's."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

from botwo._errors import Problem
from botwo._patterns import example, is_exact, matches
from botwo._segments import overlaps

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from botwo._rules import Rules

# Of more wildcard patterns than this, exact names are tried when they are met.
_TRIED = 100


def collisions(rules: Rules) -> Iterator[Problem]:
    """Find the rules through which two keys of one bucket become one object.

    Only rules with a source prefix can do that: they cut a bucket into segments, and two segments
    of one bucket must not overlap at a store. A wildcard rule is tried with one bucket that it
    matches and with each that another rule names; for other buckets `Rules` finds out when it meets
    them.
    """
    cut = dict.fromkeys(rule.bucket_name for rule in rules.rules if rule.source_prefix)
    seen: set[tuple[int, int]] = set()
    for bucket in dict.fromkeys(_buckets(rules, cut)):
        for one, other in overlaps(rules.planned(bucket)):
            first, second = sorted((one, other), key=lambda segment: segment.route.place)
            places = first.route.place, second.route.place
            if places not in seen:
                seen.add(places)
                yield Problem(
                    place=f"mapping[{places[0]}]",
                    found=f"in bucket {bucket!r} keys under {first.start!r} become one object with "
                    f"keys of mapping[{places[1]}]",
                    mend="give one of the rules another mapped_bucket_name or key_prefix",
                )


def _buckets(rules: Rules, cut: Iterable[str]) -> Iterator[str]:
    """Yield buckets to try: of each pattern one example, and the exact names that it matches."""
    wild = []
    for pattern in cut:
        yield example(pattern)
        if not is_exact(pattern):
            wild.append(pattern)
    if wild:
        for rule in rules.rules:
            name = rule.bucket_name
            if is_exact(name) and any(matches(pattern, name) for pattern in wild[:_TRIED]):
                yield name


def aliases(rules: Rules) -> Iterator[str]:
    """Find rules for two buckets that reach the same objects: allowed, and seldom meant.

    Exact rules are compared with each other, and with those that put many buckets into one.
    """
    found: dict[tuple[str, str], list[tuple[str, int]]] = {}
    folding: dict[tuple[str, str], list[int]] = {}
    for place, rule in enumerate(rules.rules):
        at = rule.client, rule.mapped_bucket(rule.bucket_name)
        if rule.folds:
            folding.setdefault(at, []).append(place)
        elif is_exact(rule.bucket_name) and not rule.source_prefix:
            found.setdefault(at, []).append((rule.mapped_prefix(rule.bucket_name), place))
    for (client, mapped_bucket), prefixes in found.items():
        for (prefix, place), (longer, other) in pairwise(sorted(prefixes)):
            if longer.startswith(prefix):
                yield _alias(place, other, f"{mapped_bucket}/{longer}", client)
        for other in folding.get((client, mapped_bucket), ()):
            for prefix, place in prefixes:
                twin = rules.rules[other].folded_bucket(prefix)
                if twin is not None and twin != rules.rules[place].bucket_name:
                    yield _alias(place, other, f"{mapped_bucket}/{prefix}", client)


def _alias(place: int, other: int, reached: str, client: str) -> str:
    return (
        f"mapping[{place}] and mapping[{other}] both reach {reached} at {client!r}: its objects "
        "have two names"
    )
