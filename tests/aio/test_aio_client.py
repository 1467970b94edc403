"""A routed aiobotocore client is used as a plain one is: what only an event loop's client has."""

from __future__ import annotations

import asyncio
import contextlib
import copy
import functools
import http.client
import pickle
import uuid
from contextlib import AsyncExitStack, asynccontextmanager
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import aiobotocore.client
import boto3.session
import pytest
from aiobotocore.session import AioSession
from aiobotocore.stub import AioStubber
from botocore.config import Config
from botocore.exceptions import ClientError, EndpointConnectionError
from looping import body_of, factory, in_a_loop, plain, routed
from servers import ensure
from stubs import options

import botwo
import botwo.aio

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from servers import Server

pytestmark = pytest.mark.aio

# Bucket "old" lies at "b", as "new", under "main/".
MAPPING: list[dict[str, Any]] = [
    {"bucket_name": "old", "mapped_bucket_name": "new", "key_prefix": "main/", "client": "b"},
    {"bucket_name": "*", "client": "a"},
]


@pytest.fixture(params=["moto and moto", "rclone and moto", "moto and rclone"])
def servers(request: pytest.FixtureRequest) -> dict[str, Server]:
    """Two servers with the buckets."""
    kinds = request.param.split(" and ")
    found = {
        name: request.getfixturevalue(f"{kind}_{name}")
        for kind, name in zip(kinds, "ab", strict=True)
    }
    for server, bucket in zip(found.values(), ("plain", "new"), strict=True):
        ensure(server.client(), bucket)
    return found


@pytest.fixture
def key() -> str:
    """A key that no other test uses."""
    return f"aio/{uuid.uuid4()}"


servers_of_any_kind = pytest.mark.servers
both_buckets = pytest.mark.parametrize("bucket", ["plain", "old"])


# --- bodies, paginators, waiters, URLs -------------------------------------------------------


@servers_of_any_kind
@both_buckets
@in_a_loop
async def test_a_body_is_read_in_every_way(
    servers: dict[str, Server], key: str, bucket: str
) -> None:
    """Within ``async with``, whole, in chunks, in lines, and as it comes."""
    named = {"Bucket": bucket, "Key": key}
    async with routed(MAPPING, **servers) as s3:
        await s3.put_object(**named, Body=b"one\ntwo\nthree")

        async def body() -> Any:
            return (await s3.get_object(**named))["Body"]

        async with await body() as stream:
            whole = await stream.read()
        stream = await body()
        async with stream:  # which older versions enter to something else
            amounts = [await stream.read(4), await stream.read(100), await stream.read(4)]
        chunks = [chunk async for chunk in (await body()).iter_chunks(5)]
        lines = [line async for line in (await body()).iter_lines()]
        pieces = [piece async for piece in await body()]

    assert b"one\ntwo\nthree" == whole == b"".join(amounts) == b"".join(chunks) == b"".join(pieces)
    assert [b"one", b"two", b"three"] == lines


@servers_of_any_kind
@both_buckets
@in_a_loop
async def test_a_file_is_a_body(
    servers: dict[str, Server], key: str, bucket: str, tmp_path: Any
) -> None:
    """What is put may be a file."""
    (tmp_path / "file").write_bytes(b"in a file")
    async with routed(MAPPING, **servers) as s3:
        with (tmp_path / "file").open("rb") as file:
            await s3.put_object(Bucket=bucket, Key=key, Body=file)

        assert b"in a file" == await body_of(await s3.get_object(Bucket=bucket, Key=key))


@servers_of_any_kind
@both_buckets
@in_a_loop
async def test_paginators_page(servers: dict[str, Server], key: str, bucket: str) -> None:
    """A paginator gives pages, a full result, and what a search finds, in the caller's names."""
    keys = [f"{key}/{number}" for number in range(5)]
    async with routed(MAPPING, **servers) as s3:
        await asyncio.gather(*(s3.put_object(Bucket=bucket, Key=each) for each in keys))
        asked = {"Bucket": bucket, "Prefix": f"{key}/", "PaginationConfig": {"PageSize": 2}}
        paginate = functools.partial(s3.get_paginator("list_objects_v2").paginate, **asked)

        sizes = [len(page["Contents"]) async for page in paginate()]
        whole = await paginate().build_full_result()
        found = [item async for item in paginate().search("Contents[].Key")]

    assert [2, 2, 1] == sizes
    assert keys == [item["Key"] for item in whole["Contents"]] == found


