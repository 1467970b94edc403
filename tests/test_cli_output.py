"""What the command line shows while it works, and the small parts that it is made of."""

from __future__ import annotations

import gc
import os
import threading
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import HTTPClientError
from command_line import Desk

import botwo
from botwo._cli import cp, streams
from botwo._cli.endings import RefusedError, told
from botwo._cli.names import S3Name, beneath, is_s3, s3_name
from botwo._cli.pool import Stop, StoppedError, each
from botwo._cli.streams import Input
from botwo._cli.text import shown
from botwo._cli.transfers import Mover, Transfer

if TYPE_CHECKING:
    from collections.abc import Iterator

    from servers import Server

ARN = "arn:aws:s3:eu-west-1:123456789012:accesspoint"
OUTPOST = "arn:aws:s3-outposts:eu-west-1:123456789012:outpost/op-1"
MIB = 1024 * 1024
pty = pytest.importorskip("pty", reason="this platform has no terminals of that kind")


def _screen(desk: Desk, *arguments: str, **options: Any) -> tuple[int, str, str]:
    """Run the command with a terminal as its stderr; give status, stdout and what it shows."""
    screen, end = pty.openpty()
    shown: list[bytes] = []
    process = desk.start(*arguments, stderr=end, **options)
    os.close(end)

    def read() -> None:
        try:
            while piece := os.read(screen, 4096):
                shown.append(piece)
        except OSError:
            pass  # so Linux says that the other end is closed

    reader = threading.Thread(target=read)
    reader.start()
    with process:
        output, _ = process.communicate(timeout=100)
    reader.join()
    os.close(screen)
    return process.returncode, (output or b"").decode(), b"".join(shown).decode()


@pytest.fixture
def desk(tmp_path: Path, moto_a: Server, moto_b: Server) -> Desk:
    """A desk over two servers, with two files."""
    desk = Desk(folder=tmp_path, a=moto_a, b=moto_b)
    (tmp_path / "up").mkdir()
    for name in ("one", "two"):
        (tmp_path / "up" / name).write_bytes(bytes(1_500_000))
    desk.secrets["TERM"] = "xterm"
    return desk


def test_a_terminal_shows_progress(desk: Desk) -> None:
    """A terminal shows how far the copy is, and stdout has the lines as ever."""
    status, output, screen = _screen(desk, "cp", "-r", "up", f"s3://{desk.moved}")

    assert 0 == status
    lines = [f"up/{name} -> s3://{desk.moved}/{name}" for name in ("one", "two")]
    assert lines == sorted(output.splitlines())
    assert "2 done" in screen
    assert "3.0/3.0 MB" in screen


def test_progress_of_a_copy_between_stores_moves_with_its_parts(desk: Desk) -> None:
    """A long object counts part by part, once each, and an upload in parts as it ever does."""
    desk.put(desk.moved, "long", bytes(80 * MIB))
    over: list[int] = []
    up: list[int] = []
    s3 = botwo.client(
        {"a": desk.at_a, "b": desk.at_b},
        [
            {"bucket_name": desk.repo, "client": "b"},
            {"bucket_name": "*", "client": "a"},
        ],
    )
    (desk.folder / "up" / "one").write_bytes(bytes(20 * MIB))

    source, target = S3Name(desk.repo, "main/long"), S3Name(desk.plain, "new")
    Mover(s3, Stop(), over.append).move(Transfer(source, target))
    Mover(s3, Stop(), up.append).move(Transfer(desk.folder / "up" / "one", target))

    assert [0, 16 * MIB, 32 * MIB, 32 * MIB] == sorted(over)
    assert 20 * MIB == sum(up)


@pytest.mark.filterwarnings("ignore:unclosed:ResourceWarning")
@pytest.mark.parametrize("up", [True, False], ids=["up", "down"])
def test_a_transfer_is_broken_off_in_the_midst_of_a_request(desk: Desk, *, up: bool) -> None:
    """A request whose body moves when the end is asked for leaves neither object nor file."""
    stop = Stop()
    moved: list[int] = []
    path, name = desk.folder / "up" / "one", S3Name(desk.plain, "one")
    s3 = botwo.client({"a": desk.at_a}, [{"bucket_name": "*", "client": "a"}])
    if not up:
        desk.put(desk.plain, "one", path.read_bytes())
        path = desk.folder / "down"

    def advance(size: int) -> None:
        moved.append(size)
        stop.ask()

    transfer = Transfer(path, name) if up else Transfer(name, path)
    with pytest.raises((StoppedError, HTTPClientError)):
        Mover(s3, stop, advance).move(transfer)
    gc.collect()  # what is open where it broke off, s3transfer leaves to Python to close

    assert 1 == len(moved)
    assert up == path.exists()
    assert up != ("one" in desk.found(desk.a.client(), desk.plain))


@pytest.mark.parametrize("arguments", [["-q"], []], ids=["quiet", "no terminal"])
def test_nobody_looks_at_the_progress(desk: Desk, arguments: list[str]) -> None:
    """With --quiet a terminal shows nothing; where there is no terminal nothing is shown."""
    if arguments:
        status, output, screen = _screen(desk, "cp", "-r", *arguments, "up", f"s3://{desk.moved}")
    else:
        ran = desk.run("cp", "-r", "up", f"s3://{desk.moved}")
        status, output, screen = ran.status, "", ran.errors

    assert (0, "", "") == (status, output, screen)


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("s3://b", S3Name("b")),
        ("s3://b/", S3Name("b")),
        ("s3://b/k", S3Name("b", "k")),
        ("s3://b//k/", S3Name("b", "/k/")),
        ("s3://b/a\nb?c#d", S3Name("b", "a\nb?c#d")),
        (f"s3://{ARN}/point/k/l", S3Name(f"{ARN}/point", "k/l")),
        (f"s3://{ARN}:point", S3Name(f"{ARN}:point")),
        (
            f"s3://{OUTPOST}/accesspoint/point/k",
            S3Name(
                "arn:aws:s3-outposts:eu-west-1:123456789012:outpost/op-1/accesspoint/point", "k"
            ),
        ),
    ],
)
def test_names_are_read_as_they_are(text: str, name: S3Name) -> None:
    """A name is a bucket, which may be an access point's ARN, and a key with any characters."""
    assert is_s3(text)
    assert name == s3_name(text)


