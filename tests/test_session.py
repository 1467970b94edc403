"""`botwo.Session`: boto3's session, whose S3 clients and resources a config file routes."""

from __future__ import annotations

import inspect
import io
import json
import subprocess
import sys
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import boto3.session
import pytest
from botocore.awsrequest import AWSResponse
from botocore.config import Config as BotocoreConfig
from botocore.exceptions import UnknownServiceError
from servers import Server, ensure
from urllib3 import HTTPResponse

import botwo

LAKEFS = """
[clients.lakefs]
endpoint_url = "https://lakefs.example.com"
region_name = "us-east-1"
[[mapping]]
bucket_name = "moved"
client = "lakefs"
mapped_bucket_name = "repo"
key_prefix = "main/"
"""
OWN = '\n[clients.own]\napplication = true\n[[mapping]]\nbucket_name = "*"\nclient = "own"\n'
NOT_OWN = (
    '\n[clients.aws]\nregion_name = "sa-east-1"\n[[mapping]]\nbucket_name = "*"\nclient = "aws"\n'
)
KEYS = {"aws_access_key_id": "of-the-caller", "aws_secret_access_key": "never-shown"}


@pytest.fixture(autouse=True)
def settings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Credentials of the environment, and a folder without a config file."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "of-the-environment")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "never-shown")
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "of-the-user"))
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A config file that marks one client as the program's own."""
    return _written(tmp_path / "stores.toml", LAKEFS + OWN)


@pytest.fixture
def closed(tmp_path: Path) -> Path:
    """A config file that marks no client as the program's own."""
    return _written(tmp_path / "closed.toml", LAKEFS + NOT_OWN)


def _written(file: Path, text: str) -> Path:
    file.write_text(text)
    return file


def _url(client: Any, bucket: str = "moved") -> str:
    asked = {"Bucket": bucket, "Key": "x"}
    return str(client.generate_presigned_url("get_object", Params=asked))


def _is_routed(client: Any) -> bool:
    return _url(client).startswith("https://lakefs.example.com/repo/main/x?")


MADE = {
    "client": lambda session: session.client("s3"),
    "client by keyword": lambda session: session.client(service_name="s3"),
    "client in a region": lambda session: session.client("s3", "eu-west-1"),
    "client without an endpoint": lambda session: session.client("s3", endpoint_url=None),
    "resource": lambda session: session.resource("s3").meta.client,
    "resource in a region": lambda session: session.resource("s3", "eu-west-1").meta.client,
    "object": lambda session: session.resource("s3").Bucket("moved").Object("x").meta.client,
}


@pytest.mark.parametrize("made", MADE)
def test_s3_is_routed(file: Path, made: str) -> None:
    """Clients and resources of S3 are routed, however they are asked for."""
    session = botwo.Session(file)

    assert _is_routed(MADE[made](session))


def test_all_else_is_boto3s(file: Path) -> None:
    """Other services, and S3 at an endpoint of one's own, are made as boto3 makes them."""
    session = botwo.Session(file, region_name="eu-west-1")
    here = "http://127.0.0.1:1"

    assert "sqs" == session.client("sqs").meta.service_model.service_name
    assert "sqs" == session.resource("sqs").meta.service_name
    assert _url(session.client("s3", endpoint_url=here)).startswith(f"{here}/moved/x?")
    own: Any = session.resource("s3", endpoint_url=here)
    assert _url(own.meta.client).startswith(f"{here}/moved/x?")


def test_it_is_a_boto3_session(file: Path) -> None:
    """It takes, shows, refuses and documents what boto3's session does."""
    ours = botwo.Session(file, region_name="eu-west-1", profile_name=None)
    theirs = boto3.session.Session(region_name="eu-west-1")

    assert isinstance(ours, boto3.session.Session)
    assert repr(theirs) == repr(ours)
    assert theirs.region_name == ours.region_name
    assert inspect.signature(theirs.client) == inspect.signature(ours.client)
    assert theirs.client.__doc__ == ours.client.__doc__
    for session in (ours, theirs):
        with pytest.raises(TypeError, match="service_name"):
            session.client()
        with pytest.raises(TypeError, match="nonsense"):
            session.client("s3", nonsense=1)
        with pytest.raises(UnknownServiceError):
            session.client("no-such-service")


# --- the program's own client --------------------------------------------------------------------


def _signed(url: str) -> dict[str, str]:
    asked = dict(each.split("=", 1) for each in urlsplit(url).query.split("&"))
    key, _, region = asked["X-Amz-Credential"].split("%2F")[:3]
    return {"host": urlsplit(url).netloc, "key": key, "region": region}


V4 = BotocoreConfig(signature_version="s3v4")


