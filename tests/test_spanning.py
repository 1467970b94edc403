"""A bucket whose keys lie in several places is listed as if they lay in one."""

from __future__ import annotations

import base64
import re
import subprocess
import sys
import uuid
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, quote, urlsplit

import boto3.session
import pytest
from botocore.exceptions import ClientError, EndpointConnectionError
from servers import ensure
from stubs import Answer, Stub, error, options, stub

import botwo

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from servers import Server
    from types_boto3_s3.client import S3Client

LISTINGS = ("list_objects", "list_objects_v2", "list_object_versions", "list_multipart_uploads")
# Of bucket "data", "logs/" lies at "b", and what is under "logs/old/" at "a" again.
MAPPING: list[dict[str, Any]] = [
    {"bucket_name": "data", "source_prefix": "logs/old/", "client": "a"},
    {"bucket_name": "data", "source_prefix": "logs/", "mapped_bucket_name": "repo", "client": "b",
     "key_prefix": "main/", "strip_source_prefix": True},
    {"bucket_name": "*", "client": "a"},
]  # fmt: skip


def _holds(keys: Iterable[str], *, page: int = 1000, known: bool = True) -> Callable[[Any], Answer]:
    """A store with these keys, whose pages hold no more than `page`; S3's ListObjectsV2 alone."""

    def answer(request: Any) -> Answer:
        asked = {name: values[0] for name, values in parse_qs(urlsplit(request.url).query).items()}
        prefix, delimiter = asked.get("prefix", ""), asked.get("delimiter")
        after = asked.get("continuation-token") or asked.get("start-after", "")
        names: dict[str, str] = {}
        for key in sorted(key for key in keys if key.startswith(prefix)):
            cut = key.find(delimiter, len(prefix)) if delimiter else -1
            name = key if cut < 0 else key[: cut + len(delimiter or "")]
            names[name] = "Contents" if cut < 0 else "CommonPrefixes"
        left = [name for name in names if name > after]
        shown = left[: min(page, int(asked.get("max-keys", 1000)))]
        token = shown[-1] if shown else after
        told = "".join(
            f"<Contents><Key>{quote(name)}</Key><Size>1</Size></Contents>"
            if names[name] == "Contents"
            else f"<CommonPrefixes><Prefix>{quote(name)}</Prefix></CommonPrefixes>"
            for name in shown
        )
        more = len(shown) < len(left)
        next_token = f"<NextContinuationToken>{quote(token)}</NextContinuationToken>" * more
        return Answer(
            body=f"<ListBucketResult><IsTruncated>{str(more).lower()}</IsTruncated>"
            f"<EncodingType>url</EncodingType>{next_token}{told}</ListBucketResult>".encode()
        )

    return answer


def _pair(
    a: Any = (), b: Any = (), mapping: Any = None, **pages: Any
) -> tuple[Stub, Stub, S3Client]:
    one = stub(a if callable(a) or isinstance(a, Answer | Exception) else _holds(a, **pages))
    other = stub(b if callable(b) or isinstance(b, Answer | Exception) else _holds(b, **pages))
    return one, other, botwo.client({"a": one.client, "b": other.client}, mapping or MAPPING)


def _listed(answer: Any) -> list[str]:
    keys = [entry["Key"] for entry in answer.get("Contents", ())]
    return sorted(keys + [entry["Prefix"] for entry in answer.get("CommonPrefixes", ())])


AT_A = ("a", "logs/old/1", "logs/left behind", "m", "z/1", "z/2")
AT_B = ("main/1", "main/x/2")
ALL = ["a", "logs/1", "logs/old/1", "logs/x/2", "m", "z/1", "z/2"]


@pytest.mark.parametrize("cap", [1, 2, 1000])
@pytest.mark.parametrize("size", [1, 2, 3, 6, 7, 1000])
def test_pages_are_as_long_as_was_asked(size: int, cap: int) -> None:
    """Each key is given once, in order, on pages of the asked size, whatever the stores' pages."""
    _, _, s3 = _pair(AT_A, AT_B, page=cap)

    pages = list(
        s3.get_paginator("list_objects_v2").paginate(
            Bucket="data", PaginationConfig={"PageSize": size}
        )
    )

    assert [ALL[at : at + size] for at in range(0, len(ALL), size)] == [_listed(p) for p in pages]
    assert [page["KeyCount"] for page in pages] == [len(_listed(page)) for page in pages]
    assert [False] == [page["IsTruncated"] for page in pages][-1:]


