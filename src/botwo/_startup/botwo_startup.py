"""Have what makes clients ask botwo, once the program imports it.

It imports nothing that a bare Python has not imported by itself, not even `__future__`: what
`botwo run` starts pays for it, whether it uses S3 or not. botwo itself is imported when the first
S3 client is made, when no import is under way that could wait for this one.
"""

import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from importlib.machinery import ModuleSpec
    from types import ModuleType
    from typing import Any

# Every client that boto3 and botocore make is made by the first one's create_client, and the second
# one has its own.
MAKERS = {"botocore.session": "Session", "aiobotocore.session": "AioSession"}
# It finds a filesystem for a URI, and would read s3:// with a client of its own, in C++.
ARROW = "pyarrow.fs"
# It says what class of filesystem opens what, by how a name begins: these by botwo's, then.
REGISTRY = "fsspec.registry"
FILESYSTEMS = ("s3", "s3a")
_WATCHED = (*MAKERS, ARROW, REGISTRY)

# The config files of `botwo run` that this process began with; None where none was named.
arranged: "list[str | None]" = []


class Watch:
    """A finder of modules that finds none itself, but has those that make clients patched.

    Each time one is run: it may be reloaded.
    """

    is_botwos = True

    def find_spec(
        self, name: str, path: "Sequence[str] | None" = None, target: "ModuleType | None" = None
    ) -> "ModuleSpec | None":
        """Find a module by the other finders, and have it patched when it is run."""
        if name not in _WATCHED:
            return None
        spec = _found(name, path, target)
        if spec is not None:
            spec.loader = _Loader(spec.loader)  # type: ignore[assignment]
        return spec


class _Loader:
    """A module's loader, which patches the module that it ran."""

    def __init__(self, loader: "Any") -> None:
        self._loader = loader

    def __getattr__(self, name: str) -> "Any":
        return getattr(self._loader, name)

    def create_module(self, spec: "Any") -> "Any":
        return self._loader.create_module(spec)

    def exec_module(self, module: "Any") -> None:
        module.__loader__ = module.__spec__.loader = self._loader
        self._loader.exec_module(module)
        patch(module)


def _found(
    name: str, path: "Sequence[str] | None", target: "ModuleType | None" = None
) -> "ModuleSpec | None":
    """Find a module as Python does, by the finders that are not botwo's."""
    for finder in list(sys.meta_path):
        find = getattr(finder, "find_spec", None)
        if find is not None and not is_watch(finder):
            spec: ModuleSpec | None = find(name, path, target)
            if spec is not None and spec.loader is not None:
                return spec
    return None


def is_watch(finder: object) -> bool:
    """Tell whether a finder is a `Watch`, of whichever copy of this module."""
    return getattr(finder, "is_botwos", False) is True


def watch() -> None:
    """Patch the classes that make clients: those there are now, and others when they come."""
    if not any(is_watch(finder) for finder in sys.meta_path):
        sys.meta_path.insert(0, Watch())
    for name in _WATCHED:
        if name in sys.modules:
            patch(sys.modules[name])


def patch(module: "Any") -> None:
    """Have a module ask botwo for S3 clients, or for the filesystem of an s3:// URI."""
    if module.__name__ == ARROW:
        _patch_arrow(module)
    elif module.__name__ == REGISTRY:
        register(module, instead_of="s3fs", by="botwo.fsspec")
    else:
        _patch_maker(module)