@pytest.mark.parametrize(
    ("of_session", "of_call", "key", "region"),
    [
        ({"region_name": "eu-west-1"}, {}, "of-the-environment", "eu-west-1"),
        ({"region_name": "eu-west-1"}, {"region_name": "eu-west-2"}, "of-the-environment",
         "eu-west-2"),
        ({"region_name": "eu-west-1", **KEYS}, {}, "of-the-caller", "eu-west-1"),
        ({"region_name": "eu-west-1"}, KEYS, "of-the-caller", "eu-west-1"),
    ],
)  # fmt: skip
def test_the_callers_settings_are_those_of_its_own_client(
    file: Path, of_session: dict[str, Any], of_call: dict[str, Any], key: str, region: str
) -> None:
    """Region and credentials of session and call go to the own client, and to no other."""
    s3 = botwo.Session(file, **of_session).client("s3", config=V4, **of_call)

    own, other = _signed(_url(s3, "stays")), _url(s3)

    assert {"key": key, "region": region} == {name: own[name] for name in ("key", "region")}
    assert "of-the-caller" not in other
    assert "of-the-environment" in other


def test_a_config_of_the_call_is_the_own_clients(file: Path) -> None:
    """What a call's config says is true of the own client, whose `meta` the routed one has."""
    config = BotocoreConfig(s3={"addressing_style": "path"}, user_agent_extra="mine")
    s3 = botwo.Session(file).resource("s3", config=config).meta.client

    assert "/stays/x" == urlsplit(_url(s3, "stays")).path
    assert "mine" == s3.meta.config.user_agent_extra


def test_handlers_of_the_session_see_every_store(file: Path) -> None:
    """A handler that the session had before is called for every store's requests."""
    asked: list[str] = []

    def answer(request: Any, **kwargs: Any) -> AWSResponse:
        asked.append(urlsplit(request.url).netloc)
        return AWSResponse(request.url, 200, {}, HTTPResponse(io.BytesIO()))

    session = botwo.Session(file, region_name="eu-west-1")
    session.events.register("before-send.s3", answer)
    s3 = session.resource("s3")

    for bucket in ("moved", "stays"):
        s3.Object(bucket, "x").load()

    assert ["lakefs.example.com", "stays.s3.eu-west-1.amazonaws.com"] == asked


# --- no client is the program's own --------------------------------------------------------------


@pytest.mark.parametrize(
    ("of_session", "of_call", "places"),
    [
        (KEYS, {}, ["Session(aws_access_key_id=…)", "Session(aws_secret_access_key=…)"]),
        (KEYS | {"aws_session_token": "never-shown"}, {},
         ["Session(aws_access_key_id=…)", "Session(aws_secret_access_key=…)",
          "Session(aws_session_token=…)"]),
        ({}, KEYS, ["client('s3', aws_access_key_id=…)", "client('s3', aws_secret_access_key=…)"]),
        ({}, {"region_name": "eu-west-1"}, ["client('s3', region_name=…)"]),
        ({}, {"verify": False}, ["client('s3', verify=…)"]),
        ({}, {"use_ssl": False}, ["client('s3', use_ssl=…)"]),
        ({}, {"config": V4}, ["client('s3', config=…)"]),
        ({}, {"config": BotocoreConfig(s3={"addressing_style": "path"})},
         ["client('s3', config=…)"]),
    ],
)  # fmt: skip
@pytest.mark.parametrize("made", ["client", "resource"])
def test_what_nobody_takes_is_refused(
    closed: Path, of_session: dict[str, Any], of_call: dict[str, Any], places: list[str], made: str
) -> None:
    """Where the file has every client's settings, the caller's are refused, not dropped."""
    session = botwo.Session(closed, **of_session)

    with pytest.raises(botwo.ConfigError, match="application = true") as raised:
        getattr(session, made)("s3", **of_call)

    assert places == [problem.place for problem in raised.value.problems]
    assert str(closed) in str(raised.value)
    assert "never-shown" not in str(raised.value)


def test_a_profile_that_nobody_takes_is_refused(
    closed: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A session's profile says who signs, and is not dropped either."""
    settings = _written(tmp_path / "aws", "[profile work]\nregion = eu-west-1\n")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(settings))
    session = botwo.Session(closed, profile_name="work")

    with pytest.raises(botwo.ConfigError, match=r"Session\(profile_name=…\)"):
        session.client("s3")

    assert "eu-west-1" == session.client("sqs").meta.region_name


@pytest.mark.parametrize(
    ("of_session", "of_call"),
    [
        ({}, {}),
        ({"region_name": "eu-west-1"}, {}),
        ({}, {"region_name": None, "verify": None, "use_ssl": True, "config": None}),
        ({}, {"api_version": "2006-03-01"}),
        ({}, {"config": BotocoreConfig()}),
        ({}, {"config": BotocoreConfig(user_agent_extra="mine")}),
    ],
)
@pytest.mark.parametrize("made", ["client", "resource"])
def test_a_call_that_says_nothing_is_routed(
    closed: Path, of_session: dict[str, Any], of_call: dict[str, Any], made: str
) -> None:
    """Without settings of the caller all clients are the file's; a session's region is others'."""
    s3 = getattr(botwo.Session(closed, **of_session), made)("s3", **of_call)
    client = s3 if made == "client" else s3.meta.client

    assert _is_routed(client)
    assert "sa-east-1" == client.meta.region_name


