"""A routed client of an event loop for suites that have none: its calls block until they are done.

The loop runs in a thread of its own. What a call gives is wrapped as well where it would have to be
awaited: bodies, paginators, waiters, event streams.
"""

from __future__ import annotations

import asyncio
import concurrent.futures
import functools
import inspect
import threading
import weakref
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from typing import TYPE_CHECKING, Any

import botocore.awsrequest
from aiobotocore.awsrequest import AioAWSResponse
from aiobotocore.config import AioConfig
from aiobotocore.session import AioSession
from botocore.client import BaseClient, ClientMeta
from botocore.hooks import BaseEventHooks
from botocore.paginate import PageIterator, Paginator
from botocore.waiter import Waiter

import botwo.aio

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator, Mapping

# A call that takes longer hangs.
_SECONDS = 60

# Handlers of these modules each client has of its own.
_LIBRARIES = ("aiobotocore", "boto3", "botocore", "botwo", "s3transfer")


class Loop:
    """An event loop that runs in a thread, and the clients that were made in it."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._twins: weakref.WeakKeyDictionary[Any, Any] = weakref.WeakKeyDictionary()
        self._entered = AsyncExitStack()
        self.unhandled: list[dict[str, Any]] = []
        """What the loop was told of by tasks that nobody waits for."""

    def client(self, clients: Mapping[str, Any], mapping: Any) -> Any:
        """Make a routed client of this loop, as `botwo.client` makes one without a loop.

        For each client that is given, another one of aiobotocore's reaches the same store.
        """
        items = getattr(clients, "items", dict)
        given = {name: self._as_given(value) for name, value in items()} or clients
        context = botwo.aio.client(given, mapping)
        made = self.run(self._entered.enter_async_context(context))
        return Blocking(self, made)

    def _as_given(self, value: Any) -> Any:
        if isinstance(value, Blocking):
            return value._asynchronous
        if isinstance(value, BaseClient):
            return self._twin(value)
        return functools.partial(self._made, value) if callable(value) else value

    def _made(self, factory: Callable[[], Any]) -> Any:
        made = factory()
        return self._entering(made) if isinstance(made, BaseClient) else made

    @asynccontextmanager
    async def _entering(self, client: Any) -> AsyncIterator[Any]:
        yield await self._twin_of(client)

    def _twin(self, client: Any) -> Any:
        return self.run(self._twin_of(client))

    async def _twin_of(self, client: Any) -> Any:
        """Make aiobotocore's client of the same store, and with the same handlers."""
        if client not in self._twins:
            keys = client._request_signer._credentials
            made = _session(client.meta.endpoint_url).create_client(
                "s3",
                region_name=client.meta.region_name,
                endpoint_url=client.meta.endpoint_url,
                config=AioConfig(**client.meta.config._user_provided_options),
                **_named(keys.get_frozen_credentials() if keys else None),
            )
            self._twins[client] = await self._entered.enter_async_context(made)
            for method, event, handler in _own_handlers(client):
                getattr(self._twins[client].meta.events, method)(event, _answering(handler))
        return self._twins[client]

    def run(self, awaitable: Any) -> Any:
        """Wait until something is done; an interrupt cancels it, and then waits for its end."""
        assert threading.current_thread() is not self._thread, "it would wait for itself"
        tasks: list[Any] = []

        async def main() -> Any:
            tasks.append(asyncio.current_task())
            return await awaitable

        done = asyncio.run_coroutine_threadsafe(main(), self._loop)
        try:
            return done.result(_SECONDS)
        except BaseException:
            self._loop.call_soon_threadsafe(lambda: [task.cancel() for task in tasks])
            concurrent.futures.wait([done], _SECONDS)
            raise

    def call(self, function: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        """Call a function in the loop's thread, and await what it gives where that is to be."""
        if threading.current_thread() is self._thread:  # a handler's call, which cannot wait
            return function(*args, **kwargs)

        async def calling() -> Any:
            found = function(*args, **kwargs)
            return await found if inspect.isawaitable(found) else found

        return self.run(calling())

    def __enter__(self) -> Loop:
        self._loop.set_exception_handler(lambda loop, context: self.unhandled.append(context))
        self._thread = threading.Thread(target=self._loop.run_forever, name="blocking")
        self._thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self.run(self._entered.aclose())
        self.run(self._loop.shutdown_asyncgens())
        self.run(self._loop.shutdown_default_executor())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()


@functools.cache
def _session(endpoint_url: str) -> AioSession:
    """One session for each store, so that exception classes differ between them."""
    return AioSession()


def _named(keys: Any) -> dict[str, Any]:
    if keys is None:
        return {}
    return {
        "aws_access_key_id": keys.access_key,
        "aws_secret_access_key": keys.secret_key,
        "aws_session_token": keys.token,
    }


def _own_handlers(client: Any) -> Iterator[tuple[str, str, Any]]:
    """Yield what a test has registered with a client: method, event and handler."""
    nodes: list[tuple[tuple[str, ...], Any]] = [((), client.meta.events._emitter._handlers._root)]
    while nodes:
        above, node = nodes.pop()
        chunks = (*above, node["chunk"]) if node["chunk"] is not None else above
        nodes += [(chunks, child) for child in node["children"].values()]
        sections = node["values"] or ((), (), ())
        for method, handlers in zip(
            ("register_first", "register", "register_last"), sections, strict=True
        ):
            for handler in handlers:
                if _module(handler) not in _LIBRARIES:
                    yield method, ".".join(chunks), handler


def _module(handler: Any) -> str:
    """Name the package that a handler is defined in."""
    return str(getattr(inspect.getmodule(handler), "__name__", "")).partition(".")[0]


def _answering(handler: Any) -> Any:
    """Let a handler that answers in a store's place answer as aiobotocore awaits it."""

    def answer(**kwargs: Any) -> Any:
        said = handler(**kwargs)
        if not isinstance(said, botocore.awsrequest.AWSResponse):
            return said
        return AioAWSResponse(said.url, said.status_code, said.headers, _Later(said))

    return answer


class _Later:
    """A raw body as aiohttp has it."""

    def __init__(self, answer: Any) -> None:
        self._raw = answer.raw
        self.url = answer.url
        self.content = self
        self.raw_headers = ()

    async def read(self, amount: int = -1) -> bytes:
        found: bytes = self._raw.read(amount)
        return found

    def at_eof(self) -> bool:
        return bool(self._raw.tell() == len(self._raw.getbuffer()))

    def close(self) -> None:
        self._raw.close()

    async def __aenter__(self) -> _Later:
        return self

    async def __aexit__(self, *error: object) -> None:
        self.close()


class Blocking:
    """What is awaited in another thread's loop."""

    def __init__(self, loop: Loop, asynchronous: Any) -> None:
        self._loop = loop
        self._asynchronous = asynchronous

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._asynchronous, name)
        if inspect.isroutine(found):
            return functools.wraps(found)(functools.partial(self._call, found))
        return self._blocking(found)

    def _call(self, method: Any, *args: Any, **kwargs: Any) -> Any:
        return self._blocking(self._loop.call(method, *args, **kwargs))

    def _blocking(self, found: Any) -> Any:
        if type(found) is dict:
            return {name: self._blocking(value) for name, value in found.items()}
        kinds = (BaseEventHooks, ClientMeta, PageIterator, Paginator, Waiter)
        if isinstance(found, kinds) or hasattr(found, "__aiter__") or hasattr(found, "__aenter__"):
            return Blocking(self._loop, found)
        return found

    def __iter__(self) -> Iterator[Any]:
        found = self._loop.call(self._asynchronous.__aiter__)
        while True:
            try:
                yield self._blocking(self._loop.run(found.__anext__()))
            except StopAsyncIteration:
                return

    def __enter__(self) -> Blocking:
        self._loop.run(self._asynchronous.__aenter__())
        return self

    def __exit__(self, *error: object) -> None:
        self._loop.run(self._asynchronous.__aexit__(*error))

    def __repr__(self) -> str:
        return repr(self._asynchronous)

    def __reduce__(self) -> Any:
        return self._asynchronous.__reduce_ex__(4)


@contextmanager
def as_botwo_client(patch: Any) -> Iterator[Loop]:
    """Let `botwo.client` make clients of an event loop that look as if they had none."""
    explain = botwo.explain

    def explained(s3: Any, *args: Any, **kwargs: Any) -> Any:
        return explain(getattr(s3, "_asynchronous", s3), *args, **kwargs)

    with Loop() as loop:
        patch.setattr(botwo, "client", loop.client)
        patch.setattr(botwo, "explain", explained)
        yield loop
