"""How a routed filesystem is made, what it is told by options, and how it travels."""

from __future__ import annotations

import asyncio
import concurrent.futures
import functools
import json
import multiprocessing
import operator
import pickle
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import aiobotocore.session
import fsspec
import pytest
import s3fs
from filesystems import routed, written
from servers import Server, ensure

import botwo.aio
import botwo.fsspec
from botwo import ConfigError, ConfigWarning

pytestmark = pytest.mark.aio

# The program's own client, and one of the file's.
OWN = """
[clients.own]
application = true

[clients.lakefs]
endpoint_url = "https://lakefs.example.com"
aws_access_key_id = "of-the-file"
aws_secret_access_key = "${SECRET_OF_LAKEFS}"

[[mapping]]
bucket_name = "moved"
client = "lakefs"
mapped_bucket_name = "moved-repo"

[[mapping]]
bucket_name = "*"
client = "own"
"""
# None is the program's own.
NO_OWN = OWN.replace("application = true", 'endpoint_url = "https://own.example.com"')


@pytest.fixture(autouse=True)
def settings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    """A program's credentials and region, and a folder without a config file."""
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "of-the-environment")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret-of-the-environment")
    monkeypatch.setenv("SECRET_OF_LAKEFS", "secret-of-the-file")
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "none"))
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    yield
    botwo.fsspec.S3FileSystem.clear_instance_cache()
    s3fs.S3FileSystem.clear_instance_cache()


@pytest.fixture
def own(tmp_path: Path) -> Path:
    """A config file that marks the program's own client."""
    file = tmp_path / "own.toml"
    file.write_text(OWN)
    return file


@pytest.fixture
def no_own(tmp_path: Path) -> Path:
    """A config file whose every store is its own."""
    file = tmp_path / "no-own.toml"
    file.write_text(NO_OWN)
    return file


def _signed(fs: Any, path: str) -> tuple[str, str]:
    """Give where a file is said to be, and who signed that."""
    url, _, query = fs.url(path).partition("?")
    asked = dict(part.partition("=")[::2] for part in query.split("&"))
    who = asked.get("AWSAccessKeyId") or asked.get("X-Amz-Credential", "nobody")
    return url, who.partition("%2F")[0]


MOVED = "https://lakefs.example.com/moved-repo/x", "of-the-file"


# ------------------------------------------------------------------------------------ the config


def test_a_path_and_a_config_make_one_filesystem(own: Path) -> None:
    """A config file, by name or as it was loaded, gives the same instance each time."""
    by_path = botwo.fsspec.S3FileSystem(config=own)

    by_config = botwo.load(own).filesystem()

    assert by_path is by_config is botwo.fsspec.S3FileSystem(config=str(own))
    assert MOVED == _signed(by_path, "moved/x")
    assert "of-the-environment" == _signed(by_path, "stays/x")[1]


def test_a_use_does_not_change_the_instance(own: Path) -> None:
    """What a config has found out meanwhile makes no other instance."""
    config = botwo.load(own)
    fs = config.filesystem()
    fs.url("moved/x")

    assert fs is config.filesystem()


def test_other_rules_make_another_instance(own: Path) -> None:
    """A file that says something else since makes a new filesystem; the old one stays as it was."""
    before = botwo.fsspec.S3FileSystem(config=own)
    own.write_text(OWN.replace("moved-repo", "other-repo"))

    after = botwo.fsspec.S3FileSystem(config=own)

    assert MOVED == _signed(before, "moved/x")
    assert "https://lakefs.example.com/other-repo/x" == _signed(after, "moved/x")[0]


