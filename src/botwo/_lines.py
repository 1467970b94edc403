"""Find the line of a config file on which each of its fields stands.

Neither `tomllib` nor `json` tells where it read a value, and an error in a file of many rules is
only half as good without its line. Both are asked bit by bit instead: a TOML file statement by
statement, a JSON file value by value. It is done for a file that was read, and has an error in it.
"""

from __future__ import annotations

import json
import re
import tomllib
from bisect import bisect
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

Field = tuple[str | int, ...]
"""How a field is reached: ``("mapping", 2, "client")``."""

_STEP = re.compile(r'\[(\d+)\]|("(?:[^"\\]|\\.)*")|([^.\[\]"]+)')
_SPACE = re.compile(r"[ \t\r\n]*")
_ELEMENTS = "elements"
_BARE = re.compile(r"[A-Za-z0-9_-]+")


def lines(text: str, *, toml: bool) -> dict[Field, int]:
    """Give the line, from 1, of every field of a file that can be read."""
    found: dict[Field, int] = {}
    for field, line in _toml(text) if toml else _json(text):
        found.setdefault(field, line)
    return found


def line_of(field: Field, found: dict[Field, int]) -> int | None:
    """Give the line of a field, or of what it is missing in."""
    while field and field not in found:
        field = field[:-1]
    return found.get(field)


def place_of(*field: str | int) -> str:
    """Write a field as a `Problem` has its place: ``mapping[2].client``, ``clients."a.b"``."""
    steps = ""
    for step in field:
        if isinstance(step, int):
            steps += f"[{step}]"
            continue
        name = step if _BARE.fullmatch(step) else json.dumps(step, ensure_ascii=False)
        steps += f".{name}" if steps else name
    return steps


def field_of(place: str) -> Field:
    """Read what `place_of` wrote; of another place, what there is of it."""
    field: list[str | int] = []
    for at, quoted, name in _STEP.findall(place):
        try:
            field.append(int(at) if at else json.loads(quoted) if quoted else name)
        except ValueError:
            break
    return tuple(field)


def _toml(text: str) -> Iterator[tuple[Field, int]]:
    table: Field = ()
    arrays: dict[Field, int] = {}
    statement = ""
    begun = 1
    for number, line in enumerate(text.split("\n"), 1):
        begun = begun if statement else number
        statement += line + "\n"
        # Only these end what one line has not ended.
        if number > begun and not any(mark in line for mark in ("]", '"""', "'''")):
            continue
        try:
            said = tomllib.loads(statement)
        except tomllib.TOMLDecodeError:
            continue  # it goes on in the next line
        if statement.lstrip().startswith("["):
            table = _header(said, arrays)
            yield table, begun
        else:
            yield from _value(said, table, begun)
            yield from _elements(statement, said, table, begun)
        statement = ""


def _header(said: dict[str, Any], arrays: dict[Field, int]) -> Field:
    """Give the table that a header begins; `arrays` counts the tables of each array so far."""
    table: Field = ()
    while said:
        [(name, inner)] = said.items()
        table += (name,)
        if isinstance(inner, list):
            arrays[table] = arrays.get(table, -1) + 1
            inner = inner[0]
        if table in arrays:
            table += (arrays[table],)
        said = inner
    return table


def _value(said: object, field: Field, line: int) -> Iterator[tuple[Field, int]]:
    if field:
        yield field, line
    if isinstance(said, dict):
        for name, inner in said.items():
            yield from _value(inner, (*field, name), line)


def _elements(
    statement: str, said: dict[str, Any], table: Field, begun: int
) -> Iterator[tuple[Field, int]]:
    """Give the lines of an array's elements: cut after a line and closed, it has those so far."""
    name, inner = next(iter(said.items()), ("", None))
    if not isinstance(inner, list):
        return
    rest = statement.rstrip("\n").split("\n")
    count = 0
    cut = ""
    for number, line in enumerate(rest, begun):
        cut += line + "\n"
        key, opened = (_ELEMENTS, _ELEMENTS + " = [" + cut.lstrip().removeprefix(","))
        if not count:
            key, opened = name, cut
        try:
            found = tomllib.loads(opened + "]")[key]
        except tomllib.TOMLDecodeError:
            continue
        for said_there in found:
            yield from _value(said_there, (*table, name, count), number)
            count += 1
        cut = "" if count else cut
    for place in range(count, len(inner)):
        yield from _value(inner[place], (*table, name, place), begun + len(rest) - 1)


def _json(text: str) -> Iterator[tuple[Field, int]]:
    ends = [match.start() for match in re.finditer("\n", text)]
    read = json.JSONDecoder().raw_decode
    found: list[tuple[Field, int]] = []

    def skipped(at: int) -> int:
        space = _SPACE.match(text, at)
        return space.end() if space else at

    def note(field: Field, at: int) -> int:
        """Note what is in a value, and give where it ends."""
        opened = text[at]
        if opened not in "{[":
            return read(text, at)[1]
        at = skipped(at + 1)
        place = 0
        while text[at] not in "}]":
            step: str | int = place
            line = bisect(ends, at) + 1
            if opened == "{":
                step, at = read(text, at)
                at = skipped(skipped(at) + 1)
            found.append(((*field, step), line))
            at = skipped(note((*field, step), at))
            at = skipped(at + 1) if text[at] == "," else at
            place += 1
        return at + 1

    note((), skipped(0))
    return iter(found)
