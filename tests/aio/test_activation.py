"""aiobotocore's clients are routed while botwo is installed, and by a session of a config file."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import aiobotocore.session
import boto3
import botocore
import pytest
from aiobotocore.config import AioConfig
from test_activate import PLAIN, ROUTED, STORES, file, settings, undone, written

import botwo
import botwo.aio
from botwo import _secrets

__all__ = ["file", "settings", "undone"]

pytestmark = pytest.mark.aio


def _where(context: Any, bucket: str = "moved") -> str:
    """Give what a bucket is called by the client that a context gives."""

    async def asked() -> str:
        async with context as s3:
            url = await s3.generate_presigned_url("get_object", {"Bucket": bucket, "Key": "x"})
        return str(url).split("/x?", maxsplit=1)[0]

    return asyncio.run(asked())


def _session() -> Any:
    return aiobotocore.session.get_session()


def test_clients_are_routed_while_botwo_is_installed(file: Path) -> None:
    """Sessions made before and after make routed clients until botwo is uninstalled."""
    before = _session()
    plain = _where(before.create_client("s3"))

    botwo.install(file)
    routed = [_where(session.create_client("s3")) for session in (before, _session())]
    botwo.uninstall()

    assert [PLAIN, ROUTED, ROUTED, PLAIN] == [plain, *routed, _where(before.create_client("s3"))]


def test_others_are_left_alone(file: Path) -> None:
    """A client with an endpoint of its own, and one of another service, are aiobotocore's."""
    botwo.install(file)

    own = _where(_session().create_client("s3", endpoint_url="https://own.example.com"))
    queue = _session().create_client("sqs")

    assert "https://own.example.com/moved" == own
    assert isinstance(queue, aiobotocore.session.ClientCreatorContext)
    asyncio.run(_left(queue))


async def _left(context: Any) -> None:
    async with context:
        pass


@pytest.mark.parametrize("how", ["before", "after"])
def test_it_is_found_whenever_it_is_imported(file: Path, how: str) -> None:
    """Aiobotocore may be imported before botwo is installed, or after."""
    lines = ["import botwo", f"botwo.install({str(file)!r})", "import aiobotocore.session"]
    if how == "before":
        lines = [lines[2], lines[0], lines[1]]
    lines.append("print(aiobotocore.session.get_session().create_client('s3'))")

    done = subprocess.run(
        [sys.executable, "-c", "\n".join(lines)], capture_output=True, text=True, check=True
    )

    assert "RoutedContext" in done.stdout


def test_the_programs_own_client_has_its_settings(file: Path) -> None:
    """What the program asks for, and with whose credentials, is what the marked client has."""
    botwo.install(file)

    async def asked() -> tuple[Any, ...]:
        config = AioConfig(s3={"addressing_style": "path"})
        context = _session().create_client(
            "s3", "us-west-2", aws_access_key_id="own", aws_secret_access_key="s", config=config
        )
        async with context as s3:
            own = await s3._botwo_stores.get("own")
            credentials = own._request_signer._credentials
            return s3.meta.region_name, credentials.access_key, own.meta.config.s3

    assert ("us-west-2", "own", {"addressing_style": "path"}) == asyncio.run(asked())


@pytest.mark.parametrize("whose", ["call", "session", "nobody"])
def test_credentials_that_nobody_takes_are_refused(tmp_path: Path, whose: str) -> None:
    """Where the file marks no client as the program's, its credentials are an error."""
    text = STORES.replace("application = true", 'endpoint_url = "https://s3.example.com"')
    botwo.install(written(tmp_path / "botwo.toml", "moved-repo", text))
    session: Any = _session()
    asked: dict[str, Any] = {}
    if whose == "call":
        asked = {"aws_access_key_id": "k", "aws_secret_access_key": "s"}
    elif whose == "nobody":
        asked = {"config": AioConfig(signature_version=botocore.UNSIGNED)}
    else:
        session.set_credentials("k", "s")

    with pytest.raises(botwo.ConfigError, match="no client of the file takes them"):
        session.create_client("s3", **asked)


def test_a_programs_handlers_see_every_store(file: Path) -> None:
    """What a program registers with its session, every store's client has."""
    seen: list[str] = []
    session = _session()
    session.get_component("event_emitter").register(
        "before-sign.s3.GetObject", lambda request, **_: seen.append(request.url)
    )
    botwo.install(file)

    found = [_where(session.create_client("s3"), bucket) for bucket in ("moved", "other")]

    assert [f"{name}/x" for name in found] == seen


def test_secrets_are_looked_up_beside_the_event_loop(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A command that tells a secret does not keep the event loop waiting."""
    threads = []
    revealed = _secrets.revealed

    def noted(*args: Any) -> str:
        threads.append(threading.current_thread() is threading.main_thread())
        return revealed(*args)

    monkeypatch.setattr("botwo._making.revealed", noted)
    secret = '\naws_access_key_id = "k"\naws_secret_access_key = {command = ["echo", "s"]}\n'
    text = STORES.replace("[clients.lakefs]", f"[clients.lakefs]{secret}")

    found = _where(botwo.load(written(file, "moved-repo", text)).aio_client())

    assert ROUTED == found
    assert threads
    assert not any(threads)


def test_a_session_of_a_config_file(file: Path, tmp_path: Path) -> None:
    """Its S3 clients are routed by its own file, where botwo is installed with another too."""
    session = botwo.aio.Session(file)
    alone = _where(session.create_client("s3"))
    botwo.install(written(tmp_path / "other.toml", "other-repo"))

    found = [_where(made.create_client("s3")) for made in (session, _session())]
    own = _where(session.create_client("s3", endpoint_url="https://own.example.com"))

    assert [ROUTED, ROUTED, "https://lakefs.example.com/other-repo"] == [alone, *found]
    assert "https://own.example.com/moved" == own


def test_a_session_refuses_credentials_that_nobody_takes(tmp_path: Path) -> None:
    """A session's credentials go to the client that the file marks, or nowhere."""
    text = STORES.replace("application = true", "")
    session = botwo.aio.Session(written(tmp_path / "botwo.toml", "moved-repo", text))
    session.set_credentials("k", "s")

    with pytest.raises(botwo.ConfigError, match="no client of the file takes them"):
        session.create_client("s3")


def test_a_session_refuses_a_region_that_nobody_takes(tmp_path: Path) -> None:
    """A region that a call asks for is that of the client that the file marks, or of none."""
    text = STORES.replace("application = true", "")
    session = botwo.aio.Session(written(tmp_path / "botwo.toml", "moved-repo", text))

    with pytest.raises(botwo.ConfigError, match="region_name"):
        session.create_client("s3", "eu-west-1")


def test_another_kind_of_loop_is_refused(file: Path) -> None:
    """Where no loop of asyncio runs, entering a routed client says so."""
    entering = botwo.load(file).aio_client().__aenter__()

    with pytest.raises(RuntimeError, match="needs an event loop of asyncio"):
        entering.send(None)


def test_a_config_file_that_cannot_be_used_is_told(tmp_path: Path) -> None:
    """It is an error of the session, before any client is made."""
    with pytest.raises(botwo.ConfigError, match="mapping"):
        botwo.aio.Session(written(tmp_path / "botwo.toml", "", "[clients.a]\n"))


def test_clients_of_both_kinds_are_routed_in_one_program(file: Path) -> None:
    """boto3 and aiobotocore ask the same rules."""
    botwo.install(file)

    url = boto3.client("s3").generate_presigned_url("get_object", {"Bucket": "moved", "Key": "x"})

    assert ROUTED == url.split("/x?", maxsplit=1)[0] == _where(_session().create_client("s3"))
