"""Relays: copies between stores, read from one and written to the other through this process."""

from __future__ import annotations

import re
from typing import Any

import msgspec
from botocore.exceptions import (
    ClientError,
    IncompleteReadError,
    ReadTimeoutError,
    ResponseStreamingError,
)

from botwo._calls import Call, Conversation, Together, ask
from botwo._copy_errors import (
    NOT_ALLOWED,
    NOT_IMPLEMENTED,
    as_copy_error,
    beyond,
    changed,
    check_conditions,
    expected_algorithm,
    malformed,
)
from botwo._errors import RoutingError
from botwo._operations import Operation
from botwo._promises import (
    ABORT,
    COMPLETE,
    CREATE,
    GET,
    GET_TAGS,
    PUT,
    UPLOAD,
    algorithm,
    conditions,
    copied,
    counts_tags,
    kept,
    part,
    promised,
    replaced,
    tagging,
    unknown,
)
from botwo._routes import Route
from botwo._rules import Rules
from botwo._translation import Params

MIB = 1024 * 1024
# An object up to this size is one request to either store.
THRESHOLD = 8 * MIB
PART_SIZE = 8 * MIB
PARTS_AT_ONCE = 8
# What S3 takes of one upload; of a larger object the parts are larger.
MOST_PARTS = 10_000
# How often a body is asked for that breaks while it is read, as s3transfer asks.
ATTEMPTS = 5

_BROKEN = (
    IncompleteReadError,
    ReadTimeoutError,
    ResponseStreamingError,
    ConnectionError,
    TimeoutError,
)
_RANGE = re.compile(r"bytes=(\d+)-(\d+)", re.ASCII)


class Copy(msgspec.Struct, frozen=True, kw_only=True):
    """A copy between two stores, as it was asked for, and both ends' routes."""

    operation: Operation
    params: Params
    source: Params
    """``Bucket``, ``Key`` and perhaps ``VersionId``."""
    origin: Route
    target: Route
    rules: Rules

    def read(
        self, asked: Operation, reads: int | None = None, *, spools: bool = False, **given: Any
    ) -> Call:
        """Ask the source's store about the source."""
        names = {member: self.source[member] for member in ("Bucket", "Key")}
        if self.source.get("VersionId") is not None:
            names["VersionId"] = self.source["VersionId"]
        ends = (self.origin, self.source["Key"]), (self.target, self.params["Key"])
        call = ask(asked, {**names, **promised(asked, self.params), **given}, ends, self.rules)
        return msgspec.structs.replace(call, asked=self.operation.name, reads=reads, spools=spools)

    def write(self, asked: Operation, **given: Any) -> Call:
        """Ask the destination's store."""
        ends = (self.target, self.params["Key"]), (self.origin, self.source["Key"])
        call = ask(asked, {**promised(asked, self.params), **given}, ends, self.rules)
        return msgspec.structs.replace(call, asked=self.operation.name, puts_away=asked is ABORT)

    def refusal(self, message: str) -> RoutingError:
        """Make the error that says why this copy cannot be made."""
        return RoutingError(
            f"the source {self.source['Bucket']}/{self.source['Key']} lies on {self.origin} and "
            f"the destination {self.params['Bucket']}/{self.params['Key']} on {self.target}: "
            f"{message}",
            operation=self.operation.name,
            routes=(self.origin, self.target),
        )


def relay(copy: Copy) -> Conversation:
    """Serve ``CopyObject`` and ``UploadPartCopy`` between two stores.

    Raises:
        RoutingError: Something that was asked for cannot be kept.
        ClientError: What a store answered, as the copy's own error.
    """
    _check(copy)
    if copy.operation.name == "UploadPartCopy":
        return (yield from _copy_part(copy))
    found = yield from _read(
        copy, reads=THRESHOLD, ChecksumMode="ENABLED", **conditions(copy.params)
    )
    _check_found(copy, found)
    body = found.pop("Body")
    given = yield from _given(copy, found)
    if body is not None:
        written = yield copy.write(PUT, Body=body, **given)
        return copied(copy.operation.name, found, written, written)
    if "ContentLength" not in found or "ETag" not in found:
        raise copy.refusal("the source's store does not tell its length and ETag")
    # In a thread, or task, of its own: an interrupt ends it between two calls, never inside one.
    [answer] = yield Together(flows=[_in_parts(copy, found, given)])
    return answer


