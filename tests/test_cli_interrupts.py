"""Ctrl-C in the midst of a command leaves nothing half done."""

from __future__ import annotations

import os
import signal
from functools import partial
from typing import TYPE_CHECKING

import pytest
from command_line import Desk, Ran, ended
from faults import Fault, faulty
from servers import moto

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from faults import Proxy

pytestmark = pytest.mark.servers

LONG = bytes(33 * 1024 * 1024)
INTERRUPTED = Ran(status=130, output="", errors="botwo: interrupted\n")


@pytest.fixture(scope="module")
def stores() -> Iterator[tuple[Proxy, Proxy]]:
    """Two servers, each behind a proxy."""
    with moto(exact=True) as a, moto(exact=True) as b, faulty(a) as first, faulty(b) as second:
        yield first, second


@pytest.fixture
def desk(tmp_path: Path, stores: tuple[Proxy, Proxy]) -> Iterator[Desk]:
    """A desk over the two."""
    yield Desk(folder=tmp_path, a=stores[0], b=stores[1])
    for proxy in stores:
        proxy.faults.clear()


def _begin(desk: Desk, source: str) -> None:
    """Put what is to be copied, past the proxies."""
    if source == "long":
        (desk.folder / "long").write_bytes(LONG)
    else:
        desk.b.server.client().put_object(Bucket=desk.repo, Key="main/long", Body=LONG)


def _left(desk: Desk) -> dict[str, bytes]:
    """What there is that was not there before: files, objects, uploads."""
    found = {path.name: path.read_bytes() for path in desk.folder.rglob("*") if path.is_file()}
    for store, bucket in ((desk.at_a, desk.plain), (desk.at_b, desk.repo)):
        found |= desk.found(store, bucket)
        for upload in store.list_multipart_uploads(Bucket=bucket).get("Uploads", []):
            found[f"upload of {upload['Key']}"] = b""
    return {name: body for name, body in found.items() if name not in _BEFORE}


_BEFORE = ("botwo.toml", "long", "main/long")


def _begins(*starts: str) -> Callable[[str], bool]:
    return lambda name: name.startswith(starts)


UP = ["long", "s3://{moved}/new"]
DOWN = ["s3://{moved}/long", "new"]
OVER = ["s3://{moved}/long", "s3://{plain}/new"]
POINTS = [
    pytest.param(UP, "b", "POST uploads", id="up: begin"),
    pytest.param(UP, "b", "PUT partNumber=3", id="up: a part"),
    pytest.param(DOWN, "b", "HEAD", id="down: head"),
    pytest.param(DOWN, "b", "GET bytes=", id="down: a part"),
    pytest.param(OVER, "b", "GET", id="over: read"),
    pytest.param(OVER, "a", "POST uploads", id="over: begin"),
    pytest.param(OVER, "b", "GET bytes=", id="over: read a part"),
    pytest.param(OVER, "a", "PUT partNumber=1", id="over: a part"),
]


@pytest.mark.parametrize(("arguments", "store", "point"), POINTS)
def test_an_interrupted_copy_leaves_nothing(
    desk: Desk, arguments: list[str], store: str, point: str
) -> None:
    """A copy that is interrupted in the midst of any request leaves neither object nor upload nor
    file, says so in one line, and ends with status 130.
    """
    _begin(desk, arguments[0])
    names = [argument.format(moved=desk.moved, plain=desk.plain) for argument in arguments]

    with desk.start("cp", *names) as process:
        interrupt = partial(process.send_signal, signal.SIGINT)
        fault = Fault(matches=_begins(point), kind=None, hook=interrupt)
        getattr(desk, store).faults.append(fault)
        ran = ended(process)

    assert 1 == fault.struck
    assert INTERRUPTED == ran
    assert {} == _left(desk)


@pytest.mark.parametrize(("arguments", "store"), [(UP, "b"), (OVER, "a")], ids=["up", "over"])
def test_what_is_complete_is_whole(desk: Desk, arguments: list[str], store: str) -> None:
    """An interrupt that comes when the store makes the object of its parts leaves the object."""
    _begin(desk, arguments[0])
    names = [argument.format(moved=desk.moved, plain=desk.plain) for argument in arguments]

    with desk.start("cp", *names) as process:
        interrupt = partial(process.send_signal, signal.SIGINT)
        fault = Fault(matches="POST uploadId".__eq__, kind=None, hook=interrupt)
        getattr(desk, store).faults.append(fault)
        ran = ended(process)

    assert (130, "botwo: interrupted\n") == (ran.status, ran.errors)
    assert [LONG] == list(_left(desk).values())