def test_another_environment_makes_another_instance(
    own: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the file takes from the environment is looked at each time, too."""
    own.write_text(OWN.replace("moved-repo", "${REPO}"))
    monkeypatch.setenv("REPO", "one-repo")
    before = botwo.fsspec.S3FileSystem(config=own)
    monkeypatch.setenv("REPO", "two-repo")

    after = botwo.fsspec.S3FileSystem(config=own)

    assert "https://lakefs.example.com/one-repo/x" == _signed(before, "moved/x")[0]
    assert "https://lakefs.example.com/two-repo/x" == _signed(after, "moved/x")[0]


def test_a_file_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    """A config that is named and is not there is the error that it is elsewhere."""
    with pytest.raises(ConfigError, match="cannot be read: No such file"):
        botwo.fsspec.S3FileSystem(config=tmp_path / "none.toml")


def test_a_doubtful_mapping_is_told_where_the_filesystem_is_made(own: Path) -> None:
    """A warning about the file is of the line that makes the filesystem."""
    own.write_text(OWN + '[clients.unused]\nendpoint_url = "https://unused.example.com"\n')

    with pytest.warns(ConfigWarning, match="unused") as told:
        botwo.fsspec.S3FileSystem(config=own)

    assert [__file__] == [warning.filename for warning in told]


def test_two_files_make_two_instances(own: Path, no_own: Path) -> None:
    """Each config file has its own filesystem."""
    one = botwo.fsspec.S3FileSystem(config=own)
    two = botwo.fsspec.S3FileSystem(config=no_own)

    assert one is not two
    assert one != two
    assert "https://own.example.com/stays/x" == _signed(two, "stays/x")[0]


def test_a_config_is_found_where_none_is_named(
    own: Path, no_own: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without a config it is the one that `botwo.load` finds, each time anew."""
    monkeypatch.setenv("BOTWO_CONFIG", str(own))
    one = botwo.fsspec.S3FileSystem()
    monkeypatch.setenv("BOTWO_CONFIG", str(no_own))

    two = botwo.fsspec.S3FileSystem()

    assert (str(own), str(no_own)) == (one.storage_options["config"], two.storage_options["config"])


def test_nothing_is_guessed_where_there_is_no_config() -> None:
    """Where there is no config file a filesystem is refused, and none to one store is made."""
    with pytest.raises(ConfigError, match="there is no such file"):
        botwo.fsspec.S3FileSystem()


def test_fsspecs_own_settings_name_a_config(own: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A config that fsspec's settings name is taken, and is no other one's instance."""
    monkeypatch.setitem(fsspec.config.conf, "s3", {"config": str(own)})

    fs = botwo.fsspec.S3FileSystem()

    assert MOVED == _signed(fs, "moved/x")
    assert fs is botwo.fsspec.S3FileSystem(config=own)


# ----------------------------------------------------------------------------------- the options


@pytest.mark.parametrize(
    ("options", "who"),
    [
        ({"key": "k", "secret": "s"}, "k"),
        ({"username": "u", "password": "p"}, "u"),
        ({"client_kwargs": {"aws_access_key_id": "c", "aws_secret_access_key": "s"}}, "c"),
        ({"anon": True}, "nobody"),
        ({"profile": "work"}, "of-a-profile"),
        ({}, "of-the-environment"),
    ],
)
def test_credentials_are_the_programs_own_clients(
    own: Path, monkeypatch: pytest.MonkeyPatch, options: dict[str, Any], who: str
) -> None:
    """Who signs is said of the program's own client; the file's has what the file says."""
    profile = own.with_name("credentials")
    profile.write_text("[work]\naws_access_key_id = of-a-profile\naws_secret_access_key = s\n")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(profile))

    fs = botwo.fsspec.S3FileSystem(config=own, **options)

    assert who == _signed(fs, "stays/x")[1]
    assert MOVED == _signed(fs, "moved/x")


def test_how_a_client_is_made_is_said_of_the_programs_own(own: Path) -> None:
    """Region and configuration go to the program's own client."""
    fs = botwo.fsspec.S3FileSystem(
        config=own,
        client_kwargs={"region_name": "eu-west-1"},
        config_kwargs={"s3": {"addressing_style": "path"}, "signature_version": "s3v4"},
    )

    assert "https://s3.eu-west-1.amazonaws.com/stays/x" == _signed(fs, "stays/x")[0]
    assert MOVED == _signed(fs, "moved/x")


@pytest.mark.parametrize(
    "options",
    [
        {"key": "k", "secret": "s"},
        {"token": "t"},
        {"username": "u", "password": "p"},
        {"profile": "work"},
        {"anon": True},
        {"use_ssl": False},
        {"client_kwargs": {"region_name": "eu-west-1"}},
        {"config_kwargs": {"signature_version": "s3v4"}},
    ],
)
def test_options_that_no_client_takes_are_refused(no_own: Path, options: dict[str, Any]) -> None:
    """Where the file marks no client as the program's own, what is said of it is an error."""
    with pytest.raises(ConfigError, match="no client of the file takes it") as refused:
        botwo.fsspec.S3FileSystem(config=no_own, **options)

    assert sorted(options) == sorted(
        problem.place.partition("(")[2].partition("=")[0] for problem in refused.value.problems
    )


def test_options_of_the_filesystem_itself_need_no_client(no_own: Path) -> None:
    """What says how files are read, and not whose the client is, is s3fs's as ever."""
    fs = botwo.fsspec.S3FileSystem(
        config=no_own, anon=False, default_block_size=7, requester_pays=True, max_concurrency=3,
        use_listings_cache=False, default_cache_type="none", s3_additional_kwargs={"ACL": "x"},
    )  # fmt: skip

    assert (7, 3, False) == (
        fs.default_block_size,
        fs.max_concurrency,
        fs.dircache.use_listings_cache,
    )
    assert "https://own.example.com/stays/x" == _signed(fs, "stays/x")[0]


@pytest.mark.parametrize(
    "options",
    [
        {"endpoint_url": "https://named.example.com"},
        {"client_kwargs": {"endpoint_url": "https://named.example.com"}},
    ],
)
@pytest.mark.parametrize("config", [None, "own.toml"])
def test_an_endpoint_names_a_store(own: Path, config: str | None, options: dict[str, Any]) -> None:
    """With an endpoint of its own it is a plain filesystem, wherever a config file is or is not."""
    if config is not None:
        options = {"config": own.with_name(config), **options}

    fs = botwo.fsspec.S3FileSystem(**options)

    assert "https://named.example.com/moved/x" == _signed(fs, "moved/x")[0]


def test_an_endpoint_is_named_by_position_too() -> None:
    """s3fs's second argument is an endpoint."""
    fs = botwo.fsspec.S3FileSystem(False, "https://named.example.com")

    assert "https://named.example.com/moved/x" == _signed(fs, "moved/x")[0]


# ---------------------------------------------------------------------------------- the sessions


def test_a_session_of_the_programs_makes_its_own_client(own: Path) -> None:
    """A session that the caller gives makes the program's own client, and no other."""
    session = aiobotocore.session.get_session()
    session.set_credentials("of-the-session", "s")

    fs = botwo.fsspec.S3FileSystem(config=own, session=session)

    assert "of-the-session" == _signed(fs, "stays/x")[1]
    assert MOVED == _signed(fs, "moved/x")


def test_a_session_whose_credentials_no_client_takes_is_refused(no_own: Path) -> None:
    """Explicit credentials of a session are refused where no client takes them."""
    session = aiobotocore.session.get_session()
    session.set_credentials("of-the-session", "s")
    fs = botwo.fsspec.S3FileSystem(config=no_own, session=session)

    with pytest.raises(ConfigError, match="the session's credentials"):
        fs.url("stays/x")


def test_a_session_of_botwos_brings_its_config(own: Path, no_own: Path) -> None:
    """A session of botwo's routes by its own file; another one beside it is refused."""
    session = botwo.aio.Session(own)

    fs = botwo.fsspec.S3FileSystem(session=session)

    assert fs.session is session
    assert MOVED == _signed(fs, "moved/x")
    with pytest.raises(ConfigError, match="the session has another"):
        botwo.fsspec.S3FileSystem(config=no_own, session=session)


def test_a_refresh_asks_for_credentials_again(own: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A refresh makes a new session, as s3fs's own does, and it routes."""
    fs = botwo.fsspec.S3FileSystem(config=own)
    fs.connect()
    before = fs.session
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "renewed")

    fs.connect(refresh=True)

    assert before is not fs.session
    assert "renewed" == _signed(fs, "stays/x")[1]
    assert MOVED == _signed(fs, "moved/x")


def test_regional_clients_are_routed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, moto_a: Server, moto_b: Server
) -> None:
    """The clients that s3fs makes for a bucket's region go where the rules say."""
    config = written(tmp_path, monkeypatch, {"a": moto_a, "b": moto_b})
    ensure(moto_b.client(), "moved-repo")
    fs = routed(config, cache_regions=True)

    fs.pipe_file("moved/regional", b"1")

    body = moto_b.client().get_object(Bucket="moved-repo", Key="main/regional")["Body"]
    assert b"1" == body.read()


# -------------------------------------------------------------------------------- clients in code


def _client(host: str) -> Any:
    session = aiobotocore.session.get_session()
    return session.create_client("s3", endpoint_url=f"https://{host}", region_name="us-east-1")


CLIENTS = {
    "own": functools.partial(_client, "own.example.com"),
    "lakefs": functools.partial(_client, "lakefs.example.com"),
}
RULES = [
    {"bucket_name": "moved", "client": "lakefs", "mapped_bucket_name": "moved-repo"},
    {"bucket_name": "*", "client": "own"},
]


def test_clients_and_rules_stand_in_code_too() -> None:
    """Factories and a mapping make a filesystem without a file, one for the same ones."""
    fs = botwo.fsspec.S3FileSystem(clients=CLIENTS, mapping=RULES)

    assert "https://lakefs.example.com/moved-repo/x" == _signed(fs, "moved/x")[0]
    assert "https://own.example.com/stays/x" == _signed(fs, "stays/x")[0]
    assert fs is botwo.fsspec.S3FileSystem(clients=CLIENTS, mapping=RULES)
    again = pickle.loads(pickle.dumps(fs))
    assert "https://lakefs.example.com/moved-repo/x" == _signed(again, "moved/x")[0]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"clients": CLIENTS, "mapping": RULES, "key": "k"}, r"S3FileSystem\(key=…\)"),
        ({"clients": CLIENTS, "mapping": RULES, "endpoint_url": "https://x"}, "endpoint_url=…"),
        ({"clients": CLIENTS, "mapping": RULES, "config": "x.toml"}, r"S3FileSystem\(config=…\)"),
        ({"clients": CLIENTS}, "mapping"),
        ({"mapping": RULES}, "clients"),
        ({"clients": {"own": CLIENTS["own"]}, "mapping": RULES}, "lakefs"),
    ],
)
def test_what_does_not_go_with_clients_is_refused(options: dict[str, Any], message: str) -> None:
    """A filesystem of clients in code is checked whole when it is made."""
    with pytest.raises(ConfigError, match=message):
        botwo.fsspec.S3FileSystem(**options)


