"""Give a response, or an error, in the caller's names; driven by the table of `_operations`.

A response belongs to us and is changed in place.
"""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING
from urllib.parse import quote

from botwo._configurations import (
    refuse_present,
    unmap_filter,
    unmap_notification,
    unmap_place,
    unmap_replica,
    unmap_rule_filter,
    unmap_website,
)
from botwo._markers import unmap_marker
from botwo._members import at_place, holders, in_place
from botwo._operations import Kind
from botwo._policies import unmap_policy
from botwo._translation import Params, Translation, decoded_key, encode_name, split_arn

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from botwo._members import Change
    from botwo._operations import Operation
    from botwo._routes import Route


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


def _unmap_bucket(names: Translation, holder: Params, member: str) -> None:
    if member in holder and names.route.moves_bucket:
        holder[member] = names.route.bucket


def _unmap_key(names: Translation, holder: Params, member: str) -> None:
    mapped = holder.get(member)
    if mapped is not None:
        holder[member] = names.back_key(mapped)


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
        # A store that encodes would have encoded more than the part that it heard.
        heard = holder[member] == encode_name(holder[member]) and _tells_encoded(names, holder)
        holder[member] = encode_name(asked or "") if heard else asked or ""
    else:
        # botocore leaves the prefix of ListObjects URL-encoded.
        holder[member] = decoded_key(names.route, holder[member])


def _tells_encoded(names: Translation, answer: Params) -> bool:
    """Tell whether a prefix is told URL-encoded: botocore leaves that of ListObjects as it came."""
    by_itself = names.operation == "ListObjects" and answer.get("EncodingType") == "url"
    return by_itself or names.params.get("EncodingType") == "url"


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
    Kind.MARKER: unmap_marker,
    Kind.BUCKET_ARN: _unmap_bucket_arn,
    Kind.LOCATION: _unmap_location,
    Kind.REDIRECT: _unmap_redirect,
    Kind.RULE_FILTER: in_place(unmap_rule_filter),
    Kind.REPLICATION_FILTER: in_place(unmap_rule_filter),
    Kind.FILTER: in_place(unmap_filter),
    Kind.NOTIFICATION: in_place(unmap_notification),
    Kind.WHOLE_BUCKET: refuse_present,
    Kind.WEBSITE: in_place(unmap_website),
    Kind.POLICY: _unmap_policy,
    Kind.LOGGING: at_place(unmap_place, "TargetBucket", "TargetPrefix"),
    Kind.REPLICA: unmap_replica,
    Kind.REPORT: at_place(unmap_place, "Bucket", "Prefix"),
    Kind.OUTPUT_PATH: _unmap_output_path,
}


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
