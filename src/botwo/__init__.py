"""One boto3 client over many S3 stores.

Existing code keeps its calls, bucket names and keys; an ordered list of rules says which store each
name lives in and what it is called there.
"""

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

__all__ = [
    "BotwoError",
    "Config",
    "ConfigError",
    "ConfigWarning",
    "Explanation",
    "PicklingError",
    "Problem",
    "RoutingError",
    "client",
    "explain",
    "install",
    "lakefs_client",
    "load",
    "resource",
    "uninstall",
]

# What a traceback or a pickle says is the name that callers import.
for _name in __all__:
    globals()[_name].__module__ = __name__
