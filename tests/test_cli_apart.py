"""A copy goes from one object to another, whatever they are called."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from command_line import Desk, client

if TYPE_CHECKING:
    from pathlib import Path

    from servers import Server


@pytest.fixture
def desk(tmp_path: Path, moto_a: Server, moto_b: Server) -> Desk:
    """A desk where `twin-…` is another name, under another client of its store, of what lies in
    `moved-…`, and `inner-…` a name of a folder in it.
    """
    desk = Desk(folder=tmp_path, a=moto_a, b=moto_b)
    mark = desk.moved.removeprefix("moved-")
    desk.secrets["SECRET_b2"] = desk.secrets["SECRET_b"]
    rule = '[[mapping]]\nbucket_name = "{}"\nclient = "{}"\nmapped_bucket_name = "{}"\n'
    rule += 'key_prefix = "{}"\n'
    desk.write(
        client("a", desk.a)
        + client("b", desk.b)
        + client("b2", desk.b)
        + rule.format(f"twin-{mark}", "b2", desk.repo, "main/")
        + rule.format(f"inner-{mark}", "b", desk.repo, "main/zzz/")
        + desk.rules
    )
    return desk


@pytest.mark.parametrize("options", [[], ["--recursive"]], ids=["one", "all"])
def test_an_object_is_not_copied_onto_itself(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, options: list[str]
) -> None:
    """Two clients of one store that give one object two names are seen through."""
    desk.put(desk.moved, "only")
    twin = desk.moved.replace("moved", "twin")
    key = "" if options else "only"

    ran = desk.call(monkeypatch, "cp", *options, f"s3://{desk.moved}/{key}", f"s3://{twin}/{key}")

    assert (1, "") == (ran.status, ran.output)
    assert "another name" in ran.errors or "two names of one object" in ran.errors


def test_a_folder_is_not_copied_into_itself_under_another_name(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A copy that would copy what it writes is refused before it writes anything."""
    desk.put(desk.moved, "k")
    inner = desk.moved.replace("moved", "inner")

    ran = desk.call(monkeypatch, "cp", "-r", f"s3://{desk.moved}/", f"s3://{inner}/")

    assert (1, "") == (ran.status, ran.output)
    assert "would copy what it writes" in ran.errors
    assert {"main/k"} == set(desk.found(desk.at_b, desk.repo))


def test_a_folder_beside_is_copied(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two folders of one store's bucket are two places."""
    desk.put(desk.moved, "in/k", b"k")

    source, target = f"s3://{desk.moved}/in/", f"s3://{desk.moved}/out/"
    ran = desk.call(monkeypatch, "cp", "-r", source, target)

    assert 0 == ran.status
    assert {"main/in/k": b"k", "main/out/k": b"k"} == desk.found(desk.at_b, desk.repo)
