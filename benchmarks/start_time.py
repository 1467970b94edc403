"""Print what `botwo run` adds to the start of a program that uses no S3, and of one that does.

Run it with ``python benchmarks/start_time.py``. Starts with and without the environment of
`botwo run` are paired and interleaved, and medians are printed, so that a machine whose speed
drifts does not show in them. It fails where a program that imports no botocore starts more than
10 ms later.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from botwo._activate import child_environment

LIMIT = 10.0  # milliseconds
CONFIG = """\
[clients.own]
application = true
[clients.lake]
endpoint_url = "http://127.0.0.1:9"
region_name = "us-east-1"
[[mapping]]
bucket_name = "moved"
client = "lake"
[[mapping]]
bucket_name = "*"
client = "own"
"""
PROGRAMS = {
    "pass": "pass",
    "import json, urllib.request": "import json, urllib.request",
    "import botocore.session": "import botocore.session",
    'boto3.client("s3")': "import boto3; boto3.client('s3', region_name='us-east-1')",
}


def start(program: str, environment: dict[str, str]) -> float:
    """Run a program, and give the milliseconds that this took."""
    begin = time.perf_counter()
    subprocess.run([sys.executable, "-c", program], env=environment, check=True)
    return (time.perf_counter() - begin) * 1000


def measured(program: str, routed: dict[str, str], rounds: int) -> tuple[float, float, float]:
    """Give the medians of starts without and with, and of what each pair differs by."""
    without, with_, more = [], [], []
    for number in range(rounds + 1):
        environments = [dict(os.environ), routed]
        order = (0, 1) if number % 2 else (1, 0)
        times = [0.0, 0.0]
        for which in order:
            times[which] = start(program, environments[which])
        if number:  # the first round fills caches
            without.append(times[0])
            with_.append(times[1])
            more.append(times[1] - times[0])
    return statistics.median(without), statistics.median(with_), statistics.median(more)


def main() -> int:
    """Measure every program."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=100, help="pairs of starts of each program")
    rounds = parser.parse_args().rounds
    with tempfile.TemporaryDirectory() as folder:
        config = Path(folder) / "botwo.toml"
        config.write_text(CONFIG, encoding="utf-8")
        routed = child_environment(config, os.environ)
        print(f"{'milliseconds, medians':30} {'without':>9} {'with':>9} {'more':>9}")
        added = {}
        for name, program in PROGRAMS.items():
            few = rounds if name == "pass" else max(10, rounds // 5)
            plain, run, added[name] = measured(program, routed, few)
            print(f"{name:30} {plain:9.2f} {run:9.2f} {added[name]:9.2f}")
    if added["pass"] > LIMIT:
        print(f"over the limit: {added['pass']:.2f} ms more, {LIMIT:.0f} ms allowed")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
