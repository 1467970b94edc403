"""``botwo cp``: copy objects up, down, and from one ``s3://`` name to another."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from botwo._cli.configured import ConfigOption, routed
from botwo._cli.endings import FAILED, FAILURES, RefusedError, told
from botwo._cli.names import STANDARD, S3Name
from botwo._cli.output import reporting
from botwo._cli.plans import Local, all_in, check, one, place
from botwo._cli.pool import AT_ONCE, Stop, each
from botwo._cli.text import shown
from botwo._cli.transfers import Mover, Transfer

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

# Copies between two stores go through this process's memory.
COPIES = 4
EXAMPLES = """Examples:

botwo cp report.csv s3://bucket-a/2026/

botwo cp s3://bucket-a/2026/report.csv .

botwo cp --recursive s3://test-bucket/archive/ s3://bucket-a/archive/

pg_dump shop | botwo cp - s3://bucket-a/shop.sql
"""


def cp(
    source: Annotated[
        str, typer.Argument(metavar="SOURCE", help="A path, an s3:// name, or - for stdin.")
    ],
    target: Annotated[
        str, typer.Argument(metavar="TARGET", help="A path, an s3:// name, or - for stdout.")
    ],
    *,
    recursive: Annotated[
        bool, typer.Option("--recursive", "-r", help="Copy all that is in the folder SOURCE.")
    ] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Print errors only.")] = False,
    config: ConfigOption = None,
) -> None:
    """Copy files to a store, objects to files, or objects from one s3:// name to another.

    A TARGET that ends with a slash is a folder: the name of SOURCE is added. With --recursive keys
    and paths keep what comes after SOURCE. Between two stores objects go through this machine, and
    keep their metadata and tags.

    Ctrl-C leaves no half object, no half file and no unfinished upload.
    """
    begin, end = place(source), place(target)
    check(begin, end, recursive=recursive)
    s3 = routed(config)
    if end == STANDARD and isinstance(begin, S3Name):
        Mover(s3, Stop(), lambda size: None).write_out(begin)
        return
    if recursive and isinstance(end, Local) and end.path.exists() and not end.path.is_dir():
        raise RefusedError(f"{end}: is no folder")
    plan = _some(all_in(s3, begin, end), begin) if recursive else iter([one(begin, end)])
    over = isinstance(begin, S3Name) and isinstance(end, S3Name)
    at_once = 1 if not recursive else COPIES if over else AT_ONCE
    _copy(s3, plan, at_once=at_once, quiet=quiet)


def _some(plan: Iterator[Transfer], source: object) -> Iterator[Transfer]:
    """Give a plan that has something in it.

    Raises:
        RefusedError: It has nothing.
    """
    empty = True
    for transfer in plan:
        empty = False
        yield transfer
    if empty:
        raise RefusedError(f"{shown(source)}: there is nothing in it")


def _copy(s3: Any, plan: Iterable[Transfer], *, at_once: int, quiet: bool) -> None:
    stop = Stop()
    with stop.heard(), reporting(quiet=quiet) as report:
        mover = Mover(s3, stop, report.advance, several=at_once > 1)

        def expected() -> Iterator[Transfer]:
            for transfer in plan:
                report.expect(transfer.size or 0)
                yield transfer

        each(
            expected(), _Attempt(mover, stop), stop, done=lambda tell: tell(report), at_once=at_once
        )
    stop.end()
    if report.failed:
        raise typer.Exit(FAILED)


class _Attempt:
    """Moves one object, and gives what is to be said of it."""

    def __init__(self, mover: Mover, stop: Stop) -> None:
        self._mover = mover
        self._stop = stop

    def __call__(self, transfer: Transfer) -> Any:
        try:
            self._mover.move(transfer)
        except FAILURES as error:
            self._stop.check()  # then it is merely the end of what was stopped
            line = f"{transfer}: {told(error)}"
            return lambda report: report.fail(line)
        return lambda report: report.done(str(transfer))
