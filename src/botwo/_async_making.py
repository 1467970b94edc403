"""Make a store's client in an event loop from what a config file says of it; see `_making`."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from aiobotocore.session import AioSession

from botwo._making import unrouted

if TYPE_CHECKING:
    from collections.abc import Mapping

    from botwo._making import StoreFactory


class StoreContext:
    """Enters to a store's client, as what aiobotocore's ``create_client`` gives.

    Args:
        factory: What the config file says of the store.
        components: What a program has set up on its session for all clients.
    """

    def __init__(self, factory: StoreFactory, components: Mapping[str, Any]) -> None:
        self._factory = factory
        self._components = components

    async def __aenter__(self) -> Any:
        options: dict[str, Any] = {}
        if self._factory.application:
            core: Any = AioSession()
        else:
            # Secrets lie in files, or a command tells them.
            core, options = await asyncio.to_thread(
                self._factory.prepared, AioSession, self._components
            )
        with unrouted(core):
            self._context = core.create_client("s3", **options)
        return await self._context.__aenter__()

    async def __aexit__(self, *error: object) -> Any:
        return await self._context.__aexit__(*error)