def _check(copy: Copy) -> None:
    """Refuse, before anything is sent, what cannot be kept."""
    params = copy.params
    members = unknown(params)
    if members:
        raise copy.refusal(
            f"this version does not know how to keep {members[0]}; upgrade botwo, or read the "
            "object and put it"
        )
    if params.get("AnnotationDirective") == "COPY":
        raise copy.refusal("annotations are not carried over; leave AnnotationDirective out")
    if copy.operation.name == "CopyObject":
        copy.write(CREATE)  # what it names may have no name at that store
        return
    asked = params.get("CopySourceRange")
    found = _RANGE.fullmatch(asked) if isinstance(asked, str) else None
    if asked is not None and (found is None or int(found[1]) > int(found[2])):
        raise malformed(copy.operation.name, params)


def _read(copy: Copy, *, reads: int, spools: bool = False, **given: Any) -> Conversation:
    """Read the source, and again where the body breaks off."""
    for left in reversed(range(ATTEMPTS)):
        try:
            return (yield copy.read(GET, reads, spools=spools, **given))
        except _BROKEN:
            if not left:
                raise
        except ClientError as error:
            own = as_copy_error(error, copy.operation.name, copy.params)
            if own is error:
                raise
            raise own.with_traceback(error.__traceback__) from error.__cause__
    return None


def _check_found(copy: Copy, found: Params) -> None:
    """Check that the source is what was asked for: a store may take no notice of it."""
    check_conditions(copy.operation.name, copy.params, found)
    asked = copy.source.get("VersionId")
    if asked not in (None, "null") and found.get("VersionId") != asked:
        raise copy.refusal(f"the source's store does not say that it is version {asked!r}")


def _given(copy: Copy, found: Params) -> Conversation:
    """Give what the new object has of its source: metadata, tags, and what its checksum is of."""
    given = _metadata(copy, found)
    if copy.params.get("TaggingDirective") == "REPLACE":
        given |= {name: copy.params[name] for name in ("Tagging",) if name in copy.params}
    elif found.get("TagCount") or not counts_tags(found):
        tags = yield from _tags(copy, found)
        given |= {"Tagging": tagging(tags)} if tags else {}
    return given | algorithm(copy.params, found)


def _metadata(copy: Copy, found: Params) -> Params:
    if copy.params.get("MetadataDirective") == "REPLACE":
        return replaced(copy.params)
    if found.get("MissingMeta"):
        raise copy.refusal(f"the store does not tell {found['MissingMeta']} of its metadata")
    if "ExpiresString" in found and "Expires" not in found:
        raise copy.refusal(f"its Expires, {found['ExpiresString']!r}, is no date")
    return kept(found)


def _tags(copy: Copy, found: Params) -> Conversation:
    try:
        answer = yield copy.read(GET_TAGS)
    except ClientError as error:
        status = error.response["ResponseMetadata"].get("HTTPStatusCode")
        if "TagCount" in found or status not in (NOT_ALLOWED, NOT_IMPLEMENTED):
            raise
        return ()  # the store knows of no tags
    if answer.get("VersionId", found.get("VersionId")) != found.get("VersionId"):
        raise changed(copy.operation.name)
    return answer.get("TagSet", ())


