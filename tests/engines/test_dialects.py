"""What each engine is told of a store, in its own words."""

from __future__ import annotations

from typing import Any

import pytest

import botwo
from botwo._engines import dialects
from botwo._engines.reach import Reach

LAKEFS = {
    "client": "lakefs",
    "bucket": "repo",
    "scheme": "https",
    "host": "lakefs.example.com",
    "path": "",
    "is_virtual": False,
    "region": "us-east-1",
    "access_key": "key",
    "secret_key": "se'cret",
    "token": None,
    "proxy": None,
    "verify": True,
}
AWS = {
    "client": "s3",
    "bucket": "data",
    "host": "s3.eu-west-1.amazonaws.com",
    "is_virtual": True,
    "region": "eu-west-1",
    "token": "to/ken",
}
UNSIGNED: dict[str, Any] = {"access_key": None, "secret_key": None}
PROXY = {"proxy": "http://us%40er:word@proxy.example:3128"}


def told(**changed: Any) -> Reach:
    """Say how lakeFS is reached, with some of it changed."""
    return Reach(**{**LAKEFS, **changed})


def test_object_store_is_told_all_that_it_would_take_from_the_environment() -> None:
    """Endpoint by both its names, region, style, signing and credentials are said."""
    assert {
        "aws_endpoint_url": "https://lakefs.example.com",
        "aws_endpoint_url_s3": "https://lakefs.example.com",
        "aws_region": "us-east-1",
        "aws_virtual_hosted_style_request": "false",
        "aws_allow_http": "false",
        "aws_skip_signature": "false",
        "aws_access_key_id": "key",
        "aws_secret_access_key": "se'cret",
    } == dialects.object_store(told())


def test_object_store_has_the_bucket_in_a_virtual_hosts_name() -> None:
    """What the Rust crate calls the endpoint has the bucket in it where that is the style."""
    found = dialects.object_store(told(**AWS))

    assert "https://data.s3.eu-west-1.amazonaws.com" == found["aws_endpoint_url"]
    assert "true" == found["aws_virtual_hosted_style_request"]
    assert "to/ken" == found["aws_session_token"]


@pytest.mark.parametrize("variable", ["AWS_SESSION_TOKEN", "AWS_TOKEN"])
def test_object_store_gets_no_token_of_the_environment(
    monkeypatch: pytest.MonkeyPatch, variable: str
) -> None:
    """Where the environment has a token and the store none, an empty one is said."""
    monkeypatch.setenv(variable, "of another store")

    assert "" == dialects.object_store(told())["aws_session_token"]
    assert "to/ken" == dialects.object_store(told(**AWS))["aws_session_token"]
    assert "aws_session_token" not in dialects.object_store(told(**UNSIGNED))


def test_object_store_is_told_the_rest() -> None:
    """A plain connection, no signature, a proxy and unchecked certificates have their names."""
    found = dialects.object_store(told(**UNSIGNED, **PROXY, scheme="http", verify=False))

    assert ("true", "true") == (found["aws_allow_http"], found["aws_skip_signature"])
    assert PROXY["proxy"] == found["proxy_url"]
    assert "true" == found["allow_invalid_certificates"]
    assert not [name for name in found if "key" in name]


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({}, {"access_key": "key", "secret_key": "se'cret"}),
        (AWS, {"session_token": "to/ken", "force_virtual_addressing": True}),
        (UNSIGNED, {"anonymous": True}),
        ({"scheme": "http", "host": "h:9", "path": "/gate"}, {"endpoint_override": "h:9/gate"}),
        (PROXY, {"proxy_options": PROXY["proxy"]}),
        ({"verify": "/ca.pem"}, {"tls_ca_file_path": "/ca.pem"}),
    ],
)
def test_pyarrow_is_told_in_its_arguments(
    changed: dict[str, Any], expected: dict[str, Any]
) -> None:
    """`S3FileSystem` takes scheme and endpoint apart, and certificates of its own."""
    found = dialects.pyarrow(told(**changed))

    assert expected == {name: found[name] for name in expected}
    assert changed.get("scheme", "https") == found["scheme"]


