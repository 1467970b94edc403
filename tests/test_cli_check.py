"""`botwo check` finds what is wrong with a config file, and with its stores."""

from __future__ import annotations

import json
import socket
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

import pytest
from asking import mapping
from command_line import Desk, Ran, client, rules
from stubs import Answer, error, stub

from botwo._cli import stores
from botwo._making import StoreFactory

if TYPE_CHECKING:
    from collections.abc import Iterator

    from servers import Server

_LISTED = b"<ListBucketResult><KeyCount>0</KeyCount></ListBucketResult>"
_BUCKETS = b"<ListAllMyBucketsResult><Buckets></Buckets></ListAllMyBucketsResult>"


class _Gateway(BaseHTTPRequestHandler):
    """Answers as a lakeFS gateway whose only repository `repo` has the only branch `main`."""

    def log_message(self, *args: Any) -> None:
        """Keep quiet."""

    def _answer(self) -> None:
        url = urlsplit(self.path)
        query = parse_qs(url.query)
        status, body = 200, _BUCKETS if url.path == "/" else _LISTED
        if url.path not in ("/", "/repo"):
            status, body = 404, b""
        elif "list-type" in query and query["prefix"] != ["main/"]:
            status, body = 400, b"<Error><Code>ErrBadRequest</Code><Message>no</Message></Error>"
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body if self.command == "GET" else b"")

    do_GET = do_HEAD = _answer  # noqa: N815 - http.server's names


@contextmanager
def _gateway() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), _Gateway) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


@pytest.fixture
def mute_port() -> Iterator[int]:
    """A port that accepts connections; nobody answers there."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


@pytest.fixture
def unused_port() -> Iterator[int]:
    """A port that is taken, where nobody listens."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield taken.getsockname()[1]


@pytest.fixture
def desk(tmp_path: Path, moto_a: Server, rclone_a: Server) -> Desk:
    """A desk over a server of each kind."""
    return Desk(folder=tmp_path, a=moto_a, b=rclone_a)


def _well(desk: Desk, **changed: Any) -> dict[str, Any]:
    document: dict[str, Any] = {
        "config": str(desk.folder / "botwo.toml"),
        "ok": True,
        "problems": [],
        "warnings": [],
        "clients": ["a", "b"],
        "rules": 2,
        "checks": None,
    }
    return {**document, **changed}


def _check(client: str, check: str, ok: bool | None, found: str, name: str | None = None) -> Any:
    return {"client": client, "check": check, "name": name, "ok": ok, "found": found}


