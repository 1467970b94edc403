"""Relays, flow by flow: what either store is asked, what the caller is told, what is left."""

from __future__ import annotations

import datetime
import signal
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest
from asking import SPLIT, known, mapping
from botocore.exceptions import (
    ClientError,
    ConnectTimeoutError,
    IncompleteReadError,
    ReadTimeoutError,
    ResponseStreamingError,
)
from new_members import NEW_TEXT, patched_operation
from relayed import COPY, DATE, PART_COPY, RULES, Stores, content, copied, refused

from botwo import RoutingError, _relaying
from botwo._calls import Call, first_calls
from botwo._flows import flow
from botwo._run import run

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

KEY = {"CopySourceSSECustomerAlgorithm": "AES256", "CopySourceSSECustomerKey": "source"}
OWN_KEY = {"SSECustomerAlgorithm": "AES256", "SSECustomerKey": "own"}
NOW = datetime.datetime(2026, 11, 25, 9, tzinfo=datetime.UTC)


@pytest.fixture(autouse=True)
def _small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let an object of more than ten bytes be copied in parts of ten."""
    monkeypatch.setattr(_relaying, "THRESHOLD", 10)
    monkeypatch.setattr(_relaying, "PART_SIZE", 10)


@pytest.mark.parametrize("size", [0, 1, 10])
def test_a_small_object_is_one_request_to_either_store(size: int) -> None:
    """Up to the threshold an object is got once and put once, under the stores' names."""
    stores = Stores(content(size))

    answer = copied(stores)

    assert ["GetObject", "PutObject"] == stores.names
    assert {"dev/new": content(size)} == stores.objects
    got = {"Bucket": "plain", "Key": "old", "ChecksumMode": "ENABLED"}
    assert (got, 10) == (stores.asked[0].params, stores.asked[0].reads)
    put = {"Bucket": "repo", "Key": "dev/new", "Body": content(size), "Metadata": {}}
    assert put == stores.asked[1].params
    result = {"ETag": '"put"', "ChecksumCRC32": "c", "ChecksumType": "FULL_OBJECT"}
    assert {**result, "LastModified": NOW} == answer["CopyObjectResult"]
    assert answer["ResponseMetadata"]["HTTPHeaders"] == {"date": DATE}


@pytest.mark.parametrize(
    ("size", "ranges"),
    [
        (11, ["0-9", "10-10"]),
        (20, ["0-9", "10-19"]),
        (21, ["0-9", "10-19", "20-20"]),
    ],
)
def test_a_longer_object_is_copied_in_parts(size: int, ranges: list[str]) -> None:
    """Above the threshold each part is a range that is got and uploaded, pinned by its ETag."""
    stores = Stores(content(size), VersionId="v1")

    answer = copied(stores)

    assert {"dev/new": content(size)} == stores.objects
    assert {} == stores.uploads
    gets = [call.params for call in stores.asked if "Range" in call.params]
    assert {f"bytes={part}" for part in ranges} == {params["Range"] for params in gets}
    assert {'"one"'} == {params["IfMatch"] for params in gets}
    assert not any("ChecksumMode" in params or "VersionId" in params for params in gets)
    assert {
        "CopyObjectResult": {"ETag": '"whole-2"', "LastModified": NOW},
        "CopySourceVersionId": "v1",
        "VersionId": "v2",
        "ServerSideEncryption": "AES256",
    } == {name: value for name, value in answer.items() if name != "ResponseMetadata"}


def test_no_more_parts_are_alive_than_run_at_once() -> None:
    """Whatever an object's size, as many parts are in memory as run at the same time."""
    size = 10 * 20 * _relaying.PARTS_AT_ONCE
    stores = Stores(content(size))
    all_at_once = threading.Barrier(_relaying.PARTS_AT_ONCE, timeout=10)

    def wait(call: Call) -> None:
        if call.operation.name == "UploadPart":
            all_at_once.wait()

    stores.before = wait
    copied(stores)

    assert {"dev/new": content(size)} == stores.objects
    assert _relaying.PARTS_AT_ONCE == stores.most_alive


def test_parts_grow_with_the_object_and_then_lie_in_files(monkeypatch: pytest.MonkeyPatch) -> None:
    """An upload takes so many parts; larger ones are not held in memory, and no file stays open."""
    monkeypatch.setattr(_relaying, "MOST_PARTS", 4)
    stores = Stores(content(101))

    copied(stores)

    assert {"dev/new": content(101)} == stores.objects
    assert stores.names.count("UploadPart") == 4
    assert [True] * 4 == [file.closed for file in stores.files]


