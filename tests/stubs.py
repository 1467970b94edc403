"""Stores without a network: real boto3 clients whose requests a function answers."""

from __future__ import annotations

import functools
import io
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import boto3.session
from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from botocore.config import Config

if TYPE_CHECKING:
    from types_boto3_s3.client import S3Client

_CONFIG = Config(
    s3={"addressing_style": "path"},
    signature_version="s3v4",
    retries={"mode": "standard", "total_max_attempts": 1},
)


@dataclass(frozen=True, slots=True)
class Answer:
    """What a store answers."""

    status: int = 200
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)


def error(status: int, code: str, **members: str) -> Answer:
    """What a store answers where it refuses: S3's error document."""
    members = {"Code": code, "Message": "as the store says it", **members}
    inside = "".join(f"<{name}>{value}</{name}>" for name, value in members.items())
    return Answer(status, f"<Error>{inside}</Error>".encode())


class _Raw(io.BytesIO):
    def stream(self, **kwargs: Any) -> Iterator[bytes]:
        yield self.read()


@dataclass(slots=True, kw_only=True)
class Stub:
    """A store that is a function: what was sent to it, and the client that reaches it."""

    client: S3Client
    sent: list[AWSPreparedRequest] = field(default_factory=list)

    @property
    def paths(self) -> list[str]:
        """The method and the path with its query of each request, in order."""
        parts = [(request.method, urlsplit(request.url)) for request in self.sent]
        return [
            f"{method} {url.path}{'?' if url.query else ''}{url.query}" for method, url in parts
        ]


@functools.cache
def _session(host: str) -> boto3.session.Session:
    """One session for each host, so that exception classes differ between stores."""
    return boto3.session.Session()


def options(host: str = "store.test", **given: Any) -> dict[str, Any]:
    """What to pass to `boto3.client("s3", …)` for a store that nobody reaches."""
    config = given.pop("config", None)
    return {
        "endpoint_url": f"http://{host}",
        "region_name": "us-east-1",
        "aws_access_key_id": "AKID",
        "aws_secret_access_key": "never-shown",
        "config": _CONFIG if config is None else _CONFIG.merge(config),
        **given,
    }


def stub(
    answer: Callable[[AWSPreparedRequest], Answer | Exception] | Answer | Exception | None = None,
    host: str = "store.test",
    **given: Any,
) -> Stub:
    """Make a store that gives one answer to every request, or asks a function for it."""
    made: S3Client = _session(host).client("s3", **options(host, **given))
    store = Stub(client=made)

    def reply(request: AWSPreparedRequest, **kwargs: Any) -> AWSResponse:
        store.sent.append(request)
        said = answer(request) if callable(answer) else answer or Answer()
        if isinstance(said, Exception):
            raise said
        headers = {"Content-Length": str(len(said.body)), **said.headers}
        return AWSResponse(request.url, said.status, headers, _Raw(said.body))

    made.meta.events.register("before-send.s3", reply)
    return store
