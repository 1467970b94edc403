"""A copy between two stores: what was asked, and what the new object has of its source."""

from __future__ import annotations

import re
from typing import Any

import msgspec
from botocore.exceptions import ClientError

from botwo._calls import Call, Conversation, ask
from botwo._copy_errors import (
    NOT_ALLOWED,
    NOT_IMPLEMENTED,
    changed,
    check_conditions,
    malformed,
    missing,
)
from botwo._errors import RoutingError
from botwo._operations import Operation
from botwo._promises import (
    ABORT,
    CREATE,
    GET_TAGS,
    algorithm,
    counts_tags,
    kept,
    promised,
    replaced,
    tagging,
    unknown,
)
from botwo._routes import Route
from botwo._rules import Rules
from botwo._translation import Params

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


def check(copy: Copy) -> None:
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
    if not copy.source["Key"]:
        raise missing(copy.operation.name, copy.source)
    if copy.operation.name == "CopyObject":
        copy.write(CREATE)  # what it names may have no name at that store
        return
    if "CopySourceRange" in params:
        bounds(copy)


def bounds(copy: Copy) -> tuple[int, int]:
    """Give the first and the last byte that are asked for.

    Raises:
        ClientError: It is no range, in S3's own words.
    """
    asked = copy.params["CopySourceRange"]
    found = _RANGE.fullmatch(asked) if isinstance(asked, str) else None
    if found is None or int(found[1]) > int(found[2]):
        raise malformed(copy.operation.name, copy.params)
    return int(found[1]), int(found[2])


def check_found(copy: Copy, found: Params) -> None:
    """Check that the source is what was asked for: a store may take no notice of it."""
    check_conditions(copy.operation.name, copy.params, found)
    asked = copy.source.get("VersionId")
    if asked not in (None, "null") and found.get("VersionId") != asked:
        raise copy.refusal(f"the source's store does not say that it is version {asked!r}")


def given(copy: Copy, found: Params) -> Conversation:
    """Give what the new object has of its source: metadata, tags, and what its checksum is of."""
    members = _metadata(copy, found)
    if copy.params.get("TaggingDirective") == "REPLACE":
        members |= {name: copy.params[name] for name in ("Tagging",) if name in copy.params}
    elif found.get("TagCount") or not counts_tags(found):
        tags = yield from _tags(copy, found)
        members |= {"Tagging": tagging(tags)} if tags else {}
    return members | algorithm(copy.params, found)


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
        raise changed(copy.operation.name, found)
    return answer.get("TagSet", ())
