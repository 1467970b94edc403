"""The table: where each operation carries names.

A row is a path and a kind. ``Rules[].Filter`` descends into a member, ``[]`` into each item of a
list. `_requests` and `_responses` know what to do with a kind. Whatever stands in no row is decided
by its shape's name: `PLAIN_SHAPES` hold no name of a bucket, key, prefix or marker; all other
strings are *undecided*, and pass only where the route changes no name.

Source: the S3 API reference, as botocore's service model carries it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from enum import StrEnum
from typing import Any

import msgspec


class Kind(StrEnum):
    """What a member is, and so how it is translated."""

    BUCKET = "bucket"
    """This request's bucket."""
    KEY = "key"
    """A key of this request's bucket; a common prefix too."""
    PREFIX = "prefix"
    """What a listing's keys start with; absent: all keys."""
    MARKER = "marker"
    """A position in a listing: any string, or one that the store made up."""
    BUCKET_ARN = "bucket ARN"
    """``arn:aws:s3:::bucket``, of this request's bucket."""
    LOCATION = "location"
    """A URL or path of this request's bucket or object."""
    REDIRECT = "redirect"
    """``/key`` in the same bucket, or a URL."""
    COPY_SOURCE = "copy source"
    RENAME_SOURCE = "rename source"
    OBJECTS = "objects"
    """The objects of ``DeleteObjects``, each with its own route."""
    RULE_FILTER = "rule filter"
    """A lifecycle rule: ``Prefix`` or ``Filter``; an empty one is everything."""
    REPLICATION_FILTER = "replication filter"
    """A replication rule: as a lifecycle rule, and what ``Not`` excludes."""
    FILTER = "filter"
    """A configuration with an optional ``Filter``; absent: everything."""
    NOTIFICATION = "notification"
    """One target's ``Filter.Key.FilterRules``."""
    WHOLE_BUCKET = "whole bucket"
    """Something that reaches every key of the bucket and cannot be narrowed."""
    WEBSITE = "website"
    POLICY = "policy"
    LOGGING = "logging"
    """``TargetBucket`` and ``TargetPrefix``."""
    REPLICA = "replica"
    """The bucket, as ARN or name, that gets this bucket's objects under the same keys."""
    REPORT = "report"
    """``Bucket``, as ARN or name, and ``Prefix`` of the place that reports go to."""
    OUTPUT = "output"
    """``BucketName`` and ``Prefix`` of the place that a restored object goes to."""
    OUTPUT_PATH = "output path"


# The leaves under a row of a composite kind, so that the model's members can be counted off.
LEAVES: Mapping[Kind, tuple[str, ...]] = {
    Kind.OBJECTS: ("Key",),
    Kind.RULE_FILTER: ("Prefix", "Filter.Prefix", "Filter.And.Prefix"),
    Kind.REPLICATION_FILTER: (
        "Prefix",
        "Filter.Prefix",
        "Filter.Not.Prefix",
        "Filter.Not.Or.Prefixes[]",
        "Filter.And.Prefix",
        "Filter.And.Not.Prefix",
        "Filter.And.Not.Or.Prefixes[]",
    ),
    Kind.FILTER: ("Filter.Prefix", "Filter.And.Prefix"),
    Kind.NOTIFICATION: ("Filter.Key.FilterRules[].Value",),
    Kind.WEBSITE: (
        "ErrorDocument.Key",
        "RoutingRules[].Condition.KeyPrefixEquals",
        "RoutingRules[].Redirect.ReplaceKeyPrefixWith",
        "RoutingRules[].Redirect.ReplaceKeyWith",
    ),
    Kind.LOGGING: ("TargetBucket", "TargetPrefix"),
    Kind.REPORT: ("Bucket", "Prefix"),
    Kind.OUTPUT: ("BucketName", "Prefix"),
}

# Kinds whose members travel in a request's body, where a presigned URL does not reach.
IN_BODY = frozenset(LEAVES) | {Kind.POLICY, Kind.REPLICA, Kind.WHOLE_BUCKET}

_FILTERED = {
    "Analytics": "AnalyticsConfiguration",
    "IntelligentTiering": "IntelligentTieringConfiguration",
    "Inventory": "InventoryConfiguration",
    "Metrics": "MetricsConfiguration",
}
_REPORT = {
    "Analytics": "StorageClassAnalysis.DataExport.Destination.S3BucketDestination",
    "Inventory": "Destination.S3BucketDestination",
}
_NOTIFIED = ("TopicConfigurations[]", "QueueConfigurations[]", "LambdaFunctionConfigurations[]")
_OLD_NOTIFIED = ("TopicConfiguration", "QueueConfiguration", "CloudFunctionConfiguration")


