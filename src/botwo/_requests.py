"""Give a request in the store's names; driven by the table of `_operations`.

The request is copied where it changes, and shares the rest with what the caller passed.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import quote, unquote

from botwo._configurations import (
    map_filter,
    map_notification,
    map_place,
    map_replica,
    map_rule_filter,
    map_website,
    refuse_present,
)
from botwo._markers import map_marker
from botwo._members import at_place, in_place, own_holders
from botwo._operations import Kind
from botwo._policies import map_policy

if TYPE_CHECKING:
    from botwo._members import Change
    from botwo._operations import Operation
    from botwo._translation import Params, Translation

_VERSION = re.compile(r"\?versionId=[^\s]+$")


def to_store(operation: Operation, names: Translation) -> Params:
    """Give the request in the store's names.

    Raises:
        RoutingError: A name in it cannot be said to this store.
    """
    route, params = names.route, names.params
    mapped = dict(params)
    if operation.has_bucket and "Bucket" in params:
        mapped["Bucket"] = route.mapped_bucket
        key = params.get("Key")
        if isinstance(key, str) and key:  # of an empty one botocore says that it is too short
            mapped["Key"] = route.mapped_key(key)
            if not mapped["Key"]:
                raise names.refusal(f"of the key {key!r} nothing is left at {route}")
    for row in operation.request:
        if row.first and row.first not in params:
            continue
        for holder in own_holders(mapped, row.steps):
            _REQUEST[row.kind](names, holder, row.member)
    return mapped


def _map_prefix(names: Translation, holder: Params, member: str) -> None:
    asked = holder.get(member, "")
    if isinstance(asked, str):
        mapped = names.route.mapped_key(asked)
        if mapped or member in holder:
            holder[member] = mapped


def _map_redirect(names: Translation, holder: Params, member: str) -> None:
    target = holder.get(member)
    if isinstance(target, str) and target.startswith("/"):
        found = names.rules.route(names.route.bucket, target[1:])
        if (found.client, found.mapped_bucket) != (names.route.client, names.route.mapped_bucket):
            raise names.refusal(f"the redirect to {target!r} leaves the store's bucket", found)
        holder[member] = "/" + found.mapped_key(target[1:])


def _map_copy_source(names: Translation, holder: Params, member: str) -> None:
    source = copy_source(holder.get(member))
    if source is not None:
        route = names.rules.route(source["Bucket"], source["Key"])
        if route.moves_bucket or route.moves_keys:
            key = source["Key"] and route.mapped_key(source["Key"])  # an empty one names nothing
            mapped = {"Bucket": route.mapped_bucket, "Key": key}
            holder[member] = {**source, **mapped}


def copy_source(source: object) -> Params | None:
    """Read ``CopySource`` in any of its forms; None where botocore will complain of it.

    botocore URL-encodes the string form by itself, so its key is taken as it stands.

    Example:
        >>> copy_source("data/a b.csv?versionId=3")
        {'Bucket': 'data', 'Key': 'a b.csv', 'VersionId': '3'}
    """
    if isinstance(source, dict):
        bucket, key = source.get("Bucket"), source.get("Key")
        return source if isinstance(bucket, str) and isinstance(key, str) else None
    if not isinstance(source, str):
        return None
    version = _VERSION.search(source)
    path = source[: version.start()] if version else source
    if path.startswith("arn:"):
        bucket, slash, key = path.partition("/object/")
    else:
        bucket, slash, key = path.removeprefix("/").partition("/")
    if not slash:
        return None
    found: Params = {"Bucket": bucket, "Key": key}
    if version:
        found["VersionId"] = version.group().removeprefix("?versionId=")
    return found


def _map_rename_source(names: Translation, holder: Params, member: str) -> None:
    source = holder.get(member)
    if not isinstance(source, str):
        return
    start = f"/{names.route.bucket}/"
    key = unquote(source)
    named = key.startswith(start)
    key = key.removeprefix(start)
    found = names.rules.route(names.route.bucket, key)
    if (found.client, found.mapped_bucket) != (names.route.client, names.route.mapped_bucket):
        raise names.refusal(f"the source {key!r} lies on {found}", found)
    if found.moves_bucket or found.moves_keys:
        if key.startswith(start[1:]) and not named:
            raise names.refusal(
                f"the source {key!r} could be a key, or bucket and key; write {start + key!r} for "
                f"the key {key!r}, or {'/' + key!r} for bucket and key"
            )
        shown = f"/{found.mapped_bucket}/" if named else ""
        holder[member] = quote(shown + found.mapped_key(key))


def _map_policy(names: Translation, holder: Params, member: str) -> None:
    whole = len(names.rules.segments(names.route.bucket)) == 1
    moves = names.route.moves_bucket or names.route.moves_keys
    if isinstance(holder.get(member), str) and (moves or not whole):
        holder[member] = map_policy(names, holder[member])


def _unchanged(names: Translation, holder: Params, member: str) -> None:
    """Leave a member to the flow that knows it."""


_REQUEST: dict[Kind, Change] = {
    Kind.PREFIX: _map_prefix,
    Kind.MARKER: map_marker,
    Kind.REDIRECT: _map_redirect,
    Kind.COPY_SOURCE: _map_copy_source,
    Kind.RENAME_SOURCE: _map_rename_source,
    Kind.OBJECTS: _unchanged,
    Kind.RULE_FILTER: in_place(map_rule_filter),
    Kind.REPLICATION_FILTER: in_place(map_rule_filter),
    Kind.FILTER: in_place(map_filter),
    Kind.NOTIFICATION: in_place(map_notification),
    Kind.WHOLE_BUCKET: refuse_present,
    Kind.WEBSITE: in_place(map_website),
    Kind.POLICY: _map_policy,
    Kind.LOGGING: at_place(map_place, "TargetBucket", "TargetPrefix"),
    Kind.REPLICA: map_replica,
    Kind.REPORT: at_place(map_place, "Bucket", "Prefix"),
    Kind.OUTPUT: at_place(map_place, "BucketName", "Prefix"),
}
