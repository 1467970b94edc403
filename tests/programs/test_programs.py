"""Programs from PyPI, unchanged, do over a mapping what they do over one store."""

from __future__ import annotations

import re
import sys

import pytest
from programs.places import JOBS, Places, lies_apart, named

pytestmark = [pytest.mark.programs, pytest.mark.timeout(300)]

_DATE = re.compile(r"^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d", re.MULTILINE)


@pytest.mark.parametrize("job", ["legacy", "smart_open", "cloudpathlib", "s3path", "awswrangler"])
def test_a_job_prints_the_same(places: Places, job: str) -> None:
    """One script gives the same output, byte for byte, and its objects lie in two stores."""
    plain, routed = places.job(f"{job}_job.py")

    assert plain == routed
    assert named(places.keys()) == named([*places.stayed(), *places.moved()])
    lies_apart(places)


def test_smart_open_goes_back_and_forth_in_what_moved(moto_places: Places) -> None:
    """Ranged reads of either store give what they give of one."""
    plain, routed = moto_places.job("smart_open_seeks.py")

    assert plain == routed
    lies_apart(moto_places)


def test_the_aws_command_line_prints_the_same(places: Places) -> None:
    """A shell script of AWS CLI commands gives the same output, less the dates of its listings."""
    script = str(JOBS / "aws_cli.sh")

    plain, routed = places.run_both("sh", script)

    assert _DATE.sub("DATE TIME", plain) == _DATE.sub("DATE TIME", routed)
    assert places.keys() == sorted([*places.stayed(), *places.moved()])
    lies_apart(places)


def test_cloudpathlib_takes_aws_endpoint_url_for_an_endpoint_of_its_own(places: Places) -> None:
    """It hands AWS_ENDPOINT_URL to boto3 as an argument, and such a client is left alone."""
    environment = places.routed.environment
    environment["AWS_ENDPOINT_URL"] = environment.pop("AWS_ENDPOINT_URL_S3")
    write = "from cloudpathlib import CloudPath; CloudPath('s3://landing/archive/x').write_text('')"

    places.routed.run(sys.executable, "-c", write)

    assert ["landing/archive/x"] == places.stayed()
    assert [] == places.moved()
