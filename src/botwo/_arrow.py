"""Arrow's filesystem of an ``s3://`` URI: s3fs's, whose clients are routed, not Arrow's own."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qs, urlsplit, urlunsplit

from botwo._activate import is_active
from botwo._errors import BotwoError

_OWN_ENDPOINT = "endpoint_override"
# With it in a URI Arrow asks nobody where the bucket lies.
_REGION = "region=us-east-1"


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
    parts = urlsplit(uri)
    if not is_active() or _OWN_ENDPOINT in parse_qs(parts.query):
        return plain.from_uri(uri)  # type: ignore[no-any-return]
    asked = f"{parts.query}&{_REGION}" if parts.query else _REGION
    _, path = plain.from_uri(urlunsplit(parts._replace(query=asked, fragment="")))
    if parts.query or "@" in parts.netloc:
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
    from pyarrow.fs import FSSpecHandler, PyFileSystem

    return PyFileSystem(FSSpecHandler(fsspec.filesystem("s3")))