@pytest.mark.parametrize(
    "source", ["plain/old?versionId=v1", {**COPY["CopySource"], "VersionId": "v1"}]
)
def test_every_read_is_of_the_version_that_was_asked(source: Any) -> None:
    """A version is asked for in every read, and answered."""
    stores = Stores(content(11), VersionId="v1", TagCount=1)
    stores.tags = [{"Key": "a", "Value": "b"}]

    answer = copied(stores, CopySource=source)

    reads = [call.params for call in stores.asked if call.client == "near"]
    assert ["v1"] * 4 == [params["VersionId"] for params in reads]
    assert answer["CopySourceVersionId"] == "v1"


@pytest.mark.parametrize("told", [{}, {"VersionId": "v2"}])
def test_a_store_that_knows_no_versions_is_not_believed(told: Any) -> None:
    """Where the answer is not said to be of the version that was asked, nothing is written."""
    stores = Stores(**told)

    with pytest.raises(RoutingError, match="version 'v1'"):
        copied(stores, CopySource="plain/old?versionId=v1")

    assert ["GetObject"] == stores.names


@pytest.mark.parametrize("size", [10, 11])
def test_every_parameter_reaches_its_store_and_no_other(size: int) -> None:
    """The source's keys and owner are told to its store only, the object's own to the other."""
    own: Any = {
        **OWN_KEY,
        "ACL": "private",
        "StorageClass": "STANDARD_IA",
        "ExpectedBucketOwner": "2",
        "RequestPayer": "requester",
        "IfNoneMatch": "*",
        "ChecksumAlgorithm": "SHA256",
    }
    stores = Stores(content(size), TagCount=1)
    reader = {"ExpectedBucketOwner": "1", "RequestPayer": "requester"}
    source_key = {"SSECustomerAlgorithm": "AES256", "SSECustomerKey": "source"}

    copied(stores, **own, **KEY, ExpectedSourceBucketOwner="1")

    for call in stores.asked:
        name, params = call.operation.name, call.params
        rest = {member: params[member] for member in params.keys() & {*own, *KEY, *source_key}}
        writer = {"ExpectedBucketOwner": "2", "RequestPayer": "requester"}
        summed = {"ChecksumAlgorithm": "SHA256"}
        assert (
            rest
            == {
                "GetObject": {**reader, **source_key},
                "GetObjectTagging": reader,
                "PutObject": own,
                "CreateMultipartUpload": {n: own[n] for n in own if n != "IfNoneMatch"},
                "UploadPart": {**writer, **OWN_KEY, **summed},
                "CompleteMultipartUpload": {**writer, **OWN_KEY, "IfNoneMatch": "*"},
            }[name]
        )


SOURCE = {"ContentType": "text/x", "CacheControl": "no-cache", "Metadata": {"colour": "blue"}}
ASKED = {"ContentType": "text/y", "Metadata": {"size": "9"}}


@pytest.mark.parametrize("size", [10, 11])
@pytest.mark.parametrize(
    ("directive", "expected"),
    [
        ({}, SOURCE),
        ({"MetadataDirective": "COPY"}, SOURCE),
        ({"MetadataDirective": "REPLACE"}, ASKED),
    ],
)
def test_metadata_is_the_sources_or_the_requests(size: int, directive: Any, expected: Any) -> None:
    """Metadata and content headers are copied as a whole, or replaced as a whole."""
    stores = Stores(
        content(size), **SOURCE, StorageClass="GLACIER_IR", WebsiteRedirectLocation="/x"
    )

    copied(stores, **ASKED, **directive)

    written = stores.params("PutObject" if size == 10 else "CreateMultipartUpload")
    given = {"Bucket", "Key", "Body"}
    assert expected == {name: written[name] for name in written.keys() - given}


@pytest.mark.parametrize(
    ("told", "why"),
    [
        ({"MissingMeta": 2}, "does not tell 2 of its metadata"),
        ({"ExpiresString": "soon"}, "'soon', is no date"),
    ],
)
def test_metadata_that_cannot_be_kept_is_refused(told: Any, why: str) -> None:
    """What the source's store does not tell is never dropped, unless it is replaced anyway."""
    stores = Stores(**told)

    with pytest.raises(RoutingError, match=why):
        copied(stores)
    assert ["GetObject"] == stores.names
    copied(stores, MetadataDirective="REPLACE")

    assert {"dev/new": stores.body} == stores.objects


