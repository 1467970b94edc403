"""The data tools, unchanged, do over a mapping of two stores what they do over one."""

from __future__ import annotations

import importlib.util
import re
import sys

import pytest
from programs.places import Places, lies_apart, named
from test_docs import README

pytestmark = [pytest.mark.aio, pytest.mark.timeout(300)]

_needs_aioboto3 = pytest.mark.skipif(
    importlib.util.find_spec("aioboto3") is None,
    reason="aioboto3 pins an older aiobotocore, and is tried where that is installed",
)
_JOBS = [
    "aiobotocore",
    pytest.param("aioboto3", marks=_needs_aioboto3),
    "pandas",
    "pyarrow",
    "polars",
    "duckdb",
    "dask_frames",
    "zarr",
]
_TOOLS = 5


def _objects(names: list[str]) -> list[str]:
    """Leave out what marks a folder, which Arrow's own S3 client alone makes."""
    return named([name for name in names if not name.endswith("/")])


@pytest.mark.parametrize("job", _JOBS)
def test_a_job_prints_the_same(places: Places, job: str) -> None:
    """One script gives the same output, byte for byte, and its objects lie in two stores."""
    plain, routed = places.job(f"{job}_job.py")

    assert plain == routed
    assert _objects(places.keys()) == named([*places.stayed(), *places.moved()])
    lies_apart(places)


def test_each_tool_reads_what_each_tool_wrote(places: Places) -> None:
    """pandas, polars, pyarrow, DuckDB and Dask give equal frames of one data set, in each store."""
    plain, routed = places.job("one_data_set_job.py")

    lines = routed.splitlines()
    assert plain == routed
    assert 3 * _TOOLS * _TOOLS == len(lines)
    assert {"equal"} == {line.split()[3] for line in lines}
    lies_apart(places)


def test_the_page_on_data_tools_runs(places: Places) -> None:
    """The program of docs/data.md prints what stands below it, over one store and over two."""
    page = (README.parent / "docs" / "data.md").read_text()
    [code], [expected] = (
        re.findall(rf"```{kind}\n(.*?)```", page, re.DOTALL) for kind in ("python", "text")
    )

    plain, routed = places.run_both(sys.executable, "-c", code)

    assert expected == plain
    assert expected == routed
    lies_apart(places)
