"""Positions in a listing: any string, not necessarily a key, so they have their own translation."""

from __future__ import annotations

from typing import TYPE_CHECKING

from botwo._translation import encode_name

if TYPE_CHECKING:
    from botwo._routes import Route
    from botwo._translation import Params, Translation

# Put before a marker that a store made up, so that it is known when the caller sends it back.
MADE_UP = "botwo-marker-of-the-store:"
_LAST = "\U0010ffff"
# What makes a key marker more precise, and means nothing without it.
_COMPANIONS = frozenset({"UploadIdMarker", "VersionIdMarker"})


def map_marker(names: Translation, holder: Params, member: str) -> None:
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
    if marker and not (mapped and marker.startswith(names.route.stripped)):
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


def unmap_marker(names: Translation, holder: Params, member: str) -> None:
    asked = names.params.get(member)
    if member.startswith("Next"):
        if member in holder and names.route.moves_keys:
            holder[member] = _next_marker(names, holder[member])
    elif isinstance(asked, str) and names.route.moves_keys:
        _unmap_asked_marker(names, holder, member, asked)


def _next_marker(names: Translation, marker: str) -> str:
    """Give a marker that can be sent back: a name of the route, or one that the store made up."""
    try:
        return names.back_key(marker)
    except ValueError:
        return MADE_UP + marker


def _unmap_asked_marker(names: Translation, holder: Params, member: str, asked: str) -> None:
    """Echo the asked marker where the store echoes markers."""
    mapped = mapped_marker(names.route, asked)
    if mapped and not holder.get(member):
        return  # the store does not echo it
    if mapped and not asked.startswith(MADE_UP):
        try:
            holder[member] = names.back_key(holder[member])
        except ValueError:
            holder[member] = _told(names, asked)
        if asked.startswith(names.route.stripped):
            return
    dropped = not mapped and member == "StartAfter" and "ContinuationToken" not in names.params
    if asked and (member in holder or dropped):
        holder[member] = _told(names, asked)
        for companion in _COMPANIONS & holder.keys() & names.params.keys():
            holder[companion] = names.params[companion]


def _told(names: Translation, asked: str) -> str:
    """Give a marker as S3 would tell it; the store that was asked did not hear it."""
    return encode_name(asked) if names.params.get("EncodingType") == "url" else asked