@pytest.mark.parametrize(
    ("params", "expected"),
    [
        ({}, "a=1&b+c=2"),
        ({"TaggingDirective": "COPY", "Tagging": "x=y"}, "a=1&b+c=2"),
        ({"TaggingDirective": "REPLACE", "Tagging": "x=y"}, "x=y"),
        ({"TaggingDirective": "REPLACE"}, None),
    ],
)
@pytest.mark.parametrize("size", [10, 11])
def test_tags_are_the_sources_or_the_requests(size: int, params: Any, expected: str | None) -> None:
    """Tags are copied, or replaced."""
    stores = Stores(content(size), TagCount=2)
    stores.tags = [{"Key": "a", "Value": "1"}, {"Key": "b c", "Value": "2"}]

    copied(stores, **params)

    written = stores.params("PutObject" if size == 10 else "CreateMultipartUpload")
    assert expected == written.get("Tagging")
    replaces = params.get("TaggingDirective") == "REPLACE"
    assert replaces == ("GetObjectTagging" not in stores.names)


def test_no_store_but_aws_is_asked_for_tags_that_it_does_not_count() -> None:
    """A store may answer that question with the object."""
    stores = Stores()

    copied(stores)

    assert "GetObjectTagging" not in stores.names


@pytest.mark.parametrize("status", [403, 500, 501, 405])
def test_tags_that_aws_does_not_tell_fail_the_copy(status: int) -> None:
    """Where AWS counts no tags it is asked for them; only one that has none may not know them."""
    stores = Stores()
    stores.headers = {"server": "AmazonS3"}

    def refuse(call: Call) -> None:
        if call.operation.name == "GetObjectTagging":
            raise refused(status, "No")

    stores.before = refuse
    if status in (405, 501):
        copied(stores)
    else:
        with pytest.raises(ClientError, match="No"):
            copied(stores)

    assert ["GetObject", "GetObjectTagging"] == stores.names[:2]
    assert (status in (405, 501)) == ("PutObject" in stores.names)


def test_tags_of_another_version_are_not_mixed_in() -> None:
    """A source that gets a new version between the object and its tags fails the copy."""
    stores = Stores(TagCount=1, VersionId="v1")
    stores._GetObjectTagging = lambda call, params: {"VersionId": "v2", "TagSet": []}  # type: ignore[method-assign]

    with pytest.raises(ClientError, match="PreconditionFailed"):
        copied(stores)

    assert {} == stores.objects


@pytest.mark.parametrize("size", [10, 11])
def test_the_checksum_algorithm_is_the_sources(size: int) -> None:
    """The destination is asked for a checksum like the one that the source has."""
    stores = Stores(content(size), ChecksumSHA256="x")

    copied(stores)

    asked = {call.operation.name for call in stores.asked if "ChecksumAlgorithm" in call.params}
    assert asked == ({"PutObject"} if size == 10 else {"CreateMultipartUpload", "UploadPart"})


BROKEN = [
    ReadTimeoutError(endpoint_url="x"),
    IncompleteReadError(actual_bytes=1, expected_bytes=2),
    ResponseStreamingError(error="x"),
    ConnectionResetError(),
    TimeoutError(),
]


@pytest.mark.parametrize("size", [10, 11])
@pytest.mark.parametrize("error", BROKEN, ids=lambda error: type(error).__name__)
@pytest.mark.parametrize("times", [4, 5])
def test_a_body_that_breaks_off_is_read_again(size: int, error: Exception, times: int) -> None:
    """Each read is tried five times; what still breaks is raised, and nothing is left."""
    stores = Stores(content(size))
    left = {"GetObject": times}

    def break_off(call: Call, answer: Any) -> None:
        if left["GetObject"] and (size == 10 or call.params.get("Range") == "bytes=0-9"):
            left["GetObject"] -= 1
            raise error

    stores.reading = break_off
    if times == 5:
        with pytest.raises(type(error)):
            copied(stores)
    else:
        copied(stores)

    assert ({} if times == 5 else {"dev/new": content(size)}) == stores.objects
    assert {} == stores.uploads