def test_live_clients_are_refused() -> None:
    """A live client belongs to one event loop, and s3fs has its own."""

    async def refused() -> None:
        async with _client("own.example.com") as live:
            with pytest.raises(ConfigError, match="a live client"):
                botwo.fsspec.S3FileSystem(clients={**CLIENTS, "own": live}, mapping=RULES)

    asyncio.run(refused())


# ------------------------------------------------------------------------------------- travelling

_SIGN = operator.methodcaller("url", "moved/x")


def test_a_filesystem_travels_as_what_the_file_says(own: Path) -> None:
    """A pickle has what the file says and no secret of it, and needs the file no more."""
    fs = botwo.fsspec.S3FileSystem(config=own, default_block_size=7)
    fs.url("moved/x")

    pickled = pickle.dumps(fs)

    own.unlink()
    assert b"secret-of-the-file" not in pickled
    assert b"secret-of-the-environment" not in pickled
    again = pickle.loads(pickled)
    assert (7, MOVED) == (again.default_block_size, _signed(again, "moved/x"))
    assert fs.to_json() == again.to_json()
    with concurrent.futures.ProcessPoolExecutor(
        1, mp_context=multiprocessing.get_context("spawn")
    ) as pool:
        assert MOVED[0] == pool.submit(_SIGN, fs).result(timeout=60).partition("?")[0]


