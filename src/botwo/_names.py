"""Move names inside requests and responses; pure, driven by the table of `_operations`.

A request is copied where it changes and shares the rest with what the caller passed. A response
belongs to us and is changed in place.
"""

from __future__ import annotations

import re
from itertools import product
from typing import TYPE_CHECKING
from urllib.parse import quote, unquote

from botwo._configurations import (
    map_filter,
    map_notification,
    map_place,
    map_replica,
    map_rule_filter,
    map_website,
    refuse_whole_bucket,
    unmap_filter,
    unmap_notification,
    unmap_place,
    unmap_replica,
    unmap_rule_filter,
    unmap_website,
)
from botwo._operations import Kind
from botwo._policies import map_policy, unmap_policy
from botwo._translation import Params, Translation, decoded_key, split_arn

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from botwo._operations import Operation
    from botwo._rules import Route

    Change = Callable[[Translation, Params, str], None]

# Put before a marker that a store made up, so that it is known when the caller sends it back.
MADE_UP = "botwo-marker-of-the-store:"
_LAST = "\U0010ffff"
# What makes a key marker more precise, and means nothing without it.
_COMPANIONS = frozenset({"UploadIdMarker", "VersionIdMarker"})
_VERSION = re.compile(r"\?versionId=[^\s]+$")


# --- requests ------------------------------------------------------------------------------------


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
        for holder in _own_holders(mapped, row.steps):
            _REQUEST[row.kind](names, holder, row.member)
    return mapped


def _own_holders(private: Params, steps: Sequence[str]) -> Iterator[Params]:
    """Yield the dicts at the end of the steps, each copied on the way, with its list."""
    if not steps:
        yield private
        return
    name = steps[0].removesuffix("[]")
    child = private.get(name)
    if name == steps[0]:
        if isinstance(child, dict):
            private[name] = dict(child)
            yield from _own_holders(private[name], steps[1:])
    elif isinstance(child, list | tuple):
        private[name] = [dict(item) if isinstance(item, dict) else item for item in child]
        for item in private[name]:
            if isinstance(item, dict):
                yield from _own_holders(item, steps[1:])


def _map_prefix(names: Translation, holder: Params, member: str) -> None:
    asked = holder.get(member, "")
    if isinstance(asked, str):
        mapped = names.route.mapped_key(asked)
        if mapped or member in holder:
            holder[member] = mapped


def _map_marker(names: Translation, holder: Params, member: str) -> None:
    marker = holder.get(member)
    if not isinstance(marker, str):
        return
    if marker.startswith(MADE_UP):
        holder[member] = marker.removeprefix(MADE_UP)
        return
    if not names.route.moves_keys:
        return
    mapped = mapped_marker(names.route, marker)
    if mapped:
        holder[member] = mapped
    else:
        del holder[member]
    if marker and (not mapped or mapped.endswith(_LAST)):
        for companion in _COMPANIONS & holder.keys():  # they are about the marker's key
            del holder[companion]


def mapped_marker(route: Route, marker: str) -> str:
    """Give the store's position for any position in the caller's key order; "": the start.

    Example:
        A route that strips ``x/``: before it nothing is skipped, behind it everything is.
    """
    if marker.startswith(route.stripped):
        # A marker at the very start of the route's keys, or none, skips nothing.
        return route.mapped_key(marker) if marker else ""
    return "" if marker < route.stripped else route.key_prefix + _LAST


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
            mapped = {"Bucket": route.mapped_bucket, "Key": route.mapped_key(source["Key"])}
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
        return source if isinstance(bucket, str) and isinstance(key, str) and key else None
    if not isinstance(source, str):
        return None
    version = _VERSION.search(source)
    path = source[: version.start()] if version else source
    if path.startswith("arn:"):
        bucket, slash, key = path.partition("/object/")
    else:
        bucket, slash, key = path.removeprefix("/").partition("/")
    if not slash or not key:
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


