"""What the table does not know is refused where a name could stand in it, and passes elsewhere."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from asking import MOVED, RENAMED, SAME, answered, heard, mapping
from new_members import BUCKET_NAME, NEW_PLACES, NEW_TEXT, each_form, patched_operation

from botwo import RoutingError

if TYPE_CHECKING:
    from collections.abc import Callable

KEY = {"Bucket": "data", "Key": "k"}


@each_form
def test_an_undecided_member_of_a_request_is_refused_where_names_change(
    shapes: dict[str, Any], paths: tuple[str, ...], holding: Callable[[str], Any]
) -> None:
    """Under a route that changes names a request with an unknown member is not sent."""
    asked = patched_operation("GetObject", "input", **shapes)

    with pytest.raises(RoutingError, match=r"GetObject: .*Extra") as refused:
        heard(RENAMED, asked, {**KEY, "Extra": holding("new")})

    assert (RENAMED.route("data"),) == refused.value.routes


@each_form
def test_an_undecided_member_of_a_request_passes_where_no_name_changes(
    shapes: dict[str, Any], paths: tuple[str, ...], holding: Callable[[str], Any]
) -> None:
    """Under a route that changes no name an unknown member goes to the store as it is."""
    asked = patched_operation("GetObject", "input", **shapes)

    params = {**KEY, "Extra": holding("new")}

    assert params == heard(SAME, asked, params)


def test_an_undecided_member_that_is_not_used_is_no_reason_to_refuse() -> None:
    """A request without the unknown member is sent."""
    asked = patched_operation("GetObject", "input", **NEW_PLACES)

    assert {"Bucket": "repo", "Key": "dev/k"} == heard(MOVED, asked, KEY)


@pytest.mark.parametrize(
    ("name", "params"),
    [
        ("DeleteObjects", {"Bucket": "data", "Delete": {"Objects": [{"Key": "k"}]}}),
        ("ListObjectsV2", {"Bucket": "data"}),
        ("CopyObject", {"Bucket": "plain", "Key": "k", "CopySource": "data/k"}),
        ("ListBuckets", {}),
    ],
)
def test_an_undecided_member_is_refused_by_every_flow(name: str, params: dict[str, Any]) -> None:
    """Whichever flow serves an operation, and whichever of its names changes, it refuses."""
    asked = patched_operation(name, "input", **NEW_TEXT)

    with pytest.raises(RoutingError, match=rf"{name}: .*Extra"):
        heard(MOVED, asked, {**params, "Extra": "x"})


@each_form
def test_an_undecided_member_of_a_response_is_refused_where_it_carries_a_name(
    shapes: dict[str, Any], paths: tuple[str, ...], holding: Callable[[str], Any]
) -> None:
    """An unknown member of an answer that speaks of the mapped bucket or prefix is not given."""
    asked = patched_operation("GetObject", "output", **shapes)

    with pytest.raises(RoutingError, match=r"GetObject: .*Extra.* was carried out"):
        answered(MOVED, asked, KEY, {"Extra": holding("repo")})


@pytest.mark.parametrize(
    "value",
    ["repo", "arn:aws:s3:::repo/x", "dev/k", "https://h/repo/dev%2Fk"],
)
def test_every_way_to_carry_the_stores_names_is_seen(value: str) -> None:
    """The mapped bucket and the key prefix are seen inside a value, and URL-encoded."""
    asked = patched_operation("GetObject", "output", **NEW_TEXT)

    with pytest.raises(RoutingError, match="Extra"):
        answered(MOVED, asked, KEY, {"Extra": value})


@each_form
def test_an_undecided_member_of_a_response_passes_where_it_carries_no_name(
    shapes: dict[str, Any], paths: tuple[str, ...], holding: Callable[[str], Any]
) -> None:
    """An unknown member of an answer that holds none of the store's names is given as it is."""
    asked = patched_operation("GetObject", "output", **shapes)

    response = {"Extra": holding("the blue one")}

    assert response == answered(MOVED, asked, KEY, response)


def test_an_undecided_member_of_a_response_passes_where_no_name_changes() -> None:
    """Under a route that changes no name an unknown member of an answer passes."""
    asked = patched_operation("GetObject", "output", **NEW_TEXT)

    assert {"Extra": "data/k"} == answered(SAME, asked, KEY, {"Extra": "data/k"})


@pytest.mark.parametrize(
    ("name", "params"),
    [
        ("DeleteObjects", {"Bucket": "data", "Delete": {"Objects": [{"Key": "k"}]}}),
        ("ListObjectsV2", {"Bucket": "data"}),
        ("CopyObject", {"Bucket": "plain", "Key": "k", "CopySource": "data/k"}),
    ],
)
def test_an_undecided_response_is_seen_by_every_flow(name: str, params: dict[str, Any]) -> None:
    """Whichever flow serves an operation, the store's names in an unknown member are seen."""
    asked = patched_operation(name, "output", **NEW_TEXT)

    with pytest.raises(RoutingError, match=rf"{name}: .*Extra"):
        answered(MOVED, asked, params, {"Extra": "repo/dev/k"})


@pytest.mark.parametrize(
    "rules",
    [
        MOVED,
        mapping({"bucket_name": "*", "client": "store", "mapped_bucket_name": "{bucket}-repo"}),
        mapping({"bucket_name": "*", "client": "store", "key_prefix": "dev/"}),
        mapping(
            {"bucket_name": "data", "client": "other"}, {"bucket_name": "*", "client": "store"}
        ),
    ],
    ids=["one bucket moves", "every bucket moves", "every key moves", "two stores"],
)
@pytest.mark.parametrize("side", ["input", "output"])
def test_an_unknown_operation_without_bucket_is_refused(rules: Any, side: str) -> None:
    """Where names change or stores differ, an unknown operation is not sent to the default."""
    asked = patched_operation("FindBucket", side, **BUCKET_NAME)

    with pytest.raises(RoutingError, match=r"FindBucket: .*Extra"):
        heard(rules, asked, {"Extra": "data"} if side == "input" else {})


def test_an_unknown_operation_without_bucket_passes_where_no_name_changes() -> None:
    """One store and no changed name: an unknown operation goes there as it is."""
    rules = mapping(
        {"bucket_name": "data", "client": "store"}, {"bucket_name": "*", "client": "store"}
    )
    asked = patched_operation("FindBucket", "input", **BUCKET_NAME)

    assert {"Extra": "data"} == heard(rules, asked, {"Extra": "data"})