@servers_of_any_kind
@both_buckets
@in_a_loop
async def test_waiters_wait(servers: dict[str, Server], key: str, bucket: str) -> None:
    """A waiter asks the store of its name until there is what it waits for."""
    named = {"Bucket": bucket, "Key": key}
    async with routed(MAPPING, **servers) as s3:
        waiting = asyncio.ensure_future(
            s3.get_waiter("object_exists").wait(**named, WaiterConfig={"Delay": 0.05})
        )
        await asyncio.sleep(0.1)
        early = waiting.done()
        await s3.put_object(**named)
        await waiting

    assert not early


@servers_of_any_kind
@both_buckets
@in_a_loop
async def test_a_presigned_url_is_of_its_store(
    servers: dict[str, Server], key: str, bucket: str
) -> None:
    """A URL to put and one to get are used with plain HTTP."""
    named = {"Bucket": bucket, "Key": key}
    signed = Config(signature_version="s3v4")
    given = {name: factory(server, config=signed) for name, server in servers.items()}
    async with botwo.aio.client(given, MAPPING) as s3:
        put = await s3.generate_presigned_url("put_object", Params=named)
        got = await s3.generate_presigned_url("get_object", Params=named, ExpiresIn=60)

        statuses = [
            (await asyncio.to_thread(_http, "PUT", put, b"by URL"))[0],
            await asyncio.to_thread(_http, "GET", got, b""),
        ]

    assert [200, (200, b"by URL")] == statuses


def _http(method: str, url: str, body: bytes) -> tuple[int, bytes]:
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.netloc, timeout=10)
    try:
        connection.request(method, f"{parts.path}?{parts.query}", body)
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()


@both_buckets
@in_a_loop
async def test_an_event_stream_is_read(
    moto_a: Server, moto_b: Server, key: str, bucket: str
) -> None:
    """What S3 Select finds comes as events."""
    for server, name in ((moto_a, "plain"), (moto_b, "new")):
        ensure(server.client(), name)
    async with routed(MAPPING, a=moto_a, b=moto_b) as s3:
        await s3.put_object(Bucket=bucket, Key=key, Body=b'{"a": 1}\n{"a": 2}\n')
        answer = await s3.select_object_content(
            Bucket=bucket,
            Key=key,
            Expression="SELECT * FROM S3Object",
            ExpressionType="SQL",
            InputSerialization={"JSON": {"Type": "LINES"}},
            OutputSerialization={"JSON": {"RecordDelimiter": ","}},
        )

        events = [event async for event in answer["Payload"]]

    assert b'{"a":1},{"a":2},' == events[0]["Records"]["Payload"].replace(b" ", b"")
    assert "End" in events[-1]


# --- clients and factories -------------------------------------------------------------------


class _Counted:
    """A factory that counts what it made, what of it was entered, and what was left."""

    def __init__(self, made: Callable[[], Any]) -> None:
        self._make = made
        self.counts = [0, 0, 0]

    def __call__(self) -> Any:
        self.counts[0] += 1
        return self._entering()

    @asynccontextmanager
    async def _entering(self) -> AsyncIterator[Any]:
        async with self._make() as client:
            await asyncio.sleep(0.01)  # others come meanwhile
            self.counts[1] += 1
            yield client
        self.counts[2] += 1


@pytest.fixture
def counted(servers: dict[str, Server]) -> dict[str, _Counted]:
    """Factories of both stores' clients."""
    return {name: _Counted(factory(server)) for name, server in servers.items()}


@servers_of_any_kind
@in_a_loop
async def test_a_hundred_calls_make_one_client(counted: dict[str, Any], key: str) -> None:
    """The default's client is made when the routed one is entered, another by its first call, once
    for a hundred that come together; both are left at the exit.
    """
    async with botwo.aio.client(counted, MAPPING) as s3:
        before = [made.counts for made in counted.values()]
        assert [[1, 1, 0], [0, 0, 0]] == before
        asked = (s3.put_object(Bucket="old", Key=f"{key}/{number}") for number in range(100))
        await asyncio.gather(*asked)
        assert [[1, 1, 0], [1, 1, 0]] == [made.counts for made in counted.values()]

    assert [[1, 1, 1], [1, 1, 1]] == [made.counts for made in counted.values()]


