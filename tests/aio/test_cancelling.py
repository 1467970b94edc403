"""Whenever a relay is cancelled, its destination holds the old object or the new, and no rest."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

import pytest
from looping import in_loop, routed
from test_kills import NAMES, NEW, OLD, Point, Stores, _copy_object, _small_parts, stores

if TYPE_CHECKING:
    from conftest import Report

pytestmark = [pytest.mark.aio, pytest.mark.servers]

__all__ = ["_small_parts", "stores"]  # fixtures

MAPPING = [
    {"bucket_name": "there", "client": "b", "mapped_bucket_name": NAMES["Bucket"]},
    {"bucket_name": "*", "client": "a"},
]
COPY: dict[str, Any] = {"Bucket": "there", "Key": NAMES["Key"], "CopySource": NAMES}

Ending = Callable[[Any, "Struck"], Awaitable[None]]


class Struck:
    """What the proxy's thread tells the loop: that the request to cancel at has come."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self.came = asyncio.Event()
        self.cancel: Callable[[], object] = lambda: None

    def hook(self) -> None:
        """Cancel, and let the request go on when the loop has done so."""
        done = threading.Event()

        def strike() -> None:
            self.came.set()
            self.cancel()
            self._loop.call_soon(self._loop.call_soon, done.set)

        self._loop.call_soon_threadsafe(strike)
        assert done.wait(10)


async def _cancelled(s3: Any, struck: Struck) -> None:
    """Somebody cancels the task."""
    task = asyncio.ensure_future(s3.copy_object(**COPY))
    struck.cancel = task.cancel
    with pytest.raises(asyncio.CancelledError):
        await task
    assert task.cancelled()


async def _cancelled_again(s3: Any, struck: Struck) -> None:
    """Somebody cancels it, and cancels it again while it puts away."""
    task = asyncio.ensure_future(s3.copy_object(**COPY))
    struck.cancel = task.cancel
    await struck.came.wait()
    while not task.done():
        task.cancel()
        await asyncio.sleep(0.002)
    assert task.cancelled()


async def _timed_out(s3: Any, struck: Struck) -> None:
    """Its time is over."""

    async def within() -> None:
        async with asyncio.timeout(None) as limit:
            struck.cancel = lambda: limit.reschedule(asyncio.get_running_loop().time())
            await s3.copy_object(**COPY)

    with pytest.raises(TimeoutError):
        await within()


async def _group_failed(s3: Any, struck: Struck) -> None:
    """Another task of its group fails."""

    async def fail() -> None:
        await struck.came.wait()
        raise LookupError("as the test wants it")

    async def together() -> None:
        async with asyncio.TaskGroup() as group:
            group.create_task(s3.copy_object(**COPY))
            group.create_task(fail())

    with pytest.raises(ExceptionGroup) as raised:
        await together()
    assert ["LookupError"] == [type(error).__name__ for error in raised.value.exceptions]


async def _program_ended(s3: Any, struck: Struck) -> None:
    """A program ends that let it run in the background: asyncio then cancels every task."""
    others = asyncio.all_tasks()
    task = asyncio.ensure_future(s3.copy_object(**COPY))

    def cancel_all() -> None:
        for each in asyncio.all_tasks() - others:
            each.cancel()

    struck.cancel = cancel_all
    with pytest.raises(asyncio.CancelledError):
        await task


ENDINGS: list[Ending] = [_cancelled, _cancelled_again, _timed_out, _group_failed, _program_ended]


def _points(stores: Stores) -> list[Point]:
    """The requests of a relay."""
    return [
        Point(source=source, request=request, kind=None)
        for source, request in stores.requests(_copy_object)
    ]


def _ended_at(stores: Stores, point: Point, ending: Ending) -> list[str]:
    """End a relay at one of its requests, and say what is wrong afterwards."""
    stores.begin()
    for proxy in (stores.source, stores.destination):
        proxy.hang_up()  # on the client that asked before

    async def end() -> int:
        struck = Struck()
        fault = stores.strike(point, struck.hook)
        async with routed(MAPPING, a=stores.source, b=stores.destination) as s3:
            await ending(s3, struck)
            # It is as good as new.
            assert {"UploadId", "Bucket"} <= set(await _use(s3))
        return fault.struck

    wrong = [] if in_loop(end()) == 1 else ["the request was not struck"]
    found, left = stores.found(), stores.left()
    # The answer that tells an upload's id is not waited for where every task is cancelled.
    if left > (ending is _program_ended and point.creates):
        wrong.append(f"{left} uploads are left")
    if not (found == OLD or (point.completes and found == NEW)):
        wrong.append(f"the destination holds {len(found)} other bytes")
    wrong += [f"{len(proxy._open)} connections are open" for proxy in _busy(stores)]
    return wrong


async def _use(s3: Any) -> Any:
    upload = await s3.create_multipart_upload(Bucket="there", Key="another")
    named = {name: upload[name] for name in ("Bucket", "Key", "UploadId")}
    await s3.abort_multipart_upload(**named)
    return upload


def _busy(stores: Stores) -> list[Any]:
    """Give the proxies to which a connection is still open when the client is closed."""
    noticed = threading.Event()
    for _ in range(100):
        busy = [proxy for proxy in (stores.source, stores.destination) if proxy._open]
        if not busy:
            break
        noticed.wait(0.05)  # its thread has yet to see that the connection ended
    return busy


@pytest.mark.parametrize("ending", ENDINGS, ids=lambda ending: ending.__name__[1:])
def test_a_relay_that_is_cancelled_leaves_the_old_object_or_the_new(
    stores: Stores, ending: Ending, report: Report
) -> None:
    """Cancelled at any of its requests, by whatever cancels tasks, a relay ends by that, and leaves
    the whole old object or, at its last request, the new one; no upload, no task, no connection
    that is open or not given back, and nothing for asyncio to report. But where a program ends by
    itself just while the upload is begun, nobody learns of it.
    """
    points = _points(stores)

    broken = [f"{point}: {it}" for point in points for it in _ended_at(stores, point, ending)]

    assert [] == broken
    report(f"aio: {len(points)} cancellations: {ending.__name__[1:]}, {stores.name}")
