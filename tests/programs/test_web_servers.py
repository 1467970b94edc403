"""Web servers, unchanged, whose workers are processes of their own, serve over a mapping."""

from __future__ import annotations

import re
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import IO

import pytest
from programs.places import JOBS, Places

pytestmark = [pytest.mark.programs]

_ADDRESS = re.compile(r"http://127\.0\.0\.1:\d+")
_AT_ONCE = 8
_GUNICORN = ["gunicorn", "--bind", "127.0.0.1:0", "--workers", "2", "--chdir", str(JOBS)]
_UVICORN = ["uvicorn", "--port", "0", "--workers", "2", "--app-dir", str(JOBS)]
_COMMANDS = {
    "gunicorn": [*_GUNICORN, "web:wsgi"],
    "gunicorn that loads the program before it forks": [*_GUNICORN, "--preload", "web:wsgi"],
    "uvicorn": [*_UVICORN, "--no-access-log", "--lifespan", "off", "web:asgi"],
}


@contextmanager
def _served(places: Places, command: list[str]) -> Iterator[str]:
    """Run a web server whose workers all serve, and give its address."""
    process = places.routed.start(*command)
    assert process.stderr is not None
    try:
        url = _address(process.stderr)
        _wait_for_workers(url)
        yield url
    finally:
        process.terminate()
        process.communicate(timeout=30)


def _address(log: IO[str]) -> str:
    lines = []
    for line in log:
        lines.append(line)
        said = _ADDRESS.search(line)
        if said:
            return said[0]
    raise AssertionError(f"no server; its log:\n{''.join(lines)}")


def _wait_for_workers(url: str) -> None:
    """Ask until both workers have answered: a server has an address before it has workers."""
    deadline = time.monotonic() + 60
    seen: set[str] = set()
    while len(seen) < 2:
        assert time.monotonic() < deadline, f"workers that answered: {len(seen)}"
        try:
            seen.update(worker for worker, _ in _asked(url, ["ready"] * _AT_ONCE))
        except urllib.error.URLError as error:
            if not isinstance(error.reason, ConnectionRefusedError):
                raise
            time.sleep(0.05)


def _asked(url: str, names: list[str]) -> list[tuple[str, str]]:
    """Ask for paths, several at once: which worker answered each, and what."""
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        return list(pool.map(_ask, (f"{url}/{name}" for name in names)))


def _ask(url: str) -> tuple[str, str]:
    with urllib.request.urlopen(url, timeout=60) as answer:
        return answer.headers["X-Worker"], answer.read().decode()


@pytest.mark.parametrize("server", _COMMANDS)
def test_every_worker_of_a_web_server_is_routed(places: Places, server: str) -> None:
    """Two workers at the same time write to and read from two stores, each what it was asked."""
    names = [
        f"{folder}/{number}"
        for number in range(40)
        for folder in ("warehouse/raw", "landing/archive", "landing/today")
    ]

    with _served(places, _COMMANDS[server]) as url:
        answers = _asked(url, names)

    assert [f"/{name}" for name in names] == [content for _, content in answers]
    assert 2 == len({worker for worker, _ in answers})
    assert sorted(names) == sorted([*places.stayed(), *places.moved()])
    assert 40 == len(places.stayed())
