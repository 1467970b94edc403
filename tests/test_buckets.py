"""`ListBuckets` gives all stores' buckets in the caller's names."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError
from stubs import Answer, Stub, error, stub

import botwo

if TYPE_CHECKING:
    from collections.abc import Callable

    from servers import Server
    from types_boto3_s3.client import S3Client

MAPPING = [
    {"bucket_name": "old", "mapped_bucket_name": "new", "client": "b"},
    {"bucket_name": "gone", "mapped_bucket_name": "not-there", "client": "b"},
    {"bucket_name": "split", "source_prefix": "x/", "client": "b"},
    {"bucket_name": "team-*", "mapped_bucket_name": "{bucket}-repo", "client": "b"},
    {"bucket_name": "*", "client": "a"},
]


def _holds(*names: str, page: int | None = None) -> Callable[[Any], Answer]:
    """A store with these buckets; it gives a page of them at a time, where that is said."""

    def answer(request: Any) -> Answer:
        asked = parse_qs(urlsplit(request.url).query)
        start = int(asked.get("continuation-token", ["0"])[0])
        shown = names[start : start + page] if page else names
        more = page is not None and start + page < len(names)
        buckets = "".join(
            f"<Bucket><Name>{name}</Name><BucketArn>arn:aws:s3:::{name}</BucketArn></Bucket>"
            for name in shown
        )
        token = f"<ContinuationToken>{start + len(shown)}</ContinuationToken>" if more else ""
        return Answer(
            body=f"<ListAllMyBucketsResult><Owner><ID>{request.url[7]}</ID></Owner>"
            f"<Buckets>{buckets}</Buckets>{token}</ListAllMyBucketsResult>".encode()
        )

    return answer


def _pair(mapping: Any = MAPPING, page: int | None = None) -> tuple[Stub, Stub, S3Client]:
    a = stub(_holds("logs", "old", "split", "team-x", "zoo", page=page), host="a.test")
    b = stub(_holds("new", "team-a-repo", "team-b", "other", page=page), host="b.test")
    clients = {"a": a.client, "b": b.client}
    used = {rule["client"] for rule in mapping}
    return a, b, botwo.client({name: clients[name] for name in sorted(used)}, mapping)


ALL = ["logs", "old", "split", "team-a", "zoo"]


def _names(answer: Any) -> list[str]:
    return [bucket["Name"] for bucket in answer["Buckets"]]


def test_each_bucket_is_given_by_the_rule_that_claims_it() -> None:
    """Exact names, templates and the default give theirs; what another rule claims is left out."""
    _, _, s3 = _pair()

    answer = s3.list_buckets()

    assert _names(answer) == ALL
    assert "ContinuationToken" not in answer
    assert "Prefix" not in answer


def test_an_arn_is_of_the_callers_bucket() -> None:
    """`BucketArn` names the caller's bucket."""
    _, _, s3 = _pair()

    arns = [bucket["BucketArn"] for bucket in s3.list_buckets()["Buckets"]]

    assert [f"arn:aws:s3:::{name}" for name in ALL] == arns


def test_the_owner_is_the_default_stores() -> None:
    """What the answer says beside the buckets is what the default store says."""
    _, _, s3 = _pair()

    assert s3.list_buckets()["Owner"]["ID"] == "a"


@pytest.mark.parametrize(
    ("prefix", "expected"), [("", ALL), ("o", ["old"]), ("team-", ["team-a"]), ("new", [])]
)
def test_prefix_is_of_the_callers_names(prefix: str, expected: list[str]) -> None:
    """`Prefix` keeps the caller's names that start with it, and is answered."""
    _, _, s3 = _pair()

    answer = s3.list_buckets(Prefix=prefix)

    assert expected == _names(answer)
    assert prefix == answer["Prefix"]


@pytest.mark.parametrize("page", [None, 1, 2])
@pytest.mark.parametrize("size", [1, 2, 4, 5, 100])
def test_pages_hold_as_many_as_was_asked(page: int | None, size: int) -> None:
    """`MaxBuckets` cuts pages by the caller's names, however the stores cut theirs."""
    _, _, s3 = _pair(page=page)

    pages = list(s3.get_paginator("list_buckets").paginate(PaginationConfig={"PageSize": size}))

    assert [ALL[at : at + size] for at in range(0, len(ALL), size)] == [_names(p) for p in pages]


@pytest.mark.parametrize("token", ["garbage", "", "Zm9v", "eyJhZnRlciI6IDN9", "W10="])
def test_a_token_that_is_not_ours_is_an_invalid_argument(token: str) -> None:
    """A continuation token that botwo did not make gets S3's own error."""
    _, _, s3 = _pair()

    with pytest.raises(ClientError) as raised:
        s3.list_buckets(ContinuationToken=token)

    assert raised.value.response["Error"]["Code"] == "InvalidArgument"
    assert raised.value.operation_name == "ListBuckets"


def test_a_rule_that_folds_buckets_into_one_cannot_be_listed() -> None:
    """Where names are nowhere to be listed, the listing is refused, not short."""
    a, b, s3 = _pair(
        [
            {
                "bucket_name": "team-*",
                "mapped_bucket_name": "repo",
                "key_prefix": "{bucket}/",
                "client": "b",
            },
            {"bucket_name": "*", "client": "a"},
        ]
    )

    with pytest.raises(botwo.RoutingError, match=r"mapping\[0\]"):
        s3.list_buckets()

    assert [] == a.sent + b.sent


