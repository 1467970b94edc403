"""botocore's Stubber stands in for stores, and speaks the caller's names."""

from __future__ import annotations

from typing import Any

import boto3.session
from botocore.stub import Stubber

import botwo

KEY = {"Bucket": "data", "Key": "k"}
RULES = [
    {"bucket_name": "data", "client": "b", "mapped_bucket_name": "repo", "key_prefix": "dev/"},
    {"bucket_name": "*", "client": "a"},
]


def _client() -> Any:
    return boto3.session.Session().client(
        "s3", region_name="us-east-1", aws_access_key_id="a", aws_secret_access_key="b"
    )


def test_a_stubbed_answer_is_the_callers() -> None:
    """A suite that stubs its client stubs a routed one with the same parameters and answers."""
    s3 = botwo.client({"a": _client(), "b": _client()}, RULES)
    asked = {"Bucket": "data", "Prefix": "x/"}
    answer = {"Name": "data", "Prefix": "x/", "Contents": [{"Key": "x/a.csv"}]}

    with Stubber(s3) as stubber:
        stubber.add_response("list_objects_v2", answer, asked)
        stubber.add_client_error("get_object", "NoSuchKey", expected_params=KEY)
        found = s3.list_objects_v2(**asked)
        try:
            s3.get_object(**KEY)
        except s3.exceptions.NoSuchKey as error:
            code = error.response["Error"]["Code"]

    assert answer == found
    assert "NoSuchKey" == code
    assert {"Name": "data", "Prefix": "x/", "Contents": [{"Key": "x/a.csv"}]} == answer
    stubber.assert_no_pending_responses()
