"""Tell engines that read by themselves where a name's store is: polars, delta-rs, DuckDB, Spark."""

from __future__ import annotations

import hashlib
import os
import re
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import msgspec

from botwo._activate import installed
from botwo._client import RoutedClient
from botwo._config import Config, read_config
from botwo._engines import dialects
from botwo._engines.reach import Reach, reach
from botwo._errors import PicklingError, RoutingError
from botwo._routed import Routed
from botwo._stores import Stores

if TYPE_CHECKING:
    from botwo._routes import Route
    from botwo._rules import Rules

_OPERATION = "storage_options"
_URL = re.compile(r"(s3[an]?)://([^/]+)/?(.*)", re.DOTALL)
# Where a name stops being one name, in the language of any of the engines.
_PATTERN = re.compile(r"[*?\[{]")
# What a URL's path may have in it as it is.
_PLAIN = "/:@!$&'()*+,;=~"
# delta-rs decodes these even in a URL where they are encoded.
_ENCODED = re.compile(r"%[0-9A-Fa-f]{2}")


class StorageOptions(msgspec.Struct, frozen=True, kw_only=True):
    """Where a URL's store is, in each engine's own words; see `storage_options`.

    Secrets are in what its attributes give, each time as the store's client has them then, and
    nowhere else: not in its repr, and it does not pickle.
    """

    url: str
    """The URL at the store. Its key is as it is, nothing is encoded."""
    client: str
    """The name of the client whose store it is."""
    _store: Any
    _bucket: str
    _scope: str

    @property
    def path(self) -> str:
        """The URL without its scheme: ``bucket/key``, as pyarrow's filesystems take it."""
        return self.url.partition("://")[2]

    @property
    def quoted_url(self) -> str:
        """The URL as delta-rs reads one: what means something else in a URL is encoded.

        Raises:
            RoutingError: delta-rs cannot name that key.
        """
        scheme, _, path = self.url.partition("://")
        if _ENCODED.search(path):
            raise RoutingError(
                f"{self.url!r}: delta-rs would take '%' with two digits for another character",
                operation=_OPERATION,
            )
        return f"{scheme}://{quote(path, safe=_PLAIN)}"

    @property
    def object_store(self) -> dict[str, str]:
        """The `storage_options` of polars and delta-rs, and of all that Rust's object_store reads.

        Raises:
            ConfigError: The client does what the engine cannot be told.
        """
        return dialects.object_store(self._reach)

    @property
    def pyarrow(self) -> dict[str, Any]:
        """The arguments of `pyarrow.fs.S3FileSystem`, which takes `path` for a path.

        Raises:
            ConfigError: The client does what the engine cannot be told.
        """
        return dialects.pyarrow(self._reach)

    @property
    def hadoop(self) -> dict[str, str]:
        """Hadoop's properties for the one bucket, ``fs.s3a.bucket.BUCKET.…``.

        Spark takes them with ``spark.hadoop.`` in front.

        Raises:
            ConfigError: The client does what the engine cannot be told.
        """
        return dialects.hadoop(self._reach, f"fs.s3a.bucket.{self._bucket}.")

    def duckdb(self, name: str | None = None) -> str:
        """Give the statement that makes DuckDB's secret for the keys that the URL names.

        Args:
            name: What the secret is called; None: a name that goes with these keys alone.

        Raises:
            ConfigError: The client does what the engine cannot be told.
        """
        if name is None:
            name = f"botwo_{hashlib.sha256(self._scope.encode()).hexdigest()[:16]}"
        return dialects.duckdb(self._reach, name, self._scope)

    @property
    def _reach(self) -> Reach:
        return reach(self._store, self.client, self._bucket)

    def __repr__(self) -> str:
        """Say where, not how to get in."""
        return f"StorageOptions(url={self.url!r}, client={self.client!r})"

    def __reduce__(self) -> tuple[Any, ...]:
        raise PicklingError(
            "storage options do not pickle, because secrets would travel; call "
            "botwo.storage_options where they are used, or send what one of their attributes gives"
        )


