"""What a routed client does when it is left: it opens nothing that nobody closes."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Coroutine
from functools import partial
from typing import Any

import aiobotocore.session
import pytest
from botocore.exceptions import HTTPClientError

import botwo.aio

pytestmark = pytest.mark.aio

MAPPING = [{"bucket_name": "b", "client": "late"}, {"bucket_name": "*", "client": "own"}]
ASKED = {"Bucket": "b", "Key": "x"}


class Stores:
    """Two stores, of which one is made when it is asked; which are open."""

    def __init__(self) -> None:
        make = aiobotocore.session.get_session().create_client
        plain: Any = partial(
            make, "s3", region_name="us-east-1", aws_access_key_id="k", aws_secret_access_key="s",
            endpoint_url="http://127.0.0.1:9",
        )  # fmt: skip
        self.open: list[str] = []
        self.gate = asyncio.Event()
        self.context = botwo.aio.client(
            {name: partial(self._store, name, plain) for name in ("own", "late")}, MAPPING
        )

    @contextlib.asynccontextmanager
    async def _store(self, name: str, plain: Any) -> AsyncIterator[Any]:
        async with plain() as client:
            self.open.append(name)
            if name == "late":
                await self.gate.wait()
            yield client
        self.open.remove(name)


async def _left(stores: Stores) -> Any:
    async with stores.context as s3:
        pass
    stores.gate.set()
    return s3


async def _closed(stores: Stores) -> Any:
    s3 = await stores.context.__aenter__()
    await s3.close()
    stores.gate.set()
    return s3


@pytest.mark.parametrize("how", [_left, _closed])
def test_a_store_that_was_not_asked_before_is_closed_too(
    how: Callable[[Stores], Coroutine[Any, Any, Any]],
) -> None:
    """A call fails as that of a plain client that was left, and a URL is signed as by one."""

    async def asked() -> tuple[str, list[str]]:
        stores = Stores()
        s3 = await how(stores)
        with pytest.raises(HTTPClientError):
            await s3.get_object(**ASKED)
        return await s3.generate_presigned_url("get_object", ASKED), stores.open

    url, still_open = asyncio.run(asked())

    assert "http://127.0.0.1:9/b/x" == url.partition("?")[0]
    assert [] == still_open


def test_a_store_that_is_being_made_is_closed_too() -> None:
    """It is made for a call in another task, which fails."""

    async def asked() -> list[str]:
        stores = Stores()
        async with stores.context as s3:
            call = asyncio.ensure_future(s3.get_object(**ASKED))
            while "late" not in stores.open:
                await asyncio.sleep(0)
        stores.gate.set()
        with pytest.raises(HTTPClientError):
            await call
        return stores.open

    assert [] == asyncio.run(asked())


def test_a_client_that_cannot_be_closed_keeps_no_other_open() -> None:
    """All are closed, and what failed is raised."""

    async def asked() -> None:
        stores = Stores()
        stores.gate.set()
        async with stores.context as s3:
            own, late = [await s3._botwo_stores.get(name) for name in ("own", "late")]
            own.close = late.close = partial(_fails, closed)
            with pytest.raises(OSError, match="cannot be closed"):
                await s3.close()

    closed: list[bool] = []
    asyncio.run(asked())

    assert [True, True] == closed


async def _fails(closed: list[bool]) -> None:
    closed.append(True)
    raise OSError("cannot be closed")


def test_it_is_entered_once_at_a_time() -> None:
    """Nobody would leave the client that was entered first."""

    async def asked() -> list[str]:
        stores = Stores()
        async with stores.context:
            with pytest.raises(RuntimeError, match="entered already"):
                await stores.context.__aenter__()
        async with stores.context:
            pass
        return stores.open

    assert [] == asyncio.run(asked())
