"""Where programs run: over one store, and over a mapping of two."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import sysconfig
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from servers import Server

JOBS = Path(__file__).with_name("jobs")

_CONFIG = """\
[clients.aws]
application = true

[clients.lake]
endpoint_url = "{endpoint_url}"
region_name = "us-east-1"
aws_access_key_id = "${{LAKE_KEY}}"
aws_secret_access_key = "${{LAKE_SECRET}}"
config.signature_version = "s3v4" # as this store wants it in presigned URLs
config.response_checksum_validation = "when_required" # its ranges have a whole object's checksum

[[mapping]]
bucket_name = "warehouse"
mapped_bucket_name = "{bucket}"
key_prefix = "main/"
client = "lake"

[[mapping]]
bucket_name = "landing"
source_prefix = "archive/"
mapped_bucket_name = "{bucket}"
key_prefix = "dev/"
client = "lake"

[[mapping]]
bucket_name = "*"
client = "aws"
"""
_SECONDS = 250  # a job takes a tenth of that on an idle machine
_KEPT = ("HOME", "JAVA_HOME", "LD_LIBRARY_PATH", "SYSTEMROOT", "TEMP", "TMP", "TMPDIR")
_NO_SETTINGS = ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE", "BOTO_CONFIG")


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A folder, an environment, and what stands in front of a command."""

    folder: Path
    environment: dict[str, str]
    before: tuple[str, ...] = ()

    def start(self, *command: str) -> subprocess.Popen[str]:
        """Start a command as somebody in a shell would."""
        return subprocess.Popen(
            [*self.before, *command],
            cwd=self.folder,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            encoding="utf-8",
        )

    def run(self, *command: str) -> str:
        """Run a command that has to succeed, and give what it printed."""
        process = self.start(*command)
        try:
            output, errors = process.communicate(timeout=_SECONDS)
        finally:
            process.kill()
        assert 0 == process.returncode, f"{command} exited {process.returncode}:\n{output}{errors}"
        return output


@dataclass(frozen=True, slots=True, kw_only=True)
class Places:
    """The same programs and the same names: once over one store, once over a mapping."""

    plain: Place
    routed: Place
    store: Server  # everything of `plain`
    application: Server  # what did not move
    lake: Server  # what moved
    bucket: str  # where it moved to, at the lake
    config: Path

    def run_both(self, *command: str) -> tuple[str, str]:
        """Run a command in both places at the same time, and give what each printed."""
        with ThreadPoolExecutor(2) as pool:
            plain, routed = pool.map(lambda place: place.run(*command), (self.plain, self.routed))
        return plain, routed

    @property
    def ready(self) -> Place:
        """The routed place for a job that routes by itself, by the file that it is told."""
        environment = self.routed.environment | {"BOTWO_CONFIG": str(self.config)}
        return Place(folder=self.routed.folder, environment=environment)

    def job(self, name: str, *arguments: str) -> tuple[str, str]:
        """Run a script of the folder `jobs` in both places."""
        return self.run_both(sys.executable, str(JOBS / name), *arguments)

    def keys(self) -> list[str]:
        """The caller's names that the plain store holds."""
        return sorted([*_names(self.store, "landing"), *_names(self.store, "warehouse")])

    def stayed(self) -> list[str]:
        """The caller's names that are still at the application's own store."""
        return _names(self.application, "landing")

    def moved(self) -> list[str]:
        """The caller's names that are at the lake, and nothing else may be in its bucket."""
        archive, warehouse = f"{self.bucket}/dev/", f"{self.bucket}/main/"
        return sorted(
            name.replace(archive, "landing/").replace(warehouse, "warehouse/")
            for name in _names(self.lake, self.bucket)
        )


_RANDOM = re.compile(r"[0-9a-f]{32}")


def named(keys: list[str]) -> list[str]:
    """Sort names, less what a program draws at random for the files of a data set."""
    return sorted(_RANDOM.sub("RANDOM", key) for key in keys)


def lies_apart(places: Places) -> None:
    """Check that each object lies where it belongs, and that some have moved."""
    archived = [name for name in places.moved() if name.startswith("landing/archive/")]
    stored = [name for name in places.moved() if name.startswith("warehouse/")]
    assert stored
    assert places.moved() == sorted([*archived, *stored])
    assert not [name for name in places.stayed() if name.startswith("landing/archive/")]


def _names(server: Server, bucket: str) -> list[str]:
    pages = server.client().get_paginator("list_objects_v2").paginate(Bucket=bucket)
    return sorted(
        f"{bucket}/{found['Key']}" for page in pages for found in page.get("Contents", ())
    )


def make_places(
    folder: Path, *, store: Server, application: Server, lake: Server, bucket: str
) -> Places:
    """Make two places over servers that have their buckets already."""
    config = folder / "botwo.toml"
    config.write_text(_CONFIG.format(endpoint_url=lake.endpoint_url, bucket=bucket))
    secrets = {"LAKE_KEY": lake.access_key, "LAKE_SECRET": lake.secret_key}
    plain = Place(folder=folder / "plain", environment=_environment(store))
    routed = Place(
        folder=folder / "routed",
        environment=_environment(application) | secrets,
        before=(sys.executable, "-m", "botwo", "run", "--config", str(config), "--"),
    )
    for place in (plain, routed):
        place.folder.mkdir()
    return Places(
        plain=plain,
        routed=routed,
        store=store,
        application=application,
        lake=lake,
        bucket=bucket,
        config=config,
    )


def _environment(server: Server) -> dict[str, str]:
    """The environment of somebody whose S3 is this server, and who has no settings besides."""
    kept = {name: os.environ[name] for name in (*_KEPT, *_NO_SETTINGS) if name in os.environ}
    return kept | {
        "AWS_ACCESS_KEY_ID": server.access_key,
        "AWS_SECRET_ACCESS_KEY": server.secret_key,
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_ENDPOINT_URL_S3": server.endpoint_url,
        "AWS_EC2_METADATA_DISABLED": "true",
        "SPARK_LOCAL_IP": "127.0.0.1",
        "PATH": os.pathsep.join([sysconfig.get_path("scripts"), os.environ["PATH"]]),
        "TZ": "UTC",
    }
