"""Every S3 client that a process makes is routed while botwo is installed, and none after."""

from __future__ import annotations

import concurrent.futures
import importlib.machinery
import importlib.util
import io
import logging
import os
import sys
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
from botwo._startup.botwo_startup import Watch

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
    return written(tmp_path / "botwo.toml", "moved-repo")


def written(file: Path, repo: str, text: str = STORES) -> Path:
    """Write a config file whose moved bucket has a name at its store."""
    file.write_text(text.replace("{repo}", repo))
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
    other = written(tmp_path / "other.toml", "other-repo")
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
    session = boto3.Session(aws_access_key_id="id", aws_secret_access_key="a-secret")
    with pytest.raises(botwo.ConfigError, match="the session's credentials"):
        session.client("s3")


def test_a_default_session_that_routes_by_itself_is_no_store(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Names are mapped once where boto3's default session is a routing one."""
    monkeypatch.setattr(boto3, "DEFAULT_SESSION", botwo.Session(file))

    own = botwo.load(file).client()._botwo_stores["own"]

    assert not isinstance(own, RoutedClient)


def test_threads_make_routed_clients_at_once(file: Path) -> None:
    """What marks a store's client while it is made marks nothing in another thread."""
    botwo.install(file)
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        made = list(pool.map(lambda _: boto3.Session().client("s3"), range(8)))

    assert {ROUTED} == {_bucket(client) for client in made}


def test_a_module_that_is_run_again_is_patched_again(file: Path) -> None:
    """Reloading the module that makes clients changes nothing."""
    made_before = botocore.session.Session
    botwo.install(file)

    module = importlib.reload(botocore.session)
    try:
        client = module.Session().create_client("s3", region_name="eu-central-1")
        assert ROUTED == _bucket(client)
    finally:
        botwo.uninstall()
        module.Session = made_before


def test_two_watches_find_a_module_once(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another botwo's finder, or the same one twice, does not ask in circles."""
    botwo.install(file)
    monkeypatch.setattr(sys, "meta_path", [Watch(), Watch(), *sys.meta_path])

    spec = importlib.util.find_spec("aiobotocore.session") if _has("aiobotocore") else None
    found = Watch().find_spec("botocore.session", botocore.__path__)

    assert spec is None or spec.name == "aiobotocore.session"
    assert found is not None
    assert "session.py" == Path(str(found.origin)).name


def _has(name: str) -> bool:
    return importlib.util.find_spec(name) is not None


def test_a_loader_that_is_shared_stays_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    """A loader of many modules, which may take no new attributes, is wrapped and not changed."""

    class Loader:
        __slots__ = ("ran",)

        def create_module(self, spec: Any) -> None:
            return None

        def exec_module(self, module: Any) -> None:
            module.Session = type("Session", (), {"create_client": lambda *_: "plain"})

    class Finder:
        def find_spec(self, name: str, *_: Any) -> Any:
            return importlib.machinery.ModuleSpec(name, loader) if name == NAME else None

    loader: Any = Loader()
    monkeypatch.setattr(sys, "meta_path", [Finder()])
    spec = Watch().find_spec(NAME)
    assert spec is not None
    module: Any = importlib.util.module_from_spec(spec)

    spec.loader.exec_module(module)  # type: ignore[union-attr]

    assert loader is module.__loader__
    assert hasattr(module.Session.create_client, "botwo_plain")


NAME = "botocore.session"


def test_a_client_that_a_handler_makes_is_routed(file: Path) -> None:
    """While a store's client is made, other clients that come to be made are the program's."""
    made: list[Any] = []
    session = botocore.session.Session()
    inner = botocore.session.Session()

    def handler(**kwargs: Any) -> None:
        if not made:
            made.append(None)
            made.append(inner.create_client("s3", region_name="eu-central-1"))

    session.register("creating-client-class.s3", handler)
    botwo.install(file)

    session.create_client("s3", region_name="eu-central-1")

    assert ROUTED == _bucket(made[1])


def test_a_patch_that_is_taken_away_takes_nothing_with_it(file: Path) -> None:
    """Where another patch restores what was before an install, the next install is in force."""
    maker: Any = botocore.session.Session
    plain = maker.create_client
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(maker, "create_client", lambda self, *a, **k: plain(self, *a, **k))
        botwo.install(file)
    without = _bucket(boto3.client("s3"))

    botwo.install(file)

    assert (PLAIN, ROUTED) == (without, _bucket(boto3.client("s3")))


def test_making_clients_again_and_again_leaves_nothing_behind(file: Path) -> None:
    """What the stores' clients share with a program's session does not grow."""
    session = boto3.Session()
    botwo.install(file)
    _bucket(session.client("s3"))
    before = list(session._loader.search_paths)

    for _ in range(3):
        _bucket(session.client("s3"))

    assert before == list(session._loader.search_paths)


@pytest.mark.parametrize(
    "table",
    [
        'profile_name = "acct2"',
        'aws_access_key_id = "id"\naws_secret_access_key = "${ACCT2_SECRET}"',
    ],
    ids=["profile", "keys"],
)
def test_an_endpoint_of_the_environment_is_no_other_stores(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, table: str
) -> None:
    """A store of the file is where its table or profile says, whatever the program's store is."""
    profiles = tmp_path / "profiles"
    profiles.write_text(
        "[profile acct2]\nservices = acct2\nregion = eu-north-1\n"
        "[services acct2]\ns3 =\n  endpoint_url = https://acct2.example.com\n"
        "[profile program]\nendpoint_url = https://program.example.com\n"
    )
    monkeypatch.setenv("AWS_CONFIG_FILE", str(profiles))
    monkeypatch.setenv("AWS_PROFILE", "program")
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", "https://program.example.com")
    monkeypatch.setenv("ACCT2_SECRET", "x")
    file = tmp_path / "botwo.toml"
    file.write_text(f'[clients.one]\n{table}\n[[mapping]]\nbucket_name = "*"\nclient = "one"\n')

    client = botwo.load(file).client()

    expected = "https://acct2.example.com" if "profile" in table else "https://s3.eu"
    assert client.meta.endpoint_url.startswith(expected)


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