def _patch_arrow(module: "Any") -> None:
    plain: Any = module.FileSystem
    if hasattr(plain, "botwo_plain"):
        return

    class Kind(type(plain)):  # type: ignore[misc] # whose instances are those of the plain class
        def __instancecheck__(cls, instance: object) -> bool:
            if cls is FileSystem:
                return isinstance(instance, plain)
            return super().__instancecheck__(instance)  # type: ignore[no-any-return]

        def __subclasscheck__(cls, subclass: type) -> bool:
            if cls is FileSystem:
                return issubclass(subclass, plain)
            return super().__subclasscheck__(subclass)  # type: ignore[no-any-return]

    class FileSystem(plain, metaclass=Kind):  # type: ignore[misc] # only Arrow knows it
        __doc__ = plain.__doc__
        botwo_plain = plain

        @staticmethod
        def from_uri(uri: "Any") -> "Any":
            return _botwos("_arrow").from_uri(plain, uri) if _is_s3(uri) else plain.from_uri(uri)

    FileSystem.__qualname__ = plain.__qualname__
    FileSystem.__module__ = ARROW  # where pickle finds it
    FileSystem.from_uri.__doc__ = plain.from_uri.__doc__
    module.FileSystem = FileSystem


def _is_s3(uri: object) -> bool:
    return isinstance(uri, str) and uri.startswith("s3://")


def _patch_maker(module: "Any") -> None:
    maker = getattr(module, MAKERS[module.__name__])
    plain = maker.__dict__["create_client"]
    if hasattr(plain, "botwo_plain"):
        return
    bind = getattr(type(plain), "__get__", None)

    def create_client(self: "Any", *args: "Any", **kwargs: "Any") -> "Any":
        make = plain if bind is None else bind(plain, self, type(self))
        if (args[0] if args else kwargs.get("service_name")) != "s3":
            return make(*args, **kwargs)
        return _botwos("_activate").make(make, self, args, kwargs)

    for name in ("__doc__", "__module__", "__name__", "__qualname__"):
        if hasattr(plain, name):
            setattr(create_client, name, getattr(plain, name))
    create_client.__wrapped__ = create_client.botwo_plain = plain  # type: ignore[attr-defined]
    maker.create_client = create_client


def register(registry: "Any", instead_of: str, by: str) -> None:
    """Have fsspec open S3's names by the filesystem of one module instead of another's.

    The module is imported when fsspec needs it; now, where the other one's is in use. What somebody
    else has registered stays.
    """
    for name in FILESYSTEMS:
        known = registry.known_implementations.get(name, {})
        if known.get("class") == f"{instead_of}.S3FileSystem":
            made = f"{by}.S3FileSystem"
            registry.register_implementation(name, made, clobber=True, errtxt=known.get("err"))
        used = registry.registry.get(name)
        if used and used is getattr(sys.modules.get(instead_of), "S3FileSystem", None):
            from importlib import import_module

            made = getattr(used, "botwo_plain", None) or import_module(by).S3FileSystem
            registry.register_implementation(name, made, clobber=True)


def _botwos(module: str) -> "Any":
    from importlib import import_module  # botwo is above what it starts with

    try:
        return import_module(f"botwo.{module}")
    except ModuleNotFoundError as missing:
        if missing.name is None or missing.name.partition(".")[0] != "botwo":
            raise
        message = f"`botwo run` is active, but {sys.executable} has no botwo: install it there"
        raise ImportError(message) from None


def begin() -> None:
    """Route the S3 clients of this program, by the config file that its environment names."""
    named = os.environ.get("BOTWO_CONFIG") or None
    if named is not None and not os.path.isabs(named):  # noqa: PTH117 - pathlib costs time
        named = _here() + named
    arranged.append(named)
    watch()


def _here() -> str:
    try:
        return os.getcwd() + os.sep  # noqa: PTH109
    except OSError:  # the folder is gone
        return ""


def import_hidden() -> None:
    """Import the sitecustomize that this folder's hides, if there is one."""
    own = os.path.dirname(os.path.abspath(__file__))  # noqa: PTH100, PTH120
    places = [place for place in sys.path if os.path.abspath(place) != own]  # noqa: PTH100
    spec = _found("sitecustomize", places)
    if spec is None or spec.loader is None:
        return
    from importlib.util import module_from_spec

    module = module_from_spec(spec)
    sys.modules["sitecustomize"] = module
    spec.loader.exec_module(module)