def _in_parts(copy: Copy, found: Params, given: Params) -> Conversation:
    """Copy an object as an upload of parts, of which nothing is left when it fails."""
    size = found["ContentLength"]
    length = max(PART_SIZE, -(-size // MOST_PARTS))
    begun = yield copy.write(CREATE, **given)
    upload = begun["UploadId"]
    own = {name: given[name] for name in ("ChecksumAlgorithm",) if name in given}
    try:
        flows = [
            _part(copy, found, start, min(start + length, size) - 1,
                  {"UploadId": upload, "PartNumber": number, **own})
            for number, start in enumerate(range(0, size, length), 1)
        ]  # fmt: skip
        parts = yield Together(flows=flows, at_once=PARTS_AT_ONCE)
        written = yield copy.write(COMPLETE, UploadId=upload, MultipartUpload={"Parts": parts})
    except BaseException as error:
        yield from _abort(copy, upload, error)
        raise
    return copied(copy.operation.name, found, begun, written)


def _abort(copy: Copy, upload: str, error: BaseException) -> Conversation:
    """Abort an upload; where that fails, the error that led here says what may be left."""
    try:
        yield copy.write(ABORT, UploadId=upload)
    except BaseException as failure:  # noqa: BLE001 - none may hide the first error
        if isinstance(failure, ClientError) and failure.response["Error"]["Code"] == "NoSuchUpload":
            return
        error.add_note(
            f"botwo: the upload {upload!r} of {copy.params['Bucket']}/{copy.params['Key']} could "
            f"not be aborted and may be left at client {copy.target.client!r}: {failure}"
        )


def _part(copy: Copy, whole: Params, first: int, last: int, given: Params) -> Conversation:
    found = yield from _read(
        copy,
        reads=PART_SIZE,
        spools=last - first >= PART_SIZE,
        Range=f"bytes={first}-{last}",
        IfMatch=whole["ETag"],
    )
    size = whole["ContentLength"]
    try:
        if found.get("ETag") != whole["ETag"] or _total(found) not in (size, None):
            raise changed(copy.operation.name)
        if not _is_range(found, first, last) or _total(found) is None:
            raise copy.refusal("the source's store does not answer ranges of an object")
        answer = yield copy.write(UPLOAD, Body=found["Body"], **given)
    finally:
        _close(found.pop("Body", None))
    return part(given["PartNumber"], answer)


def _copy_part(copy: Copy) -> Conversation:
    """Serve ``UploadPartCopy``: read the source or a range of it, and upload that."""
    params = copy.params
    asked = params.get("CopySourceRange")
    ranged = {} if asked is None else {"Range": asked}
    found = yield from _read(copy, reads=PART_SIZE, spools=True, **ranged, **conditions(params))
    try:
        _check_found(copy, found)
        if asked is not None:
            _check_range(copy, found, asked)
        written = yield from _upload(copy, found["Body"])
    finally:
        _close(found.pop("Body"))
    return copied(copy.operation.name, found, written, written)


def _upload(copy: Copy, body: Any) -> Conversation:
    """Upload a part of the caller's upload, with the checksum that was promised when it began."""
    try:
        return (yield copy.write(UPLOAD, Body=body))
    except ClientError as error:
        expected = expected_algorithm(error)
        if expected is None:
            raise
    if not isinstance(body, bytes):
        body.seek(0)
    return (yield copy.write(UPLOAD, Body=body, ChecksumAlgorithm=expected))


def _check_range(copy: Copy, found: Params, asked: str) -> None:
    matched = _RANGE.fullmatch(asked)
    first, last = (int(text) for text in matched.groups()) if matched else (0, 0)
    if _is_range(found, first, last):
        return
    total = _total(found)
    if total is not None and total <= last:
        raise beyond(None, copy.operation.name, copy.params, str(total))
    raise copy.refusal("the source's store does not answer ranges of an object")


def _is_range(found: Params, first: int, last: int) -> bool:
    """Tell whether an answer holds just the bytes that were asked for."""
    told, body = found.get("ContentRange", ""), found["Body"]
    if body is None:
        return False
    length = len(body) if isinstance(body, bytes) else found.get("ContentLength")
    return told.startswith(f"bytes {first}-{last}/") and length == last - first + 1


def _total(found: Params) -> int | None:
    """Give the size of the whole object, as an answer of a range tells it."""
    total = found.get("ContentRange", "").rpartition("/")[2]
    return int(total) if total.isdecimal() else None


def _close(body: Any) -> None:
    if not isinstance(body, bytes) and body is not None:
        body.close()
