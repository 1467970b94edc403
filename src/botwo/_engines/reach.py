"""How a store is reached, as its own client reaches it: endpoint, region, credentials, proxy."""

from __future__ import annotations

import inspect
from typing import Any, Literal
from urllib.parse import urlsplit
from urllib.request import getproxies

import msgspec

from botwo._errors import ConfigError, Problem

# Signature Version 2, which no engine knows.
_SIGNATURE_2 = ("s3", "s3-query")


class Reach(msgspec.Struct, frozen=True, kw_only=True):
    """Where a bucket of a store is, and who asks; its repr has no secret."""

    client: str
    """The client's name."""
    bucket: str
    """The bucket at the store."""
    scheme: Literal["http", "https"]
    host: str
    """With the port where there is one, and without the bucket."""
    path: str
    """What comes before the bucket, ``"/gateway"``; nearly always nothing."""
    is_virtual: bool
    """Whether the bucket stands in the host's name, not in the path."""
    region: str
    access_key: str | None
    """None, like the other two, where requests are not signed."""
    secret_key: str | None
    token: str | None
    proxy: str | None
    verify: bool | str
    """As in `boto3.client`: whether to check certificates, or those that are trusted."""

    def __repr__(self) -> str:
        """Say where, not who."""
        return f"Reach(client={self.client!r}, endpoint={self.endpoint!r})"

    def __rich_repr__(self) -> list[tuple[str, Any]]:
        return [("client", self.client), ("endpoint", self.endpoint)]

    @property
    def endpoint(self) -> str:
        """The endpoint's URL, without the bucket."""
        return f"{self.scheme}://{self.host}{self.path}"

    @property
    def bucket_endpoint(self) -> str:
        """The endpoint's URL, with the bucket where that stands in the host's name."""
        bucket = f"{self.bucket}." if self.is_virtual else ""
        return f"{self.scheme}://{bucket}{self.host}{self.path}"

    def refusal(self, setting: str, found: str, mend: str) -> ConfigError:
        """Make the error that says that the engine cannot be told a setting."""
        return _refusal(self.client, setting, found, mend)


def reach(store: Any, client: str, bucket: str) -> Reach:
    """Ask a store's client how it reaches a bucket; it sends nothing to the store.

    Credentials that are refreshed are fresh then.

    Args:
        store: The client: botocore's, not a routed one.
        client: Its name.
        bucket: The bucket at the store.

    Raises:
        ConfigError: The client does what no engine can be told.
        NoCredentialsError: It signs, and finds no credentials.
    """
    if inspect.iscoroutinefunction(getattr(type(store), "_make_api_call", None)):
        raise TypeError(f"the client {client!r} is asynchronous: give a client of boto3")
    endpoint, region = _endpoint(store, bucket)
    scheme, host, path, is_virtual = _parted(endpoint, client, bucket)
    _check(store, client)
    key, secret, token = _credentials(store, bucket)
    return Reach(
        client=client,
        bucket=bucket,
        scheme="http" if scheme == "http" else "https",
        host=host,
        path=path,
        is_virtual=is_virtual,
        region=region,
        access_key=key,
        secret_key=secret,
        token=token,
        proxy=_proxy(store, client, scheme),
        verify=store._endpoint.http_session._verify,
    )


def _endpoint(store: Any, bucket: str) -> tuple[str, str]:
    """Give the URL of the bucket and the region that is signed for.

    The same rules decide here as for the client's requests: addressing styles, accelerated,
    dual-stack and FIPS endpoints, and bucket names that no host can have.
    """
    model = store.meta.service_model.operation_model("GetObject")
    context: dict[str, Any] = {}
    url, _, _ = store._resolve_endpoint_ruleset(model, {"Bucket": bucket, "Key": "x"}, context)
    return url, context.get("signing", {}).get("region") or store.meta.region_name


def _parted(endpoint: str, client: str, bucket: str) -> tuple[str, str, str, bool]:
    parts = urlsplit(endpoint)
    path = parts.path.rstrip("/")
    if path.endswith(f"/{bucket}"):
        return parts.scheme, parts.netloc, path.removesuffix(f"/{bucket}"), False
    if parts.netloc.startswith(f"{bucket}."):
        return parts.scheme, parts.netloc.removeprefix(f"{bucket}."), path, True
    found = f"it reaches the bucket {bucket!r} by a name that an engine cannot be told"
    raise _refusal(client, "", found, "give mapped_bucket_name the name of a bucket")


def _check(store: Any, client: str) -> None:
    config = store.meta.config
    if config.signature_version in _SIGNATURE_2:
        mend = "engines know Signature Version 4 alone: 's3v4'"
        raise _refusal(client, "config.signature_version", repr(config.signature_version), mend)
    for setting in ("client_cert", "proxies_config"):
        if getattr(config, setting):
            mend = "no engine can be told it; read through the routed client"
            raise _refusal(client, f"config.{setting}", "is set", mend)


def _credentials(store: Any, bucket: str) -> tuple[str | None, str | None, str | None]:
    # Whatever leaves requests unsigned, the config or a handler, leaves this URL unsigned too.
    asked = {"Bucket": bucket, "Key": "x"}
    if not urlsplit(store.generate_presigned_url("get_object", Params=asked)).query:
        return None, None, None
    found = store._get_credentials().get_frozen_credentials()
    return found.access_key, found.secret_key, found.token


def _proxy(store: Any, client: str, scheme: str) -> str | None:
    """Give the proxy of the client's own config; the environment's are the engine's too."""
    proxies = store.meta.config.proxies
    if proxies is None:
        return None
    proxy: str | None = proxies.get(scheme)
    if proxy:
        return proxy if "://" in proxy else f"http://{proxy}"
    if scheme in getproxies():
        mend = "an engine would take the environment's proxy: say there that it takes none"
        raise _refusal(client, "config.proxies", f"no proxy for {scheme}", mend)
    return None


def _refusal(client: str, setting: str, found: str, mend: str) -> ConfigError:
    place = f"clients[{client!r}]" + (f".{setting}" if setting else "")
    return ConfigError([Problem(place=place, found=found, mend=mend)])
