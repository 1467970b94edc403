"""What a copy's own errors are, where the source's store refused to be read."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from botwo._promises import header

if TYPE_CHECKING:
    from botwo._translation import Params

NOT_MODIFIED, NOT_ALLOWED, PRECONDITION, UNSATISFIABLE = 304, 405, 412, 416

# Of the conditions that a store answers with a status, those that it may mean.
_MEANT = {
    NOT_MODIFIED: ("CopySourceIfNoneMatch", "CopySourceIfModifiedSince"),
    PRECONDITION: ("CopySourceIfMatch", "CopySourceIfUnmodifiedSince"),
}
_HEADERS = {
    "CopySourceIfMatch": "x-amz-copy-source-If-Match",
    "CopySourceIfNoneMatch": "x-amz-copy-source-If-None-Match",
    "CopySourceIfModifiedSince": "x-amz-copy-source-If-Modified-Since",
    "CopySourceIfUnmodifiedSince": "x-amz-copy-source-If-Unmodified-Since",
}
RANGE = "x-amz-copy-source-range"


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
    if status in _MEANT:
        asked = [member for member in _MEANT[status] if member in params]
        if asked or status == PRECONDITION:
            return changed(error, name, _condition(told, (*asked, "CopySourceIfMatch")[0]))
    elif status == UNSATISFIABLE and "CopySourceRange" in params:
        size = told.get("ActualObjectSize") or header(answer, "content-range").rpartition("/")[2]
        return beyond(error, name, params, str(size))
    elif status == NOT_ALLOWED and header(answer, "x-amz-delete-marker") == "true":
        message = (
            "The source of a copy request may not specifically refer to a delete marker by "
            "version id."
        )
        return _made(error, name, 400, {"Code": "InvalidRequest", "Message": message})
    return error


def _condition(told: Params, meant: str) -> str:
    """Give the header that failed: the one that the store names, or the one that was asked."""
    named = str(told.get("Condition", "")).removeprefix("x-amz-copy-source-")
    for header_name in _HEADERS.values():
        if header_name == f"x-amz-copy-source-{named}":
            return header_name
    return _HEADERS[meant]


def changed(
    error: ClientError | None, name: str, condition: str = _HEADERS["CopySourceIfMatch"]
) -> ClientError:
    """Make the error of a source that is not what it has to be, or not any more."""
    told = {
        "Code": "PreconditionFailed",
        "Message": "At least one of the pre-conditions you specified did not hold",
        "Condition": condition,
    }
    return _made(error, name, PRECONDITION, told)


def malformed(name: str, params: Params) -> ClientError:
    """Make the error of a range that is none."""
    return _range_error(
        None,
        name,
        params,
        f"The {RANGE} value must be of the form bytes=first-last where first and last are the "
        "zero-based offsets of the first and last bytes to copy",
    )


def beyond(error: ClientError | None, name: str, params: Params, size: str) -> ClientError:
    """Make the error of a range that the source does not have."""
    message = f"Range specified is not valid for source object of size: {size}"
    return _range_error(error, name, params, message)


def _range_error(error: ClientError | None, name: str, params: Params, message: str) -> ClientError:
    told = {
        "Code": "InvalidArgument",
        "Message": message,
        "ArgumentName": RANGE,
        "ArgumentValue": str(params["CopySourceRange"]),
    }
    return _made(error, name, 400, told)


def _made(error: ClientError | None, name: str, status: int, told: Params) -> ClientError:
    answer: Any = {} if error is None else error.response
    metadata = {**answer.get("ResponseMetadata", {}), "HTTPStatusCode": status}
    made: Any = {**answer, "Error": told, "ResponseMetadata": metadata}
    own = ClientError(made, name)
    for note in getattr(error, "__notes__", ()):
        own.add_note(note)
    return own
