"""How a store's client reaches its store is how an engine is told to."""

from __future__ import annotations

import datetime
import itertools
from typing import Any

import boto3
import pytest
from botocore import UNSIGNED
from botocore.awsrequest import AWSResponse
from botocore.config import Config
from botocore.credentials import RefreshableCredentials
from botocore.exceptions import NoCredentialsError
from botocore.handlers import disable_signing

import botwo
from botwo._engines.reach import reach

KEYS = {"aws_access_key_id": "k", "aws_secret_access_key": "s"}


_SESSION = boto3.session.Session()


def client(**options: Any) -> Any:
    """Make a client, by a session that has read the service's model already."""
    options = {"region_name": "us-east-1", **KEYS, **options}
    return _SESSION.client("s3", **options)


def requested(store: Any, bucket: str) -> Any:
    """Give the request that the client would send for an object."""
    sent = []

    def instead(request: Any, **_: Any) -> AWSResponse:
        sent.append(request)
        return AWSResponse(request.url, 404, {}, None)

    store.meta.events.register("before-send.s3.GetObject", instead)
    with pytest.raises((store.exceptions.ClientError, AttributeError)):
        store.get_object(Bucket=bucket, Key="x")
    return sent[0]


CUSTOM = {"endpoint_url": "https://store.example.com:8443"}
VIRTUAL = {"addressing_style": "virtual"}


@pytest.mark.parametrize("bucket", ["data", "my.data", "My_Data"])
@pytest.mark.parametrize(
    "options",
    [
        {},
        {"region_name": None},
        {"region_name": "eu-west-1"},
        {"region_name": "cn-north-1"},
        {"use_ssl": False},
        {"config": Config(s3={"addressing_style": "path"})},
        {"config": Config(s3=VIRTUAL)},
        {"config": Config(s3={"us_east_1_regional_endpoint": "regional"})},
        {"config": Config(use_dualstack_endpoint=True)},
        {"config": Config(use_fips_endpoint=True)},
        {"config": Config(signature_version=UNSIGNED)},
        CUSTOM,
        {**CUSTOM, "region_name": None},
        {**CUSTOM, "region_name": "garage", "config": Config(s3=VIRTUAL)},
        {"endpoint_url": "http://127.0.0.1:9000"},
        {"endpoint_url": "http://[::1]:9000"},
        {"endpoint_url": "http://store.example.com/gate/way/"},
    ],
    ids=str,
)
def test_an_engine_is_sent_where_the_client_goes(options: dict[str, Any], bucket: str) -> None:
    """Endpoint, addressing style, region and signature are those of the client's own requests."""
    assert_told_as_requested(options, bucket)


def test_an_accelerated_endpoint_is_told() -> None:
    """The accelerated endpoint of a client is the engine's too."""
    assert_told_as_requested({"config": Config(s3={"use_accelerate_endpoint": True})}, "data")


def assert_told_as_requested(options: dict[str, Any], bucket: str) -> None:
    """Compare what an engine is told with a request that the client makes."""
    store = client(**options)
    request = requested(store, bucket)

    told = reach(store, "s3", bucket)

    in_path = "" if told.is_virtual else f"/{bucket}"
    assert request.url == f"{told.bucket_endpoint}{in_path}/x"
    authorization = request.headers.get("Authorization", b"").decode()
    assert bool(authorization) == (told.access_key is not None)
    assert not authorization or f"/{told.region}/s3/" in authorization


def test_credentials_are_taken_when_they_are_asked_for() -> None:
    """Credentials that are refreshed are resolved anew with each attribute that needs them."""
    counted = itertools.count(1)

    def refresh() -> dict[str, str]:
        expired = datetime.datetime.now(datetime.UTC)
        number = next(counted)
        return {"access_key": f"key {number}", "secret_key": "s", "token": f"token {number}",
                "expiry_time": (expired + datetime.timedelta(seconds=60)).isoformat()}  # fmt: skip

    store = client()
    short = RefreshableCredentials.create_from_metadata(refresh(), refresh, "sts-assume-role")
    store._request_signer._credentials = short
    s3 = botwo.client({"s3": store}, [{"bucket_name": "*", "client": "s3"}])
    where = botwo.storage_options("s3://data/x", s3)

    first, second = where.object_store, where.object_store

    assert first["aws_access_key_id"] != second["aws_access_key_id"]
    assert first["aws_session_token"] == first["aws_access_key_id"].replace("key", "token")


