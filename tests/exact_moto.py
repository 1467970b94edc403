"""Run moto's S3 server, corrected where S3's API reference says otherwise: ``exact_moto.py PORT``.

moto is the widest S3 that runs on a test machine, but its listings are its own. As an oracle for
listings over several stores it must answer what S3 does, entry by entry and page by page:

* **All four listings of keys**: entries are keys (versions, uploads) and common prefixes, together
  in the order of their UTF-8 bytes; both count towards the page's size; ``IsTruncated`` is exact; a
  page of size 0 is empty and the last one; a marker is exclusive, and an entry is listed where it
  is greater than the marker, so that a marker inside a common prefix skips the prefix.
  ``EncodingType=url`` encodes every name of the answer. What a request may ask is echoed.
  moto: ListObjects gives all common prefixes on every page and does not count them; its
  ListMultipartUploads knows no marker, delimiter, page size or order.
* **ListObjects** gives ``NextMarker`` with a delimiter only, and it is the page's last entry.
  moto: a digest, with or without.
* **ListObjectsV2**: a token is opaque, wins over ``StartAfter``, and a wrong one is refused.
  moto: an unknown one is a failure of the server.
* **ListObjectVersions**: within a key the newest comes first, also of those that were put within
  one clock tick. ``KeyMarker`` alone is behind all versions of the key, with ``VersionIdMarker``
  behind that one. A ``VersionIdMarker`` that stands alone is refused. moto: ``KeyMarker`` includes
  the key, and then leaves out one version. Times are told to the millisecond, finer than S3 does,
  so that they tell the order of versions and delete markers, which stand in two lists.
* **ListMultipartUploads**: the uploads of one key in the order of their initiation.
* **ListBuckets**: sorted by name, and with continuation tokens.
* **CopyObject, UploadPartCopy**: all four conditions on the source, and a checksum of the copy as a
  whole, whether its source has one, has one of its parts, or has none (then the CRC32 that boto3
  asks for by default); of a part also what source, upload or range is missing or wrong, and the
  source's version. moto: knows one condition, copies the checksum with its parts, or none, and
  answers 404 without a code.
* **GetObject, HeadObject**: a condition on the ETag goes before that on the time. moto: asks both.
* **UploadPart, CompleteMultipartUpload** of an upload that there is not are refused. moto: fails.

Where S3 says nothing, a choice: the marker of a version or upload that is gone is behind all of its
key.

It also keeps connections alive and serves S3 alone, which makes it about twice as fast as moto's
own server.
"""

from __future__ import annotations

import logging
import re
import sys
from collections.abc import Callable, Iterable, Iterator
from typing import Any
from urllib.parse import parse_qs, unquote, urlparse

from moto.core.responses import ActionResult
from moto.core.utils import str_to_rfc_1123_datetime
from moto.moto_server.werkzeug_app import MotoRequestHandler, create_backend_app
from moto.s3.exceptions import (
    InvalidArgumentError,
    MissingKey,
    MissingVersion,
    NoSuchUpload,
    PreconditionFailed,
)
from moto.s3.models import FakeDeleteMarker, S3Backend
from moto.s3.responses import S3Response
from moto.s3.utils import compute_checksum
from s3_pages import Entry, RefusedError, listing, position, token
from werkzeug.serving import run_simple

OWNER = {"ID": "75aa57f09aa0c8caeab4f8c24e99d10f8e7faeebf76c078efc7c6caea54ba06a",
         "DisplayName": "webfile"}  # fmt: skip

_RANGE = "x-amz-copy-source-range"
# How a request's query says what the API calls otherwise.
_QUERY = {
    "prefix": "Prefix", "delimiter": "Delimiter", "encoding-type": "EncodingType",
    "max-keys": "MaxKeys", "marker": "Marker", "start-after": "StartAfter",
    "continuation-token": "ContinuationToken", "fetch-owner": "FetchOwner",
    "key-marker": "KeyMarker", "version-id-marker": "VersionIdMarker",
    "max-uploads": "MaxUploads", "upload-id-marker": "UploadIdMarker",
}  # fmt: skip


def _answer(self: Any, operation: str, found: Iterable[Entry]) -> Any:
    try:
        answer = listing(operation, _asked(self), found)
    except RefusedError as error:
        raise InvalidArgumentError(*error.args) from error
    return _serialized(self, operation, answer)


def _asked(self: Any) -> dict[str, Any]:
    asked = {_QUERY[name]: text for name, text in self.request.args.items() if name in _QUERY}
    return {"Bucket": self.bucket_name, **asked}


def _serialized(response: Any, action: str, answer: dict[str, Any]) -> Any:
    response.data["Action"] = action
    return response.serialized(ActionResult(answer))


def list_objects(self: Any) -> Any:
    """Answer ListObjects."""
    return _answer(self, "ListObjects", _objects(self, {"Owner": OWNER}))


def list_objects_v2(self: Any) -> Any:
    """Answer ListObjectsV2."""
    owner = {"Owner": OWNER} if self.request.args.get("fetch-owner") == "true" else {}
    return _answer(self, "ListObjectsV2", _objects(self, owner))


