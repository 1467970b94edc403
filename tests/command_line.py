"""The `botwo` command over test servers: a config file for them, and runs of the command."""

from __future__ import annotations

import os
import subprocess
import sys
import uuid
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from servers import ensure
from typer.testing import CliRunner

from botwo._cli.commands import app

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    import pytest
    from faults import Proxy
    from servers import Server
    from types_boto3_s3.client import S3Client

SECONDS = 100
# What a transfer has open that breaks off, s3transfer leaves to Python to close.
_WARNINGS = ("-W", "error", "-W", "ignore::ResourceWarning")
_CLIENT = """
[clients.{name}]
type = "{type}"
endpoint_url = "{url}"
region_name = "us-east-1"
aws_access_key_id = "{id}"
aws_secret_access_key = "${{SECRET_{name}}}"
config = {{ s3 = {{ addressing_style = "path" }}, retries = {{ total_max_attempts = 2 }} }}
"""


@dataclass(frozen=True, kw_only=True)
class Ran:
    """How a run of the command ended."""

    status: int
    output: str
    errors: str


@dataclass(kw_only=True)
class Desk:
    """A folder with a config file over two stores, in which the command is run.

    The bucket `plain` lies in store a. The bucket `moved` is `repo` in store b, its keys lie under
    ``main/`` there.
    """

    folder: Path
    a: Server | Proxy
    b: Server | Proxy
    secrets: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        mark = uuid.uuid4().hex[:12]
        self.plain, self.moved, self.repo = (f"{it}-{mark}" for it in ("plain", "moved", "repo"))
        self.at_a: S3Client = self.a.client()
        self.at_b: S3Client = self.b.client()
        ensure(self.at_a, self.plain)
        ensure(self.at_b, self.repo)
        self.write(client("a", self.a) + client("b", self.b) + self.rules)
        for name, store in (("a", self.a), ("b", self.b)):
            self.secrets[f"SECRET_{name}"] = str(store.options()["aws_secret_access_key"])

    @property
    def rules(self) -> str:
        """The mapping as the file has it."""
        return (
            f'[[mapping]]\nbucket_name = "{self.moved}"\nclient = "b"\n'
            f'mapped_bucket_name = "{self.repo}"\nkey_prefix = "main/"\n'
        ) + rules("a")

    def write(self, text: str) -> None:
        """Write the config file."""
        (self.folder / "botwo.toml").write_text(text)

    def call(self, monkeypatch: pytest.MonkeyPatch, *arguments: str) -> Ran:
        """Run the command in this process."""
        monkeypatch.chdir(self.folder)
        return called(*arguments, env=self.secrets)

    def start(self, *arguments: str, **options: Any) -> subprocess.Popen[bytes]:
        """Start the command as a process of its own."""
        return subprocess.Popen(
            [sys.executable, *_WARNINGS, "-m", "botwo", *arguments],
            cwd=self.folder,
            env={**os.environ, **self.secrets},
            **{"stdin": subprocess.DEVNULL, "stdout": -1, "stderr": -1, **options},
        )

    def run(self, *arguments: str, said: bytes = b"") -> Ran:
        """Run the command as a process of its own."""
        with self.start(*arguments, stdin=subprocess.PIPE) as process:
            return ended(process, said)

    def put(self, bucket: str, key: str, body: bytes = b"body", **options: Any) -> None:
        """Put an object where the caller's name of it leads."""
        if bucket == self.moved:
            self.at_b.put_object(Bucket=self.repo, Key=f"main/{key}", Body=body, **options)
        else:
            self.at_a.put_object(Bucket=bucket, Key=key, Body=body, **options)

    def found(self, store: S3Client, bucket: str) -> dict[str, bytes]:
        """What a store's bucket holds."""
        listed = store.list_objects_v2(Bucket=bucket).get("Contents", [])
        return {
            entry["Key"]: store.get_object(Bucket=bucket, Key=entry["Key"])["Body"].read()
            for entry in listed
        }


def called(*arguments: str, env: Mapping[str, str] | None = None) -> Ran:
    """Run the command in this process."""
    result = CliRunner(env=env).invoke(app, arguments)
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    return Ran(status=result.exit_code, output=result.stdout, errors=result.stderr)


def ended(process: subprocess.Popen[bytes], said: bytes = b"") -> Ran:
    """Wait until a run ends."""
    output, errors = process.communicate(said or None, timeout=SECONDS)
    return Ran(status=process.returncode, output=output.decode(), errors=errors.decode())


def client(name: str, store: Server | Proxy, kind: str = "s3") -> str:
    """A store's client as the file has it."""
    given = store.options()
    return _CLIENT.format(
        name=name, type=kind, url=given["endpoint_url"], id=given["aws_access_key_id"]
    )


def rules(default: str) -> str:
    """The default rule as the file has it."""
    return f'[[mapping]]\nbucket_name = "*"\nclient = "{default}"\n'
