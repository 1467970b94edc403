"""What a command prints: results on stdout, progress on stderr while somebody looks at it."""

from __future__ import annotations

import json
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import typer
from rich.console import Console
from rich.progress import (
    BarColumn,
    DownloadColumn,
    Progress,
    TextColumn,
    TimeRemainingColumn,
    TransferSpeedColumn,
)

from botwo._cli.endings import complain

if TYPE_CHECKING:
    from collections.abc import Iterator

_WIDE = 200


def print_json(document: Any, *, indent: int | None = 2) -> None:
    """Print a document as a program reads it; without an indent in one line."""
    typer.echo(json.dumps(document, indent=indent, ensure_ascii=not _is_utf8()))


def _is_utf8() -> bool:
    return (sys.stdout.encoding or "").lower().replace("-", "") == "utf8"


def console() -> Console:
    """Give what prints tables: on a screen they fold, where a program reads them they do not."""
    width = None if sys.stdout.isatty() else _WIDE
    return Console(width=width, highlight=False, markup=False, emoji=False)


class Report:
    """What became of many objects: a line each, and how far all of them are."""

    def __init__(self, progress: Progress, *, quiet: bool) -> None:
        self.failed = 0
        self._progress = progress
        self._task = progress.add_task("", total=0.0, objects=0)
        self._quiet = quiet
        self._objects = 0
        self._total = 0

    def expect(self, size: int) -> None:
        """Count an object's bytes among those to come."""
        self._total += size
        self._progress.update(self._task, total=self._total)

    def advance(self, size: int) -> None:
        """Count bytes that have moved; called from any thread."""
        self._progress.advance(self._task, size)

    def done(self, line: str) -> None:
        """Say that an object is done."""
        self._objects += 1
        self._progress.update(self._task, objects=self._objects)
        if self._quiet:
            return
        if self._progress.live.is_started and sys.stdout.isatty():
            self._progress.console.print(line, markup=False, highlight=False, soft_wrap=True)
        else:
            typer.echo(line)

    def fail(self, line: str) -> None:
        """Say that an object failed."""
        self.failed += 1
        complain(line)


@contextmanager
def reporting(*, quiet: bool = False) -> Iterator[Report]:
    """Report on many objects; bars are shown where stderr is a terminal."""
    screen = Console(stderr=True)
    progress = Progress(
        TextColumn("{task.fields[objects]} done"),
        BarColumn(),
        DownloadColumn(),
        TransferSpeedColumn(),
        TimeRemainingColumn(),
        console=screen,
        transient=True,
        redirect_stdout=False,
        disable=quiet or not screen.is_terminal,
    )
    with progress:
        yield Report(progress, quiet=quiet)