def _objects(self: Any, owner: dict[str, Any]) -> Iterator[Entry]:
    keys = self.backend.get_bucket(self.bucket_name).keys
    for name in sorted(keys):
        key = keys[name]
        if not isinstance(key, FakeDeleteMarker):
            algorithm = key.checksum_algorithm
            checksum = {"ChecksumAlgorithm": [algorithm]} if algorithm else {}
            yield Entry(name, "Contents", item={**_stored(key), **checksum, **owner})


def _stored(key: Any) -> dict[str, Any]:
    return {
        "LastModified": key.last_modified_ISO8601,
        "ETag": key.etag,
        "Size": key.size,
        "StorageClass": key.storage_class,
    }


def list_object_versions(self: Any) -> Any:
    """Answer ListObjectVersions."""
    return _answer(self, "ListObjectVersions", _versions(self))


def _versions(self: Any) -> Iterator[Entry]:
    keys = self.backend.get_bucket(self.bucket_name).keys
    for name in sorted(keys):
        for place, version in enumerate(reversed(keys.getlist(name))):
            deleted = isinstance(version, FakeDeleteMarker)
            stored = {} if deleted else _stored(version)
            modified = version.last_modified.isoformat(timespec="milliseconds") + "Z"
            item = {"IsLatest": not place, "Owner": OWNER, **stored, "LastModified": modified}
            yield Entry(
                name,
                "DeleteMarkers" if deleted else "Versions",
                {"VersionId": str(version.version_id or "null")},
                item,
            )


def list_multipart_uploads(self: Any) -> Any:
    """Answer ListMultipartUploads."""
    uploads = self.backend.list_multipart_uploads(self.bucket_name).values()
    in_order = sorted(uploads, key=lambda upload: upload.key_name)
    return _answer(self, "ListMultipartUploads", map(_begun, in_order))


def _begun(upload: Any) -> Entry:
    item = {
        "Initiator": OWNER,
        "Owner": OWNER,
        "StorageClass": upload.storage or "STANDARD",
        "Initiated": "2010-11-10T20:48:33.000Z",
        "ChecksumAlgorithm": upload.metadata.get("x-amz-checksum-algorithm"),
        "ChecksumType": upload.metadata.get("x-amz-checksum-type"),
    }
    return Entry(upload.key_name, "Uploads", {"UploadId": upload.id}, item)


# --- buckets -------------------------------------------------------------------------------------


def all_buckets(self: Any) -> Any:
    """Answer ListBuckets."""
    self.data["Action"] = "ListAllMyBuckets"
    self._authenticate_and_authorize_s3_action()
    args = self.request.args
    prefix, asked = args.get("prefix"), args.get("continuation-token")
    found = self.backend.list_buckets(prefix, args.get("bucket-region"), None)
    try:
        behind = "" if asked is None else position(asked)
    except RefusedError as error:
        raise InvalidArgumentError(*error.args) from error
    left = sorted((each for each in found if each.name > behind), key=lambda each: each.name)
    size = int(args["max-buckets"]) if "max-buckets" in args else len(left)
    answer: dict[str, Any] = {
        "Owner": OWNER,
        "Buckets": [
            {"Name": each.name, "CreationDate": each.creation_date_ISO8601} for each in left[:size]
        ],
    }
    if prefix is not None:
        answer["Prefix"] = prefix
    if size < len(left):
        answer["ContinuationToken"] = token(left[size - 1].name)
    return _serialized(self, "ListBuckets", answer)


# --- copies and parts ----------------------------------------------------------------------------


def _source(self: Any) -> Any:
    """Find a copy's source.

    Raises:
        MissingKey, MissingVersion: There is none.
    """
    parsed = urlparse(self.headers.get("x-amz-copy-source"))
    bucket, key = unquote(parsed.path).removeprefix("/").split("/", 1)
    version = parse_qs(parsed.query).get("versionId", [None])[0]
    found = self.backend.get_object(bucket, key, version_id=version)
    if found is None:
        raise MissingVersion if version else MissingKey(key=key)
    return found


def _check_source(self: Any, source: Any) -> None:
    """Check the conditions on a copy's source; one on its ETag goes before that on its time.

    Raises:
        PreconditionFailed: One does not hold.
    """
    said = {
        name: self.headers.get(f"x-amz-copy-source-if-{name}")
        for name in ("match", "none-match", "modified-since", "unmodified-since")
    }
    changed = source.last_modified.replace(microsecond=0)
    etag = source.etag.strip('"')
    if said["match"] is not None:
        _demand(said["match"].strip('"') in (etag, "*"), "Match")
    elif said["unmodified-since"] is not None:
        since = str_to_rfc_1123_datetime(said["unmodified-since"])
        _demand(changed <= since, "Unmodified-Since")
    if said["none-match"] is not None:
        _demand(said["none-match"].strip('"') not in (etag, "*"), "None-Match")
    elif said["modified-since"] is not None:
        since = str_to_rfc_1123_datetime(said["modified-since"])
        _demand(changed > since, "Modified-Since")


