"""A routed client that was made before a fork goes on in both processes."""

from __future__ import annotations

import functools
import multiprocessing
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import boto3
import pytest
from stubs import options

import botwo

pytestmark = [
    # Python 3.12 and later warn of what is tested here: a fork beside other threads.
    pytest.mark.filterwarnings("ignore:.*multi-threaded, use of fork:DeprecationWarning"),
    pytest.mark.skipif(
        "fork" not in multiprocessing.get_all_start_methods(), reason="this platform does not fork"
    ),
]
MAPPING = [{"bucket_name": "moved", "client": "b"}, {"bucket_name": "*", "client": "a"}]


class _KeepsAlive(BaseHTTPRequestHandler):
    """A store that says over which connection it was asked."""

    protocol_version = "HTTP/1.1"

    def do_HEAD(self) -> None:
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.send_header("x-amz-meta-connection", str(self.client_address[1]))
        self.end_headers()

    def log_message(self, format: str, *args: Any) -> None:
        pass


@pytest.fixture
def endpoint() -> Iterator[str]:
    """A store of one answer that keeps its connections open."""
    with ThreadingHTTPServer(("127.0.0.1", 0), _KeepsAlive) as server:
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def _connections(s3: Any) -> list[str]:
    """The connections over which the stores of both rules are asked."""
    asked = [s3.head_object(Bucket=bucket, Key="key") for bucket in ("moved", "stays")]
    return [answer["Metadata"]["connection"] for answer in asked]


def _in_child(s3: Any, queue: Any) -> None:
    queue.put([_connections(s3), _connections(s3)])


@pytest.mark.parametrize("kind", ["factories", "live"])
def test_no_connection_is_shared_with_a_forked_process(endpoint: str, kind: str) -> None:
    """The child opens connections of its own and keeps them, and the parent keeps the first."""
    given = options(endpoint_url=endpoint)
    factory: Any = functools.partial(boto3.client, "s3", **given)
    clients = {name: factory if kind == "factories" else factory() for name in "ab"}
    s3: Any = botwo.client(clients, MAPPING)
    before = _connections(s3)
    context = multiprocessing.get_context("fork")
    queue = context.Queue()

    child = context.Process(target=_in_child, args=(s3, queue))
    child.start()
    first, second = queue.get(timeout=30)
    child.join(30)

    assert before == _connections(s3)
    assert first == second
    assert not set(first) & set(before)
    s3.close()


def _make_in_child(s3: Any, queue: Any) -> None:
    queue.put(type(s3._botwo_stores["b"]).__name__)


@pytest.mark.filterwarnings("ignore:.*multi-threaded.*:DeprecationWarning")  # that is the case here
def test_a_lock_that_the_parent_holds_is_not_the_childs(endpoint: str) -> None:
    """A process that is forked while a thread makes a client can make it too."""
    held, release = threading.Event(), threading.Event()
    parent = threading.get_ident()

    def slow() -> Any:
        if threading.get_ident() != parent:
            held.set()
            release.wait(30)
        return boto3.client("s3", **options(endpoint_url=endpoint))

    fast = functools.partial(boto3.client, "s3", **options(endpoint_url=endpoint))
    s3: Any = botwo.client({"a": fast, "b": slow}, MAPPING)
    thread = threading.Thread(target=s3._botwo_stores.__getitem__, args=("b",))
    thread.start()
    held.wait(30)
    context = multiprocessing.get_context("fork")
    queue = context.Queue()

    child = context.Process(target=_make_in_child, args=(s3, queue))
    child.start()
    made = queue.get(timeout=30)
    release.set()
    thread.join()
    child.join(30)

    assert "S3" == made
    s3.close()


def test_one_store_does_not_wait_for_another(endpoint: str) -> None:
    """While one store's client takes long to make, another's is made."""
    begun, release = threading.Event(), threading.Event()

    def slow() -> Any:
        begun.set()
        release.wait(30)
        return boto3.client("s3", **options(endpoint_url=endpoint))

    fast = functools.partial(boto3.client, "s3", **options(endpoint_url=endpoint))
    mapping = [{"bucket_name": "other", "client": "c"}, *MAPPING]
    s3: Any = botwo.client({"a": fast, "b": slow, "c": fast}, mapping)
    thread = threading.Thread(target=s3._botwo_stores.__getitem__, args=("b",))
    thread.start()
    begun.wait(30)

    made = s3._botwo_stores["c"]
    release.set()
    thread.join()

    assert "S3" == type(made).__name__
    s3.close()
