"""Every S3 client that a process makes is routed while botwo is installed, and none after."""

from __future__ import annotations

import concurrent.futures
import io
import logging
import os
import sys
import types
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import boto3
import botocore.session
import pytest
from botocore.awsrequest import AWSResponse
from botocore.config import Config as BotocoreConfig
from botocore.exceptions import InvalidRegionError
from urllib3 import HTTPResponse

import botwo
from botwo import _activate
from botwo._client import RoutedClient
from botwo._startup.botwo_startup import when_imported

STORES = """
[clients.own]
application = true
[clients.lakefs]
endpoint_url = "https://lakefs.example.com"
[[mapping]]
bucket_name = "moved"
client = "lakefs"
mapped_bucket_name = "{repo}"
[[mapping]]
bucket_name = "*"
client = "own"
"""


@pytest.fixture(autouse=True)
def settings(monkeypatch: pytest.MonkeyPatch) -> None:
    """A region and credentials for the program's own client."""
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-central-1")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "of-the-program")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "x")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A config file whose moved bucket is called `moved-repo` at its store."""
    return _written(tmp_path / "botwo.toml", "moved-repo")


def _written(file: Path, repo: str) -> Path:
    file.write_text(STORES.replace("{repo}", repo))
    return file


@pytest.fixture(autouse=True)
def undone() -> Iterator[None]:
    """Whatever a test installs is uninstalled."""
    yield
    while _activate._installs:
        botwo.uninstall()


def _bucket(client: Any) -> str:
    """Give what the bucket `moved` is called by a client."""
    url = client.generate_presigned_url("get_object", Params={"Bucket": "moved", "Key": "x"})
    return str(url).split("/x?", maxsplit=1)[0]


PLAIN = "https://moved.s3.amazonaws.com"
ROUTED = "https://lakefs.example.com/moved-repo"


def _made_by(kind: str) -> Any:
    """Prepare a way to make a client; calling it makes one."""
    if kind == "boto3.client":
        return lambda: boto3.client("s3")
    if kind == "boto3.resource":
        return lambda: boto3.resource("s3").meta.client
    if kind == "bucket resource":
        return lambda: boto3.resource("s3").Bucket("moved").meta.client
    if kind == "session before":
        session = boto3.Session()
        return lambda: session.client("s3")
    if kind == "session after":
        return lambda: boto3.Session().client(service_name="s3")
    if kind == "session resource":
        resources = boto3.Session()
        return lambda: resources.resource("s3").meta.client
    if kind == "botocore before":
        core = botocore.session.get_session()
        return lambda: core.create_client("s3")
    if kind == "botocore after":
        return lambda: botocore.session.Session().create_client("s3", region_name="eu-central-1")
    default = boto3.client  # as `from boto3 import client` keeps it
    boto3.setup_default_session()
    return lambda: default("s3")


KINDS = [
    "boto3.client", "boto3.resource", "bucket resource", "session before", "session after",
    "session resource", "botocore before", "botocore after", "default session",
]  # fmt: skip


@pytest.mark.parametrize("kind", KINDS)
def test_every_way_to_make_a_client_makes_a_routed_one(file: Path, kind: str) -> None:
    """While installed each way gives a routed client, before and after a plain one."""
    make = _made_by(kind)
    before = _bucket(make())

    botwo.install(file)
    during = _bucket(make())
    botwo.uninstall()

    assert (PLAIN, ROUTED, PLAIN) == (before, during, _bucket(make()))


def test_an_endpoint_of_its_own_leaves_a_client_alone(file: Path) -> None:
    """A client with an explicit endpoint_url talks to that store and to no other."""
    botwo.install(file)

    clients = [
        boto3.client("s3", endpoint_url="https://own.example.com"),
        boto3.client("s3", None, None, True, None, "https://own.example.com"),
        boto3.resource("s3", endpoint_url="https://own.example.com").meta.client,
    ]

    assert {"https://own.example.com/moved"} == {_bucket(client) for client in clients}