def test_a_common_prefix_of_two_stores_is_given_once() -> None:
    """A common prefix that a rule cuts is there if any key of it is, wherever that lies."""
    _, _, s3 = _pair(AT_A, AT_B)

    answer = s3.list_objects_v2(Bucket="data", Delimiter="/")

    assert [{"Prefix": "logs/"}, {"Prefix": "z/"}] == answer["CommonPrefixes"]
    assert ["a", "logs/", "m", "z/"] == _listed(answer)


def test_what_was_left_behind_makes_no_common_prefix() -> None:
    """Keys that a rule has taken away are not there, nor is the common prefix they would make."""
    _, _, s3 = _pair(("a", "logs/left/1", "logs/left/2"))

    answer = s3.list_objects_v2(Bucket="data", Delimiter="/")

    assert ["a"] == _listed(answer)


@pytest.mark.parametrize("start", ["", "m", "logs/old/1"])
def test_keys_left_behind_cost_their_store_no_page(start: str) -> None:
    """100,000 old keys under a prefix that has moved make no request more than none would."""
    old = [f"logs/{number:06}" for number in range(100_000)]
    with_old, _, s3 = _pair((*AT_A, *old), AT_B)
    without, _, other = _pair(AT_A, AT_B)

    found = [
        _listed(client.list_objects_v2(Bucket="data", StartAfter=start)) for client in (s3, other)
    ]

    assert [[key for key in ALL if key > start]] * 2 == found
    assert len(without.sent) == len(with_old.sent)


def test_a_full_page_asks_no_further_than_whether_there_is_more() -> None:
    """Behind a full page the same place, then the next one, is asked for one key."""
    a, b, s3 = _pair(AT_A, AT_B)

    answer = s3.list_objects_v2(Bucket="data", MaxKeys=1)

    assert ["a"] == _listed(answer)
    assert answer["IsTruncated"]
    assert [["1", "1"], ["1"]] == [
        [parse_qs(urlsplit(sent.url).query)["max-keys"][0] for sent in store.sent]
        for store in (a, b)
    ]


SCRIPT = """
import json, sys
import botwo
from stubs import stub
from test_spanning import AT_A, AT_B, MAPPING, _holds, _listed
a, b = stub(_holds(AT_A)), stub(_holds(AT_B))
s3 = botwo.client({"a": a.client, "b": b.client}, MAPPING)
print(json.dumps(_listed(s3.list_objects_v2(Bucket="data", ContinuationToken=sys.argv[1]))))
"""


def test_a_token_goes_on_in_another_process() -> None:
    """A continuation token needs no memory of the client, or the process, that made it."""
    _, _, s3 = _pair(AT_A, AT_B)
    token = s3.list_objects_v2(Bucket="data", MaxKeys=2)["NextContinuationToken"]
    folders = [place for place in sys.path if place]

    told = subprocess.run(
        [sys.executable, "-c", f"import sys; sys.path[:0] = {folders!r}\n{SCRIPT}", token],
        capture_output=True,
        text=True,
        check=True,
    )

    assert re.findall('"(.*?)"', told.stdout) == ALL[2:]


OTHERS = {
    "another prefix at the store": [MAPPING[0], {**MAPPING[1], "key_prefix": "dev/"}, MAPPING[2]],
    "another client": [MAPPING[0], {**MAPPING[1], "client": "a"}, MAPPING[2]],
    "another bucket at the store": [
        *MAPPING[:2],
        {**MAPPING[2], "mapped_bucket_name": "all-{bucket}"},
    ],
    "fewer rules": MAPPING[1:],
    "one place": MAPPING[2:],
}


@pytest.mark.filterwarnings("ignore:no rule uses:botwo.ConfigWarning")
@pytest.mark.parametrize("other", OTHERS)
def test_a_token_of_another_mapping_is_an_invalid_argument(other: str) -> None:
    """A token that was made under other rules gets the error that S3 gives to a wrong one."""
    token = _pair(AT_A, AT_B)[2].list_objects_v2(Bucket="data", MaxKeys=2)["NextContinuationToken"]
    a, b, s3 = _pair(AT_A, AT_B, OTHERS[other])

    with pytest.raises(ClientError) as raised:
        s3.list_objects_v2(Bucket="data", ContinuationToken=token)

    told = raised.value.response
    assert "InvalidArgument" == told["Error"]["Code"]
    assert "The continuation token provided is incorrect" == told["Error"]["Message"]
    assert 400 == told["ResponseMetadata"]["HTTPStatusCode"]
    assert [] == a.sent + b.sent


