"""Law of listings: over segments, page by page, they are those of one store; without a socket."""

from __future__ import annotations

import datetime
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote_plus

from asking import known
from botocore.exceptions import ClientError
from hypothesis import given, settings
from hypothesis import strategies as st
from laws.worlds import S3, Place, accepted, left_behind, mappings
from s3_pages import Entry, RefusedError, listing, url_encoded

from botwo._calls import Call
from botwo._flows import flow
from botwo._rules import Rules

BUCKET = "data"
STORES = ("x", "y", "z")
_MOST_PAGES = 40
_NOW = datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC)

# --- stores --------------------------------------------------------------------------------------

# What a bucket holds: of each key its versions, newest first, and whether each is a delete marker;
# and of each key its uploads, in order.
Versions = Mapping[str, list[tuple[str, bool]]]
Uploads = Mapping[str, list[str]]


@dataclass(slots=True)
class Store:
    """A store in memory: what its buckets hold, and what it was asked."""

    versions: dict[str, dict[str, list[tuple[str, bool]]]] = field(default_factory=dict)
    uploads: dict[str, dict[str, list[str]]] = field(default_factory=dict)
    asked: list[dict[str, Any]] = field(default_factory=list)
    ticks: int = 1
    """How many seconds lie between two versions of a key; at 0 their order cannot be told."""

    def answer(self, operation: str, params: Mapping[str, Any]) -> dict[str, Any]:
        """Answer a listing as botocore hands it on.

        Raises:
            ClientError: As S3 refuses.
        """
        self.asked.append({"operation": operation, **params})
        try:
            page = listing(operation, params, self._found(operation, params["Bucket"]))
        except RefusedError as refused:
            error: Any = {"Code": "InvalidArgument", "Message": refused.args[0]}
            raise ClientError({"Error": error}, operation) from refused
        if "EncodingType" not in params and operation != "ListMultipartUploads":
            # botocore asked for it, and decodes all but this.
            page["EncodingType"] = "url"
            if operation == "ListObjects":
                page["Prefix"] = url_encoded(page["Prefix"])
        metadata = {"HTTPStatusCode": 200, "HTTPHeaders": {}, "RetryAttempts": 0}
        # What is empty is not in the XML, and so not in the answer.
        return {name: value for name, value in page.items() if value != []} | {
            "ResponseMetadata": metadata
        }

    def _found(self, operation: str, bucket: str) -> Iterator[Entry]:
        if operation == "ListMultipartUploads":
            for key, ids in sorted(self.uploads.get(bucket, {}).items()):
                for upload in ids:
                    yield Entry(key, "Uploads", {"UploadId": upload}, {"StorageClass": "STANDARD"})
            return
        for key, made in sorted(self.versions.get(bucket, {}).items()):
            if operation == "ListObjectVersions":
                for place, (version, deleted) in enumerate(made):
                    member = "DeleteMarkers" if deleted else "Versions"
                    modified = _NOW - datetime.timedelta(seconds=place * self.ticks)
                    item = {"IsLatest": not place, "LastModified": modified}
                    yield Entry(key, member, {"VersionId": version}, item)
            elif not made[0][1]:
                yield Entry(key, "Contents", item={"ETag": made[0][0], "Size": 1})


Stores = dict[str, Store]


def run(served: Any, stores: Stores) -> dict[str, Any]:
    """Run a flow by hand: its calls one after the other, also those that may run together."""
    if isinstance(served, Call):
        answer = stores[served.client].answer(served.operation.name, served.params)
        return served.answer(answer)
    try:
        asked = next(served)
        while True:
            try:
                flows = [asked] if isinstance(asked, Call) else asked.flows
                answers = [run(each, stores) for each in flows]
            except ClientError as error:
                asked = served.throw(error)
            else:
                asked = served.send(answers[0] if isinstance(asked, Call) else answers)
    except StopIteration as stop:
        ended: dict[str, Any] = stop.value
        return ended


# --- what is drawn -------------------------------------------------------------------------------

# One bucket, cut by rules of its own or by those of all buckets.
CUTS = st.sampled_from([[(BUCKET, BUCKET)], [(BUCKET, "d*")], [("*", "d*")], [("d*", "d*")]])


