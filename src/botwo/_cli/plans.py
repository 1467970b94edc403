"""Which objects a copy is about, and what each is called where it goes, as ``aws s3 cp`` has it."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from botwo._cli.apart import check_beside
from botwo._cli.endings import RefusedError, misuse
from botwo._cli.names import STANDARD, S3Name, is_s3, s3_name
from botwo._cli.transfers import Inside, Transfer

if TYPE_CHECKING:
    from collections.abc import Iterator


class Local(msgspec.Struct, frozen=True):
    """A local path as it is written."""

    written: str

    @property
    def path(self) -> Path:
        """Give the path."""
        return Path(self.written)

    @property
    def is_folder(self) -> bool:
        """Whether it is a folder, or is meant to become one."""
        return self.written.endswith(("/", os.sep)) or self.path.is_dir()

    def __str__(self) -> str:
        """Give the path as it is written."""
        return self.written


Place = S3Name | Local | str


def place(text: str) -> Place:
    """Read a place: an ``s3://`` name, a local path, or ``-``."""
    if is_s3(text):
        return s3_name(text)
    if not text:
        raise misuse("an empty path names nothing")
    return text if text == STANDARD else Local(text)


def check(source: Place, target: Place, *, recursive: bool) -> None:
    """Refuse what no copy can be.

    Raises:
        BadParameter: It is used wrongly.
    """
    if not (isinstance(source, S3Name) or isinstance(target, S3Name)):
        raise misuse("one of SOURCE and TARGET has to be a name like s3://bucket/key")
    if recursive and STANDARD in (source, target):
        raise misuse("'-' is one object: it does not go with --recursive")
    if not recursive and isinstance(source, S3Name) and source.is_folder:
        raise misuse(f"{source} is no object's name: add --recursive to copy all that is in it")
    if source == STANDARD and isinstance(target, S3Name) and target.is_folder:
        raise misuse(f"{target} needs a key: standard input has no name to add to it")
    if not recursive and isinstance(source, Local) and source.path.is_dir():
        raise misuse(f"{source} is a folder: add --recursive to copy all that is in it")
    if recursive and isinstance(source, S3Name) and isinstance(target, S3Name):
        _check_apart(source.folder, target.folder)


def _check_apart(source: S3Name, target: S3Name) -> None:
    if source.bucket == target.bucket and target.key.startswith(source.key):
        raise misuse(f"{target} lies in {source}: the copy would copy what it writes")


def one(source: Place, target: Place) -> Transfer:
    """Plan the copy of one object."""
    if isinstance(source, S3Name):
        if isinstance(target, S3Name):
            return Transfer(source, _named(target, source.last))
        if isinstance(target, Local) and target.is_folder:
            return Transfer(source, Inside(target.path, source.last))
        return Transfer(source, _path(target))
    if isinstance(source, Local) and isinstance(target, S3Name):
        _check_name(source.path)
        size = source.path.stat().st_size
        return Transfer(source.path, _named(target, source.path.name), size)
    return Transfer(_path(source), _path(target))


def _path(place: Place) -> S3Name | Path | str:
    return place.path if isinstance(place, Local) else place


def _named(target: S3Name, name: str) -> S3Name:
    return target.within(name) if target.is_folder else target


def all_in(s3: Any, source: Place, target: Place) -> Iterator[Transfer]:
    """Plan the copy of all that is in a folder, or has keys in it, as it is found."""
    if isinstance(source, Local) and isinstance(target, S3Name):
        into = target.folder
        for path in files(source.path):
            relative = path.relative_to(source.path).as_posix()
            yield Transfer(path, into.within(relative), path.stat().st_size)
    elif isinstance(source, S3Name):
        yield from _all_keys(s3, source, target)


def _all_keys(s3: Any, source: S3Name, target: Place) -> Iterator[Transfer]:
    folder = source.folder
    for entry in objects(s3, folder):
        relative = entry["Key"][len(folder.key) :]
        found = S3Name(folder.bucket, entry["Key"])
        if isinstance(target, S3Name):
            into = target.folder.within(relative)
            check_beside(s3, found, relative, into)
            yield Transfer(found, into, entry["Size"])
        # An empty object that stands for a folder is none here: folders are made as needed.
        elif isinstance(target, Local) and not (found.is_folder and entry["Size"] == 0):
            yield Transfer(found, Inside(target.path, relative), entry["Size"])


def objects(s3: Any, folder: S3Name) -> Iterator[dict[str, Any]]:
    """List what has a key in a folder."""
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=folder.bucket, Prefix=folder.key)
    for page in pages:
        yield from page.get("Contents", ())


def files(folder: Path) -> Iterator[Path]:
    """List the files in a folder, links followed.

    Raises:
        RefusedError: A link leads back to a folder that it lies in; or a path is no file, or its
            name no text, which a key is.
    """
    yield from _files(folder, ())


def _files(folder: Path, above: tuple[tuple[int, int], ...]) -> Iterator[Path]:
    found = folder.stat()
    identity = found.st_dev, found.st_ino
    if identity in above:
        raise RefusedError(f"{folder}: the link leads back to a folder that it lies in")
    for path in sorted(folder.iterdir()):
        mode = path.stat().st_mode
        if stat.S_ISDIR(mode):
            yield from _files(path, (*above, identity))
        elif stat.S_ISREG(mode):
            _check_name(path)
            yield path
        else:
            raise RefusedError(f"{path}: is no file whose bytes could be copied")


def _check_name(path: Path) -> None:
    try:
        os.fspath(path).encode()
    except UnicodeEncodeError:
        raise RefusedError(f"{os.fsencode(path)!r}: the name is no UTF-8, which a key is") from None
