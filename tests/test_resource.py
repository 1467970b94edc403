"""`botwo.resource` takes resources, clients and factories, and gives boto3's own resource."""

from __future__ import annotations

import concurrent.futures
import copy
import functools
import multiprocessing
import operator
import pickle
import warnings
from typing import Any

import boto3.session
import pytest
from botocore.exceptions import ClientError
from stubs import Answer, Stub, error, options, stub

import botwo

MAPPING = [
    {"bucket_name": "old", "mapped_bucket_name": "new", "key_prefix": "main/", "client": "b"},
    {"bucket_name": "*", "client": "a"},
]
_PRESIGN = operator.methodcaller(
    "generate_presigned_url", "get_object", Params={"Bucket": "old", "Key": "x"}
)


def plain(host: str = "store.test", **given: Any) -> Any:
    """A boto3 resource of a store that nobody reaches."""
    return boto3.session.Session().resource("s3", **options(host, **given))


def over(store: Stub) -> Any:
    """A boto3 resource that holds a stub's client."""
    resource = plain()
    resource.meta.client = store.client
    return resource


@pytest.fixture
def pair() -> tuple[Stub, Stub]:
    """Two stores."""
    return stub(host="a.test"), stub(host="b.test")


_GIVEN: dict[str, Any] = {
    "resources": over,
    "clients": lambda store: store.client,
    "factories of resources": lambda store: functools.partial(over, store),
    "factories of clients": lambda store: lambda: store.client,
}


@pytest.mark.parametrize("for_a", _GIVEN)
@pytest.mark.parametrize("for_b", _GIVEN)
def test_resources_clients_and_factories_are_taken(
    pair: tuple[Stub, Stub], for_a: str, for_b: str
) -> None:
    """Each store is given as a resource, a client or a factory of either."""
    given = {"a": _GIVEN[for_a](pair[0]), "b": _GIVEN[for_b](pair[1])}
    s3: Any = botwo.resource(given, MAPPING)

    s3.Object("old", "x").load()
    s3.Bucket("plain").Object("x").Acl().load()

    assert ["HEAD /new/main/x"] == pair[1].paths
    assert ["GET /plain/x?acl"] == pair[0].paths


def test_the_client_of_all_parts_is_the_routed_one(pair: tuple[Stub, Stub]) -> None:
    """A resource and its parts hold one client, which is what `botwo.client` makes."""
    s3: Any = botwo.resource({"a": pair[0].client, "b": pair[1].client}, MAPPING)

    part = s3.Bucket("old").Object("x").Version("1").Object().Acl()

    assert part.meta.client is s3.meta.client
    assert "<botwo routed S3 client over a, b: 2 rules>" == repr(s3.meta.client)
    assert "new/main/x" in str(botwo.explain(s3.meta.client, "get_object", Bucket="old", Key="x"))


def test_a_resource_and_its_parts_can_be_explained(pair: tuple[Stub, Stub]) -> None:
    """`botwo.explain` takes a routed resource for its client, and no plain one."""
    s3: Any = botwo.resource({"a": pair[0].client, "b": pair[1].client}, MAPPING)
    asked: dict[str, Any] = {"operation": "get_object", "Bucket": "old", "Key": "x"}

    expected = botwo.explain(s3.meta.client, **asked)

    assert expected == botwo.explain(s3, **asked) == botwo.explain(s3.Bucket("old"), **asked)
    with pytest.raises(TypeError, match=r"got s3\.ServiceResource\(\)"):
        botwo.explain(plain(), **asked)


def test_what_was_given_stays_as_it_was(pair: tuple[Stub, Stub]) -> None:
    """The resources that were given go on talking to their stores."""
    given = [over(store) for store in pair]

    botwo.resource(dict(zip("ab", given, strict=True)), MAPPING)
    given[1].Object("old", "x").load()

    assert ["HEAD /old/x"] == pair[1].paths
    assert [given[0].meta.client, given[1].meta.client] == [store.client for store in pair]


def test_factories_are_called_once_and_late() -> None:
    """The default rule's factory is called at once, another when a call needs it, and both once."""
    made: list[str] = []
    stores = {name: stub(host=f"{name}.test") for name in "ab"}

    def make(name: str) -> Any:
        made.append(name)
        return over(stores[name])

    s3: Any = botwo.resource({name: functools.partial(make, name) for name in "ab"}, MAPPING)
    first = list(made)
    for _ in range(2):
        s3.Object("old", "x").load()
        s3.Object("plain", "x").load()

    assert (["a"], ["a", "b"]) == (first, made)


