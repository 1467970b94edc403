"""No call of a routed client blocks its event loop; asyncio's debug mode tells which would."""

from __future__ import annotations

import asyncio
import functools
import logging
import sys
import textwrap
import threading
import time
import uuid
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from botocore.loaders import JSONFileLoader
from looping import body_of, in_a_loop, in_loop, plain, routed
from servers import ensure

import botwo
from botwo import _relaying

if TYPE_CHECKING:
    from servers import Server

pytestmark = [pytest.mark.aio]

MIB = 1024 * 1024
# The longest that a callback may take; asyncio's own default. Building an S3 client's class takes
# a tenth of that, the hash that signs a part of 32 MiB, without TLS, a third.
SECONDS = 0.1
# What blocks does so every time; a busy machine does not stop a process at the same place so often.
ATTEMPTS = 6

# Of bucket "data", "logs/" lies at "b".
MAPPING = [
    {"bucket_name": "data", "source_prefix": "logs/", "client": "b", "mapped_bucket_name": "repo"},
    {"bucket_name": "*", "client": "a"},
]
Use = Callable[[Any], Awaitable[Any]]


async def _slow(caplog: pytest.LogCaptureFixture, use: Callable[[], Awaitable[Any]]) -> list[str]:
    """Do something, and give the callbacks that asyncio says were slow: those of the best time."""
    loop = asyncio.get_running_loop()
    loop.slow_callback_duration = SECONDS
    loop.set_debug(True)
    caplog.set_level(logging.WARNING, logger="asyncio")
    await asyncio.sleep(0)  # the loop measures from the next callback on
    tries: list[list[str]] = []
    while len(tries) < ATTEMPTS and [] not in tries:
        caplog.clear()
        await use()
        await asyncio.sleep(0)  # a callback is timed when it has ended
        records = [record for record in caplog.records if record.name == "asyncio"]
        tries.append([record.getMessage() for record in records])
    loop.set_debug(False)
    return min(tries, key=_longest)


@in_a_loop
async def test_what_blocks_is_seen(caplog: pytest.LogCaptureFixture) -> None:
    """The measure of these tests sees a call that blocks, and not one that waits."""

    async def blocks() -> None:
        time.sleep(SECONDS * 1.1)

    blocked = await _slow(caplog, blocks)
    waited = await _slow(caplog, functools.partial(asyncio.sleep, SECONDS * 1.1))

    assert len(blocked) == 1
    assert [] == waited


async def _put_and_get(s3: Any) -> None:
    for key in ("a", "logs/a"):
        await s3.put_object(Bucket="data", Key=key, Body=b"x" * 1000)
        assert 1000 == len(await body_of(await s3.get_object(Bucket="data", Key=key)))
        await s3.head_object(Bucket="data", Key=key)


async def _list(s3: Any) -> None:
    for name in ("list_objects", "list_objects_v2", "list_object_versions"):
        pages = [page async for page in s3.get_paginator(name).paginate(Bucket="data")]
        assert pages
    await s3.list_multipart_uploads(Bucket="data")
    await s3.list_buckets()


async def _delete(s3: Any) -> None:
    for key in ("d", "logs/d"):
        await s3.put_object(Bucket="data", Key=key)
    objects = [{"Key": "d"}, {"Key": "logs/d"}]
    answer = await s3.delete_objects(Bucket="data", Delete={"Objects": objects})
    assert 2 == len(answer["Deleted"])


async def _presign(s3: Any) -> None:
    await s3.generate_presigned_url("get_object", {"Bucket": "data", "Key": "logs/a"})
    await s3.generate_presigned_post("data", "logs/a")


async def _copy(s3: Any, key: str) -> None:
    await s3.copy_object(Bucket="data", Key=f"logs/{key}", CopySource=f"data/{key}")


async def _copy_part(s3: Any) -> None:
    upload = await s3.create_multipart_upload(Bucket="data", Key="logs/parts")
    named = {name: upload[name] for name in ("UploadId", "Key")} | {"Bucket": "data"}
    await s3.upload_part_copy(**named, PartNumber=1, CopySource="data/long")
    await s3.abort_multipart_upload(**named)


async def _wait(s3: Any) -> None:
    await s3.get_waiter("object_exists").wait(Bucket="data", Key="logs/a")


USES: dict[str, Use] = {
    "put and get": _put_and_get,
    "list": _list,
    "delete": _delete,
    "presign": _presign,
    "wait": _wait,
    "a short copy": functools.partial(_copy, key="short"),
    "a copy in parts": functools.partial(_copy, key="long"),
    "a part's copy, by a file": _copy_part,
}


