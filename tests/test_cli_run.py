"""`botwo run` becomes the program it is given, and what belongs to no store."""

from __future__ import annotations

import json
import os
import re
import shlex
import signal
import subprocess
import sys
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from command_line import Desk, Ran, called
from servers import ensure, reset
from typer.testing import CliRunner

from botwo._cli import check, commands, cp, explain, ls, rm, run
from botwo._cli.commands import app

if TYPE_CHECKING:
    from servers import Server

COMMANDS = ["check", "explain", "ls", "cp", "rm", "run", "schema", "demo"]
EXAMPLES = [
    line
    for module in (check, explain, ls, cp, rm, run)
    for line in module.EXAMPLES.splitlines()
    if "botwo" in line
]
JOB = """
import sys, boto3
s3 = boto3.client("s3")
s3.put_object(Bucket=sys.argv[1], Key="from/job", Body=b"routed")
print(s3.list_objects_v2(Bucket=sys.argv[1])["Contents"][0]["Key"])
"""


@pytest.fixture
def desk(tmp_path: Path, moto_a: Server, moto_b: Server) -> Desk:
    """A desk over two servers, whose client a is the program's own."""
    desk = Desk(folder=tmp_path, a=moto_a, b=moto_b)
    text = (tmp_path / "botwo.toml").read_text()
    desk.write("[clients.a]\napplication = true\n" + text[text.index("[clients.b]") :])
    desk.secrets |= {
        "AWS_ENDPOINT_URL_S3": moto_a.endpoint_url,
        "AWS_ACCESS_KEY_ID": moto_a.access_key,
        "AWS_SECRET_ACCESS_KEY": moto_a.secret_key,
        "AWS_DEFAULT_REGION": "us-east-1",
    }
    return desk


def test_a_program_is_routed(desk: Desk) -> None:
    """A program that knows nothing of botwo reads and writes where the rules say."""
    (desk.folder / "job.py").write_text(JOB)

    ran = [
        desk.run("run", "--", sys.executable, "job.py", bucket)
        for bucket in (desk.moved, desk.plain)
    ]

    assert [Ran(status=0, output="from/job\n", errors="")] * 2 == ran
    assert {"main/from/job": b"routed"} == desk.found(desk.at_b, desk.repo)
    assert {"from/job": b"routed"} == desk.found(desk.at_a, desk.plain)


def test_the_program_takes_the_command_s_place(desk: Desk) -> None:
    """It is the same process, has standard input, its own options and its own exit status."""
    script = "import os, sys; print(os.getpid(), sys.argv[1:], sys.stdin.read()); sys.exit(7)"

    with desk.start(
        "run", sys.executable, "-c", script, "--config", "-h", stdin=subprocess.PIPE
    ) as process:
        output, errors = process.communicate(b"said", timeout=60)

    assert f"{process.pid} ['--config', '-h'] said\n" == output.decode()
    assert (7, b"") == (process.returncode, errors)


@pytest.mark.skipif(os.name != "posix", reason="this platform has no such signals")
def test_the_program_has_the_usual_signals(desk: Desk) -> None:
    """It does not inherit what Python ignores: a program whose reader ends, ends."""
    script = "import signal; print(signal.getsignal(signal.SIGXFSZ), end=' ')"
    script = f'{shlex.quote(sys.executable)} -S -c "{script}" >/dev/null; kill -PIPE $$; echo alive'

    ran = desk.run("run", "--", "/bin/sh", "-c", script)

    assert ("", "") == (ran.output, ran.errors)
    assert -13 == ran.status


@pytest.mark.parametrize(
    ("program", "status", "error"),
    [
        ("no-such-program", 127, "no-such-program: there is no such program"),
        ("./no/such/program", 127, "./no/such/program: there is no such program"),
        ("./botwo.toml", 126, "./botwo.toml: cannot be executed: Permission denied"),
        (".", 126, ".: cannot be executed: Permission denied"),
        ("./empty", 126, "./empty: cannot be executed: Exec format error"),
    ],
)
def test_no_program(desk: Desk, program: str, status: int, error: str) -> None:
    """Statuses are a shell's: 127 where there is no such program, 126 where it does not run."""
    (desk.folder / "empty").touch(mode=0o755)

    ran = desk.run("run", "--", program)

    assert Ran(status=status, output="", errors=f"botwo: {error}\n") == ran


