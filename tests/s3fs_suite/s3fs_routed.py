"""s3fs's class, routed: what the suite of s3fs, run unchanged, takes for its own.

A process that the suite starts can import it too. The suite names its server's endpoint wherever it
makes a filesystem; here the endpoint is the environment's, where the config file's own client, the
program's, finds it.
"""

from __future__ import annotations

import os
from typing import Any

import botwo.fsspec

CONFIG = "S3FS_SUITE_CONFIG"
ENDPOINT = "AWS_ENDPOINT_URL_S3"


def without_endpoint(options: dict[str, Any]) -> dict[str, Any]:
    """Give a filesystem's options without the server's endpoint; another one stays."""
    mine = os.environ[ENDPOINT]
    kept = {k: v for k, v in options.items() if not (k == "endpoint_url" and v == mine)}
    client_kwargs = kept.get("client_kwargs")
    if client_kwargs and client_kwargs.get("endpoint_url") == mine:
        kept["client_kwargs"] = {k: v for k, v in client_kwargs.items() if k != "endpoint_url"}
    return kept


class _WithoutEndpoint(type(botwo.fsspec.S3FileSystem)):
    def __call__(cls, *args: Any, **options: Any) -> Any:
        options = {"config": os.environ[CONFIG], **without_endpoint(options)}
        return super().__call__(*args, **options)


class S3FileSystem(botwo.fsspec.S3FileSystem, metaclass=_WithoutEndpoint):
    """s3fs's filesystem, whose every bucket is renamed and every key prefixed."""
