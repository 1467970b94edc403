"""`botwo cp` follows `aws s3 cp`, through the routed client."""

from __future__ import annotations

import os
import shlex
import stat
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from command_line import Desk, Ran, called, ended

from botwo._cli import transfers
from botwo._cli.endings import complain

if TYPE_CHECKING:
    from pathlib import Path

    from servers import Server


@pytest.fixture
def desk(tmp_path: Path, moto_a: Server, rclone_a: Server) -> Desk:
    """A desk over a server of each kind."""
    return Desk(folder=tmp_path, a=moto_a, b=rclone_a)


@pytest.fixture(params=["moto and rclone", "rclone and moto", "moto and moto"])
def any_desk(
    request: pytest.FixtureRequest, tmp_path: Path, moto_a: Server, moto_b: Server, rclone_a: Server
) -> Desk:
    """A desk over servers of either kind, either way round."""
    servers = {
        "moto and rclone": (moto_a, rclone_a),
        "rclone and moto": (rclone_a, moto_a),
        "moto and moto": (moto_a, moto_b),
    }
    a, b = servers[request.param]
    return Desk(folder=tmp_path, a=a, b=b)


@pytest.mark.parametrize(
    ("source", "target", "key"),
    [
        ("a.txt", "s3://{moved}", "a.txt"),
        ("a.txt", "s3://{moved}/", "a.txt"),
        ("a.txt", "s3://{moved}/new", "new"),
        ("a.txt", "s3://{moved}/in/", "in/a.txt"),
        ("sub/b.txt", "s3://{moved}/in/", "in/b.txt"),
    ],
)
def test_a_file_goes_up(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, source: str, target: str, key: str
) -> None:
    """A file becomes the object that the target names, or keeps its name in the target's folder."""
    (desk.folder / "sub").mkdir()
    (desk.folder / source).write_bytes(b"up")

    ran = desk.call(monkeypatch, "cp", source, target.format(moved=desk.moved))

    assert Ran(status=0, output=f"{source} -> s3://{desk.moved}/{key}\n", errors="") == ran
    assert {f"main/{key}": b"up"} == desk.found(desk.at_b, desk.repo)


@pytest.mark.parametrize(
    ("target", "path"),
    [
        (".", "a.txt"),
        ("there", "there/a.txt"),
        ("new/", "new/a.txt"),
        ("new", "new"),
        ("not/yet/new", "not/yet/new"),
    ],
)
def test_an_object_comes_down(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, target: str, path: str
) -> None:
    """An object becomes the file that the target names, or keeps its name in a folder."""
    (desk.folder / "there").mkdir()
    desk.put(desk.moved, "in/a.txt", b"down")

    ran = desk.call(monkeypatch, "cp", f"s3://{desk.moved}/in/a.txt", target)

    assert (0, "") == (ran.status, ran.errors)
    assert b"down" == (desk.folder / path).read_bytes()
    assert {"botwo.toml", "there", path.partition("/")[0]} == {
        path.name for path in desk.folder.iterdir()
    }


@pytest.mark.parametrize(
    ("target", "key"), [("{plain}", "a.txt"), ("{plain}/to/", "to/a.txt"), ("{plain}/b", "b")]
)
def test_an_object_is_copied_between_stores(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, target: str, key: str
) -> None:
    """A copy between stores has the source's bytes and content type."""
    desk.put(desk.moved, "in/a.txt", b"over", ContentType="text/x-test")
    target = f"s3://{target.format(plain=desk.plain)}"

    ran = desk.call(monkeypatch, "cp", f"s3://{desk.moved}/in/a.txt", target)

    line = f"s3://{desk.moved}/in/a.txt -> s3://{desk.plain}/{key}\n"
    assert Ran(status=0, output=line, errors="") == ran
    assert {key: b"over"} == desk.found(desk.at_a, desk.plain)
    assert "text/x-test" == desk.at_a.head_object(Bucket=desk.plain, Key=key)["ContentType"]


