"""A secret of a config file: where it is found, never what it is, until a client needs it."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import TypeAlias

import msgspec

from botwo._environment import REFERENCE, UnsetError, filled

_SECONDS = 60
_PRINTABLE = 0x20  # what comes before controls something
_STARTUP = str(Path(__file__).with_name("_startup"))


class SecretSource(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What holds a secret, or prints it: one of the two."""

    file: str | None = None
    """A file with the secret, and nothing else but white space around it."""
    command: list[str] | None = None
    """A command and its arguments; no shell reads it."""

    def __repr__(self) -> str:
        """Say what it is: a command may hold what it needs to get at the secret."""
        return f"SecretSource(file={self.file!r})" if self.file else "SecretSource(command=...)"

    def __post_init__(self) -> None:
        if bool(self.file) == bool(self.command):
            raise ValueError("a secret comes from a file or from a command")


Secret: TypeAlias = str | SecretSource
"""``"${NAME}"``, a file or a command; plain text for what need not be secret."""


class SecretError(Exception):
    """A secret is not where it should be."""

    def __init__(self, found: str, mend: str) -> None:
        self.found = found
        self.mend = mend
        super().__init__(f"{found}; {mend}")


def is_plain(secret: Secret) -> bool:
    """Tell whether a secret stands in the file itself, if only as a default or in part."""
    if not isinstance(secret, str):
        return False
    reference = REFERENCE.fullmatch(secret)
    return reference is None or bool(reference["default"])


def unset(secret: Secret) -> str | None:
    """Give the name of the variable that holds a secret, where the environment lacks it."""
    reference = REFERENCE.fullmatch(secret) if isinstance(secret, str) else None
    return None if reference is None or os.environ.get(reference["name"]) else reference["name"]


def revealed(secret: Secret, folder: Path) -> str:
    """Give what a secret is.

    Args:
        secret: Where it is found.
        folder: What its file's name is relative to.

    Raises:
        SecretError: It is not found, or it is empty.
    """
    if isinstance(secret, SecretSource):
        if secret.command:
            return _some(_printed(secret.command), "the command's output")
        return _some(_read(folder, secret.file or ""), f"the file {secret.file}")
    reference = REFERENCE.fullmatch(secret)
    try:
        return _some(filled(secret), f"what {secret} refers to")
    except UnsetError as error:
        mend = error.mend if reference is None else f"set {reference['name']} in the environment"
        raise SecretError(f"{secret} is unset or empty", mend) from None


def _some(text: str, what: str) -> str:
    text = text.strip()
    if any(ord(character) < _PRINTABLE for character in text):
        raise SecretError(f"{what} is more than one line", "it has to be the secret alone")
    if not text:
        raise SecretError(f"{what} is unset or empty", "it has to be set where the client is made")
    return text


def _read(folder: Path, file: str) -> str:
    try:
        return (folder / Path(file).expanduser()).read_text()
    except (OSError, RuntimeError, ValueError) as error:  # no such file, user or text
        raise SecretError(f"the file {file} cannot be read", _reason(error)) from None


def _printed(command: list[str]) -> str:
    try:
        done = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            timeout=_SECONDS,
            check=True,
            env=_unrouted_environment(),
        )
        return done.stdout.decode()
    except (OSError, subprocess.SubprocessError, ValueError) as error:
        raise SecretError("the command failed", _reason(error)) from None


def _unrouted_environment() -> dict[str, str]:
    """Give the environment without `botwo run`'s: a command that asks S3 would need itself."""
    environment = {name: value for name, value in os.environ.items() if name != "BOTWO_CONFIG"}
    if "PYTHONPATH" in environment:
        places = environment["PYTHONPATH"].split(os.pathsep)
        kept = os.pathsep.join(place for place in places if place != _STARTUP)
        environment["PYTHONPATH"] = kept
    return environment


def _reason(error: Exception) -> str:
    """Say why, without what a secret's command printed or was given."""
    if isinstance(error, OSError):
        return error.strerror or type(error).__name__
    if isinstance(error, subprocess.CalledProcessError):
        return f"it ended with exit status {error.returncode}"
    if isinstance(error, subprocess.TimeoutExpired):
        return f"it took more than {_SECONDS} seconds"
    if isinstance(error, UnicodeDecodeError):
        return "what it gives is no text"
    return str(error)
