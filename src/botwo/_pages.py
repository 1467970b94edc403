"""One page of a listing: what the four operations call its parts, and how it is put together."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import quote, unquote_plus

import msgspec

from botwo._translation import encode_name

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from botwo._translation import Params

PAGE = 1000
"""The most entries that S3 puts on a page."""


class Words(msgspec.Struct, frozen=True, kw_only=True):
    """What one of the four operations calls the members that they have in common."""

    entries: tuple[str, ...]
    """The lists of keys; the list of common prefixes has one name in all."""
    size: str = "MaxKeys"
    marker: str = "KeyMarker"
    """The position that the caller gives, a name."""
    next_marker: str | None = None
    id: str | None = None
    """What tells several entries of one key apart."""
    id_marker: str = ""
    next_id: str = ""
    echoed: tuple[str, ...] = ()
    """What a store answers although nothing was asked, and so where the page begins."""


WORDS = {
    "ListObjects": Words(
        entries=("Contents",), marker="Marker", next_marker="NextMarker", echoed=("Marker",)
    ),
    "ListObjectsV2": Words(entries=("Contents",), marker="StartAfter"),
    "ListObjectVersions": Words(
        entries=("Versions", "DeleteMarkers"),
        next_marker="NextKeyMarker",
        id="VersionId",
        id_marker="VersionIdMarker",
        next_id="NextVersionIdMarker",
        echoed=("KeyMarker", "VersionIdMarker"),
    ),
    "ListMultipartUploads": Words(
        entries=("Uploads",),
        size="MaxUploads",
        next_marker="NextKeyMarker",
        id="UploadId",
        id_marker="UploadIdMarker",
        next_id="NextUploadIdMarker",
        echoed=("KeyMarker", "UploadIdMarker"),
    ),
}
_COMMON_PREFIXES = "CommonPrefixes"


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """One key, version, upload or common prefix of a page."""

    name: str
    told: str
    """The name as the store told it: URL-encoded where that was asked."""
    member: str
    """The list that it stands in."""
    value: Params

    @property
    def is_common_prefix(self) -> bool:
        """Whether it stands for all keys that start with it."""
        return self.member == _COMMON_PREFIXES

    def rolled_up(self, into: str) -> Entry:
        """Give the common prefix that stands for this key, encoded as the store encodes."""
        told = next(
            self.told[:end]
            for end in range(len(into), len(self.told) + 1)
            if into in (self.told[:end], unquote_plus(self.told[:end]))
        )
        return Entry(name=into, told=told, member=_COMMON_PREFIXES, value={"Prefix": told})


def entries(words: Words, answer: Params, *, encoded: bool) -> list[Entry]:
    """Give a store's entries in key order, those of one key as the store orders them.

    S3 lists the versions and the delete markers of one key apart; the newer comes first.
    """
    found = [
        _entry(value, "Key", member, encoded=encoded)
        for member in words.entries
        for value in answer.get(member, ())
    ]
    if len(words.entries) > 1:
        found.sort(key=_age)
    found += [
        _entry(value, "Prefix", _COMMON_PREFIXES, encoded=encoded)
        for value in answer.get(_COMMON_PREFIXES, ())
    ]
    return sorted(found, key=lambda entry: entry.name)


def _entry(value: Params, names: str, member: str, *, encoded: bool) -> Entry:
    told = value[names]
    return Entry(
        name=unquote_plus(told) if encoded else told, told=told, member=member, value=value
    )


def _age(entry: Entry) -> tuple[bool, float]:
    modified = entry.value.get("LastModified")
    return not entry.value.get("IsLatest"), -modified.timestamp() if modified else 0.0


def in_order(words: Words, answer: Params, *, encoded: bool) -> bool:
    """Tell whether a store lists in key order."""
    decoded = unquote_plus if encoded else str
    for member in words.entries:
        names = [decoded(value["Key"]) for value in answer.get(member, ())]
        if names != sorted(names):
            return False
    return True


def last_id(words: Words, page: Sequence[Entry]) -> str | None:
    """Give what tells the last entry from others of its key; None where it is not certain."""
    last = page[-1]
    if words.id is None or last.is_common_prefix:
        return None
    same = [entry for entry in page if entry.name == last.name]
    twins = {entry.member for entry in same if _age(entry) == _age(last)}
    found: str | None = last.value.get(words.id)
    return found if len(twins) == 1 else None


def put_together(
    words: Words, params: Params, asked: Params, first: Params, page: Iterable[Entry]
) -> Params:
    """Give a page as one store would answer it, without what says where the next one begins.

    Args:
        words: The operation's.
        params: What the caller asked.
        asked: What was asked of the first store.
        first: What the first store answered.
        page: The entries.
    """
    lists = (*words.entries, _COMMON_PREFIXES)
    dropped = (*lists, words.next_marker, words.next_id, "NextContinuationToken")
    answer = {name: value for name, value in first.items() if name not in dropped}
    for entry in page:
        answer.setdefault(entry.member, []).append(entry.value)
    for name in filter(None, ("Prefix", words.marker, words.id_marker, "Delimiter")):
        _echo(name, words, params, asked, answer)
    if words.size in asked and words.size in answer:
        answer[words.size] = min(params.get(words.size, PAGE), PAGE)
    if "ContinuationToken" in params:
        answer["ContinuationToken"] = params["ContinuationToken"]
    return answer


def _echo(name: str, words: Words, params: Params, asked: Params, answer: Params) -> None:
    """Answer a member of the request as the store would have.

    It shows how by what it answered to what it was asked; where it was not asked, S3's habit holds.
    """
    wanted = params.get(name)
    told = answer.get(name)
    if told is None and (name in asked or name in words.echoed or not wanted):
        answer.pop(name, None)  # the store answers no such member
    elif wanted:
        # botocore decodes what it asked to be encoded, but for the prefix of ListObjects.
        by_itself = name == "Prefix" and words.marker == "Marker" and answer.get("EncodingType")
        url = "url" in (params.get("EncodingType"), by_itself)
        answer[name] = _encoding(asked.get(name), told, encoded=url)(wanted)
    elif name in words.echoed or name == "Prefix":
        answer[name] = ""
    else:
        answer.pop(name, None)


def _encoding(asked: str | None, told: str | None, *, encoded: bool) -> Callable[[str], str]:
    """Find how a store URL-encodes what it was asked; where it does not show, S3's way holds."""
    shown = [style for style in (encode_name, quote, _quote_all) if asked and style(asked) == told]
    if not asked or not told or (asked == told and shown):
        return encode_name if encoded else str
    return shown[0] if shown else str


def _quote_all(text: str) -> str:
    return quote(text, safe="")
