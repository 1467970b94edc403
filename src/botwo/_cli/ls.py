"""``botwo ls``: list buckets, folders and objects."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any

import msgspec
import typer

from botwo._cli.configured import ConfigOption, routed
from botwo._cli.endings import RefusedError
from botwo._cli.names import SCHEME, S3Name, s3_name
from botwo._cli.output import print_json
from botwo._cli.text import shown

if TYPE_CHECKING:
    from collections.abc import Iterator

EXAMPLES = """Examples:

botwo ls

botwo ls s3://bucket-a/2026/

botwo ls --recursive --json s3://bucket-a | jq .size
"""
_TIME = "%Y-%m-%d %H:%M:%S"
_TIME_WIDTH = 19
_SIZE_WIDTH = 10


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that is listed."""

    type: str
    name: S3Name
    time: datetime | None = None
    size: int | None = None
    etag: str | None = None

    def line(self, *, whole: bool) -> str:
        """Say it as a screen shows it: the last part of the name, or the whole key."""
        if self.type == "folder":
            return f"{'PRE':>{_TIME_WIDTH + 1 + _SIZE_WIDTH}} {shown(_last(self.name))}"
        time = self.time.astimezone().strftime(_TIME) if self.time else " " * _TIME_WIDTH
        if self.type == "bucket":
            return f"{time} {shown(self.name.bucket)}"
        name = self.name.key if whole else self.name.last
        return f"{time} {self.size:>{_SIZE_WIDTH}} {shown(name)}"

    def document(self) -> dict[str, Any]:
        """Say it as a program reads it."""
        time = self.time and self.time.astimezone(UTC).isoformat().replace("+00:00", "Z")
        named = {"type": self.type, "name": str(self.name), "bucket": self.name.bucket}
        if self.type == "bucket":
            return {**named, "created": time}
        named["key"] = self.name.key
        if self.type == "folder":
            return named
        return {**named, "size": self.size, "modified": time, "etag": self.etag}


def _last(folder: S3Name) -> str:
    return folder.key.rstrip("/").rpartition("/")[2] + "/"


def ls(
    name: Annotated[
        str | None,
        typer.Argument(
            metavar="s3://BUCKET/PREFIX", show_default=False, help="Without it: all buckets."
        ),
    ] = None,
    *,
    recursive: Annotated[
        bool, typer.Option("--recursive", "-r", help="List all keys, not folder by folder.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print a JSON document a line.")] = False,
    config: ConfigOption = None,
) -> None:
    """List buckets; or the folders and objects whose keys start with a prefix.

    Times are this machine's; with --json they are UTC. The exit status is 1 where no key starts
    with the prefix.
    """
    asked = s3_name(name) if name not in (None, SCHEME) else None
    s3 = routed(config)
    entries = _buckets(s3) if asked is None else _entries(s3, asked, recursive=recursive)
    found = False
    for entry in entries:
        found = True
        if as_json:
            print_json(entry.document(), indent=None)
        else:
            typer.echo(entry.line(whole=recursive))
    if not found and asked is not None and asked.key:
        raise RefusedError(f"{shown(asked)}: no key starts with that")


def _buckets(s3: Any) -> Iterator[Entry]:
    for bucket in s3.list_buckets()["Buckets"]:
        name = S3Name(bucket["Name"])
        yield Entry(type="bucket", name=name, time=bucket.get("CreationDate"))


def _entries(s3: Any, asked: S3Name, *, recursive: bool) -> Iterator[Entry]:
    folded = {} if recursive else {"Delimiter": "/"}
    pages = s3.get_paginator("list_objects_v2").paginate(
        Bucket=asked.bucket, Prefix=asked.key, **folded
    )
    for page in pages:
        for folder in page.get("CommonPrefixes", ()):
            yield Entry(type="folder", name=S3Name(asked.bucket, folder["Prefix"]))
        for found in page.get("Contents", ()):
            yield Entry(
                type="object",
                name=S3Name(asked.bucket, found["Key"]),
                time=found["LastModified"],
                size=found["Size"],
                etag=found.get("ETag"),
            )
