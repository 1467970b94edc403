"""How a command ends: the exit status, and one line on stderr where it failed.

0: done; 1: it failed; 2: it was called wrongly; 130: interrupted (128 and the signal's number).
"""

from __future__ import annotations

import io
import signal
import sys
from typing import Any

import s3transfer.exceptions
import typer
from boto3.exceptions import Boto3Error
from botocore.exceptions import BotoCoreError, ClientError
from typer.core import TyperGroup

from botwo._cli.text import shown
from botwo._errors import BotwoError, ConfigError

_NAME = "botwo"

FAILED = 1
MISUSED = 2
INTERRUPTED = 128

# A wrong use of the command line. Typer takes the class from Click, or has its own since 0.26.
_USAGE: Any = typer.BadParameter.__bases__[0]


class RefusedError(Exception):
    """What was asked for cannot be done as the world is; its message is one line."""


# What a command may fail with; anything else is a fault of botwo and keeps its traceback.
FAILURES: tuple[type[Exception], ...] = (
    RefusedError,
    BotwoError,
    BotoCoreError,
    ClientError,
    Boto3Error,
    OSError,
    *(
        found
        for name in ("S3CopyFailedError", "S3DownloadFailedError", "S3ValidationError")
        if (found := getattr(s3transfer.exceptions, name, None))  # older versions lack some
    ),
)


def misuse(message: str) -> Exception:
    """Give the error that says that the command was called wrongly."""
    error: Exception = _USAGE(message)
    return error


def complain(message: str) -> None:
    """Say on stderr what is wrong."""
    for line in f"botwo: {message}".split("\n"):
        typer.echo(shown(line), err=True)


def told(error: BaseException) -> str:
    """Say an error in one line, and where a call went that failed; a config's problems in more."""
    if isinstance(error, ConfigError):
        return str(error)
    if isinstance(error, Boto3Error) and isinstance(error.__context__, ClientError):
        error = error.__context__  # says all, and where the call went
    if isinstance(error, OSError) and error.strerror:
        named = error.filename2 or error.filename
        said = f"{named}: {error.strerror}" if named else error.strerror
    else:
        said = str(error) or type(error).__name__
    notes = [note.removeprefix("botwo: ") for note in getattr(error, "__notes__", ())]
    return " ".join(f"{said} ({'; '.join(notes)})".split() if notes else said.split())


class Commands(TyperGroup):
    """The commands, which end as this module says."""

    def main(self, *args: Any, **extra: Any) -> Any:
        """Run a command and end the program with its status."""
        for stream in (sys.stdout, sys.stderr):
            if isinstance(stream, io.TextIOWrapper):
                stream.reconfigure(errors="backslashreplace")  # keys may be in any script
        try:
            if sys.stdout is None:
                raise misuse("standard output is closed")
            status = super().main(*args, **{**extra, "standalone_mode": False})
        except _USAGE as error:
            complain(_misused(error))
            status = error.exit_code
        sys.exit(status or 0)

    def invoke(self, ctx: Any) -> Any:
        """Run a command, and say what it fails with."""
        try:
            return super().invoke(ctx)
        except BrokenPipeError:
            raise  # nobody reads the output any more: Typer ends quietly, with status 1
        except FAILURES as error:
            complain(told(error))
            raise typer.Exit(FAILED) from None
        except KeyboardInterrupt:
            complain("interrupted")
            raise typer.Exit(INTERRUPTED + signal.SIGINT) from None


def _misused(error: Any) -> str:
    said = " ".join(error.format_message().split())
    context = getattr(error, "ctx", None)
    return f"{said} (see {context.command_path if context else _NAME} --help)"
