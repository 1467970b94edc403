"""Dask and PySpark, unchanged, whose worker processes read and write over a mapping."""

from __future__ import annotations

import os
import shutil
import sys

import pytest
from programs.places import JOBS, Places

pytestmark = pytest.mark.timeout(300)

_needs_java = pytest.mark.skipif(
    shutil.which("java") is None and "JAVA_HOME" not in os.environ,
    reason="PySpark needs Java, and there is none",
)
_CLUSTERS = [
    pytest.param("dask", marks=pytest.mark.programs),
    pytest.param("spark", marks=[pytest.mark.spark, _needs_java]),
]
_ARCHIVED = [f"landing/archive/{number}.txt" for number in range(4)]
_STAYED = [f"landing/today/{number}.txt" for number in range(4)]
_MOVED = [*_ARCHIVED, *(f"warehouse/raw/{number}.txt" for number in range(4))]


@pytest.mark.parametrize("name", _CLUSTERS)
def test_the_clients_that_workers_make_are_routed(places: Places, name: str) -> None:
    """A job whose workers call boto3 prints the same, and its objects lie in two stores."""
    plain, routed = places.job(f"{name}_job.py")

    assert plain == routed
    assert 12 == routed.count("False ")  # each object was written by another process
    assert places.keys() == sorted([*_STAYED, *_MOVED])
    assert (_STAYED, _MOVED) == (places.stayed(), places.moved())


@pytest.mark.parametrize("name", _CLUSTERS)
def test_workers_are_sent_a_routed_client(places: Places, name: str) -> None:
    """Routed clients of a file and of factories work in the processes that they are sent to."""
    printed = places.ready.run(sys.executable, str(JOBS / f"{name}_routed.py"))

    assert 24 == printed.count("False ")
    assert (_STAYED, _MOVED) == (places.stayed(), places.moved())
