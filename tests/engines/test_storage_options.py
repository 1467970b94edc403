"""Where a URL goes, which URLs are refused, and that secrets stay where they are."""

from __future__ import annotations

import copy
import pickle
from pathlib import Path
from typing import Any

import boto3
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

import botwo
from botwo._client import read_rules
from botwo._routed import Routed

KEYS = {"aws_access_key_id": "AKIDOFSTORE", "aws_secret_access_key": "secretofstore"}
MAPPING = [
    {"bucket_name": "bucket-a", "client": "lakefs", "key_prefix": "dev/"},
    {"bucket_name": "old", "client": "lakefs", "mapped_bucket_name": "repo", "key_prefix": "main/"},
    {"bucket_name": "split", "source_prefix": "moved/", "client": "lakefs",
     "mapped_bucket_name": "repo", "key_prefix": "split/"},
    {"bucket_name": "split", "source_prefix": "cut/", "client": "lakefs",
     "mapped_bucket_name": "cut-repo", "key_prefix": "main/", "strip_source_prefix": True},
    {"bucket_name": "odd", "client": "lakefs", "key_prefix": "[x]/"},
    {"bucket_name": "point", "client": "s3",
     "mapped_bucket_name": "arn:aws:s3:us-east-1:123456789012:accesspoint/x"},
    {"bucket_name": "express", "client": "s3", "mapped_bucket_name": "a--use1-az5--x-s3"},
    {"bucket_name": "*", "client": "s3"},
]  # fmt: skip
FILE = """
[clients.lakefs]
endpoint_url = "https://{host}"
region_name = "us-east-1"
aws_access_key_id = "AKIDOFSTORE"
aws_secret_access_key = "${{STORE_SECRET}}"

[clients.s3]
application = true

[[mapping]]
bucket_name = "bucket-a"
client = "lakefs"
key_prefix = "dev/"

[[mapping]]
bucket_name = "*"
client = "s3"
"""
_SESSION = boto3.session.Session(region_name="us-east-1", **KEYS)
_STORES = {
    "s3": _SESSION.client("s3"),
    "lakefs": _SESSION.client("s3", endpoint_url="https://lakefs.example.com"),
}


@pytest.fixture
def s3() -> Any:
    """A routed client over two stores that nobody asks anything."""
    return routed(MAPPING)