# Of a key's versions, newest first, whether each is a delete marker.
KINDS = ((False,), (False, False), (False, True, False), (True, False), (True, True), (True,))


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """A mapping; what the bucket holds, of its keys' names; and what else lies at its stores."""

    rules: Rules
    versions: Versions
    uploads: Uploads
    leftovers: list[Place]
    ticks: int

    def plain(self) -> Stores:
        """Give one store that holds the bucket."""
        store = Store(ticks=self.ticks)
        store.versions[BUCKET] = dict(self.versions)
        store.uploads[BUCKET] = dict(self.uploads)
        return {"plain": store}

    def split(self, *, leftovers: bool = True) -> Stores:
        """Give the stores that hold the bucket as the rules say."""
        stores = {name: Store(ticks=self.ticks) for name in STORES}
        for what in ("versions", "uploads"):
            for key, value in getattr(self, what).items():
                route = self.rules.route(BUCKET, key)
                held = getattr(stores[route.client], what).setdefault(route.mapped_bucket, {})
                held[route.mapped_key(key)] = value
        for client, bucket, key in self.leftovers if leftovers else ():
            stores[client].versions.setdefault(bucket, {})[key] = [("left", False)]
            stores[client].uploads.setdefault(bucket, {})[key] = ["left"]
        return stores


@st.composite
def worlds(draw: st.DrawFn) -> World:
    """Draw rules and what lies at the stores."""
    rules = accepted(draw(mappings(S3, STORES, draw(CUTS))), STORES, (BUCKET,))
    keys = st.sampled_from(S3.keys)
    versions: dict[str, list[tuple[str, bool]]] = {}
    uploads: dict[str, list[str]] = {}
    for place, key in enumerate(draw(st.lists(keys, max_size=9, unique=True))):
        if not rules.route(BUCKET, key).mapped_key(key):
            continue  # of a stripped prefix itself nothing is left at the store
        kinds = draw(st.sampled_from(KINDS))
        versions[key] = [(f"v{place}.{at}", deleted) for at, deleted in enumerate(kinds)]
        uploads[key] = [f"u{place}.{at}" for at in range(len(kinds))]
    left = draw(st.lists(keys, max_size=6))
    return World(
        rules=rules,
        versions=versions,
        uploads=uploads,
        leftovers=left_behind(rules, BUCKET, left),
        ticks=draw(st.sampled_from([1, 1, 1, 0])),
    )


_MARKERS = {
    "ListObjects": ("Marker",),
    "ListObjectsV2": ("StartAfter",),
    "ListObjectVersions": ("KeyMarker", "VersionIdMarker"),
    "ListMultipartUploads": ("KeyMarker", "UploadIdMarker"),
}


@st.composite
def requests(draw: st.DrawFn, world: World) -> tuple[str, dict[str, Any]]:
    """Draw a listing, mostly such that there is something, and that it starts near a key."""
    operation = draw(st.sampled_from(sorted(_MARKERS)))
    size = "MaxUploads" if operation == "ListMultipartUploads" else "MaxKeys"
    held = sorted(world.versions)
    near = sorted({key + end for key in held for end in ("", "a", "\U0010ffff")}) or [""]
    starts = sorted({"", "a", "a/", "a/b", *(key[:at] for key in held for at in (1, 2, 3))})
    markers = st.sampled_from([*near, *near, *starts, *S3.others])
    optional: dict[str, st.SearchStrategy[Any]] = {
        "Prefix": st.sampled_from([*starts, *starts, *S3.others]),
        "Delimiter": st.sampled_from(S3.delimiters),
        size: st.sampled_from(S3.sizes),
        "EncodingType": st.just("url"),
        _MARKERS[operation][0]: markers,
    }
    if operation == "ListObjectsV2":
        optional["FetchOwner"] = st.booleans()
    asked = draw(st.fixed_dictionaries({}, optional=optional))
    key = asked.get("KeyMarker")
    if key in world.versions and draw(st.booleans()):
        ids = {"ListObjectVersions": [id for id, _ in world.versions[key]]}
        ids["ListMultipartUploads"] = list(world.uploads[key])
        asked[_MARKERS[operation][1]] = draw(st.sampled_from([*ids[operation], "gone"]))
    return operation, {"Bucket": BUCKET, **asked}


