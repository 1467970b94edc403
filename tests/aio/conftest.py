"""Without aiobotocore, which another boto3 than the newest goes with, there is nothing to test."""

from importlib.util import find_spec

collect_ignore_glob = [] if find_spec("aiobotocore") else ["test_*.py"]
