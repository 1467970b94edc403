"""s3fs's class, routed by itself or by an install: what the suite of s3fs takes for its own.

A process that the suite starts can import it too. The suite names its server's endpoint wherever it
makes a filesystem; here the endpoint is the environment's, where the config file's own client, the
program's, finds it.
"""

from __future__ import annotations

import os
from typing import Any

import s3fs.core
from s3fs_settings import CONFIG, ENDPOINT, INSTALLED

import botwo.fsspec


def without_endpoint(options: dict[str, Any]) -> dict[str, Any]:
    """Give a filesystem's options without the server's endpoint; another one stays."""
    mine = os.environ[ENDPOINT]
    kept = {k: v for k, v in options.items() if not (k == "endpoint_url" and v == mine)}
    client_kwargs = kept.get("client_kwargs")
    if client_kwargs and client_kwargs.get("endpoint_url") == mine:
        kept["client_kwargs"] = {k: v for k, v in client_kwargs.items() if k != "endpoint_url"}
    return kept


_base: Any = s3fs.core.S3FileSystem
if INSTALLED in os.environ:
    botwo.install(os.environ[CONFIG])
    _given: dict[str, Any] = {}
else:
    _base = botwo.fsspec.S3FileSystem
    _given = {"config": os.environ[CONFIG]}


class _WithoutEndpoint(type(_base)):
    def __call__(cls, *args: Any, **options: Any) -> Any:
        return super().__call__(*args, **_given, **without_endpoint(options))


class S3FileSystem(_base, metaclass=_WithoutEndpoint):
    """s3fs's filesystem, whose every bucket is renamed and every key prefixed."""
