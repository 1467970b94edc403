"""A routed client works in threads and in other processes, on real servers."""

from __future__ import annotations

import concurrent.futures
import functools
import itertools
import multiprocessing
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import boto3
import pytest
from servers import Server, reset
from working import NAMES, work

import botwo

# Python 3.12 and later warn of what is tested here: a fork beside other threads.
pytestmark = pytest.mark.filterwarnings("ignore:.*multi-threaded, use of fork:DeprecationWarning")

_numbers = itertools.count(1)
_METHODS = [
    m for m in ("fork", "spawn", "forkserver") if m in multiprocessing.get_all_start_methods()
]
Results = list[tuple[int, str]]


@pytest.fixture
def bucket(rclone_b: Server, moto_a: Server) -> str:
    """The bucket where what moved lies."""
    reset(moto_a)
    moto_a.client().create_bucket(Bucket="landing")
    name = f"lake-of-workers-{next(_numbers)}"
    rclone_b.client().create_bucket(Bucket=name)
    return name


def _mapping(bucket: str) -> list[dict[str, Any]]:
    lake = {"mapped_bucket_name": bucket, "client": "lake"}
    return [
        {"bucket_name": "warehouse", "key_prefix": "main/", **lake},
        {"bucket_name": "landing", "source_prefix": "archive/", "key_prefix": "dev/", **lake},
        {"bucket_name": "*", "client": "aws"},
    ]


@pytest.fixture
def of_factories(moto_a: Server, rclone_b: Server, bucket: str) -> Any:
    """A routed client of factories."""
    factories: dict[str, Any] = {
        name: functools.partial(boto3.client, "s3", **server.options())
        for name, server in (("aws", moto_a), ("lake", rclone_b))
    }
    return botwo.client(factories, _mapping(bucket))


@pytest.fixture
def of_a_file(moto_a: Server, rclone_b: Server, bucket: str, tmp_path: Path) -> Any:
    """A routed client of a config file, whose secrets are in files."""
    lines = []
    for name, server in (("aws", moto_a), ("lake", rclone_b)):
        (tmp_path / name).write_text(server.secret_key)
        lines += [f"[clients.{name}]", f'endpoint_url = "{server.endpoint_url}"']
        lines += [f'aws_access_key_id = "{server.access_key}"', 'region_name = "us-east-1"']
        lines += [f'aws_secret_access_key = {{ file = "{name}" }}']
    for rule in _mapping(bucket):
        lines += ["[[mapping]]", *(f'{field} = "{value}"' for field, value in rule.items())]
    file = tmp_path / "botwo.toml"
    file.write_text("\n".join(lines))
    return botwo.load(file).client()


def _pool(method: str, s3: Any) -> Results:
    with multiprocessing.get_context(method).Pool(2) as pool:
        return pool.map(functools.partial(work, s3), NAMES)


def _futures(method: str, s3: Any) -> Results:
    context = multiprocessing.get_context(method)
    with concurrent.futures.ProcessPoolExecutor(2, mp_context=context) as pool:
        return list(pool.map(functools.partial(work, s3), NAMES))


def _threads(s3: Any) -> Results:
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        return list(pool.map(functools.partial(work, s3), NAMES))


_WAYS: dict[str, Callable[[Any], Results]] = {
    "concurrent.futures threads": _threads,
    **{f"multiprocessing {how}": functools.partial(_pool, how) for how in _METHODS},
    **{f"concurrent.futures {how}": functools.partial(_futures, how) for how in _METHODS[:2]},
}


@pytest.mark.parametrize("made", ["of_factories", "of_a_file"])
@pytest.mark.parametrize("way", _WAYS)
def test_workers_write_to_both_stores(
    way: str,
    made: str,
    moto_a: Server,
    rclone_b: Server,
    bucket: str,
    request: pytest.FixtureRequest,
) -> None:
    """A client that this process used is used by workers too, and each object is where it goes."""
    s3 = request.getfixturevalue(made)
    here = work(s3, NAMES[0])

    results = _WAYS[way](s3)

    assert (os.getpid(), "warehouse raw/a.txt") == here
    assert [f"{bucket} {key}" for bucket, key in NAMES] == [content for _, content in results]
    assert (way == "concurrent.futures threads") == (os.getpid() in {pid for pid, _ in results})
    assert ["today/c.txt", "today/d.txt"] == _keys(moto_a, "landing")
    assert ["dev/archive/b.txt", "main/raw/a.txt"] == _keys(rclone_b, bucket)


def _keys(server: Server, bucket: str) -> list[str]:
    return [found["Key"] for found in server.client().list_objects_v2(Bucket=bucket)["Contents"]]