def test_the_environment_is_printed(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is set is printed as a shell reads it, and no more than that."""
    config = desk.folder / "in a folder" / "stores.toml"
    config.parent.mkdir()
    (desk.folder / "botwo.toml").rename(config)

    ran = desk.call(monkeypatch, "run", "--print-environment", "--config", str(config))

    assert (0, "") == (ran.status, ran.errors)
    words = [shlex.split(line) for line in ran.output.splitlines()]
    assert ["export"] * 2 == [first for first, _ in words]
    found = dict(word.split("=", 1) for _, word in words)
    assert {"BOTWO_CONFIG", "PYTHONPATH"} == set(found)
    assert str(config) == found["BOTWO_CONFIG"]
    assert found["PYTHONPATH"].split(os.pathsep)[0].endswith("_startup")


@pytest.mark.parametrize("text", [None, "[clients"], ids=["missing", "broken"])
def test_a_shell_hears_of_an_environment_that_is_none(tmp_path: Path, text: str | None) -> None:
    """A script that evaluates what is printed, and ends at errors, does not go on unrouted."""
    config = tmp_path / "stores.toml"
    if text is not None:
        config.write_text(text)
    printed = shlex.join(
        [sys.executable, "-m", "botwo", "run", "--print-environment", "--config", str(config)]
    )

    script = f'set -e; eval "$({printed})"; echo went on'
    done = subprocess.run(["sh", "-c", script], capture_output=True, text=True, check=False)

    assert (1, "") == (done.returncode, done.stdout)
    assert str(config) in done.stderr


@pytest.mark.parametrize(
    ("command", "refused"),
    [
        (["python", "-I", "job.py"], True),
        (["/usr/bin/python3.11", "-uE", "job.py"], True),
        (["python3", "-u", "-Sc", "pass"], True),
        (["python3", "job.py", "-I"], False),
        (["python3", "-m", "job", "-E"], False),
        (["python3", "-c", "-I"], False),
        (["python3", "-mIES"], False),
        (["ls", "-I"], False),
    ],
)
def test_a_python_that_would_not_be_routed_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: list[str], refused: bool
) -> None:
    """A Python that is told to look at no PYTHONPATH is not begun, for it would not be routed."""
    begun: list[list[str]] = []
    monkeypatch.setattr(run, "_become", lambda words, _: begun.append(words))
    config = tmp_path / "botwo.toml"
    config.touch()

    ran = called("run", "--config", str(config), "--", *command)

    expected = (1, []) if refused else (0, [command])
    assert expected == (ran.status, begun)
    assert refused == ("would not be routed" in ran.errors)


def test_a_program_without_a_name_is_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An empty command is told like any other that is not there."""
    config = tmp_path / "botwo.toml"
    config.touch()

    ran = called("run", "--config", str(config), "--", "")

    assert (127, "") == (ran.status, ran.output)
    assert "there is no such program" in ran.errors


@pytest.mark.skipif(not hasattr(signal, "SIGPIPE"), reason="this system has no such signal")
def test_what_began_nothing_ignores_what_python_ignores(tmp_path: Path) -> None:
    """Where no program could be begun, a broken pipe does not end this one by a signal."""
    config = tmp_path / "botwo.toml"
    config.touch()
    before = signal.getsignal(signal.SIGPIPE)

    called("run", "--config", str(config), "--", "")

    assert signal.SIG_IGN == before == signal.getsignal(signal.SIGPIPE)


@pytest.mark.parametrize("arguments", [[], ["--print-environment", "ls"]])
def test_nothing_to_run(arguments: list[str]) -> None:
    """Without a program there is nothing to run, which is a wrong use."""
    ran = called("run", *arguments)

    told = "botwo: give a COMMAND to run, or --print-environment (see botwo run --help)\n"
    assert Ran(status=2, output="", errors=told) == ran


def test_a_config_file_that_is_not_there(monkeypatch: pytest.MonkeyPatch) -> None:
    """A program is not begun with a config file that is not there."""
    monkeypatch.delattr(run, "_become")

    ran = called("run", "--config", "/no/such.toml", "--", "ls")

    told = "botwo: /no/such.toml: there is no such config file\n"
    assert Ran(status=1, output="", errors=told) == ran


@pytest.mark.parametrize("arguments", [["run", "ls"], ["ls"], ["check"], ["explain", "s3://b/k"]])
def test_no_config_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str]
) -> None:
    """Without a config file a command fails, and says where it looked."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    monkeypatch.setenv("HOME", str(tmp_path))

    ran = called(*arguments)

    assert (1, "") == (ran.status, ran.output)
    assert ran.errors.startswith("botwo: 1 problem in ")
    assert str(tmp_path / "botwo.toml") in ran.errors


def test_the_schema_is_printed() -> None:
    """The schema that is shipped is printed whole."""
    ran = called("schema")

    assert (0, "") == (ran.status, ran.errors)
    shipped = files("botwo").joinpath("botwo.schema.json").read_text("utf-8")
    assert json.loads(shipped) == json.loads(ran.output)


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help(command: str) -> None:
    """Each command says what it does, within 80 columns."""
    result = CliRunner(env={"COLUMNS": "80", "NO_COLOR": "1"}).invoke(app, [command, "--help"])

    assert 0 == result.exit_code
    assert f"Usage: botwo {command} [OPTIONS]" in result.output
    assert max(map(len, result.output.splitlines())) <= 80
    assert ("Examples:" in result.output) == (command not in ("schema", "demo"))


def test_the_help_names_every_command() -> None:
    """The list of commands is what this file knows."""
    names = [command.callback.__name__ for command in commands.app.registered_commands]  # type: ignore[union-attr]

    assert COMMANDS == names


@pytest.mark.parametrize("example", EXAMPLES)
def test_examples_are_commands(example: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each example of the help is taken by the command line: it fails for want of a config only."""
    monkeypatch.setenv("BOTWO_CONFIG", "there-is-none")
    monkeypatch.delattr(run, "_become")
    found = re.search(r"botwo ([^|)]+)", example)
    assert found
    arguments = [word for word in shlex.split(found[1]) if word != "stores.toml"]
    arguments = [word for word in arguments if word != "--config"]
    monkeypatch.chdir(Path(__file__).parent.parent)

    ran = called(*arguments)

    assert ran.status in (0, 1), ran