@pytest.mark.parametrize(
    "failure",
    [error(403, "AccessDenied"), EndpointConnectionError(endpoint_url="http://b.test")],
)
def test_a_store_that_fails_fails_the_listing(failure: Any) -> None:
    """A listing of which one store's part is missing is an error, not a short answer."""
    b = stub(failure, host="b.test")
    s3 = botwo.client({"a": stub(_holds("x"), host="a.test").client, "b": b.client}, MAPPING)

    with pytest.raises((ClientError, EndpointConnectionError)):
        s3.list_buckets()


def test_a_store_without_a_whole_bucket_is_not_asked() -> None:
    """A client that serves parts of buckets only has no bucket of the caller's."""
    a, b, s3 = _pair(
        [
            {"bucket_name": "logs", "source_prefix": "x/", "client": "b"},
            {"bucket_name": "*", "client": "a"},
        ]
    )

    assert _names(s3.list_buckets()) == ["logs", "old", "split", "team-x", "zoo"]
    assert (len(a.sent), len(b.sent)) == (1, 0)


def test_the_region_filter_goes_to_every_store() -> None:
    """`BucketRegion` is no name: each store filters by it, and is asked for long pages."""
    a, b, s3 = _pair()

    s3.list_buckets(BucketRegion="eu-west-1", MaxBuckets=2)

    for store in (a, b):
        assert "bucket-region=eu-west-1" in store.sent[0].url
        assert "max-buckets=1000" in store.sent[0].url


def test_a_store_that_filters_no_regions_is_filtered_where_it_tells_them() -> None:
    """A bucket that a store says lies in another region is left out; one of none stays."""
    told = "".join(
        f"<Bucket><Name>{name}</Name>{region}</Bucket>"
        for name, region in {
            "here": "<BucketRegion>eu-west-1</BucketRegion>",
            "there": "<BucketRegion>eu-west-2</BucketRegion>",
            "untold": "",
        }.items()
    )
    body = f"<ListAllMyBucketsResult><Buckets>{told}</Buckets></ListAllMyBucketsResult>"
    a = stub(Answer(body=body.encode()), host="a.test")
    s3 = botwo.client({"a": a.client, "b": stub(_holds(), host="b.test").client}, MAPPING)

    assert _names(s3.list_buckets(BucketRegion="eu-west-1")) == ["here", "untold"]


def test_unasked_pages_are_not_asked_of_the_stores() -> None:
    """Where the caller asks for all buckets at once, so are the stores."""
    a, b, s3 = _pair()

    s3.list_buckets(Prefix="te")

    assert [["GET /"], ["GET /"]] == [a.paths, b.paths]


def test_a_size_that_s3_does_not_allow_is_refused_by_the_store() -> None:
    """What is too large a page goes to the stores as it is."""
    a, _, s3 = _pair()

    s3.list_buckets(MaxBuckets=10_001)

    assert ["GET /?max-buckets=10001"] == a.paths


@pytest.mark.parametrize("other", [MAPPING[-1:], [*MAPPING[:3], MAPPING[-1]]])
def test_a_token_of_another_mapping_is_an_invalid_argument(other: Any) -> None:
    """A token goes on in a client that is made again, and in none with other rules."""
    _, _, s3 = _pair()
    token = s3.list_buckets(MaxBuckets=2)["ContinuationToken"]

    again = _pair()[2].list_buckets(ContinuationToken=token)

    assert ALL[2:] == _names(again)
    with pytest.raises(ClientError, match="continuation token"):
        _pair(other)[2].list_buckets(ContinuationToken=token)


def test_one_rule_that_changes_no_name_asks_as_it_is() -> None:
    """Over one store the request and the answer, its token too, are the store's own."""
    a = stub(_holds("x", "y", page=1), host="a.test")
    s3 = botwo.client({"a": a.client}, [{"bucket_name": "*", "client": "a"}])

    answer = s3.list_buckets(MaxBuckets=1)

    assert answer["ContinuationToken"] == "1"
    assert "max-buckets=1" in a.sent[0].url


def test_buckets_are_made_and_deleted_at_their_store(moto_a: Server, moto_b: Server) -> None:
    """A bucket is created, seen, listed and deleted under its mapped name."""
    name, mapped = f"b-{uuid.uuid4()}", f"m-{uuid.uuid4()}"
    a, b = moto_a.client(), moto_b.client()
    mapping = [
        {"bucket_name": name, "mapped_bucket_name": mapped, "client": "b"},
        {"bucket_name": "*", "client": "a"},
    ]
    s3 = botwo.client({"a": a, "b": b}, mapping)

    location = s3.create_bucket(Bucket=name)["Location"]
    s3.head_bucket(Bucket=name)
    listed = [_names(client.list_buckets()) for client in (s3, a, b)]
    s3.delete_bucket(Bucket=name)

    assert location == f"/{name}"
    assert name in listed[0]
    assert mapped not in listed[0]
    assert name not in listed[1]
    assert mapped in listed[2]
    with pytest.raises(b.exceptions.ClientError, match="404"):
        b.head_bucket(Bucket=mapped)


def test_a_store_that_does_not_get_ahead_is_refused() -> None:
    """A store that gives the same token again would be asked for ever."""
    token = b"<ContinuationToken>1</ContinuationToken>"
    body = b"<ListAllMyBucketsResult>" + token + b"</ListAllMyBucketsResult>"
    a = stub(Answer(body=body), host="a.test")
    s3 = botwo.client({"a": a.client, "b": stub(_holds(), host="b.test").client}, MAPPING)

    with pytest.raises(botwo.RoutingError, match="does not get ahead"):
        s3.list_buckets()

    assert len(a.sent) == 2
