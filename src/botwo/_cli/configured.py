"""The config file that a command goes by."""

from __future__ import annotations

import warnings
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

import botwo
from botwo._cli.endings import complain
from botwo._errors import ConfigWarning

if TYPE_CHECKING:
    from collections.abc import Iterator

ConfigOption = Annotated[
    Path | None,
    typer.Option(
        "--config",
        metavar="FILE",
        show_default=False,
        help="The config file. Without it: what BOTWO_CONFIG names, ./botwo.toml, the table "
        "tool.botwo of ./pyproject.toml, the user's config folder.",
    ),
]


def configured(path: Path | None) -> Any:
    """Read the config; what it allows and probably does not mean is said on stderr.

    Raises:
        ConfigError: Everything that is wrong with it.
    """
    with doubts() as found:
        config = botwo.load(path)
    for doubt in found:
        complain(f"warning: {doubt}")
    return config


def routed(path: Path | None) -> Any:
    """Give the config's routed client."""
    return configured(path).client()


@contextmanager
def doubts() -> Iterator[list[str]]:
    """Collect the `ConfigWarning`s that come up."""
    found: list[str] = []
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", ConfigWarning)
        yield found
    for warning in caught:
        if issubclass(warning.category, ConfigWarning):
            found.append(" ".join(str(warning.message).split()))
        else:
            warnings.warn_explicit(
                warning.message, warning.category, warning.filename, warning.lineno
            )
