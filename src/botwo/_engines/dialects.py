"""What an engine is told of a store, in the engine's own words; a page of its manual each."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

if TYPE_CHECKING:
    from botwo._engines.reach import Reach

_PROVIDERS = "org.apache.hadoop.fs.s3a"


def object_store(reach: Reach) -> dict[str, str]:
    """Say it to the Rust crate `object_store`, which polars and delta-rs read with.

    It takes from the environment what it is not told: everything that says where a request goes or
    who signs it is said, so that variables of another store cannot change it.
    """
    said = {
        # The second name is what AWS_ENDPOINT_URL_S3 would win over the first one by.
        "aws_endpoint_url": reach.bucket_endpoint,
        "aws_endpoint_url_s3": reach.bucket_endpoint,
        "aws_region": reach.region,
        "aws_virtual_hosted_style_request": _word(reach.is_virtual),
        "aws_allow_http": _word(reach.scheme == "http"),
        "aws_skip_signature": _word(reach.access_key is None),
    }
    if reach.access_key is not None:
        said["aws_access_key_id"] = reach.access_key
        said["aws_secret_access_key"] = reach.secret_key or ""
        if reach.token:
            said["aws_session_token"] = reach.token
        elif os.environ.get("AWS_SESSION_TOKEN") or os.environ.get("AWS_TOKEN"):
            said["aws_session_token"] = (
                ""  # or the environment's, which is another store's, is sent
            )
    if reach.proxy:
        said["proxy_url"] = reach.proxy
    if reach.verify is False:
        said["allow_invalid_certificates"] = "true"
    return said


def pyarrow(reach: Reach) -> dict[str, Any]:
    """Say it to `pyarrow.fs.S3FileSystem`."""
    said: dict[str, Any] = {
        "scheme": reach.scheme,
        "endpoint_override": reach.host + reach.path,
        "region": reach.region,
        "force_virtual_addressing": reach.is_virtual,
    }
    if reach.access_key is None:
        said["anonymous"] = True
    else:
        said["access_key"] = reach.access_key
        said["secret_key"] = reach.secret_key
        if reach.token:
            said["session_token"] = reach.token
    if reach.proxy:
        said["proxy_options"] = reach.proxy
    if isinstance(reach.verify, str):
        said["tls_ca_file_path"] = reach.verify
    return said


def duckdb(reach: Reach, name: str, scope: str) -> str:
    """Say it to DuckDB's httpfs, as a statement that makes a secret for a session.

    It takes from the environment what a secret does not say, so that nothing is said, too.

    Raises:
        ConfigError: The client has a proxy: DuckDB has one for all stores.
    """
    if reach.proxy:
        mend = "DuckDB has one for all stores: SET http_proxy, and none in the client's config"
        raise reach.refusal("config.proxies", "a secret has no proxy", mend)
    said = {
        "SCOPE": _quoted(scope),
        "ENDPOINT": _quoted(reach.host + reach.path),
        "REGION": _quoted(reach.region),
        "URL_STYLE": _quoted("vhost" if reach.is_virtual else "path"),
        "USE_SSL": _word(reach.scheme == "https"),
        "KEY_ID": _quoted(reach.access_key or ""),
        "SECRET": _quoted(reach.secret_key or ""),
        "SESSION_TOKEN": _quoted(reach.token or ""),
    }
    options = ", ".join(f"{option} {value}" for option, value in said.items())
    called = '"' + name.replace('"', '""') + '"'
    return f"CREATE OR REPLACE TEMPORARY SECRET {called} (TYPE s3, PROVIDER config, {options})"


def hadoop(reach: Reach, prefix: str) -> dict[str, str]:
    """Say it to Hadoop's S3A, whose properties begin with ``fs.s3a.``, or so for one bucket.

    Raises:
        ConfigError: The endpoint has a path.
    """
    if reach.path:
        mend = "S3A takes an endpoint without a path"
        raise reach.refusal("endpoint_url", f"the path {reach.path!r}", mend)
    said = {
        "endpoint": f"{reach.scheme}://{reach.host}",
        "endpoint.region": reach.region,
        "path.style.access": _word(not reach.is_virtual),
        "connection.ssl.enabled": _word(reach.scheme == "https"),
    }
    if reach.access_key is None:
        said["aws.credentials.provider"] = f"{_PROVIDERS}.AnonymousAWSCredentialsProvider"
    else:
        kind = "Temporary" if reach.token else "Simple"
        said["aws.credentials.provider"] = f"{_PROVIDERS}.{kind}AWSCredentialsProvider"
        said["access.key"] = reach.access_key
        said["secret.key"] = reach.secret_key or ""
        if reach.token:
            said["session.token"] = reach.token
    if reach.proxy:
        said |= _hadoop_proxy(reach.proxy)
    return {prefix + name: value for name, value in said.items()}


def _hadoop_proxy(proxy: str) -> dict[str, str]:
    parts = urlsplit(proxy)
    by_tls = parts.scheme == "https"
    said = {
        "proxy.host": parts.hostname or "",
        "proxy.port": str(parts.port or (443 if by_tls else 80)),
        "proxy.ssl.enabled": _word(by_tls),
    }
    if parts.username:
        said["proxy.username"] = unquote(parts.username)
        said["proxy.password"] = unquote(parts.password or "")
    return said


def _word(is_so: bool) -> str:  # noqa: FBT001 - a word for it is all that it gives
    return "true" if is_so else "false"


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
