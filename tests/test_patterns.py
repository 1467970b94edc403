"""Bucket name patterns match whole names, by case, and are compared without trying names."""

from __future__ import annotations

import pytest

from botwo._patterns import PatternIndex, covers, is_exact, matches


@pytest.mark.parametrize(
    ("pattern", "name", "expected"),
    [
        ("data", "data", True),
        ("data", "data2", False),
        ("data", "Data", False),
        ("*", "", True),
        ("*", "anything.at-all", True),
        ("team-*", "team-", True),
        ("team-*", "team-a", True),
        ("team-*", "Team-a", False),
        ("team-*", "my-team-a", False),
        ("*-logs", "a-logs", True),
        ("*-logs", "a-logs2", False),
        ("t?", "t1", True),
        ("t?", "t", False),
        ("t?", "t12", False),
        ("t[123]", "t2", True),
        ("t[123]", "t4", False),
        ("t[!123]", "t4", True),
        ("t[a-c]x", "tbx", True),
        ("a.b", "axb", False),
        ("a+", "aa", False),
    ],
)
def test_a_pattern_matches_the_whole_name(pattern: str, name: str, expected: bool) -> None:
    """A pattern matches a whole name, case-sensitively, and nothing else in it is special."""
    assert expected == matches(pattern, name)


@pytest.mark.parametrize("pattern", ["data", "a.b", "a{bucket}", "x]y"])
def test_a_pattern_without_a_wildcard_is_exact(pattern: str) -> None:
    """Without `*`, `?` and `[` a pattern is one name."""
    assert is_exact(pattern)
    assert matches(pattern, pattern)


@pytest.mark.parametrize(
    ("pattern", "other"),
    [
        ("*", "data"),
        ("*", "team-*"),
        ("*", "*"),
        ("team-*", "team-a"),
        ("team-*", "team-a-*"),
        ("*a*", "*ba*"),
        ("t?", "t[abc]"),
        ("t*", "t?"),
        ("t?*", "t*?"),
        ("[a-c]x", "[ab]x"),
        ("data", "data"),
        ("a*b*c", "a*x*b*c"),
    ],
)
def test_a_pattern_covers_a_narrower_one(pattern: str, other: str) -> None:
    """Every name of the other pattern is a name of this one."""
    assert covers(pattern, other)


@pytest.mark.parametrize(
    ("pattern", "other"),
    [
        ("data", "*"),
        ("data", "data2"),
        ("team-a-*", "team-*"),
        ("t[ab]", "t?"),
        ("t?", "t*"),
        ("*-logs", "logs-*"),
        ("a*b", "a*"),
    ],
)
def test_a_pattern_does_not_cover_a_wider_one(pattern: str, other: str) -> None:
    """Where some name of the other is none of this one, it is not covered."""
    assert not covers(pattern, other)


def test_an_index_finds_what_could_match() -> None:
    """Of many patterns, those whose start and end fit a name are candidates, with their values."""
    index: PatternIndex[int] = PatternIndex()
    patterns = ["data", "*", "team-*", "*-logs", "team-*-logs", "t[ab]m-*", "other-*"]
    for place, pattern in enumerate(patterns):
        index.setdefault(pattern, place)

    found = dict(index.candidates("team-a-logs"))

    assert found == {"*": 1, "team-*": 2, "*-logs": 3, "team-*-logs": 4, "t[ab]m-*": 5}


def test_an_index_keeps_the_first_value() -> None:
    """What is kept under a pattern stays."""
    index: PatternIndex[str] = PatternIndex()

    assert [index.setdefault("a*", "one"), index.setdefault("a*", "two")] == ["one", "one"]


def test_an_index_of_many_patterns_looks_at_few() -> None:
    """A name has as many candidates among ten thousand patterns as among ten."""
    index: PatternIndex[int] = PatternIndex()
    for number in range(10_000):
        index.setdefault(f"exact-{number}", number)
        index.setdefault(f"team-{number:05}-*", number)

    assert list(index.candidates("team-00007-x")) == [("team-00007-*", 7)]