def routed(mapping: list[dict[str, Any]]) -> Any:
    """Make a routed client over two stores; making a plain one takes long."""
    return botwo.client(_STORES, mapping)


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A config file in the current folder."""
    monkeypatch.setenv("STORE_SECRET", "secretofstore")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    monkeypatch.chdir(tmp_path)
    file = tmp_path / "botwo.toml"
    file.write_text(FILE.format(host="lakefs.example.com"))
    return file


@pytest.mark.parametrize(
    ("url", "client", "mapped"),
    [
        ("s3://bucket-a/x", "lakefs", "s3://bucket-a/dev/x"),
        ("s3://bucket-a", "lakefs", "s3://bucket-a/dev/"),
        ("s3://bucket-a/", "lakefs", "s3://bucket-a/dev/"),
        ("s3://bucket-a/t/", "lakefs", "s3://bucket-a/dev/t/"),
        ("s3://bucket-a/t/*.parquet", "lakefs", "s3://bucket-a/dev/t/*.parquet"),
        ("s3://bucket-a/**/x", "lakefs", "s3://bucket-a/dev/**/x"),
        ("s3a://old/x y/é%20#z", "lakefs", "s3a://repo/main/x y/é%20#z"),
        ("s3n://other/x", "s3", "s3n://other/x"),
        ("s3://other//x", "s3", "s3://other//x"),
        ("s3://split/moved/x", "lakefs", "s3://repo/split/moved/x"),
        ("s3://split/moved/", "lakefs", "s3://repo/split/moved/"),
        ("s3://split/moved/*", "lakefs", "s3://repo/split/moved/*"),
        ("s3://split/cut/t", "lakefs", "s3://cut-repo/main/t"),
        ("s3://split/cut/", "lakefs", "s3://cut-repo/main/"),
        ("s3://split/stayed", "s3", "s3://split/stayed"),
        ("s3://split/stayed/*", "s3", "s3://split/stayed/*"),
    ],
)
def test_a_url_gets_the_names_that_the_store_has(
    s3: Any, url: str, client: str, mapped: str
) -> None:
    """An object, a folder and a pattern go where the mapping takes the keys that they name."""
    where = botwo.storage_options(url, s3)

    assert (client, mapped) == (where.client, where.url)
    assert mapped.partition("://")[2] == where.path


@pytest.mark.parametrize(
    "url",
    [
        "s3://split",
        "s3://split/",
        "s3://split/*",
        "s3://split/**/x.parquet",
        "s3://split/m*",
        "s3://split/[cm]*/x",
        "s3://split/{moved,stayed}/x",
        "s3://split/?",
    ],
)
def test_keys_in_several_stores_are_refused(s3: Any, url: str) -> None:
    """A folder or pattern over several routes raises an error that names them, not a part of it."""
    with pytest.raises(botwo.RoutingError, match="reads one store") as caught:
        botwo.storage_options(url, s3)

    assert {"lakefs", "s3"} <= {route.client for route in caught.value.routes}  # type: ignore[attr-defined]
    assert all(str(route) in str(caught.value) for route in caught.value.routes)


def test_a_folder_without_its_slash_is_refused_where_the_object_lies_elsewhere(s3: Any) -> None:
    """What is an object of one store and a folder of another one has to say which is meant."""
    with pytest.raises(botwo.RoutingError, match="'s3://split/moved/' if the keys below") as caught:
        botwo.storage_options("s3://split/moved", s3)

    assert {"lakefs", "s3"} == {route.client for route in caught.value.routes}  # type: ignore[attr-defined]


_PARTS = st.lists(st.sampled_from(["a", "b", "c"]), max_size=3)


@given(
    prefixes=st.lists(_PARTS.map(lambda parts: "".join(f"{part}/" for part in parts)), max_size=4),
    strip=st.booleans(),
    url=_PARTS.map("/".join),
    end=st.sampled_from(["", "/", "/*", "*"]),
    below=_PARTS.map("/".join),
)
def test_every_key_that_a_url_names_is_where_it_says(
    prefixes: list[str], strip: bool, url: str, end: str, below: str
) -> None:
    """Whatever the rules, a key under an accepted URL lies in its store, under the URL it gave."""
    mapping: list[dict[str, Any]] = [
        {"bucket_name": "b", "source_prefix": prefix, "client": "lakefs", "key_prefix": f"{n}/",
         "mapped_bucket_name": "r", "strip_source_prefix": strip}
        for n, prefix in enumerate(dict.fromkeys(filter(None, prefixes)))
    ]  # fmt: skip
    mapping.append({"bucket_name": "other", "client": "lakefs"})
    mapping.append({"bucket_name": "*", "client": "s3"})
    try:
        rules = read_rules(dict.fromkeys(["lakefs", "s3"], boto3.client), mapping)
    except botwo.ConfigError:
        assume(False)
    literal = url + end.removesuffix("*")
    separator = "" if end.endswith("*") or literal.endswith("/") or not literal else "/"
    key = literal + separator + below

    try:
        where = botwo.storage_options(f"s3://b/{url}{end}", botwo.client(_STORES, mapping))
    except botwo.RoutingError:
        assume(False)

    route = rules.route("b", key)
    assert where.client == route.client
    mapped = where.url.removesuffix("*")
    assert f"s3://{route.mapped_bucket}/{route.mapped_key(key)}" == mapped + separator + below


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("s3://odd/x", "pattern"),
        ("s3://point/x", "ARN"),
        ("s3://express/x", "directory bucket"),
        ("s3://bucket-a/a/../x", "steps between folders"),
        ("s3://bucket-a/./x", "steps between folders"),
    ],
)
def test_names_that_engines_take_for_others_are_refused(s3: Any, url: str, why: str) -> None:
    """A name that an engine would read as another one, or cannot sign for, raises an error."""
    with pytest.raises(botwo.RoutingError, match=why):
        botwo.storage_options(url, s3)


@pytest.mark.parametrize(
    ("url", "found"),
    [
        ("https://bucket-a.s3.amazonaws.com/x?X-Amz-Signature=feed", "one of https://"),
        ("gs://bucket-a/x", "one of gs://"),
        ("/data/x.parquet", "no URL"),
        ("s3://", "one of s3://"),
        ("s3:///x", "one of s3://"),
        ("S3://bucket-a/x", "one of S3://"),
        ("s3://bucket-*/x", "a pattern cannot name buckets"),
    ],
)
def test_other_urls_are_refused(s3: Any, url: str, found: str) -> None:
    """What is no S3 URL raises a ValueError that shows nothing of it but its scheme."""
    with pytest.raises(ValueError, match=found) as caught:
        botwo.storage_options(url, s3)

    assert "feed" not in str(caught.value)


def test_only_a_text_is_a_url(s3: Any) -> None:
    """A path or bytes raise a TypeError."""
    with pytest.raises(TypeError, match="expected a URL, got a PosixPath"):
        botwo.storage_options(Path("/x"), s3)  # type: ignore[arg-type]


def test_what_is_installed_is_taken_before_what_is_found(
    file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without a client the installed config rules, and else the file that botwo.load finds."""
    other = tmp_path / "installed.toml"
    other.write_text(FILE.format(host="installed.example.com"))

    found = botwo.storage_options("s3://bucket-a/x")
    botwo.install(other)
    monkeypatch.setenv("BOTWO_CONFIG", str(file))  # as a program may do
    try:
        installed = botwo.storage_options("s3://bucket-a/x")
    finally:
        botwo.uninstall()

    assert "https://lakefs.example.com" == found.object_store["aws_endpoint_url"]
    assert "https://installed.example.com" == installed.object_store["aws_endpoint_url"]


