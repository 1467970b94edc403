"""A config file: where it is found, and the routed client that it describes."""

from __future__ import annotations

import functools
import json
import math
import os
import re
import tomllib
import warnings
from collections.abc import Callable, Mapping
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

import botocore
import msgspec

from botwo._client import routed
from botwo._errors import ConfigError, ConfigWarning, Problem, without_extra
from botwo._lines import field_of, line_of, lines
from botwo._making import CREDENTIALS, StoreFactory, components, own_credentials, unrouted
from botwo._mapping import doubts, read_mapping
from botwo._resource import resource_over
from botwo._routed import check_bucket
from botwo._rules import Rules
from botwo._stores import Stores
from botwo._tables import Tables

if TYPE_CHECKING:
    from collections.abc import Iterable

NAME = "botwo.toml"
VARIABLE = "BOTWO_CONFIG"
_PYPROJECT = "pyproject.toml"
_LINE = re.compile(r"at line (\d+)")


class Config(msgspec.Struct, frozen=True, kw_only=True):
    """What a config file says, as `botwo.load` gives it.

    It pickles, and so do the clients it makes, with what the file says and without any secret: a
    secret is looked up where a client is made. What the file takes from the environment otherwise
    is taken when it is read, so that a worker's environment cannot send names elsewhere.

    Example:
        >>> import botwo
        >>> s3 = botwo.load("botwo.toml").client()  # doctest: +SKIP
    """

    path: Path
    """The file it was read from."""
    factories: dict[str, StoreFactory]
    """By client name, what makes the store's client."""
    mapping: list[dict[str, Any]]
    """The rules as `botwo.client` takes them."""
    rules: Rules
    _shown: list[str] = msgspec.field(default_factory=list)

    def client(self) -> Any:
        """Give a routed client.

        Raises:
            ConfigError: A secret of the default rule's client is not where the file says.
        """
        return routed(Stores(self.factories), self.rules, self.mapping)

    def resource(self) -> Any:
        """Give a boto3 resource over a routed client.

        Raises:
            ConfigError: A secret of the default rule's client is not where the file says.
        """
        return resource_over(self.client())

    @property
    def application(self) -> str | None:
        """The name of the client that is, under activation, the program's own; None for none."""
        return next((name for name, made in self.factories.items() if made.application), None)

    def check_credentials(self, session: Any, asked: Mapping[str, Any]) -> None:
        """Refuse credentials that no store would be asked with.

        Args:
            session: The session that is asked for an S3 client.
            asked: What its ``create_client`` was called with.

        Raises:
            ConfigError: The file marks no client that takes them.
        """
        given = [f"client('s3', {name}=…)" for name in CREDENTIALS if asked.get(name) is not None]
        if getattr(asked.get("config"), "signature_version", None) is botocore.UNSIGNED:
            given.append("client('s3', config=…), which signs nothing,")
        given += [f"the session's {name}" for name in own_credentials(session)]
        if given and self.application is None:
            found = "the program gives credentials, and no client of the file takes them"
            mend = "mark the one that does, `application = true`"
            raise ConfigError(
                Problem(place=place, found=found, mend=mend, file=str(self.path)) for place in given
            )

    def routed(self, session: Any, application: Callable[[], Any]) -> Any:
        """Give a routed client that stands for what `application` makes by a botocore session."""
        shared = components(session)
        with unrouted(session):
            given: dict[str, Any] = {
                name: application() if made.application else functools.partial(made.made, shared)
                for name, made in self.factories.items()
            }
        return routed(Stores(given), self.rules, self.mapping)

    def aio_client(self) -> Any:
        """Give what enters to a routed client in an event loop, by ``async with``."""
        return self._context({})

    def filesystem(self, **options: Any) -> Any:
        """Give an s3fs filesystem that routes; see `botwo.fsspec.S3FileSystem`, which takes these.

        Raises:
            ConfigError: An option says whose the client is, or how it is made, and the file marks
                no client that takes it.
        """
        return import_module("botwo.fsspec").S3FileSystem(config=self, **options)  # needs s3fs

    def routed_async(self, session: Any, application: Callable[[], Any]) -> Any:
        """Give what enters to a routed client that stands for what `application` gives."""

        def own() -> Any:
            with unrouted(session):
                return application()

        return self._context(components(session), own)

    def _context(self, shared: Mapping[str, Any], own: Callable[[], Any] | None = None) -> Any:
        try:
            from botwo._async_client import RoutedContext
            from botwo._async_making import StoreContext
        except ModuleNotFoundError as missing:
            raise without_extra(missing, "aio") from missing

        given = {
            name: own if own and made.application else functools.partial(StoreContext, made, shared)
            for name, made in self.factories.items()
        }
        at_once = [self.application] if own and self.application is not None else []
        return RoutedContext(given, self.rules, self.mapping, at_once)

    def __repr__(self) -> str:
        """Say what the file says, the same whatever the config was used for meanwhile."""
        if not self._shown:  # fsspec asks for it whenever it looks for a filesystem
            said = f"factories={self.factories!r}, mapping={self.mapping!r}"
            self._shown.append(f"Config(path={str(self.path)!r}, {said})")
        return self._shown[0]

    def __reduce__(self) -> tuple[Any, ...]:
        return _again, (self.path, self.factories, self.mapping)


