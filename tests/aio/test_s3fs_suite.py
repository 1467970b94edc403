"""s3fs's own tests pass with a routed filesystem whose every bucket is renamed, every key prefixed.

They come with s3fs's source distribution, and are run as they stand, once with s3fs's filesystem
and once with a routed one; what differs is a known set.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tarfile
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from s3fs_suite.differences import DIFFERENCES

if TYPE_CHECKING:
    from conftest import Report

pytestmark = [pytest.mark.aio, pytest.mark.slow, pytest.mark.timeout(3600)]

SUITE = Path(__file__).parent.parent / "s3fs_suite"
SECONDS = 3000
"""How long one run may take; on two free processors it takes some five minutes."""
_MOST = 300
CONFIG = """
[clients.store]
application = true

[[mapping]]
bucket_name = "*"
mapped_bucket_name = "{bucket}-moved"
key_prefix = "under/{bucket}/"
client = "store"
"""
# The suite's own warnings are no errors here, and it says itself what is slow.
SETTINGS = "[pytest]\naddopts = -p no:randomly -p no:socket -p no:cacheprovider\ntimeout = 300\n"


@pytest.fixture(scope="module")
def suite(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The source distribution of the s3fs that is installed, unpacked."""
    folder = tmp_path_factory.mktemp("s3fs")
    wanted = f"s3fs=={version('s3fs')}"
    command = [sys.executable, "-m", "pip", "download", "--no-deps", "--no-binary", "s3fs", wanted]
    subprocess.run(command, cwd=folder, check=True, timeout=300, stdout=subprocess.DEVNULL)
    [archive] = folder.glob("s3fs-*.tar.gz")
    with tarfile.open(archive) as packed:
        packed.extractall(folder, filter="data")
    [unpacked] = folder.glob("s3fs-*/")
    (unpacked / "pytest.ini").write_text(SETTINGS)
    return unpacked


def _run(suite: Path, config: Path | None) -> tuple[dict[str, str], list[str]]:
    """Run the suite; with a config file, routed.

    Returns:
        What became of each test, and what the store's buckets were called.
    """
    found = suite.parent / f"outcomes-{'plain' if config is None else 'routed'}.json"
    places = [SUITE, SUITE.parent, *os.environ.get("PYTHONPATH", "").split(os.pathsep)]
    environment = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join(str(place) for place in places if place != ""),
        "S3FS_SUITE_OUTCOMES": str(found),
        "AWS_DEFAULT_REGION": "us-east-1",
    }
    if config is not None:
        environment["S3FS_SUITE_CONFIG"] = str(config)
    log = found.with_suffix(".log")
    with log.open("wb") as output:
        subprocess.run(
            [sys.executable, "-m", "pytest", "-p", "s3fs_suite_plugin", "s3fs/tests"],
            cwd=suite, env=environment, stdout=output, stderr=output, timeout=SECONDS, check=False,
        )  # fmt: skip
    assert found.exists(), log.read_text()[-5000:]
    told = json.loads(found.read_text())
    return told["outcomes"], told["buckets"]


def test_s3fss_own_suite_passes_with_a_routed_filesystem(
    suite: Path, tmp_path: Path, report: Report
) -> None:
    """What becomes of each test is what becomes of it with s3fs's own, but for a known set."""
    config = tmp_path / "botwo.toml"
    config.write_text(CONFIG)

    with ThreadPoolExecutor(2) as pool:
        runs = pool.map(lambda given: _run(suite, given), [None, config])
    (plain, buckets), (routed, mapped_buckets) = runs

    counted = " | ".join(str(dict(Counter(run.values()))) for run in (plain, routed))
    report(f"s3fs's own suite, plain | routed: {counted}")
    assert {f"{bucket}-moved" for bucket in buckets} == set(mapped_buckets) != set()
    assert plain.keys() == routed.keys()
    assert Counter(plain.values())["passed"] > _MOST
    different = {test: (plain[test], routed[test]) for test in plain if plain[test] != routed[test]}
    # An older suite has fewer tests.
    assert {test: known[:2] for test, known in DIFFERENCES.items() if test in plain} == different