@pytest.mark.parametrize("as_factory", [False, True])
def test_the_class_is_that_of_the_defaults_session(as_factory: bool) -> None:
    """What a program added to its session's resource classes is there on the routed ones."""
    session = boto3.session.Session()

    def add(class_attributes: dict[str, Any], **kwargs: Any) -> None:
        class_attributes["shout"] = lambda self: self.name.upper()

    session.events.register("creating-resource-class.s3.Bucket", add)
    make = functools.partial(session.resource, "s3", **options())

    s3: Any = botwo.resource({"a": make if as_factory else make(), "b": stub().client}, MAPPING)

    assert "OLD" == s3.Bucket("old").shout()


def test_a_resource_over_clients_needs_no_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where clients are given, a profile that there is not, is not asked for."""
    stores = {"a": stub().client, "b": stub().client}
    monkeypatch.setenv("AWS_PROFILE", "no-such-profile")

    s3: Any = botwo.resource(stores, MAPPING)

    assert "s3.Bucket(name='old')" == repr(s3.Bucket("old"))


def test_a_resource_is_boto3s() -> None:
    """Its names, its parts, equality, hashes and documentation are a plain resource's."""
    ours: Any = botwo.resource({"a": plain(), "b": plain()}, MAPPING)
    theirs = plain()
    made = [
        lambda s3: s3,
        lambda s3: s3.Bucket("old"),
        lambda s3: s3.Bucket("old").Object("x"),
        lambda s3: s3.ObjectVersion("old", "x", "1"),
        lambda s3: s3.MultipartUpload("old", "x", "1").Part(2),
    ]

    for make in made:
        one, other = make(ours), make(theirs)
        assert repr(other) == repr(one)
        assert hash(other) == hash(one)
        assert other == one
        assert one == make(ours)
        assert other.get_available_subresources() == one.get_available_subresources()
        assert dir(other) == dir(one)
        assert repr(other.meta) == repr(one.meta)
    assert repr(theirs.Bucket("old").objects) == repr(ours.Bucket("old").objects)
    assert repr(theirs.Bucket("old").objects.all()) == repr(ours.Bucket("old").objects.all())
    assert ours.Bucket("old") != ours.Bucket("new")
    assert str(theirs.Bucket.__doc__) == str(ours.Bucket.__doc__)


def test_a_resource_pickles_no_more_than_boto3s() -> None:
    """boto3 makes a resource's class on the fly, so that none pickles, nor does a routed one."""
    ours: Any = botwo.resource({"a": plain, "b": plain}, MAPPING)
    said = []
    for s3 in (plain(), ours):
        with pytest.raises((pickle.PicklingError, AttributeError)) as raised:
            pickle.dumps(s3.Bucket("old"))
        said.append((raised.type, str(raised.value)))

    assert said[0] == said[1]


def test_a_resource_copies_as_boto3s() -> None:
    """A copy of a routed resource is routed by the same client."""
    s3: Any = botwo.resource({"a": plain(), "b": plain()}, MAPPING)

    again = copy.copy(s3.Bucket("old"))

    assert again.meta.client is s3.meta.client


def _factory(host: str) -> Any:
    return functools.partial(
        boto3.resource, "s3", endpoint_url=f"http://{host}", region_name="us-east-1"
    )


def test_the_client_of_a_resource_reaches_a_spawned_process(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The client of a resource made of factories pickles, and makes a resource elsewhere."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIA-of-environment")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret-of-environment")
    given = {name: _factory(f"{name}.test") for name in "ab"}
    s3: Any = botwo.resource(given, MAPPING)
    pickled = pickle.dumps(s3.meta.client)

    spawn = multiprocessing.get_context("spawn")
    with concurrent.futures.ProcessPoolExecutor(1, mp_context=spawn) as pool:
        url = pool.submit(_PRESIGN, s3.meta.client).result(60)

    assert url.startswith("http://b.test/new/main/x?")
    assert b"of-environment" not in pickled


# --- what is wrong -------------------------------------------------------------------------------


def _async_resource() -> Any:
    s3 = plain()
    s3.meta.client = stub().client

    async def call(self: Any, *args: Any) -> None: ...

    kind = type(s3.meta.client)
    s3.meta.client.__class__ = type("S3", (kind,), {"_make_api_call": call})
    return s3


