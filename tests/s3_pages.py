"""What S3 answers to a listing of keys, from what a bucket holds; pure, for oracles and models.

The facts are those of S3's API reference; `exact_moto` lists them.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote_plus

MOST = 1000


@dataclass(frozen=True, slots=True)
class Entry:
    """What a bucket has under a key: an object, a version or an upload.

    Attributes:
        key: The key.
        member: The list of the answer that it belongs to; "": it is a common prefix.
        id: What tells it from others of its key, and what that is called.
        item: What the answer says of it, beside these.
    """

    key: str
    member: str = ""
    id: Mapping[str, str] = field(default_factory=dict)
    item: Mapping[str, Any] = field(default_factory=dict)

    def told(self, name: Callable[[str], str]) -> dict[str, Any]:
        """Give the entry as an answer tells it."""
        if not self.member:
            return {"Prefix": name(self.key)}
        return {"Key": name(self.key), **self.id, **self.item}


@dataclass(frozen=True, slots=True)
class _Kind:
    bucket: str
    marker: str
    size: str
    members: tuple[str, ...]
    id: str = ""


_KINDS = {
    "ListObjects": _Kind("Name", "Marker", "MaxKeys", ("Contents",)),
    "ListObjectsV2": _Kind("Name", "StartAfter", "MaxKeys", ("Contents",)),
    "ListObjectVersions": _Kind(
        "Name", "KeyMarker", "MaxKeys", ("Versions", "DeleteMarkers"), "VersionId"
    ),
    "ListMultipartUploads": _Kind("Bucket", "KeyMarker", "MaxUploads", ("Uploads",), "UploadId"),
}


class RefusedError(Exception):
    """S3 refuses a listing with InvalidArgument: the message, the argument, its value."""


def url_encoded(text: str) -> str:
    """Encode a name as S3 does: a space is +, and a tilde is not kept."""
    return quote_plus(text, safe="/*").replace("~", "%7E")


def listing(operation: str, asked: Mapping[str, Any], found: Iterable[Entry]) -> dict[str, Any]:
    """Answer one request to list a bucket.

    Args:
        operation: One of the four operations that list keys.
        asked: The request's parameters.
        found: What the bucket holds, in order.

    Raises:
        RefusedError: An argument is wrong.
    """
    kind = _KINDS[operation]
    encoded = asked.get("EncodingType") == "url"

    def name(text: str) -> str:
        return url_encoded(text) if encoded else text

    size = _size(kind, asked)
    prefix, delimiter = asked.get("Prefix", ""), asked.get("Delimiter", "")
    all_found = list(found)
    behind = _behind(kind, asked, all_found)
    left = [entry for entry in folded(all_found, prefix, delimiter) if behind(entry)]
    shown = left[:size]
    answer: dict[str, Any] = {
        kind.bucket: asked["Bucket"],
        "Prefix": name(prefix),
        kind.size: size,
        "IsTruncated": 0 < size < len(left),
        **_echoes(operation, asked, name),
    }
    for member, key in [*((member, member) for member in kind.members), ("CommonPrefixes", "")]:
        answer[member] = [entry.told(name) for entry in shown if entry.member == key]
    if operation == "ListObjectsV2":
        answer["KeyCount"] = len(shown)
    if answer["IsTruncated"]:
        answer |= _next(operation, asked, shown[-1], name)
    return answer


def folded(found: Iterable[Entry], prefix: str, delimiter: str) -> Iterator[Entry]:
    """Give what starts with the prefix, each common prefix once in place of what starts with it."""
    last = None
    for entry in found:
        if not entry.key.startswith(prefix):
            continue
        at = entry.key.find(delimiter, len(prefix)) if delimiter else -1
        if at < 0:
            yield entry
            continue
        common = entry.key[: at + len(delimiter)]
        if common != last:
            yield Entry(common)
        last = common


def _size(kind: _Kind, asked: Mapping[str, Any]) -> int:
    size = asked.get(kind.size, MOST)
    if not 0 <= int(size) < 2**31:
        name = "max-uploads" if kind.size == "MaxUploads" else "max-keys"
        message = f"Argument {name} must be an integer between 0 and 2147483647"
        raise RefusedError(message, name, str(size))
    return min(int(size), MOST)


def _behind(
    kind: _Kind, asked: Mapping[str, Any], found: Sequence[Entry]
) -> Callable[[Entry], bool]:
    """Tell what is behind the marker; the marker of what is gone is behind all of its key."""
    marker = asked.get(kind.marker, "")
    if kind.marker == "StartAfter" and "ContinuationToken" in asked:
        marker = position(asked["ContinuationToken"])
    id_marker = asked.get(f"{kind.id}Marker", "") if kind.id else ""
    if id_marker and not marker and kind.id == "VersionId":
        message = "A version-id marker cannot be specified without a key marker."
        raise RefusedError(message, "version-id-marker", id_marker)
    ids = [entry.id[kind.id] for entry in found if entry.key == marker] if id_marker else []
    left = set(ids[ids.index(id_marker) + 1 :]) if id_marker in ids else set()

    def behind(entry: Entry) -> bool:
        same = entry.key == marker and bool(entry.member)
        return entry.key > marker or (same and bool(left) and entry.id[kind.id] in left)

    return behind


def _echoes(operation: str, asked: Mapping[str, Any], name: Callable[[str], str]) -> dict[str, Any]:
    kind = _KINDS[operation]
    echoes = {}
    if asked.get("Delimiter"):
        echoes["Delimiter"] = name(asked["Delimiter"])
    if asked.get("EncodingType"):
        echoes["EncodingType"] = asked["EncodingType"]
    if operation != "ListObjectsV2" or asked.get(kind.marker):
        echoes[kind.marker] = name(asked.get(kind.marker, ""))
    if kind.id:
        echoes[f"{kind.id}Marker"] = asked.get(f"{kind.id}Marker", "")
    if "ContinuationToken" in asked:
        echoes["ContinuationToken"] = asked["ContinuationToken"]
    return echoes


def _next(
    operation: str, asked: Mapping[str, Any], last: Entry, name: Callable[[str], str]
) -> dict[str, Any]:
    if operation == "ListObjectsV2":
        return {"NextContinuationToken": token(last.key)}
    if operation == "ListObjects":
        return {"NextMarker": name(last.key)} if asked.get("Delimiter") else {}
    ids = {f"Next{member}Marker": value for member, value in last.id.items()}
    return {"NextKeyMarker": name(last.key), **ids}


def token(behind: str) -> str:
    """Make a continuation token that leads on behind a name."""
    return base64.b64encode(b"exact:" + behind.encode()).decode()


def position(of_token: str) -> str:
    """Read what name a continuation token leads on behind.

    Raises:
        RefusedError: No page gave it.
    """
    try:
        said = base64.b64decode(of_token, validate=True).decode()
    except (binascii.Error, ValueError):
        said = ""
    if not said.startswith("exact:"):
        message = "The continuation token provided is incorrect"
        raise RefusedError(message, "continuation-token", of_token)
    return said.removeprefix("exact:")
