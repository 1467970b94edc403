"""What every test shares: a machine without settings, loopback alone, and stores to talk to."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from fnmatch import fnmatchcase
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import boto3
import hypothesis
import pytest
from both_runners import SUITES
from servers import Server, moto, rclone

# Every run of `default`, `few`, `ci` and `law` of the same files, installed the same way, tries the
# same examples; some are drawn from constants of the code that lies outside of site-packages.
# `deep` looks for new ones.
hypothesis.settings.register_profile(
    "default", max_examples=100, deadline=None, derandomize=True, print_blob=True
)
hypothesis.settings.register_profile(
    "few", hypothesis.settings.get_profile("default"), max_examples=25
)
hypothesis.settings.register_profile(
    "ci", hypothesis.settings.get_profile("default"), max_examples=300
)
hypothesis.settings.register_profile(
    "law", hypothesis.settings.get_profile("default"), max_examples=2_000
)
hypothesis.settings.register_profile(
    "deep",
    max_examples=2_000,
    deadline=None,
    print_blob=True,
    suppress_health_check=[hypothesis.HealthCheck.too_slow],
)
hypothesis.settings.load_profile("default")

Report = Callable[[str], None]

_SERVERS = frozenset(
    "moto_plain moto_a moto_b exact_plain exact_a exact_b exact_c rclone_a rclone_b".split()
)
_NO_SUITE: dict[str, str] = {}
_lines = pytest.StashKey[list[str]]()


def pytest_configure(config: pytest.Config) -> None:
    """Keep the lines that tests report until the run ends."""
    config.stash[_lines] = []


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark a test that asks for a server, before `-m` chooses among the tests."""
    for item in items:
        if _SERVERS.intersection(getattr(item, "fixturenames", ())):
            item.add_marker("servers")
        for pattern, reason in _suite(item.path).items():
            if fnmatchcase(item.name, pattern) and item.get_closest_marker("aio"):
                item.add_marker(pytest.mark.skip(reason=reason))


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run the tests of some suites twice; see `both_runners`."""
    if _suite(Path(metafunc.module.__file__)) is not _NO_SUITE:
        runners: list[Any] = ["sync"]
        if find_spec("aiobotocore"):  # as tests/aio are left out without it
            runners.append(pytest.param("aio", marks=pytest.mark.aio))
        metafunc.parametrize("_runner", runners, indirect=True, scope="module")


def _suite(path: Path) -> dict[str, str]:
    name = path.relative_to(Path(__file__).parent).with_suffix("").as_posix()
    return SUITES.get(name, _NO_SUITE)


@pytest.fixture(scope="module", autouse=True)
def _runner(request: pytest.FixtureRequest) -> Iterator[None]:
    """Let `botwo.client` be one of an event loop, whose calls block, where a test runs so."""
    if getattr(request, "param", "sync") == "sync":
        yield
        return
    from blocking import as_botwo_client

    with pytest.MonkeyPatch.context() as patch, as_botwo_client(patch):
        yield


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    """Print what tests reported, in one order whatever order they ran in."""
    lines = config.stash[_lines]
    if lines:
        terminalreporter.section("reported by tests")
        for line in sorted(lines):
            terminalreporter.line(line)


@pytest.fixture(scope="session")
def report(pytestconfig: pytest.Config) -> Report:
    """Print a line at the end of the run: `report("names: 512 cases")`."""
    return pytestconfig.stash[_lines].append


def _forget_settings(monkeypatch: pytest.MonkeyPatch, nowhere: Path) -> None:
    for name in list(os.environ):
        if name.startswith(("AWS_", "BOTWO_")) or name.upper().endswith("_PROXY"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(nowhere))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(nowhere))
    # botocore also looks for credentials in Boto 2's files: BOTO_CONFIG names the only one then.
    monkeypatch.setenv("BOTO_CONFIG", str(nowhere))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setattr(boto3, "DEFAULT_SESSION", None)


@pytest.fixture(scope="session")
def _nowhere(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.getbasetemp() / "there-is-no-such-file"


@pytest.fixture(scope="session", autouse=True)
def _no_settings_in_this_run(_nowhere: Path) -> Iterator[None]:
    """Hide this machine's settings from fixtures that outlive one test."""
    with pytest.MonkeyPatch.context() as monkeypatch:
        _forget_settings(monkeypatch, _nowhere)
        yield


@pytest.fixture(autouse=True)
def _no_settings_in_this_test(monkeypatch: pytest.MonkeyPatch, _nowhere: Path) -> None:
    """Hide what another test may have left behind."""
    _forget_settings(monkeypatch, _nowhere)


@pytest.fixture(scope="session")
def moto_plain() -> Iterator[Server]:
    """The store of the plain client that a routed one is compared with."""
    with moto() as server:
        yield server


@pytest.fixture(scope="session")
def moto_a() -> Iterator[Server]:
    """The first store behind a routed client."""
    with moto() as server:
        yield server


@pytest.fixture(scope="session")
def moto_b() -> Iterator[Server]:
    """The second store behind a routed client."""
    with moto() as server:
        yield server


@pytest.fixture(scope="session")
def exact_plain() -> Iterator[Server]:
    """The store of the plain client, whose listings are S3's."""
    with moto(exact=True, smallest_part=0) as server:
        yield server


@pytest.fixture(scope="session")
def exact_a() -> Iterator[Server]:
    """The first store behind a routed client, whose listings are S3's."""
    with moto(exact=True, smallest_part=0) as server:
        yield server


@pytest.fixture(scope="session")
def exact_b() -> Iterator[Server]:
    """The second store behind a routed client, whose listings are S3's."""
    with moto(exact=True, smallest_part=0) as server:
        yield server


@pytest.fixture(scope="session")
def exact_c() -> Iterator[Server]:
    """The third store behind a routed client, whose listings are S3's."""
    with moto(exact=True, smallest_part=0) as server:
        yield server


@pytest.fixture(scope="session")
def rclone_a(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The first store behind a routed client, served from a folder."""
    with rclone(tmp_path_factory.mktemp("rclone-a")) as server:
        yield server


@pytest.fixture(scope="session")
def rclone_b(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The second store behind a routed client, served from a folder."""
    with rclone(tmp_path_factory.mktemp("rclone-b")) as server:
        yield server