def _in_place(change: Callable[[Translation, Params], None]) -> Change:
    """Use a change of a whole dict where a row names the dict: the holder's member is copied."""

    def apply(names: Translation, holder: Params, member: str) -> None:
        for own in _own_holders(holder, [member] if member else []):
            change(names, own)

    return apply


def _place(change: Callable[..., None], bucket: str, prefix: str) -> Change:
    return _in_place(lambda names, place: change(names, place, bucket=bucket, prefix=prefix))


def _unchanged(names: Translation, holder: Params, member: str) -> None:
    """Leave a member to the flow that knows it."""


def _refuse_present(names: Translation, holder: Params, member: str) -> None:
    if member in holder:
        refuse_whole_bucket(names, member)


_REQUEST: dict[Kind, Change] = {
    Kind.PREFIX: _map_prefix,
    Kind.MARKER: _map_marker,
    Kind.REDIRECT: _map_redirect,
    Kind.COPY_SOURCE: _map_copy_source,
    Kind.RENAME_SOURCE: _map_rename_source,
    Kind.OBJECTS: _unchanged,
    Kind.RULE_FILTER: _in_place(map_rule_filter),
    Kind.FILTER: _in_place(map_filter),
    Kind.NOTIFICATION: _in_place(map_notification),
    Kind.WHOLE_BUCKET: _refuse_present,
    Kind.WEBSITE: _in_place(map_website),
    Kind.POLICY: _map_policy,
    Kind.LOGGING: _place(map_place, "TargetBucket", "TargetPrefix"),
    Kind.REPLICA: map_replica,
    Kind.REPORT: _place(map_place, "Bucket", "Prefix"),
    Kind.OUTPUT: _place(map_place, "BucketName", "Prefix"),
}


# --- responses -----------------------------------------------------------------------------------


def to_caller(operation: Operation, names: Translation, response: Params) -> Params:
    """Give the response in the caller's names; it is changed in place.

    Raises:
        RoutingError: The store answered with a name that the caller's request cannot have meant.
    """
    try:
        for row in operation.response:
            if row.first and row.first not in response:
                continue
            change = _RESPONSE[row.kind]
            for holder in holders(response, row.steps):
                change(names, holder, row.member)
    except ValueError as error:
        raise names.refusal(f"the store answered with {error}, outside of {names.route}") from error
    return response


def holders(answer: Params, steps: Sequence[str]) -> Iterator[Params]:
    """Yield the dicts at the end of the steps."""
    if not steps:
        yield answer
        return
    child = answer.get(steps[0].removesuffix("[]"))
    if isinstance(child, dict):
        yield from holders(child, steps[1:])
    elif isinstance(child, list | tuple):
        for item in child:
            if isinstance(item, dict):
                yield from holders(item, steps[1:])


def _unmap_bucket(names: Translation, holder: Params, member: str) -> None:
    if member in holder and names.route.moves_bucket:
        holder[member] = names.route.bucket


def _unmap_key(names: Translation, holder: Params, member: str) -> None:
    mapped = holder.get(member)
    if mapped is not None:
        holder[member] = _key(names, mapped)


def _key(names: Translation, mapped: str) -> str:
    if names.params.get("EncodingType") == "url":
        return decoded_key(names.route, mapped)
    return names.route.key(mapped)


def _unmap_prefix(names: Translation, holder: Params, member: str) -> None:
    """Give the asked prefix back; where none was asked, none unless the store tells even that.

    A store that answers an unasked marker with an empty one does so for the prefix too; of those
    operations that answer no marker all stores seen answer an empty prefix.
    """
    if member not in holder or not names.route.moves_keys:
        return
    asked = names.params.get(member)
    marker = {"ListObjects": "Marker", "ListMultipartUploads": "KeyMarker"}.get(names.operation)
    if asked is None and marker is not None and marker not in holder:
        del holder[member]
    elif names.route.mapped_key(asked or "") == holder[member]:
        holder[member] = asked or ""
    else:
        # botocore leaves the prefix of ListObjects URL-encoded.
        holder[member] = decoded_key(names.route, holder[member])


