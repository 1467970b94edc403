"""The example of docs/fsspec.md is run as it stands."""

from __future__ import annotations

import contextlib
import io
import re
from pathlib import Path

import pytest
from filesystems import written
from servers import Server, ensure, reset
from test_docs import README

import botwo.fsspec

pytestmark = pytest.mark.aio

MAPPING = """
[[mapping]]
bucket_name = "bucket-a"
client = "b"
key_prefix = "dev/"

[[mapping]]
bucket_name = "*"
client = "a"
"""


def test_the_page_on_fsspec_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, moto_a: Server, moto_b: Server
) -> None:
    """The first block of docs/fsspec.md prints what stands below it."""
    for server, bucket in ((moto_a, "bucket-b"), (moto_b, "bucket-a")):
        reset(server)
        ensure(server.client(), bucket)
    written(tmp_path, monkeypatch, {"a": moto_a, "b": moto_b}, MAPPING)
    monkeypatch.chdir(tmp_path)
    page = (README.parent / "docs" / "fsspec.md").read_text()
    [code], [expected] = (
        re.findall(rf"```{kind}\n(.*?)```", page, re.DOTALL) for kind in ("python", "text")
    )
    output = io.StringIO()

    with contextlib.redirect_stdout(output):
        exec(compile(code, "fsspec.md", "exec"), {"__name__": "page"})

    assert expected == output.getvalue()
    copied = moto_a.client().get_object(Bucket="bucket-b", Key="copied.csv")["Body"].read()
    assert b"a,b\n" == copied
    botwo.fsspec.S3FileSystem.clear_instance_cache()