def test_duckdb_is_told_in_a_statement() -> None:
    """The secret is for its scope, lasts as long as the session, and its texts are quoted."""
    assert (
        'CREATE OR REPLACE TEMPORARY SECRET "my ""lake""" (TYPE s3, PROVIDER config, '
        "SCOPE 's3://repo/it''s/', ENDPOINT 'lakefs.example.com', REGION 'us-east-1', "
        "URL_STYLE 'path', USE_SSL true, KEY_ID 'key', SECRET 'se''cret', SESSION_TOKEN '')"
    ) == dialects.duckdb(told(), 'my "lake"', "s3://repo/it's/")


def test_duckdb_is_told_the_rest() -> None:
    """Virtual hosts, tokens, plain connections and no signature have their words."""
    virtual = dialects.duckdb(told(**AWS), "x", "s3://data/")
    unsigned = dialects.duckdb(told(**UNSIGNED, scheme="http"), "x", "s3://repo/")

    assert "URL_STYLE 'vhost'" in virtual
    assert "SESSION_TOKEN 'to/ken'" in virtual
    assert unsigned.endswith("USE_SSL false, KEY_ID '', SECRET '', SESSION_TOKEN '')")


def test_hadoop_is_told_in_properties() -> None:
    """Each bucket has its own endpoint, region, style and credentials."""
    prefix = "fs.s3a.bucket.repo."

    assert {
        f"{prefix}endpoint": "https://lakefs.example.com",
        f"{prefix}endpoint.region": "us-east-1",
        f"{prefix}path.style.access": "true",
        f"{prefix}connection.ssl.enabled": "true",
        f"{prefix}aws.credentials.provider": (
            "org.apache.hadoop.fs.s3a.SimpleAWSCredentialsProvider"
        ),
        f"{prefix}access.key": "key",
        f"{prefix}secret.key": "se'cret",
    } == dialects.hadoop(told(), prefix)


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        (AWS, {"session.token": "to/ken", "path.style.access": "false"}),
        (AWS, {"aws.credentials.provider": "Temporary"}),
        (UNSIGNED, {"aws.credentials.provider": "Anonymous"}),
        ({"scheme": "http"}, {"endpoint": "http://", "connection.ssl.enabled": "false"}),
        (PROXY, {"proxy.host": "proxy.example", "proxy.port": "3128", "proxy.username": "us@er",
                 "proxy.password": "word", "proxy.ssl.enabled": "false"}),
        ({"proxy": "https://p"}, {"proxy.port": "443", "proxy.ssl.enabled": "true"}),
        ({"proxy": "http://p"}, {"proxy.port": "80"}),
    ],
)  # fmt: skip
def test_hadoop_is_told_the_rest(changed: dict[str, Any], expected: dict[str, str]) -> None:
    """Tokens, no signature, plain connections and proxies have their properties."""
    found = dialects.hadoop(told(**changed), "")

    assert [] == [name for name, value in expected.items() if value not in found[name]]


def test_what_an_engine_cannot_be_told_is_refused() -> None:
    """A proxy for one store of DuckDB and an endpoint's path for S3A raise, naming the client."""
    with pytest.raises(botwo.ConfigError, match="SET http_proxy") as by_duckdb:
        dialects.duckdb(told(**PROXY), "x", "s3://repo/")
    with pytest.raises(botwo.ConfigError, match="without a path") as by_hadoop:
        dialects.hadoop(told(path="/gate"), "")

    problems = [*by_duckdb.value.problems, *by_hadoop.value.problems]
    assert [
        "clients['lakefs'].config.proxies",
        "clients['lakefs'].endpoint_url",
    ] == [each.place for each in problems]
    assert "word" not in str(by_duckdb.value)
