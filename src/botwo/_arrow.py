"""Arrow's filesystem of an ``s3://`` URI: s3fs's, whose clients are routed, not Arrow's own."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qs

from pyarrow.fs import FileInfo, FileSelector, FileType, FSSpecHandler, PyFileSystem

from botwo._activate import opens_s3
from botwo._errors import BotwoError

_OWN_ENDPOINT = "endpoint_override"
# With it in a URI Arrow asks nobody where the bucket lies.
_REGION = "region=us-east-1"


class S3Handler(FSSpecHandler):  # type: ignore[misc] # only Arrow knows it
    """What lets Arrow use s3fs, where both take folders in different ways: Arrow's."""

    def get_file_info_selector(self, selector: FileSelector) -> list[FileInfo]:
        """List a folder; an object that marks one, as Arrow's own client makes, is no file."""
        found: dict[str, FileInfo] = {}
        for info in super().get_file_info_selector(selector):
            if info.path.endswith("/"):
                info = FileInfo(info.path.rstrip("/"), FileType.Directory)
            found.setdefault(info.path, info)
        found.pop(selector.base_dir.strip("/"), None)
        return list(found.values())

    def create_dir(self, path: str, _recursive: bool) -> None:  # noqa: FBT001 - as Arrow calls it
        """Make no folder, which a name makes by itself, and no bucket, which Arrow would refuse."""
        name = path.strip("/")
        if "/" not in name and not self.fs.exists(name):
            raise OSError(f"bucket {name!r} is not there, and Arrow makes none by itself")


def from_uri(plain: Any, uri: str) -> tuple[Any, str]:
    """Give the filesystem for a URI, and the path in it, as Arrow's ``FileSystem.from_uri`` does.

    Args:
        plain: Arrow's class.
        uri: Begins with ``s3://``. One that names an ``endpoint_override`` is Arrow's, as an S3
            client with an ``endpoint_url`` is the program's own.

    Raises:
        ArrowInvalid: As Arrow raises it.
        BotwoError: The URI says what only Arrow's own filesystem takes; or s3fs is missing.
    """
    # Not by urlsplit, which leaves characters out that Arrow refuses: another key would be read.
    before, hash_sign, fragment = uri.partition("#")
    address, _, query = before.partition("?")
    if not opens_s3() or _OWN_ENDPOINT in parse_qs(query):
        return plain.from_uri(uri)  # type: ignore[no-any-return]
    asked = f"{query}&{_REGION}" if query else _REGION
    _, path = plain.from_uri(f"{address}?{asked}{hash_sign}{fragment}")
    if query or "@" in address.split("/")[2]:
        raise BotwoError(
            "an s3:// URI with options or credentials is read by Arrow's own client, which would "
            f"take it to one store; leave them out, or name its endpoint by {_OWN_ENDPOINT!r}"
        )
    return _filesystem(), path


def _filesystem() -> Any:
    try:
        import fsspec
        import s3fs  # noqa: F401 - what fsspec reads s3:// with
    except ImportError as missing:
        raise BotwoError(
            "Arrow's own S3 client would take s3:// to one store; pip install 'botwo[fsspec]'"
        ) from missing
    # Arrow's own client remembers no listing either, and sees what others have written since.
    return PyFileSystem(S3Handler(fsspec.filesystem("s3", use_listings_cache=False)))
