"""The example of docs/aio.md is run as it stands."""

from __future__ import annotations

import contextlib
import io
import re

import pytest
from servers import Server, ensure, reset
from test_docs import README

pytestmark = pytest.mark.aio


def test_the_page_on_event_loops_runs(
    moto_a: Server, moto_b: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first block of docs/aio.md prints what stands below it."""
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", moto_a.endpoint_url)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", moto_b.access_key)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", moto_b.secret_key)
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    reset(moto_b)
    ensure(moto_b.client(), "bucket-a")
    page = (README.parent / "docs" / "aio.md").read_text()
    text = page.replace("https://lakefs.example.com", moto_b.endpoint_url)
    [code], [expected] = (
        re.findall(rf"```{kind}\n(.*?)```", text, re.DOTALL) for kind in ("python", "text")
    )
    output = io.StringIO()

    with contextlib.redirect_stdout(output):
        exec(compile(code, "aio.md", "exec"), {"__name__": "page"})

    assert expected == output.getvalue()
