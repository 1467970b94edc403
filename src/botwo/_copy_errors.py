"""What a copy's own errors are, where the source's store refused to be read."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError
from botocore.utils import parse_to_aware_datetime

from botwo._promises import COMPUTED, CONDITIONS, header

if TYPE_CHECKING:
    from botwo._translation import Params

BAD_REQUEST, FORBIDDEN, NOT_FOUND, NOT_ALLOWED = 400, 403, 404, 405
PRECONDITION, UNSATISFIABLE, NOT_IMPLEMENTED = 412, 416, 501

_HEADERS = {
    "CopySourceIfMatch": "x-amz-copy-source-If-Match",
    "CopySourceIfNoneMatch": "x-amz-copy-source-If-None-Match",
    "CopySourceIfModifiedSince": "x-amz-copy-source-If-Modified-Since",
    "CopySourceIfUnmodifiedSince": "x-amz-copy-source-If-Unmodified-Since",
}
_ARCHIVED = {
    "Code": "ObjectNotInActiveTierError",
    "Message": "The source object of the COPY action is not in the active tier and is only stored "
    "in Amazon S3 Glacier.",
}
_MARKER = {
    "Code": "InvalidRequest",
    "Message": "The source of a copy request may not specifically refer to a delete marker by "
    "version id.",
}
CHANGED = "botwo: the source was changed while it was copied"
_RANGE = "x-amz-copy-source-range"
_EXPECTED = re.compile(r"expected checksum Type: (\w+)", re.IGNORECASE)


def as_copy_error(error: ClientError, name: str, params: Params) -> ClientError:
    """Give the error that a copy raises where its source answers with this one.

    Args:
        error: What reading the source raised.
        name: The operation that was asked for.
        params: What it was asked with.
    """
    answer: Any = error.response
    told: Params = dict(answer.get("Error", {}))
    status = answer.get("ResponseMetadata", {}).get("HTTPStatusCode")
    if status == PRECONDITION:
        failed = [member for member in CONDITIONS if member in params] or ["CopySourceIfMatch"]
        return unmet(error, name, _condition(told, failed[0]))
    if status == UNSATISFIABLE and "CopySourceRange" in params:
        size = told.get("ActualObjectSize") or header(answer, "content-range").rpartition("/")[2]
        return beyond(error, name, params, str(size))
    if told.get("Code") == "InvalidObjectState":
        return _made(error, name, FORBIDDEN, {**told, **_ARCHIVED})
    if status == NOT_ALLOWED and header(answer, "x-amz-delete-marker") == "true":
        return _made(error, name, BAD_REQUEST, _MARKER)
    return error


def _condition(told: Params, meant: str) -> str:
    """Give the header that failed: the one that the store names, or the one that was asked."""
    named = str(told.get("Condition", "")).removeprefix("x-amz-copy-source-")
    for header_name in _HEADERS.values():
        if header_name == f"x-amz-copy-source-{named}":
            return header_name
    return _HEADERS[meant]


def unmet(by: ClientError | Params, name: str, header_name: str) -> ClientError:
    """Make the error of a source that is not what it has to be."""
    told = {
        "Code": "PreconditionFailed",
        "Message": "At least one of the pre-conditions you specified did not hold",
        "Condition": header_name,
    }
    return _made(by, name, PRECONDITION, told)


def missing(name: str, source: Params) -> ClientError:
    """Make the error of a source that names no key: no store would find it."""
    told = {"Code": "NoSuchKey", "Message": "The specified key does not exist."}
    return _made(None, name, NOT_FOUND, {**told, "Key": source["Key"]})


def changed(name: str, found: Params) -> ClientError:
    """Make the error of a source that is not any more what it was."""
    error = unmet(found, name, _HEADERS["CopySourceIfMatch"])
    error.add_note(CHANGED)
    return error


def check_conditions(name: str, params: Params, found: Params) -> None:
    """Check what was asked of the source: a store may take no notice of it.

    Raises:
        ClientError: The source is not what it has to be.
    """
    etag, modified = str(found.get("ETag", "")), found.get("LastModified")
    failed = None
    if "CopySourceIfMatch" in params:
        failed = None if _names(params["CopySourceIfMatch"], etag) else "CopySourceIfMatch"
    elif "CopySourceIfUnmodifiedSince" in params and modified is not None:
        late = modified > parse_to_aware_datetime(params["CopySourceIfUnmodifiedSince"])
        failed = "CopySourceIfUnmodifiedSince" if late else None
    if "CopySourceIfNoneMatch" in params:
        failed = (
            "CopySourceIfNoneMatch" if _names(params["CopySourceIfNoneMatch"], etag) else failed
        )
    elif "CopySourceIfModifiedSince" in params and modified is not None:
        early = modified <= parse_to_aware_datetime(params["CopySourceIfModifiedSince"])
        failed = "CopySourceIfModifiedSince" if early else failed
    if failed is not None:
        raise unmet(found, name, _HEADERS[failed])


def _names(asked: str, etag: str) -> bool:
    tags = [tag.strip().strip('"') for tag in asked.split(",")]
    return "*" in tags or etag.strip('"') in tags


def malformed(name: str, params: Params) -> ClientError:
    """Make the error of a range that is none."""
    return _range_error(
        None,
        name,
        params,
        f"The {_RANGE} value must be of the form bytes=first-last where first and last are the "
        "zero-based offsets of the first and last bytes to copy",
    )


def beyond(by: ClientError | Params, name: str, params: Params, size: str) -> ClientError:
    """Make the error of a range that the source does not have."""
    of_size = f" of size: {size}" if size else ""
    message = f"Range specified is not valid for source object{of_size}"
    return _range_error(by, name, params, message)


def expected_algorithm(error: ClientError) -> str | None:
    """Give the checksum that a part has to have, where S3 refused it for another one."""
    found = _EXPECTED.search(error.response["Error"].get("Message", ""))
    name = found[1].upper() if found else ""
    return name if name in COMPUTED else None


def _range_error(
    by: ClientError | Params | None, name: str, params: Params, message: str
) -> ClientError:
    told = {
        "Code": "InvalidArgument",
        "Message": message,
        "ArgumentName": _RANGE,
        "ArgumentValue": str(params["CopySourceRange"]),
    }
    return _made(by, name, BAD_REQUEST, told)


def _made(by: ClientError | Params | None, name: str, status: int, told: Params) -> ClientError:
    """Make an error of what a store raised or answered; None: no store was asked."""
    answer: Any = by.response if isinstance(by, ClientError) else {}
    asked = (answer if isinstance(by, ClientError) else by or {}).get("ResponseMetadata", {})
    metadata = {"HTTPHeaders": {}, "RetryAttempts": 0, **asked, "HTTPStatusCode": status}
    made: Any = {**answer, "Error": told, "ResponseMetadata": metadata}
    own = ClientError(made, name)
    for note in getattr(by, "__notes__", ()):
        own.add_note(note)
    return own
