"""Cut a bucket's key order into segments, and see where they lie at the stores.

Keys are ordered by their UTF-8 bytes; Python compares strings by code point, which is the same.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from botwo._routes import Route


class Segment(msgspec.Struct, frozen=True, kw_only=True):
    """A stretch of a bucket's key order that one route owns: ``start <= key < end``."""

    start: str
    end: str | None
    """None: to the end of the bucket."""
    route: Route


def after(prefix: str) -> str | None:
    """Give the first string behind all strings that start with ``prefix``; None: there is none."""
    kept = prefix.rstrip("\U0010ffff")
    if not kept:
        return None
    last = ord(kept[-1]) + 1
    # Surrogates are no characters: behind U+D7FF comes U+E000.
    return kept[:-1] + chr(0xE000 if last == 0xD800 else last)


def cut_segments(routes: Sequence[tuple[str, Route]]) -> tuple[Segment, ...]:
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


def overlaps(segments: Sequence[Segment]) -> Iterator[tuple[Segment, Segment]]:
    """Find the segments of one bucket that overlap at a store: keys of both become one object."""
    stretches: dict[tuple[str, str], list[tuple[str, str | None, Segment]]] = {}
    for segment in segments:
        place = segment.route.client, segment.route.mapped_bucket
        stretches.setdefault(place, []).append((*_mapped(segment), segment))
    for found in stretches.values():
        found.sort(key=lambda stretch: stretch[0])
        # The stretch that reaches farthest so far; None reaches to the end of the bucket.
        _, reached, reaching = found[0]
        for start, end, segment in found[1:]:
            if reached is None or start < reached:
                yield reaching, segment
            if reached is not None and (end is None or end > reached):
                reached, reaching = end, segment


def _mapped(segment: Segment) -> tuple[str, str | None]:
    """Give where a segment lies in the mapped bucket's key order."""
    route = segment.route
    start, end = route.mapped_key(segment.start), after(route.key_prefix)
    if segment.end is not None and segment.end.startswith(route.stripped):
        end = route.mapped_key(segment.end)
    return start, end
