"""What `botwo demo` runs: a job that cannot tell a routed client from a plain one."""

from __future__ import annotations

import contextlib
import os
import sys
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError
from rich.console import Console

from botwo._demo import servers, story
from botwo._errors import BotwoError

if TYPE_CHECKING:
    from collections.abc import Iterator

_WIDE = 200


def main() -> int:
    """Run the demo and return its exit status: 0 only if all of the proof holds."""
    try:
        with servers.interruptible(), _own_settings():
            return 0 if story.run(_console()) else 1
    except servers.ServerError as error:
        return _fail(str(error))
    except (BotoCoreError, ClientError, BotwoError) as error:
        return _fail(f"a run broke off: {error}")
    except servers.Interrupted as interrupted:
        _fail("stopped; its servers have ended and their folders are gone")
        return 128 + interrupted.number


def _console() -> Console:
    # On a screen long names fold; where the output is read by a program they stay whole.
    width = None if sys.stdout.isatty() else _WIDE
    return Console(width=width, highlight=False, markup=False, emoji=False, soft_wrap=True)


def _fail(message: str) -> int:
    sys.stderr.write(f"botwo demo: {message}\n")
    return 1


@contextlib.contextmanager
def _own_settings() -> Iterator[None]:
    """Keep this machine's AWS and proxy settings out: the demo talks to its own servers only."""
    before = dict(os.environ)
    for name in before:
        if name.upper().startswith("AWS_") or name.upper().endswith("_PROXY"):
            del os.environ[name]
    os.environ.update(
        AWS_CONFIG_FILE=os.devnull, AWS_SHARED_CREDENTIALS_FILE=os.devnull, no_proxy="127.0.0.1"
    )
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)
