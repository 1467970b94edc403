"""Read a streamed body whole, into memory or, where it is long, into a temporary file."""

from __future__ import annotations

import tempfile
from itertools import chain
from typing import IO, TYPE_CHECKING, Any, cast

from botocore.exceptions import IncompleteReadError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_CHUNK = 1024 * 1024


def read_body(
    body: Any, length: int | None, *, most: int, spools: bool, ranged: bool = False
) -> bytes | IO[bytes] | None:
    """Read a body to its end, and give its connection back.

    Args:
        body: botocore's stream; read here, it says itself when it ends too early.
        length: How many bytes it has, None where the store did not say.
        most: How many bytes are read into memory.
        spools: Whether a longer body goes into a temporary file; otherwise it is left unread.
        ranged: Whether it is a range of an object. Some stores, such as rclone, answer one with
            the whole object's checksum, so botocore must not compare it: it does so at the end.

    Returns:
        The bytes; the file, at its start; or None for a body that was left unread.
    """
    with body:
        if length is not None and length <= most:
            if ranged:
                return b"".join(_exactly(body, length, length))
            return cast("bytes", body.read())
        start = b""
        if length is None:
            start = cast("bytes", body.read(most + 1))
            if len(start) <= most:
                return start
        if not spools:
            return None
        if ranged and length is not None:
            return _spooled(_exactly(body, length, _CHUNK))
        return _spooled(chain([start], iter(lambda: body.read(_CHUNK), b"")))


def _exactly(body: Any, length: int, chunk: int) -> Iterator[bytes]:
    """Read as many bytes as were said, and not on to where the stream says that it ended."""
    left = length
    while left:
        read = body.read(min(left, chunk))
        if not read:
            raise IncompleteReadError(actual_bytes=length - left, expected_bytes=length)
        left -= len(read)
        yield read


def _spooled(chunks: Iterable[bytes]) -> IO[bytes]:
    file = tempfile.TemporaryFile()  # noqa: SIM115 - whoever sends it reads it
    try:
        file.writelines(chunks)
    except BaseException:
        file.close()
        raise
    file.seek(0)
    return file