def test_a_token_is_of_its_bucket() -> None:
    """A token of one bucket goes on in no other, though the same rules cut both."""
    mapping = [{**rule, "bucket_name": "d*"} if rule != MAPPING[2] else rule for rule in MAPPING]
    mapping[1] = {**mapping[1], "key_prefix": "{bucket}/"}
    _, _, s3 = _pair(AT_A, AT_B, mapping)
    token = s3.list_objects_v2(Bucket="data", MaxKeys=1)["NextContinuationToken"]

    with pytest.raises(ClientError, match="continuation token"):
        s3.list_objects_v2(Bucket="dune", ContinuationToken=token)


_SURROGATE = base64.b64encode(b'{"botwo": "x", "after": "\\ud800"}').decode()


@pytest.mark.parametrize(
    "token",
    [
        *("", "garbage", "Zm9v", "e30=", "W10=", "\xff", "bm90IGpzb24"),
        base64.b64encode(b"[" * 100_000).decode(),
        _SURROGATE,
    ],
    ids=lambda token: token[:12],
)
def test_garbage_is_no_token(token: str) -> None:
    """What botwo did not make is refused in S3's words, and asked of no store."""
    a, b, s3 = _pair(AT_A, AT_B)

    with pytest.raises(ClientError, match=r"InvalidArgument.*ListObjectsV2.*continuation token"):
        s3.list_objects_v2(Bucket="data", ContinuationToken=token)

    assert [] == a.sent + b.sent


def test_no_token_tells_a_secret() -> None:
    """A token holds the last name that the caller was given, and no name of a store."""
    _, _, s3 = _pair(AT_A, AT_B)

    token = s3.list_objects_v2(Bucket="data", MaxKeys=2)["NextContinuationToken"]

    position = base64.b64decode(token).decode()
    assert "logs/1" in position
    assert not re.search("main|repo|store.test|AKID", position)


@pytest.mark.parametrize("method", LISTINGS)
def test_a_store_that_fails_fails_the_listing(method: str) -> None:
    """Where one place cannot be listed the listing is an error, not a short answer."""
    none = Answer(body=b"<R><IsTruncated>false</IsTruncated></R>")
    for failure in (
        error(403, "AccessDenied"),
        error(404, "NoSuchBucket"),
        EndpointConnectionError(endpoint_url="http://b.test"),
    ):
        _, _, s3 = _pair(none, failure)

        with pytest.raises((ClientError, EndpointConnectionError)) as raised:
            getattr(s3, method)(Bucket="data")

        assert "client 'b'" in raised.value.__notes__[0]


def _contents(*keys: str) -> str:
    return "".join(f"<Contents><Key>{key}</Key></Contents>" for key in keys)


def test_a_store_that_lists_in_no_order_cannot_span() -> None:
    """Pages of a store without key order cannot be put between another's, and are refused."""
    page = f"<R><IsTruncated>true</IsTruncated>{_contents('b', 'a')}</R>"
    _, _, s3 = _pair(Answer(body=page.encode()))

    with pytest.raises(botwo.RoutingError, match="key order"):
        s3.list_objects_v2(Bucket="data")


def test_a_whole_listing_needs_no_order() -> None:
    """What a store gives on one page is put into order here."""
    page = f"<R><IsTruncated>false</IsTruncated>{_contents('b', 'a', 'c')}</R>"
    _, _, s3 = _pair(Answer(body=page.encode()), Answer(body=b"<R/>"))

    answer = s3.list_objects_v2(Bucket="data", Prefix="")

    assert [entry["Key"] for entry in answer["Contents"]] == ["a", "b", "c"]


def test_a_page_without_keys_goes_on_where_the_store_says() -> None:
    """A store may say that there is more and list nothing yet; its own token goes on."""

    def answer(request: Any) -> Answer:
        if "continuation-token=later" in request.url:
            return Answer(body=f"<R>{_contents('a')}</R>".encode())
        if "start-after" in request.url or "prefix=logs" in request.url:
            return Answer(body=b"<R/>")
        token = "<NextContinuationToken>later</NextContinuationToken>"
        return Answer(body=f"<R><IsTruncated>true</IsTruncated>{token}</R>".encode())

    _, _, s3 = _pair(answer, Answer(body=b"<R/>"))

    assert ["a"] == _listed(s3.list_objects_v2(Bucket="data"))


