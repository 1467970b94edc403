"""One boto3 client over many S3 stores.

Existing code keeps its calls, bucket names and keys; an ordered list of rules says which store each
name lives in and what it is called there.
"""

from importlib import import_module as _import_module
from typing import TYPE_CHECKING as _TYPE_CHECKING

from botwo._client import client
from botwo._errors import (
    BotwoError,
    ConfigError,
    ConfigWarning,
    PicklingError,
    Problem,
    RoutingError,
)

if _TYPE_CHECKING:
    from botwo import aio as aio
    from botwo import fsspec as fsspec
    from botwo._activate import install, uninstall
    from botwo._config import Config, load
    from botwo._engines import StorageOptions, routerfs_options, storage_options
    from botwo._explain import Explanation, explain
    from botwo._making import lakefs_client
    from botwo._resource import resource
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
    "StorageOptions",
    "client",
    "explain",
    "install",
    "lakefs_client",
    "load",
    "resource",
    "routerfs_options",
    "storage_options",
    "uninstall",
]

# Imported when they are asked for: a program that makes one routed client does not wait for them.
_LATER = {
    "Config": "_config",
    "Explanation": "_explain",
    "Session": "_session",
    "StorageOptions": "_engines",
    "explain": "_explain",
    "install": "_activate",
    "lakefs_client": "_making",
    "load": "_config",
    "resource": "_resource",
    "routerfs_options": "_engines",
    "storage_options": "_engines",
    "uninstall": "_activate",
}

# Modules that need an extra; importing botwo alone is enough to use them.
_EXTRAS = ("aio", "fsspec")

# What a traceback or a pickle says is the name that callers import.
for _name in set(__all__) - set(_LATER):
    globals()[_name].__module__ = __name__


def __getattr__(name: str) -> object:
    if name in _EXTRAS:
        try:
            return _import_module(f"botwo.{name}")
        except ModuleNotFoundError as missing:
            raise AttributeError(f"botwo.{name}: {missing}") from missing
    if name not in _LATER:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    made = getattr(_import_module(f"botwo.{_LATER[name]}"), name)
    made.__module__ = __name__
    globals()[name] = made
    return made


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