# --- the laws ------------------------------------------------------------------------------------

Ask = Callable[[str, dict[str, Any]], dict[str, Any]]


def outcomes(ask: Ask, operation: str, params: dict[str, Any]) -> list[dict[str, Any]]:
    """Follow a listing to its end, as a careful caller does: each page, or the refusal."""
    pages = []
    while len(pages) < _MOST_PAGES:
        try:
            page = ask(operation, params)
        except ClientError as error:
            return [*pages, dict(error.response["Error"])]
        pages.append(page)
        if not page["IsTruncated"]:
            return pages
        params = {**params, **_onward(operation, page)}
        if "NextKeyMarker" in page and f"Next{_MARKERS[operation][1]}" not in page:
            params.pop(_MARKERS[operation][1], None)
    raise AssertionError(f"no end after {_MOST_PAGES} pages")


def _onward(operation: str, page: dict[str, Any]) -> dict[str, Any]:
    if operation == "ListObjectsV2":
        return {"ContinuationToken": page["NextContinuationToken"]}
    named = {name.removeprefix("Next"): text for name, text in page.items() if "Next" in name}
    marker = _MARKERS[operation][0]
    named.setdefault(marker, page.get("Contents", [{"Key": None}])[-1]["Key"])
    if page.get("EncodingType") == "url" and page.get("asked"):
        named[marker] = unquote_plus(named[marker])
    return named


def _asker(answer: Ask) -> Ask:
    """Let a page tell whether its caller asked for the encoding that it has."""

    def ask(operation: str, params: dict[str, Any]) -> dict[str, Any]:
        return {**answer(operation, params), "asked": "EncodingType" in params}

    return ask


def plainly(world: World) -> Ask:
    """Ask the one store."""
    stores = world.plain()
    return _asker(stores["plain"].answer)


def routed(rules: Rules, stores: Stores) -> Ask:
    """Ask the stores through a flow."""
    return _asker(lambda operation, params: run(flow(known(operation), params, rules), stores))


def _seen(page: dict[str, Any], world: World) -> dict[str, Any]:
    """Leave out what differs between any two stores.

    Where the times of versions do not tell their order, a page that ends with all versions of a key
    may name the key alone as the next marker.
    """
    tokens = {"ContinuationToken", "NextContinuationToken"}
    ids = set() if world.ticks else {"NextVersionIdMarker", "VersionIdMarker"}
    seen = {name: value for name, value in page.items() if name not in {"ResponseMetadata", *ids}}
    return {name: bool(value) if name in tokens else value for name, value in seen.items()}


@given(st.data())
@settings(max_examples=settings().max_examples * 10)
def test_a_listing_over_segments_is_that_of_one_store(data: st.DataObject) -> None:
    """For any rules, keys, leftovers and request: page by page what one store answers."""
    world = data.draw(worlds())
    operation, params = data.draw(requests(world))
    expected = outcomes(plainly(world), operation, params)

    answered = outcomes(routed(world.rules, world.split()), operation, params)

    assert [_seen(page, world) for page in expected] == [_seen(page, world) for page in answered]


@given(st.data())
@settings(max_examples=settings().max_examples * 3)
def test_leftovers_cost_no_page(data: st.DataObject) -> None:
    """Without a delimiter, what lies where another rule has taken over is jumped over: a segment
    takes at most one request more, which finds that it has ended, however much lies behind it.
    """
    world = data.draw(worlds())
    operation, params = data.draw(requests(world))
    params.pop("Delimiter", None)
    clean, littered = world.split(leftovers=False), world.split()
    outcomes(routed(world.rules, clean), operation, params)

    outcomes(routed(world.rules, littered), operation, params)

    ends = Counter(segment.route.client for segment in world.rules.segments(BUCKET))
    for name in STORES:
        assert len(clean[name].asked) + ends[name] >= len(littered[name].asked)
