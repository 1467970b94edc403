"""``botwo run``: run a program whose S3 clients are routed, and ``botwo schema``."""

from __future__ import annotations

import importlib.resources
import os
import re
import shlex
import signal
import sys
from pathlib import Path
from typing import Annotated

import typer

from botwo._cli.configured import ConfigOption, configured
from botwo._cli.endings import RefusedError, complain, misuse
from botwo._errors import ConfigError

EXAMPLES = """Examples:

botwo run -- python legacy_job.py

botwo run --config stores.toml -- aws s3 ls s3://bucket-a/

eval "$(botwo run --print-environment)"
"""
_PYTHON = re.compile(r"python(\d+(\.\d+)*)?(\.exe)?")
_OPTIONS = re.compile("-[A-Za-z?]+")
_TAKES_MORE = re.compile("[cmWX]")
# As shells have it.
NOT_EXECUTABLE = 126
NOT_FOUND = 127
# What Python ignores, and a program that it becomes would go on ignoring.
_IGNORED = ("SIGPIPE", "SIGXFSZ")


def run(
    command: Annotated[
        list[str] | None, typer.Argument(metavar="-- COMMAND ...", show_default=False)
    ] = None,
    *,
    print_environment: Annotated[
        bool,
        typer.Option("--print-environment", help="Print what is set, as a shell reads it."),
    ] = False,
    config: ConfigOption = None,
) -> None:
    """Run a program, unchanged, whose S3 clients are routed as the config file says.

    The program takes this command's place, and its exit status is the program's; 127 where there is
    no such program, 126 where it cannot be executed.
    """
    if print_environment == bool(command):
        raise misuse("give a COMMAND to run, or --print-environment")
    from botwo._activate import child_environment
    from botwo._config import find

    if print_environment:
        for name, value in child_environment(_checked(config), os.environ).items():
            if os.environ.get(name) != value:
                typer.echo(f"export {name}={shlex.quote(value)}")
        return
    if command and _looks_at_no_path(command):
        raise RefusedError(
            f"{shlex.join(command[:2])} … looks at no PYTHONPATH, so it would not be routed: leave "
            "out -I, -E and -S, or call botwo.install in the program"
        )
    file = find(config)
    if not file.is_file():
        raise RefusedError(f"{file}: there is no such config file")
    _become(command or [], child_environment(file, os.environ))


def _checked(config: Path | None) -> Path:
    """Read the config file, and give its path.

    Raises:
        ConfigError: It cannot be used; a shell that evaluates what is printed hears of it too.
    """
    try:
        read: Path = configured(config).path
    except ConfigError:
        typer.echo("false")  # with `set -e` a script ends here
        raise
    return read


def _looks_at_no_path(command: list[str]) -> bool:
    """Tell whether a command is a Python that is told to import nothing from where botwo lies."""
    if _PYTHON.fullmatch(Path(command[0]).name) is None:
        return False
    for word in command[1:]:
        if _OPTIONS.fullmatch(word) is None:
            return False  # the program, or what an option takes
        flags = _TAKES_MORE.split(word)[0]
        if set(flags) & set("IES"):
            return True
        if flags != word:
            return False
    return False


def _become(command: list[str], environment: dict[str, str]) -> None:
    sys.stdout.flush()
    numbers = [getattr(signal, name) for name in _IGNORED if hasattr(signal, name)]
    before = {number: signal.signal(number, signal.SIG_DFL) for number in numbers}
    try:
        os.execvpe(command[0], command, environment)
    except (FileNotFoundError, NotADirectoryError):
        complain(f"{command[0]}: there is no such program")
        raise typer.Exit(NOT_FOUND) from None
    except ValueError:  # no name at all, or half of one
        complain(f"{command[0]!r}: there is no such program")
        raise typer.Exit(NOT_FOUND) from None
    except OSError as error:
        complain(f"{command[0]}: cannot be executed: {error.strerror}")
        raise typer.Exit(NOT_EXECUTABLE) from None
    finally:  # only where nothing was begun
        for number, handler in before.items():
            signal.signal(number, handler)


def schema() -> None:
    """Print the JSON Schema of the config file."""
    text = importlib.resources.files("botwo").joinpath("botwo.schema.json").read_text("utf-8")
    typer.echo(text.rstrip("\n"))