def storage_options(url: str, s3: object = None) -> StorageOptions:
    """Say where a URL's store is, for an engine that reads it by itself, at its own speed.

    Nothing is sent to any store. What the engine then does is its own: it knows no rules, so all
    keys that the URL names have to lie in one store. A URL that ends with ``/`` is a folder, one
    with ``*``, ``?``, ``[`` or ``{`` a pattern, and any other an object or a folder.

    Args:
        url: ``s3://BUCKET/KEY`` in the caller's names; ``s3a`` and ``s3n`` are as good.
        s3: A routed client or resource, what `botwo.load` gave, or a config file; None for the one
            that is installed, or else is found as `botwo.load` finds it.

    Raises:
        RoutingError: The keys lie in several places, or an engine would take their names for
            others.
        ValueError: It is no S3 URL.
        ConfigError: The config file cannot be used.

    Example:
        >>> import boto3, botwo
        >>> keys = {"aws_access_key_id": "k", "aws_secret_access_key": "s"}
        >>> aws = boto3.client("s3", region_name="us-east-1", **keys)
        >>> lakefs = botwo.lakefs_client("https://lakefs.example.com", **keys)
        >>> s3 = botwo.client({"s3": aws, "lakefs": lakefs}, [
        ...     {"bucket_name": "bucket-a", "client": "lakefs", "key_prefix": "dev/"},
        ...     {"bucket_name": "*", "client": "s3"},
        ... ])
        >>> where = botwo.storage_options("s3://bucket-a/x", s3)
        >>> where
        StorageOptions(url='s3://bucket-a/dev/x', client='lakefs')
        >>> where.object_store["aws_endpoint_url"]
        'https://lakefs.example.com'
    """
    scheme, bucket, key = _read(url)
    stores, rules = given(s3)
    route = _only_route(rules, scheme, bucket, key)
    store = stores[route.client]
    mapped_bucket, mapped_key = route.mapped_bucket, route.mapped_key(key)
    mapped_url = f"{scheme}://{mapped_bucket}/{mapped_key}"
    if isinstance(store, RoutedClient):  # a routed client may be a store of another one
        inner = storage_options(mapped_url, store)
        return msgspec.structs.replace(inner, client=route.client)
    _check(route, mapped_key)
    return StorageOptions(
        url=mapped_url,
        client=route.client,
        _store=store,
        _bucket=mapped_bucket,
        _scope=f"{scheme}://{mapped_bucket}/{_PATTERN.split(mapped_key, maxsplit=1)[0]}",
    )


def given(s3: object) -> tuple[Stores, Rules]:
    """Give the stores and rules of what a caller of this module's functions gave.

    Raises:
        ConfigError: The config file cannot be used.
        TypeError: It is neither a routed client nor a config file.
    """
    if s3 is None:
        s3 = installed()
    if s3 is None or isinstance(s3, str | os.PathLike):
        s3 = read_config(s3, stacklevel=4)
    if isinstance(s3, Config):
        return Stores(s3.factories), s3.rules
    client = getattr(getattr(s3, "meta", None), "client", s3)  # of a resource, its client
    if isinstance(client, Routed) and not isinstance(client, RoutedClient):
        raise TypeError("an asynchronous client's credentials come later; give its config file")
    if not isinstance(client, RoutedClient):
        raise TypeError(
            f"expected a routed client, as botwo.client makes it, or a config file, got a "
            f"{type(s3).__name__}"
        )
    return client._botwo_stores, client._botwo_rules


def _read(url: str) -> tuple[str, str, str]:
    """Part a URL; errors do not show it, because a presigned one is a secret."""
    if not isinstance(url, str):
        raise TypeError(f"expected a URL, got a {type(url).__name__}")
    named = _URL.fullmatch(url)
    if named is not None and _PATTERN.search(named[2]):
        raise ValueError(f"a pattern cannot name buckets: {named[2]!r}")
    if named is not None:
        return named[1], named[2], named[3]
    scheme, is_url, _ = url.partition("://")
    found = f"one of {scheme}://" if is_url else "no URL"
    raise ValueError(f"expected a URL s3://BUCKET/KEY, got {found}")


def _only_route(rules: Rules, scheme: str, bucket: str, key: str) -> Route:
    """Give the one route of all keys that a URL can name.

    Raises:
        RoutingError: They lie on several.
    """
    pattern = _PATTERN.search(key)
    prefix = key[: pattern.start()] if pattern else key
    is_prefix = pattern is not None or not key or key.endswith("/")
    folder = prefix if is_prefix else f"{key}/"
    found = {segment.route.place: segment.route for segment in rules.segments(bucket, folder)}
    below = len(found)
    if not is_prefix:
        object_route = rules.route(bucket, key)
        found.setdefault(object_route.place, object_route)
    if len(found) == 1:
        return next(iter(found.values()))
    url = f"{scheme}://{bucket}/{key}"
    mend = "name a part of them that lies in one"
    if below == 1:
        mend = f"write {url + '/'!r} if the keys below it are meant"
    raise RoutingError(
        f"keys that {url!r} names lie in {' and '.join(map(str, found.values()))}, and an engine "
        f"reads one store; {mend}",
        operation=_OPERATION,
        routes=found.values(),
    )


def _check(route: Route, mapped_key: str) -> None:
    """Refuse names that an engine would take for others, or not at all."""
    why = None
    if route.mapped_bucket.startswith("arn:"):
        why = "engines take no ARN for a bucket; map it to the access point's alias"
    elif route.mapped_bucket.endswith("--x-s3"):
        why = "engines cannot sign for a directory bucket as its client does"
    elif _PATTERN.search(route.key_prefix):
        why = "an engine would take its key_prefix for a pattern"
    elif {".", ".."}.intersection(mapped_key.split("/")):
        why = "an engine would take '.' and '..' in a key for steps between folders"
    if why:
        raise RoutingError(f"{route}: {why}", operation=_OPERATION, routes=[route])