# --- the config file -----------------------------------------------------------------------------


def test_the_file_is_found_as_load_finds_it(
    file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file, what `botwo.load` gave, and what the environment or the folder has are taken."""
    given: list[Any] = [file, str(file), botwo.load(file)]
    for config in given:
        assert _is_routed(botwo.Session(config).client("s3"))

    with pytest.raises(botwo.ConfigError, match="BOTWO_CONFIG"):
        botwo.Session()
    monkeypatch.setenv("BOTWO_CONFIG", str(file))
    assert _is_routed(botwo.Session().client("s3"))
    monkeypatch.delenv("BOTWO_CONFIG")
    file.rename(tmp_path / "botwo.toml")
    assert _is_routed(botwo.Session().client("s3"))


def test_a_wrong_file_is_told_at_once(tmp_path: Path) -> None:
    """A session of a config file that cannot be used is not made."""
    file = _written(tmp_path / "botwo.toml", LAKEFS)

    with pytest.raises(botwo.ConfigError, match="no default rule"):
        botwo.Session(file)


@pytest.mark.parametrize("made", [botwo.Session, botwo.load])
def test_a_doubt_is_told_of_the_callers_line(tmp_path: Path, made: Any) -> None:
    """A warning about the file names the line that had it read."""
    file = _written(tmp_path / "botwo.toml", '[clients.unused]\nregion_name = "x"\n' + LAKEFS + OWN)

    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        made(file)

    assert [(botwo.ConfigWarning, __file__)] == [(each.category, each.filename) for each in caught]


def test_a_config_gives_a_resource(file: Path) -> None:
    """What `botwo.load` gives makes a resource as it makes a client."""
    s3 = botwo.load(file).resource()

    assert _is_routed(s3.Bucket("moved").meta.client)
    assert "s3.ServiceResource()" == repr(s3)


# --- beside the rest -----------------------------------------------------------------------------


@pytest.fixture
def installed(tmp_path: Path) -> Iterator[None]:
    """Another file, which routes every S3 client of this process."""
    other = _written(tmp_path / "other.toml", (LAKEFS + OWN).replace("moved", "stays"))
    botwo.install(other)
    yield
    botwo.uninstall()


def test_a_session_goes_before_an_install(file: Path, installed: None) -> None:
    """A session's own file rules its clients, and is not routed once more."""
    s3 = botwo.Session(file, region_name="eu-west-1").client("s3")

    assert _is_routed(s3)
    assert "stays.s3.amazonaws.com" == urlsplit(_url(s3, "stays")).netloc


def test_boto3_is_imported_only_where_it_is_asked_for() -> None:
    """`import botwo` leaves boto3 alone; `Session`, which is built on it, comes when asked for."""
    program = (
        "import json, sys, botwo; before = 'boto3' in sys.modules; kind = botwo.Session\n"
        "print(json.dumps([before, 'Session' in dir(botwo), 'boto3' in sys.modules,"
        " kind is botwo.Session, repr(kind), hasattr(botwo, 'session')]))"
    )
    printed = subprocess.check_output([sys.executable, "-c", program], timeout=60)

    assert [False, True, True, True, "<class 'botwo.Session'>", False] == json.loads(printed)


def test_a_session_reaches_two_servers(
    moto_a: Server, moto_b: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a program does by a session's resource lies in the stores that the file says."""
    monkeypatch.setenv("SECRET_A", moto_a.secret_key)
    monkeypatch.setenv("SECRET_B", moto_b.secret_key)
    tables = [
        f'[clients.{name}]\nendpoint_url = "{server.endpoint_url}"\nregion_name = "us-east-1"\n'
        f'aws_access_key_id = "{server.access_key}"\n'
        f'aws_secret_access_key = "${{SECRET_{name.upper()}}}"\n'
        f'[clients.{name}.config]\ns3 = {{ addressing_style = "path" }}\n'
        for name, server in (("a", moto_a), ("b", moto_b))
    ]
    rules = (
        '[[mapping]]\nbucket_name = "session-data"\nsource_prefix = "moved/"\nclient = "b"\n'
        'mapped_bucket_name = "session-repo"\nkey_prefix = "main/"\n'
        '[[mapping]]\nbucket_name = "*"\nclient = "a"\n'
    )
    session = botwo.Session(_written(tmp_path / "botwo.toml", "".join(tables) + rules))
    ensure(moto_a.client(), "session-data")
    ensure(moto_b.client(), "session-repo")

    bucket = session.resource("s3").Bucket("session-data")
    for key in ("a", "moved/x", "z"):
        bucket.put_object(Key=key, Body=key.encode())
    listed = [each.key for each in bucket.objects.all()]
    stored = moto_b.client().list_objects_v2(Bucket="session-repo")["Contents"]
    bucket.objects.filter(Prefix="moved/").delete()

    assert ["a", "moved/x", "z"] == listed
    assert ["main/moved/x"] == [each["Key"] for each in stored]
    assert ["a", "z"] == [each.key for each in bucket.objects.all()]