def _configurations(operation: str, path: str) -> dict[str, dict[str, Kind]]:
    """Rows of the four kinds of configuration that are kept by id and have a filter."""
    table: dict[str, dict[str, Kind]] = {}
    for word, member in _FILTERED.items():
        root = path.format(member)
        rows = {root: Kind.FILTER}
        if word in _REPORT:
            rows[f"{root}.{_REPORT[word]}"] = Kind.REPORT
        table[operation.format(word)] = rows
    return table


# Members at the top of any response; of a request, Bucket and Key.
EVERYWHERE: Mapping[str, Kind] = {
    "Bucket": Kind.BUCKET,
    "Key": Kind.KEY,
    "BucketArn": Kind.BUCKET_ARN,
}

REQUESTS: Mapping[str, Mapping[str, Kind]] = {
    "CopyObject": {"CopySource": Kind.COPY_SOURCE, "WebsiteRedirectLocation": Kind.REDIRECT},
    "CreateMultipartUpload": {"WebsiteRedirectLocation": Kind.REDIRECT},
    "DeleteObjects": {"Delete.Objects[]": Kind.OBJECTS},
    "ListBuckets": {"Prefix": Kind.PREFIX},
    "ListMultipartUploads": {"Prefix": Kind.PREFIX, "KeyMarker": Kind.MARKER},
    "ListObjectVersions": {"Prefix": Kind.PREFIX, "KeyMarker": Kind.MARKER},
    "ListObjects": {"Prefix": Kind.PREFIX, "Marker": Kind.MARKER},
    "ListObjectsV2": {"Prefix": Kind.PREFIX, "StartAfter": Kind.MARKER},
    "PutBucketLifecycle": {"LifecycleConfiguration.Rules[]": Kind.RULE_FILTER},
    "PutBucketLifecycleConfiguration": {"LifecycleConfiguration.Rules[]": Kind.RULE_FILTER},
    "PutBucketLogging": {"BucketLoggingStatus.LoggingEnabled": Kind.LOGGING},
    "PutBucketNotification": {
        f"NotificationConfiguration.{member}": Kind.WHOLE_BUCKET for member in _OLD_NOTIFIED
    },
    "PutBucketNotificationConfiguration": {
        **{f"NotificationConfiguration.{member}": Kind.NOTIFICATION for member in _NOTIFIED},
        "NotificationConfiguration.EventBridgeConfiguration": Kind.WHOLE_BUCKET,
    },
    "PutBucketPolicy": {"Policy": Kind.POLICY},
    "PutBucketReplication": {
        "ReplicationConfiguration.Rules[]": Kind.REPLICATION_FILTER,
        "ReplicationConfiguration.Rules[].Destination.Bucket": Kind.REPLICA,
    },
    "PutBucketWebsite": {"WebsiteConfiguration": Kind.WEBSITE},
    "PutObject": {"WebsiteRedirectLocation": Kind.REDIRECT},
    "RenameObject": {"RenameSource": Kind.RENAME_SOURCE},
    "RestoreObject": {"RestoreRequest.OutputLocation.S3": Kind.OUTPUT},
    "UploadPartCopy": {"CopySource": Kind.COPY_SOURCE},
    **_configurations("PutBucket{}Configuration", "{}"),
}

