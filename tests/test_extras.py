"""What needs an extra says which one, where that is not installed."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path

import pytest

import botwo

CONFIG = """
[clients.own]
[[mapping]]
bucket_name = "*"
client = "own"
"""


@pytest.fixture(autouse=True)
def bare(monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither aiobotocore nor what needs it is there."""
    loaded = [name for name in sys.modules if name.startswith(("botwo._async", "botwo.aio"))]
    for name in [*loaded, "botwo.fsspec"]:
        monkeypatch.delitem(sys.modules, name, raising=False)
    for name in ("aio", "fsspec"):
        monkeypatch.delitem(vars(botwo), name, raising=False)
    for name in ("aiobotocore", "aiobotocore.session", "aiobotocore.hooks", "aiohttp", "s3fs"):
        monkeypatch.setitem(sys.modules, name, None)


@pytest.mark.parametrize("name", ["aio", "fsspec"])
def test_a_module_names_its_extra(name: str) -> None:
    """Importing it, or taking it from the package, fails with what to install."""
    with pytest.raises(ModuleNotFoundError, match=rf"pip install 'botwo\[{name}\]'"):
        importlib.import_module(f"botwo.{name}")
    with pytest.raises(AttributeError, match=rf"pip install 'botwo\[{name}\]'"):
        getattr(botwo, name)


def test_a_config_files_client_names_its_extra(tmp_path: Path) -> None:
    """So does asking a config file for a client of an event loop."""
    file = tmp_path / "botwo.toml"
    file.write_text(CONFIG)

    with pytest.raises(ModuleNotFoundError, match=r"pip install 'botwo\[aio\]'"):
        botwo.load(file).aio_client()