@pytest.mark.parametrize(
    ("make", "found", "mend"),
    [
        (lambda: 3, "a int", "give a boto3 S3 resource, or a factory of one"),
        (lambda: plain().Bucket("old"), "a s3.Bucket", "give what boto3.resource('s3') returned"),
        (lambda: plain().Object("old", "x"), "a s3.Object", "a part of a resource"),
        (
            lambda: boto3.session.Session().resource("sqs", **options()),
            "a resource of 'sqs'",
            "only S3 resources can be routed",
        ),
        (_async_resource, "an asynchronous resource", "do not mix the two"),
    ],
)
def test_a_resource_that_cannot_be_routed(make: Any, found: str, mend: str) -> None:
    """A value that is neither resource nor client of S3 is refused by its name."""
    with pytest.raises(botwo.ConfigError) as raised:
        botwo.resource({"a": plain(), "b": make()}, MAPPING)

    (problem,) = raised.value.problems
    assert "resources['b']" == problem.place
    assert found == problem.found
    assert mend in problem.mend


@pytest.mark.parametrize(
    ("resources", "place"),
    [([], "resources"), ({}, "resources"), ({3: stub().client}, "resources[3]")],
)
def test_resources_by_no_name_are_refused(resources: Any, place: str) -> None:
    """Resources are given by name, and at least one is."""
    with pytest.raises(botwo.ConfigError) as raised:
        botwo.resource(resources, MAPPING)

    assert place in [problem.place for problem in raised.value.problems]


@pytest.mark.parametrize(
    "make", [lambda: None, lambda: plain().Bucket("old"), lambda: stub().client.meta]
)
def test_a_factory_that_makes_something_else_is_refused(make: Any) -> None:
    """A factory has to give a resource or a client of S3; the error names it."""
    s3: Any = botwo.resource({"a": plain(), "b": make}, MAPPING)

    with pytest.raises(botwo.ConfigError, match="has to return a boto3 S3 resource") as raised:
        s3.Object("old", "x").load()

    assert ["resources['b']"] == [problem.place for problem in raised.value.problems]


def test_a_factory_that_fails_is_named() -> None:
    """What a factory raises reaches the caller, with a note of which one it was."""
    s3: Any = botwo.resource({"a": plain(), "b": lambda: 1 / 0}, MAPPING)

    with pytest.raises(ZeroDivisionError) as raised:
        s3.Object("old", "x").load()

    assert ["botwo: raised by the factory resources['b']"] == raised.value.__notes__


def test_nothing_is_made_before_all_is_checked() -> None:
    """A wrong mapping is told before any factory is called."""

    def never() -> Any:
        raise AssertionError("called")

    with pytest.raises(botwo.ConfigError, match="no such client"):
        botwo.resource({"a": never}, [{"bucket_name": "*", "client": "c"}])


def test_a_doubt_is_told_of_the_callers_line() -> None:
    """A warning names the file and line that called `botwo.resource`."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        botwo.resource({"a": plain(), "b": plain()}, MAPPING[1:])

    assert [(botwo.ConfigWarning, __file__)] == [(each.category, each.filename) for each in caught]


# --- what only one store can say -----------------------------------------------------------------

_BUCKETS = (
    b"<ListAllMyBucketsResult><Buckets><Bucket><Name>new</Name>"
    b"<CreationDate>2026-01-02T03:04:05Z</CreationDate></Bucket></Buckets></ListAllMyBucketsResult>"
)


@pytest.mark.parametrize("refused", ["a", "b"])
def test_a_refused_list_of_buckets_leaves_no_creation_date(refused: str) -> None:
    """Where one may not list buckets, boto3 gives no creation date; whichever store refuses."""
    denied = error(403, "AccessDenied")
    stores = {
        name: stub(denied if name == refused else Answer(body=_BUCKETS)).client for name in "ab"
    }
    s3: Any = botwo.resource(stores, MAPPING)

    assert s3.Bucket("old").creation_date is None


def test_a_store_that_fails_to_list_its_buckets_is_heard() -> None:
    """Another error of a store is raised as a plain resource raises it."""
    stores = {"a": stub(Answer(body=_BUCKETS)).client, "b": stub(error(400, "Odd")).client}
    s3: Any = botwo.resource(stores, MAPPING)

    with pytest.raises(ClientError, match="Odd"):
        s3.Bucket("old").load()


def test_a_creation_date_of_many_buckets_in_one_is_refused(pair: tuple[Stub, Stub]) -> None:
    """Where a rule puts many buckets into one, their names, and so their dates, are nowhere."""
    folding = [
        {"bucket_name": "log-*", "mapped_bucket_name": "all", "key_prefix": "{bucket}/",
         "client": "b"},
        MAPPING[1],
    ]  # fmt: skip
    s3: Any = botwo.resource({"a": pair[0].client, "b": pair[1].client}, folding)

    with pytest.raises(botwo.RoutingError, match="whose names no store can list"):
        s3.Bucket("log-1").load()

    assert [] == pair[0].paths + pair[1].paths
