"""Fill ``${NAME}`` and ``${NAME:-default}`` in strings of a config file from the environment."""

from __future__ import annotations

import os
import re

REFERENCE = re.compile(r"\$\{(?P<name>[A-Za-z_][A-Za-z0-9_]*)(?::-(?P<default>[^}]*))?\}")
_ANY = re.compile(rf"\$\$\{{|{REFERENCE.pattern}|\$\{{")


class UnsetError(Exception):
    """A string refers to what the environment does not have."""

    def __init__(self, mend: str) -> None:
        self.mend = mend
        super().__init__(mend)


def filled(text: str) -> str:
    """Fill in what a string refers to, as a shell does.

    ``${NAME}`` is the variable's value, ``${NAME:-default}`` the default where it is unset, and
    ``$${`` a plain ``${``. An empty variable counts as unset: names made of it would be others than
    meant. What is filled in is not looked at again.

    Raises:
        UnsetError: A variable without a default is unset, or it is written in no known way.

    Example:
        >>> filled("${NO_SUCH_BRANCH:-main}/")
        'main/'
    """
    return _ANY.sub(_value, text)


def _value(reference: re.Match[str]) -> str:
    if reference[0] == "$${":
        return "${"
    name, default = reference["name"], reference["default"]
    if name is None:
        raise UnsetError("write ${NAME} or ${NAME:-default}, or $${ for a plain ${")
    value = os.environ.get(name) or default
    if value is None:
        raise UnsetError(f"set {name} in the environment, or write ${{{name}:-default}}")
    return value
