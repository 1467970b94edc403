"""Every error botwo raises.

    Exception
    └── BotwoError
        ├── ConfigError     (ValueError)              the clients or the mapping cannot be used
        ├── RoutingError                              one request cannot reach all its names
        └── PicklingError   (pickle.PicklingError)    a routed client is not made of factories

What a store answers stays botocore's own ``ClientError``.
"""

from __future__ import annotations

import pickle
from typing import TYPE_CHECKING, Any

import msgspec

if TYPE_CHECKING:
    from collections.abc import Iterable


class BotwoError(Exception):
    """The root of what botwo raises by itself."""


class ConfigWarning(UserWarning):
    """Something in the mapping is allowed and probably not meant."""


class Problem(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that is wrong with the clients or the mapping."""

    place: str
    """Where it stands, as Python would reach it: ``mapping[2].client``."""
    found: str
    """What stands there."""
    mend: str
    """What is expected, or what to do."""
    file: str | None = None
    """The config file it stands in; None where it was given in Python."""
    line: int | None = None
    """On which line of the file, from 1."""

    def __str__(self) -> str:
        at = "" if self.line is None else f"line {self.line}, "
        return f"{at}{self.place}: {self.found}; {self.mend}"


class ConfigError(BotwoError, ValueError):
    """The clients and the mapping do not make a routed client; every problem is listed.

    Example:
        >>> error = ConfigError([Problem(place="mapping", found="no rule", mend="add a default")])
        >>> print(error)
        1 problem in the clients and the mapping:
          mapping: no rule; add a default
    """

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems: tuple[Problem, ...] = tuple(problems)
        count = len(self.problems)
        lines = "\n".join(f"  {problem}" for problem in self.problems)
        plural = "" if count == 1 else "s"
        files = {problem.file for problem in self.problems if problem.file}
        where = ", ".join(sorted(files)) or "the clients and the mapping"
        super().__init__(f"{count} problem{plural} in {where}:\n{lines}")

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.problems,)


class RoutingError(BotwoError):
    """A request's names lie where one request cannot reach; nothing more was sent.

    Attributes:
        operation: The operation as S3's API names it, ``"CopyObject"``.
        routes: The routes that do not go together, as `botwo` found them.
    """

    def __init__(self, message: str, *, operation: str, routes: Iterable[object] = ()) -> None:
        self.message = message
        self.operation = operation
        self.routes: tuple[object, ...] = tuple(routes)
        super().__init__(f"{operation}: {message}")

    def __reduce__(self) -> tuple[Any, ...]:
        return _routing_error, (self.message, self.operation, self.routes)


def _routing_error(message: str, operation: str, routes: tuple[object, ...]) -> RoutingError:
    return RoutingError(message, operation=operation, routes=routes)


def without_extra(missing: ModuleNotFoundError, extra: str) -> ModuleNotFoundError:
    """Say of a module that is missing which extra of botwo's brings it."""
    said = f"{missing}: pip install 'botwo[{extra}]'"
    return ModuleNotFoundError(said, name=missing.name)


class PicklingError(BotwoError, pickle.PicklingError):
    """A routed client over live clients was pickled; give it factories instead."""
