"""Real S3 servers for tests: each a process of its own, on loopback, with its own credentials.

Nobody picks a port beforehand: a server binds port 0 and its log says which one it was given, so
no other process can take the port in between.
"""

from __future__ import annotations

import http.client
import os
import re
import secrets
import shutil
import socket
import subprocess
import sys
import sysconfig
import tempfile
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import boto3.session
from botocore.config import Config
from botocore.exceptions import ClientError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from types_boto3_s3.client import S3Client

START_SECONDS = 30.0
STOP_SECONDS = 5.0

_ADDRESS = re.compile(r"http://127\.0\.0\.1:(\d+)")
_INHERITED = ("HOME", "LANG", "LD_LIBRARY_PATH", "PATH", "SYSTEMROOT", "TEMP", "TMP", "TMPDIR")
_CONFIG = Config(
    s3={"addressing_style": "path"},
    retries={"mode": "standard", "total_max_attempts": 2},
    connect_timeout=5,
    read_timeout=30,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """A store that runs: where it listens and whom it lets in."""

    endpoint_url: str
    access_key: str
    secret_key: str = field(repr=False)
    pid: int

    def options(self, **options: Any) -> dict[str, Any]:
        """What to pass to `boto3.client("s3", …)` to reach this server; `options` come on top.

        A `config` among them is merged into ours, member by member.
        """
        config = options.pop("config", None)
        return {
            "endpoint_url": self.endpoint_url,
            "region_name": "us-east-1",
            "aws_access_key_id": self.access_key,
            "aws_secret_access_key": self.secret_key,
            "config": _CONFIG if config is None else _CONFIG.merge(config),
            **options,
        }

    def client(self, **options: Any) -> S3Client:
        """A plain boto3 client of this server, made by a session of its own."""
        client: S3Client = boto3.session.Session().client("s3", **self.options(**options))
        return client


@contextmanager
def moto(*, smallest_part: int = 5 * 1024 * 1024, exact: bool = False) -> Iterator[Server]:
    """Run moto: the widest S3 API, one state for each process; it checks no signature.

    Args:
        smallest_part: How small a part of an upload may be that is not the last.
        exact: Whether its listings and copies are corrected to be S3's; see `exact_moto`.
    """
    command = [sys.executable, "-m", "moto.server", "--host", "127.0.0.1", "--port", "0"]
    if exact:
        command = [sys.executable, str(Path(__file__).with_name("exact_moto.py")), "0"]
    settings = {"S3_UPLOAD_PART_MIN_SIZE": str(smallest_part)}
    with _serving(command, _credentials(), settings) as server:
        yield server


@contextmanager
def rclone(folder: Path) -> Iterator[Server]:
    """Run `rclone serve s3` over a folder, whose subfolders are buckets; it checks signatures."""
    program = shutil.which("rclone", path=sysconfig.get_path("scripts")) or "rclone"
    access_key, secret_key = _credentials()
    command = [program, "serve", "s3", "--addr", "127.0.0.1:0"]
    command += ["--auth-key", f"{access_key},{secret_key}", "--config", "", str(folder)]
    with _serving(command, (access_key, secret_key)) as server:
        yield server


def reset(server: Server) -> None:
    """Empty a moto server: every bucket and every upload is gone."""
    connection = http.client.HTTPConnection(urlsplit(server.endpoint_url).netloc, timeout=10)
    try:
        connection.request("POST", "/moto-api/reset")
        answer = connection.getresponse()
        answer.read()
    finally:
        connection.close()
    if answer.status != http.HTTPStatus.OK:
        raise RuntimeError(f"{server.endpoint_url} did not reset: it answered {answer.status}")


def ensure(client: S3Client, bucket: str) -> None:
    """Create a bucket that an earlier test may have created."""
    try:
        client.create_bucket(Bucket=bucket)
    except ClientError as error:
        if not error.response["Error"]["Code"].startswith("BucketAlready"):
            raise


def _credentials() -> tuple[str, str]:
    return f"KEY{secrets.token_hex(8).upper()}", secrets.token_hex(20)


@contextmanager
def _serving(
    command: Sequence[str],
    credentials: tuple[str, str],
    settings: Mapping[str, str] = MappingProxyType({}),
) -> Iterator[Server]:
    """Run a command as long as the caller needs the server that it is."""
    access_key, secret_key = credentials
    inherited = {name: os.environ[name] for name in _INHERITED if name in os.environ}
    environment = {**inherited, **settings}
    with tempfile.TemporaryDirectory(prefix="botwo-server-") as folder:
        log = Path(folder) / "log"
        with log.open("wb") as output:
            process = subprocess.Popen(
                command,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
            )
        try:
            yield Server(
                endpoint_url=_address(process, log),
                access_key=access_key,
                secret_key=secret_key,
                pid=process.pid,
            )
        finally:
            _stop(process)


def _address(process: subprocess.Popen[bytes], log: Path) -> str:
    """Wait until the server says where it listens and a connection is accepted there."""
    deadline = time.monotonic() + START_SECONDS
    while process.poll() is None and time.monotonic() < deadline:
        said = _ADDRESS.search(log.read_text(errors="replace"))
        if said and _accepts(int(said[1])):
            return said[0]
        time.sleep(0.02)
    state = "is silent" if process.returncode is None else f"exited with {process.returncode}"
    raise RuntimeError(f"a test server {state}; its log:\n{log.read_text(errors='replace')}")


def _accepts(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        return False
    return True


def _stop(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
