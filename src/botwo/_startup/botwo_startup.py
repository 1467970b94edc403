"""Prepare a module of the program's when, and only if, the program imports it.

It imports nothing that a bare Python has not imported by itself, not even `__future__`: what
`botwo run` starts pays for it, whether it uses S3 or not.
"""

import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from importlib.machinery import ModuleSpec
    from types import ModuleType
    from typing import Any


class Watch:
    """A finder of modules that finds nothing, but has some prepared once they are imported."""

    def __init__(self, name: str, prepare: "Callable[[Any], None]") -> None:
        self.name = name
        self.prepare = prepare

    def find_spec(
        self, name: str, path: "Sequence[str] | None" = None, target: "ModuleType | None" = None
    ) -> "ModuleSpec | None":
        """Find the watched module by the other finders, and have it prepared once it is run."""
        if name != self.name:
            return None
        spec = _found(name, path, target, but=self)
        if spec is not None:
            self._prepare_when_run(spec.loader)
        return spec

    def _prepare_when_run(self, loader: "Any") -> None:
        run = loader.exec_module

        def exec_module(module: "ModuleType") -> None:
            run(module)
            self.end()
            self.prepare(module)

        loader.exec_module = exec_module

    def end(self) -> None:
        """Watch no more."""
        if self in sys.meta_path:
            sys.meta_path.remove(self)


def _found(
    name: str,
    path: "Sequence[str] | None",
    target: "ModuleType | None" = None,
    but: "Watch | None" = None,
) -> "ModuleSpec | None":
    """Find a module as Python does, by other finders than one."""
    for finder in list(sys.meta_path):
        find = getattr(finder, "find_spec", None)
        if find is not None and finder is not but:
            spec: ModuleSpec | None = find(name, path, target)
            if spec is not None and spec.loader is not None:
                return spec
    return None


def when_imported(name: str, prepare: "Callable[[Any], None]") -> Watch | None:
    """Call a function with a module: now, or when it is imported.

    Returns:
        What waits for that, None where there is nothing to wait for.
    """
    if name in sys.modules:
        prepare(sys.modules[name])
        return None
    watch = Watch(name, prepare)
    sys.meta_path.insert(0, watch)
    return watch


def arrange() -> None:
    """See to it that the first S3 client of this program reads the config file."""
    if os.environ.get("BOTWO_CONFIG"):
        when_imported("botocore.session", _activate)


def _activate(_: object) -> None:
    from importlib import import_module  # botwo is above what it starts with

    try:
        arrange = import_module("botwo._activate").arrange
    except ModuleNotFoundError as missing:
        if missing.name is None or missing.name.partition(".")[0] != "botwo":
            raise
        message = f"`botwo run` is active, but {sys.executable} has no botwo: install it there"
        raise ImportError(message) from None
    arrange(os.environ["BOTWO_CONFIG"])


def import_hidden() -> None:
    """Import the sitecustomize that this folder's hides, if there is one."""
    own = os.path.dirname(os.path.abspath(__file__))  # noqa: PTH100, PTH120 - pathlib costs time
    places = [place for place in sys.path if os.path.abspath(place) != own]  # noqa: PTH100
    spec = _found("sitecustomize", places)
    if spec is None or spec.loader is None:
        return
    from importlib.util import module_from_spec

    module = module_from_spec(spec)
    sys.modules["sitecustomize"] = module
    spec.loader.exec_module(module)