def _unmap_marker(names: Translation, holder: Params, member: str) -> None:
    asked = names.params.get(member)
    if member.startswith("Next"):
        if member in holder and names.route.moves_keys:
            holder[member] = _next_marker(names, holder[member])
    elif isinstance(asked, str) and names.route.moves_keys:
        _unmap_asked_marker(names, holder, member, asked)


def _next_marker(names: Translation, marker: str) -> str:
    """Give a marker that can be sent back: a name of the route, or one that the store made up."""
    try:
        return _key(names, marker)
    except ValueError:
        return MADE_UP + marker


def _unmap_asked_marker(names: Translation, holder: Params, member: str, asked: str) -> None:
    """Echo the asked marker where the store echoes markers."""
    mapped = mapped_marker(names.route, asked)
    if mapped and not holder.get(member):
        return  # the store does not echo it
    if mapped and not asked.startswith(MADE_UP):
        try:
            holder[member] = _key(names, holder[member])
        except ValueError:
            holder[member] = asked
        if not mapped.endswith(_LAST):
            return
    dropped = not mapped and member == "StartAfter" and "ContinuationToken" not in names.params
    if asked and (member in holder or dropped):
        holder[member] = asked
        for companion in _COMPANIONS & holder.keys() & names.params.keys():
            holder[companion] = names.params[companion]


def _unmap_bucket_arn(names: Translation, holder: Params, member: str) -> None:
    start, bucket, rest = split_arn(holder.get(member, ""))
    if start and bucket == names.route.mapped_bucket:
        holder[member] = start + names.route.bucket + rest


def _unmap_location(names: Translation, holder: Params, member: str) -> None:
    location = holder.get(member)
    if isinstance(location, str):
        holder[member] = location_to_caller(names.route, names.params.get("Key"), location)


def location_to_caller(route: Route, key: str | None, location: str) -> str:
    """Put the caller's names into the URL or path of a bucket or object, in the store's style.

    A location that is neither path-style nor virtual-hosted-style for these names stays as it is.
    It is taken as text: a store may leave in a key what means something in a URL.
    """
    ends = ("", "/") if key is None else ("",)
    for encoded, end in product(_ENCODINGS, ends):
        mapped = end if key is None else f"/{encoded(route.mapped_key(key))}"
        asked = end if key is None else f"/{encoded(key)}"
        if not location.endswith(mapped):
            continue
        start = location[: len(location) - len(mapped)]
        before = start.removesuffix(route.mapped_bucket)
        if start != before and (not before or before.endswith("/")):
            return before + route.bucket + asked
        scheme, slashes, host = start.partition("//")
        if host.startswith(f"{route.mapped_bucket}.") and "/" not in host:
            return scheme + slashes + route.bucket + host[len(route.mapped_bucket) :] + asked
    return location


def _quote_all(text: str) -> str:
    return quote(text, safe="")


# How a store may write a key in a URL.
_ENCODINGS: tuple[Callable[[str], str], ...] = (str, quote, _quote_all)


def _unmap_redirect(names: Translation, holder: Params, member: str) -> None:
    target = holder.get(member)
    if isinstance(target, str) and target.startswith("/"):
        holder[member] = "/" + _redirected_key(names, target[1:])


def _redirected_key(names: Translation, mapped_key: str) -> str:
    """Give the caller's name of a redirect's target, on any of the bucket's routes.

    HTTP headers arrive as Latin-1, whatever the store sent.
    """
    own = names.route.client, names.route.mapped_bucket
    segments = names.rules.segments(names.route.bucket)
    routes = {segment.route.place: segment.route for segment in segments}
    for route in sorted(routes.values(), key=lambda route: -len(route.key_prefix)):
        if (route.client, route.mapped_bucket) != own:
            continue
        for arrived in (str, _as_latin_1):
            start = arrived(route.key_prefix)
            rest = mapped_key[len(start) :]
            found = names.rules.route(route.bucket, route.stripped + rest)
            if mapped_key.startswith(start) and found.place == route.place:
                return arrived(route.stripped) + rest
    return mapped_key


