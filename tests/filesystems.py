"""Filesystems to compare: s3fs's over one store, and botwo's over two that hold the same."""

from __future__ import annotations

import contextlib
import datetime
import logging
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import s3fs
from servers import Server

import botwo.fsspec

MAPPING = """
[[mapping]]
bucket_name = "moved"
mapped_bucket_name = "{bucket}-repo"
key_prefix = "main/"
client = "b"

[[mapping]]
bucket_name = "split"
source_prefix = "new/"
mapped_bucket_name = "split-new"
key_prefix = "main/"
client = "b"

[[mapping]]
bucket_name = "*"
client = "a"
"""
BUCKETS = ("stays", "moved", "split")


def written(
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    stores: Mapping[str, Server],
    mapping: str = MAPPING,
    *,
    name: str = "botwo.toml",
) -> Path:
    """Write a config file whose secrets the environment holds."""
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")  # s3fs's own filesystem needs one
    tables = []
    for store, server in stores.items():
        monkeypatch.setenv(f"SECRET_OF_{store}", server.secret_key)
        tables.append(f"""
[clients.{store}]
endpoint_url = "{server.endpoint_url}"
region_name = "us-east-1"
aws_access_key_id = "{server.access_key}"
aws_secret_access_key = "${{SECRET_OF_{store}}}"
config = {{ s3 = {{ addressing_style = "path" }} }}
""")
    file = folder / name
    file.write_text("".join(tables) + mapping)
    return file


def plain(server: Server, **options: Any) -> s3fs.S3FileSystem:
    """s3fs's own filesystem over one store."""
    return s3fs.S3FileSystem(
        endpoint_url=server.endpoint_url,
        key=server.access_key,
        secret=server.secret_key,
        config_kwargs={"s3": {"addressing_style": "path"}},
        skip_instance_cache=True,
        **options,
    )


def routed(config: Path, **options: Any) -> botwo.fsspec.S3FileSystem:
    """A filesystem of botwo's over the stores of a config file."""
    return botwo.fsspec.S3FileSystem(config=config, skip_instance_cache=True, **options)


def same(answer: Any) -> Any:
    """Give what has to be the same of what two filesystems answered."""
    if isinstance(answer, Mapping):
        return {name: same(value) for name, value in answer.items() if name != "ResponseMetadata"}
    if isinstance(answer, list | tuple | set):
        return [same(each) for each in (sorted(answer) if isinstance(answer, set) else answer)]
    if isinstance(answer, datetime.datetime):
        return "a date"
    return answer


@contextlib.contextmanager
def sent() -> Iterator[list[str]]:
    """Collect what botwo says of each call: where it went."""
    lines: list[str] = []
    handler = logging.Handler()
    handler.emit = lambda record: lines.append(record.getMessage())  # type: ignore[method-assign]
    log = logging.getLogger("botwo")
    before = log.level
    log.addHandler(handler)
    log.setLevel(logging.DEBUG)
    try:
        yield lines
    finally:
        log.removeHandler(handler)
        log.setLevel(before)
