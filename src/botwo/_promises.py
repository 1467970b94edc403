"""What a copy promises, as tables: which parameter is asked of which store, and what is answered.

A relay is a copy that no store can make. What `CopyObject` and `UploadPartCopy` promise of it is
kept by other operations of the two stores; the tables say by which.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from botwo._operations import operation

if TYPE_CHECKING:
    from collections.abc import Iterable

    from botwo._operations import Operation
    from botwo._translation import Params

GET = operation("GetObject")
GET_TAGS = operation("GetObjectTagging")
PUT = operation("PutObject")
CREATE = operation("CreateMultipartUpload")
UPLOAD = operation("UploadPart")
COMPLETE = operation("CompleteMultipartUpload")
ABORT = operation("AbortMultipartUpload")

# What its store is asked that the source has to be.
CONDITIONS = {
    "CopySourceIfMatch": "IfMatch",
    "CopySourceIfUnmodifiedSince": "IfUnmodifiedSince",
}
# What is checked when it has answered. A store would answer these with 304, and botocore stumbles
# over one that has a checksum, as rclone's.
CHECKED = frozenset({"CopySourceIfNoneMatch", "CopySourceIfModifiedSince"})
_OF_READER = {"ExpectedSourceBucketOwner": "ExpectedBucketOwner", "RequestPayer": "RequestPayer"}
# The source's key, which the destination's store never sees.
_SOURCE_KEY = {
    "CopySourceSSECustomerAlgorithm": "SSECustomerAlgorithm",
    "CopySourceSSECustomerKey": "SSECustomerKey",
    "CopySourceSSECustomerKeyMD5": "SSECustomerKeyMD5",
}
_OF_WRITER = frozenset({"Bucket", "Key", "ExpectedBucketOwner", "RequestPayer"})
_OWN_KEY = frozenset({"SSECustomerAlgorithm", "SSECustomerKey", "SSECustomerKeyMD5"})
_IF_FREE = frozenset({"IfMatch", "IfNoneMatch"})
# What the new object has of its own, whatever the source has.
_OWN = frozenset(
    """
    ACL BucketKeyEnabled ChecksumAlgorithm GrantFullControl GrantRead GrantReadACP GrantWriteACP
    ObjectLockEventHold ObjectLockEventHoldDurationDays ObjectLockEventHoldDurationYears
    ObjectLockLegalHoldStatus ObjectLockMode ObjectLockRetainUntilDate SSEKMSEncryptionContext
    SSEKMSKeyId ServerSideEncryption StorageClass WebsiteRedirectLocation
    """.split()
)

# By operation: the copy's parameters that it is asked with, and under which name.
ASKED: Mapping[str, Mapping[str, str]] = {
    "GetObject": {**_OF_READER, **_SOURCE_KEY},
    "GetObjectTagging": _OF_READER,
    **{
        name: {member: member for member in members}
        for name, members in {
            "PutObject": _OF_WRITER | _OWN | _OWN_KEY | _IF_FREE,
            "CreateMultipartUpload": _OF_WRITER | _OWN | _OWN_KEY,
            "UploadPart": _OF_WRITER | _OWN_KEY | {"ChecksumAlgorithm", "PartNumber", "UploadId"},
            "CompleteMultipartUpload": _OF_WRITER | _OWN_KEY | _IF_FREE,
            "AbortMultipartUpload": _OF_WRITER,
        }.items()
    },
}
# What is the source's unless the request says REPLACE; then it is the request's.
KEPT = (
    "CacheControl",
    "ContentDisposition",
    "ContentEncoding",
    "ContentLanguage",
    "ContentType",
    "Expires",
    "Metadata",
)
# Parameters that a flow handles by itself.
HANDLED = frozenset({
    "AnnotationDirective",
    "CopySource",
    "CopySourceRange",
    "MetadataDirective",
    "Tagging",
    "TaggingDirective",
    *KEPT,
})  # fmt: skip
KNOWN = HANDLED.union(CHECKED, CONDITIONS, *ASKED.values())

# Checksums that botocore computes by itself; of any other the new object gets its store's default.
COMPUTED = ("CRC32", "SHA1", "SHA256")
_CHECKSUM = "Checksum"

# Where a copy's answer has its members: in the result, or beside it.
RESULTS = {"CopyObject": "CopyObjectResult", "UploadPartCopy": "CopyPartResult"}
_BESIDE = (
    "Expiration",
    "VersionId",
    "ServerSideEncryption",
    "SSECustomerAlgorithm",
    "SSECustomerKeyMD5",
    "SSEKMSKeyId",
    "SSEKMSEncryptionContext",
    "BucketKeyEnabled",
    "RequestCharged",
)


def unknown(params: Params) -> list[str]:
    """Give the parameters that stand in no table, and so can be neither kept nor handled."""
    return sorted(params.keys() - KNOWN)


def promised(asked: Operation, params: Params) -> Params:
    """Give what one operation is asked with, of what the copy was asked with."""
    names = ASKED[asked.name]
    return {names[member]: value for member, value in params.items() if member in names}


def conditions(params: Params) -> Params:
    """Give what the source has to be, as its store is asked."""
    return {CONDITIONS[member]: value for member, value in params.items() if member in CONDITIONS}


def kept(found: Params) -> Params:
    """Give the source's metadata and content headers as they are sent.

    S3 answers metadata that is not ASCII by RFC 2047, other stores as the bytes they got; botocore
    sends metadata in ASCII alone, so all gets S3's form.
    """
    given = {name: _text(found[name]) for name in KEPT if name in found and name != "Metadata"}
    if "Metadata" in found:
        metadata = {name: _text(value) for name, value in found["Metadata"].items()}
        given["Metadata"] = {name: _ascii(value) for name, value in metadata.items()}
    return given


def replaced(params: Params) -> Params:
    """Give the metadata and content headers that the request has in place of the source's."""
    return {member: params[member] for member in KEPT if member in params}


