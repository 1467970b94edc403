"""Every operation x member that carries a name: translated both ways, or left alone."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import pytest
from asking import MODEL, NOT_IN_MODEL, RENAMED, SAME, answered, heard
from expected_names import ASKED, LISTED, LOCATIONS, MOVED, NAMES, REFUSED, Pair

from botwo import RoutingError
from botwo._operations import (
    EVERYWHERE,
    LEAVES,
    LISTINGS,
    PLAIN_SHAPES,
    REQUESTS,
    RESPONSES,
    Kind,
    strings,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

Case = tuple[str, str, str]


def rows() -> Iterator[tuple[str, str, str, Kind]]:
    """Every row of the table, with those that stand everywhere where the model has them."""
    for side, table in (("request", REQUESTS), ("response", RESPONSES)):
        for name in MODEL.operation_names:
            members = getattr(shape(name, side), "members", {})
            everywhere = ("Bucket", "Key") if side == "request" else tuple(EVERYWHERE)
            for path in everywhere:
                if path in members:
                    yield name, side, path, EVERYWHERE[path]
            for path, kind in table.get(name, {}).items():
                yield name, side, path, kind


def shape(name: str, side: str) -> Any:
    """The shape of an operation's request or response."""
    model = MODEL.operation_model(name)
    return model.input_shape if side == "request" else model.output_shape


def joined(path: str, leaf: str) -> str:
    """A leaf's path below a row."""
    return ".".join(filter(None, (path, leaf)))


def named_in_the_model() -> set[Case]:
    """Each string of the model whose shape may hold a name, tag keys aside."""
    return {
        (name, side, path)
        for name in MODEL.operation_names
        for side in ("request", "response")
        for path, leaf in strings(shape(name, side))
        if leaf not in PLAIN_SHAPES and not is_tag_key(path)
    }


def is_tag_key(path: str) -> bool:
    """Whether a path ends in the key of a tag, which has an object key's shape."""
    return path.split(".")[-2:] in (["Tag", "Key"], ["Tags[]", "Key"], ["TagSet[]", "Key"])


def cases() -> Iterator[tuple[Case, str, Kind, str]]:
    """Each member that a row stands for: its case, and the row's path, kind and leaf."""
    for name, side, path, kind in rows():
        for leaf in LEAVES.get(kind, ("",)):
            case = (name, side, joined(path, leaf))
            if case in IN_MODEL or kind is Kind.WHOLE_BUCKET:
                yield case, path, kind, leaf


IN_MODEL = named_in_the_model()
ROW_OF = {case: (path, kind, leaf) for case, path, kind, leaf in cases()}
each_case = pytest.mark.parametrize("case", sorted(ROW_OF), ids="-".join)


def pair(case: Case) -> Pair:
    """What a case's row holds, in the caller's names and in the store's."""
    _, kind, leaf = ROW_OF[case]
    if kind is Kind.LOCATION:
        return LOCATIONS[case[0]]
    return NAMES[(kind, leaf) if leaf else kind]


def put(path: str, value: Any) -> Any:
    """Build what holds a value at a path; the whole for the empty path."""
    for step in reversed(path.split(".") if path else []):
        name = step.removesuffix("[]")
        value = {name: [value] if step.endswith("[]") else value}
    return value


def put_row(case: Case, value: Any, prefix: str) -> Any:
    """Build what holds a row's value; where the row stands under a filter, one by prefix."""
    row, kind, _ = ROW_OF[case]
    steps = row.split(".")
    depth = {Kind.REPORT: 1, Kind.REPLICA: 2}.get(kind)
    if depth is None:
        return put(row, value)
    filtered = {**put(".".join(steps[depth:]), value), "Filter": {"Prefix": prefix}}
    return put(".".join(steps[:depth]), filtered)


def asked_of(case: Case) -> Pair:
    """A request in which only the case's member and the request's own bucket and key are names."""
    name, side, path = case
    members = shape(name, "request").members
    caller, store = {}, {}
    if "Bucket" in members:
        caller["Bucket"], store["Bucket"] = NAMES[Kind.BUCKET]
    if "Key" in members and (side, path) != ("request", "Bucket"):
        caller["Key"], store["Key"] = NAMES[Kind.KEY]
    if name in LISTINGS:
        store["Prefix"] = "dev/"
    if side == "request":
        caller |= put_row(case, pair(case)[0], "a/")
        store |= put_row(case, pair(case)[1], "dev/a/")
    return caller, store


