"""Print how fast and how lean a relay is, beside two other ways of copying between two stores.

Run it with ``python benchmarks/relay_throughput.py`` (``--quick`` for a look in a minute). Two
``rclone serve s3`` processes hold the stores, on loopback, each over a folder. What is compared:

a   ``rclone copyto`` from one server to the other, with rclone's defaults
b   ``download_file`` to a file, then ``upload_file``: boto3's defaults, two plain clients
r   ``copy_object`` of a routed client, for each part size x parts at once
c   ``copy`` of a routed client, with boto3's default transfer settings

The legs are interleaved, each in a process of its own, and their order turns with every round; the
medians over the rounds, and the medians of the paired ratios, are printed. Memory is the peak of
the resident set over what it was when the clients were made and one small object was copied. The
object lies in memory (``/dev/shm``) where there is room, so that no disk is measured.
"""

from __future__ import annotations

import argparse
import filecmp
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config

import botwo
from botwo import _relaying

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))

from servers import Server, rclone

MIB = 1024 * 1024
BUCKET, OBJECT, WARM_UP = "bucket", "object", "warm-up"
MEMORY_LIMIT = 150.0
SETTINGS = "8x8,16x4,32x3,8x4,64x2"

Spent = dict[str, float]


@dataclass(kw_only=True)
class Leg:
    """One way to copy, and what its rounds cost."""

    name: str
    rounds: list[Spent] = field(default_factory=list)

    def median(self, figure: str) -> float:
        """Give the median of a figure over the rounds."""
        return statistics.median(spent[figure] for spent in self.rounds)

    def speed_beside(self, other: Leg) -> float:
        """Give the median of the paired ratios of the speeds."""
        return statistics.median(
            theirs["seconds"] / ours["seconds"]
            for ours, theirs in zip(self.rounds, other.rounds, strict=True)
        )


# ------------------------------------------------------------------- in a process of its own: legs


def client(prefix: str) -> Any:
    """Make a client as programs have it, of the store that the environment names."""
    return boto3.session.Session().client(
        "s3",
        endpoint_url=os.environ[f"{prefix}_ENDPOINT"],
        aws_access_key_id=os.environ[f"{prefix}_ACCESS_KEY_ID"],
        aws_secret_access_key=os.environ[f"{prefix}_SECRET_ACCESS_KEY"],
        region_name="us-east-1",
        config=Config(s3={"addressing_style": "path"}),
    )


@dataclass(frozen=True, kw_only=True)
class Copier:
    """The stores' clients, and the ways to copy with them."""

    source: Any
    destination: Any
    routed: Any

    def b(self, key: str) -> None:
        """Copy as people do who have two clients."""
        with tempfile.NamedTemporaryFile(dir=os.environ["FOLDER"]) as file:
            self.source.download_file(BUCKET, key, file.name)
            self.destination.upload_file(file.name, BUCKET, key)

    def r(self, key: str) -> None:
        """Relay with one call."""
        self.routed.copy_object(Bucket="there", Key=key, CopySource={"Bucket": "here", "Key": key})

    def c(self, key: str) -> None:
        """Relay with boto3's transfers."""
        self.routed.copy({"Bucket": "here", "Key": key}, "there", key)


def resident(which: str) -> float:
    """Give a figure of this process's memory in MiB."""
    status = Path("/proc/self/status").read_text()
    return int(status.split(f"{which}:")[1].split()[0]) / 1024


def run_leg(name: str) -> None:
    """Copy once and print what it cost, as JSON."""
    source, destination = client("RCLONE_CONFIG_A"), client("RCLONE_CONFIG_B")
    rules = [
        {"bucket_name": "there", "client": "b", "mapped_bucket_name": BUCKET},
        {"bucket_name": "here", "client": "a", "mapped_bucket_name": BUCKET},
        {"bucket_name": "*", "client": "a"},
    ]
    routed = botwo.client({"a": source, "b": destination}, rules)
    copier = Copier(source=source, destination=destination, routed=routed)
    kind, _, setting = name.partition(" ")
    if setting:
        configure(*map(int, setting.split("x")))
    copy = getattr(copier, kind)
    copy(WARM_UP)
    Path("/proc/self/clear_refs").write_text("5")  # the peak is counted from here on
    idle = resident("VmRSS")
    started, used = time.perf_counter(), time.process_time()
    copy(OBJECT)
    seconds, used = time.perf_counter() - started, time.process_time() - used
    memory = resident("VmHWM") - idle
    print(json.dumps({"seconds": seconds, "cpu": used, "memory": memory}))


def configure(part_mib: int, at_once: int) -> None:
    """Set the relay's part size, and how many parts are on their way at the same time."""
    _relaying.PART_SIZE = part_mib * MIB
    _relaying.PARTS_AT_ONCE = at_once


# --------------------------------------------------------------------- in the process that measures


def processor_seconds(server: Server) -> float:
    """Give the processor time that a server used so far."""
    words = Path(f"/proc/{server.pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(words[11]) + int(words[12])) / os.sysconf("SC_CLK_TCK")


def by_rclone(environment: Mapping[str, str]) -> Spent:
    """Copy with rclone; its memory is all that it has, for it is never idle."""
    command = [shutil.which("rclone") or "rclone", "copyto", "--config", ""]
    command += [f"A:{BUCKET}/{OBJECT}", f"B:{BUCKET}/{OBJECT}"]
    started = time.perf_counter()
    process = subprocess.Popen(command, env=dict(environment))
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - started
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"rclone copyto exited with {process.returncode}")
    used = usage.ru_utime + usage.ru_stime
    return {"seconds": seconds, "cpu": used, "memory": usage.ru_maxrss / 1024}


