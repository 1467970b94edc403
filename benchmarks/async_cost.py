"""Print what routing costs asynchronous clients and s3fs, as ratios of CPU time to plain ones.

Run it with ``python benchmarks/async_cost.py`` where the extra `fsspec` is installed. A server of
canned answers runs as a process of its own, on loopback, and only the CPU time of this process
counts. Plain and routed work is interleaved in rounds, three times each, of which the cheapest is
taken, and the median of the rounds' ratios is printed, so that a machine whose speed drifts, or
that is busy with something else, shows little in them.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import AsyncExitStack, contextmanager
from pathlib import Path
from typing import Any, ClassVar
from urllib.parse import parse_qs, unquote, urlsplit

import s3fs
from aiobotocore.config import AioConfig
from aiobotocore.session import get_session

import botwo.aio
import botwo.fsspec

BUCKET, KEY = "data", "year=2026/month=11/part-00042.parquet"
MAPPED_BUCKET, PREFIX = "repo", "main/"
CALLS, KEYS, PAGE = 1_000, 20_000, 1_000
CONTENT = b"x" * 1_024

RULES = [
    *({"bucket_name": f"bucket-{number}", "client": "s3"} for number in range(8)),
    {"bucket_name": "*", "client": "s3"},
]
OURS = {
    "bucket_name": BUCKET, "client": "s3", "mapped_bucket_name": MAPPED_BUCKET,
    "key_prefix": PREFIX,
}  # fmt: skip
MAPPINGS = {"renamed, under a prefix": [OURS, *RULES], "same names": RULES}


# ------------------------------------------------------------------------------------- the server


def page(bucket: str, prefix: str, first: int) -> bytes:
    """Make a page of keys as S3 sends it; the token that goes on is a number."""
    contents = "".join(
        f"<Contents><Key>{prefix}month={number // 2_000:02}/part-{number:05}.parquet</Key>"
        "<LastModified>2026-11-22T10:00:00.000Z</LastModified>"
        "<ETag>&quot;d41d8cd98f00b204e9800998ecf8427e&quot;</ETag><Size>1234</Size>"
        "<StorageClass>STANDARD</StorageClass></Contents>"
        for number in range(first, first + PAGE)
    )
    after = first + PAGE
    token = f"<NextContinuationToken>{after}</NextContinuationToken>" if after < KEYS else ""
    return (
        f'<?xml version="1.0"?><ListBucketResult><Name>{bucket}</Name><Prefix>{prefix}</Prefix>'
        f"<KeyCount>{PAGE}</KeyCount><MaxKeys>{PAGE}</MaxKeys>"
        f"<IsTruncated>{str(after < KEYS).lower()}</IsTruncated>{token}{contents}"
        "</ListBucketResult>"
    ).encode()


class Answers(asyncio.Protocol):
    """One connection: a canned answer to each request, none of which has a body."""

    pages: ClassVar = {
        (bucket, str(first)): page(bucket, prefix, first)
        for bucket, prefix in ((BUCKET, ""), (MAPPED_BUCKET, PREFIX))
        for first in range(0, KEYS, PAGE)
    }
    objects: ClassVar = {f"/{BUCKET}/{KEY}", f"/{MAPPED_BUCKET}/{PREFIX}{KEY}"}

    def __init__(self) -> None:
        self._received = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport: Any = transport

    def data_received(self, data: bytes) -> None:
        *requests, self._received = (self._received + data).split(b"\r\n\r\n")
        for request in requests:
            url = urlsplit(request.split(b" ", 2)[1].decode())
            self._transport.write(self._answer(unquote(url.path), parse_qs(url.query)))

    def _answer(self, path: str, query: dict[str, list[str]]) -> bytes:
        if "list-type" in query:
            first = query.get("continuation-token", ["0"])[0]
            body = self.pages.get((path.strip("/"), first))
        else:
            body = CONTENT if path in self.objects else None
        status = "200 OK" if body is not None else "404 Not Found"
        head = (
            f'HTTP/1.1 {status}\r\nContent-Length: {len(body or b"")}\r\nETag: "d41d8cd9"\r\n\r\n'
        )
        return head.encode() + (body or b"")


async def serve() -> None:
    """Say where this process listens, and answer until the one that started it has ended."""
    server = await asyncio.get_running_loop().create_server(Answers, "127.0.0.1", 0)
    print(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}", flush=True)
    await asyncio.to_thread(sys.stdin.read)


@contextmanager
def serving() -> Iterator[str]:
    """Run the server beside this process, and give its endpoint."""
    command = [sys.executable, __file__, "--serve"]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            yield process.stdout.readline().strip()
        finally:
            process.stdin.close()


# ----------------------------------------------------------------------------------- measurements


async def ratio(
    routed: Callable[[], Awaitable[Any]], plain: Callable[[], Awaitable[Any]], *, rounds: int
) -> float:
    """Give the median ratio of CPU time, routed to plain, over interleaved rounds."""

    async def spent(call: Callable[[], Awaitable[Any]]) -> int:
        started = time.process_time_ns()
        await call()
        return time.process_time_ns() - started

    for call in (routed, plain):
        await spent(call)
    # What both have read by now, the model of S3 above all, takes longer to look through than a
    # round's own garbage, and would cost whoever's round it falls into.
    gc.collect()
    gc.freeze()
    ratios = []
    for _ in range(rounds):
        best = {call: await spent(call) for call in (routed, plain)}
        for call in (plain, routed, routed, plain):
            best[call] = min(best[call], await spent(call))
        ratios.append(best[routed] / best[plain])
    return statistics.median(ratios)


def show(what: str, value: float, limit: float) -> None:
    """Print one figure beside its limit."""
    verdict = "ok" if value <= limit else "MISSED"
    print(f"{what:<66} {value:8.3f} x   (at most {limit:g})  {verdict}", flush=True)


async def read_all(s3: Any) -> None:
    """Get the object 1,000 times at once, and read each body."""

    async def read() -> None:
        answer = await s3.get_object(Bucket=BUCKET, Key=KEY)
        async with answer["Body"] as body:
            assert await body.read() == CONTENT

    await asyncio.gather(*(read() for _ in range(CALLS)))


async def calls(endpoint_url: str, rounds: int) -> None:
    """Compare many calls at once, on a routed and a plain client."""
    config = AioConfig(s3={"addressing_style": "path"}, max_pool_connections=50)
    async with AsyncExitStack() as stack:
        plain = await stack.enter_async_context(
            get_session().create_client("s3", endpoint_url=endpoint_url, config=config)
        )
        for what, mapping in MAPPINGS.items():
            routed = await stack.enter_async_context(botwo.aio.client({"s3": plain}, mapping))
            value = await ratio(
                lambda routed=routed: read_all(routed), lambda: read_all(plain), rounds=rounds
            )
            show(f"{CALLS:,} get_object at once, {what}: routed / plain", value, 1.03)


def config_file(folder: Path, name: str, endpoint_url: str, mapping: list[dict[str, Any]]) -> Path:
    """Write a config file of one store."""
    lines = ["[clients.s3]", f'endpoint_url = "{endpoint_url}"']
    for rule in mapping:
        lines += ["[[mapping]]", *(f'{field} = "{value}"' for field, value in rule.items())]
    file = folder / f"{name}.toml"
    file.write_text("\n".join(lines))
    return file


async def found(fs: Any) -> None:
    """Find every key, and remember none of them."""
    fs.invalidate_cache()
    names = await fs._find(BUCKET)
    assert len(names) == KEYS
    assert names[0].startswith(f"{BUCKET}/month=")


async def finds(endpoint_url: str, rounds: int) -> None:
    """Compare what `fs.find` costs on a routed and a plain file system."""
    options = {"asynchronous": True, "skip_instance_cache": True}
    plain = s3fs.S3FileSystem(endpoint_url=endpoint_url, **options)
    opened = [await plain.set_session()]
    with tempfile.TemporaryDirectory() as folder:
        for what, mapping in MAPPINGS.items():
            file = config_file(Path(folder), what.split(",")[0], endpoint_url, mapping)
            routed = botwo.fsspec.S3FileSystem(config=file, **options)
            opened.append(await routed.set_session())
            value = await ratio(
                lambda routed=routed: found(routed), lambda: found(plain), rounds=rounds
            )
            show(f"fs.find over {KEYS:,} keys, {what}: routed / plain", value, 1.03)
    for client in opened:
        await client.close()


async def measure(endpoint_url: str, rounds: int) -> None:
    """Print every figure."""
    await calls(endpoint_url, rounds)
    await finds(endpoint_url, rounds)


def main() -> None:
    """Serve, or measure beside a process that does."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=7, help="rounds a figure")
    parser.add_argument("--serve", action="store_true", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.serve:
        asyncio.run(serve())
        return
    settings = {"ACCESS_KEY_ID": "example", "SECRET_ACCESS_KEY": "example", "REGION": "us-east-1"}
    os.environ.update({f"AWS_{name}": value for name, value in settings.items()})
    os.environ["AWS_DEFAULT_REGION"] = settings["REGION"]
    with serving() as endpoint_url:
        asyncio.run(measure(endpoint_url, arguments.rounds))


if __name__ == "__main__":
    main()
