"""What moves to the second store: the mapping as a user writes it, and what it means, by hand."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from types_boto3_s3 import S3Client

MAPPING = [
    {"bucket_name": "bucket-a", "client": "lakefs", "key_prefix": "dev/"},
    {
        "bucket_name": "example-old-bucket",
        "mapped_bucket_name": "example-repo",
        "client": "lakefs",
        "key_prefix": "main/",
    },
    {
        "bucket_name": "test-bucket",
        "source_prefix": "archive/",
        "mapped_bucket_name": "archive-repo",
        "client": "lakefs",
        "key_prefix": "main/",
    },
    {"bucket_name": "*", "client": "s3"},
]

# What MAPPING means, the first start that fits first. Nothing here is computed from it: botwo must
# not be judged by botwo.
_HOMES = {
    "bucket-a/": ("lakefs", "bucket-a/dev/"),
    "example-old-bucket/": ("lakefs", "example-repo/main/"),
    "test-bucket/archive/": ("lakefs", "archive-repo/main/archive/"),
    "": ("s3", ""),
}

MOVED = ("example-old-bucket/", "test-bucket/archive/")
CALLERS_BUCKETS = ("bucket-a", "example-old-bucket", "test-bucket")
EMPTIED_BUCKETS = ("bucket-a", "example-old-bucket")
MAPPED_BUCKETS = ("archive-repo", "bucket-a", "example-repo")
_DATA = Path(__file__).parent / "data"


def home(name: str) -> tuple[str, str]:
    """Return the store that the caller's ``bucket/key`` lives in, and its name there."""
    start = next(start for start in _HOMES if name.startswith(start))
    store, mapped = _HOMES[start]
    return store, mapped + name.removeprefix(start)


def data_files() -> dict[str, bytes]:
    """Return the demo's data by ``bucket/key``."""
    folders = (_DATA / bucket for bucket in CALLERS_BUCKETS)
    files = sorted(path for folder in folders for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(_DATA).as_posix(): path.read_bytes() for path in files}


def fill(s3: S3Client, buckets: Iterable[str], objects: Mapping[str, bytes]) -> None:
    """Make buckets, and put objects into them."""
    for bucket in buckets:
        s3.create_bucket(Bucket=bucket)
    for name, body in objects.items():
        bucket, _, key = name.partition("/")
        s3.put_object(Bucket=bucket, Key=key, Body=body)


def delete(s3: S3Client, names: Iterable[str]) -> None:
    """Delete objects by ``bucket/key``."""
    for name in names:
        bucket, _, key = name.partition("/")
        s3.delete_object(Bucket=bucket, Key=key)


def contents(s3: S3Client) -> dict[str, bytes]:
    """Return every object of a store by ``bucket/key``."""
    found = {}
    for bucket in (entry["Name"] for entry in s3.list_buckets()["Buckets"]):
        for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket):
            for key in (entry["Key"] for entry in page.get("Contents", [])):
                found[f"{bucket}/{key}"] = s3.get_object(Bucket=bucket, Key=key)["Body"].read()
    return found


def move(source: S3Client, target: S3Client) -> None:
    """Take to the target what lives there by the mapping; the source keeps nothing of it."""
    moving = {name: body for name, body in contents(source).items() if home(name)[0] == "lakefs"}
    fill(target, MAPPED_BUCKETS, {home(name)[1]: body for name, body in moving.items()})
    delete(source, moving)
    for bucket in EMPTIED_BUCKETS:
        source.delete_bucket(Bucket=bucket)