def test_a_folder_goes_up_and_over_and_comes_down(
    any_desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A folder that goes up, over to the other store and down again is the folder that it was."""
    desk = any_desk
    files = {"one": b"1", "in/two": b"2" * 100_000, "in/the/deep/three": b"", "ümlaut x.csv": b"4"}
    for name, body in files.items():
        (desk.folder / "up" / name).parent.mkdir(parents=True, exist_ok=True)
        (desk.folder / "up" / name).write_bytes(body)

    ran = [
        desk.call(monkeypatch, "cp", "--recursive", *way)
        for way in [
            ("up", f"s3://{desk.moved}/x"),
            (f"s3://{desk.moved}/x", f"s3://{desk.plain}/y/"),
            (f"s3://{desk.plain}/y", "down"),
        ]
    ]

    assert [(0, 4, "")] * 3 == [(it.status, it.output.count("\n"), it.errors) for it in ran]
    down = desk.folder / "down"
    assert files == {
        path.relative_to(down).as_posix(): path.read_bytes()
        for path in down.rglob("*")
        if path.is_file()
    }


def test_a_long_object_goes_up_and_over_and_comes_down(any_desk: Desk) -> None:
    """What takes several parts each way comes down as it was."""
    desk = any_desk
    body = os.urandom(1024) * 1024 * 40
    (desk.folder / "up.bin").write_bytes(body)

    ran = [
        desk.run("cp", *way)
        for way in [
            ("up.bin", f"s3://{desk.moved}"),
            (f"s3://{desk.moved}/up.bin", f"s3://{desk.plain}/over.bin"),
            (f"s3://{desk.plain}/over.bin", "down.bin"),
        ]
    ]

    assert [(0, "")] * 3 == [(it.status, it.errors) for it in ran]
    assert body == (desk.folder / "down.bin").read_bytes()
    head = desk.at_a.head_object(Bucket=desk.plain, Key="over.bin")
    assert "application/octet-stream" == head["ContentType"]


def test_a_copy_between_stores_keeps_metadata_and_tags(
    tmp_path: Path, moto_a: Server, moto_b: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Metadata and tags go along to another store, of a long object too."""
    desk = Desk(folder=tmp_path, a=moto_a, b=moto_b)
    long = b"x" * 40 * 1024 * 1024
    for key, body in (("short", b"x"), ("long", long)):
        desk.put(desk.moved, key, body, Metadata={"colour": "blue"}, Tagging="team=a")

    ran = desk.call(monkeypatch, "cp", "-r", f"s3://{desk.moved}", f"s3://{desk.plain}")

    assert (0, "") == (ran.status, ran.errors)
    for key in ("short", "long"):
        named = {"Bucket": desk.plain, "Key": key}
        assert {"colour": "blue"} == desk.at_a.head_object(**named)["Metadata"]
        tags = desk.at_a.get_object_tagging(**named)["TagSet"]
        assert [{"Key": "team", "Value": "a"}] == tags


def test_standard_input_and_output(desk: Desk) -> None:
    """`-` is standard input or output, which are streamed."""
    body = os.urandom(1024) * 1024 * 20

    up = desk.run("cp", "-", f"s3://{desk.moved}/dump.csv", said=body)
    with desk.start("cp", f"s3://{desk.moved}/dump.csv", "-") as process:
        down, errors = process.communicate(timeout=100)

    assert Ran(status=0, output=f"- -> s3://{desk.moved}/dump.csv\n", errors="") == up
    assert (0, b"") == (process.returncode, errors)
    assert body == down
    head = desk.at_b.head_object(Bucket=desk.repo, Key="main/dump.csv")
    assert "text/csv" == head["ContentType"]


def test_a_slow_standard_input_is_read_to_its_end(desk: Desk) -> None:
    """What comes in pieces smaller than a part is one object."""
    with desk.start("cp", "-", f"s3://{desk.moved}/slow", stdin=-1) as process:
        assert process.stdin
        for piece in (b"one ", b"two ", b"three"):
            process.stdin.write(piece)
            process.stdin.flush()
        process.stdin.close()
        process.stdin = None
        ran = ended(process)

    assert (0, "") == (ran.status, ran.errors)
    assert {"main/slow": b"one two three"} == desk.found(desk.at_b, desk.repo)


@pytest.mark.parametrize("key", ["../out", "in/../../out", "/out", "in//out", "./out", "in/.."])
def test_a_key_does_not_lead_out_of_the_folder(
    tmp_path: Path, moto_a: Server, moto_b: Server, monkeypatch: pytest.MonkeyPatch, key: str
) -> None:
    """A key that is no path within the target folder is refused, and the others come down."""
    (tmp_path / "desk").mkdir()
    desk = Desk(folder=tmp_path / "desk", a=moto_a, b=moto_b)
    desk.put(desk.plain, f"x/{key}")
    desk.put(desk.plain, "x/well")

    ran = desk.call(monkeypatch, "cp", "--recursive", f"s3://{desk.plain}/x/", "down")

    assert 1 == ran.status
    assert ran.errors == (
        f"botwo: s3://{desk.plain}/x/{key} -> down/{key}: the key's part {key!r} is no path within "
        "a folder: copy the object by itself, to a path of your own\n"
    )
    assert ["well"] == [path.name for path in tmp_path.rglob("*") if path.name in ("out", "well")]


def test_a_key_that_moves_the_cursor_is_shown_harmless(
    tmp_path: Path, moto_a: Server, moto_b: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A control character in a key reaches the terminal as an escape."""
    desk = Desk(folder=tmp_path, a=moto_a, b=moto_b)
    desk.put(desk.plain, "a\x1b[2Jb")

    ran = desk.call(monkeypatch, "cp", "--recursive", f"s3://{desk.plain}", f"s3://{desk.moved}")

    assert 0 == ran.status
    assert f"s3://{desk.plain}/a\\x1b[2Jb -> s3://{desk.moved}/a\\x1b[2Jb\n" == ran.output


def test_objects_that_stand_for_folders(
    tmp_path: Path, moto_a: Server, moto_b: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An empty object that stands for a folder goes to another store, and is no file."""
    desk = Desk(folder=tmp_path, a=moto_a, b=moto_b)
    desk.put(desk.plain, "in/", b"")
    desk.put(desk.plain, "in/a", b"a")

    over = desk.call(monkeypatch, "cp", "-r", f"s3://{desk.plain}", f"s3://{desk.moved}")
    down = desk.call(monkeypatch, "cp", "-r", f"s3://{desk.plain}", "down")

    assert (0, 0) == (over.status, down.status)
    assert {"main/in/": b"", "main/in/a": b"a"} == desk.found(desk.at_b, desk.repo)
    assert f"s3://{desk.plain}/in/a -> down/in/a\n" == down.output


def test_a_file_that_changes_while_it_goes_up_is_told(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What may be a mixture of two contents is not reported as done."""
    file = desk.folder / "a.txt"
    file.write_bytes(b"before")
    plain = transfers._identity
    seen: list[str] = []

    def changed(path: str) -> tuple[int, ...]:
        found = plain(path)
        if not seen:
            file.write_bytes(b"after that")
        seen.append(path)
        return found

    monkeypatch.setattr(transfers, "_identity", changed)

    ran = desk.call(monkeypatch, "cp", "a.txt", f"s3://{desk.moved}")

    assert (1, "") == (ran.status, ran.output)
    assert "changed while it was copied" in ran.errors


def test_a_terminal_that_cannot_show_a_key_stops_nothing(desk: Desk) -> None:
    """Keys that an encoding does not have are shown by their numbers."""
    for key in ("a\u6f22", "b"):
        desk.put(desk.plain, key)
    desk.secrets["PYTHONIOENCODING"] = "latin-1"

    ran = desk.run("rm", "-r", f"s3://{desk.plain}/")

    assert (0, "") == (ran.status, ran.errors)
    assert {f"deleted s3://{desk.plain}/{key}" for key in ("a\\u6f22", "b")} == set(
        ran.output.splitlines()
    )


def test_a_closed_output_is_an_error(desk: Desk) -> None:
    """What cannot be said to anyone is not done and forgotten."""
    command = shlex.join([sys.executable, "-m", "botwo", "ls", f"s3://{desk.plain}/"])

    done = subprocess.run(
        ["sh", "-c", f"{command} >&-"],
        cwd=desk.folder,
        env={**os.environ, **desk.secrets},
        capture_output=True,
        text=True,
        check=False,
    )

    told = "botwo: standard output is closed (see botwo --help)\n"
    assert (2, told) == (done.returncode, done.stderr)


@pytest.mark.parametrize("moves", ["\x1b[31m", "\u202e", "\u2028"])
def test_what_moves_the_cursor_is_harmless_in_an_error(
    capsys: pytest.CaptureFixture[str], moves: str
) -> None:
    """An error that tells a name shows what is in it, and a line of it stays one."""
    complain(f"no such key: a{moves}b")

    assert f"botwo: no such key: a{repr(moves)[1:-1]}b\n" == capsys.readouterr().err


def test_what_fails_stops_nothing_else(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of several objects one that fails is told, the others are copied, and the status is 1."""
    for key in ("a", "b", "c"):
        desk.put(desk.moved, key, key.encode())
    (desk.folder / "down" / "b").mkdir(parents=True)

    ran = desk.call(monkeypatch, "cp", "--recursive", "-q", f"s3://{desk.moved}", "down")

    assert (1, "") == (ran.status, ran.output)
    assert ran.errors.startswith(f"botwo: s3://{desk.moved}/b -> down/b: ")
    assert "Is a directory" in ran.errors
    assert 1 == ran.errors.count("\n")
    assert {"a", "b", "c"} == {path.name for path in (desk.folder / "down").iterdir()}


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        (["x", "s3://{plain}"], "x: No such file or directory"),
        (["-r", "x", "s3://{plain}"], "x: No such file or directory"),
        (["-r", "s3://{plain}/x", "y"], "s3://{plain}/x: there is nothing in it"),
        (["-r", "s3://{plain}", "botwo.toml"], "botwo.toml: is no folder"),
        (
            ["s3://{plain}/x", "y"],
            (
                "s3://{plain}/x -> y: An error occurred (404) when calling the HeadObject "
                "operation: Not Found (routed by mapping[1] to client 'a' as HeadObject of "
                "{plain}/x at {a})"
            ),
        ),
        (
            ["botwo.toml", "s3://no-such-bucket/"],
            (
                "botwo.toml -> s3://no-such-bucket/botwo.toml: An error occurred (NoSuchBucket) "
                "when calling the PutObject operation: The specified bucket does not exist "
                "(routed by mapping[1] to "
                "client 'a' as PutObject of no-such-bucket/botwo.toml at {a})"
            ),
        ),
    ],
)
def test_what_cannot_be_copied(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, arguments: list[str], error: str
) -> None:
    """What fails is told in one line, with status 1, and leaves nothing."""
    named = {"plain": desk.plain, "a": desk.a.options()["endpoint_url"]}
    arguments = [argument.format(**named) for argument in arguments]

    ran = desk.call(monkeypatch, "cp", *arguments)

    assert Ran(status=1, output="", errors=f"botwo: {error.format(**named)}\n") == ran
    assert ["botwo.toml"] == [path.name for path in desk.folder.iterdir()]


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        (["a", "b"], "one of SOURCE and TARGET has to be a name like s3://bucket/key"),
        (["-", "-"], "one of SOURCE and TARGET has to be a name like s3://bucket/key"),
        (["s3://", "b"], "'s3://' is no name like s3://bucket/key"),
        (["s3:///k", "b"], "'s3:///k' is no name like s3://bucket/key"),
        (["", "s3://b"], "an empty path names nothing"),
        (["s3://b/in/", "."], "s3://b/in/ is no object's name: add --recursive to copy all"),
        (["s3://b", "."], "s3://b/ is no object's name: add --recursive to copy all"),
        ([".", "s3://b"], ". is a folder: add --recursive to copy all"),
        (["-", "s3://b/in/"], "s3://b/in/ needs a key: standard input has no name to add"),
        (["-r", "-", "s3://b/in/"], "'-' is one object: it does not go with --recursive"),
        (["-r", "s3://b/a", "s3://b/a/c"], "s3://b/a/c/ lies in s3://b/a/: the copy would copy"),
        (["-r", "s3://b", "s3://b"], "s3://b/ lies in s3://b/: the copy would copy"),
        (["a"], "Missing argument 'TARGET'."),
    ],
)
def test_what_is_no_copy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str], error: str
) -> None:
    """A wrong use is told in one line, with status 2, before a config file is read."""
    monkeypatch.chdir(tmp_path)

    ran = called("cp", *arguments)

    assert (2, "") == (ran.status, ran.output)
    assert ran.errors.startswith(f"botwo: {error}")
    assert 1 == ran.errors.count("\n")