def test_a_filesystem_stands_in_json_by_its_file(own: Path) -> None:
    """The JSON of fsspec names the config file."""
    fs = botwo.fsspec.S3FileSystem(config=own)

    text = fs.to_json()

    assert str(own) == json.loads(text)["config"]
    assert fs is fsspec.AbstractFileSystem.from_json(text)
    assert fs is botwo.fsspec.S3FileSystem(**fs.storage_options)


def test_open_files_travel(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, moto_a: Server, moto_b: Server
) -> None:
    """A file that is open for reading is read on where it was pickled to."""
    config = written(tmp_path, monkeypatch, {"a": moto_a, "b": moto_b})
    ensure(moto_b.client(), "moved-repo")
    fs = routed(config)
    fs.pipe_file("moved/travels", b"0123456789")
    with fs.open("moved/travels", "rb") as file:
        file.seek(4)

        again = pickle.loads(pickle.dumps(file))

    assert b"456789" == again.read()
    again.close()


# ------------------------------------------------------------------------------------ the registry


def test_registering_opens_s3_names_with_it(own: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """While it is registered fsspec opens names that begin with s3:// and s3a:// routed."""
    monkeypatch.setenv("BOTWO_CONFIG", str(own))
    botwo.fsspec.register()
    try:
        fs, path = fsspec.url_to_fs("s3://moved/x")
        other, _ = fsspec.url_to_fs("s3a://moved/x")
    finally:
        botwo.fsspec.unregister()

    assert (MOVED, MOVED) == (_signed(fs, path), _signed(other, path))
    assert type(fsspec.url_to_fs("s3://moved/x", anon=True)[0]) is s3fs.S3FileSystem


def test_a_file_that_is_registered_is_read_at_once(own: Path, no_own: Path) -> None:
    """Filesystems that name none are made of it; one that cannot be used registers nothing."""
    with pytest.raises(ConfigError):
        botwo.fsspec.register(own.parent / "no-such.toml")
    before = fsspec.get_filesystem_class("s3")
    botwo.fsspec.register(own)
    try:
        fs, path = fsspec.url_to_fs("s3://moved/x")
        other = fsspec.filesystem("s3", config=str(no_own))
    finally:
        botwo.fsspec.unregister()

    assert before is not botwo.fsspec.S3FileSystem
    assert MOVED == _signed(fs, path)
    assert str(no_own) == other.storage_options["config"]


def test_a_registered_file_rules_over_an_installed_one(own: Path, no_own: Path) -> None:
    """The file that was named for filesystems is theirs, whatever the process's clients go by."""
    botwo.install(no_own)
    botwo.fsspec.register(own)
    try:
        fs = fsspec.filesystem("s3")
    finally:
        botwo.fsspec.unregister()
        botwo.uninstall()

    assert str(own) == fs.storage_options["config"]


def test_unregistering_leaves_what_is_installed(own: Path) -> None:
    """Where botwo is installed its filesystem stays the one that fsspec opens."""
    botwo.install(own)
    try:
        botwo.fsspec.register()
        botwo.fsspec.unregister()
        found = fsspec.get_filesystem_class("s3")
    finally:
        botwo.uninstall()

    assert botwo.fsspec.S3FileSystem is found
    assert s3fs.S3FileSystem is fsspec.get_filesystem_class("s3")


def test_installing_registers(own: Path, no_own: Path) -> None:
    """While botwo is installed fsspec opens S3's names with it, by the file that rules."""
    plain = fsspec.filesystem("s3")
    direct = s3fs.S3FileSystem()
    found = []
    botwo.install(own)
    try:
        first = fsspec.filesystem("s3")
        found += [type(first), _signed(s3fs.S3FileSystem(), "moved/x")]
        botwo.install(no_own)
        try:
            second = fsspec.filesystem("s3")
        finally:
            botwo.uninstall()
        assert first is fsspec.filesystem("s3")
    finally:
        botwo.uninstall()

    assert [botwo.fsspec.S3FileSystem, MOVED] == found
    assert (MOVED, MOVED) == (_signed(first, "moved/x"), _signed(second, "moved/x"))
    assert str(no_own) == second.storage_options["config"]
    after = fsspec.filesystem("s3")
    assert type(after) is type(plain) is s3fs.S3FileSystem
    assert "https://moved.s3.amazonaws.com/x" == _signed(after, "moved/x")[0]
    assert "https://moved.s3.amazonaws.com/x" == _signed(s3fs.S3FileSystem(), "moved/x")[0]
    assert "https://moved.s3.amazonaws.com/x" == _signed(direct, "moved/x")[0]


def test_what_an_installed_file_does_not_take_is_as_with_boto3(no_own: Path) -> None:
    """Under activation credentials that no client takes are refused; a region reaches no store."""
    botwo.install(no_own)
    try:
        fs = fsspec.filesystem("s3", client_kwargs={"region_name": "eu-west-1"})
        with pytest.raises(ConfigError, match="no client of the file takes it"):
            fsspec.filesystem("s3", key="k", secret="s")
        with pytest.raises(ConfigError, match=r"S3FileSystem\(anon=…\)"):
            fsspec.filesystem("s3", anon=True)
        with pytest.raises(ConfigError, match="aws_access_key_id"):
            fsspec.filesystem("s3", client_kwargs={"aws_access_key_id": "k"})
    finally:
        botwo.uninstall()

    assert "https://own.example.com/stays/x" == _signed(fs, "stays/x")[0]
    assert MOVED == _signed(pickle.loads(pickle.dumps(fs)), "moved/x")


def test_somebody_elses_filesystem_stays_registered(own: Path) -> None:
    """Installing replaces s3fs's filesystem, and no other."""

    class Other(s3fs.S3FileSystem):  # type: ignore[misc]
        pass

    fsspec.register_implementation("s3", Other, clobber=True)
    try:
        botwo.install(own)
        botwo.uninstall()
        assert Other is fsspec.get_filesystem_class("s3")
    finally:
        botwo.fsspec.unregister()