@servers_of_any_kind
@in_a_loop
async def test_the_exit_leaves_live_clients(
    servers: dict[str, Server], counted: dict[str, _Counted], key: str
) -> None:
    """A client that was given live goes on after the exit, also where `close` was not called."""
    async with plain(servers["a"]) as live:
        async with botwo.aio.client({"a": live, "b": counted["b"]}, MAPPING) as s3:
            await s3.put_object(Bucket="old", Key=key)

        await live.put_object(Bucket="plain", Key=key)

    assert [1, 1, 1] == counted["b"].counts


@in_a_loop
async def test_closing_closes_every_store() -> None:
    """`close` closes the client of each store."""
    closed: list[str] = []

    async def close(name: str, client_closes: Callable[[], Any]) -> None:
        closed.append(name)
        await client_closes()

    async with AsyncExitStack() as stack:
        given = {name: await stack.enter_async_context(_stub(name)()) for name in "ab"}
        s3 = await stack.enter_async_context(botwo.aio.client(given, MAPPING))
        for name, client in given.items():
            client.close = functools.partial(close, name, client.close)

        await s3.close()

    assert [*"ab"] == sorted(closed)


@servers_of_any_kind
@in_a_loop
async def test_a_cancelled_first_call_leaves_the_making_to_the_next(
    counted: dict[str, _Counted], key: str
) -> None:
    """A call that is cancelled while it makes a client makes none; the next one does."""
    async with botwo.aio.client(counted, MAPPING) as s3:
        calls = [
            asyncio.ensure_future(s3.put_object(Bucket="old", Key=f"{key}/{number}"))
            for number in range(3)
        ]
        while not counted["b"].counts[0]:
            await asyncio.sleep(0)
        calls[0].cancel()

        ended = await asyncio.gather(*calls, return_exceptions=True)

    assert isinstance(ended[0], asyncio.CancelledError)
    assert all(isinstance(answer, dict) for answer in ended[1:])
    assert counted["b"].counts[1:] == [1, 1]


@in_a_loop
async def test_a_default_that_cannot_be_made_leaves_nothing() -> None:
    """What the default's factory raises is raised where the client is entered, with a note; none is
    made of the others.
    """

    def fails() -> Any:
        raise OSError("no settings yet")

    never = _Counted(fails)

    with pytest.raises(OSError, match="no settings yet") as raised:
        await botwo.aio.client({"a": fails, "b": never}, MAPPING).__aenter__()

    assert ["botwo: raised by the factory clients['a']"] == raised.value.__notes__
    assert [0, 0, 0] == never.counts


@pytest.mark.parametrize(
    ("made", "found"),
    [
        (lambda: boto3.session.Session().client("s3", **options()), "create_client"),
        (lambda: AioSession().create_client("sqs", **options()), "only S3 clients"),
        (lambda: None, "create_client"),
        (lambda: asyncio.sleep(0), "create_client"),
    ],
)
def test_a_factory_of_something_else_is_refused(made: Callable[[], Any], found: str) -> None:
    """A factory returns what enters to an aiobotocore S3 client; what else it made is left."""
    mapping = [{"bucket_name": "*", "client": "a"}]
    given: list[Any] = []

    def make() -> Any:
        given.append(made())
        return given[-1]

    async def enter() -> None:
        with pytest.raises(botwo.ConfigError, match=found) as raised:
            await botwo.aio.client({"a": make}, mapping).__aenter__()
        assert ["clients['a']"] == [problem.place for problem in raised.value.problems]

    asyncio.run(enter())
    for each in given:
        getattr(each, "close", lambda: None)()


@pytest.mark.parametrize(
    ("given", "found"),
    [
        (lambda: boto3.session.Session().client("s3", **options()), "a boto3 client"),
        (contextlib.nullcontext, "functools.partial"),
        (lambda: 3, "factory"),
    ],
)
def test_what_is_no_client_is_refused_at_once(given: Callable[[], Any], found: str) -> None:
    """Clients that cannot be routed are told before anything is entered."""
    with pytest.raises(botwo.ConfigError, match=found):
        botwo.aio.client({"a": given()}, [{"bucket_name": "*", "client": "a"}])


def test_a_client_of_a_loop_is_refused_without_one() -> None:
    """`botwo.client` takes no aiobotocore client, and says what does."""

    async def given() -> None:
        async with AioSession().create_client("s3", **options()) as live:
            with pytest.raises(botwo.ConfigError, match=r"botwo\.aio"):
                botwo.client({"a": live}, [{"bucket_name": "*", "client": "a"}])

    asyncio.run(given())


