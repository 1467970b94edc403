"""Bodies are read whole, into memory or into a file, or are left."""

from __future__ import annotations

import asyncio
import io
import tempfile
from typing import Any

import pytest
from botocore.exceptions import FlexibleChecksumError, IncompleteReadError, ResponseStreamingError
from botocore.httpchecksum import Crc32Checksum, StreamingChecksumBody
from botocore.response import StreamingBody

from botwo._bodies import read_body, read_body_async, read_whole

CONTENT = b"0123456789"

both = pytest.mark.parametrize("later", [False, True], ids=["sync", "async"])


def _body(content: bytes = CONTENT, length: int | None = None) -> Any:
    return StreamingBody(io.BytesIO(content), len(content) if length is None else length)


def _checked(content: bytes = CONTENT) -> Any:
    """A body whose checksum is another one's."""
    return StreamingChecksumBody(io.BytesIO(content), len(content), Crc32Checksum(), "AAAAAA==")


class _Async:
    """A body as aiobotocore has it: a read gives what has come."""

    def __init__(self, body: Any) -> None:
        self._body = body

    async def __aenter__(self) -> _Async:
        return self

    async def __aexit__(self, *_: object) -> None:
        self._body.close()

    async def read(self, amount: int | None = None) -> Any:
        return self._body.read(amount and min(amount, 3))


def _read(body: Any, length: int | None = len(CONTENT), *, later: bool, **how: Any) -> Any:
    steps = read_whole(length, **{"most": 10, "spools": False, **how})
    found = asyncio.run(read_body_async(_Async(body), steps)) if later else read_body(body, steps)
    if isinstance(found, bytes) or found is None:
        return found
    with found as file:
        return "file", file.read()


@both
@pytest.mark.parametrize(
    ("length", "how", "expected"),
    [
        (10, {}, CONTENT),
        (10, {"most": 9}, None),
        (10, {"most": 9, "spools": True}, ("file", CONTENT)),
        (None, {}, CONTENT),
        (None, {"most": 9}, None),
        (None, {"most": 9, "spools": True}, ("file", CONTENT)),
        (10, {"ranged": True}, CONTENT),
        (10, {"ranged": True, "most": 9, "spools": True}, ("file", CONTENT)),
        (None, {"ranged": True, "most": 9, "spools": True}, ("file", CONTENT)),
    ],
)
def test_a_body_is_read_up_to_a_limit(
    length: int | None, how: Any, expected: Any, *, later: bool
) -> None:
    """Up to the limit it is bytes; a longer one is left, or goes into a file."""
    body = _body()

    found = _read(body, length, later=later, **how)

    assert expected == found
    assert body._raw_stream.closed


@both
@pytest.mark.parametrize("most", [9, 10])
@pytest.mark.parametrize("ranged", [False, True])
def test_a_body_that_ends_too_early_is_an_error(most: int, *, ranged: bool, later: bool) -> None:
    """What a store sends less than it said is never taken for the whole."""
    with pytest.raises(IncompleteReadError):
        _read(_body(b"01234567", 10), most=most, spools=True, ranged=ranged, later=later)


@pytest.mark.parametrize("spools", [False, True])
def test_a_body_that_breaks_off_later_is_botocores_error(*, spools: bool) -> None:
    """What aiobotocore lets through of its HTTP library's errors is raised as botocore's."""

    class Broken(_Async):
        async def read(self, amount: int | None = None) -> Any:
            raise LookupError("of the HTTP library")

    steps = read_whole(10, most=1 if spools else 10, spools=spools)

    with pytest.raises(ResponseStreamingError, match="of the HTTP library"):
        asyncio.run(read_body_async(Broken(_body()), steps, (LookupError,)))


@both
@pytest.mark.parametrize("most", [9, 10])
def test_a_whole_body_is_checked_and_a_range_is_not(most: int, *, later: bool) -> None:
    """The checksum of a whole object is compared; a store may answer a range with it too."""
    with pytest.raises(FlexibleChecksumError):
        _read(_checked(), most=most, spools=True, later=later)

    found = _read(_checked(), most=most, spools=True, ranged=True, later=later)

    assert found in (CONTENT, ("file", CONTENT))


@both
@pytest.mark.parametrize("length", [None, 10])
def test_a_file_that_is_not_whole_is_closed(
    monkeypatch: pytest.MonkeyPatch, length: int | None, *, later: bool
) -> None:
    """Where a body breaks off, nothing is left of the file it was read into."""
    files: list[Any] = []
    monkeypatch.setattr(tempfile, "TemporaryFile", lambda: files.append(io.BytesIO()) or files[0])

    with pytest.raises(IncompleteReadError):
        _read(_body(b"01234567", 10), length, most=2, spools=True, later=later)

    assert [True] == [file.closed for file in files]