def test_a_store_that_cannot_be_reached_is_not_asked_again() -> None:
    """What botocore has tried again is not tried again here."""
    stores = Stores()

    def refuse(call: Call) -> None:
        raise ConnectTimeoutError(endpoint_url="x")

    stores.before = refuse
    with pytest.raises(ConnectTimeoutError):
        copied(stores)

    assert ["GetObject"] == stores.names


def _changed(member: str, value: Any) -> Any:
    def change(call: Call, answer: Any) -> None:
        if call.params.get("Range") == "bytes=10-19":
            answer[member] = value

    return change


@pytest.mark.parametrize(
    ("member", "value"),
    [("ETag", '"two"'), ("ETag", None), ("ContentRange", "bytes 10-19/30")],
)
def test_a_source_that_changes_midway_fails_the_copy(member: str, value: Any) -> None:
    """A store may take no notice of the pinned ETag: every range is checked."""
    stores = Stores(content(25))
    stores.reading = _changed(member, value)

    with pytest.raises(ClientError) as raised:
        copied(stores)

    assert raised.value.response["Error"]["Code"] == "PreconditionFailed"
    assert raised.value.operation_name == "CopyObject"
    assert ({}, {}) == (stores.uploads, stores.objects)
    assert "AbortMultipartUpload" == stores.names[-1]


@pytest.mark.parametrize(
    ("member", "value"),
    [
        ("ContentRange", ""),
        ("ContentRange", "bytes 10-19/*"),
        ("ContentRange", "bytes 0-9/25"),
        ("Body", content(25)),
        ("Body", b"short"),
    ],
)
def test_a_store_that_answers_no_ranges_fails_the_copy(member: str, value: Any) -> None:
    """Bytes that are not those that were asked for are never uploaded."""
    stores = Stores(content(25))
    stores.reading = _changed(member, value)

    with pytest.raises(RoutingError, match="does not answer ranges"):
        copied(stores)

    assert ({}, {}) == (stores.uploads, stores.objects)


@pytest.mark.parametrize("member", ["ETag", "ContentLength"])
def test_a_long_object_that_cannot_be_pinned_is_refused(member: str) -> None:
    """Without ETag or length its parts could be of two versions."""
    stores = Stores(content(11))
    stores.reading = lambda call, answer: answer.pop(member)

    with pytest.raises(RoutingError, match="length and ETag"):
        copied(stores)

    assert ["GetObject"] == stores.names


@pytest.mark.parametrize(
    "name", ["CreateMultipartUpload", "GetObject", "UploadPart", "CompleteMultipartUpload"]
)
@pytest.mark.parametrize("kind", [ClientError, OSError, KeyboardInterrupt])
def test_nothing_is_left_of_a_copy_that_fails(name: str, kind: type[BaseException]) -> None:
    """Whatever fails after an upload was begun, it is aborted, and what failed is raised."""
    stores = Stores(content(35))
    error = refused(403, "AccessDenied", name) if kind is ClientError else kind("no")

    def fail(call: Call) -> None:
        if call.operation.name == name and call.params.get("Range") != "bytes=0-9":
            if name == "GetObject" and "Range" not in call.params:
                return
            raise error

    stores.before = fail
    with pytest.raises(kind) as raised:
        copied(stores)

    assert error is raised.value
    assert ({}, {}) == (stores.uploads, stores.objects)
    begun = name != "CreateMultipartUpload"
    assert begun == ("AbortMultipartUpload" == stores.names[-1])
    assert begun == stores.asked[-1].puts_away
    assert [] == getattr(error, "__notes__", [])


@pytest.mark.parametrize(
    ("failure", "noted"),
    [
        (refused(404, "NoSuchUpload"), False),
        (refused(500, "InternalError"), True),
        (OSError("gone"), True),
    ],
)
def test_an_abort_that_fails_hides_nothing(failure: Exception, *, noted: bool) -> None:
    """The first error is raised, with a note of the upload that may be left."""
    stores = Stores(content(25))
    error = refused(403, "AccessDenied")

    def fail(call: Call) -> None:
        if call.operation.name == "UploadPart":
            raise error
        if call.operation.name == "AbortMultipartUpload":
            raise failure

    stores.before = fail
    with pytest.raises(ClientError) as raised:
        copied(stores)

    assert error is raised.value
    notes = getattr(error, "__notes__", [])
    assert noted == any("'7' of data/new" in note and "'far'" in note for note in notes)


