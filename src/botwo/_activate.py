"""Route every S3 client that this process makes, and undo it."""

from __future__ import annotations

import functools
import logging
import os
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

from botwo import _startup
from botwo._config import VARIABLE, Config, load
from botwo._errors import BotwoError, ConfigError, Problem
from botwo._making import is_unrouted, unrouted
from botwo._startup.botwo_startup import Watch, when_imported

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_log = logging.getLogger("botwo")
_PYTHONPATH = "PYTHONPATH"
# Every client that boto3 and botocore make is made by the first one's create_client, and the second
# one has its own.
_MAKERS = {"botocore.session": "Session", "aiobotocore.session": "AioSession"}
# What they take, in order; another library's patch may hide it from `inspect`.
_CREDENTIALS = ("aws_access_key_id", "aws_secret_access_key", "aws_session_token")
_TAKES = (
    "service_name", "region_name", "api_version", "use_ssl", "verify", "endpoint_url",
    *_CREDENTIALS,
)  # fmt: skip


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


# What undoing needs to know.
_lock = threading.RLock()
_installs: list[_Install] = []
_replaced: list[tuple[Any, Callable[..., Any], Callable[..., Any]]] = []
_watches: list[Watch] = []


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
    with _lock:
        made = _Install(loaded.path, loaded)
        for name, value in child_environment(loaded.path, os.environ).items():
            if os.environ.get(name) != value:
                made.variables[name] = (os.environ.get(name), value)
        os.environ.update({name: now for name, (_, now) in made.variables.items()})
        _add(made)
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
                del os.environ[name]
            else:
                os.environ[name] = before
        if not _installs:
            _restore()


def arrange(path: str) -> None:
    """Install a config file that is read when the first S3 client is made."""
    with _lock:
        _add(_Install(path))


def child_environment(config: Path, environ: Mapping[str, str]) -> dict[str, str]:
    """Give the environment of a program whose S3 clients are to be routed.

    Args:
        config: The config file.
        environ: The environment otherwise.
    """
    folder = str(Path(_startup.__path__[0]).absolute())
    others = [place for place in environ.get(_PYTHONPATH, "").split(os.pathsep) if place]
    path = os.pathsep.join([folder, *(place for place in others if place != folder)])
    return {**environ, VARIABLE: str(config.absolute()), _PYTHONPATH: path}


def _tell(config: Config) -> None:
    own = config.application
    _log.info(
        "S3 clients made from now on are routed by %s (rules: %d; the program's own client: %s)",
        config.path, len(config.mapping), "none" if own is None else own,
    )  # fmt: skip


def _add(made: _Install) -> None:
    _installs.append(made)
    if not (_replaced or _watches):
        for module_name in _MAKERS:
            watch = when_imported(module_name, _replace)
            if watch is not None:
                _watches.append(watch)


def _replace(module: Any) -> None:
    """Have a session class route the S3 clients that it makes."""
    maker = getattr(module, _MAKERS[module.__name__])
    plain = maker.create_client

    @functools.wraps(plain)
    def create_client(self: Any, *args: Any, **kwargs: Any) -> Any:
        if not _installs or is_unrouted() or not _is_meant(args, kwargs):
            return plain(self, *args, **kwargs)
        if module.__name__ == "aiobotocore.session":
            raise BotwoError(
                "asynchronous S3 clients cannot be routed, and this one would take every name to "
                "one store; give it an endpoint_url if it is to talk to that one alone"
            )
        config = _installs[-1].config
        _check_credentials(config, args, kwargs)
        with unrouted():
            return config.routed(self, functools.partial(plain, self, *args, **kwargs))

    maker.create_client = create_client
    _replaced.append((maker, plain, create_client))


def _is_meant(args: tuple[Any, ...], named: dict[str, Any]) -> bool:
    """Tell whether a client is one of S3, at whatever endpoint its session finds."""
    asked = _asked(args, named)
    return asked.get("service_name") == "s3" and asked.get("endpoint_url") is None


def _asked(args: tuple[Any, ...], named: dict[str, Any]) -> dict[str, Any]:
    return {**dict(zip(_TAKES, args, strict=False)), **named}


def _check_credentials(config: Config, args: tuple[Any, ...], named: dict[str, Any]) -> None:
    """Refuse credentials that no store would be asked with.

    Raises:
        ConfigError: The file marks no client that takes them.
    """
    asked = _asked(args, named)
    given = [name for name in _CREDENTIALS if asked.get(name) is not None]
    if given and config.application is None:
        found = "the program gives credentials, and no client of the file takes them"
        mend = "mark the one that does, `application = true`"
        raise ConfigError(
            Problem(place=f"client('s3', {name}=…)", found=found, mend=mend, file=str(config.path))
            for name in given
        )


def _restore() -> None:
    while _watches:
        _watches.pop().end()
    while _replaced:
        maker, plain, routing = _replaced.pop()
        # Where another library has put itself before ours, ours stays beneath and lets all through.
        if maker.create_client is routing:
            maker.create_client = plain
