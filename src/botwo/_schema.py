"""The JSON Schema of the config file; `python -m botwo._schema` writes what is shipped.

Editors show what it says beside a field, complete fields' names, and underline what is wrong.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import msgspec
from botocore.config import Config as BotocoreConfig

from botwo._environment import REFERENCE
from botwo._routes import Rule
from botwo._tables import SECRETS, ClientTable, ConfigTable

FILE = Path(__file__).with_name("botwo.schema.json")
_ATTRIBUTE = re.compile(r"^ {8}(\w+): (.*(?:\n {12}.*)*)", re.MULTILINE)
_NAME = REFERENCE.pattern.replace("?P<name>", "").partition("(?::-")[0]


def schema() -> dict[str, Any]:
    """Give the schema, with the botocore that is installed."""
    made = msgspec.json.schema(ConfigTable)
    definitions = made["$defs"]
    for table in (ConfigTable, ClientTable, Rule):
        described = definitions[table.__name__]
        del described["title"]
        described["description"] = (table.__doc__ or "").partition("\n")[0]
        for name, text in _ATTRIBUTE.findall(table.__doc__ or ""):
            known = "$schema" if name == "schema" else name
            described["properties"][known]["description"] = re.sub(r"\s+", " ", text)
    definitions["SecretSource"]["oneOf"] = [{"required": ["file"]}, {"required": ["command"]}]
    rule = definitions["Rule"]["properties"]
    for name in ("key_prefix", "source_prefix"):
        rule[name]["pattern"] = r"^$|/$|\}$"  # a variable may bring the slash
    definitions["ConfigTable"]["properties"]["mapping"]["contains"] = {
        "required": ["bucket_name"],
        "properties": {"bucket_name": {"const": "*"}, "source_prefix": {"const": ""}},
    }
    client = definitions["ClientTable"]["properties"]
    client["config"]["properties"] = dict.fromkeys(BotocoreConfig.OPTION_DEFAULTS, True)
    for name in SECRETS:
        for kind in client[name]["anyOf"]:
            if kind.get("type") == "string":
                kind["pattern"] = f"^{_NAME}\\}}$"
    _sort(made)
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "botwo's config file",
        **made,
    }


def _sort(schema: Any) -> None:
    """Sort alternatives, which msgspec gives in an order of its version's."""
    if isinstance(schema, dict):
        for name in ("anyOf", "enum"):
            if isinstance(schema.get(name), list):
                schema[name].sort(key=json.dumps)
        for inner in schema.values():
            _sort(inner)
    elif isinstance(schema, list):
        for inner in schema:
            _sort(inner)


if __name__ == "__main__":
    FILE.write_text(json.dumps(schema(), indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
