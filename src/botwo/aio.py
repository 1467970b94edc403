"""Routed clients for programs with an event loop, over aiobotocore (extra ``aio``)."""

from __future__ import annotations

import functools
import os
import warnings
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Any, TypeVar, overload

from botwo._config import Config, read_config
from botwo._errors import ConfigError, ConfigWarning, Problem, without_extra
from botwo._making import asked_of
from botwo._mapping import doubts
from botwo._routed import read_rules

try:
    from aiobotocore.session import AioSession

    from botwo._async_client import RoutedContext
except ModuleNotFoundError as _missing:
    raise without_extra(_missing, "aio") from _missing

__all__ = ["Session", "client"]

ClientT = TypeVar("ClientT")


@overload
def client(
    clients: Mapping[str, Callable[[], AbstractAsyncContextManager[ClientT]]],
    mapping: Sequence[Mapping[str, Any]],
) -> AbstractAsyncContextManager[ClientT]: ...
@overload
def client(
    clients: Mapping[str, ClientT | Callable[[], AbstractAsyncContextManager[ClientT]]],
    mapping: Sequence[Mapping[str, Any]],
) -> AbstractAsyncContextManager[ClientT]: ...
def client(clients: Mapping[str, Any], mapping: Sequence[Mapping[str, Any]]) -> Any:
    """Make one aiobotocore S3 client over many stores.

    Args:
        clients: By name, aiobotocore's (or aioboto3's) S3 clients, or factories that take no
            argument and return what ``session.create_client("s3", …)`` returns, such as
            ``functools.partial(session.create_client, "s3", endpoint_url=…)``. A factory is called
            once, when a call first needs its client; the default rule's when the routed client is
            entered. Clients that factories made are closed when it is left; the others are left to
            who made them.
        mapping: The rules, as `botwo.client` takes them.

    Returns:
        What enters to the routed client, which is of the same type as the clients that went in, by
        ``async with``.

    Raises:
        ConfigError: Everything that is wrong with the clients and the mapping, before any factory
            is called; or, when it is entered, a factory returned no aiobotocore S3 client.

    Warns:
        ConfigWarning: The mapping allows something that is probably not meant.

    Example:
        >>> import asyncio, functools
        >>> import aiobotocore.session, botwo.aio
        >>> keys = {"aws_access_key_id": "k", "aws_secret_access_key": "s"}
        >>> session = aiobotocore.session.get_session()
        >>> make = functools.partial(
        ...     session.create_client, "s3", region_name="us-east-1", **keys
        ... )
        >>> clients = {
        ...     "s3": make,
        ...     "lakefs": functools.partial(make, endpoint_url="https://lakefs.example.com"),
        ... }
        >>> mapping = [
        ...     {"bucket_name": "bucket-a", "client": "lakefs", "key_prefix": "dev/"},
        ...     {"bucket_name": "*", "client": "s3"},
        ... ]
        >>> async def main():
        ...     async with botwo.aio.client(clients, mapping) as s3:
        ...         name = {"Bucket": "bucket-a", "Key": "x.csv"}
        ...         url = await s3.generate_presigned_url("get_object", name)
        ...         return url.partition("?")[0]
        >>> asyncio.run(main())
        'https://lakefs.example.com/bucket-a/dev/x.csv'
    """
    rules = read_rules(clients, mapping, asynchronous=True)
    for doubt in doubts(rules, clients):
        warnings.warn(doubt, ConfigWarning, stacklevel=2)
    return RoutedContext(clients, rules, [dict(entry) for entry in mapping])


class Session(AioSession):
    """An aiobotocore session whose S3 clients are routed.

    What makes its clients by it is routed too: ``s3fs.S3FileSystem(session=…)``, and aioboto3's
    clients, transfers and resources by ``aioboto3.Session(botocore_session=…)``. The client that
    the file marks ``application = true`` is the session's own: made with the session's and the
    call's credentials, region and config. Clients of other services, and those with an
    ``endpoint_url`` of their own, are aiobotocore's.

    Args:
        config: A config file, or what `botwo.load` gave; None to find it as `botwo.load` does.
        options: What aiobotocore's ``AioSession`` takes.

    Raises:
        ConfigError: The file cannot be used. When an S3 client is made: the session or the call
            says whose credentials, or which region, and the file marks no client that takes them.
            Another config of a call reaches no store then: s3fs always passes one.

    Warns:
        ConfigWarning: The file allows something that is probably not meant.

    Example:
        >>> import botwo.aio
        >>> session = botwo.aio.Session("botwo.toml")  # doctest: +SKIP
        >>> async with session.create_client("s3") as s3:  # doctest: +SKIP
        ...     await s3.get_object(Bucket="bucket-a", Key="x.csv")
    """

    def __init__(
        self, config: str | os.PathLike[str] | Config | None = None, **options: Any
    ) -> None:
        if not isinstance(config, Config):
            config = read_config(config, stacklevel=3)
        self._botwo_config = config
        super().__init__(**options)

    def create_client(self, *args: Any, **kwargs: Any) -> Any:
        """Give what enters to a client, routed where it is one of S3; see aiobotocore."""
        plain = functools.partial(super().create_client, *args, **kwargs)
        asked = asked_of(args, kwargs)
        if asked.get("service_name") != "s3" or asked.get("endpoint_url") is not None:
            return plain()
        config = self._botwo_config
        if asked.get("region_name") is not None and config.application is None:
            place, found = "create_client('s3', region_name=…)", "no client of the file takes it"
            mend = "mark the one that does, `application = true`, or leave it out"
            raise ConfigError([Problem(place=place, found=found, mend=mend, file=str(config.path))])
        config.check_credentials(self, asked)
        # Where `botwo.install` is at work too, this session's own file rules.
        return config.routed_async(self, plain)