@pytest.fixture
def _filled(moto_a: Server, moto_b: Server) -> None:
    """Two stores with what is read and copied."""
    for server, bucket in ((moto_a, "data"), (moto_b, "repo")):
        ensure(server.client(), bucket)
    for key, size in (("a", 10), ("short", 2 * MIB), ("long", 9 * MIB)):
        moto_a.client().put_object(Bucket="data", Key=key, Body=bytes(size))
    moto_b.client().put_object(Bucket="repo", Key="logs/a")


@pytest.mark.usefixtures("_filled")
@pytest.mark.parametrize("name", USES)
def test_no_call_blocks(
    moto_a: Server,
    moto_b: Server,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
    name: str,
) -> None:
    """Each kind of call lets the loop go on: an object of 9 MiB is copied in parts, and through a
    temporary file as a part of an upload.
    """
    monkeypatch.setattr(_relaying, "THRESHOLD", 5 * MIB)
    monkeypatch.setattr(_relaying, "PART_SIZE", 5 * MIB)

    async def work() -> list[str]:
        async with routed(MAPPING, a=moto_a, b=moto_b) as s3:
            await s3.head_object(Bucket="data", Key="logs/a")  # each store's client is made
            return await _slow(caplog, functools.partial(USES[name], s3))

    assert [] == in_loop(work())


@pytest.mark.usefixtures("_filled")
def test_a_long_copy_blocks_no_longer_than_a_plain_put(
    moto_a: Server, moto_b: Server, caplog: pytest.LogCaptureFixture
) -> None:
    """A body is hashed in the loop by aiobotocore, all of it at once where its store has no TLS: a
    relay's part of 32 MiB blocks the loop about as long as a plain `put_object` of as much does.
    """
    moto_a.client().put_object(Bucket="data", Key="longer", Body=bytes(33 * MIB))

    async def work() -> tuple[float, float]:
        async with routed(MAPPING, a=moto_a, b=moto_b) as s3, plain(moto_b) as store:
            await s3.head_object(Bucket="data", Key="logs/a")
            put = functools.partial(store.put_object, Bucket="repo", Key="x", Body=bytes(32 * MIB))
            copied = functools.partial(_copy, s3, key="longer")
            return _longest(await _slow(caplog, copied)), _longest(await _slow(caplog, put))

    relayed, put = in_loop(work())

    # No more than chance: what is slow is 30 ms of hashing on a machine that does other things.
    assert relayed <= 3 * max(put, SECONDS)


def _longest(slow: list[str]) -> float:
    """Give the seconds of the longest callback of those that asyncio tells."""
    return max((float(told.split(" took ")[1].split()[0]) for told in slow), default=0)


CONFIG = """
    [clients.slow]
    endpoint_url = "{url}"
    region_name = "us-east-1"
    aws_access_key_id = "{key}"
    aws_secret_access_key = {{ command = ["{python}", "-c", "{program}"] }}

    [[mapping]]
    bucket_name = "*"
    client = "slow"
"""


@pytest.fixture
def config(moto_a: Server, tmp_path: Path) -> Any:
    """A config file whose store has a secret that a command takes half a second to tell."""
    program = f"import time; time.sleep(0.5); print('{moto_a.secret_key}')"
    said = CONFIG.format(
        url=moto_a.endpoint_url, key=moto_a.access_key, python=sys.executable, program=program
    )
    file = tmp_path / "botwo.toml"
    file.write_text(textwrap.dedent(said))
    return botwo.load(file)


@pytest.mark.usefixtures("_filled")
def test_the_first_use_of_a_configured_store_does_not_block(
    config: Any, caplog: pytest.LogCaptureFixture
) -> None:
    """A store of a config file is made without waiting in the loop for a command that tells its
    secret. A client's class is built there by aiobotocore, and by older ones certificates are read.
    """

    async def use() -> None:
        async with config.aio_client() as s3:
            await s3.put_object(Bucket="data", Key=str(uuid.uuid4()))

    async def work() -> list[str]:
        return await _slow(caplog, use)

    assert 3 * SECONDS >= _longest(in_loop(work()))


@in_a_loop
async def test_a_configured_stores_models_are_read_beside_the_loop(
    config: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a client of S3 is made of, megabytes of JSON, is read in a thread, where plain
    aiobotocore reads it in the loop.
    """
    read: list[tuple[bool, str]] = []
    load = JSONFileLoader.load_file

    def noted(self: Any, path: str) -> Any:
        found = load(self, path)
        if found is not None:
            beside = threading.current_thread() is not threading.main_thread()
            read.append((beside, Path(path).name))
        return found

    monkeypatch.setattr(JSONFileLoader, "load_file", noted)

    async with config.aio_client():
        pass

    beside = {name for is_beside, name in read if is_beside}
    assert {"endpoints", "partitions", "endpoint-rule-set-1", "service-2"} <= beside
    assert {"_retry", "sdk-default-configuration"} >= {name for there, name in read if not there}