def is_list_of_buckets(case: Case) -> bool:
    """Whether a case is about an operation that lists buckets."""
    return case[0] in ("ListBuckets", "ListDirectoryBuckets")


def test_every_name_has_a_case(report: Callable[[str], None]) -> None:
    """Each member of the model that may hold a name has a case, and each row of the table too."""
    covered = {(name, side, ROW_OF[name, side, path][0]) for name, side, path in ROW_OF}

    report(f"names: {len(ROW_OF)} operation x member cases")

    assert IN_MODEL - set(ROW_OF) == set()
    assert {(name, side, path) for name, side, path, _ in rows()} == covered


def test_every_expected_value_is_used() -> None:
    """No kind, leaf or form that the tests expect is missing from the table or the model."""
    used = {(kind, leaf) if leaf else kind for _, kind, leaf in ROW_OF.values()}

    assert {Kind.LOCATION, Kind.WHOLE_BUCKET} == used - set(NAMES)
    assert NOT_IN_MODEL == set(NAMES) - used
    whole = {path for path, kind, _ in ROW_OF.values() if kind is Kind.WHOLE_BUCKET}
    assert {path.split(".")[-1] for path in whole} == REFUSED


@each_case
def test_a_name_is_translated(case: Case) -> None:
    """A request reaches the store in its names, and its response the caller in the caller's."""
    name, side, path = case
    if is_list_of_buckets(case):
        asked, response, expected = LISTED[path]
        assert {} == heard(MOVED, name, asked)
        assert expected == answered(MOVED, name, asked, response)
        return
    member = path.split(".")[-1]
    if member in REFUSED:
        ask = heard if side == "request" else partial(answered, response={member: {}})
        with pytest.raises(RoutingError, match=member):
            ask(MOVED, name, {"Bucket": "data", **put(path, {})})
        return
    asked, mapped = asked_of(case)

    if side == "request":
        assert mapped == heard(MOVED, name, asked)
        return
    response = put_row(case, pair(case)[1], "dev/a/")
    expected = put_row(case, pair(case)[0], "a/")
    assert expected == answered(MOVED, name, {**asked, **ASKED.get(path, {})}, response)


@each_case
def test_a_name_is_left_alone_where_no_name_changes(case: Case) -> None:
    """Under a rule that changes no name, requests and responses are as they were."""
    name, side, path = case
    if is_list_of_buckets(case):
        asked, response, _ = LISTED[path]
        assert asked == heard(SAME, name, asked)
        assert response == answered(SAME, name, asked, response)
        return
    if path.split(".")[-1] in REFUSED:
        asked = {"Bucket": "data", **put(path, {})}
        assert asked == heard(SAME, name, asked)
        assert put(path, {}) == answered(SAME, name, {"Bucket": "data"}, put(path, {}))
        return
    asked, _ = asked_of(case)
    asked |= ASKED.get(path, {}) if side == "response" else {}

    response = put_row(case, pair(case)[0], "a/")

    assert asked == heard(SAME, name, asked)
    if side == "response":
        assert response == answered(SAME, name, asked, response)


TAG_KEYS = [
    (name, side, path)
    for name in MODEL.operation_names
    for side in ("request", "response")
    for path, leaf in strings(shape(name, side))
    if leaf == "ObjectKey" and is_tag_key(path)
]


def tags(value: Any) -> list[Any]:
    """Every tag inside a value."""
    if isinstance(value, dict) and value.keys() == {"Key", "Value"}:
        return [value]
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return [tag for item in inner for tag in tags(item)]


@pytest.mark.parametrize("case", TAG_KEYS, ids="-".join)
def test_the_key_of_a_tag_is_never_translated(case: Case) -> None:
    """A tag's key has an object key's shape, and names nothing: not even where it looks like it."""
    name, side, path = case
    *steps, last = path.removesuffix(".Key").split(".")
    tag = {"Key": "data", "Value": "data/k"}
    inner = put(last, tag)
    asked = {"Bucket": "data"} | ({"Key": "k"} if "Key" in shape(name, "request").members else {})

    if side == "request":
        found = heard(MOVED, name, {**asked, **put(".".join(steps), inner)})
    else:
        tag = {"Key": "repo", "Value": "repo/k"}
        found = answered(RENAMED, name, asked, put(".".join(steps), put(last, tag)))

    assert [tag] == tags(found)
