"""An s3fs filesystem that routes, for whatever reads and writes through fsspec (extra ``fsspec``).

s3fs makes each request by a client that it asks its session for; here the session gives a routed
one. Whatever else s3fs does, it does in the caller's names.
"""

from __future__ import annotations

import functools
import inspect
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from botwo._activate import installed, opens_s3, set_registered
from botwo._config import Config, find, read_config
from botwo._errors import ConfigError, Problem, without_extra
from botwo._making import CREDENTIALS, asked_of
from botwo._routed import read_rules
from botwo._twins import Twins

try:
    import fsspec
    import s3fs
    from aiobotocore.session import AioSession
    from fsspec.config import apply_config
    from fsspec.spec import _Cached
except ModuleNotFoundError as _missing:
    raise without_extra(_missing, "fsspec") from _missing

from botwo._async_client import RoutedContext
from botwo.aio import Session

__all__ = ["S3FileSystem", "register", "unregister"]

_PROTOCOLS = ("s3", "s3a")
# What filesystems are made of that name no config, while they are registered.
_registered: Config | None = None
_SIGNATURE = inspect.signature(s3fs.S3FileSystem.__init__)
# What s3fs takes to say whose its client is, and how it is made.
_WHO = ("key", "secret", "token", "username", "password", "profile", "anon")
_HOW = ("use_ssl", "client_kwargs", "config_kwargs")


class _Configured(_Cached):
    """Finds the config file before fsspec looks for an instance that was made with these options.

    Another file, or the same one with something else in it, makes another instance.
    """

    def __call__(cls, *args: Any, **options: Any) -> Any:  # noqa: N805 - of a class
        asked = _asked(args, apply_config(cls, options))
        if asked.get("clients") is not None or asked.get("mapping") is not None:
            _raise(_in_code(asked))
            return super().__call__(*args, **options)
        if _names_store(asked):
            return super().__call__(*args, **options)
        config, names = _config(asked)
        if config.application is None:
            _raise(_refused(asked, names, "of the file", str(config.path)))
        return cls.again(args, {**options, "config": config})

    def again(cls, args: Any, options: Mapping[str, Any]) -> Any:  # noqa: N805
        """Make one of a config, as a pickle of another one says, too."""
        made = super().__call__(*args, **options)
        if isinstance(options.get("config"), Config):  # what stands in JSON is the file
            made.storage_options = {**made.storage_options, "config": str(options["config"].path)}
        return made


def _asked(args: tuple[Any, ...], options: Mapping[str, Any]) -> dict[str, Any]:
    """Give by name what a filesystem is made with."""
    try:
        named = _SIGNATURE.bind_partial(None, *args, **options).arguments
    except TypeError:  # a subclass takes something else
        return dict(options)
    return {**named, **named.get("kwargs", {})}


def _names_store(asked: Mapping[str, Any]) -> bool:
    """Tell whether the caller names an endpoint, and so a store, in either form."""
    given = asked.get("client_kwargs") or {}
    return asked.get("endpoint_url") is not None or given.get("endpoint_url") is not None


def _config(asked: Mapping[str, Any]) -> tuple[Config, list[str]]:
    """Give the config that routes, and the names of what only the program's own client takes."""
    config, session = asked.get("config"), asked.get("session")
    if isinstance(session, Session):
        if config is not None and config is not session._botwo_config:
            found, mend = "the session has another", "give it to one of them"
            _raise([Problem(place="S3FileSystem(config=…)", found=found, mend=mend)])
        config = session._botwo_config
    config = _registered if config is None else config
    active = installed() if config is None else None
    if active is not None:
        return active, [*_WHO]  # what else it says reaches no store, as with other clients
    if not isinstance(config, Config):
        config = _found(config)
    return config, [*_WHO, *_HOW]


def _found(path: str | os.PathLike[str] | None) -> Config:
    """Read a config file, where it or the environment that it may name has changed since."""
    file = find(path)
    try:
        content = file.read_bytes()
    except OSError:
        return read_config(file, stacklevel=5)  # says why
    return _read(file, content, frozenset(os.environ.items()))