def _demand(holds: object, condition: str) -> None:
    if not holds:
        raise PreconditionFailed(failed_condition=f"x-amz-copy-source-If-{condition}")


def _checked_copy(copy: Callable[[Any], Any]) -> Callable[[Any], Any]:
    def copy_object(self: Any) -> Any:
        self.backend.get_bucket(self.bucket_name)
        _check_source(self, _source(self))
        return copy(self)

    return copy_object


def _checksummed_copy(copy: Callable[..., None]) -> Callable[..., None]:
    def copy_object(self: Any, source: Any, bucket: str, key: str, *args: Any, **more: Any) -> None:
        copy(self, source, bucket, key, *args, **more)
        made = self.get_object(bucket, key)
        made.checksum_algorithm = source.checksum_algorithm or "CRC32"
        made.checksum_value = compute_checksum(made.value, made.checksum_algorithm).decode()

    return copy_object


def upload_part_copy(self: Any) -> Any:
    """Answer UploadPartCopy."""
    args = self.request.args
    upload, number = args["uploadId"], int(args["partNumber"])
    ranged = _range(self.headers.get(_RANGE))
    _check_upload(self.backend, self.bucket_name, upload)
    source = _source(self)
    _check_source(self, source)
    if ranged.stop is not None and ranged.stop > source.size:
        message = f"Range specified is not valid for source object of size: {source.size}"
        raise InvalidArgumentError(message, _RANGE, self.headers[_RANGE])
    part = source.value[ranged]
    key = self.backend.upload_part(self.bucket_name, upload, number, part)
    result = {
        "LastModified": key.last_modified_ISO8601,
        "ETag": key.etag,
        "ChecksumCRC32": compute_checksum(part, "CRC32").decode(),
    }
    status, headers, body = _serialized(self, "UploadPartCopy", {"CopyPartResult": result})
    if source.version_id != "null":
        headers["x-amz-copy-source-version-id"] = source.version_id
    return status, headers, body


def _range(asked: str | None) -> slice:
    """Read what part of its source a copy wants.

    Raises:
        InvalidArgumentError: It is not said as it has to be.
    """
    if asked is None:
        return slice(None)
    said = re.fullmatch(r"bytes=(\d+)-(\d+)", asked)
    if said is None or int(said[1]) > int(said[2]):
        message = (
            f"The {_RANGE} value must be of the form bytes=first-last where first and last are the "
            "zero-based offsets of the first and last bytes to copy"
        )
        raise InvalidArgumentError(message, _RANGE, asked)
    return slice(int(said[1]), int(said[2]) + 1)


def _check_upload(backend: Any, bucket: str, upload: str | None) -> Any:
    if upload not in backend.get_bucket(bucket).multiparts:
        raise NoSuchUpload(upload_id=upload or "")


def _of_an_upload(method: Callable[..., Any]) -> Callable[..., Any]:
    def checked(self: Any, bucket: str, upload: str, *args: Any, **kwargs: Any) -> Any:
        _check_upload(self, bucket, upload)
        return method(self, bucket, upload, *args, **kwargs)

    return checked


def correct() -> None:
    """Put the corrections into moto."""
    S3Response.list_objects = list_objects
    S3Response.list_objects_v2 = list_objects_v2
    S3Response.list_object_versions = list_object_versions
    S3Response.list_multipart_uploads = list_multipart_uploads
    S3Response.all_buckets = all_buckets
    S3Response.copy_object = _checked_copy(S3Response.copy_object)
    S3Response.upload_part_copy = upload_part_copy
    S3Backend.copy_object = _checksummed_copy(S3Backend.copy_object)
    S3Backend.upload_part = _of_an_upload(S3Backend.upload_part)
    S3Backend.complete_multipart_upload = _of_an_upload(S3Backend.complete_multipart_upload)


def serve(port: int) -> None:
    """Run the server until the process ends."""
    correct()
    s3, own = create_backend_app("s3"), create_backend_app("moto_api")

    def application(environ: dict[str, Any], start: Any) -> Any:
        # A condition on the ETag, where there is one, decides alone.
        for etag, time in (
            ("IF_MATCH", "IF_UNMODIFIED_SINCE"),
            ("IF_NONE_MATCH", "IF_MODIFIED_SINCE"),
        ):
            if f"HTTP_{etag}" in environ:
                environ.pop(f"HTTP_{time}", None)
        resets = environ["PATH_INFO"].startswith("/moto-api/")
        return (own if resets else s3)(environ, start)

    class Handler(MotoRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True  # the head and the body of an answer are sent apart

        def log_request(self, *args: object) -> None:
            """Say nothing."""

    logging.getLogger("werkzeug").setLevel(logging.INFO)  # it says where it listens
    run_simple("127.0.0.1", port, application, threaded=True, request_handler=Handler)


if __name__ == "__main__":
    serve(int(sys.argv[1]))