def _again(path: Path, factories: dict[str, StoreFactory], mapping: list[dict[str, Any]]) -> Config:
    rules = Rules(rules=read_mapping(mapping, list(factories)), check_bucket=check_bucket)
    return Config(path=path, factories=factories, mapping=mapping, rules=rules)


def load(path: str | os.PathLike[str] | None = None) -> Config:
    """Read a config file.

    Args:
        path: The file: TOML, or JSON of the same structure where its name ends with ``.json``; of a
            ``pyproject.toml`` its table ``[tool.botwo]``. None: the first that there is of the
            environment's ``BOTWO_CONFIG``, ``botwo.toml`` and ``pyproject.toml`` (where it has such
            a table) in the current folder, and ``botwo.toml`` in the user's config folder.

    Raises:
        ConfigError: Everything that is wrong with it, by line and field; or there is none.

    Warns:
        ConfigWarning: It allows something that is probably not meant.
    """
    return read_config(path, stacklevel=3)


def read_config(path: str | os.PathLike[str] | None, stacklevel: int) -> Config:
    """Read a config file; see `load`. Warnings are of the code that many calls up, as Python's."""
    file = find(path)
    config = _read(file)
    for doubt in doubts(config.rules, config.factories):
        warnings.warn(f"{file}: {doubt}", ConfigWarning, stacklevel=stacklevel)
    return config


def find(path: str | os.PathLike[str] | None = None) -> Path:
    """Find the config file, as `load` says; its path is absolute.

    Raises:
        ConfigError: There is none.
    """
    if path is None:
        path = os.environ.get(VARIABLE)
        if path == "":
            found = "is empty"
            raise _error(VARIABLE, found, "unset it, or name a file", file="the environment")
    if path is not None:
        try:
            return Path(path).expanduser().absolute()
        except RuntimeError as error:  # there is no such user
            raise _error("config", f"{os.fspath(path)}: {error}", "name a file") from None
    places = [Path.cwd() / NAME, Path.cwd() / _PYPROJECT, user_folder() / NAME]
    for place in places:
        # Whatever is there by that name is meant, if it can be read or not.
        if os.path.lexists(place) and (place.name != _PYPROJECT or _has_table(place)):
            return place
    others = " nor ".join(str(place) for place in places[1:])
    raise _error(
        "config",
        f"there is no such file, nor {others} with a table for botwo",
        f"make one, or name one by {VARIABLE} or as an argument",
        file=str(places[0]),
    )