def _as_latin_1(text: str) -> str:
    return text.encode().decode("latin-1")


def _unmap_policy(names: Translation, holder: Params, member: str) -> None:
    if isinstance(holder.get(member), str) and (names.route.moves_bucket or names.route.moves_keys):
        holder[member] = unmap_policy(names, holder[member])


def _unmap_output_path(names: Translation, holder: Params, member: str) -> None:
    asked = (names.params.get("RestoreRequest") or {}).get("OutputLocation", {}).get("S3", {})
    if member in holder and isinstance(asked.get("BucketName"), str):
        route = names.other_route(asked["BucketName"], asked.get("Prefix", ""))
        holder[member] = route.key(holder[member])


_RESPONSE: dict[Kind, Change] = {
    Kind.BUCKET: _unmap_bucket,
    Kind.KEY: _unmap_key,
    Kind.PREFIX: _unmap_prefix,
    Kind.MARKER: _unmap_marker,
    Kind.BUCKET_ARN: _unmap_bucket_arn,
    Kind.LOCATION: _unmap_location,
    Kind.REDIRECT: _unmap_redirect,
    Kind.RULE_FILTER: _in_place(unmap_rule_filter),
    Kind.FILTER: _in_place(unmap_filter),
    Kind.NOTIFICATION: _in_place(unmap_notification),
    Kind.WHOLE_BUCKET: _refuse_present,
    Kind.WEBSITE: _in_place(unmap_website),
    Kind.POLICY: _unmap_policy,
    Kind.LOGGING: _place(unmap_place, "TargetBucket", "TargetPrefix"),
    Kind.REPLICA: unmap_replica,
    Kind.REPORT: _place(unmap_place, "Bucket", "Prefix"),
    Kind.OUTPUT_PATH: _unmap_output_path,
}


# --- errors --------------------------------------------------------------------------------------


def error_to_caller(error: Params, names: Sequence[tuple[Route, str]]) -> Params:
    """Give the ``Error`` members of a store's answer in the caller's names.

    Args:
        error: ``{"Code": …, "Message": …, "Key": …, "BucketName": …, "Resource": …}``.
        names: The routes and keys that the call was about.
    """
    renamed: dict[str, str] = {}
    for (route, key), encoded in product(names, _ENCODINGS):
        mapped_key, asked_key = encoded(route.mapped_key(key)), encoded(key)
        pairs = {
            route.mapped_bucket: route.bucket,
            f"{route.mapped_bucket}/": f"{route.bucket}/",
            f"{route.mapped_bucket}/{mapped_key}": f"{route.bucket}/{asked_key}",
            mapped_key: asked_key,
        }
        for mapped, asked in pairs.items():
            if mapped:
                renamed.setdefault(mapped, asked)
                renamed.setdefault(f"/{mapped}", f"/{asked}")
    return {
        member: value
        if member == "Code" or not isinstance(value, str)
        else _message_to_caller(value, names)
        if member == "Message"
        else renamed.get(value, value)
        for member, value in error.items()
    }


def _message_to_caller(message: str, names: Sequence[tuple[Route, str]]) -> str:
    """Put the caller's keys into a message; a bucket alone could be any word, so it stays."""
    for route, key in names:
        mapped = f"{route.mapped_bucket}/{route.mapped_key(key)}"
        message = message.replace(mapped, f"{route.bucket}/{key}")
        if key and route.moves_keys and "/" in route.mapped_key(key):
            message = message.replace(route.mapped_key(key), key)
    return message
