"""One boto3 client over many S3 stores.

Existing code keeps its calls, bucket names and keys; an ordered list of rules says which store each
name lives in and what it is called there.
"""

from botwo._client import client
from botwo._errors import (
    BotwoError,
    ConfigError,
    ConfigWarning,
    PicklingError,
    Problem,
    RoutingError,
)
from botwo._explain import Explanation, explain

__all__ = [
    "BotwoError",
    "ConfigError",
    "ConfigWarning",
    "Explanation",
    "PicklingError",
    "Problem",
    "RoutingError",
    "client",
    "explain",
]

# What a traceback or a pickle says is the name that callers import.
for _name in __all__:
    globals()[_name].__module__ = __name__