def test_a_link_that_leads_back_ends_the_copy(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """A link to a folder is followed, and one that leads back is told."""
    (desk.folder / "up" / "in").mkdir(parents=True)
    (desk.folder / "up" / "in" / "loop").symlink_to(desk.folder / "up")
    (desk.folder / "up" / "in" / "link").symlink_to(desk.folder / "botwo.toml")

    ran = desk.call(monkeypatch, "cp", "-r", "up", f"s3://{desk.moved}")

    assert 1 == ran.status
    told = "botwo: up/in/loop: the link leads back to a folder that it lies in\n"
    assert told == ran.errors


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this platform has no pipes in folders")
def test_what_is_no_file(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """A pipe among the files is told, and never waited for."""
    (desk.folder / "up").mkdir()
    os.mkfifo(desk.folder / "up" / "pipe")

    ran = desk.call(monkeypatch, "cp", "-r", "up", f"s3://{desk.moved}")

    assert stat.S_ISFIFO((desk.folder / "up" / "pipe").stat().st_mode)
    told = "botwo: up/pipe: is no file whose bytes could be copied\n"
    assert Ran(status=1, output="", errors=told) == ran


def test_a_file_name_that_is_no_text(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file whose name is no UTF-8 is told: no key can be it."""
    (desk.folder / "up").mkdir()
    (desk.folder / "up" / os.fsdecode(b"\xff")).touch()

    ran = desk.call(monkeypatch, "cp", "-r", "up", f"s3://{desk.moved}")

    assert (1, "") == (ran.status, ran.output)
    assert "botwo: b'up/\\xff': the name is no UTF-8, which a key is\n" == ran.errors
