"""On which line of a config file each of its fields stands."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from botwo._lines import field_of, line_of, lines, place_of

TOML = '''# a comment
title = "x"
[clients.a]
endpoint_url = """
[mapping]
"""
config.retries.mode = "standard"
[clients."b.c"]
secret = { file = "a" }

[[mapping]]
bucket_name = "a"
[[mapping]]
names = [
  "a", # not ]
  { deep = 1 }, "b"
]
[mapping.sub]
z = 1
'''
names = st.text(st.characters(codec="utf-8"), max_size=5)
values = st.recursive(
    st.none() | st.booleans() | st.integers() | names,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(names, inner, max_size=3),
)


def test_toml_fields_have_the_line_on_which_they_begin() -> None:
    """Tables, dotted keys, arrays of tables and elements of arrays are found on their lines."""
    found = lines(TOML, toml=True)

    assert {
        "title": 2, "clients.a": 3, "clients.a.endpoint_url": 4, "clients.a.config": 7,
        "clients.a.config.retries": 7, "clients.a.config.retries.mode": 7,
        'clients."b.c"': 8, 'clients."b.c".secret': 9, 'clients."b.c".secret.file': 9,
        "mapping[0]": 11, "mapping[0].bucket_name": 12, "mapping[1]": 13, "mapping[1].names": 14,
        "mapping[1].names[0]": 15, "mapping[1].names[1]": 16, "mapping[1].names[1].deep": 16,
        "mapping[1].names[2]": 16, "mapping[1].sub": 18, "mapping[1].sub.z": 19,
    } == {place_of(*field): line for field, line in found.items()}  # fmt: skip


@pytest.mark.parametrize("text", ["mapping = [{ a = 1 }, { a = 2 }]", 'mapping = [\n{ a = "]" }]'])
def test_an_array_of_one_line_is_on_that_line(text: str) -> None:
    """Elements that stand beside the brackets have their line too."""
    found = lines(text, toml=True)

    assert text.count("\n") + 1 == line_of(("mapping", 0, "a"), found)


def _fields(value: Any, field: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    within: list[tuple[Any, Any]] = []
    if isinstance(value, dict | list):
        within = list(value.items() if isinstance(value, dict) else enumerate(value))
    return [field, *(each for step, said in within for each in _fields(said, (*field, step)))]


@given(st.dictionaries(names, values, max_size=3), st.sampled_from([None, 0, 2]))
def test_every_json_field_has_a_line_that_it_stands_on(document: Any, indent: int | None) -> None:
    """Of any JSON document every field is found, and an object's on the line that has its name."""
    text = json.dumps(document, indent=indent)

    found = lines(text, toml=False)

    assert set(_fields(document)) - {()} == set(found)
    written = text.split("\n")
    for field, line in found.items():
        assert isinstance(field[-1], int) or json.dumps(field[-1]) in written[line - 1]


@given(st.lists(names | st.integers(0, 99), min_size=1).filter(lambda f: isinstance(f[0], str)))
def test_a_place_is_read_back(field: list[str | int]) -> None:
    """What is written of a field, whatever its names, is that field again."""
    place = place_of(*field)

    assert tuple(field) == field_of(place)


def test_what_is_missing_has_the_line_of_what_it_is_missing_in() -> None:
    """The line of a field that is not there is that of its table."""
    found = lines(TOML, toml=True)

    assert (11, None) == (line_of(("mapping", 0, "client"), found), line_of(("none",), found))
