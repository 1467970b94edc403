"""A program's asynchronous clients are routed however its processes begin."""

from __future__ import annotations

import ast
import re
import textwrap

import pytest
from test_docs import README
from test_startup import MODELS, OWN, PLAIN, ROUTED, Programs, programs

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


@pytest.mark.parametrize(
    ("model", "how"),
    [
        ("python script", "without"),
        *((model, how) for model in MODELS for how in ("run", "install")),
    ],
)
def test_each_way_to_make_a_client_in_each_process_model(
    programs: Programs, model: str, how: str
) -> None:
    """However a process begins and a client is made, it is routed under `botwo run` and after an
    install, and plain without; one with an endpoint of its own is left alone.
    """
    ending, command = MODELS[model]
    install = 'if __name__ == "__main__":\n    import botwo\n    botwo.install("botwo.toml")\n'
    if model == "subprocess":  # the child inherits the parent's
        install = f"import sys\nif len(sys.argv) == 1:\n{textwrap.indent(install, '    ')}"
    ending = ending.replace('WAYS["boto3.client"]()\n', 'WAYS["aiobotocore before"]()\n')
    programs.write("job.py", WAYS + (install if how == "install" else "") + ending)

    done = programs.run(*command, routed=how == "run")

    expected = dict.fromkeys(KINDS, PLAIN if how == "without" else ROUTED) | LEFT_ALONE
    assert (0, "") == (done.returncode, done.stderr)
    told = [ast.literal_eval(line) for line in done.stdout.splitlines()]
    assert [expected] * (2 if model == "prefork" else 1) == told


def test_the_ways_are_documented() -> None:
    """The table of docs/activation.md has each way to make an asynchronous client."""
    page = (README.parent / "docs" / "activation.md").read_text()
    rows = [cell.strip() for cell in re.findall(r"^\| (.*?) \|", page, re.MULTILINE)]

    missing = [name for name in (*KINDS, *LEFT_ALONE) if name not in rows]

    assert [] == missing
