"""The `botwo` command; without the extra it needs, it says which one to install."""

from __future__ import annotations

import sys

_NEEDED = {"rich", "typer"}
_MISSING = (
    "botwo: the command line needs an extra: pip install 'botwo[cli]' "
    "(or 'botwo[demo]', with the servers of `botwo demo`)\n"
)


def main() -> None:
    """Run what the command line asks for."""
    try:
        from botwo._cli.commands import app
    except ModuleNotFoundError as missing:
        if missing.name not in _NEEDED:
            raise
        sys.stderr.write(_MISSING)
        raise SystemExit(2) from None
    app(prog_name="botwo")