def by_python(name: str, environment: Mapping[str, str]) -> Spent:
    """Run a leg that is Python, in a process of its own."""
    run = subprocess.run(
        [sys.executable, __file__, "--leg", name],
        env=dict(environment),
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    spent: Spent = json.loads(run.stdout)
    return spent


class Bench:
    """Two servers, and an object in the first."""

    def __init__(self, folder: Path, servers: tuple[Server, Server]) -> None:
        self.folder = folder
        self.servers = servers
        self.environment = dict(os.environ, FOLDER=str(folder))
        for name, server in zip("AB", servers, strict=True):
            for setting, value in (
                ("TYPE", "s3"),
                ("PROVIDER", "Rclone"),
                ("ENDPOINT", server.endpoint_url),
                ("ACCESS_KEY_ID", server.access_key),
                ("SECRET_ACCESS_KEY", server.secret_key),
            ):
                self.environment[f"RCLONE_CONFIG_{name}_{setting}"] = value

    def measure(self, leg: Leg) -> None:
        """Copy once, check that the copy is whole, and take it away again."""
        first, second = (server.client() for server in self.servers)
        first.head_object(Bucket=BUCKET, Key=OBJECT)  # rclone knows the digest from here on
        before = [processor_seconds(server) for server in self.servers]
        spent = (
            by_rclone(self.environment)
            if leg.name == "a"
            else by_python(leg.name, self.environment)
        )
        for name, server, used in zip(("from", "to"), self.servers, before, strict=True):
            spent[name] = processor_seconds(server) - used
        leg.rounds.append(spent)
        ours, theirs = (self.folder / name / BUCKET / OBJECT for name in "ab")
        if not filecmp.cmp(ours, theirs, shallow=False):
            raise SystemExit(f"{leg.name}: the copy is not what was copied")
        second.delete_object(Bucket=BUCKET, Key=OBJECT)
        print(f"  {leg.name:<8} {spent['seconds']:6.2f} s", file=sys.stderr, flush=True)


@contextmanager
def bench(size: int, folder: Path) -> Iterator[Bench]:
    """Run two servers, the first with an object of random bytes."""
    with tempfile.TemporaryDirectory(prefix="botwo-relay-", dir=folder) as made:
        roots = [Path(made) / name for name in "ab"]
        for root in roots:
            (root / BUCKET).mkdir(parents=True)
        block = os.urandom(MIB)
        (roots[0] / BUCKET / WARM_UP).write_bytes(block[:1024])
        with (roots[0] / BUCKET / OBJECT).open("wb") as file:
            for number in range(size):
                file.write(block[number % MIB :] + block[: number % MIB])
        with rclone(roots[0]) as first, rclone(roots[1]) as second:
            yield Bench(Path(made), (first, second))


def show(legs: list[Leg], size: int) -> None:
    """Print a line a leg."""
    by_name = {leg.name: leg for leg in legs}
    rclone_leg, file_leg = by_name["a"], by_name["b"]
    print(
        f"{size} MiB, median of {len(rclone_leg.rounds)} rounds; processor seconds of each process"
    )
    print("leg            s   MiB/s   x (a)   x (b)   peak MiB    cpu   cpu from   cpu to")
    for leg in legs:
        seconds = leg.median("seconds")
        print(
            f"{leg.name:<8} {seconds:7.2f} {size / seconds:7.1f} "
            f"{leg.speed_beside(rclone_leg):7.2f} {leg.speed_beside(file_leg):7.2f} "
            f"{max(spent['memory'] for spent in leg.rounds):10.1f} {leg.median('cpu'):6.2f} "
            f"{leg.median('from'):10.2f} {leg.median('to'):8.2f}"
        )
    lean = [
        leg
        for leg in legs
        if leg.name[0] == "r" and all(spent["memory"] <= MEMORY_LIMIT for spent in leg.rounds)
    ]
    if lean:
        best = min(lean, key=lambda leg: leg.median("seconds"))
        print(f"best of at most {MEMORY_LIMIT:g} MiB: {best.name}")


def main() -> None:
    """Print every figure."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--size", type=int, default=1024, help="of the object, in MiB")
    parser.add_argument("--rounds", type=int, default=3, help="how often each leg is run")
    parser.add_argument("--settings", default=SETTINGS, help=f"part MiB x at once: {SETTINGS}")
    parser.add_argument("--folder", type=Path, help="where the stores are")
    parser.add_argument("--quick", action="store_true", help="one round of 64 MiB")
    parser.add_argument("--leg", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.leg:
        return run_leg(arguments.leg)
    size, rounds = (64, 1) if arguments.quick else (arguments.size, arguments.rounds)
    names = ["a", "b", "r", "c", *(f"r {setting}" for setting in arguments.settings.split(","))]
    legs = [Leg(name=name) for name in names]
    with bench(size, arguments.folder or roomy(size)) as stores:
        for number in range(rounds):
            for place in range(len(legs)):
                stores.measure(legs[(place + number) % len(legs)])
    return show(legs, size)


def roomy(size: int) -> Path:
    """Give a folder with room for three objects; one in memory, if any has it."""
    memory = Path("/dev/shm")
    enough = memory.is_dir() and shutil.disk_usage(memory).free > 4 * size * MIB
    return memory if enough else Path(tempfile.gettempdir())


if __name__ == "__main__":
    main()
