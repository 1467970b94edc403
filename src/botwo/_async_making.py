"""Make a store's client in an event loop from what a config file says of it; see `_making`."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from aiobotocore.session import AioSession

from botwo._making import unrouted

if TYPE_CHECKING:
    from collections.abc import Mapping

    from botwo._making import StoreFactory


# What a client of S3 is made of, which takes long to read: a session keeps what it has read.
_DATA = ("endpoints", "partitions")
_MODELS = ("service-2", "endpoint-rule-set-1")


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
        # Secrets lie in files, or a command tells them.
        core, options = await asyncio.to_thread(self._prepared)
        with unrouted(core):
            self._context = core.create_client("s3", **options)
        return await self._context.__aenter__()

    def _prepared(self) -> tuple[Any, dict[str, Any]]:
        """Make the session, with all read that its client is made of, and say what it is asked."""
        options: dict[str, Any] = {}
        if self._factory.application:
            core: Any = AioSession()
        else:
            core, options = self._factory.prepared(AioSession, self._components)
        loader = core.get_component("data_loader")
        for name in _DATA:
            loader.load_data_with_path(name)
        for model in _MODELS:
            loader.load_service_model("s3", model)
        return core, options

    async def __aexit__(self, *error: object) -> Any:
        return await self._context.__aexit__(*error)
