"""``botwo rm``: delete objects."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from botwo._cli.configured import ConfigOption, routed
from botwo._cli.endings import FAILED, FAILURES, misuse, told
from botwo._cli.names import S3Name, s3_name
from botwo._cli.output import Report, reporting
from botwo._cli.plans import objects
from botwo._cli.pool import Stop, each
from botwo._cli.text import shown

if TYPE_CHECKING:
    from collections.abc import Iterator

EXAMPLES = """Examples:

botwo rm s3://bucket-a/2026/report.csv

botwo rm --recursive s3://bucket-a/2026/
"""
# The most keys that S3 takes of one request.
_BATCH = 1000
_AT_ONCE = 4


def rm(
    name: Annotated[str, typer.Argument(metavar="s3://BUCKET/KEY", help="What to delete.")],
    *,
    recursive: Annotated[
        bool, typer.Option("--recursive", "-r", help="Delete all that is in the folder.")
    ] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Print errors only.")] = False,
    config: ConfigOption = None,
) -> None:
    """Delete an object; with --recursive every object in a folder, or in the whole bucket.

    What is not there is deleted already. Where versions are kept, the object's versions stay.
    """
    asked = s3_name(name)
    if asked.is_folder and not recursive:
        raise misuse(f"{asked} is no object's name: add --recursive to delete all that is in it")
    s3 = routed(config)
    if not recursive:
        s3.delete_object(Bucket=asked.bucket, Key=asked.key)
        if not quiet:
            typer.echo(_line(asked))
        return
    _delete(s3, asked.folder, quiet=quiet)


def _delete(s3: Any, folder: S3Name, *, quiet: bool) -> None:
    stop = Stop()
    with stop.heard(), reporting(quiet=quiet) as report:

        def work(keys: list[str]) -> Any:
            return _attempt(s3, folder.bucket, keys)

        each(
            _batches(s3, folder),
            work,
            stop,
            done=lambda answer: _tell(answer, folder.bucket, report),
            at_once=_AT_ONCE,
        )
    stop.end()
    if report.failed:
        raise typer.Exit(FAILED)


def _batches(s3: Any, folder: S3Name) -> Iterator[list[str]]:
    batch: list[str] = []
    for entry in objects(s3, folder):
        batch.append(entry["Key"])
        if len(batch) == _BATCH:
            yield batch
            batch = []
    if batch:
        yield batch


def _attempt(s3: Any, bucket: str, keys: list[str]) -> Any:
    try:
        return s3.delete_objects(Bucket=bucket, Delete={"Objects": [{"Key": key} for key in keys]})
    except FAILURES as error:
        return error


def _tell(answer: Any, bucket: str, report: Report) -> None:
    if isinstance(answer, Exception):
        report.fail(told(answer))
        return
    for entry in answer.get("Deleted", ()):
        report.done(_line(S3Name(bucket, entry["Key"])))
    for entry in answer.get("Errors", ()):
        name = shown(S3Name(bucket, entry["Key"]))
        report.fail(f"{name}: {entry.get('Message', 'failed')} ({entry.get('Code', '')})")


def _line(name: S3Name) -> str:
    return f"deleted {shown(name)}"
