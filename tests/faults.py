"""A proxy in front of a real test server that makes chosen requests fail, as networks do.

Signatures cover the Host header: a client signs for the proxy's address, and the header goes on to
the server as it came.
"""

from __future__ import annotations

import dataclasses
import http.client
import re
import socket
import struct
import threading
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from servers import Server
    from types_boto3_s3.client import S3Client

# reset: the connection breaks before the server hears of the request; lost: after it served it;
# short: midway of the answer's body; error: the answer is 500; None: the hook alone is called.
Kind = Literal["reset", "lost", "short", "error"]

FORWARD_SECONDS = 30.0

_ERROR = b"<Error><Code>InternalError</Code><Message>As the test wants it.</Message></Error>"
_BY_HOP = frozenset({"connection", "content-length", "expect", "keep-alive", "transfer-encoding"})
_AT_ONCE = struct.pack("ii", 1, 0)  # SO_LINGER: closing resets the connection


@dataclass(slots=True, kw_only=True)
class Fault:
    """What befalls the `nth` request whose name matches, and its retries too where it `lasts`."""

    matches: Callable[[str], object]
    kind: Kind | None
    nth: int = 1
    lasts: bool = False
    hook: Callable[[], object] | None = None
    struck: int = 0
    """How many requests it struck so far."""
    _seen: int = 0
    _name: str = ""

    def strikes(self, name: str) -> bool:
        """Count a request, and tell whether it is one to strike."""
        again = self.lasts and self._name == name
        if not self._name and self.matches(name):
            self._seen += 1
            if self._seen == self.nth:
                self._name = name
        strikes = again or (self._name == name and not self.struck)
        self.struck += strikes
        return strikes


class Proxy(ThreadingHTTPServer):
    """A store whose requests can be made to fail; made by `faulty`."""

    daemon_threads = False  # closing waits for them
    request_queue_size = 64

    def __init__(self, server: Server) -> None:
        self.server = server
        self.asked: list[str] = []
        """What was asked so far: method, part or range; a retry has the name of its request."""
        self.faults: list[Fault] = []
        self._lock = threading.Lock()
        self._open: set[socket.socket] = set()
        super().__init__(("127.0.0.1", 0), _Connection)
        self.url = f"http://127.0.0.1:{self.server_port}"

    def options(self, **options: Any) -> dict[str, Any]:
        """What to pass to `boto3.client("s3", …)` to reach the server through this proxy."""
        return {**self.server.options(**options), "endpoint_url": self.url}

    def client(self, **options: Any) -> S3Client:
        """A plain boto3 client of the server, through this proxy; see `Server.client`."""
        return dataclasses.replace(self.server, endpoint_url=self.url).client(**options)

    def fault_for(self, name: str) -> Fault | None:
        """Note a request, and give what shall befall it."""
        with self._lock:
            self.asked.append(name)
            return next((fault for fault in self.faults if fault.strikes(name)), None)

    def process_request(self, request: Any, client_address: Any) -> None:
        """Serve a connection in a thread of its own."""
        self._open.add(request)
        super().process_request(request, client_address)

    def close_request(self, request: Any) -> None:
        """Forget a connection."""
        self._open.discard(request)
        super().close_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that goes away midway is what these tests are about."""

    def hang_up(self) -> None:
        """End the connections that clients keep, and so their threads."""
        for connection in list(self._open):
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)


@contextmanager
def faulty(server: Server) -> Iterator[Proxy]:
    """Put a proxy in front of a server; no thread and no connection of it is left afterwards."""
    with Proxy(server) as proxy:
        thread = threading.Thread(target=proxy.serve_forever, args=(0.05,))
        thread.start()
        try:
            yield proxy
        finally:
            proxy.shutdown()
            thread.join()
            proxy.hang_up()


class _Connection(BaseHTTPRequestHandler):
    server: Proxy
    protocol_version = "HTTP/1.1"  # connections are kept, and 100-continue is answered
    disable_nagle_algorithm = True

    def log_message(self, *args: Any) -> None:
        """A test fails with what it sees, not with a log."""

    def _serve(self) -> None:
        query = "&".join(sorted(urlsplit(self.path).query.split("&")))
        query = re.sub("uploadId=[^&]*", "uploadId", query)
        name = " ".join(filter(None, (self.command, query, self.headers.get("Range"))))
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        fault = self.server.fault_for(name)
        if fault and fault.hook:
            fault.hook()
        kind = fault.kind if fault else None
        if kind == "reset":
            self._reset()
        elif kind == "error":
            self._answer(500, [("Content-Type", "application/xml")], _ERROR)
        else:
            self._forward(body, kind)

    do_GET = do_PUT = do_POST = do_DELETE = do_HEAD = _serve  # noqa: N815 - http.server's names

    def _forward(self, body: bytes, kind: Kind | None) -> None:
        address = urlsplit(self.server.server.endpoint_url).netloc
        connection = http.client.HTTPConnection(address, timeout=FORWARD_SECONDS)
        try:
            connection.putrequest(
                self.command, self.path, skip_host=True, skip_accept_encoding=True
            )
            for header, value in self.headers.items():
                if header.lower() not in _BY_HOP:
                    connection.putheader(header, value)
            connection.putheader("Content-Length", str(len(body)))
            connection.putheader("Connection", "close")
            connection.endheaders(body)
            answer = connection.getresponse()
            content = answer.read()
        except (OSError, http.client.HTTPException):
            return self._reset()
        finally:
            connection.close()
        if kind == "lost":
            return self._reset()
        return self._answer(answer.status, answer.getheaders(), content, kind)

    def _answer(
        self, status: int, headers: list[tuple[str, str]], content: bytes, kind: Kind | None = None
    ) -> None:
        length = {name.lower(): value for name, value in headers}.get("content-length")
        self.send_response_only(status)
        for name, value in headers:
            if name.lower() not in _BY_HOP:
                self.send_header(name, value)
        if self.command == "HEAD":
            content, length = b"", length or "0"
        elif status != http.HTTPStatus.NO_CONTENT:
            length = str(len(content))
        if length is not None:
            self.send_header("Content-Length", length)
        self.end_headers()
        self.wfile.write(content[: len(content) // 2] if kind == "short" else content)
        if kind == "short":
            self.close_connection = True  # a reset could overtake the half that shall arrive

    def _reset(self) -> None:
        self.close_connection = True
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _AT_ONCE)
        self.server.close_request(self.request)
