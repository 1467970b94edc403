"""Bodies are read whole, into memory or into a file, or are left."""

from __future__ import annotations

import io
from typing import Any

import pytest
from botocore.exceptions import FlexibleChecksumError, IncompleteReadError
from botocore.httpchecksum import Crc32Checksum, StreamingChecksumBody
from botocore.response import StreamingBody

from botwo._bodies import read_body

CONTENT = b"0123456789"


def _body(content: bytes = CONTENT, length: int | None = None) -> Any:
    return StreamingBody(io.BytesIO(content), len(content) if length is None else length)


def _checked(content: bytes = CONTENT) -> Any:
    """A body whose checksum is another one's."""
    return StreamingChecksumBody(io.BytesIO(content), len(content), Crc32Checksum(), "AAAAAA==")


def _read(body: Any, length: int | None = len(CONTENT), **how: Any) -> Any:
    found = read_body(body, length, **{"most": 10, "spools": False, **how})
    if isinstance(found, bytes) or found is None:
        return found
    with found as file:
        return "file", file.read()


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
def test_a_body_is_read_up_to_a_limit(length: int | None, how: Any, expected: Any) -> None:
    """Up to the limit it is bytes; a longer one is left, or goes into a file."""
    body = _body()

    found = _read(body, length, **how)

    assert expected == found
    assert body._raw_stream.closed


@pytest.mark.parametrize("most", [9, 10])
@pytest.mark.parametrize("ranged", [False, True])
def test_a_body_that_ends_too_early_is_an_error(most: int, *, ranged: bool) -> None:
    """What a store sends less than it said is never taken for the whole."""
    with pytest.raises(IncompleteReadError):
        _read(_body(b"01234567", 10), most=most, spools=True, ranged=ranged)


@pytest.mark.parametrize("most", [9, 10])
def test_a_whole_body_is_checked_and_a_range_is_not(most: int) -> None:
    """The checksum of a whole object is compared; a store may answer a range with it too."""
    with pytest.raises(FlexibleChecksumError):
        _read(_checked(), most=most, spools=True)

    found = _read(_checked(), most=most, spools=True, ranged=True)

    assert found in (CONTENT, ("file", CONTENT))
