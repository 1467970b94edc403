"""A program's asynchronous clients are routed however its processes begin."""

from __future__ import annotations

import re

import pytest
from test_docs import README
from test_startup import OWN, PLAIN, ROUTED, Programs, in_each_model, programs, tell

__all__ = ["programs"]

pytestmark = pytest.mark.aio

# Every way to make a client; what `tell` gives of each is what the bucket `moved` is called.
WAYS = """
import asyncio
import aiobotocore.session, s3fs, fsspec
session = aiobotocore.session.get_session()
own = "https://own.example.com"
def entered(context):
    async def told():
        async with context as client:
            asked = {"Bucket": "moved", "Key": "x"}
            return await client.generate_presigned_url("get_object", asked)
    return asyncio.run(told())
WAYS = {
    "aiobotocore before": lambda: entered(session.create_client("s3")),
    "aiobotocore after": lambda: entered(aiobotocore.session.AioSession().create_client("s3")),
    "s3fs": lambda: s3fs.S3FileSystem().url("moved/x"),
    "fsspec": lambda: fsspec.filesystem("s3").url("s3://moved/x"),
    "endpoint_url, aiobotocore": lambda: entered(session.create_client("s3", endpoint_url=own)),
    "endpoint_url, s3fs": lambda: s3fs.S3FileSystem(endpoint_url=own).url("moved/x"),
}
def tell(*_):
    print({name: make().split("?")[0] for name, make in WAYS.items()}, flush=True)
"""
KINDS = ["aiobotocore before", "aiobotocore after", "s3fs", "fsspec"]
LEFT_ALONE = dict.fromkeys(["endpoint_url, aiobotocore", "endpoint_url, s3fs"], OWN)


@in_each_model
def test_each_way_to_make_a_client_in_each_process_model(
    programs: Programs, model: str, how: str
) -> None:
    """However a process begins and a client is made, it is routed under `botwo run` and after an
    install, and plain without; one with an endpoint of its own is left alone.
    """
    told = tell(programs, WAYS, model, how)

    expected = dict.fromkeys(KINDS, PLAIN if how == "without" else ROUTED) | LEFT_ALONE
    assert [expected] * (2 if model == "prefork" else 1) == told


def test_the_ways_are_documented() -> None:
    """The table of docs/activation.md has each way to make an asynchronous client."""
    page = (README.parent / "docs" / "activation.md").read_text()
    rows = [cell.strip() for cell in re.findall(r"^\| (.*?) \|", page, re.MULTILINE)]

    missing = [name for name in (*KINDS, *LEFT_ALONE) if name not in rows]

    assert [] == missing
