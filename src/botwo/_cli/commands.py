"""What `botwo` can be asked for; each command is a function of a module of its own."""

from __future__ import annotations

from importlib.metadata import version
from typing import Annotated

import typer

from botwo._cli import check, cp, explain, ls, rm, run
from botwo._cli.endings import MISUSED, Commands

app = typer.Typer(
    name="botwo",
    cls=Commands,
    invoke_without_command=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",
    epilog="An s3:// name is the caller's: rules say which store it lies in. botwo COMMAND --help "
    "has examples. Exit status: 0 done, 1 failed, 2 called wrongly, 130 interrupted.",
)


def _print_version(asked: bool) -> None:  # noqa: FBT001 - typer calls it so
    if asked:
        typer.echo(f"botwo {version('botwo')}")
        raise typer.Exit


@app.callback()
def _options(
    context: typer.Context,
    *,
    _version: Annotated[
        bool, typer.Option("--version", help="Print it.", is_eager=True, callback=_print_version)
    ] = False,
) -> None:
    """One boto3 S3 client over many S3 stores."""
    if context.invoked_subcommand is None:
        typer.echo(context.get_help())
        raise typer.Exit(MISUSED)


app.command(epilog=check.EXAMPLES)(check.check)
app.command(epilog=explain.EXAMPLES)(explain.explain)
app.command(epilog=ls.EXAMPLES)(ls.ls)
app.command(epilog=cp.EXAMPLES)(cp.cp)
app.command(epilog=rm.EXAMPLES)(rm.rm)
# What follows the program's name is the program's, options too.
app.command(epilog=run.EXAMPLES, context_settings={"allow_interspersed_args": False})(run.run)
app.command()(run.schema)


@app.command()
def demo() -> None:
    """Run one job over one S3 server, then unchanged over two, and prove that it cannot tell.

    It starts and stops the servers itself. Exit status 0 only if all of the proof holds.
    """
    from botwo import _demo

    raise typer.Exit(_demo.main())
