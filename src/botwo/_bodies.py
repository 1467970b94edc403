"""Read a streamed body whole, into memory or, where it is long, into a temporary file."""

from __future__ import annotations

import shutil
import tempfile
from typing import IO, Any, cast

_CHUNK = 1024 * 1024


def read_body(
    body: Any, length: int | None, *, most: int, spools: bool
) -> bytes | IO[bytes] | None:
    """Read a body to its end, and give its connection back.

    Args:
        body: botocore's stream; read here, it says itself when it ends too early.
        length: How many bytes it has, None where the store did not say.
        most: How many bytes are read into memory.
        spools: Whether a longer body goes into a temporary file; otherwise it is left unread.

    Returns:
        The bytes; the file, at its start; or None for a body that was left unread.
    """
    with body:
        if length is not None and length <= most:
            return cast("bytes", body.read())
        start = b""
        if length is None:
            start = cast("bytes", body.read(most + 1))
            if len(start) <= most:
                return start
        return _spooled(start, body) if spools else None


def _spooled(start: bytes, body: Any) -> IO[bytes]:
    file = tempfile.TemporaryFile()  # noqa: SIM115 - whoever sends it reads it
    file.write(start)
    shutil.copyfileobj(body, file, _CHUNK)
    file.seek(0)
    return file
