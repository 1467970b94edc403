"""One boto3 client over many S3 stores.

Existing code keeps its calls, bucket names and keys; an ordered list of rules says which store each
name lives in and what it is called there.
"""

from typing import TYPE_CHECKING as _TYPE_CHECKING

from botwo._activate import install, uninstall
from botwo._client import client
from botwo._config import Config, load
from botwo._errors import (
    BotwoError,
    ConfigError,
    ConfigWarning,
    PicklingError,
    Problem,
    RoutingError,
)
from botwo._explain import Explanation, explain
from botwo._making import lakefs_client
from botwo._resource import resource

if _TYPE_CHECKING:
    from botwo._session import Session

__all__ = [
    "BotwoError",
    "Config",
    "ConfigError",
    "ConfigWarning",
    "Explanation",
    "PicklingError",
    "Problem",
    "RoutingError",
    "Session",
    "client",
    "explain",
    "install",
    "lakefs_client",
    "load",
    "resource",
    "uninstall",
]

# What a traceback or a pickle says is the name that callers import.
for _name in set(__all__) - {"Session"}:
    globals()[_name].__module__ = __name__


def __getattr__(name: str) -> object:
    """Import `Session` when it is asked for: boto3, on which it is built, takes its time."""
    if name != "Session":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from botwo import _session

    made = globals()[name] = _session.Session
    made.__module__ = __name__
    return made


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