def test_a_copy_that_is_asked_to_end_leaves_nothing(desk: Desk) -> None:
    """The signal by which a machine asks programs to end does the same, with its own status."""
    _begin(desk, "long")

    with desk.start("cp", "long", f"s3://{desk.moved}/new") as process:
        desk.b.faults.append(
            Fault(matches=_begins("PUT partNumber=2"), kind=None, hook=process.terminate)
        )
        ran = ended(process)

    assert Ran(status=128 + signal.SIGTERM, output="", errors="botwo: interrupted\n") == ran
    assert {} == _left(desk)


def test_further_interrupts_change_nothing(desk: Desk) -> None:
    """Who presses Ctrl-C again, while the upload is put away, does not keep it from that."""
    _begin(desk, "long")

    with desk.start("cp", "long", f"s3://{desk.moved}/new") as process:
        interrupt = partial(process.send_signal, signal.SIGINT)
        points = ("PUT partNumber=2", "PUT partNumber=3", "DELETE")
        faults = [Fault(matches=_begins(it), kind=None, hook=interrupt) for it in points]
        desk.b.faults += faults
        ran = ended(process)

    assert 1 == faults[-1].struck
    assert INTERRUPTED == ran
    assert {} == _left(desk)


def test_of_many_objects_each_is_whole_or_not_there(desk: Desk) -> None:
    """A recursive copy that is interrupted leaves whole objects, and tells which they are."""
    names = [f"{number:03}" for number in range(200)]
    (desk.folder / "up").mkdir()
    for name in names:
        (desk.folder / "up" / name).write_bytes(name.encode())

    with desk.start("cp", "-r", "up", f"s3://{desk.moved}") as process:
        interrupt = partial(process.send_signal, signal.SIGINT)
        desk.b.faults.append(Fault(matches=_begins("PUT"), kind=None, nth=20, hook=interrupt))
        ran = ended(process)

    found = desk.found(desk.at_b, desk.repo)
    assert (130, "botwo: interrupted\n") == (ran.status, ran.errors)
    assert 20 <= len(found) < len(names)
    assert {f"main/{name}": name.encode() for name in names if f"main/{name}" in found} == found
    told = {line.split(" -> ")[0].removeprefix("up/") for line in ran.output.splitlines()}
    assert {key.removeprefix("main/") for key in found} == told


def test_a_listing_is_broken_off_at_once(desk: Desk) -> None:
    """An interrupt ends a copy whose listing gets no answer, without waiting for one."""
    with desk.start("cp", "-r", f"s3://{desk.moved}", "down") as process:
        interrupt = partial(process.send_signal, signal.SIGINT)

        def hook() -> None:
            interrupt()
            process.wait(60)

        desk.b.faults.append(Fault(matches=_begins("GET"), kind=None, hook=hook))
        ran = ended(process)

    assert INTERRUPTED == ran


@pytest.mark.parametrize("end", [False, True], ids=["open", "ended"])
def test_standard_input_that_is_interrupted_is_no_object(desk: Desk, *, end: bool) -> None:
    """An interrupt while standard input is read makes no object of what came so far, where the
    input ends by the same interrupt neither.
    """
    with desk.start("cp", "-", f"s3://{desk.moved}/new", stdin=-1) as process:
        assert process.stdin
        process.stdin.write(LONG)
        process.stdin.flush()
        process.send_signal(signal.SIGINT)
        if end:
            process.stdin.close()
            process.stdin = None
        process.wait(60)
        if process.stdin:
            process.stdin.close()
            process.stdin = None
        ran = ended(process)

    assert INTERRUPTED == ran
    assert {} == _left(desk)


@pytest.mark.parametrize("arguments", [["ls", "s3://{moved}/"], ["cp", "s3://{moved}/long", "-"]])
def test_what_only_reads_ends_at_once(desk: Desk, arguments: list[str]) -> None:
    """A listing, or an object that is printed, ends by an interrupt with one line."""
    with desk.start(*[argument.format(moved=desk.moved) for argument in arguments]) as process:

        def hook() -> None:
            process.send_signal(signal.SIGINT)
            process.wait(60)

        desk.b.faults.append(Fault(matches=_begins("GET"), kind=None, hook=hook))
        ran = ended(process)

    assert INTERRUPTED == ran


@pytest.mark.skipif(not hasattr(os, "posix_spawn"), reason="signals are ignored by inheritance")
def test_a_program_that_is_to_go_on_goes_on(desk: Desk) -> None:
    """A command whose interrupts are ignored from its start, as by `nohup` or in the background of
    a script, is not interrupted.
    """
    _begin(desk, "long")
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        process = desk.start("cp", "-q", "long", f"s3://{desk.moved}/new")
    finally:
        signal.signal(signal.SIGINT, before)
    with process:
        interrupt = partial(process.send_signal, signal.SIGINT)
        desk.b.faults.append(Fault(matches=_begins("PUT partNumber=2"), kind=None, hook=interrupt))
        ran = ended(process)

    assert Ran(status=0, output="", errors="") == ran
    assert {"main/new": LONG} == _left(desk)
