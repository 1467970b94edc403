"""Cut a listing over several segments into stretches that one store can list by itself.

A stretch lies on one route, and each common prefix of the listing lies wholly in it, or all of it
lies in one common prefix. So what its store lists within its bounds is right as it stands, whatever
the store still holds beyond them.
"""

from __future__ import annotations

from bisect import bisect_right
from typing import TYPE_CHECKING

import msgspec

from botwo._segments import after

if TYPE_CHECKING:
    from collections.abc import Sequence

    from botwo._routes import Route
    from botwo._segments import Segment

_LAST = "\U0010ffff"


class Stretch(msgspec.Struct, frozen=True, kw_only=True):
    """A part of a bucket's key order, ``start <= key < end``, that one store lists."""

    start: str
    end: str | None
    """None: to the end of the bucket."""
    least: str
    """The least entry that counts: a store may still list the common prefix that it starts in."""
    route: Route
    prefix: str
    """The longest start that all its keys have; it is what the store is asked for."""
    inside: str | None
    """The common prefix that all its keys lie in: one of them is enough to know of."""
    grouped: bool
    """Whether the store can group its keys as the caller asked."""

    @property
    def whole(self) -> bool:
        """Whether the stretch ends where the keys with its prefix end."""
        return self.end == after(self.prefix)


def common_prefix(name: str, prefix: str, delimiter: str) -> str | None:
    """Give the common prefix that a name is rolled up into, None where it stands for itself.

    Example:
        >>> common_prefix("a/b/c", "a/", "/"), common_prefix("a/b", "a/", "/")
        ('a/b/', None)
    """
    if not delimiter or not name.startswith(prefix):
        return None
    found = name.find(delimiter, len(prefix))
    return None if found < 0 else name[: found + len(delimiter)]


def behind(entry: str, prefix: str, delimiter: str) -> str | None:
    """Give the first name behind an entry of a listing and all that is rolled up into it."""
    return after(entry) if common_prefix(entry, prefix, delimiter) == entry else f"{entry}\0"


def before(start: str) -> str:
    """Give a marker behind which ``start`` is the first name, or all but the first.

    There is no last name before another one; what lies in between is left to the caller to drop.
    """
    if start.endswith("\0"):
        return start[:-1]
    last = ord(start[-1]) - 1
    # Surrogates are no characters: before U+E000 comes U+D7FF.
    return start[:-1] + chr(0xD7FF if last == 0xDFFF else last) + _LAST


def next_stretch(
    segments: Sequence[Segment], prefix: str, delimiter: str, start: str
) -> Stretch | None:
    """Give the first stretch that has room for keys from ``start`` on; None: there is none.

    Args:
        segments: The segments in which keys that start with ``prefix`` can lie, in key order.
        prefix: What the listing's keys start with.
        delimiter: What ends a common prefix; "": there are none.
        start: The first name that may still be listed.
    """
    start = max(start, prefix)
    place = bisect_right(segments, start, key=lambda segment: segment.start) - 1
    segment = segments[max(place, 0)]
    start = least = max(start, segment.start)
    end = _first(segment.end, after(prefix))
    if end is not None and start >= end:
        return None
    around = common_prefix(start, prefix, delimiter)
    if around is not None and around < start:
        if _is_cut(around, segment):
            end = _first(end, after(around))
        else:
            least = around
    cut = common_prefix(end, prefix, delimiter) if end is not None else None
    if cut is not None and end is not None and start < cut < end:
        end = cut
    shared = _shared(start, end, prefix)
    inside = common_prefix(shared, prefix, delimiter)
    return Stretch(
        start=start,
        end=end,
        least=least,
        route=segment.route,
        prefix=shared,
        inside=inside,
        grouped=inside is None and not _splits(delimiter, shared[len(prefix) :]),
    )


def _is_cut(rolled_up: str, segment: Segment) -> bool:
    """Tell whether a part of a common prefix lies outside of a segment that has another part."""
    end = after(rolled_up)
    return rolled_up < segment.start or _first(segment.end, end) != end


def _splits(delimiter: str, start: str) -> bool:
    """Tell whether a name with this start may have a delimiter that begins in the start."""
    return any(start.endswith(delimiter[:length]) for length in range(1, len(delimiter)))


def _first(one: str | None, other: str | None) -> str | None:
    """Give the earlier of two ends; None is the end of the bucket."""
    if one is None or other is None:
        return one if other is None else other
    return min(one, other)


def _shared(start: str, end: str | None, prefix: str) -> str:
    """Give the longest prefix of all names from ``start`` on and before ``end``."""
    for length in range(len(start), len(prefix), -1):
        shared = start[:length]
        reach = after(shared)
        if reach is None or (end is not None and end <= reach):
            return shared
    return prefix
