"""Law: every flow, in threads and in an event loop, makes the same calls and ends the same way.

Where flows run together, which of their calls come first is chance; so each law also runs them one
after the other, where the calls have one order, and lets each call fail in turn.
"""

from __future__ import annotations

import asyncio
import copy
import io
import random
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from asking import MODEL, known
from botocore.exceptions import (
    ClientError,
    EndpointConnectionError,
    IncompleteReadError,
    ResponseStreamingError,
)
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from laws.test_listing_laws import STORES, worlds
from laws.test_listing_laws import requests as listing_requests
from laws.test_rules_laws import mappings, names, operations, values
from laws.twice import Asked, Fails, Interruption, Work
from laws.worlds import S3, accepted
from laws.worlds import mappings as cuts
from relayed import COPY, PART_COPY, RULES, Stores, content, refused

from botwo import _relaying
from botwo._bodies import read_body, read_body_async, read_whole
from botwo._calls import Call
from botwo._flows import flow

BUCKET = "data"

# What a store, or a network, may do in place of an answer; each made anew when it is raised.
FAILURES: dict[str, Callable[[], BaseException]] = {
    "refuses": lambda: refused(403, "AccessDenied"),
    "has none": lambda: refused(404, "NoSuchUpload"),
    "knows no such": lambda: refused(501, "NotImplemented"),
    "is away": lambda: EndpointConnectionError(endpoint_url="http://store.test"),
    "breaks off": lambda: IncompleteReadError(actual_bytes=1, expected_bytes=2),
    "breaks": lambda: ResponseStreamingError(error="as the test wants it"),
    "fails": lambda: LookupError("a fault of a program's own handler"),
    "is interrupted": lambda: Interruption("by the test"),
}
_MOST_CALLS = 12
# Each of these is run more than ten times.
few = settings(max_examples=max(settings().max_examples // 2, 20))


def check(work: Work, failures: list[str], numbers: random.Random) -> None:
    """Check that a flow's runs are alike, whichever call fails, and however."""
    plain = work.in_threads(alone=True)
    assert plain == work.in_tasks(alone=True)
    for number in _some(range(len(plain.calls)), numbers):
        for failure in failures:
            fails = _at(number, FAILURES[failure])
            assert work.in_threads(fails, alone=True) == work.in_tasks(fails, alone=True)
    if plain.ended[0] != "answered":
        return  # of several that fail together, which one is the first is chance
    together, tasks = work.in_threads(), work.in_tasks(waits=numbers.randrange(5))
    assert plain.ended == together.ended == tasks.ended
    assert plain.counted == together.counted == tasks.counted
    for asked in _some(list(plain.counted), numbers):
        _check_together(work, plain.counted, asked, FAILURES[failures[0]])


def _check_together(
    work: Work, plain: Counter[Asked], asked: Asked, failure: Callable[[], BaseException]
) -> None:
    """Check flows that really run together, where one call fails whenever it is made.

    Calls that others make in the meantime are chance.
    """
    fails: Fails = lambda call, _: failure() if call == asked else None  # noqa: E731
    alone = work.in_threads(fails, alone=True)

    threads, tasks = work.in_threads(fails), work.in_tasks(fails)

    assert alone.ended == threads.ended == tasks.ended
    assert alone.counted[asked] == threads.counted[asked] == tasks.counted[asked]
    assert alone.put_away == threads.put_away == tasks.put_away
    assert set(threads.calls) | set(tasks.calls) <= set(plain) | set(alone.calls)


def _at(number: int, failure: Callable[[], BaseException]) -> Fails:
    return lambda _, before: failure() if before == number else None


def _some(found: Any, numbers: random.Random) -> list[Any]:
    """Choose some of very many; a relay's, and mostly a listing's, are all of them."""
    return list(found) if len(found) <= _MOST_CALLS else numbers.sample(list(found), _MOST_CALLS)


failures = st.lists(st.sampled_from(sorted(FAILURES)), min_size=1, max_size=2, unique=True)
numbers = st.randoms(use_true_random=False)


# --- one call --------------------------------------------------------------------------------


@given(operations, mappings, st.data())
def test_whatever_is_asked(name: str, rules: Any, data: st.DataObject) -> None:
    """Any operation with any parameters under any rules: one call, several, or a refusal."""
    params = data.draw(values(MODEL.operation_model(name).input_shape, name))
    answer = data.draw(st.sampled_from([{}, {"Key": "a/b"}, {"Bucket": "a", "Prefix": "b/"}]))

    def stores() -> Any:
        return lambda call: call.answer(copy.deepcopy(answer))

    check(
        Work(flow=lambda: flow(known(name), params, rules), stores=stores),
        data.draw(failures),
        data.draw(numbers),
    )


# --- listings --------------------------------------------------------------------------------


@few
@given(st.data())
def test_listings_of_keys(data: st.DataObject) -> None:
    """The four listings, of a bucket in one place or cut into segments."""
    world = data.draw(worlds())
    operation, params = data.draw(listing_requests(world))

    def stores() -> Any:
        behind = world.split()
        return lambda call: call.answer(
            behind[call.client].answer(call.operation.name, call.params)
        )

    check(
        Work(flow=lambda: flow(known(operation), params, world.rules), stores=stores),
        data.draw(failures),
        data.draw(numbers),
    )


@few
@given(mappings, st.data())
def test_listings_of_buckets(rules: Any, data: st.DataObject) -> None:
    """``ListBuckets`` over all stores, each of which answers page by page."""
    clients = sorted({rule.client for rule in rules.rules})
    held = {name: sorted(data.draw(st.sets(names, max_size=5))) for name in clients}
    most = data.draw(st.integers(1, 3))
    optional = {"Prefix": names, "MaxBuckets": st.integers(1, 3)}
    params = data.draw(st.fixed_dictionaries({}, optional=optional))

    def answer(call: Call) -> Any:
        start = int(call.params.get("ContinuationToken", 0))
        found = held[call.client][start:]
        told: dict[str, Any] = {"Buckets": [{"Name": name} for name in found[:most]]}
        if found[most:]:
            told["ContinuationToken"] = str(start + most)
        return call.answer(told)

    check(
        Work(flow=lambda: flow(known("ListBuckets"), params, rules), stores=lambda: answer),
        data.draw(failures),
        data.draw(numbers),
    )


# --- deletes ---------------------------------------------------------------------------------


@few
@given(st.data())
def test_deletes(data: st.DataObject) -> None:
    """``DeleteObjects`` over the stores of a cut bucket, some of which cannot delete something."""
    rules = accepted(data.draw(cuts(S3, STORES, [(BUCKET, BUCKET)])), STORES, (BUCKET,))
    objects = data.draw(
        st.lists(
            st.fixed_dictionaries(
                {"Key": st.sampled_from(S3.keys)}, optional={"VersionId": st.sampled_from("12")}
            ),
            max_size=8,
        )
    )
    kept = set(data.draw(st.lists(st.sampled_from(S3.keys))))
    params = {"Bucket": BUCKET, "Delete": {"Objects": objects}}

    def answer(call: Call) -> Any:
        told: dict[str, Any] = {"Deleted": [], "Errors": []}
        for item in call.params["Delete"]["Objects"]:
            if item["Key"] in kept:
                told["Errors"].append({**item, "Code": "AccessDenied", "Message": "kept"})
            else:
                told["Deleted"].append(item)
        return call.answer(told)

    check(
        Work(flow=lambda: flow(known("DeleteObjects"), params, rules), stores=lambda: answer),
        data.draw(failures),
        data.draw(numbers),
    )


# --- copies ----------------------------------------------------------------------------------


@pytest.fixture(scope="module", autouse=True)
def _small() -> Iterator[None]:
    """Let small objects be relayed in parts, and larger parts in files."""
    small = {"THRESHOLD": 10, "PART_SIZE": 10, "SPOOLED": 6, "MOST_PARTS": 4}
    with pytest.MonkeyPatch.context() as patch:
        for name, size in small.items():
            patch.setattr(_relaying, name, size)
        yield


# What a source may tell of its object, and what may be asked of the copy.
_told = st.fixed_dictionaries(
    {},
    optional={
        "Metadata": st.just({"name": "x"}),
        "TagCount": st.just(1),
        "VersionId": st.sampled_from(["v1", "v2"]),
        "MissingMeta": st.just(1),
        "ChecksumCRC32": st.just("c"),
        "CacheControl": st.just("no-cache"),
    },
)
_wanted = st.fixed_dictionaries(
    {},
    optional={
        "MetadataDirective": st.sampled_from(["COPY", "REPLACE"]),
        "TaggingDirective": st.sampled_from(["COPY", "REPLACE"]),
        "CopySourceIfMatch": st.sampled_from(['"one"', '"two"']),
        "Tagging": st.just("a=b"),
        "StorageClass": st.just("GLACIER"),
        "ChecksumAlgorithm": st.just("SHA256"),
    },
)
# What may happen to the source between two reads of it.
_midway: dict[str, Callable[[Any], None]] = {
    "nothing": lambda answer: None,
    "another object": lambda answer: answer.update(ETag='"two"'),
    "no ranges": lambda answer: answer.pop("ContentRange", None),
    "shorter": lambda answer: answer.update(Body=answer["Body"][:-1]),
}


@few
@given(
    st.sampled_from([0, 1, 6, 7, 10, 11, 25, 40, 41, 55]),
    st.sampled_from(["CopyObject", "UploadPartCopy"]),
    _told,
    _wanted,
    st.sampled_from([None, "bytes=0-3", "bytes=2-9", "bytes=3-1", "all"]),
    st.sampled_from(["nothing", *sorted(_midway)]),
    st.lists(st.sampled_from(sorted(FAILURES)), min_size=2, max_size=3, unique=True),
    numbers,
)
def test_relays(
    size: int,
    operation: str,
    told: dict[str, Any],
    wanted: dict[str, Any],
    bounds: str | None,
    midway: str,
    failing: list[str],
    numbers: random.Random,
) -> None:
    """Copies between stores: small ones, in parts, in parts that lie in files, and of parts."""
    params = {**(COPY if operation == "CopyObject" else PART_COPY), **wanted}
    if operation == "UploadPartCopy" and bounds is not None:
        params["CopySourceRange"] = bounds

    def stores() -> Stores:
        made = Stores(content(size), **told)
        made.tags = [{"Key": "a", "Value": "b"}] if "TagCount" in told else []

        def change(call: Call, answer: Any) -> None:
            if "Range" in call.params:
                _midway[midway](answer)

        made.reading = change
        return made

    check(Work(flow=lambda: flow(known(operation), params, RULES), stores=stores), failing, numbers)


# --- bodies ----------------------------------------------------------------------------------


class _Stream:
    """A body that breaks off, or gives no more than has come."""

    def __init__(self, body: bytes, most: int | None, breaks: int | None) -> None:
        self._stream = io.BytesIO(body)
        self._most = most
        self._left = breaks
        self.closed = 0

    def take(self, amount: int | None) -> bytes:
        """Read as a store's stream is read."""
        if self._left is not None:
            self._left -= 1
            if self._left < 0:
                raise ResponseStreamingError(error="as the test wants it")
        if amount is None or self._most is None:
            return self._stream.read(amount)
        return self._stream.read(min(amount, self._most))


class _Sync(_Stream):
    def __enter__(self) -> None: ...

    def __exit__(self, *error: object) -> None:
        self.closed += 1

    def read(self, amount: int | None = None) -> bytes:
        return self.take(amount)


class _Async(_Stream):
    async def __aenter__(self) -> None: ...

    async def __aexit__(self, *error: object) -> None:
        self.closed += 1

    async def read(self, amount: int | None = None) -> bytes:
        await asyncio.sleep(0)
        return self.take(amount)


@given(
    st.integers(0, 20),
    st.integers(0, 20) | st.none(),
    st.integers(0, 20),
    st.booleans(),
    st.booleans(),
    st.integers(1, 5) | st.none(),
    st.integers(0, 3) | st.none(),
)
def test_bodies(
    size: int,
    length: int | None,
    most: int,
    spools: bool,
    ranged: bool,
    comes: int | None,
    breaks: int | None,
) -> None:
    """A body is read into the same bytes or file, or is left, and is closed; whatever its store
    said of its length, also where it breaks off.
    """
    if ranged and length is None:
        assume(spools or most >= size)
    steps = {"most": most, "spools": spools, "ranged": ranged}
    bodies = [kind(content(size), comes, breaks) for kind in (_Sync, _Async)]

    plain = _read(lambda: read_body(bodies[0], read_whole(length, **steps)))
    later = _read(lambda: asyncio.run(read_body_async(bodies[1], read_whole(length, **steps))))

    assert plain == later
    assert [1, 1] == [body.closed for body in bodies]


def _read(read: Callable[[], Any]) -> Any:
    try:
        found = read()
    except (IncompleteReadError, ResponseStreamingError, ClientError) as error:
        return type(error), str(error)
    if isinstance(found, bytes) or found is None:
        return found
    with found as file:
        return "file", file.tell(), file.read()
