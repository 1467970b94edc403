"""Rules that give one object at a store two names of the caller's."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

from botwo._errors import Problem
from botwo._patterns import example, is_exact
from botwo._rules import Segment, after

if TYPE_CHECKING:
    from collections.abc import Iterator

    from botwo._rules import Rules


def collisions(rules: Rules) -> Iterator[Problem]:
    """Find the rules through which two keys of one bucket become one object.

    Only rules with a source prefix can do that: they cut a bucket into segments, and two segments
    of one bucket at a store must not overlap there.
    """
    cut = dict.fromkeys(rule.bucket_name for rule in rules.rules if rule.source_prefix)
    seen: set[tuple[int, int]] = set()
    for pattern in cut:
        stretches: dict[tuple[str, str], list[tuple[str, str | None, Segment]]] = {}
        for segment in rules.segments(example(pattern)):
            place = segment.route.client, segment.route.mapped_bucket
            stretches.setdefault(place, []).append((*_mapped(segment), segment))
        for found in stretches.values():
            yield from _overlapping(found, seen)


def _mapped(segment: Segment) -> tuple[str, str | None]:
    """Give where a segment lies in the mapped bucket's key order."""
    route = segment.route
    start, end = route.mapped_key(segment.start), after(route.key_prefix)
    if segment.end is not None and segment.end.startswith(route.stripped):
        end = route.mapped_key(segment.end)
    return start, end


def _overlapping(
    stretches: list[tuple[str, str | None, Segment]], seen: set[tuple[int, int]]
) -> Iterator[Problem]:
    stretches.sort(key=lambda stretch: stretch[0])
    # The stretch that reaches farthest so far; None reaches to the end of the bucket.
    reaching = stretches[0]
    for stretch in stretches[1:]:
        start, end, segment = stretch
        one, other = sorted((reaching[2].route.place, segment.route.place))
        if (reaching[1] is None or start < reaching[1]) and (one, other) not in seen:
            seen.add((one, other))
            key = segment.start
            twin = reaching[2].route.key(start)
            yield Problem(
                place=f"mapping[{one}]",
                found=f"keys under {key!r} and under {twin!r} become one object with "
                f"mapping[{other}]",
                mend=f"give one of the rules another mapped_bucket_name or key_prefix, or {twin!r} "
                "a rule of its own",
            )
        if reaching[1] is not None and (end is None or end > reaching[1]):
            reaching = stretch


def aliases(rules: Rules) -> Iterator[str]:
    """Find exact rules for two buckets that reach the same objects: allowed, and seldom meant."""
    found: dict[tuple[str, str], list[tuple[str, int]]] = {}
    for place, rule in enumerate(rules.rules):
        if is_exact(rule.bucket_name) and not rule.source_prefix:
            at = rule.client, rule.mapped_bucket(rule.bucket_name)
            found.setdefault(at, []).append((rule.mapped_prefix(rule.bucket_name), place))
    for (client, mapped_bucket), prefixes in found.items():
        if len(prefixes) == 1:
            continue
        for (prefix, place), (longer, other) in pairwise(sorted(prefixes)):
            if longer.startswith(prefix):
                yield (
                    f"mapping[{place}] and mapping[{other}] both reach {mapped_bucket}/{longer} at "
                    f"{client!r}: its objects have two names"
                )