@pytest.mark.parametrize("token", ["", "<NextContinuationToken>same</NextContinuationToken>"])
def test_a_store_that_does_not_get_ahead_is_refused(token: str) -> None:
    """A store that says there is more, and neither lists it nor gets ahead, ends in an error."""
    _, _, s3 = _pair(Answer(body=f"<R><IsTruncated>true</IsTruncated>{token}</R>".encode()))

    with pytest.raises(botwo.RoutingError, match="lie in several places"):
        s3.list_objects_v2(Bucket="data")


def test_a_store_that_does_not_count_common_prefixes_is_cut() -> None:
    """A store that adds all common prefixes to a page of keys has only the page's part believed."""

    def answer(request: Any) -> Answer:
        keys = _contents("bb") if "marker=b" in request.url else _contents("a", "bb")
        told = "".join(
            f"<CommonPrefixes><Prefix>{name}/</Prefix></CommonPrefixes>" for name in "bcz"
        )
        return Answer(body=f"<R><IsTruncated>false</IsTruncated>{keys}{told}</R>".encode())

    a, _, s3 = _pair(answer, Answer(body=b"<R/>"))

    page: Any = s3.list_objects(Bucket="data", Delimiter="/", MaxKeys=2)

    assert ["a", "b/"] == _listed(page)
    assert page["IsTruncated"]
    assert "b/" == page["NextMarker"]
    assert 2 == len(a.sent)


def test_a_version_marker_without_a_key_is_refused_as_s3_does() -> None:
    """A version is a position only together with its key."""
    a, b, s3 = _pair()

    with pytest.raises(ClientError, match=r"InvalidArgument.*without a key marker"):
        s3.list_object_versions(Bucket="data", VersionIdMarker="3")

    assert [] == a.sent + b.sent


_VERSION = "<Key>{}</Key><VersionId>{}</VersionId><LastModified>2026-01-01T00:00:00Z</LastModified>"


def _versions(*, more: bool) -> Answer:
    """A page that ends with a version and a delete marker of one key and one time."""
    listed = f"<Version>{_VERSION.format('a', 1)}</Version>"
    listed += f"<DeleteMarker>{_VERSION.format('a', 2)}</DeleteMarker>"
    end = "<NextKeyMarker>a</NextKeyMarker><NextVersionIdMarker>1</NextVersionIdMarker>" * more
    return Answer(
        body=f"<R><IsTruncated>{str(more).lower()}</IsTruncated>{end}{listed}</R>".encode()
    )


@pytest.mark.parametrize(("more", "expected"), [(True, "1"), (False, None)])
def test_the_last_version_of_a_page_is_not_guessed(more: bool, expected: str | None) -> None:
    """Of two versions of one time the store says which was last; where it does not, none is said.

    The key's versions are all told then, so that a page behind the key misses none.
    """

    def answer(request: Any) -> Answer:
        if "key-marker" in request.url:
            return Answer(body=f"<R><Version>{_VERSION.format('z', 1)}</Version></R>".encode())
        return Answer(body=b"<R/>") if "prefix" in request.url else _versions(more=more)

    _, _, s3 = _pair(answer, Answer(body=b"<R/>"))

    page: Any = s3.list_object_versions(Bucket="data", MaxKeys=2)

    assert page["IsTruncated"]
    assert ("a", expected) == (page["NextKeyMarker"], page.get("NextVersionIdMarker"))


@pytest.mark.parametrize("size", [1, 2, 3, 1000])
def test_uploads_of_a_store_that_counts_markers_in_are_told_once(
    rclone_a: Server, rclone_b: Server, size: int
) -> None:
    """Rclone lists an upload again where its marker points; each is told once, and none is lost.

    A bucket that never had an upload is an error there, and an empty page here.
    """
    a, b = rclone_a.client(), rclone_b.client()
    name = f"data-{uuid.uuid4()}"
    mapping = [{**rule, "bucket_name": name} if rule != MAPPING[2] else rule for rule in MAPPING]
    mapping[1] = {**mapping[1], "mapped_bucket_name": name}
    ensure(a, name)
    ensure(b, name)
    s3 = botwo.client({"a": a, "b": b}, mapping)
    pages: Any = {"Bucket": name, "PaginationConfig": {"PageSize": size}}
    with pytest.raises(ClientError, match="NoSuchUpload"):
        s3.list_multipart_uploads(Bucket=name)
    begun = {
        s3.create_multipart_upload(Bucket=name, Key=key)["UploadId"]
        for key in ("a/1", "a/1", "a/1", "z")
    }

    listed = [
        [(upload["Key"], upload["UploadId"]) for upload in page.get("Uploads", [])]
        for page in s3.get_paginator("list_multipart_uploads").paginate(**pages)
    ]

    told = [upload for page in listed for upload in page]
    assert ["a/1", "a/1", "a/1", "z"] == [key for key, _ in told]
    assert begun == {upload for _, upload in told}
    assert all(len(page) == size for page in listed[:-1])


