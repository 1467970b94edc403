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
    """Two places with the buckets `landing` and `warehouse`, both empty."""
    bucket = f"lake-of-programs-{next(_numbers)}"
    reset(moto_plain)
    reset(moto_a)
    for server, name in (
        (moto_plain, "landing"),
        (moto_plain, "warehouse"),
        (moto_a, "landing"),
        (rclone_b, bucket),
    ):
        server.client().create_bucket(Bucket=name)
    return make_places(tmp_path, store=moto_plain, application=moto_a, lake=rclone_b, bucket=bucket)
