"""What `botwo` can be asked for, a function for each command."""

from __future__ import annotations

from importlib.metadata import version
from typing import Annotated

import typer

app = typer.Typer(
    help="One boto3 S3 client over many S3 stores.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)


def _print_version(asked: bool) -> None:  # noqa: FBT001 - typer calls it so
    if asked:
        typer.echo(f"botwo {version('botwo')}")
        raise typer.Exit


@app.callback()
def _options(
    *,
    version: Annotated[
        bool, typer.Option("--version", help="Print it.", is_eager=True, callback=_print_version)
    ] = False,
) -> None:
    """Take the options that belong to no command."""


@app.command()
def demo() -> None:
    """Run one job over one S3 server, then unchanged over two, and prove that it cannot tell.

    It starts and stops the servers itself. Exit status 0 only if all of the proof holds.
    """
    from botwo import _demo

    raise typer.Exit(_demo.main())
