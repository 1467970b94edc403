"""Run a test in an event loop, and make sure that it leaves nothing behind there."""

from __future__ import annotations

import asyncio
import functools
import gc
from typing import TYPE_CHECKING, Any

from aiobotocore.session import AioSession

import botwo.aio

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence


def in_a_loop(test: Callable[..., Awaitable[None]]) -> Callable[..., None]:
    """Run an asynchronous test: no task is left when it ends, and asyncio has reported nothing."""

    @functools.wraps(test)
    def run(*args: Any, **kwargs: Any) -> None:
        in_loop(test(*args, **kwargs))

    return run


def in_loop(work: Awaitable[Any]) -> Any:
    """Do some work in a loop of its own; see `in_a_loop`."""
    reported: list[Any] = []

    async def main() -> Any:
        asyncio.get_running_loop().set_exception_handler(lambda _, told: reported.append(told))
        found = await work
        assert {asyncio.current_task()} == asyncio.all_tasks()
        return found

    found = asyncio.run(main())
    gc.collect()  # what is destroyed, or whose error nobody saw, is reported then
    assert [] == reported
    return found


async def body_of(answer: Any) -> bytes:
    """Read the body of an answer."""
    async with answer["Body"] as body:
        read: bytes = await body.read()
    return read


def factory(server: Any, **options: Any) -> Any:
    """A factory of aiobotocore clients of a server, or of a proxy before one."""
    session = _session(server.options()["endpoint_url"])
    return functools.partial(session.create_client, "s3", **server.options(**options))


@functools.cache
def _session(endpoint_url: str) -> AioSession:
    """One session for each store, so that exception classes differ; loading models takes long."""
    return AioSession()


def plain(server: Any, **options: Any) -> Any:
    """What enters to a plain aiobotocore client of a server."""
    return factory(server, **options)()


def routed(mapping: Sequence[dict[str, Any]], **servers: Any) -> Any:
    """What enters to a routed client over servers, whose clients it makes."""
    given = {name: factory(server) for name, server in servers.items()}
    return botwo.aio.client(given, mapping)
