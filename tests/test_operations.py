"""The table against botocore's model: nothing in the model is undecided, no row is stale."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from asking import API, MODEL, NOT_IN_MODEL, known
from botocore.model import ServiceModel
from new_members import NEW_TEXT, each_form, patched

from botwo._operations import (
    EVERYWHERE,
    LEAVES,
    LISTINGS,
    REQUESTS,
    RESPONSES,
    WITHOUT_BUCKET,
    Kind,
    operation,
)

if TYPE_CHECKING:
    from collections.abc import Callable


def undecided(model: ServiceModel) -> list[str]:
    """Each member that nobody has decided on, as a reader of the failure needs it."""
    found = []
    for name in model.operation_names:
        asked = operation(name, model.operation_model(name))
        found += [f"{name} request {path}" for path in asked.undecided_request]
        found += [f"{name} response {path}" for path in asked.undecided_response]
    return found


def test_every_member_of_the_installed_model_is_decided() -> None:
    """Somebody has decided of every string in botocore's S3 model whether it carries a name."""
    assert [] == undecided(MODEL), "give each a row in the table, or its shape a place among plain"


@pytest.mark.parametrize("side", ["input", "output"])
@each_form
def test_a_new_member_is_found(
    shapes: dict[str, Any], paths: tuple[str, ...], holding: Callable[[str], Any], side: str
) -> None:
    """A member that nobody has decided on is named with its operation, its side and its path."""
    word = {"input": "request", "output": "response"}[side]

    found = undecided(patched("GetObject", side, **shapes))

    assert [f"GetObject {word} {path}" for path in paths] == found


@pytest.mark.parametrize("name", ["BucketArn", "SourceBucket", "SourceKey", "Prefix", "Name"])
def test_a_new_name_at_the_top_of_a_request_is_found(name: str) -> None:
    """Only what is translated counts as decided, whatever a new member of a request is called."""
    extra = {"name": "FindObject", "http": {"method": "GET", "requestUri": "/"}}
    members = {"Bucket": {"shape": "BucketName"}, name: {"shape": "BucketName"}}
    shape = {"type": "structure", "members": members}
    model = ServiceModel(
        {
            **API,
            "operations": {"FindObject": {**extra, "input": {"shape": "FindRequest"}}},
            "shapes": {**API["shapes"], "FindRequest": shape},
        },
        "s3",
    )

    assert [f"FindObject request {name}"] == undecided(model)


def test_a_new_operation_is_found() -> None:
    """An operation that nobody knows is undecided where it carries a string of an unknown shape."""
    assert ["FindObject request Extra"] == undecided(patched("FindObject", "input", **NEW_TEXT))


@pytest.mark.parametrize(
    "shape",
    [
        {"type": "integer"},
        {"type": "boolean"},
        {"type": "timestamp"},
        {"type": "blob"},
        {"type": "string", "enum": ["A", "B"]},
    ],
    ids=lambda shape: " ".join(["enum"] if "enum" in shape else [shape["type"]]),
)
def test_what_cannot_carry_a_name_needs_no_decision(shape: dict[str, Any]) -> None:
    """Numbers, times, blobs and enumerations of an unknown shape hold no name."""
    assert [] == undecided(patched("GetObject", "input", NewThing=shape))


def test_a_shape_that_holds_itself_ends() -> None:
    """A shape of the model that contains itself is walked once."""
    itself = {"type": "structure", "members": {"Self": {"shape": "Itself"}}}

    assert [] == undecided(patched("GetObject", "input", Itself=itself))


def member(shape: Any, path: str) -> Any:
    """The shape at a path of the table, None where the model has none."""
    for step in path.split("."):
        name = step.removesuffix("[]")
        if name:
            shape = getattr(shape, "members", {}).get(name)
        if step.endswith("[]"):
            shape = getattr(shape, "member", None)
    return shape


ROWS = [
    pytest.param(side, name, path, kind, id=f"{name}-{side.removesuffix('_shape')}-{path}")
    for side, table in (("input_shape", REQUESTS), ("output_shape", RESPONSES))
    for name, rows in table.items()
    for path, kind in rows.items()
]


@pytest.mark.parametrize(("side", "name", "path", "kind"), ROWS)
def test_no_row_is_stale(side: str, name: str, path: str, kind: Kind) -> None:
    """Every row of the table names an operation and a member that botocore's model has."""
    shape = member(getattr(MODEL.operation_model(name), side), path)

    assert shape is not None
    assert not LEAVES.get(kind) or any(member(shape, leaf) for leaf in LEAVES[kind])


@pytest.mark.parametrize("kind", LEAVES)
def test_no_leaf_of_a_kind_is_stale(kind: Kind) -> None:
    """Every leaf of a composite kind is under one of its rows in a model that is new enough."""
    shapes = [
        member(getattr(MODEL.operation_model(name), side), path)
        for side, name, path, row_kind in (row.values for row in ROWS)
        if kind is row_kind
    ]

    missing = {
        (kind, leaf) for leaf in LEAVES[kind] if not any(member(shape, leaf) for shape in shapes)
    }

    assert {leaf for leaf in NOT_IN_MODEL if kind in leaf} == missing


@pytest.mark.parametrize("name", sorted(LISTINGS | WITHOUT_BUCKET))
def test_no_operation_of_a_set_is_stale(name: str) -> None:
    """The operations that the table knows by name are in botocore's model."""
    has_bucket = "Bucket" in MODEL.operation_model(name).input_shape.members

    assert has_bucket == known(name).has_bucket == (name in LISTINGS)


def test_operations_without_bucket_are_a_known_set() -> None:
    """Each operation that has no bucket to go by is known by name."""
    found = {name for name in MODEL.operation_names if not known(name).has_bucket}

    assert found == WITHOUT_BUCKET


@pytest.mark.parametrize("name", EVERYWHERE)
def test_the_names_that_stand_everywhere_are_somewhere(name: str) -> None:
    """Each member that counts wherever it stands is at the top of some operation's answer."""
    assert any(
        name in shape.members
        for operation_name in MODEL.operation_names
        if (shape := MODEL.operation_model(operation_name).output_shape)
    )
