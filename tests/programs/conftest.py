"""What the tests of real programs share: two places to run them in."""

from __future__ import annotations

import itertools
from pathlib import Path

import pytest
from programs.places import Places, make_places
from servers import Server, reset

_numbers = itertools.count(1)


@pytest.fixture
def places(moto_plain: Server, moto_a: Server, rclone_b: Server, tmp_path: Path) -> Places:
    """Two places with the buckets `landing` and `warehouse`; what moved is at rclone's server."""
    return _made(moto_plain, moto_a, rclone_b, tmp_path)


@pytest.fixture
def moto_places(moto_plain: Server, moto_a: Server, moto_b: Server, tmp_path: Path) -> Places:
    """The same, all of moto: rclone's server answers ranged reads as if they were whole ones."""
    reset(moto_b)
    return _made(moto_plain, moto_a, moto_b, tmp_path)


def _made(store: Server, application: Server, lake: Server, folder: Path) -> Places:
    bucket = f"lake-of-programs-{next(_numbers)}"
    reset(store)
    reset(application)
    for server, name in (
        (store, "landing"),
        (store, "warehouse"),
        (application, "landing"),
        (lake, bucket),
    ):
        server.client().create_bucket(Bucket=name)
    return make_places(folder, store=store, application=application, lake=lake, bucket=bucket)