def test_an_endpoint_of_the_environment_is_the_programs_own_store(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """AWS_ENDPOINT_URL_S3 says where the program's own store is; its clients are routed."""
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", "https://own.example.com")
    botwo.install(file)

    client = boto3.client("s3")

    stays = client.generate_presigned_url("get_object", Params={"Bucket": "b", "Key": "x"})
    assert ROUTED == _bucket(client)
    assert stays.startswith("https://own.example.com/b/x?")


def test_other_services_are_left_alone(file: Path) -> None:
    """Only S3 is routed."""
    botwo.install(file)

    others = [boto3.client("sqs"), boto3.client("s3control"), boto3.resource("sqs").meta.client]

    assert not [client for client in others if isinstance(client, RoutedClient)]


def test_the_programs_client_stays_the_programs(file: Path) -> None:
    """Credentials, region and config that the program gives are those of its own store."""
    botwo.install(file)

    client = boto3.client(
        "s3", region_name="ap-south-1", aws_access_key_id="given", aws_secret_access_key="x",
        config=BotocoreConfig(read_timeout=7),
    )  # fmt: skip

    own = client._botwo_stores["own"]
    assert ("ap-south-1", 7) == (client.meta.region_name, client.meta.config.read_timeout)
    assert ("given", False) == (
        own._request_signer._credentials.access_key, isinstance(own, RoutedClient),
    )  # fmt: skip


def test_an_error_of_the_programs_client_is_raised_as_ever(file: Path) -> None:
    """What botocore refuses is refused when the client is made."""
    botwo.install(file)

    with pytest.raises(InvalidRegionError):
        boto3.client("s3", region_name="no region")


def test_what_is_missing_is_said_as_ever(file: Path) -> None:
    """A call without the service's name fails as it does without botwo."""
    botwo.install(file)

    with pytest.raises(TypeError, match="service_name"):
        botocore.session.get_session().create_client()


def test_stores_clients_are_never_routed(file: Path) -> None:
    """Making the stores' clients, at once or when a call needs one, routes nothing again."""
    botwo.install(file)
    client = boto3.client("s3")
    _bucket(client)

    stores = [client._botwo_stores[name] for name in ("own", "lakefs")]

    assert [False, False] == [isinstance(store, RoutedClient) for store in stores]


def test_installs_nest(file: Path, tmp_path: Path) -> None:
    """The last install rules, and uninstalling goes back to the one before."""
    other = _written(tmp_path / "other.toml", "other-repo")
    botwo.install(file)
    botwo.install(botwo.load(other))
    inner = _bucket(boto3.client("s3"))

    botwo.uninstall()

    assert "https://lakefs.example.com/other-repo" == inner
    assert ROUTED == _bucket(boto3.client("s3"))


def test_uninstall_restores_everything(file: Path) -> None:
    """Sessions, the environment and the finders of modules are what they were."""
    maker = botocore.session.Session
    before = (maker.create_client, dict(os.environ), list(sys.meta_path))

    botwo.install(file)
    botwo.uninstall()

    assert before == (maker.create_client, dict(os.environ), list(sys.meta_path))


def test_uninstall_keeps_what_the_program_set_since(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A variable that the program has changed while installed stays as the program has it."""
    monkeypatch.setenv("PYTHONPATH", "before")
    botwo.install(file)
    monkeypatch.setenv("PYTHONPATH", "since")

    botwo.uninstall()

    assert "since" == os.environ["PYTHONPATH"]


def test_uninstall_lets_a_later_patch_stand(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another library that has put itself on top stays, and what is beneath lets all through."""
    maker: Any = botocore.session.Session
    plain = maker.create_client
    monkeypatch.setattr(maker, "create_client", plain)  # puts it back after the test
    botwo.install(file)
    routing = maker.create_client

    def on_top(self: Any, *args: Any, **kwargs: Any) -> Any:
        return routing(self, *args, **kwargs)

    maker.create_client = on_top
    during = _bucket(boto3.client("s3"))
    botwo.uninstall()

    assert on_top is maker.create_client
    assert (ROUTED, PLAIN) == (during, _bucket(boto3.client("s3")))


def test_uninstall_needs_an_install() -> None:
    """Uninstalling what is not installed is a mistake of the program's."""
    with pytest.raises(RuntimeError, match=r"without a botwo\.install"):
        botwo.uninstall()


def test_a_broken_config_installs_nothing(tmp_path: Path) -> None:
    """An error in the file leaves everything as it was."""
    broken = tmp_path / "botwo.toml"
    broken.write_text("[clients.one]\n")

    with pytest.raises(botwo.ConfigError, match="no default rule"):
        botwo.install(broken)

    assert PLAIN == _bucket(boto3.client("s3"))


def test_what_is_arranged_is_read_by_the_first_s3_client(tmp_path: Path) -> None:
    """A config that `botwo run` names is an error of each S3 client, and of nothing else."""
    broken = tmp_path / "botwo.toml"
    broken.write_text("[clients.one]\n")
    _activate.arrange(str(broken))
    boto3.client("sqs")

    for _ in range(2):
        with pytest.raises(botwo.ConfigError, match="no default rule"):
            boto3.client("s3")


def test_one_line_says_that_it_is_active(file: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Installing logs one INFO line with the file, and making clients none."""
    with caplog.at_level(logging.INFO, logger="botwo"):
        botwo.install(file)
        boto3.client("s3")

    [record] = [record for record in caplog.records if record.name == "botwo"]
    assert ("INFO", True) == (record.levelname, str(file) in record.getMessage())


def test_without_an_own_client_all_stores_are_the_files(tmp_path: Path) -> None:
    """Where no client is marked as the program's own, its region reaches no store, and credentials
    are refused.
    """
    file = tmp_path / "botwo.toml"
    file.write_text(
        '[clients.one]\nendpoint_url = "https://one.example.com"\nregion_name = "eu-west-1"\n'
        '[[mapping]]\nbucket_name = "*"\nclient = "one"\n'
    )
    botwo.install(file)

    client = boto3.client("s3", region_name="ap-south-1")

    assert ("eu-west-1", "https://one.example.com/moved") == (
        client.meta.region_name, _bucket(client),
    )  # fmt: skip

    with pytest.raises(
        botwo.ConfigError, match=r"client\('s3', aws_secret_access_key=…\)"
    ) as caught:
        boto3.client("s3", aws_access_key_id="id", aws_secret_access_key="a-secret")
    assert "a-secret" not in str(caught.value)


def test_threads_make_routed_clients_at_once(file: Path) -> None:
    """What marks a store's client while it is made marks nothing in another thread."""
    botwo.install(file)
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        made = list(pool.map(lambda _: boto3.Session().client("s3"), range(8)))

    assert {ROUTED} == {_bucket(client) for client in made}


class _AioSession(botocore.session.Session):
    """A session with a create_client of its own, as aiobotocore's has."""

    def create_client(self, *args: Any, **kwargs: Any) -> Any:
        return "asynchronous"


@pytest.mark.parametrize("when", ["before", "after"])
def test_an_asynchronous_client_is_refused(
    file: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, when: str
) -> None:
    """A client that cannot be routed yet is an error, whenever its library is imported."""
    package = tmp_path / "aiobotocore"
    package.mkdir()
    (package / "__init__.py").touch()
    (package / "session.py").write_text("from tests_of_botwo import AioSession\n")
    helper: Any = types.ModuleType("tests_of_botwo")
    helper.AioSession = type("AioSession", (_AioSession,), dict(vars(_AioSession)))
    monkeypatch.setitem(sys.modules, "tests_of_botwo", helper)
    for name in ("aiobotocore", "aiobotocore.session"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    monkeypatch.syspath_prepend(tmp_path)
    if when == "before":
        __import__("aiobotocore.session")
    botwo.install(file)
    __import__("aiobotocore.session")
    session = helper.AioSession()

    with pytest.raises(botwo.BotwoError, match="asynchronous"):
        session.create_client("s3")

    assert "asynchronous" == session.create_client("s3", endpoint_url="https://own.example.com")
    assert "asynchronous" == session.create_client("sqs")
    for name in ("aiobotocore", "aiobotocore.session"):
        monkeypatch.delitem(sys.modules, name, raising=False)


def test_a_module_is_prepared_once_it_is_imported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What waits for a module is called with it after it ran, and then waits no more."""
    (tmp_path / "awaited_by_botwo.py").write_text("ran = True\n")
    monkeypatch.syspath_prepend(tmp_path)
    prepared: list[bool] = []
    before = list(sys.meta_path)

    when_imported("awaited_by_botwo", lambda module: prepared.append(module.ran))
    __import__("awaited_by_botwo")

    assert ([True], before) == (prepared, list(sys.meta_path))
    monkeypatch.delitem(sys.modules, "awaited_by_botwo")


def test_what_a_program_set_up_on_its_session_holds_for_every_store(file: Path) -> None:
    """A session's handlers see every store's requests, and its parser reads every answer."""
    date = "Wed, 25 Nov 2026 12:00:00 GMT"
    asked: list[str] = []

    def answer(request: Any, **kwargs: Any) -> AWSResponse:
        asked.append(urlsplit(request.url).netloc)
        return AWSResponse(request.url, 200, {"Last-Modified": date}, HTTPResponse(io.BytesIO()))

    session: Any = botocore.session.Session()
    session.get_component("response_parser_factory").set_parser_defaults(timestamp_parser=str)
    session.register("before-send.s3", answer)
    botwo.install(file)
    s3 = session.create_client("s3")

    dates = [s3.head_object(Bucket=name, Key="x")["LastModified"] for name in ("moved", "stays")]

    assert [date, date] == dates
    assert ["lakefs.example.com", "stays.s3.eu-central-1.amazonaws.com"] == asked
