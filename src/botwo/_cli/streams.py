"""Standard input, read so that a signal can break it off."""

from __future__ import annotations

import os
import select
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from botwo._cli.pool import Stop

_SECONDS = 0.1
_CHUNK = 64 * 1024


class Input:
    """A file descriptor that is read to its end, or until the end is asked for.

    A transfer takes what is read in full, and a shorter answer for the end of the data.
    """

    def __init__(self, descriptor: int, stop: Stop) -> None:
        self._descriptor = descriptor
        self._stop = stop

    def read(self, size: int = -1) -> bytes:
        """Read as many bytes as asked for, or all; fewer only at the end of the data."""
        read = bytearray()
        while len(read) != size:
            self._wait()
            chunk = os.read(self._descriptor, size - len(read) if size > 0 else _CHUNK)
            if not chunk:
                break
            read += chunk
        return bytes(read)

    def _wait(self) -> None:
        """Wait for bytes with an eye on the signal: nothing else ends a thread that reads."""
        if sys.platform == "win32":
            return  # it can wait for sockets only
        while not select.select([self._descriptor], [], [], _SECONDS)[0]:
            self._stop.check()