@contextmanager
def _interruptible() -> Iterator[Callable[[], None]]:
    """Give what interrupts the main thread, and returns when it was."""
    interrupted = threading.Event()
    main = threading.main_thread().ident
    assert main is not None

    def note(*args: object) -> None:
        interrupted.set()
        raise KeyboardInterrupt

    def interrupt() -> None:
        signal.pthread_kill(main, signal.SIGINT)
        assert interrupted.wait(10)

    before = signal.signal(signal.SIGINT, note)
    try:
        yield interrupt
    finally:
        signal.signal(signal.SIGINT, before)
        for thread in threading.enumerate():  # the interrupt may come while one is started
            if thread is not threading.main_thread() and "ThreadPoolExecutor" in thread.name:
                thread.join(10)


def test_an_interrupt_aborts_the_upload() -> None:
    """An interrupt in the middle of a long copy ends it between two calls, and aborts it."""
    stores = Stores(content(5_000))

    with _interruptible() as interrupt:

        def interrupt_midway(call: Call) -> None:
            if call.params.get("PartNumber") == 20:
                interrupt()

        stores.before = interrupt_midway
        with pytest.raises(KeyboardInterrupt):
            copied(stores)

    assert ({}, {}) == (stores.uploads, stores.objects)
    assert "AbortMultipartUpload" == stores.names[-1]


def test_an_interrupt_while_an_upload_is_begun_leaves_none() -> None:
    """What the store has begun is known to the flow, whenever the interrupt comes."""
    stores = Stores(content(25))
    begin = stores._CreateMultipartUpload

    with _interruptible() as interrupt:

        def begin_and_interrupt(call: Call, params: Any) -> Any:
            answer = begin(call, params)
            interrupt()
            return answer

        stores._CreateMultipartUpload = begin_and_interrupt  # type: ignore[method-assign]
        with pytest.raises(KeyboardInterrupt):
            copied(stores)

    assert ({}, {}) == (stores.uploads, stores.objects)


@pytest.mark.parametrize(
    ("params", "why"),
    [
        ({"Extra": "x"}, "how to keep Extra"),
        ({"AnnotationDirective": "COPY"}, "annotations are not carried over"),
    ],
)
def test_what_cannot_be_kept_is_refused_before_anything_is_sent(params: Any, why: str) -> None:
    """A promise that nobody has decided how to keep, or that cannot be kept, is refused."""
    stores = Stores()
    asked = patched_operation("CopyObject", "input", **NEW_TEXT)

    with pytest.raises(RoutingError, match=why) as raised:
        run(flow(asked, {**COPY, **params}, RULES), stores)

    assert (RULES.route("plain", "old"), RULES.route("data", "new")) == raised.value.routes
    assert [] == stores.names


def test_a_redirect_that_leaves_the_store_is_refused_before_anything_is_sent() -> None:
    """A name that the destination's store cannot have is found before the source is read."""
    asked = {**COPY, "CopySource": "plain/old", "WebsiteRedirectLocation": "/logs/k"}

    with pytest.raises(RoutingError, match="/logs/k"):
        first_calls(flow(known("CopyObject"), {**asked, "CopySource": "data/logs/k"}, SPLIT))


def test_a_redirect_goes_by_the_destinations_route() -> None:
    """The redirect of the new object is a name at the destination's store."""
    stores = Stores()

    copied(stores, WebsiteRedirectLocation="/other", AnnotationDirective="EXCLUDE")

    assert stores.params("PutObject")["WebsiteRedirectLocation"] == "/dev/other"


def test_a_key_that_the_destination_cannot_have_is_refused_first() -> None:
    """Where nothing is left of the key, nothing is read."""
    rules = mapping(
        {
            "bucket_name": "data",
            "client": "far",
            "source_prefix": "a/",
            "strip_source_prefix": True,
        },
        {"bucket_name": "*", "client": "near"},
    )

    with pytest.raises(RoutingError, match="nothing is left"):
        first_calls(flow(known("CopyObject"), {**COPY, "Key": "a/"}, rules))


def test_the_first_call_has_both_names() -> None:
    """The first call of a relay is about the source, and about the destination."""
    (call,) = first_calls(flow(known("UploadPartCopy"), PART_COPY, RULES))

    assert call.client == "near"
    assert ["plain", "data"] == [route.bucket for route, _ in call.names]
    assert ["old", "new"] == [key for _, key in call.names]