@servers_of_any_kind
@in_a_loop
async def test_a_routed_client_is_a_store(servers: dict[str, Server], key: str) -> None:
    """A routed client, live or made by a factory, may be a store of another one."""
    inner = functools.partial(routed, MAPPING, **servers)
    mapping = [
        {"bucket_name": "outer", "mapped_bucket_name": "old", "key_prefix": "o/", "client": "in"},
        {"bucket_name": "*", "client": "out"},
    ]
    async with (
        inner() as live,
        botwo.aio.client({"in": live, "out": factory(servers["a"])}, mapping) as over,
        botwo.aio.client({"in": inner, "out": live}, mapping) as lazily,
    ):
        for s3 in (over, lazily):
            named = {"Bucket": "outer", "Key": key}
            await s3.put_object(**named, Body=b"within")
            copied = {"Bucket": "plain", "Key": key, "CopySource": named}
            await s3.copy_object(**copied)
            assert b"within" == await body_of(await s3.get_object(Bucket="plain", Key=key))
            with pytest.raises(s3.exceptions.NoSuchKey) as raised:
                await s3.get_object(Bucket="outer", Key="none")
            assert 2 == len(raised.value.__notes__)

        found = await live.list_objects_v2(Bucket="old", Prefix=f"o/{key}")
        assert [f"o/{key}"] == [item["Key"] for item in found["Contents"]]


# --- what it is ------------------------------------------------------------------------------


@in_a_loop
async def test_it_is_a_client_as_the_default_one() -> None:
    """It is of the default client's kind and has its exceptions and meta; a copy routes alike."""
    given = {name: _stub(name) for name in "ab"}
    async with AsyncExitStack() as stack:
        default, other = [await stack.enter_async_context(make()) for make in given.values()]
        async with botwo.aio.client({"a": default, "b": other}, MAPPING) as s3:
            assert isinstance(s3, aiobotocore.client.AioBaseClient)
            assert isinstance(s3, type(default))
            assert type(default).__name__ == type(s3).__name__
            assert default.exceptions is s3.exceptions
            assert default.meta.config is s3.meta.config
            assert set(dir(default)) <= set(dir(s3))
            for name in ("get_object", "generate_presigned_url", "close"):
                assert getattr(default, name).__doc__ == getattr(s3, name).__doc__
            assert "over a, b: 2 rules" in repr(s3)
            url = await copy.copy(s3).generate_presigned_url(
                "get_object", {"Bucket": "old", "Key": "x"}
            )
            assert url.startswith("http://b.test/new/main/x?")
            with pytest.raises(botwo.PicklingError, match=r"botwo\.aio"):
                pickle.dumps(s3)


def _stub(name: str) -> Callable[[], Any]:
    return functools.partial(AioSession().create_client, "s3", **options(f"{name}.test"))


# --- events and errors -----------------------------------------------------------------------


def _handlers(seen: list[tuple[str, Any]]) -> dict[str, Callable[[str], Any]]:
    """Handlers of both kinds that note what they see."""

    def told(name: str, params: Any, **_: Any) -> None:
        seen.append((name, params.get("Bucket") or params.get("url_path")))

    def plainly(name: str) -> Any:
        return lambda **kwargs: told(name, **_params(kwargs))

    def awaited(name: str) -> Any:
        async def handler(**kwargs: Any) -> None:
            await asyncio.sleep(0)
            told(name, **_params(kwargs))

        return handler

    return {"plain": plainly, "awaited": awaited}


def _params(kwargs: Any) -> dict[str, Any]:
    return {"params": kwargs.get("params") or {"Bucket": kwargs["request"].url}}


