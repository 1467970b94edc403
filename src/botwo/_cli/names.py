"""``s3://`` names on the command line, and the local paths that keys may become."""

from __future__ import annotations

import os
import re
from pathlib import Path

import msgspec

from botwo._cli.endings import RefusedError, misuse

SCHEME = "s3://"
STANDARD = "-"

# An access point's ARN is a bucket too, and may have a slash in it.
_ARN = r"arn:[^/]*:(?:outpost[:/][^:/]+[:/])?accesspoint[:/][^:/]+"
_NAME = re.compile(f"{SCHEME}({_ARN}|[^/]+)(?:/(.*))?", re.DOTALL)


class S3Name(msgspec.Struct, frozen=True):
    """A bucket; or a key, or a folder of keys, in one: as ``s3://bucket/key`` names it."""

    bucket: str
    key: str = ""

    def __str__(self) -> str:
        """Give the name as it is written."""
        return f"{SCHEME}{self.bucket}/{self.key}"

    @property
    def is_folder(self) -> bool:
        """Whether it cannot be one object's name: a bucket, or it ends with a slash."""
        return self.key == "" or self.key.endswith("/")

    @property
    def folder(self) -> S3Name:
        """Give the folder that it names where everything in it is meant."""
        return self if self.is_folder else S3Name(self.bucket, f"{self.key}/")

    @property
    def last(self) -> str:
        """Give the last part of the key."""
        return self.key.rpartition("/")[2]

    def within(self, relative: str) -> S3Name:
        """Give the name of a key in this folder."""
        return S3Name(self.bucket, self.key + relative)


def is_s3(text: str) -> bool:
    """Tell an ``s3://`` name from a local path."""
    return text.startswith(SCHEME)


def s3_name(text: str) -> S3Name:
    """Read an ``s3://`` name."""
    found = _NAME.fullmatch(text)
    if found is None:
        raise misuse(f"{text!r} is no name like s3://bucket/key")
    return S3Name(found[1], found[2] or "")


def beneath(folder: Path, relative: str) -> Path:
    """Give the local path that a key becomes in a folder.

    Raises:
        RefusedError: It would be a path outside of the folder, or another key's too.
    """
    parts = relative.split("/")
    if not all(map(_is_local_name, parts)):
        raise RefusedError(
            f"the key's part {relative!r} is no path within a folder: copy the object by itself, "
            "to a path of your own"
        )
    return folder.joinpath(*parts)


def _is_local_name(part: str) -> bool:
    if part in ("", os.curdir, os.pardir) or "\0" in part:
        return False
    # Where there are drives and another separator, a key may not have them.
    return os.sep == "/" or not re.search(r'[\\:*?"<>|]', part)
