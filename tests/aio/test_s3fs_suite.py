"""s3fs's own tests pass with a routed filesystem whose every bucket is renamed, every key prefixed.

They come with s3fs's source distribution, and are run as they stand: with s3fs's own filesystem,
with botwo's, and with s3fs's own where botwo is installed. What differs is a known set.
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
WAYS = ("plain", "routed", "installed")
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


def _run(suite: Path, way: str) -> tuple[dict[str, str], list[str]]:
    """Run the suite, one of the ways.

    Returns:
        What became of each test, and what the store's buckets were called.
    """
    found = suite.parent / f"outcomes-{way}.json"
    places = [SUITE, SUITE.parent, *os.environ.get("PYTHONPATH", "").split(os.pathsep)]
    environment = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join(str(place) for place in places if place != ""),
        "S3FS_SUITE_OUTCOMES": str(found),
        "AWS_DEFAULT_REGION": "us-east-1",
    }
    if way != "plain":
        environment["S3FS_SUITE_CONFIG"] = str(suite.parent / "botwo.toml")
    if way == "installed":
        environment["S3FS_SUITE_INSTALLED"] = "1"
    log = found.with_suffix(".log")
    with log.open("wb") as output:
        subprocess.run(
            [sys.executable, "-m", "pytest", "-p", "s3fs_suite_plugin", "s3fs/tests"],
            cwd=suite, env=environment, stdout=output, stderr=output, timeout=SECONDS, check=False,
        )  # fmt: skip
    assert found.exists(), log.read_text()[-5000:]
    told = json.loads(found.read_text())
    return told["outcomes"], told["buckets"]


def test_s3fss_own_suite_passes_with_a_routed_filesystem(suite: Path, report: Report) -> None:
    """What becomes of each test is what becomes of it with s3fs's own, but for a known set."""
    (suite.parent / "botwo.toml").write_text(CONFIG)

    with ThreadPoolExecutor(2) as pool:
        runs = dict(zip(WAYS, pool.map(lambda way: _run(suite, way), WAYS), strict=True))

    plain, buckets = runs["plain"]
    assert Counter(plain.values())["passed"] > _MOST
    for way in ("routed", "installed"):
        outcomes, mapped_buckets = runs[way]
        counted = [dict(Counter(each.values())) for each in (plain, outcomes)]
        report(f"s3fs's own suite, {way}: {counted[1]}, plain: {counted[0]}")
        assert plain.keys() == outcomes.keys()
        assert {f"{bucket}-moved" for bucket in buckets} == set(mapped_buckets) != set()
        different = {
            test: (plain[test], now) for test, now in outcomes.items() if plain[test] != now
        }
        # An older suite has fewer tests.
        known = {test: each[:2] for test, each in DIFFERENCES[way].items() if test in plain}
        assert known == different
