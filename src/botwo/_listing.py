"""Listings of keys: of one segment of a bucket, or of several one after the other.

Segments partition the key order, so a listing over several is their listings in a row; each store
is asked for its stretches only (see `_stretches`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec
from botocore.exceptions import ClientError

from botwo._calls import Call, Conversation, Flow, ask
from botwo._errors import RoutingError
from botwo._markers import MADE_UP
from botwo._pages import PAGE, WORDS, Entry, Words, entries, in_order, last_id, put_together
from botwo._stretches import Stretch, before, behind, common_prefix, next_stretch
from botwo._tokens import bad_token, is_our_token, make_token, read_token

if TYPE_CHECKING:
    from collections.abc import Sequence

    from botwo._operations import Operation
    from botwo._rules import Rules
    from botwo._segments import Segment
    from botwo._translation import Params


def list_keys(operation: Operation, params: Params, rules: Rules) -> Flow:
    """Serve the four operations that list keys.

    Raises:
        RoutingError: A store cannot list a part of the bucket.
        ClientError: The continuation token is of another mapping, or none; as S3 says it.
    """
    prefix = params.get("Prefix")
    prefix = prefix if isinstance(prefix, str) else ""
    segments = rules.segments(params["Bucket"], prefix)
    if len(segments) > 1:
        return _Span(operation, params, rules, segments).fill()
    if is_our_token(params.get("ContinuationToken")):
        raise bad_token(operation.name)
    return ask(operation, params, ((segments[0].route, prefix),), rules)


class _Position(msgspec.Struct, frozen=True, kw_only=True):
    """Where a listing goes on."""

    start: str | None = ""
    """The first name that may still be listed; None: all was."""
    id: str | None = None
    """The last listed version or upload of the key ``start``, where more of it may follow."""
    cursor: Params | None = None
    """What the store that listed nothing of use said where its next page begins."""


class _Span:
    """One page of a listing over several segments."""

    def __init__(
        self, operation: Operation, params: Params, rules: Rules, segments: Sequence[Segment]
    ) -> None:
        self.operation = operation
        self.params = params
        self.rules = rules
        self.segments = segments
        self.words: Words = WORDS[operation.name]
        self.prefix: str = params.get("Prefix") or ""
        self.delimiter: str = params.get("Delimiter") or ""
        self.page: list[Entry] = []
        self.first: tuple[Params, Params] | None = None
        """What the first store was asked, and what it answered."""
        self.empty: ClientError | None = None
        """What a store said that has no uploads, and says so by an error."""
        self.last_id: str | None = None
        """The last entry's id, where its store says that it is the last."""
        self.names_marker = bool(self.delimiter)
        """Whether `ListObjects` says where the next page begins."""

    def fill(self) -> Conversation:
        """Fill the page, and look whether there is more."""
        limit = min(self.params.get(self.words.size, PAGE), PAGE)
        position = self._begin()
        more = False
        while limit > 0 and not more and position.start is not None:
            stretch = self._stretch(position.start)
            if stretch is None:
                break
            room = limit - len(self.page)
            asked, answer = yield from self._ask(stretch, position, room or 1)
            kept, certain, position = self._take(stretch, position, answer, asked)
            self.page += kept[:room]
            if kept and room:
                self.last_id = position.id if len(kept) <= room else None
            more = len(kept) > room or (len(kept) == room and certain)
        if self.first is None and self.empty is None:
            # None has room, but the bucket may be missing, or closed to the caller.
            stretch = next_stretch(self.segments, self.prefix, self.delimiter, "")
            assert stretch is not None  # the segments are those that the prefix reaches
            yield from self._ask(stretch, _Position(), min(limit, 1))
        if self.first is None and self.empty is not None:
            raise self.empty
        return self._answer(more=more)

    def _begin(self) -> _Position:
        """Read where the page begins."""
        marker = self.params.get(self.words.marker) or ""
        token = "ContinuationToken" in self.params
        if token:
            asked = self.params["ContinuationToken"]
            marker = read_token(asked, self._mapping(), self.operation.name)
        id_marker = self.params.get(self.words.id_marker)
        if id_marker and not marker and self.words.id == "VersionId":
            told = {"ArgumentName": "version-id-marker", "ArgumentValue": id_marker}
            message = "A version-id marker cannot be specified without a key marker."
            raise _refused(self.operation.name, message, **told)
        if not marker:
            return _Position()
        if marker.startswith(MADE_UP):
            message = "The marker is of a listing under another mapping."
            raise _refused(self.operation.name, message)
        start = behind(marker, self.prefix, self.delimiter)
        around = common_prefix(marker, self.prefix, self.delimiter)
        if around is not None and around < marker and start is not None:
            # Stores differ in whether they list a common prefix that the marker lies in. One that
            # is asked by grouped names decides; otherwise the marker leaves it behind.
            stretch = self._stretch(start)
            if token or stretch is None or not stretch.grouped:
                return _Position(start=behind(around, self.prefix, self.delimiter))
        if id_marker and start == f"{marker}\0":
            return _Position(start=marker, id=id_marker)
        return _Position(start=start)

    def _mapping(self) -> object:
        """Give what a position in the bucket depends on."""
        cuts = [
            [cut.start, cut.route.client, cut.route.mapped_bucket, cut.route.mapped_key(cut.start)]
            for cut in self.rules.segments(self.params["Bucket"])
        ]
        return [self.params["Bucket"], cuts]

    def _stretch(self, start: str) -> Stretch | None:
        return next_stretch(self.segments, self.prefix, self.delimiter, start)

    def _ask(self, stretch: Stretch, position: _Position, size: int) -> Conversation:
        """Ask the stretch's store, in the caller's names; give what was asked and answered."""
        words = self.words
        dropped = {"ContinuationToken", words.marker, words.id_marker, words.size, "Prefix"}
        asked = {name: value for name, value in self.params.items() if name not in dropped}
        if stretch.prefix or "Prefix" in self.params:
            asked["Prefix"] = stretch.prefix
        if not stretch.grouped:
            asked.pop("Delimiter", None)
        size = min(size, 1) if stretch.inside is not None else size
        if size != PAGE or words.size in self.params:
            asked[words.size] = size
        if position.cursor is not None:
            asked |= position.cursor
        elif position.id is not None:
            asked |= {words.marker: stretch.start, words.id_marker: position.id}
        elif stretch.start > stretch.prefix:
            asked[words.marker] = before(stretch.start)
        call: Call = ask(self.operation, asked, ((stretch.route, stretch.prefix),), self.rules)
        try:
            answer = yield call
        except ClientError as error:
            # rclone says so of a bucket that never had an upload.
            if (error.response["Error"].get("Code"), words.size) != ("NoSuchUpload", "MaxUploads"):
                raise
            self.empty = error
            return asked, {}
        self.first = self.first or (asked, answer)
        self.names_marker = self.names_marker or "NextMarker" in answer
        return asked, answer

    def _take(
        self, stretch: Stretch, position: _Position, answer: Params, asked: Params
    ) -> tuple[list[Entry], bool, _Position]:
        """Read a store's answer.

        Returns:
            The entries of the stretch, whether more certainly follow, and where to go on.
        """
        encoded = self.params.get("EncodingType") == "url"
        listed = entries(self.words, answer, encoded=encoded)
        size = asked.get(self.words.size, PAGE)
        early = [entry for entry in listed if entry.name < stretch.least]
        listed = listed[len(early) :]
        # A store that does not count common prefixes, and repeats them on every page, gives more
        # than was asked; behind as many names as were asked, keys may be missing.
        room = max(size - sum(not entry.is_common_prefix for entry in early), 0)
        truncated = bool(answer.get("IsTruncated")) or len(listed) > room
        if truncated and not in_order(self.words, answer, encoded=encoded):
            raise self._cannot_span(stretch, "does not list in key order")
        listed = listed[:room]
        kept = self._rolled_up(stretch, self._new(position, listed))
        passed = stretch.end is not None and any(entry.name >= stretch.end for entry in listed)
        more = truncated and not passed
        certain = more and stretch.whole and stretch.grouped
        if stretch.inside is not None and kept:
            return kept, False, _Position(start=behind(stretch.inside, self.prefix, self.delimiter))
        if not more:
            return kept, False, _Position(start=stretch.end)
        if kept:
            return kept, certain, self._behind(stretch, kept, answer)
        return kept, False, self._cursor(stretch, position, answer, early)

    def _new(self, position: _Position, listed: Sequence[Entry]) -> Sequence[Entry]:
        """Leave out what was listed already, where a store begins with it again."""
        for place, entry in enumerate(listed):
            id_ = entry.value.get(self.words.id or "")
            if id_ is not None and (entry.name, id_) == (position.start, position.id):
                return listed[place + 1 :]
        return listed

    def _rolled_up(self, stretch: Stretch, listed: Sequence[Entry]) -> list[Entry]:
        """Give the entries that lie in a stretch, grouped by us where the store could not."""
        kept: list[Entry] = []
        for entry in listed:
            if stretch.end is not None and entry.name >= stretch.end:
                continue
            into = common_prefix(entry.name, self.prefix, self.delimiter)
            if into is not None and not entry.is_common_prefix:
                entry = entry.rolled_up(into)
                if kept and kept[-1].name == into:
                    continue
            kept.append(entry)
        return kept

    def _behind(self, stretch: Stretch, kept: Sequence[Entry], answer: Params) -> _Position:
        """Go on behind the last entry of a page that its store has cut."""
        words, last = self.words, kept[-1]
        if words.id is None or last.is_common_prefix:
            return _Position(start=behind(last.name, self.prefix, self.delimiter))
        found = last_id(words, kept)
        if found is None and answer.get(words.next_marker or "") == last.told:
            found = answer.get(words.next_id)
            if not found:
                raise self._cannot_span(stretch, "does not say which version was last")
        # Where the page does not end with this key, all of it was listed.
        start = last.name if found else behind(last.name, self.prefix, self.delimiter)
        return _Position(start=start, id=found)

    def _cursor(
        self, stretch: Stretch, position: _Position, answer: Params, early: Sequence[Entry]
    ) -> _Position:
        """Go on where a store listed only what lies before the stretch, or nothing."""
        words = self.words
        if "NextContinuationToken" in answer:
            cursor = {"ContinuationToken": answer["NextContinuationToken"]}
        elif words.next_marker and answer.get(words.next_marker):
            cursor = {words.marker: answer[words.next_marker]}
            if answer.get(words.next_id):
                cursor[words.id_marker] = answer[words.next_id]
        elif early:
            cursor = {words.marker: early[-1].name}
        else:
            raise self._cannot_span(stretch, "says that there is more, and not where")
        if cursor == position.cursor:
            raise self._cannot_span(stretch, "does not get ahead")
        return _Position(start=position.start, id=position.id, cursor=cursor)

    def _cannot_span(self, stretch: Stretch, why: str) -> RoutingError:
        return RoutingError(
            f"the keys of bucket {self.params['Bucket']!r} that start with {self.prefix!r} lie in "
            f"several places, and {stretch.route} {why}; name a prefix that lies in one of them",
            operation=self.operation.name,
            routes=[stretch.route],
        )

    def _answer(self, *, more: bool) -> Params:
        assert self.first is not None
        words = self.words
        answer = put_together(words, self.params, *self.first, self.page)
        answer["IsTruncated"] = more
        if self.operation.name == "ListObjectsV2":
            answer["KeyCount"] = len(self.page)
        if not more:
            return answer
        last = self.page[-1]
        if words.next_marker is None:
            answer["NextContinuationToken"] = make_token(self._mapping(), last.name)
        elif words.id is not None or self.names_marker:
            answer[words.next_marker] = last.told
        found = self.last_id or last_id(words, self.page)
        if found is not None:
            answer[words.next_id] = found
        return answer


def _refused(operation: str, message: str, **told: str) -> ClientError:
    metadata = {"HTTPStatusCode": 400, "HTTPHeaders": {}, "RetryAttempts": 0}
    error = {"Code": "InvalidArgument", "Message": message, **told}
    answer: Any = {"Error": error, "ResponseMetadata": metadata}
    return ClientError(answer, operation)
