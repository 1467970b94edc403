"""Relays: copies between stores, read from one and written to the other through this process."""

from __future__ import annotations

from typing import Any

from botocore.exceptions import (
    ClientError,
    IncompleteReadError,
    ReadTimeoutError,
    ResponseStreamingError,
)

from botwo._calls import Conversation, Together
from botwo._copies import Copy, bounds, check, check_found, given
from botwo._copy_errors import CHANGED, as_copy_error, beyond, changed, expected_algorithm
from botwo._promises import ABORT, COMPLETE, CREATE, GET, PUT, UPLOAD, conditions, copied, part
from botwo._translation import Params

MIB = 1024 * 1024
# An object up to this size is one request to either store.
THRESHOLD = 32 * MIB
# The fastest of what was measured that leaves room below 150 MiB; see docs/decisions/0009.
PART_SIZE = 32 * MIB
PARTS_AT_ONCE = 3
# A part of the caller's own upload that is longer lies in a file: s3transfer copies ten at once.
SPOOLED = 8 * MIB
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


def relay(copy: Copy) -> Conversation:
    """Serve ``CopyObject`` and ``UploadPartCopy`` between two stores.

    Raises:
        RoutingError: Something that was asked for cannot be kept.
        ClientError: What a store answered, as the copy's own error.
    """
    check(copy)
    if copy.operation.name == "UploadPartCopy":
        return (yield from _copy_part(copy))
    found = yield from _read(
        copy, reads=THRESHOLD, ChecksumMode="ENABLED", **conditions(copy.params)
    )
    check_found(copy, found)
    body = found.pop("Body")
    members = yield from given(copy, found)
    if body is not None:
        written = yield copy.write(PUT, Body=body, **members)
        return copied(copy.operation.name, found, written, written)
    if "ContentLength" not in found or "ETag" not in found:
        raise copy.refusal("the source's store does not tell its length and ETag")
    # In a thread, or task, of its own: an interrupt ends it between two calls, never inside one.
    [answer] = yield Together(flows=[_in_parts(copy, found, members)], puts_away=True)
    return answer


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
            if given.get("IfMatch") != copy.params.get("CopySourceIfMatch") and own is not error:
                own.add_note(CHANGED)
            if own is error:
                raise
            raise own.with_traceback(error.__traceback__) from error.__cause__
    return None


def _in_parts(copy: Copy, found: Params, members: Params) -> Conversation:
    """Copy an object as an upload of parts, of which nothing is left when it fails."""
    size = found["ContentLength"]
    length = max(PART_SIZE, -(-size // MOST_PARTS))
    begun = yield copy.write(CREATE, **members)
    if "UploadId" not in begun:
        raise copy.refusal("the destination's store does not say which upload it has begun")
    upload = begun["UploadId"]
    own = {name: members[name] for name in ("ChecksumAlgorithm",) if name in members}
    try:
        flows = [
            _part(copy, found, start, min(start + length, size) - 1,
                  {"UploadId": upload, "PartNumber": number, **own})
            for number, start in enumerate(range(0, size, length), 1)
        ]  # fmt: skip
        parts = yield Together(flows=flows, at_once=PARTS_AT_ONCE, puts_away=True)
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


def _part(copy: Copy, whole: Params, first: int, last: int, at: Params) -> Conversation:
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
            raise changed(copy.operation.name, found)
        if not _is_range(found, first, last) or _total(found) is None:
            raise copy.refusal("the source's store does not answer ranges of an object")
        answer = yield copy.write(UPLOAD, Body=found["Body"], **at)
        if "ETag" not in answer:
            raise copy.refusal("the destination's store does not tell the ETag of a part")
    finally:
        _close(found.pop("Body", None))
    return part(at["PartNumber"], answer)


def _copy_part(copy: Copy) -> Conversation:
    """Serve ``UploadPartCopy``: read the source or a range of it, and upload that."""
    params = copy.params
    asked = params.get("CopySourceRange")
    ranged = {} if asked is None else {"Range": asked}
    found = yield from _read(copy, reads=SPOOLED, spools=True, **ranged, **conditions(params))
    try:
        check_found(copy, found)
        if asked is not None:
            _check_range(copy, found)
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


def _check_range(copy: Copy, found: Params) -> None:
    first, last = bounds(copy)
    if _is_range(found, first, last):
        return
    total = _total(found)
    if total is not None and total <= last:
        raise beyond(found, copy.operation.name, copy.params, str(total))
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