def test_a_marker_of_another_mapping_is_refused() -> None:
    """A marker that a store made up under other rules is no position here."""
    a, b, s3 = _pair()

    with pytest.raises(ClientError, match=r"InvalidArgument.*another mapping"):
        s3.list_objects(Bucket="data", Marker="botwo-marker-of-the-store:xyz")

    assert [] == a.sent + b.sent


def test_the_callers_wishes_reach_every_store() -> None:
    """What is no position goes to each store as it was asked."""
    a, b, s3 = _pair(AT_A, AT_B)

    s3.list_objects_v2(
        Bucket="data", FetchOwner=True, RequestPayer="requester", ExpectedBucketOwner="111122223333"
    )

    for request in a.sent + b.sent:
        assert "fetch-owner=true" in request.url
        assert b"requester" == request.headers["x-amz-request-payer"]
        assert b"111122223333" == request.headers["x-amz-expected-bucket-owner"]


@pytest.mark.parametrize("encoded", [{}, {"EncodingType": "url"}])
def test_encoded_names_stay_encoded(encoded: Any) -> None:
    """With EncodingType keys and common prefixes come as a store encodes them, and pages go on."""
    _, _, s3 = _pair(("a b", "logs/ö/1", "z ü/1", "z+"), ("main/ä b",))
    asked = {"Bucket": "data", "MaxKeys": 1, "Delimiter": "/", **encoded}
    expected = ["a b", "logs/", "z ü/", "z+"]
    listed: list[str] = []

    token: dict[str, Any] = {}
    for _ in expected:
        answer: Any = s3.list_objects_v2(**asked, **token)
        listed += _listed(answer)
        token = {"ContinuationToken": answer.get("NextContinuationToken")}

    assert [quote(name) if encoded else name for name in expected] == listed
    assert {"ContinuationToken": None} == token


@pytest.mark.parametrize("kinds", ["moto and rclone", "rclone and moto"])
def test_two_servers_are_one_bucket(
    moto_a: Server, moto_b: Server, rclone_a: Server, kinds: str
) -> None:
    """A bucket that lies on two real servers is listed as one, by every way boto3 has."""
    servers = (moto_a, rclone_a) if kinds == "moto and rclone" else (rclone_a, moto_b)
    a, b = (server.client() for server in servers)
    name = f"data-{uuid.uuid4()}"
    mapping = [{**rule, "bucket_name": name} if rule != MAPPING[2] else rule for rule in MAPPING]
    ensure(a, name)
    ensure(b, "repo")
    mapping[1] = {**mapping[1], "key_prefix": f"{name}/"}
    s3 = botwo.client({"a": a, "b": b}, mapping)
    for key in ALL:
        s3.put_object(Bucket=name, Key=key, Body=key.encode())
    a.put_object(Bucket=name, Key="logs/left behind")
    bucket = boto3.session.Session().resource("s3", **options()).Bucket(name)
    bucket.meta.client = s3

    pages = [
        page
        for method in ("list_objects", "list_objects_v2")
        for page in s3.get_paginator(method).paginate(Bucket=name, PaginationConfig={"PageSize": 2})
    ]

    assert ALL * 2 == [entry["Key"] for page in pages for entry in page["Contents"]]
    assert ALL == [item.key for item in bucket.objects.all()]
    assert ALL[1:4] == [item.key for item in bucket.objects.filter(Prefix="logs/")]
    assert ALL[2:4] == [item.key for item in bucket.objects.filter(Marker="logs/1").limit(2)]
    assert [2, 2, 2, 1] == [len(page) for page in bucket.objects.page_size(2).pages()]
    assert bucket.objects.filter(Prefix="logs/").delete()[0]["Deleted"] == [
        {"Key": key} for key in ALL[1:4]
    ]
    assert ["a", "m", "z/1", "z/2"] == [item.key for item in bucket.objects.all()]