@pytest.mark.parametrize("kind", ["plain", "awaited"])
@servers_of_any_kind
@in_a_loop
async def test_handlers_are_called_whichever_store_serves(
    moto_a: Server, moto_b: Server, key: str, kind: str
) -> None:
    """Handlers, plain ones and such as are awaited, see the parameters in the caller's names and
    every store's requests, also of a store whose client is made later.
    """
    for server, name in ((moto_a, "plain"), (moto_b, "new")):
        ensure(server.client(), name)
    seen: list[tuple[str, Any]] = []
    async with routed(MAPPING, a=moto_a, b=moto_b) as s3:
        for event in ("provide-client-params.s3", "before-call.s3", "before-sign.s3"):
            s3.meta.events.register(event, _handlers(seen)[kind](event))

        await s3.put_object(Bucket="old", Key=key)
        await s3.put_object(Bucket="plain", Key=key)

    assert ["old", "plain"] == [told for event, told in seen if event.startswith("provide")]
    paths = [told for event, told in seen if event == "before-call.s3"]
    assert [f"/main/{key}", f"/{key}"] == [path.partition("?")[0] for path in paths]
    urls = [told for event, told in seen if event == "before-sign.s3"]
    assert [moto_b.endpoint_url, moto_a.endpoint_url] == [
        url.split("/new")[0].split("/plain")[0] for url in urls
    ]


@in_a_loop
async def test_an_awaited_handler_may_change_and_answer() -> None:
    """What an awaited handler answers is what is routed, or what the caller gets."""

    async def elsewhere(params: dict[str, Any], **_: Any) -> dict[str, Any]:
        return {**params, "Bucket": "old"}

    class Said:
        status_code = 200

    async def answer(params: Any, **_: Any) -> Any:
        return Said(), {"told": params["url_path"]}

    async with botwo.aio.client({"a": _stub("a"), "b": _stub("b")}, MAPPING) as s3:
        s3.meta.events.register("provide-client-params.s3.HeadObject", elsewhere)
        s3.meta.events.register("before-call.s3.HeadObject", answer)

        assert {"told": "/main/x"} == await s3.head_object(Bucket="plain", Key="x")


@in_a_loop
async def test_aiobotocores_stubber_stubs_a_routed_client() -> None:
    """A program that tests itself with aiobotocore's stubber says, and expects, its own names."""
    async with botwo.aio.client({"a": _stub("a"), "b": _stub("b")}, MAPPING) as s3:
        with AioStubber(s3) as stubber:
            asked = {"Bucket": "old", "Prefix": "x/"}
            told = {"Name": "old", "Prefix": "x/", "Contents": [{"Key": "x/1"}]}
            stubber.add_response("list_objects_v2", told, asked)
            stubber.add_client_error("head_object", "404", expected_params=None)

            assert told == await s3.list_objects_v2(**asked)
            with pytest.raises(ClientError, match="404"):
                await s3.head_object(Bucket="old", Key="x")
            stubber.assert_no_pending_responses()


@servers_of_any_kind
@both_buckets
@in_a_loop
async def test_an_error_is_the_callers(servers: dict[str, Server], bucket: str) -> None:
    """A store's error is the routed client's class, in the caller's names, with one note."""
    async with routed(MAPPING, **servers) as s3:
        with pytest.raises(s3.exceptions.NoSuchKey) as raised:
            await s3.get_object(Bucket=bucket, Key="there/is none")

    (note,) = raised.value.__notes__
    assert "main/" not in str(raised.value)
    assert ("to client 'b' as GetObject of new/main/there/is none" in note) == (bucket == "old")


@in_a_loop
async def test_a_store_that_is_away_is_told(moto_a: Server) -> None:
    """What cannot be reached raises what it raises without routing, with a note."""
    away = functools.partial(
        AioSession().create_client, "s3", **options("127.0.0.1:9", region_name="us-east-1")
    )
    async with botwo.aio.client({"a": factory(moto_a), "b": away}, MAPPING) as s3:
        with pytest.raises(EndpointConnectionError) as raised:
            await s3.get_object(Bucket="old", Key="x")

    assert "client 'b'" in raised.value.__notes__[0]


# --- many at once ----------------------------------------------------------------------------


@servers_of_any_kind
@in_a_loop
async def test_a_thousand_are_got_at_once(servers: dict[str, Server], key: str) -> None:
    """A thousand calls at once, of two stores, each get their own object."""
    names = [({"Bucket": bucket, "Key": f"{key}/{n}"}) for n in range(20) for bucket in BUCKETS]
    async with routed(MAPPING, **servers) as s3:
        await asyncio.gather(*(s3.put_object(**name, Body=str(name).encode()) for name in names))

        async def get(name: dict[str, str]) -> bytes:
            return await body_of(await s3.get_object(**name))

        found = await asyncio.gather(*(get(name) for name in names * 25))

    assert 1000 == len(found)
    assert [str(name).encode() for name in names * 25] == found


BUCKETS = ("plain", "old")