@pytest.mark.parametrize("relative", ["a", "a/b.c", "...", "a b/~"])
def test_paths_within_a_folder(relative: str) -> None:
    """An ordinary key is a path."""
    assert Path("in", relative) == beneath(Path("in"), relative)


@pytest.mark.parametrize("relative", ["", "..", ".", "/a", "a/", "a/../b", "a//b", "a/\0"])
def test_paths_out_of_a_folder(relative: str) -> None:
    """A key that leads out of the folder, or to a path that another key has, is none."""
    with pytest.raises(RefusedError, match="no path within a folder"):
        beneath(Path("in"), relative)


@pytest.mark.parametrize("relative", ["C:/x", "a\\..\\b", "x?"])
def test_paths_where_there_are_drives(relative: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where another separator is in use a key may not have it, nor a drive."""
    monkeypatch.setattr("botwo._cli.names.os.sep", "\\")

    with pytest.raises(RefusedError, match="no path within a folder"):
        beneath(Path("in"), relative)


def test_control_characters_are_shown() -> None:
    """What would move the cursor is shown by its escape; all else as it is."""
    assert "ümlaut \\x1b[2J\\n\\x9b" == shown("ümlaut \x1b[2J\n\x9b")


def test_errors_are_one_line() -> None:
    """An error of several lines is one line, with what was noted of it."""
    error = RuntimeError("several\n  lines")
    error.add_note("botwo: went there")

    assert "several lines (went there)" == told(error)
    assert "x: No such file or directory" == told(
        FileNotFoundError(2, "No such file or directory", "x")
    )
    assert "KeyError" == told(KeyError())


def test_everything_is_done_once() -> None:
    """Each item is worked on once, and what the work gives is told."""
    found: list[int] = []

    each(range(100), lambda item: item * 2, Stop(), done=found.append, at_once=4)

    assert list(range(0, 200, 2)) == sorted(found)


def test_items_are_taken_as_they_are_needed() -> None:
    """Of a million items no more are taken than are worked on, and a few."""
    taken, done = [], []

    def items() -> Iterator[int]:
        for item in range(1000):
            taken.append(item)
            assert len(taken) - len(done) <= 2 * 4
            yield item

    each(items(), lambda item: item, Stop(), done=done.append, at_once=4)

    assert 1000 == len(done)


def test_an_error_ends_the_work() -> None:
    """Where items come to an end by an error nothing is begun any more, and it is raised."""
    stop = Stop()

    def items() -> Iterator[int]:
        yield 1
        raise RefusedError("no more")

    with pytest.raises(RefusedError, match="no more"):
        each(items(), lambda item: item, stop, done=lambda item: None)
    assert stop.asked


def test_a_fault_in_the_work_is_raised() -> None:
    """A fault of the work's own code is raised, not told."""
    with pytest.raises(ZeroDivisionError):
        each([1, 0, 1], lambda item: 1 // item, Stop(), done=lambda item: None)


def test_what_was_asked_to_end_is_not_begun() -> None:
    """After the end was asked for, what breaks off by it is no failure."""
    stop = Stop()
    found: list[int] = []

    def work(item: int) -> int:
        if item == 3:
            stop.ask()
        stop.check()
        return item

    each(range(100), work, stop, done=found.append, at_once=1)

    assert [0, 1, 2] == sorted(found)


@pytest.mark.parametrize("asked", [False, True], ids=["alone", "after the end was asked for"])
def test_an_error_is_told_unless_the_end_was_asked_for(*, asked: bool) -> None:
    """What a transfer that is broken off fails with is no failure of the object's."""
    stop = Stop()
    failed: list[str] = []

    def move(transfer: Transfer) -> None:
        if asked:
            stop.ask()
        raise HTTPClientError(error="broken off")

    each(
        [Transfer(Path("one"), S3Name("b", "k"))],
        cp._Attempt(SimpleNamespace(move=move), stop),  # type: ignore[arg-type]
        stop,
        done=lambda tell: tell(SimpleNamespace(fail=failed.append)),
    )

    line = "one -> s3://b/k: An HTTP Client raised an unhandled exception: broken off"
    assert ([] if asked else [line]) == failed


def test_input_is_read_in_full() -> None:
    """As much as is asked for is read, whatever pieces it comes in, and all where nothing is."""
    reading, writing = os.pipe()
    for piece in (b"one", b"two", b"three"):
        os.write(writing, piece)
    os.close(writing)
    stream = Input(reading, Stop())

    found = [stream.read(4), stream.read(0), stream.read(), stream.read(5), stream.read()]

    os.close(reading)
    assert [b"onet", b"", b"wothree", b"", b""] == found


def test_input_that_is_broken_off(monkeypatch: pytest.MonkeyPatch) -> None:
    """Input that does not come is waited for only until the end is asked for."""
    monkeypatch.setattr(streams, "_SECONDS", 0.001)
    reading, writing = os.pipe()
    stop = Stop()
    stop.ask()

    with pytest.raises(StoppedError):
        Input(reading, stop).read(1)
    os.close(reading)
    os.close(writing)
