"""Make the routed client that a job sends to its workers: of a file, or of factories."""

import functools
import os

import boto3
from botocore.config import Config

import botwo


def made_of(what: str):
    config = botwo.load(os.environ["BOTWO_CONFIG"])
    if what == "file":
        return config.client()
    lake = functools.partial(
        boto3.client,
        "s3",
        endpoint_url=config.factories["lake"].options["endpoint_url"],
        aws_access_key_id=os.environ["LAKE_KEY"],
        aws_secret_access_key=os.environ["LAKE_SECRET"],
        config=Config(s3={"addressing_style": "path"}),
    )
    return botwo.client(
        {"aws": functools.partial(boto3.client, "s3"), "lake": lake}, config.mapping
    )
