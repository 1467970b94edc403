"""Programs from PyPI, unchanged, do over a mapping what they do over one store."""

from __future__ import annotations

import pytest
from programs.places import Places

pytestmark = [pytest.mark.programs, pytest.mark.servers]


@pytest.mark.parametrize(
    "job",
    [
        "legacy_job.py",
        "smart_open_job.py",
        "cloudpathlib_job.py",
        "s3path_job.py",
        "awswrangler_job.py",
    ],
)
def test_a_job_prints_the_same(places: Places, job: str) -> None:
    """One script gives the same output, byte for byte, and its objects lie in two stores."""
    plain = places.plain.job(job)

    routed = places.routed.job(job)

    assert plain == routed