def user_folder() -> Path:
    """Give the folder where this platform keeps a user's config files."""
    from platformdirs import user_config_path  # needed only where nothing else is found

    return user_config_path("botwo", appauthor=False)


def _has_table(pyproject: Path) -> bool:
    """Tell whether a file has a table for botwo, or might: it is read, or refused, then."""
    try:
        text = pyproject.read_text(encoding="utf-8-sig", errors="replace")
    except OSError:
        return False  # nobody knows
    try:
        return "botwo" in tomllib.loads(text).get("tool", {})
    except ValueError:
        return "tool.botwo" in text


def _error(place: str, found: str, mend: str, **where: Any) -> ConfigError:
    return ConfigError([Problem(place=place, found=found, mend=mend, **where)])


def _read(file: Path) -> Config:
    text = _text(file)
    document = _document(file, text)
    tables = Tables(file)
    tables.unknown(document)
    factories = tables.factories(document.get("clients"))
    mapping = tables.mapping(document.get("mapping"))
    try:
        rules = read_mapping(mapping, list(factories), tables.problems)
    except ConfigError as error:
        # Of a string that could not be filled in, nothing else that is wrong is worth telling.
        problems = [
            problem
            for problem in error.problems
            if problem in tables.problems or problem.place not in tables.unset
        ]
        raise ConfigError(_placed(problems, file, text)) from None
    return Config(
        path=file,
        factories=factories,
        mapping=mapping,
        rules=Rules(rules=rules, check_bucket=check_bucket),
    )


def _text(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8-sig")
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise _error(
            "config", f"cannot be read: {reason}", "name a file", file=str(file)
        ) from error
    except UnicodeDecodeError as error:
        raise _error("config", "is not UTF-8", "save it as UTF-8", file=str(file)) from error


def _document(file: Path, text: str) -> Mapping[str, Any]:
    """Read the file as TOML or JSON; of a pyproject.toml give this project's table."""
    where: dict[str, Any] = {"file": str(file)}
    try:
        said = (tomllib.loads if _is_toml(file) else _json)(text)
    except tomllib.TOMLDecodeError as error:
        at = _LINE.search(str(error))
        # "at end of document" otherwise
        where["line"] = int(at[1]) if at else text.rstrip().count("\n") + 1
        raise _error("syntax", str(error), "it has to be valid TOML", **where) from None
    except json.JSONDecodeError as error:
        where["line"] = error.lineno
        raise _error("syntax", str(error), "it has to be valid JSON", **where) from None
    except _TwiceError as error:
        raise _error("syntax", str(error), "keep one of them", **where) from None
    except (ValueError, RecursionError) as error:  # a number too long, tables too deep
        raise _error("syntax", f"it cannot be read: {error}", "write less of it", **where) from None
    if file.name == _PYPROJECT:
        said = said.get("tool", {}).get("botwo", {})
    if not isinstance(said, Mapping):
        raise _error("config", "is no table", "it has clients and a mapping", **where)
    return said


def _is_toml(file: Path) -> bool:
    return file.suffix.lower() != ".json"


def _json(text: str) -> Any:
    return json.loads(text, object_pairs_hook=_once)


class _TwiceError(ValueError):
    """A JSON object has one field twice; TOML refuses that by itself."""


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    read = dict(pairs)
    if len(read) < len(pairs):
        names = [name for name, _ in pairs]
        raise _TwiceError(f"{next(n for n in names if names.count(n) > 1)!r} stands there twice")
    return read


def _placed(problems: Iterable[Problem], file: Path, text: str) -> list[Problem]:
    """Say of each problem on which line of the file its field stands; give them in that order."""
    within = ("tool", "botwo") if file.name == _PYPROJECT else ()
    found = lines(text, toml=_is_toml(file))
    placed = [
        msgspec.structs.replace(
            problem, file=str(file), line=line_of((*within, *field_of(problem.place)), found)
        )
        for problem in problems
    ]
    return sorted(placed, key=lambda problem: problem.line or math.inf)
