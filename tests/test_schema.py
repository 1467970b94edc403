"""The JSON Schema of the config file says what the reader of the file takes."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path
from typing import Any

import pytest
from botocore.config import Config as BotocoreConfig
from jsonschema import Draft202012Validator

import botwo
from botwo._schema import FILE, schema

SHIPPED = json.loads(FILE.read_text(encoding="utf-8"))
RULE = {"bucket_name": "*", "client": "one"}
KEYS = {"aws_access_key_id": "id", "aws_secret_access_key": "${BOTWO_TEST_SECRET}"}


def _document(rule: dict[str, Any] | None = None, **client: Any) -> dict[str, Any]:
    return {"clients": {"one": client}, "mapping": [*([rule] if rule else []), RULE]}


GOOD = [
    _document(),
    {"$schema": "botwo.schema.json", **_document()},
    _document(application=True),
    _document(type="lakefs", endpoint_url="https://lakefs.example.com"),
    _document(region_name="eu-west-1", verify=False, use_ssl=True, profile_name=None),
    _document(verify="ca.pem"),
    _document(**KEYS),
    _document(**{**KEYS, "aws_secret_access_key": {"file": "secret"}}),
    _document(**{**KEYS, "aws_session_token": {"command": ["pass", "token"]}}),
    _document(config={"connect_timeout": 3, "s3": {"addressing_style": "path"}}),
    _document(
        {
            "bucket_name": "a",
            "client": "one",
            "source_prefix": "x/",
            "strip_source_prefix": True,
            "mapped_bucket_name": "a-moved",
        }
    ),
    _document(
        {"bucket_name": "a", "client": "one", "mapped_bucket_name": None, "key_prefix": "y/"}
    ),
]
WRONG = [
    {},
    {"clients": {"one": {}}},
    {"mapping": [RULE]},
    {**_document(), "typo": 1},
    _document(typo=1),
    _document(type="minio"),
    _document(application="yes"),
    _document(verify=3),
    _document(config="x"),
    _document(**{**KEYS, "aws_secret_access_key": "plain"}),
    _document(**{**KEYS, "aws_secret_access_key": "${BOTWO_TEST_SECRET:-plain}"}),
    _document(**{**KEYS, "aws_secret_access_key": {}}),
    _document(**{**KEYS, "aws_secret_access_key": {"file": "x", "command": ["y"]}}),
    _document({"bucket_name": "a"}),
    _document({"bucket_name": "a", "client": "one", "typo": 1}),
    _document({"bucket_name": 3, "client": "one"}),
    {"clients": {"one": {}}, "mapping": RULE},
    {"clients": {"one": {}}, "mapping": [{"bucket_name": "a", "client": "one"}]},
    _document({"bucket_name": "a", "client": "one", "key_prefix": "dev"}),
]


def _is_valid(document: object) -> bool:
    return Draft202012Validator(SHIPPED).is_valid(document)


def _is_read(document: object, file: Path, monkeypatch: pytest.MonkeyPatch) -> bool:
    monkeypatch.setenv("BOTWO_TEST_SECRET", "x")
    file.write_text(json.dumps(document), encoding="utf-8")
    try:
        botwo.load(file)
    except botwo.ConfigError:
        return False
    return True


def test_what_is_shipped_is_a_schema() -> None:
    """The file is valid by the meta-schema that it names."""
    Draft202012Validator.check_schema(SHIPPED)

    assert Draft202012Validator.META_SCHEMA["$id"] == SHIPPED["$schema"]


def test_what_is_shipped_is_what_the_code_says() -> None:
    """The file is up to date: `python -m botwo._schema` writes it."""
    made = schema()
    options = SHIPPED["$defs"]["ClientTable"]["properties"]["config"]["properties"]

    made["$defs"]["ClientTable"]["properties"]["config"]["properties"] = options

    assert made == SHIPPED


def test_it_knows_every_option_of_botocore() -> None:
    """Each option of botocore's Config, an older botocore's too, can be completed by an editor."""
    options = SHIPPED["$defs"]["ClientTable"]["properties"]["config"]["properties"]

    assert set() == set(BotocoreConfig.OPTION_DEFAULTS) - set(options)


def test_every_field_is_described() -> None:
    """An editor shows a sentence beside each field."""
    undescribed = [
        f"{table}.{name}"
        for table in ("ConfigTable", "ClientTable", "Rule")
        for name, field in SHIPPED["$defs"][table]["properties"].items()
        if not field.get("description", "").endswith(".")
    ]

    assert [] == undescribed


@pytest.mark.parametrize("document", GOOD)
def test_what_can_be_read_is_valid(
    document: object, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file that botwo reads has nothing that an editor would underline."""
    file = tmp_path / "botwo.json"

    assert (True, True) == (_is_valid(document), _is_read(document, file, monkeypatch))


@pytest.mark.parametrize("document", WRONG)
def test_what_is_not_valid_is_not_read(
    document: object, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What an editor underlines is a problem for botwo too."""
    file = tmp_path / "botwo.json"

    assert (False, False) == (_is_valid(document), _is_read(document, file, monkeypatch))


def test_a_toml_file_is_validated_alike() -> None:
    """What editors validate of TOML is the same structure."""
    text = '[clients.one]\nconfig.retries.mode = "standard"\n[[mapping]]\nbucket_name = "*"\n'

    assert (False, True) == (
        _is_valid(tomllib.loads(text)),
        _is_valid(tomllib.loads(text + 'client = "one"\n')),
    )