_COMMON_PREFIXES = {"CommonPrefixes[].Prefix": Kind.KEY}
RESPONSES: Mapping[str, Mapping[str, Kind]] = {
    "CompleteMultipartUpload": {"Location": Kind.LOCATION},
    "CreateBucket": {"Location": Kind.LOCATION},
    "DeleteObjects": {"Deleted[].Key": Kind.KEY, "Errors[].Key": Kind.KEY},
    "GetBucketLifecycle": {"Rules[]": Kind.RULE_FILTER},
    "GetBucketLifecycleConfiguration": {"Rules[]": Kind.RULE_FILTER},
    "GetBucketLogging": {"LoggingEnabled": Kind.LOGGING},
    "GetBucketNotification": dict.fromkeys(_OLD_NOTIFIED, Kind.WHOLE_BUCKET),
    "GetBucketNotificationConfiguration": {
        **dict.fromkeys(_NOTIFIED, Kind.NOTIFICATION),
        "EventBridgeConfiguration": Kind.WHOLE_BUCKET,
    },
    "GetBucketPolicy": {"Policy": Kind.POLICY},
    "GetBucketReplication": {
        "ReplicationConfiguration.Rules[]": Kind.REPLICATION_FILTER,
        "ReplicationConfiguration.Rules[].Destination.Bucket": Kind.REPLICA,
    },
    "GetBucketWebsite": {"": Kind.WEBSITE},  # the response itself
    "GetObject": {"WebsiteRedirectLocation": Kind.REDIRECT},
    "HeadObject": {"WebsiteRedirectLocation": Kind.REDIRECT},
    "ListBuckets": {
        "Buckets[].Name": Kind.BUCKET,
        "Buckets[].BucketArn": Kind.BUCKET_ARN,
        "Prefix": Kind.PREFIX,
    },
    "ListDirectoryBuckets": {
        "Buckets[].Name": Kind.BUCKET,
        "Buckets[].BucketArn": Kind.BUCKET_ARN,
    },
    "ListMultipartUploads": {
        "Prefix": Kind.PREFIX,
        "KeyMarker": Kind.MARKER,
        "NextKeyMarker": Kind.MARKER,
        "Uploads[].Key": Kind.KEY,
        **_COMMON_PREFIXES,
    },
    "ListObjectVersions": {
        "Name": Kind.BUCKET,
        "Prefix": Kind.PREFIX,
        "KeyMarker": Kind.MARKER,
        "NextKeyMarker": Kind.MARKER,
        "Versions[].Key": Kind.KEY,
        "DeleteMarkers[].Key": Kind.KEY,
        **_COMMON_PREFIXES,
    },
    "ListObjects": {
        "Name": Kind.BUCKET,
        "Prefix": Kind.PREFIX,
        "Marker": Kind.MARKER,
        "NextMarker": Kind.MARKER,
        "Contents[].Key": Kind.KEY,
        **_COMMON_PREFIXES,
    },
    "ListObjectsV2": {
        "Name": Kind.BUCKET,
        "Prefix": Kind.PREFIX,
        "StartAfter": Kind.MARKER,
        "Contents[].Key": Kind.KEY,
        **_COMMON_PREFIXES,
    },
    "RestoreObject": {"RestoreOutputPath": Kind.OUTPUT_PATH},
    **_configurations("GetBucket{}Configuration", "{}"),
    **_configurations("ListBucket{}Configurations", "{}List[]"),
}

# Operations that are asked of no bucket of the mapping.
WITHOUT_BUCKET = frozenset({"ListBuckets", "ListDirectoryBuckets", "WriteGetObjectResponse"})
# Operations that change or delete something of the bucket itself; making it is none of them.
_OF_BUCKET = re.compile(
    r"(Put|Delete)(PublicAccessBlock|ObjectLockConfiguration)|(Create|Put|Update|Delete)Bucket\w+"
    r"|DeleteBucket"
)
LISTINGS = frozenset({"ListObjects", "ListObjectsV2", "ListObjectVersions", "ListMultipartUploads"})

# Shapes of strings that name no bucket, key, prefix or marker. Enumerations, numbers, times and
# blobs need no decision. A shape that a newer S3 model brings is undecided until it stands here.
PLAIN_SHAPES = frozenset(
    """
    AbortRuleId AcceptRanges AccessKeyIdValue AccessPointArn AccountId AllowedHeader
    AllowedMethod AllowedOrigin AnalyticsId AnnotationName AnnotationPrefix BucketLocationName
    BucketRegion CacheControl ChecksumCRC32 ChecksumCRC32C ChecksumCRC64NVME ChecksumMD5
    ChecksumSHA1 ChecksumSHA256 ChecksumSHA512 ChecksumXXHASH128 ChecksumXXHASH3
    ChecksumXXHASH64 ClientToken CloudFunction CloudFunctionInvocationRole Code Comments
    ContentDisposition ContentEncoding ContentLanguage ContentMD5 ContentRange ContentType
    CopySourceIfMatch CopySourceIfNoneMatch CopySourceRange CopySourceSSECustomerAlgorithm
    CopySourceSSECustomerKey CopySourceSSECustomerKeyMD5 CopySourceVersionId
    DeleteMarkerVersionId Delimiter Description DirectoryBucketToken DisplayName ETag
    EmailAddress ErrorCode ErrorMessage Expiration ExposeHeader Expression FieldDelimiter
    GrantFullControl GrantRead GrantReadACP GrantWrite GrantWriteACP HostName
    HttpErrorCodeReturnedEquals HttpRedirectCode ID IfMatch IfNoneMatch IntelligentTieringId
    InventoryId KMSContext KmsKeyArn LambdaFunctionArn LocationNameAsString MFA Message
    MetadataKey MetadataTableStatus MetadataValue MetricsId MultipartUploadId NextToken
    NextUploadIdMarker NextVersionIdMarker NonEmptyKmsKeyArnString NotificationId
    ObjectIfMatch ObjectLockToken ObjectVersionId QueueArn QuoteCharacter QuoteEscapeCharacter
    Range RecordDelimiter Region RenameSourceIfMatch RenameSourceIfNoneMatch ReplicaKmsKeyID
    RequestRoute RequestToken ResponseCacheControl ResponseContentDisposition
    ResponseContentEncoding ResponseContentLanguage ResponseContentType Restore Role
    S3TablesArn S3TablesBucketArn S3TablesName S3TablesNamespace SSECustomerAlgorithm
    SSECustomerKey SSECustomerKeyMD5 SSEKMSEncryptionContext SSEKMSKeyId
    SessionCredentialValue Suffix TaggingHeader Token TopicArn URI UploadIdMarker Value
    VersionIdMarker
    """.split()
)
_TAG_KEYS = ("Tag.Key", "Tags[].Key", "TagSet[].Key")


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """Where one name stands: the members to descend into, the last member, and its kind."""

    steps: tuple[str, ...]
    member: str
    kind: Kind
    first: str
    """The first member on the way; "" where the row is about the whole request or response."""

    @classmethod
    def of(cls, path: str, kind: Kind) -> Row:
        """Read a row of the table."""
        *steps, member = path.split(".")
        # What is not there may have to come in: the prefix asked of a store, the marker answered.
        comes_in = kind is Kind.PREFIX or path == "StartAfter"
        first = "" if comes_in else path.split(".")[0].removesuffix("[]")
        return cls(steps=tuple(steps), member=member, kind=kind, first=first)

    @property
    def path(self) -> str:
        """The row's path, as the table has it."""
        return ".".join([*self.steps, self.member])


