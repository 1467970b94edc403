"""Read a streamed body whole, into memory or, where it is long, into a temporary file.

How it is read is said once, as a generator of steps; it is followed once sync, once async.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Generator
from contextlib import closing
from functools import partial
from typing import IO, TYPE_CHECKING, Any, TypeAlias

from botocore.exceptions import IncompleteReadError, ResponseStreamingError

if TYPE_CHECKING:
    from botwo._calls import Call
    from botwo._translation import Params

_CHUNK = 1024 * 1024

# How many bytes are to be read next at most, None for all that is left, and the bytes are sent
# back; or what is to be done that may have to wait for a disk.
Step: TypeAlias = "int | Callable[[], Any] | None"
Reading: TypeAlias = "Generator[Step, Any, bytes | IO[bytes] | None]"


def reading(call: Call, response: Params) -> Reading:
    """Say how the body of a call's response is read: see `read_whole`.

    Some stores, such as rclone, answer a range of an object with the whole object's checksum.
    """
    return read_whole(
        response.get("ContentLength"),
        most=call.reads or 0,
        spools=call.spools,
        ranged="ContentRange" in response,
    )


def read_whole(
    length: int | None, *, most: int, spools: bool = False, ranged: bool = False
) -> Reading:
    """Say how a body is read to its end.

    Args:
        length: How many bytes it has, None where the store did not say.
        most: How many bytes are read into memory.
        spools: Whether a longer body goes into a temporary file; otherwise it is left unread.
        ranged: Whether it is a range of an object, whose checksum botocore must not compare: it
            does so at the end of the stream, or when all that is left is read.

    Returns:
        The bytes; the file, at its start; or None for a body that was left unread.
    """
    if length is not None and length <= most and not ranged:
        whole: bytes = yield None  # the stream says itself when it ends too early
        return whole
    exactly = length if ranged else None
    if length is None or length <= most:
        start = yield from _gathered(most + 1 if exactly is None else exactly)
        if len(start) <= most:
            return _checked(start, exactly)
    else:
        start = b""
    if not spools:
        return None
    return (yield from _spooled(start, exactly))


def _gathered(amount: int) -> Generator[Step, bytes, bytes]:
    """Read so many bytes, or to the end of the stream; an async one gives what has come."""
    chunks = []
    while amount:
        chunk = yield amount
        if not chunk:
            break
        chunks.append(chunk)
        amount -= len(chunk)
    return b"".join(chunks)


def _checked(read: bytes, expected: int | None) -> bytes:
    if expected is not None and len(read) != expected:
        raise IncompleteReadError(actual_bytes=len(read), expected_bytes=expected)
    return read


def _spooled(start: bytes, exactly: int | None) -> Generator[Step, Any, IO[bytes]]:
    """Read into a file, on from what was read already; see `read_whole`."""
    file = tempfile.TemporaryFile()  # noqa: SIM115 - whoever sends it reads it
    try:
        chunk, count = start, 0
        while True:
            yield partial(file.write, chunk)
            count += len(chunk)
            chunk = yield from _gathered(
                _CHUNK if exactly is None else min(_CHUNK, exactly - count)
            )
            if not chunk:
                break
        if exactly is not None and count != exactly:
            raise IncompleteReadError(actual_bytes=count, expected_bytes=exactly)
        yield partial(file.seek, 0)
    except BaseException:
        file.close()
        raise
    return file


def read_body(body: Any, steps: Reading) -> bytes | IO[bytes] | None:
    """Read botocore's stream, and give its connection back."""
    with body, closing(steps):
        try:
            step = next(steps)
            while True:
                step = steps.send(step() if callable(step) else body.read(step))
        except StopIteration as stop:
            return stop.value  # type: ignore[no-any-return]


async def read_body_async(
    body: Any, steps: Reading, broken: tuple[type[Exception], ...] = ()
) -> bytes | IO[bytes] | None:
    """Read aiobotocore's stream, and give its connection back; files are written in a thread.

    Args:
        body: The stream.
        steps: How it is read.
        broken: What it raises besides botocore's errors where it breaks off.

    Raises:
        ResponseStreamingError: It broke off.
    """
    import asyncio

    async with body:
        with closing(steps):
            try:
                step = next(steps)
                while True:
                    step = steps.send(
                        await asyncio.to_thread(step) if callable(step) else await body.read(step)
                    )
            except StopIteration as stop:
                return stop.value  # type: ignore[no-any-return]
            except broken as error:
                raise ResponseStreamingError(error=error) from error
