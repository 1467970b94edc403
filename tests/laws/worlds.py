"""Mappings that spread a bucket over stores, and names that meet them: what spanning laws draw.

Mappings are built such that most are accepted, and that no two buckets of the caller's reach one
place at a store: each rule has a bucket of its own there, or the caller's bucket in its name.
Names are drawn from lists, which is many times as fast as drawing texts.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from hypothesis import assume
from hypothesis import strategies as st

from botwo import ConfigError, ConfigWarning, RoutingError
from botwo._mapping import read_mapping
from botwo._rules import Rules

if TYPE_CHECKING:
    from collections.abc import Sequence

    from botwo._routes import Route


@dataclass(frozen=True, slots=True, kw_only=True)
class Names:
    """What a kind of store takes for names."""

    sources: tuple[str, ...]
    key_prefixes: tuple[str, ...]
    ends: tuple[str, ...]
    """What may follow a source prefix in a key."""
    others: tuple[str, ...]
    """Other keys, and prefixes and markers."""
    delimiters: tuple[str, ...]
    sizes: tuple[int, ...]
    """How many entries a page may be asked to have."""

    @property
    def keys(self) -> tuple[str, ...]:
        """The keys, each once; those near the source prefixes first, to shrink to."""
        near = (source + end for end in self.ends for source in self.sources)
        return tuple(dict.fromkeys(key for key in (*near, *self.others) if key))


S3 = Names(
    sources=("a/", "b/", "a/b/", "a/a/", "a//", "/", "a b/", "é/", "a/b/a/", "ab/"),
    key_prefixes=("", "", "a/", "m/", "a/b/", "{bucket}/", "é /"),
    ends=("a", "b", "", "/", "a/", "b/a", "/b", " ", "é", "\U0010ffff"),
    others=("a", "b", "0", "a0", "a/b0", "//", " ", "+", "%2F", "é", "\U0010ffff", "a?b#c&d=e",
            "m/a", "{bucket}", "\U0001f600/x", "\uff5e"),
    delimiters=("/", "/", "/", "/", "a", "b/", "//", "a/b", "/b/", " ", "é"),
    sizes=(1, 2, 3, 0, 1000),
)  # fmt: skip

# rclone keeps objects in files: no key is another one's folder, and none has an empty part. Folders
# come in the order of their keys only where no other key has less than a slash behind their name.
# It groups by "/" alone, lists everything where no entry is asked for, and encodes no marker, so
# that botocore would decode what means something in a URL.
FILES = Names(
    sources=("a/", "b/", "a/b/", "a/a/", "é/", "a/b/a/", "ab/"),
    key_prefixes=("", "", "a/", "m/", "a/b/", "{bucket}/", "é/"),
    ends=("f", "g", "h i", "é", "b/f", "a/f", "z/f", "0"),
    others=("f", "g", "0", "a0", "h i", "m/f", "ab/f", "z"),
    delimiters=("/",),
    sizes=(1, 2, 3, 1000),
)


@st.composite
def mappings(
    draw: st.DrawFn, names: Names, stores: Sequence[str], cut: Sequence[tuple[str, str]]
) -> list[dict[str, Any]]:
    """Draw a mapping that cuts buckets into segments.

    Args:
        names: What the stores take.
        stores: Their clients' names; the first has the default.
        cut: Patterns of the buckets to cut, each with the pattern of the rest of its rules.
    """
    entries: list[dict[str, Any]] = []
    for pattern, rest in cut:
        sources = draw(st.lists(st.sampled_from(names.sources), max_size=4, unique=True))
        # The longer ones mostly first: an earlier rule with a shorter prefix leaves them nothing.
        if draw(st.sampled_from([True, True, True, False])):
            sources.sort(key=len, reverse=True)
        for source in sources:
            entry = draw(_rules(names, stores, f"m{len(entries)}-{{bucket}}"))
            stripped = {"source_prefix": source, "strip_source_prefix": draw(st.booleans())}
            entries.append({"bucket_name": pattern, **entry, **stripped})
        if draw(st.booleans()):
            entry = draw(_rules(names, stores, f"m{len(entries)}-{{bucket}}"))
            entries.append({"bucket_name": rest, **entry})
    default = draw(_rules(names, stores[:1], "m-{bucket}"))
    return [*entries, {"bucket_name": "*", **default}]


@st.composite
def _rules(draw: st.DrawFn, names: Names, stores: Sequence[str], mapped: str) -> dict[str, Any]:
    # Mostly a bucket of the rule's own; some share one, which is refused where they overlap.
    own = draw(st.sampled_from([mapped, mapped, mapped, "at-{bucket}", None]))
    return {
        "client": draw(st.sampled_from(stores)),
        "key_prefix": draw(st.sampled_from(names.key_prefixes)),
        **({} if own is None else {"mapped_bucket_name": own}),
    }


def accepted(
    mapping: Sequence[dict[str, Any]], stores: Sequence[str], buckets: Sequence[str]
) -> Rules:
    """Give the rules of a mapping; one that is refused, or refuses a bucket, is drawn again."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConfigWarning)
            rules = Rules(rules=read_mapping(mapping, stores))
        for bucket in buckets:
            rules.segments(bucket)
    except (ConfigError, RoutingError):
        assume(False)
        raise
    return rules


Place = tuple[str, str, str]
"""A client, a mapped bucket, a mapped key."""


def left_behind(rules: Rules, bucket: str, keys: Sequence[str]) -> list[Place]:
    """Give places of keys at all stores of a bucket, without those that are the caller's.

    What lies there was left behind when another rule took its keys away: no caller sees it.
    """
    routes = {segment.route.place: segment.route for segment in rules.segments(bucket)}
    places = [
        (route.client, route.mapped_bucket, route.key_prefix + key.removeprefix(route.stripped))
        for key in keys
        for route in routes.values()
    ]
    return [
        place
        for place in dict.fromkeys(places)
        if place[2] and not any(_is_at(rules, route, place) for route in routes.values())
    ]


def _is_at(rules: Rules, route: Route, place: Place) -> bool:
    client, bucket, key = place
    if (route.client, route.mapped_bucket) != (client, bucket):
        return False
    if not key.startswith(route.key_prefix):
        return False
    return rules.route(route.bucket, route.key(key)).place == route.place