def test_a_config_a_file_a_client_and_a_resource_are_as_good(file: Path) -> None:
    """All that describes a mapping gives the same options."""
    config = botwo.load(file)
    described = [config, file, str(file), config.client(), config.resource()]

    found = [botwo.storage_options("s3://bucket-a/x", s3) for s3 in described]

    assert {"s3://bucket-a/dev/x"} == {where.url for where in found}
    assert {"secretofstore"} == {where.object_store["aws_secret_access_key"] for where in found}


def test_only_the_store_that_is_asked_for_is_made(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The secret of another store is not looked for."""
    config = botwo.load(file)
    monkeypatch.delenv("STORE_SECRET")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "own")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")

    where = botwo.storage_options("s3://other/x", config)

    assert "own" == where.object_store["aws_access_key_id"]


def test_a_warning_of_the_file_points_at_the_caller(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the file allows and probably does not mean is told of the line that asked."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "own")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    file.write_text(file.read_text() + '\n[clients.unused]\nendpoint_url = "https://x.example"\n')

    with pytest.warns(botwo.ConfigWarning, match="no rule uses the client 'unused'") as caught:
        botwo.storage_options("s3://bucket-a/x")
    with pytest.warns(botwo.ConfigWarning) as caught_too:
        botwo.routerfs_options(file)

    assert {__file__} == {warning.filename for warning in [*caught, *caught_too]}


@pytest.mark.parametrize("s3", [boto3, object(), 7, {}], ids=lambda s3: type(s3).__name__)
def test_anything_else_is_told_to_be_no_mapping(s3: Any) -> None:
    """What routes nothing raises a TypeError."""
    with pytest.raises(TypeError, match="expected a routed client"):
        botwo.storage_options("s3://bucket-a/x", s3)


def test_a_plain_client_has_no_mapping() -> None:
    """A client that botwo did not make raises a TypeError."""
    with pytest.raises(TypeError, match="expected a routed client"):
        botwo.storage_options("s3://bucket-a/x", _STORES["s3"])


def test_an_asynchronous_routed_client_is_refused() -> None:
    """A routed client of an event loop cannot give credentials here and now."""

    class AsyncRouted(Routed):
        """What `botwo.aio.client` makes is one."""

    with pytest.raises(TypeError, match="asynchronous client's credentials come later"):
        botwo.storage_options("s3://bucket-a/x", object.__new__(AsyncRouted))


def test_a_routed_client_may_be_a_store_of_another() -> None:
    """Both mappings are applied, and the outer one's client is named."""
    inner = routed(MAPPING)
    outer = botwo.client(
        {"all": inner},
        [
            {"bucket_name": "mine", "client": "all", "mapped_bucket_name": "bucket-a"},
            {"bucket_name": "*", "client": "all"},
        ],
    )

    where = botwo.storage_options("s3://mine/x", outer)

    assert ("all", "s3://bucket-a/dev/x") == (where.client, where.url)
    assert "https://lakefs.example.com" == where.object_store["aws_endpoint_url"]
    with pytest.raises(botwo.RoutingError, match="reads one store"):
        botwo.storage_options("s3://split/", outer)


def test_secrets_are_in_no_repr(s3: Any) -> None:
    """What is logged or shown of the options has no credentials in it."""
    where = botwo.storage_options("s3://bucket-a/x", s3)

    shown = [repr(where), str(where), f"{where}", repr(where._reach), str(where._reach)]
    shown += [repr(list(where._reach.__rich_repr__())), repr(list(where.__rich_repr__()))]

    assert "StorageOptions(url='s3://bucket-a/dev/x', client='lakefs')" == shown[0]
    assert not [text for text in shown if "secretofstore" in text or "AKIDOFSTORE" in text]


@pytest.mark.parametrize("copied", [pickle.dumps, copy.deepcopy])
def test_the_options_do_not_travel(s3: Any, copied: Any) -> None:
    """They refuse to pickle, with what to do instead, so that no secret travels unseen."""
    where = botwo.storage_options("s3://bucket-a/x", s3)

    with pytest.raises(botwo.PicklingError, match="where they are used"):
        copied(where)


@pytest.mark.parametrize(
    ("url", "quoted"),
    [
        ("s3://old/a b", "s3://repo/main/a%20b"),
        ("s3://old/a#b?", "s3://repo/main/a%23b%3F"),
        ("s3://old/a%b/ü", "s3://repo/main/a%25b/%C3%BC"),
        ("s3://old/day=1/a+b@c", "s3://repo/main/day=1/a+b@c"),
    ],
)
def test_a_url_is_quoted_for_those_who_decode_it(s3: Any, url: str, quoted: str) -> None:
    """What means something else in a URL is encoded, and nothing else."""
    assert quoted == botwo.storage_options(url, s3).quoted_url


def test_a_key_that_cannot_be_quoted_is_refused(s3: Any) -> None:
    """delta-rs decodes twice what looks encoded, so that such a key raises an error."""
    where = botwo.storage_options("s3://old/a%20b", s3)

    with pytest.raises(botwo.RoutingError, match="two digits"):
        _ = where.quoted_url