def test_a_handler_that_leaves_requests_unsigned_counts() -> None:
    """The idiom for public buckets gives no credentials to the engine."""
    store = client()
    store.meta.events.register("choose-signer.s3.*", disable_signing)

    told = reach(store, "s3", "data")

    assert (None, None, None) == (told.access_key, told.secret_key, told.token)


def test_missing_credentials_are_told_as_the_client_tells_them() -> None:
    """A client that signs and has nothing to sign with raises botocore's own error."""
    store = boto3.session.Session().client("s3", region_name="us-east-1")

    with pytest.raises(NoCredentialsError):
        reach(store, "s3", "data")


@pytest.mark.parametrize(
    ("setting", "options"),
    [
        ("config.signature_version", {"signature_version": "s3"}),
        ("config.client_cert", {"client_cert": "/cert.pem"}),
        ("config.proxies_config", {"proxies_config": {"proxy_ca_bundle": "/ca.pem"}}),
    ],
)
def test_what_no_engine_can_be_told_is_refused(setting: str, options: dict[str, Any]) -> None:
    """A setting that would be lost raises an error that names it."""
    store = client(config=Config(**options))

    with pytest.raises(botwo.ConfigError) as caught:
        reach(store, "lakefs", "data")

    assert [f"clients['lakefs'].{setting}"] == [each.place for each in caught.value.problems]


def test_an_access_point_is_no_bucket() -> None:
    """A name that the client turns into another host is refused."""
    arn = "arn:aws:s3:us-east-1:123456789012:accesspoint/x"

    with pytest.raises(botwo.ConfigError, match="a name that an engine cannot be told"):
        reach(client(), "s3", arn)


@pytest.mark.parametrize(
    ("proxies", "told"),
    [
        ({"https": "http://user:word@proxy.example:3128"}, "http://user:word@proxy.example:3128"),
        ({"https": "proxy.example:3128"}, "http://proxy.example:3128"),
        ({"http": "proxy.example:3128"}, None),
        ({}, None),
        (None, None),
    ],
)
def test_a_proxy_of_the_clients_config_is_told(proxies: Any, told: str | None) -> None:
    """The proxy for the endpoint's scheme is the engine's too."""
    assert told == reach(client(config=Config(proxies=proxies)), "s3", "data").proxy


def test_no_proxy_cannot_be_told_where_the_environment_has_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A client that goes without the environment's proxy is refused: an engine would take it."""
    monkeypatch.setenv("https_proxy", "http://proxy.example:3128")
    monkeypatch.delenv("HTTPS_PROXY", raising=False)

    assert reach(client(), "s3", "data").proxy is None
    with pytest.raises(botwo.ConfigError, match="say there that it takes none"):
        reach(client(config=Config(proxies={})), "s3", "data")


@pytest.mark.parametrize("verify", [True, False, "/ca.pem"])
def test_certificates_are_checked_as_the_client_checks_them(verify: bool | str) -> None:
    """What `verify` says is known of a client, by whichever way it was said."""
    assert verify == reach(client(verify=verify), "s3", "data").verify


def test_the_environments_certificates_are_the_clients(monkeypatch: pytest.MonkeyPatch) -> None:
    """AWS_CA_BUNDLE counts as `verify` does."""
    monkeypatch.setenv("AWS_CA_BUNDLE", "/bundle.pem")

    assert "/bundle.pem" == reach(client(), "s3", "data").verify


def test_an_asynchronous_client_is_refused() -> None:
    """Its credentials come asynchronously: a client of boto3 is asked for."""

    class AioClient:
        async def _make_api_call(self) -> None: ...

    with pytest.raises(TypeError, match="asynchronous"):
        reach(AioClient(), "s3", "data")
