"""Members that a newer botocore could bring: its S3 model, patched."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from asking import API
from botocore.model import ServiceModel

from botwo._operations import operation

if TYPE_CHECKING:
    from collections.abc import Callable

    from botwo._operations import Operation


def patched(name: str, side: str, **shapes: dict[str, Any]) -> ServiceModel:
    """Give botocore's model with another member, ``Extra``, of one operation; shapes by name."""
    operations = dict(API["operations"])
    made = operations.get(name) or {"name": name, "http": {"method": "GET", "requestUri": "/"}}
    operations[name] = {**made, side: {"shape": "Patched"}}
    old = API["shapes"][made[side]["shape"]] if side in made else {"type": "structure"}
    members = {**old.get("members", {}), "Extra": {"shape": next(iter(shapes))}}
    all_shapes = {**API["shapes"], **shapes, "Patched": {**old, "members": members}}
    return ServiceModel({**API, "operations": operations, "shapes": all_shapes}, "s3")


def patched_operation(name: str, side: str, **shapes: dict[str, Any]) -> Operation:
    """One operation with another member, ``Extra``."""
    return operation(name, patched(name, side, **shapes).operation_model(name))


BUCKET_NAME = {"BucketName": {"type": "string"}}
NEW_TEXT = {"NewText": {"type": "string"}}
NEW_LIST = {"NewList": {"type": "list", "member": {"shape": "NewText"}}, **NEW_TEXT}
NEW_PLACE = {
    "NewPlace": {"type": "structure", "members": {"At": {"shape": "NewText"}}},
    **NEW_TEXT,
}
NEW_PLACES = {"NewPlaces": {"type": "list", "member": {"shape": "NewPlace"}}, **NEW_PLACE}
NEW_TABLE = {"NewTable": {"type": "list", "member": {"shape": "NewList"}}, **NEW_LIST}
NEW_TEXTS = {
    "NewTexts": {"type": "map", "key": {"shape": "NewText"}, "value": {"shape": "NewText"}},
    **NEW_TEXT,
}
NEW_MAP = {
    "NewMap": {"type": "map", "key": {"shape": "AccountId"}, "value": {"shape": "NewPlace"}},
    **NEW_PLACE,
}
# A new member's shapes, the paths of its strings, and its value where they hold a text.
FORMS: list[tuple[dict[str, Any], tuple[str, ...], Callable[[str], Any]]] = [
    (BUCKET_NAME, ("Extra",), lambda text: text),
    (NEW_TEXT, ("Extra",), lambda text: text),
    (NEW_LIST, ("Extra[]",), lambda text: [text]),
    (NEW_PLACE, ("Extra.At",), lambda text: {"At": text}),
    (NEW_PLACES, ("Extra[].At",), lambda text: [{}, {"At": text}]),
    (NEW_TABLE, ("Extra[][]",), lambda text: [[], [text]]),
    (NEW_TEXTS, ("Extra{key}", "Extra{value}"), lambda text: {text: "a"}),
    (NEW_TEXTS, ("Extra{key}", "Extra{value}"), lambda text: {"a": text}),
    (NEW_MAP, ("Extra{value}.At",), lambda text: {"a": {"At": text}}),
]
each_form = pytest.mark.parametrize(
    ("shapes", "paths", "holding"), FORMS, ids=[repr(form[2]("new")) for form in FORMS]
)