class Operation(msgspec.Struct, frozen=True, kw_only=True):
    """One operation's rows, and the members that the table does not know."""

    name: str
    request: tuple[Row, ...]
    response: tuple[Row, ...]
    undecided_request: tuple[str, ...] = ()
    undecided_response: tuple[str, ...] = ()
    has_bucket: bool = True

    @property
    def changes_bucket(self) -> bool:
        """Whether it changes something of the bucket itself."""
        return _OF_BUCKET.fullmatch(self.name) is not None

    @property
    def is_listing(self) -> bool:
        """Whether it lists keys."""
        return self.name in LISTINGS


def operation(name: str, model: Any = None) -> Operation:
    """Give an operation's rows.

    Args:
        name: As S3's API names it, ``"GetObject"``.
        model: botocore's operation model, to find what the table does not know; None: all known.
    """
    request = tuple(Row.of(*row) for row in REQUESTS.get(name, {}).items())
    response = tuple(Row.of(*row) for row in RESPONSES.get(name, {}).items())
    if model is None:
        return Operation(
            name=name, request=request, response=response, has_bucket=name not in WITHOUT_BUCKET
        )
    request_members = model.input_shape.members if model.input_shape else {}
    response_members = model.output_shape.members if model.output_shape else {}
    echoes = tuple(Row.of(*row) for row in EVERYWHERE.items() if row[0] in response_members)
    return Operation(
        name=name,
        request=request,
        response=echoes + response,
        undecided_request=tuple(undecided(model.input_shape, request, ("Bucket", "Key"))),
        undecided_response=tuple(undecided(model.output_shape, response, EVERYWHERE)),
        has_bucket="Bucket" in request_members,
    )


def undecided(shape: Any, rows: tuple[Row, ...], everywhere: Iterable[str]) -> Iterator[str]:
    """Yield the paths of the strings in a shape of botocore's model that nobody has decided on."""
    decided = set(everywhere)
    for row in rows:
        leaves = LEAVES.get(row.kind)
        decided.update([row.path] if leaves is None else (_join(row.path, leaf) for leaf in leaves))
    for path, leaf in strings(shape):
        if leaf not in PLAIN_SHAPES and path not in decided and not path.endswith(_TAG_KEYS):
            yield path


def strings(shape: Any, path: str = "", inside: tuple[str, ...] = ()) -> Iterator[tuple[str, str]]:
    """Yield path and shape name of each free string in a shape of botocore's model."""
    if shape is None or shape.name in inside:
        return
    inside = (*inside, shape.name)
    if shape.type_name == "structure":
        for name, member in shape.members.items():
            yield from strings(member, _join(path, name), inside)
    elif shape.type_name == "list":
        yield from strings(shape.member, f"{path}[]", inside)
    elif shape.type_name == "map":
        yield from strings(shape.key, f"{path}{{key}}", inside)
        yield from strings(shape.value, f"{path}{{value}}", inside)
    elif shape.type_name == "string" and not getattr(shape, "enum", None):
        yield path, shape.name


def _join(path: str, member: str) -> str:
    return f"{path}.{member}" if path else member
