"""A routed client of factories travels as what it was made of, and carries no resolved secret."""

from __future__ import annotations

import concurrent.futures
import functools
import multiprocessing
import operator
import pickle
from typing import Any

import boto3
import pytest
from stubs import options, stub

import botwo

MAPPING = [
    {"bucket_name": "old", "mapped_bucket_name": "new", "key_prefix": "main/", "client": "b"},
    {"bucket_name": "*", "client": "a"},
]


# A process that knows nothing of this module can call it.
_PRESIGN = operator.methodcaller(
    "generate_presigned_url", "get_object", Params={"Bucket": "old", "Key": "x"}
)


def _factory(host: str) -> Any:
    return functools.partial(
        boto3.client, "s3", endpoint_url=f"http://{host}", region_name="us-east-1"
    )


@pytest.fixture
def credentials(monkeypatch: pytest.MonkeyPatch) -> tuple[str, str]:
    """Credentials that the environment holds, and nothing else."""
    secrets = "AKIA-of-environment", "secret-of-environment"
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", secrets[0])
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", secrets[1])
    return secrets


@pytest.fixture
def s3(credentials: tuple[str, str]) -> Any:
    """A routed client of factories."""
    return botwo.client({"a": _factory("a.test"), "b": _factory("b.test")}, MAPPING)


def _presigned(client: Any) -> str:
    url: str = _PRESIGN(client)
    return url.split("?", maxsplit=1)[0]


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_a_client_of_factories_makes_the_way_through_a_pickle(s3: Any, protocol: int) -> None:
    """What comes out of a pickle routes as what went in, by every protocol, again and again."""
    again = s3
    for _ in range(2):
        again = pickle.loads(pickle.dumps(again, protocol))

    assert repr(s3) == repr(again)
    assert _presigned(again) == "http://b.test/new/main/x"


def test_a_pickle_has_no_resolved_secret(s3: Any, credentials: tuple[str, str]) -> None:
    """Credentials that were found by a client are not in its pickle, even after it was used."""
    _presigned(s3)

    pickled = pickle.dumps(s3)

    assert not any(secret.encode() in pickled for secret in credentials)


def test_a_client_of_factories_reaches_a_spawned_process(s3: Any) -> None:
    """A process that shares nothing routes by the client that it is sent."""
    spawn = multiprocessing.get_context("spawn")
    with concurrent.futures.ProcessPoolExecutor(1, mp_context=spawn) as pool:
        url = pool.submit(_PRESIGN, s3).result(60)

    assert url.startswith("http://b.test/new/main/x?")


@pytest.mark.parametrize("live", [("a",), ("b",), ("a", "b")])
def test_a_client_over_live_clients_refuses(
    live: tuple[str, ...], credentials: tuple[str, str]
) -> None:
    """A live client cannot travel: the error says what can."""
    clients = {
        name: stub(host=f"{name}.test").client if name in live else _factory(f"{name}.test")
        for name in "ab"
    }
    s3 = botwo.client(clients, MAPPING)

    with pytest.raises(botwo.PicklingError, match=r"give botwo\.client factories"):
        pickle.dumps(s3)


def test_a_factory_that_cannot_be_pickled_says_so(credentials: tuple[str, str]) -> None:
    """A factory that pickle does not know, such as a lambda, is pickle's own error."""
    s3 = botwo.client({"a": lambda: stub().client}, [{"bucket_name": "*", "client": "a"}])

    with pytest.raises((pickle.PicklingError, AttributeError), match="lambda"):
        pickle.dumps(s3)


def test_a_pickle_is_a_specification(s3: Any) -> None:
    """A later change of the mapping changes neither the client nor its pickle."""
    mapping = [dict(entry) for entry in MAPPING]
    made = botwo.client({"a": _factory("a.test"), "b": _factory("b.test")}, mapping)

    mapping[0]["mapped_bucket_name"] = "changed"

    assert _presigned(made) == "http://b.test/new/main/x"
    assert _presigned(pickle.loads(pickle.dumps(made))) == "http://b.test/new/main/x"


def test_options_of_a_partial_reach_the_client() -> None:
    """What a partial was given, its configuration too, is there after a pickle."""
    given = {name: value for name, value in options("a.test").items() if name != "config"}
    factory = functools.partial(boto3.client, "s3", **given)
    s3 = botwo.client({"a": factory}, [{"bucket_name": "*", "client": "a"}])

    again = pickle.loads(pickle.dumps(s3))

    assert again.meta.endpoint_url == "http://a.test"
