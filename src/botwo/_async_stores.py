"""The stores' clients by name in an event loop: given, or made when first needed; see `_stores`."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING, Any

from aiohttp import ClientPayloadError
from botocore.client import BaseClient
from botocore.exceptions import HTTPClientError

from botwo._errors import ConfigError
from botwo._stores import Made, made_problems, problem

if TYPE_CHECKING:
    from collections.abc import Mapping


class AsyncStores(Made):
    """Every store's client, made once, in one event loop."""

    broken: tuple[type[Exception], ...] = (ClientPayloadError,)
    """What aiobotocore lets through of aiohttp's where a body breaks off."""

    def __init__(self, clients: Mapping[str, Any]) -> None:
        super().__init__(clients)
        self._making = {name: asyncio.Lock() for name in self.given}
        self._entered = AsyncExitStack()
        self._closed = False
        self._late: set[str] = set()

    def ready(self, name: str) -> Any:
        """Give a client that is there to ask its store; None where `asked` has to see to it."""
        return None if name in self._late else self._made.get(name)

    async def get(self, name: str) -> Any:
        """Give a client, after making it where that was not done yet.

        Raises:
            ConfigError: The factory returned something else than a context that gives an
                aiobotocore S3 client.
        """
        client = self._made.get(name)
        return client if client is not None else await self._make(name)

    async def asked(self, name: str) -> Any:
        """Give a client to ask its store, and not only to sign with; see `get`.

        Raises:
            HTTPClientError: It was made after all were closed. Older aiobotocore would open a
                connection that nobody closes.
        """
        client = await self.get(name)
        if name in self._late:
            raise HTTPClientError(error="the routed client was closed before it asked this store")
        return client

    async def _make(self, name: str) -> Any:
        async with self._making[name]:
            if name in self._made:
                return self._made[name]
            client = await self._from_factory(name)
            self._adopt(name, client)
            return client

    async def _from_factory(self, name: str) -> Any:
        place = self._place(name)
        try:
            context = self.given[name]()
            client = await context.__aenter__() if _is_context(context) else None
        except Exception as error:
            error.add_note(f"botwo: raised by the factory {place}")
            raise
        if client is None:
            mend = "the factory has to return what aiobotocore's create_client('s3') returns"
            raise ConfigError([problem(place, context, mend)])
        self._entered.push_async_exit(context)
        if self._closed:  # as those made before
            self._late.add(name)
            await self._entered.aclose()
        problems = list(made_problems(place, client, asynchronous=True))
        if problems:
            raise ConfigError(problems)
        return client

    async def close(self) -> None:
        """Close every client made so far, also where another one fails to."""
        self._closed = True
        async with AsyncExitStack() as closing:
            for client in self.made():
                closing.push_async_callback(client.close)

    async def leave(self, *error: Any) -> None:
        """Leave the contexts of the clients that factories made; others are their owners'."""
        self._closed = True
        await self._entered.__aexit__(*error)


def _is_context(made: object) -> bool:
    """Tell whether a factory made what gives a client; a client itself is entered already."""
    return hasattr(made, "__aenter__") and not isinstance(made, BaseClient)