@functools.lru_cache(maxsize=16)
def _read(file: Path, content: bytes, environment: frozenset[tuple[str, str]]) -> Config:  # noqa: ARG001
    return read_config(file, stacklevel=6)


def _raise(problems: Iterable[Problem]) -> None:
    """Raise the problems, where there are any."""
    found = list(problems)
    if found:
        raise ConfigError(found)


def _refused(
    asked: Mapping[str, Any], names: Sequence[str], whose: str, file: str | None = None
) -> Iterator[Problem]:
    """Find what the caller says of a client that there is not."""
    said = [f"{name}=…" for name in names if asked.get(name, _unsaid(name)) != _unsaid(name)]
    said += [
        f"client_kwargs={{{name!r}: …}}"
        for name in CREDENTIALS
        if "client_kwargs" not in names and (asked.get("client_kwargs") or {}).get(name)
    ]
    for each in said:
        yield Problem(
            place=f"S3FileSystem({each})",
            found=f"no client {whose} takes it",
            mend="mark the one that does, `application = true`, in a config file, or leave it out",
            file=file,
        )


def _unsaid(name: str) -> Any:
    return _SIGNATURE.parameters[name].default if name in _SIGNATURE.parameters else None


def _in_code(asked: Mapping[str, Any]) -> Iterator[Problem]:
    """Check what takes the place of a config file."""
    for name in ("config", "session"):
        if asked.get(name) is not None:
            mend = "give either that or clients and a mapping"
            yield Problem(place=f"S3FileSystem({name}=…)", found="clients are given", mend=mend)
    yield from _refused(asked, [*_WHO, *_HOW, "endpoint_url"], "of those in code")
    clients = asked.get("clients")
    for name, value in clients.items() if isinstance(clients, Mapping) else ():
        if inspect.iscoroutinefunction(getattr(type(value), "_make_api_call", None)):
            found = "a live client, which belongs to one event loop"
            mend = "give a factory: functools.partial(session.create_client, 's3', …)"
            yield Problem(place=f"clients[{name!r}]", found=found, mend=mend)


class _RoutingSession:
    """A session, s3fs's or the caller's, whose S3 clients are routed."""

    def __init__(self, session: AioSession, enter: Callable[..., Any]) -> None:
        self._session = session
        self._enter = enter

    def __getattr__(self, name: str) -> Any:
        return getattr(self._session, name)

    def create_client(self, *args: Any, **kwargs: Any) -> Any:
        plain = functools.partial(self._session.create_client, *args, **kwargs)
        asked = asked_of(args, kwargs)
        is_s3 = asked.get("service_name") == "s3"
        return self._enter(self._session, asked, plain) if is_s3 else plain()


def _by_file(config: Config, session: AioSession, asked: Mapping[str, Any], plain: Any) -> Any:
    config.check_credentials(session, asked)
    return config.routed_async(session, plain)


