"""``botwo check``: whether a config file is right, and its stores as it says."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import msgspec
import typer
from rich.table import Table

import botwo
from botwo._cli.configured import ConfigOption, doubts
from botwo._cli.endings import FAILED, complain
from botwo._cli.output import console, print_json
from botwo._cli.text import shown
from botwo._errors import ConfigError, Problem

if TYPE_CHECKING:
    from collections.abc import Sequence

    from botwo._cli.stores import Check

EXAMPLES = """Examples:

botwo check

botwo check --config stores.toml --connect

botwo check --connect --json | jq '.checks[] | select(.ok == false)'
"""
_WORDS = {True: "yes", False: "NO", None: "?"}


def check(
    *,
    connect: Annotated[
        bool,
        typer.Option(
            "--connect", help="Ask each store too: credentials, mapped buckets, lakeFS refs."
        ),
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print a JSON document.")] = False,
    config: ConfigOption = None,
) -> None:
    """Say everything that is wrong with the config file; the exit status is 1 where anything is.

    With --connect every store is asked, all at the same time: whether it answers, takes the
    credentials, has the mapped buckets that rules name, and a lakeFS the refs.
    """
    problems: Sequence[Problem] = ()
    checks: list[Check] | None = None
    read: Any = None
    with doubts() as found:
        try:
            read = botwo.load(config)
        except ConfigError as error:
            if not as_json:
                raise
            problems = error.problems
    if read is not None and connect:
        from botwo._cli.stores import ask

        checks = ask(read.factories, read.rules)
    if as_json:
        print_json(_document(read, problems, found, checks))
    else:
        _print(read, found, checks)
    if problems or not _well(checks):
        raise typer.Exit(FAILED)


def _well(checks: Sequence[Check] | None) -> bool:
    return not any(check.ok is False for check in checks or ())


def _document(
    read: Any, problems: Sequence[Problem], found: list[str], checks: list[Check] | None
) -> dict[str, Any]:
    files = [problem.file for problem in problems if problem.file]
    return {
        "config": str(read.path) if read else next(iter(files), None),
        "ok": not problems and _well(checks),
        "problems": [
            {"line": it.line, "place": it.place, "found": it.found, "mend": it.mend}
            for it in problems
        ],
        "warnings": found,
        "clients": list(read.factories) if read else [],
        "rules": len(read.rules.rules) if read else 0,
        "checks": None if checks is None else msgspec.to_builtins(checks),
    }


def _print(read: Any, found: list[str], checks: list[Check] | None) -> None:
    for doubt in found:
        complain(f"warning: {doubt}")
    clients = _counted(len(read.factories), "client")
    typer.echo(f"{read.path}: {clients}, {_counted(len(read.rules.rules), 'rule')}: well formed")
    if checks is None:
        return
    table = Table("client", "asked for", "", "found")
    for check in checks:
        name = f" {shown(check.name)}" if check.name else ""
        table.add_row(check.client, check.check + name, _WORDS[check.ok], shown(check.found))
    console().print(table)


def _counted(count: int, word: str) -> str:
    return f"{count} {word}{'s' * (count != 1)}"
