"""Move one object: up, down, or from one ``s3://`` name to another."""

from __future__ import annotations

import mimetypes
import os
import sys
from contextvars import ContextVar
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
from boto3.s3.transfer import TransferConfig
from botocore.utils import determine_content_length

import botwo
from botwo._cli.apart import check_apart
from botwo._cli.endings import RefusedError
from botwo._cli.names import STANDARD, S3Name, beneath
from botwo._cli.streams import Input
from botwo._cli.text import shown

if TYPE_CHECKING:
    from collections.abc import Callable

    from botwo._cli.pool import Stop

    Advance = Callable[[int], object]

# The longest object that S3 copies in one request.
_LONGEST_COPY = 5 * 1024**3
# Of several objects that are moved at once each has fewer parts at once than one alone.
_PARTS, _PARTS_OF_SEVERAL = 10, 4

# s3transfer counts bytes by so many while they move. What it counts when a body is closed is less,
# and no time to break off: the store may have the whole object by then.
_IN_THE_MIDST = 256 * 1024

_SIZE = "botwo_size"
_advance: ContextVar[Advance] = ContextVar("botwo_advance")
_counted: ContextVar[list[int]] = ContextVar("botwo_counted")


class Inside(msgspec.Struct, frozen=True):
    """The place in a local folder that a key takes."""

    folder: Path
    relative: str

    def __str__(self) -> str:
        """Give the path as it is written."""
        return f"{self.folder}/{self.relative}"


class Transfer(msgspec.Struct, frozen=True):
    """One object to move: from where, to where, and how long it is where that is known.

    ``-`` is standard input or output.
    """

    source: S3Name | Path | str
    target: S3Name | Inside | Path | str
    size: int | None = None

    def __str__(self) -> str:
        """Say it in one line."""
        return f"{shown(self.source)} -> {shown(self.target)}"


class Mover:
    """Moves objects through a routed client, as long as no one asks for the end."""

    def __init__(self, s3: Any, stop: Stop, advance: Advance, *, several: bool = False) -> None:
        self._s3 = s3
        self._stop = stop
        self._advance = advance
        self._parts = TransferConfig(max_concurrency=_PARTS_OF_SEVERAL if several else _PARTS)
        events = s3.meta.events
        events.register("request-created.s3", stop.before_request)
        events.register("before-call.s3.UploadPart", _measure_part)
        events.register("after-call.s3.UploadPart", _count_part)

    def move(self, transfer: Transfer) -> None:
        """Move an object."""
        source, target = transfer.source, transfer.target
        if isinstance(source, S3Name):
            if isinstance(target, S3Name):
                self._copy(source, target, transfer.size)
            elif not isinstance(target, str):
                self._download(source, target)
        elif isinstance(target, S3Name):
            self._upload(source, target)

    def _moved(self, size: int) -> None:
        if size >= _IN_THE_MIDST:
            self._stop.check()
        self._advance(size)

    def _upload(self, source: Path | str, target: S3Name) -> None:
        kind, _ = mimetypes.guess_type(str(target.key if source == STANDARD else source))
        options: dict[str, Any] = {
            "ExtraArgs": {"ContentType": kind} if kind else {},
            "Callback": self._moved,
            "Config": self._parts,
        }
        if source == STANDARD:
            stream = Input(sys.stdin.fileno(), self._stop)
            self._s3.upload_fileobj(stream, target.bucket, target.key, **options)
        else:
            before = _identity(str(source))
            self._s3.upload_file(str(source), target.bucket, target.key, **options)
            if before != _identity(str(source)):
                raise RefusedError(f"{shown(source)}: changed while it was copied")

    def _download(self, source: S3Name, target: Inside | Path) -> None:
        path = target if isinstance(target, Path) else beneath(target.folder, target.relative)
        path.parent.mkdir(parents=True, exist_ok=True)
        self._s3.download_file(
            source.bucket, source.key, str(path), Callback=self._moved, Config=self._parts
        )

    def write_out(self, source: S3Name) -> None:
        """Write an object to standard output."""
        answer = self._s3.get_object(Bucket=source.bucket, Key=source.key)
        for chunk in answer["Body"].iter_chunks(1024 * 1024):
            sys.stdout.buffer.write(chunk)
            self._moved(len(chunk))
        sys.stdout.buffer.flush()

    def _copy(self, source: S3Name, target: S3Name, size: int | None) -> None:
        """Copy in one request where that can be: it keeps tags, which a copy in parts does not."""
        check_apart(self._s3, source, target)
        asked: dict[str, Any] = {
            "CopySource": {"Bucket": source.bucket, "Key": source.key},
            "Bucket": target.bucket,
            "Key": target.key,
        }
        if size is None:
            size = self._s3.head_object(Bucket=source.bucket, Key=source.key)["ContentLength"]
        if size > _LONGEST_COPY and not botwo.explain(self._s3, "copy_object", **asked).relayed:
            extra = {"TaggingDirective": "COPY"}
            self._s3.copy(**asked, ExtraArgs=extra, Callback=self._moved, Config=self._parts)
            return
        parts: list[int] = []
        _advance.set(self._advance)
        _counted.set(parts)
        self._s3.copy_object(**asked)
        self._advance(size - sum(parts))


def _measure_part(params: dict[str, Any], context: dict[str, Any], **_: Any) -> None:
    """Note how long a part is; a handler of ``before-call``."""
    context[_SIZE] = determine_content_length(params["body"]) or 0


def _identity(path: str) -> tuple[int, ...]:
    """Give what changes when a file does."""
    found = os.stat(path)  # noqa: PTH116 - of a path that is text
    return found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns


def _count_part(http_response: Any, context: dict[str, Any], **_: Any) -> None:
    """Count a part of a copy between stores that the store has; a handler of ``after-call``."""
    counted = _counted.get(None)
    if counted is not None and http_response.status_code == HTTPStatus.OK:
        counted.append(context[_SIZE])
        _advance.get()(context[_SIZE])