def _text(value: Any) -> Any:
    """Give what a header means: the bytes that a store sent arrive as Latin-1."""
    if not isinstance(value, str) or value.isascii():
        return value
    try:
        return value.encode("latin-1").decode()
    except UnicodeError:
        return value


def _ascii(text: str) -> str:
    return text if text.isascii() else f"=?UTF-8?B?{b64encode(text.encode()).decode()}?="


def tagging(tags: Iterable[Params]) -> str:
    """Give tags as a request has them."""
    return urlencode([(tag["Key"], tag["Value"]) for tag in tags])


def counts_tags(found: Params) -> bool:
    """Tell whether an object has no tags that its answer does not count.

    AWS counts them only for those who may read them; other stores may know of no tags, and some
    answer the question with the object. gofakes3, which is in rclone, calls itself AmazonS3 too.
    """
    asked, host = header(found, "x-amz-request-id"), header(found, "x-amz-id-2")
    fake = asked != "" and host == b64encode(4 * asked.encode()).decode()
    return "TagCount" in found or header(found, "server") != "AmazonS3" or fake


def algorithm(params: Params, found: Params) -> Params:
    """Give the algorithm of the source's checksum, where botocore can compute one like it."""
    if "ChecksumAlgorithm" in params:
        return {}
    for name in COMPUTED:
        if _CHECKSUM + name in found:
            return {"ChecksumAlgorithm": name}
    # S3 locks nothing that comes without a checksum; a copy needs none.
    locked = any(member.startswith("ObjectLock") for member in params)
    return {"ChecksumAlgorithm": COMPUTED[0]} if locked else {}


def part(number: int, answer: Params) -> Params:
    """Give what completing an upload has to say of one part."""
    return {"PartNumber": number, "ETag": answer["ETag"], **_checksums(answer)}


def _checksums(answer: Params) -> Params:
    return {
        member: value
        for member, value in answer.items()
        if member.startswith(_CHECKSUM) and member not in ("ChecksumAlgorithm", "ChecksumType")
    }


def copied(asked: str, found: Params, begun: Params, written: Params) -> Params:
    """Give a copy's answer.

    Args:
        asked: The operation that was asked for.
        found: What the source's store answered.
        begun: What the destination's store answered first; S3 dates an object by that.
        written: What it answered last; the same answer where there was one request.
    """
    result: Params = {name: written[name] for name in ("ETag", "ChecksumType") if name in written}
    result |= _checksums(written)
    modified = _date(begun)
    if modified is not None:
        result["LastModified"] = modified
    answer: Params = {
        member: value
        for answered in (begun, written)
        for member, value in answered.items()
        if member in _BESIDE
    }
    if "VersionId" in found:
        answer["CopySourceVersionId"] = found["VersionId"]
    return {
        **answer,
        RESULTS[asked]: result,
        "ResponseMetadata": written.get("ResponseMetadata", {}),
    }


def _date(answer: Params) -> datetime | None:
    """Give the time at which a store says that it answered."""
    told = header(answer, "date")
    try:
        date = parsedate_to_datetime(told)
    except ValueError:
        return None
    return date if date.tzinfo is not None else date.replace(tzinfo=UTC)


def header(answer: Params, name: str) -> str:
    """Give a header of an answer, or nothing."""
    value = answer.get("ResponseMetadata", {}).get("HTTPHeaders", {}).get(name, "")
    return value if isinstance(value, str) else ""
