"""Print what routing costs, as ratios of CPU time to a plain client on a stubbed transport.

Run it with ``python benchmarks/routing_cost.py``. Plain and routed calls are interleaved in small
paired rounds, and the median of the rounds' ratios is printed, so that a machine whose speed drifts
does not show in them. No request leaves the process.
"""

from __future__ import annotations

import argparse
import gc
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from typing import Any

import boto3
from botocore.awsrequest import AWSResponse
from botocore.config import Config

import botwo

BUCKET, KEY = "data", "year=2026/month=11/part-00042.parquet"


class Raw:
    """The body of a stubbed response, as botocore reads it."""

    def __init__(self, content: bytes) -> None:
        self._content = content

    def stream(self, **_: Any) -> Any:
        """Yield the body."""
        yield self._content

    def read(self, *_: Any, **__: Any) -> bytes:
        """Give the body."""
        return self._content


def listing(prefix: str, bucket: str) -> bytes:
    """Make a page of 1,000 keys as S3 sends it."""
    contents = "".join(
        f"<Contents><Key>{prefix}year=2026/month=11/part-{number:05}.parquet</Key>"
        "<LastModified>2026-11-22T10:00:00.000Z</LastModified>"
        "<ETag>&quot;d41d8cd98f00b204e9800998ecf8427e&quot;</ETag><Size>1234</Size>"
        "<StorageClass>STANDARD</StorageClass></Contents>"
        for number in range(1000)
    )
    return (
        f'<?xml version="1.0"?><ListBucketResult><Name>{bucket}</Name><Prefix>{prefix}</Prefix>'
        f"<KeyCount>1000</KeyCount><MaxKeys>1000</MaxKeys><IsTruncated>false</IsTruncated>{contents}"
        "</ListBucketResult>"
    ).encode()


def client() -> Any:
    """Make a boto3 client that answers every request by itself."""
    pages = {"main": listing("main/", "repo"), "": listing("", BUCKET)}
    made = boto3.session.Session().client(
        "s3",
        region_name="us-east-1",
        endpoint_url="http://127.0.0.1:9",
        aws_access_key_id="example",
        aws_secret_access_key="example",
        config=Config(s3={"addressing_style": "path"}, retries={"total_max_attempts": 1}),
    )

    def answer(request: Any, **_: Any) -> AWSResponse:
        page = b""
        if "list-type=2" in request.url:
            page = pages["main" if "prefix=main" in request.url else ""]
        headers = {"ETag": '"d41d8cd98f00b204e9800998ecf8427e"', "Content-Length": "0"}
        return AWSResponse(request.url, 200, headers, Raw(page))

    made.meta.events.register("before-send.s3", answer)
    return made


def mapping(count: int) -> list[dict[str, Any]]:
    """Make ``count`` rules of which the last but one serves the benchmark's bucket."""
    other = [
        {"bucket_name": f"bucket-{number}", "client": "s3", "key_prefix": f"p{number}/"}
        for number in range(count - 2)
    ]
    ours = {
        "bucket_name": BUCKET,
        "client": "s3",
        "mapped_bucket_name": "repo",
        "key_prefix": "main/",
    }
    return [*other, ours, {"bucket_name": "*", "client": "s3"}]


def ratio(routed: Callable[[], Any], plain: Callable[[], Any], *, rounds: int, calls: int) -> float:
    """Give the median ratio of CPU time, routed to plain, over interleaved rounds."""

    def spent(call: Callable[[], Any]) -> int:
        started = time.process_time_ns()
        for _ in range(calls):
            call()
        return time.process_time_ns() - started

    for call in (routed, plain):
        spent(call)
    ratios = []
    for number in range(rounds):
        if number % 2:
            cost = spent(routed)
            ratios.append(cost / spent(plain))
        else:
            cost = spent(plain)
            ratios.append(spent(routed) / cost)
    return statistics.median(ratios)


def show(what: str, value: float, limit: float, unit: str = "x") -> None:
    """Print one figure beside its limit."""
    verdict = "ok" if value <= limit else "MISSED"
    print(f"{what:<58} {value:8.3f} {unit:<3} (at most {limit:g})  {verdict}", flush=True)


def calls(rounds: int) -> None:
    """Compare a call's cost on a routed and a plain client."""
    plain = client()
    routed = botwo.client({"s3": plain}, mapping(10))
    names = {"Bucket": BUCKET, "Key": KEY}
    for what, call, limit, count in (
        ("get_object", lambda s3: s3.get_object(**names), 1.02, 40),
        ("put_object", lambda s3: s3.put_object(**names, Body=b"x"), 1.02, 40),
        ("head_object", lambda s3: s3.head_object(**names), 1.02, 40),
        ("list_objects_v2, 1,000 keys", lambda s3: s3.list_objects_v2(Bucket=BUCKET), 1.03, 1),
    ):
        value = ratio(
            lambda call=call: call(routed),
            lambda call=call: call(plain),
            rounds=rounds,
            calls=count,
        )
        show(f"{what}: routed / plain", value, limit)
    many = botwo.client({"s3": plain}, mapping(10_000))
    value = ratio(
        lambda: many.get_object(**names),
        lambda: routed.get_object(**names),
        rounds=rounds,
        calls=40,
    )
    show("get_object: 10,000 rules / 10 rules", value, 1.1)


def making() -> None:
    """Time the making of a routed client."""
    store = client()
    for count, limit, times in ((10, 1.0, 200), (10_000, 150.0, 7)):
        rules = mapping(count)
        spent = []
        for _ in range(times):
            started = time.process_time_ns()
            botwo.client({"s3": store}, rules)
            spent.append((time.process_time_ns() - started) / 1e6)
        show(f"making a routed client, {count:,} rules", statistics.median(spent), limit, "ms")


def importing(rounds: int) -> None:
    """Compare ``import botwo`` with ``import boto3``, each in processes of its own."""

    def spent(module: str) -> float:
        code = (
            f"import time; t = time.process_time(); import {module}; print(time.process_time() - t)"
        )
        run = subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, check=True
        )
        return float(run.stdout)

    ratios = [spent("botwo") / spent("boto3") for _ in range(rounds)]
    show("import botwo / import boto3", statistics.median(ratios), 1.15)


def main() -> None:
    """Print every figure."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=60, help="paired rounds a figure")
    arguments = parser.parse_args()
    gc.freeze()
    calls(arguments.rounds)
    making()
    importing(max(arguments.rounds // 4, 5))


if __name__ == "__main__":
    main()
