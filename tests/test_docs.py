"""The examples in README and docstrings are run as they stand."""

from __future__ import annotations

import contextlib
import doctest
import importlib
import io
import pkgutil
import re
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import test_startup
from servers import reset

import botwo

if TYPE_CHECKING:
    from collections.abc import Iterator

    from servers import Server

README = Path(__file__).parent.parent / "README.md"
_NEEDS_AIOBOTOCORE = frozenset(
    "_arrow _async_client _async_making _async_stores aio fsspec".split()
)


def _modules() -> Iterator[Any]:
    """Give all modules; of those that need aiobotocore, those that can be imported, marked so."""
    yield "botwo"
    for module in pkgutil.walk_packages(botwo.__path__, "botwo."):
        name = module.name.removeprefix("botwo.")
        # What a Python imports first begins by being imported.
        if name.startswith(("__", "_startup.sitecustomize")):
            continue
        if name not in _NEEDS_AIOBOTOCORE:
            yield module.name
        elif find_spec("aiobotocore"):
            yield pytest.param(module.name, marks=pytest.mark.aio)


@pytest.mark.parametrize("name", list(_modules()))
def test_docstring_examples_run(name: str) -> None:
    """Every example in a docstring gives what it says."""
    module = importlib.import_module(name)

    result = doctest.testmod(module, optionflags=doctest.ELLIPSIS)

    assert result.failed == 0


def test_readme_examples_run(
    moto_a: Server, moto_b: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The README's Python blocks run in order, and print the text blocks that follow them."""
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", moto_a.endpoint_url)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", moto_a.access_key)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", moto_a.secret_key)
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    reset(moto_a)  # other tests may have keys in the buckets that the README names
    reset(moto_b)
    plain = moto_a.client()
    plain.create_bucket(Bucket="test-bucket")
    plain.put_object(Bucket="test-bucket", Key="test/object.txt", Body=b"hello")
    text = README.read_text().replace("https://lakefs.example.com", moto_b.endpoint_url)
    blocks = re.findall(r"```(python|text)\n(.*?)```", text, re.DOTALL)
    namespace: dict[str, Any] = {}
    printed, expected = [], []

    for language, block in blocks:
        if language == "text":
            expected.append(block)
            continue
        output = io.StringIO()
        with contextlib.redirect_stdout(output):
            exec(compile(block, "README.md", "exec"), namespace)
        printed.append(output.getvalue())

    assert expected == [block for block in printed if block]


def test_documented_config_files_can_be_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each config file that the docs show is one."""
    monkeypatch.setenv("LAKEFS_SECRET", "x")
    blocks = [
        block
        for page in [README, *README.parent.glob("docs/*.md")]
        for block in re.findall(r"```(toml|json)\n(.*?)```", page.read_text(), re.DOTALL)
    ]

    read = set()
    for language, block in blocks:
        name = "pyproject.toml" if "tool.botwo" in block else f"botwo.{language}"
        file = tmp_path / name
        file.write_text(block)
        assert botwo.load(file).mapping
        read.add(name)

    assert {"botwo.toml", "botwo.json", "pyproject.toml"} == read


def test_what_is_routed_is_documented_as_it_is_tested() -> None:
    """The tables of docs/activation.md have each way to make a client and each process model."""
    page = (README.parent / "docs" / "activation.md").read_text()
    rows = [cell.strip() for cell in re.findall(r"^\| (.*?) \|", page, re.MULTILINE)]
    tested = [*test_startup.KINDS, *test_startup.LEFT_ALONE, *test_startup.MODELS]

    missing = [name for name in tested if not any(row.startswith(name) for row in rows)]

    assert [] == missing


def test_every_public_name_is_documented() -> None:
    """Every exported name has a docstring, and nothing is exported that does not exist."""
    documented = [name for name in botwo.__all__ if getattr(botwo, name).__doc__]

    assert sorted(botwo.__all__) == sorted(documented)
