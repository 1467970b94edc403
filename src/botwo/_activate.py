"""Route every S3 client that this process makes, and undo it."""

from __future__ import annotations

import functools
import logging
import os
import sys
import threading
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

from botwo import _startup
from botwo._config import VARIABLE, Config, load
from botwo._errors import ConfigWarning
from botwo._making import asked_of, is_unrouted
from botwo._startup.botwo_startup import ARROW, MAKERS, REGISTRY, is_watch, register, watch

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_log = logging.getLogger("botwo")
_PYTHONPATH = "PYTHONPATH"


class _Install:
    """One install: the config file, read now or at the first S3 client, and what it replaced."""

    def __init__(self, path: str | os.PathLike[str] | None, config: Config | None = None) -> None:
        self.path = path
        self._config = config
        self.variables: dict[str, tuple[str | None, str]] = {}
        """Environment variables that were set: their values before and since."""

    @property
    def config(self) -> Config:
        with _lock:
            if self._config is None:
                self._config = load(self.path)
                _tell(self._config)
            return self._config


# What undoing needs to know; at first what `botwo run` began this process with.
_lock = threading.RLock()
_is_registered = False
_installs: list[_Install] = [
    _Install(path) for path in getattr(sys.modules.get("botwo_startup"), "arranged", ())
]


def _renew_lock() -> None:
    """Leave the lock to the process that this one was forked from, where a thread may hold it."""
    global _lock
    _lock = threading.RLock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_renew_lock)


def install(config: str | os.PathLike[str] | Config | None = None) -> None:
    """Make every S3 client that this process makes from now on a routed one.

    That is each client and resource that boto3 and botocore make, by sessions made before or after,
    except those with an ``endpoint_url`` of their own. The client that the program asks for becomes
    the one that the file marks ``application = true``, with the program's credentials, region and
    config. Clients that there are already stay as they are. Processes that this one starts inherit
    it. Installs nest: the last one rules.

    Args:
        config: A config file, or what `botwo.load` gave; None to find it as `botwo.load` does.

    Raises:
        ConfigError: The file cannot be used; nothing is changed then.

    Example:
        >>> import boto3, botwo
        >>> botwo.install("botwo.toml")  # doctest: +SKIP
        >>> boto3.client("s3")  # doctest: +SKIP
        <botwo routed S3 client over aws, lakefs: 2 rules>
    """
    loaded = config if isinstance(config, Config) else load(config)
    if sys.flags.ignore_environment or sys.flags.no_site:
        mend = "Python was started with -I, -E or -S, and so are the processes it spawns"
        warnings.warn(f"those will not be routed: {mend}", ConfigWarning, stacklevel=2)
    with _lock:
        watch()
        made = _Install(loaded.path, loaded)
        for name, value in child_environment(loaded.path, os.environ).items():
            if os.environ.get(name) != value:
                made.variables[name] = (os.environ.get(name), value)
        os.environ.update({name: now for name, (_, now) in made.variables.items()})
        _installs.append(made)
        _forget_filesystems()
    _tell(loaded)


def uninstall() -> None:
    """Undo the last `install`; clients that were made stay routed.

    Raises:
        RuntimeError: Nothing is installed.
    """
    with _lock:
        if not _installs:
            raise RuntimeError("botwo.uninstall() without a botwo.install() before it")
        undone = _installs.pop()
        for name, (before, since) in undone.variables.items():
            if os.environ.get(name) != since:
                continue  # the program has changed it since
            if before is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = before
        if not _installs and not _is_registered:
            _restore()
        _forget_filesystems()


def installed() -> Config | None:
    """Give what S3 clients that are made now are routed by, None for nothing.

    Raises:
        ConfigError: The config file cannot be used.
    """
    installs = _installs[-1:]
    return installs[0].config if installs else None


def opens_s3() -> bool:
    """Tell whether what opens an ``s3://`` path is to be botwo's filesystem."""
    return bool(_installs) or _is_registered


def set_registered(is_registered: bool) -> None:  # noqa: FBT001 - it is what is set
    """Have ``s3://`` paths opened by botwo's filesystem without an install too, or no longer."""
    global _is_registered
    with _lock:
        _is_registered = is_registered
        if is_registered:
            watch()
        elif not _installs:
            _restore()


def child_environment(config: Path, environ: Mapping[str, str]) -> dict[str, str]:
    """Give the environment of a program whose S3 clients are to be routed.

    Args:
        config: The config file.
        environ: The environment otherwise.
    """
    folder = str(Path(_startup.__path__[0]).absolute())
    given = environ.get(_PYTHONPATH)
    # An empty entry is the current folder, but an empty variable is none.
    others = [place for place in given.split(os.pathsep) if place != folder] if given else []
    path = os.pathsep.join([folder, *others])
    return {**environ, VARIABLE: str(config.absolute()), _PYTHONPATH: path}


def _tell(config: Config) -> None:
    own = config.application
    _log.info(
        "S3 clients made from now on are routed by %s (rules: %d; the program's own client: %s)",
        config.path, len(config.mapping), "none" if own is None else own,
    )  # fmt: skip


def make(plain: Callable[..., Any], session: Any, args: Any, named: Any) -> Any:
    """Make an S3 client that a session was asked for; routed, where it is meant to be.

    Args:
        plain: What makes it without botwo; of aiobotocore, what enters to it.
        session: The botocore session.
        args, named: What its `create_client` was called with.

    Raises:
        ConfigError: The config file cannot be used, or gives no place to the credentials.
    """
    asked = asked_of(args, named)
    installs = _installs[-1:]
    if not installs or asked.get("endpoint_url") is not None or is_unrouted(session):
        return plain(*args, **named)
    config = installs[0].config
    config.check_credentials(session, asked)
    application = functools.partial(plain, *args, **named)
    if any(made.__module__ == "aiobotocore.session" for made in type(session).__mro__):
        return config.routed_async(session, application)
    return config.routed(session, application)


def _forget_filesystems() -> None:
    """Have s3fs make a new filesystem where it is asked for one as before: it keeps those it made.

    Filesystems that a program holds stay as they are.
    """
    made: Any = getattr(sys.modules.get("s3fs"), "S3FileSystem", None)
    if made is not None:
        made.clear_instance_cache()


def _restore() -> None:
    sys.meta_path[:] = [finder for finder in sys.meta_path if not is_watch(finder)]
    for module_name, class_name in MAKERS.items():
        maker: Any = getattr(sys.modules.get(module_name), class_name, None)
        # Where another library has put itself before ours, ours stays beneath and lets all through.
        routing: Any = None if maker is None else maker.__dict__["create_client"]
        if hasattr(routing, "botwo_plain"):
            maker.create_client = routing.botwo_plain
    registry = sys.modules.get(REGISTRY)
    if registry is not None:
        register(registry, instead_of="botwo.fsspec", by="s3fs")
    arrow: Any = sys.modules.get(ARROW)
    if arrow is not None:
        arrow.FileSystem = getattr(arrow.FileSystem, "botwo_plain", arrow.FileSystem)
