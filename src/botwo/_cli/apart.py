"""Whether a copy's source and target are two objects, whatever they are called.

Two names may lie in one place: under rules that put them there, or under two clients of one store.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from botwo._cli.endings import RefusedError
from botwo._cli.text import shown

if TYPE_CHECKING:
    from botwo._cli.names import S3Name


def check_apart(s3: Any, source: S3Name, target: S3Name) -> None:
    """Refuse to copy an object onto itself.

    Raises:
        RefusedError: Both names are of one object.
    """
    if _stored(s3, source) == _stored(s3, target):
        raise RefusedError(f"{shown(source)} and {shown(target)} are two names of one object")


def check_beside(s3: Any, source: S3Name, relative: str, target: S3Name) -> None:
    """Refuse to copy an object of a folder into that folder.

    Args:
        s3: The routed client.
        source: The object.
        relative: What of its key is below the folder.
        target: What it is copied to.

    Raises:
        RefusedError: The copy would copy what it writes.
    """
    endpoint, bucket, key = _stored(s3, source)
    to_endpoint, to_bucket, to_key = _stored(s3, target)
    folder = key.removesuffix(relative)
    if (endpoint, bucket) == (to_endpoint, to_bucket) and to_key.startswith(folder):
        raise RefusedError(
            f"{shown(target)} lies in the folder of {shown(source)}, under another name: the copy "
            "would copy what it writes"
        )


def _stored(s3: Any, name: S3Name) -> tuple[str, str, str]:
    """Give where an object lies: its store's endpoint, its bucket and its key there."""
    route = s3._botwo_rules.route(name.bucket, name.key)
    endpoint: str = s3._botwo_stores[route.client].meta.endpoint_url
    return endpoint, route.mapped_bucket, route.mapped_key(name.key)
