"""A listing that is kept under one name is dropped when something changes under another."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from filesystems import routed, sent, written
from servers import Server, ensure, reset

pytestmark = pytest.mark.aio

# Names of one place: `repo/main/` is `alias`, `repo/main/deep/` is `below`, by another client of
# the same store too; `fold-x` lies in `folded/fold-x/`.
MAPPING = """
[[mapping]]
bucket_name = "alias"
mapped_bucket_name = "repo"
key_prefix = "main/"
client = "a"

[[mapping]]
bucket_name = "below"
mapped_bucket_name = "repo"
key_prefix = "main/deep/"
client = "same"

[[mapping]]
bucket_name = "fold-*"
mapped_bucket_name = "folded"
key_prefix = "{bucket}/"
client = "a"

[[mapping]]
bucket_name = "*"
client = "a"
"""
# Of each: names of one folder, and where one file lies in it.
NAMES = [
    ("alias/deep", "below", "repo/main/deep"),
    ("alias", "repo/main"),
    ("fold-x/in", "folded/fold-x/in"),
    ("fold-x", "folded/fold-x"),
]
PAIRS = [(one, other) for names in NAMES for one in names for other in names if one != other]
SOME_PAIRS = [("alias/deep", "below"), ("repo/main", "alias"), ("fold-x", "folded/fold-x")]


def _rewrite(fs: Any, folder: str, _: Path) -> None:
    fs.pipe_file(f"{folder}/there", b"longer than before")


def _write(fs: Any, folder: str, _: Path) -> None:
    with fs.open(f"{folder}/new", "wb") as file:
        file.write(b"1")


def _append(fs: Any, folder: str, _: Path) -> None:
    with fs.open(f"{folder}/there", "ab") as file:
        file.write(b"1")


def _write_deeper(fs: Any, folder: str, _: Path) -> None:
    fs.pipe_file(f"{folder}/more/new", b"1")


def _in_a_transaction(fs: Any, folder: str, _: Path) -> None:
    with fs.transaction, fs.open(f"{folder}/new", "wb") as file:
        file.write(b"1")


def _put(fs: Any, folder: str, local: Path) -> None:
    (local / "new").write_bytes(b"1")
    fs.put(str(local / "new"), f"{folder}/new")


CHANGES: dict[str, Callable[[Any, str, Path], None]] = {
    "write": _write,
    "rewrite": _rewrite,
    "append": _append,
    "write deeper": _write_deeper,
    "in a transaction": _in_a_transaction,
    "put": _put,
    "touch": lambda fs, folder, _: fs.touch(f"{folder}/new"),
    "copy": lambda fs, folder, _: fs.cp("other/x", f"{folder}/new"),
    "move away": lambda fs, folder, _: fs.mv(f"{folder}/there", "other/y"),
    "merge": lambda fs, folder, _: fs.merge(f"{folder}/new", ["other/x"]),
    "rm": lambda fs, folder, _: fs.rm(f"{folder}/there"),
    "rm_file": lambda fs, folder, _: fs.rm_file(f"{folder}/there"),
    "rm recursive": lambda fs, folder, _: fs.rm(f"{folder}/sub", recursive=True),
}


@pytest.fixture
def fs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, moto_a: Server) -> Any:
    """Over one store that two clients reach, with buckets of several names."""
    reset(moto_a)
    for bucket in ("repo", "folded", "other"):
        ensure(moto_a.client(), bucket)
    fs = routed(written(tmp_path, monkeypatch, {"a": moto_a, "same": moto_a}, MAPPING))
    fs.pipe_file("other/x", b"x")
    return fs


def _listed(fs: Any, folder: str) -> list[tuple[str, int]]:
    """Give what lies in a folder, by what it is called there."""
    found = fs.ls(folder, detail=True) + fs.ls(f"{folder}/sub", detail=True)
    assert all(each["name"].startswith(folder) for each in found)
    return [(each["name"].removeprefix(folder), each["size"]) for each in found]


@pytest.mark.parametrize(
    ("one", "other", "change"),
    [
        (*pair, change)
        for pair in PAIRS
        for change in (CHANGES if pair in SOME_PAIRS else ("write", "rm recursive"))
    ],
)
def test_a_change_under_one_name_is_seen_under_the_other(
    fs: Any, tmp_path: Path, one: str, other: str, change: str
) -> None:
    """Whatever changes a folder by one of its names, listings by the other name are asked anew."""
    fs.pipe({f"{one}/there": b"1", f"{one}/sub/x": b"1", f"{one}/sub/y": b"22"})
    fs.invalidate_cache()
    before = _listed(fs, other)
    assert before == _listed(fs, one)

    CHANGES[change](fs, one, tmp_path)

    found = fs.find(other, detail=True)
    fresh = {name.removeprefix(other): info["size"] for name, info in found.items()}
    kept = {
        each["name"].removeprefix(other): each["size"]
        for each in fs.ls(other, detail=True)
        if each["type"] == "file"
    }
    assert {name: size for name, size in fresh.items() if name.count("/") == 1} == kept
    assert fs.exists(f"{other}/new") == ("/new" in fresh)
    assert fs.exists(f"{other}/sub") == any(name.startswith("/sub/") for name in fresh)


def test_what_has_no_other_name_is_kept(fs: Any) -> None:
    """A change drops no listing that it cannot have changed."""
    fs.pipe({"alias/d/x": b"1", "alias/e/x": b"1", "other/d/x": b"1", "fold-y/d/x": b"1"})
    folders = ["alias/e", "other/d", "fold-y/d", "repo/main/e"]
    for folder in folders:
        fs.ls(folder)

    fs.pipe_file("alias/d/y", b"1")

    with sent() as lines:
        for folder in folders:
            fs.ls(folder)
    assert [] == lines


def test_a_name_that_no_client_takes_is_left_to_s3fs(fs: Any) -> None:
    """What can be no bucket has no other names, and drops nothing but itself."""
    fs.ls("other")

    for path in ("", "/", "a bucket/x", "arn:aws:s3:us-east-1:123456789012:accesspoint/p/x"):
        fs.invalidate_cache(path)

    assert "other" in fs.dircache