def test_a_well_formed_file(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a file that is right its path is said, and how much is in it; no store is asked."""
    path = desk.folder / "botwo.toml"

    ran = desk.call(monkeypatch, "check")
    document = desk.call(monkeypatch, "check", "--json")

    said = f"{path}: 2 clients, 2 rules: well formed\n"
    assert Ran(status=0, output=said, errors="") == ran
    assert (0, "") == (document.status, document.errors)
    assert _well(desk) == json.loads(document.output)


def test_every_problem_is_told(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """All that is wrong is told at once, by line and field, with status 1."""
    desk.write('[clients.a]\nregoin_name = "x"\n[[mapping]]\nbucket_name = "x"\nclient = "b"\n')
    path = desk.folder / "botwo.toml"

    ran = desk.call(monkeypatch, "check", "--connect")
    document = desk.call(monkeypatch, "check", "--connect", "--json")

    assert (1, "") == (ran.status, ran.output)
    lines = ran.errors.splitlines()
    assert f"botwo: 3 problems in {path}:" == lines[0]
    assert ["  line 2, clients.a.regoin_name", "  line 5, mapping[0].client"] == [
        line.split(": ")[0] for line in lines[1:3]
    ]
    assert (1, "") == (document.status, document.errors)
    found = json.loads(document.output)
    problems = found.pop("problems")
    assert _well(desk, ok=False, problems=[], clients=[], rules=0) == {**found, "problems": []}
    assert {
        "line": 2,
        "place": "clients.a.regoin_name",
        "found": "no such field",
        "mend": "did you mean 'region_name'?",
    } == problems[0]
    assert [2, 5, None] == [problem["line"] for problem in problems]


def test_what_is_probably_not_meant(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """A doubt is a warning, and the file is right all the same."""
    desk.write(client("a", desk.a) + client("b", desk.b) + rules("a"))
    path = desk.folder / "botwo.toml"
    doubt = f"{path}: no rule uses the client 'b'"

    ran = desk.call(monkeypatch, "check")
    document = desk.call(monkeypatch, "check", "--json")

    assert (0, f"botwo: warning: {doubt}\n") == (ran.status, ran.errors)
    assert _well(desk, warnings=[doubt], rules=1) == json.loads(document.output)


def test_stores_that_are_as_the_file_says(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """Stores that answer and have the buckets are well, and a table says so."""
    urls = {name: store.options()["endpoint_url"] for name, store in (("a", desk.a), ("b", desk.b))}

    document = desk.call(monkeypatch, "check", "--connect", "--json")
    ran = desk.call(monkeypatch, "check", "--connect")

    checks = [
        _check("a", "reachable", True, urls["a"]),
        _check("a", "credentials", True, "accepted"),
        _check("b", "reachable", True, urls["b"]),
        _check("b", "credentials", True, "accepted"),
        _check("b", "bucket", True, "is there", desk.repo),
    ]
    assert (0, "") == (document.status, document.errors)
    assert _well(desk, checks=checks) == json.loads(document.output)
    assert (0, "") == (ran.status, ran.errors)
    assert all(words in ran.output for words in (f"bucket {desk.repo}", "yes", urls["b"]))
    assert "NO" not in ran.output


def test_stores_that_are_not(desk: Desk, monkeypatch: pytest.MonkeyPatch, unused_port: int) -> None:
    """A bucket that is missing, credentials that are refused and a store that does not answer are
    each found, with status 1.
    """
    nowhere = f"http://127.0.0.1:{unused_port}"
    gone = client("gone", desk.a).replace(desk.a.options()["endpoint_url"], nowhere)
    bad = client("bad", desk.b)
    entries = [("x", "a", "no-such-bucket"), ("y", "bad", "repo"), ("z", "gone", "repo")]
    mapped = "".join(
        f'[[mapping]]\nbucket_name = "{name}"\nclient = "{at}"\nmapped_bucket_name = "{mapped}"\n'
        for name, at, mapped in entries
    )
    desk.write(client("a", desk.a) + bad + gone + mapped + rules("a"))
    desk.secrets |= {"SECRET_bad": "wrong", "SECRET_gone": "x"}

    document = desk.call(monkeypatch, "check", "--connect", "--json")
    ran = desk.call(monkeypatch, "check", "--connect")

    found = json.loads(document.output)
    assert (1, False) == (document.status, found["ok"])
    assert [
        ("a", "reachable", True),
        ("a", "credentials", True),
        ("a", "bucket", False),
        ("bad", "reachable", True),
        ("bad", "credentials", False),
        ("bad", "bucket", None),
        ("gone", "reachable", False),
        ("gone", "credentials", None),
        ("gone", "bucket", None),
    ] == [(it["client"], it["check"], it["ok"]) for it in found["checks"]]
    assert "there is no such bucket" == found["checks"][2]["found"]
    assert "SignatureDoesNotMatch" in found["checks"][4]["found"]
    assert f'Could not connect to the endpoint URL: "{nowhere}/"' == found["checks"][6]["found"]
    assert 1 == ran.status
    assert 3 == ran.output.count("NO")


def test_a_secret_that_is_not_there(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a client whose secret is not where the file says its store is not asked."""
    lost = client("b", desk.b).replace('"${SECRET_b}"', '{ file = "no-such-file" }')
    desk.write(client("a", desk.a) + lost + desk.rules)

    document = desk.call(monkeypatch, "check", "--connect", "--json")

    found = [it for it in json.loads(document.output)["checks"] if it["client"] == "b"]
    assert 1 == document.status
    assert [None, False, None] == [it["ok"] for it in found]
    assert "no-such-file" in found[1]["found"]
    assert "\n" not in found[1]["found"]


def test_the_refs_of_a_lakefs(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a lakeFS each ref that rules name is asked for, where its repository is there."""
    named = [("x", "repo", "main/"), ("y", "repo", "gone/"), ("z", "other", "main/")]
    mapped = "".join(
        f'[[mapping]]\nbucket_name = "{name}"\nclient = "lakefs"\nmapped_bucket_name = "{repo}"\n'
        f'key_prefix = "{prefix}"\n'
        for name, repo, prefix in named
    )
    mapped += '[[mapping]]\nbucket_name = "logs-*"\nclient = "lakefs"\nmapped_bucket_name = "repo"'
    mapped += '\nkey_prefix = "logs/{bucket}/"\n'
    desk.secrets["SECRET_lakefs"] = "x"

    with _gateway() as url:
        lakefs = client("lakefs", desk.b, "lakefs").replace(desk.b.options()["endpoint_url"], url)
        desk.write(client("a", desk.a) + lakefs + mapped + rules("a"))
        document = desk.call(monkeypatch, "check", "--connect", "--json")

    found = [it for it in json.loads(document.output)["checks"] if it["client"] == "lakefs"]
    refused = "An error occurred (ErrBadRequest) when calling the ListObjectsV2 operation"
    missing = f"there is no such ref: {refused} (reached max retries: 0): no"
    assert 1 == document.status
    assert [
        _check("lakefs", "reachable", True, url),
        _check("lakefs", "credentials", True, "accepted"),
        _check("lakefs", "bucket", True, "is there", "repo"),
        _check("lakefs", "ref", True, "is there", "repo/main"),
        _check("lakefs", "ref", False, missing, "repo/gone"),
        _check("lakefs", "ref", False, missing, "repo/logs"),
        _check("lakefs", "bucket", False, "there is no such bucket", "other"),
        _check("lakefs", "ref", None, "not asked", "other/main"),
    ] == found


def test_a_store_that_says_nothing_is_soon_given_up(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, mute_port: int
) -> None:
    """A store that accepts connections and never answers holds the check up for seconds only,
    whatever the file says.
    """
    url = f"http://127.0.0.1:{mute_port}"
    mute = client("b", desk.b).replace(desk.b.options()["endpoint_url"], url)
    monkeypatch.setitem(stores._QUICK, "read_timeout", 0.5)
    desk.write(client("a", desk.a) + mute + desk.rules)

    document = desk.call(monkeypatch, "check", "--connect", "--json")

    found = [it["found"] for it in json.loads(document.output)["checks"] if it["client"] == "b"]
    assert 1 == document.status
    assert f'Read timeout on endpoint URL: "{url}/"' == found[0]


def test_credentials_that_may_list_no_buckets(monkeypatch: pytest.MonkeyPatch) -> None:
    """Credentials that may not list buckets are good where they reach the bucket they are for."""
    refused = error(403, "AccessDenied")
    denied = {
        "a": stub(lambda request: refused if request.url.endswith("/") else Answer()),
        "b": stub(refused),
    }
    factories = {name: StoreFactory(name=name, file=Path("x")) for name in denied}
    monkeypatch.setattr(stores, "_quick", lambda factory: denied[factory.name].client)
    rules_of_both = mapping(
        {"bucket_name": "xxx", "client": "a"},
        {"bucket_name": "yyy", "client": "b"},
        {"bucket_name": "*", "client": "a"},
    )

    checks = stores.ask(factories, rules_of_both)

    assert [
        ("a", "reachable", True),
        ("a", "credentials", True),
        ("a", "bucket", True),
        ("b", "reachable", True),
        ("b", "credentials", None),
        ("b", "bucket", False),
    ] == [(it.client, it.check, it.ok) for it in checks]
