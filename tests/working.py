"""What a worker does with a routed client, in a module that every process can import."""

from __future__ import annotations

import os
from typing import Any

NAMES = [
    ("warehouse", "raw/a.txt"),
    ("landing", "archive/b.txt"),
    ("landing", "today/c.txt"),
    ("landing", "today/d.txt"),
]


def work(s3: Any, name: tuple[str, str]) -> tuple[int, str]:
    """Write an object and read it back: which process did it, and what it read."""
    bucket, key = name
    s3.put_object(Bucket=bucket, Key=key, Body=f"{bucket} {key}".encode())
    return os.getpid(), s3.get_object(Bucket=bucket, Key=key)["Body"].read().decode()
