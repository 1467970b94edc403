"""Bucket name patterns: exact, or with ``*``, ``?`` and ``[…]``; case-sensitive everywhere."""

from __future__ import annotations

import fnmatch
import re
import string
from functools import lru_cache
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Iterator

T = TypeVar("T")

_WILDCARDS = frozenset("*?[")
_ALPHABET = frozenset(string.printable)
_ANY_RUN = "*"
# What stands between literals; a "[" that opens no set is taken for one all the same.
_LITERALS = re.compile(r"\[!?\]?[^\]]*\]|[*?\[\]]")

# What one place of a pattern accepts: a set of characters, or any run of them.
Token = frozenset[str] | str


def is_empty(pattern: str) -> bool:
    """Tell whether the pattern can match no name, as ``[b-a]`` cannot."""
    return not is_exact(pattern) and frozenset() in _tokens(pattern)


def is_exact(pattern: str) -> bool:
    """Tell whether the pattern can match one name only."""
    return _WILDCARDS.isdisjoint(pattern)


def matches(pattern: str, name: str) -> bool:
    """Tell whether the pattern matches the whole name."""
    return pattern == name if is_exact(pattern) else _regex(pattern).match(name) is not None


def covers(pattern: str, other: str) -> bool:
    """Tell whether ``pattern`` matches every name that the pattern ``other`` matches.

    Never wrong where it says yes. It can say no to a pair that differs only in how it is written.

    Example:
        >>> covers("team-*", "team-a-*"), covers("team-a-*", "team-*")
        (True, False)
    """
    if is_exact(other):
        return matches(pattern, other)
    return pattern in (_ANY_RUN, other) or _covers(_tokens(pattern), _tokens(other))


def example(pattern: str) -> str:
    """Give a name that the pattern matches."""
    return "".join(
        "x" if token in (_ANY_RUN, _ALPHABET) else min(token, default="")
        for token in _tokens(pattern)
    )


@lru_cache(maxsize=65_536)
def _regex(pattern: str) -> re.Pattern[str]:
    return re.compile(fnmatch.translate(pattern))


@lru_cache(maxsize=65_536)
def _tokens(pattern: str) -> tuple[Token, ...]:
    """Split a pattern into its places; a run of ``*`` and ``?`` has its ``*`` last, once."""
    tokens: list[Token] = []
    for piece in re.findall(r"\[!?\]?[^\]]*\]|.", pattern, re.DOTALL):
        run = len(tokens)
        while run and tokens[run - 1] == _ANY_RUN:
            run -= 1
        if piece == "*":
            if run == len(tokens):
                tokens.append(_ANY_RUN)
        elif piece == "?":
            tokens.insert(run, _ALPHABET)
        else:
            tokens.append(_characters(piece))
    return tuple(tokens)


def _characters(piece: str) -> frozenset[str]:
    if len(piece) == 1:
        return frozenset(piece)
    accepted = re.compile(fnmatch.translate(piece))
    return frozenset(character for character in _ALPHABET if accepted.match(character))


def _covers(wide: tuple[Token, ...], narrow: tuple[Token, ...]) -> bool:
    """Match ``narrow`` as if it were a name whose places are sets and runs."""
    reached = _skip_runs(wide, {0})
    for token in narrow:
        after: set[int] = set()
        for place in reached:
            if place == len(wide):
                continue
            accepted = wide[place]
            if accepted == _ANY_RUN:
                after.add(place)
            elif token != _ANY_RUN and accepted >= token:  # type: ignore[operator]
                after.add(place + 1)
        reached = _skip_runs(wide, after)
    return len(wide) in reached


def _skip_runs(wide: tuple[Token, ...], places: set[int]) -> set[int]:
    """Add the places behind each run of any characters, which may be empty."""
    reached = set(places)
    for place in sorted(places):
        while place < len(wide) and wide[place] == _ANY_RUN:
            place += 1
            reached.add(place)
    return reached


class PatternIndex(Generic[T]):
    """Values kept under patterns, found by what a name starts and ends with, or else contains.

    Looking a name up costs by the number of different lengths of those literals, not of patterns.
    """

    __slots__ = ("_exact", "_inside", "_wild")

    def __init__(self) -> None:
        self._exact: dict[str, T] = {}
        self._wild: dict[int, dict[str, dict[int, dict[str, dict[str, T]]]]] = {}
        self._inside: dict[int, dict[str, dict[str, T]]] = {}

    def setdefault(self, pattern: str, value: T) -> T:
        """Give the pattern's value, after keeping ``value`` where there was none."""
        if is_exact(pattern):
            return self._exact.setdefault(pattern, value)
        start = re.split(r"[*?\[]", pattern, maxsplit=1)[0]
        end = re.split(r"[*?\]]", pattern)[-1]
        inside = "" if start or end else max(_LITERALS.split(pattern), key=len)
        if inside:
            by_text = self._inside.setdefault(len(inside), {})
            return by_text.setdefault(inside, {}).setdefault(pattern, value)
        by_end = self._wild.setdefault(len(start), {}).setdefault(start, {})
        return by_end.setdefault(len(end), {}).setdefault(end, {}).setdefault(pattern, value)

    def candidates(self, name: str) -> Iterator[tuple[str, T]]:
        """Yield each pattern that could match a name, or cover a pattern, with its value."""
        if name in self._exact:
            yield name, self._exact[name]
        for start_length, by_start in self._wild.items():
            for end_length, by_end in by_start.get(name[:start_length], {}).items():
                yield from by_end.get(name[len(name) - end_length :], {}).items()
        for length, by_text in self._inside.items():
            for text in {name[at : at + length] for at in range(len(name) - length + 1)}:
                yield from by_text.get(text, {}).items()