def test_the_readme_s_commands_do_what_they_say(
    tmp_path: Path, moto_a: Server, moto_b: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The README's commands run in order, over a config file like the README's."""
    reset(moto_b)
    desk = Desk(folder=tmp_path, a=moto_a, b=moto_b)
    names = [(desk.moved, "bucket-a"), (desk.repo, "bucket-a")]
    text = (tmp_path / "botwo.toml").read_text()
    for old, new in names:
        text = text.replace(old, new)
    desk.write(text)
    ensure(desk.at_a, "test-bucket")
    ensure(desk.at_b, "bucket-a")
    desk.put("test-bucket", "old/a.csv")
    desk.at_b.put_object(Bucket="bucket-a", Key="main/there", Body=b"")
    (tmp_path / "x.csv").write_text("1,2")
    (tmp_path / "legacy_job.py").write_text("print('done')")
    readme = (Path(__file__).parent.parent / "README.md").read_text()
    section = readme[readme.index("## Command line") :]
    block = section[section.index("```sh\n") + 6 : section.index("```\n")]
    lines = [shlex.split(line, comments=True) for line in block.splitlines()]
    commands = [words[1:] for words in lines if words]

    ran = [
        desk.run("run", "--", sys.executable, *command[3:])
        if command[0] == "run"
        else desk.call(monkeypatch, *command)
        for command in commands
    ]

    assert ["check", "explain", "ls", "cp", "cp", "rm", "run"] == [it[0] for it in commands]
    assert [(0, "")] * 7 == [(it.status, it.errors) for it in ran]
    moved = desk.found(desk.at_b, "bucket-a")
    assert {"main/there": b"", "main/2026/x.csv": b"1,2", "main/old/a.csv": b"body"} == moved
    assert "old/a.csv" not in desk.found(desk.at_a, "test-bucket")


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        (["chek"], "No such command 'chek'"),
        (["ls", "--recursiv"], "No such option: --recursiv"),
        (["cp"], "Missing argument 'SOURCE'."),
        (["check", "--config"], "Option '--config' requires an argument."),
        (["ls", "a", "b"], "Got unexpected extra argument"),
    ],
)
def test_a_wrong_use_is_told_in_one_line(arguments: list[str], error: str) -> None:
    """What the command line does not take is told in one line, with the help to see, status 2."""
    ran = called(*arguments)

    assert (2, "") == (ran.status, ran.output)
    assert ran.errors.startswith(f"botwo: {error}")
    assert re.search(r" \(see botwo[a-z ]* --help\)\n$", ran.errors)
    assert 1 == ran.errors.count("\n")


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completions(tmp_path: Path, shell: str) -> None:
    """A shell that asks for completions gets the commands."""
    environment = {
        **os.environ,
        "_BOTWO_COMPLETE": f"complete_{shell}",
        "COMP_WORDS": "botwo ex",
        "COMP_CWORD": "1",
        "_TYPER_COMPLETE_ARGS": "botwo ex",
        "_TYPER_COMPLETE_FISH_ACTION": "get-args",
    }

    done = subprocess.run(
        [sys.executable, "-W", "error", "-m", "botwo"],
        env=environment, cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip

    assert "" == done.stderr
    assert "explain" in done.stdout
    assert "check" not in done.stdout


def test_a_fault_of_botwo_keeps_its_traceback(monkeypatch: pytest.MonkeyPatch) -> None:
    """An error that no command expects is not made into one line."""
    monkeypatch.setattr("botwo.load", lambda path: {}[path])

    with pytest.raises(KeyError):
        called("ls")


def test_an_abort_is_an_interrupt(monkeypatch: pytest.MonkeyPatch) -> None:
    """An interrupt wherever a command is ends it with status 130 and one line."""

    def load(path: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("botwo.load", load)

    assert Ran(status=130, output="", errors="botwo: interrupted\n") == called("ls")