class S3FileSystem(s3fs.S3FileSystem, metaclass=_Configured):
    """An s3fs filesystem that routes.

    It takes all that s3fs's takes. What says whose the client is and how it is made (``key``,
    ``secret``, ``token``, ``profile``, ``anon``, ``client_kwargs``, ``config_kwargs``) makes the
    client that the file marks ``application = true``. With an ``endpoint_url``, which names a
    store, it is a plain one.

    A listing that it keeps is dropped when something changes under another name of the same place.
    It pickles as what the file says, without a secret of the file's.

    Args:
        config: A config file, or what `botwo.load` gave; None for the one that is installed, or
            found as `botwo.load` does.
        clients: By name, factories of what enters to aiobotocore's S3 clients; instead of a file.
        mapping: The rules, as `botwo.client` takes them; with ``clients``.
        options: What s3fs's ``S3FileSystem`` takes.

    Raises:
        ConfigError: The file, or the clients and the mapping, cannot be used; or it is said whose
            the client is, or how it is made, and no client takes that.

    Warns:
        ConfigWarning: The file allows something that is probably not meant.

    Example:
        >>> import botwo.fsspec
        >>> fs = botwo.fsspec.S3FileSystem(config="botwo.toml")  # doctest: +SKIP
        >>> fs.ls("bucket-a/year=2026")  # doctest: +SKIP
        ['bucket-a/year=2026/part-0.parquet']
    """

    botwo_plain = s3fs.S3FileSystem  # what is registered again when botwo is uninstalled
    _botwo_config: Config | None = None
    _botwo_enter: Callable[..., Any] | None = None
    _botwo_session: Any = None
    _botwo_twins: Twins | None = None

    def __init__(
        self,
        *args: Any,
        config: str | os.PathLike[str] | Config | None = None,
        clients: Mapping[str, Any] | None = None,
        mapping: Sequence[Mapping[str, Any]] | None = None,
        **options: Any,
    ) -> None:
        if clients is not None or mapping is not None:
            rules = read_rules(clients or {}, mapping or [], asynchronous=True)
            given = clients or {}, rules, [dict(entry) for entry in mapping or []]
            self._botwo_enter = lambda *_: RoutedContext(*given)
            self._botwo_twins = Twins(rules)
        elif isinstance(config, Config) and not _names_store(_asked(args, options)):
            self._botwo_config = config
            self._botwo_enter = functools.partial(_by_file, config)
            self._botwo_twins = Twins(config.rules)
        super().__init__(*args, **options)

    @property
    def session(self) -> Any:
        """What s3fs asks for its clients."""
        return self._botwo_session

    @session.setter
    def session(self, session: Any) -> None:
        # s3fs makes one where it has none, and anew where it refreshes, whoever gave the old one.
        if session is not None and self._botwo_enter and not isinstance(session, Session):
            session = _RoutingSession(session, self._botwo_enter)
        self._botwo_session = session

    def invalidate_cache(self, path: str | None = None) -> None:
        """Drop what is kept of a path's listings, those of other names of the place too."""
        super().invalidate_cache(path)
        if path is None or self._botwo_twins is None or not len(self.dircache):
            return
        bucket, key, _ = self.split_path(path)
        for twin_bucket, twin_key in self._botwo_twins.changed(bucket, key.rstrip("/")):
            super().invalidate_cache(f"{twin_bucket}/{twin_key}")

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle what it was made with; of a config file, what the file says."""
        options = dict(self.storage_options)
        if self._botwo_config is not None:
            options["config"] = self._botwo_config
        return _again, (type(self), self.storage_args, options)


def _again(made: type[S3FileSystem], args: Any, options: Any) -> Any:
    return made.again(args, options)


def register(config: str | os.PathLike[str] | Config | None = None) -> None:
    """Have ``s3://`` and ``s3a://`` open with this filesystem, wherever fsspec opens them.

    `botwo.install` and ``botwo run`` do that by themselves. pandas and pyarrow, which ask Arrow
    first, find it too. Filesystems that there are already stay as they are.

    Args:
        config: A config file, or what `botwo.load` gave, for all filesystems that name none, where
            another one is installed too; None for the one that is installed, or that `botwo.load`
            finds, when a filesystem is made.

    Raises:
        ConfigError: The file cannot be used; nothing is registered then.

    Example:
        >>> import botwo.fsspec, fsspec
        >>> botwo.fsspec.register()
        >>> fsspec.get_filesystem_class("s3")
        <class 'botwo.fsspec.S3FileSystem'>
        >>> botwo.fsspec.unregister()
    """
    global _registered
    if config is not None and not isinstance(config, Config):
        config = read_config(config, stacklevel=3)
    _registered = config
    for protocol in _PROTOCOLS:
        fsspec.register_implementation(protocol, S3FileSystem, clobber=True)
    set_registered(True)


def unregister() -> None:
    """Undo `register`: s3fs's own filesystem opens them again, where botwo is not installed."""
    global _registered
    _registered = None
    set_registered(False)
    if not opens_s3():
        for protocol in _PROTOCOLS:
            fsspec.register_implementation(protocol, s3fs.S3FileSystem, clobber=True)
