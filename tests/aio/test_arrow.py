"""Arrow finds s3fs, whose clients are routed, where it would make an S3 client of its own."""

from __future__ import annotations

import itertools
import pickle
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3
import pyarrow
import pyarrow.fs
import pytest
import s3fs

import botwo
import botwo.fsspec
from botwo import _activate
from botwo._startup.botwo_startup import patch

if TYPE_CHECKING:
    from servers import Server

pytestmark = pytest.mark.aio

CONFIG = """
[clients.own]
region_name = "us-east-1"
aws_access_key_id = "k"
aws_secret_access_key = "${SECRET}"
[[mapping]]
bucket_name = "*"
client = "own"
mapped_bucket_name = "{bucket}-moved"
"""
PLAIN = pyarrow.fs.FileSystem


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Botwo is installed while a test runs."""
    monkeypatch.setenv("SECRET", "s")
    file = tmp_path / "botwo.toml"
    file.write_text(CONFIG)
    botwo.install(file)
    yield
    while _activate._installs:
        botwo.uninstall()


_numbers = itertools.count(1)


@pytest.fixture
def lake(moto_a: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """A bucket `tables` that is installed as another of moto's, and that one's resource."""
    bucket = f"arrow-{next(_numbers)}-moved"
    moto_a.client().create_bucket(Bucket=bucket)
    endpoint = f'endpoint_url = "{moto_a.endpoint_url}"\nregion_name = "us-east-1"'
    config = CONFIG.replace('region_name = "us-east-1"', endpoint)
    file = tmp_path / "botwo.toml"
    rule = f'[[mapping]]\nbucket_name = "tables"\nclient = "own"\nmapped_bucket_name = "{bucket}"\n'
    file.write_text(config.replace("[[mapping]]", f"{rule}[[mapping]]"))
    monkeypatch.setenv("SECRET", "s")
    s3fs.S3FileSystem.clear_instance_cache()  # another test's has another's clients
    botwo.install(file)
    yield boto3.resource("s3", **moto_a.options()).Bucket(bucket)
    while _activate._installs:
        botwo.uninstall()


def _from_uri(uri: str) -> tuple[Any, str]:
    filesystem, path = pyarrow.fs.FileSystem.from_uri(uri)
    return filesystem, path


@pytest.mark.usefixtures("installed")
@pytest.mark.parametrize("name", ["b", "b/", "b/a", "b/a/", "b/a%20b", "b//a//c", "b/a=1/x#y"])
def test_an_s3_uri_is_s3fs(name: str) -> None:
    """The filesystem is s3fs's, and the path is as Arrow reads it."""
    asked = name.split("#", maxsplit=1)[0]
    _, expected = PLAIN.from_uri(f"s3://{asked}?region=us-east-1")

    filesystem, path = _from_uri(f"s3://{name}")

    assert expected == path
    assert isinstance(filesystem, pyarrow.fs.PyFileSystem)
    assert isinstance(filesystem.handler.fs, s3fs.S3FileSystem)


@pytest.mark.usefixtures("installed")
@pytest.mark.parametrize(
    "uri",
    [
        "s3://b/a b",
        "s3://b/a?versionId=x",
        "S3://b/a",
        "s3://b/[a]",
        "s3://[b/a",
        "s3://b/a\tb",
        "s3://b/a\n",
        "s3:////",
    ],
)
def test_what_arrow_refuses_is_refused_alike(uri: str) -> None:
    """Pandas takes the error for leave to ask fsspec."""
    with pytest.raises(pyarrow.ArrowInvalid) as expected:
        PLAIN.from_uri(uri)

    with pytest.raises(pyarrow.ArrowInvalid) as found:
        _from_uri(uri)

    start = str(expected.value).split("'", maxsplit=1)[0]
    assert str(found.value).startswith(start)


@pytest.mark.usefixtures("installed")
@pytest.mark.parametrize("uri", ["s3://b/a?region=eu-central-1", "s3://key:secret@b/a"])
def test_what_only_arrows_own_client_takes_is_refused(uri: str) -> None:
    """A region or credentials would be dropped, or would take the name to one store."""
    with pytest.raises(botwo.BotwoError, match="leave them out"):
        _from_uri(uri)


@pytest.mark.usefixtures("installed")
def test_an_endpoint_of_its_own_is_arrows() -> None:
    """A URI that names its store is left alone, and so are other schemes."""
    own, _ = _from_uri("s3://b/a?region=us-east-1&endpoint_override=127.0.0.1:1&scheme=http")
    local, _ = _from_uri("file:///tmp")

    assert isinstance(own, pyarrow.fs.S3FileSystem)
    assert isinstance(local, pyarrow.fs.LocalFileSystem)


@pytest.mark.usefixtures("installed")
def test_the_class_is_what_it_was() -> None:
    """Arrow's filesystems are instances and subclasses of the class that stands in for Arrow's."""
    kind = pyarrow.fs.FileSystem

    assert kind is not PLAIN
    assert isinstance(pyarrow.fs.LocalFileSystem(), kind)
    assert issubclass(pyarrow.fs.LocalFileSystem, kind)
    assert not isinstance("x", kind)
    assert (PLAIN.__qualname__, PLAIN.__doc__) == (kind.__qualname__, kind.__doc__)
    assert PLAIN.from_uri.__doc__ == kind.from_uri.__doc__
    assert kind is pickle.loads(pickle.dumps(kind))


@pytest.mark.usefixtures("installed")
def test_a_class_of_the_programs_own_is_no_other() -> None:
    """Arrow's filesystems are none of a class that a program derives from the one they have."""

    class Own(pyarrow.fs.FileSystem):  # type: ignore[misc] # only Arrow knows it
        pass

    assert not isinstance(pyarrow.fs.LocalFileSystem(), Own)
    assert not issubclass(pyarrow.fs.LocalFileSystem, Own)
    assert issubclass(Own, pyarrow.fs.FileSystem)


def test_all_is_as_before_when_botwo_is_uninstalled(tmp_path: Path) -> None:
    """The class is Arrow's again; one that a program kept asks Arrow too."""
    file = tmp_path / "botwo.toml"
    file.write_text(
        CONFIG.replace('aws_secret_access_key = "${SECRET}"', "").replace(
            'aws_access_key_id = "k"', ""
        )
    )
    botwo.install(file)
    kept: Any = pyarrow.fs.FileSystem
    patch(pyarrow.fs)
    twice = pyarrow.fs.FileSystem
    botwo.uninstall()

    filesystem, _ = kept.from_uri("s3://b/a?region=us-east-1")

    assert kept is twice
    assert pyarrow.fs.FileSystem is PLAIN
    assert isinstance(filesystem, pyarrow.fs.S3FileSystem)


@pytest.mark.usefixtures("installed")
def test_without_s3fs_it_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    """Arrow's own client would take the name to one store without a word."""
    monkeypatch.setitem(sys.modules, "s3fs", None)

    with pytest.raises(botwo.BotwoError, match=r"pip install 'botwo\[fsspec\]'"):
        _from_uri("s3://b/a")


def test_what_marks_a_folder_is_no_file(lake: Any) -> None:
    """A data set that Arrow's own client wrote has empty objects for its folders."""
    for key in ("set/", "set/day=1/", "set/day=1/part", "set/empty/"):
        lake.put_object(Key=key, Body=b"" if key.endswith("/") else b"1")
    filesystem, path = _from_uri("s3://tables/set")

    found = filesystem.get_file_info(pyarrow.fs.FileSelector(path, recursive=True))

    folder, file = pyarrow.fs.FileType.Directory, pyarrow.fs.FileType.File
    assert {
        "tables/set/day=1": folder, "tables/set/day=1/part": file, "tables/set/empty": folder,
    } == {info.path: info.type for info in found}  # fmt: skip
    assert 3 == len(found)


def test_no_listing_is_remembered(lake: Any) -> None:
    """What others have written since is found, as by Arrow's own client."""
    lake.put_object(Key="set/1", Body=b"1")
    selector = pyarrow.fs.FileSelector("tables/set")

    before = _from_uri("s3://tables/set")[0].get_file_info(selector)
    lake.put_object(Key="set/2", Body=b"2")
    after = _from_uri("s3://tables/set")[0].get_file_info(selector)

    assert (1, 2) == (len(before), len(after))


def test_no_bucket_is_made(lake: Any) -> None:
    """Where s3fs would make a bucket for a folder, it is an error, as of Arrow's own client."""
    filesystem, _ = _from_uri("s3://tables/set")

    filesystem.create_dir("tables")
    filesystem.create_dir("no-such-bucket/set/day=1")
    with pytest.raises(OSError, match="bucket 'no-such-bucket' is not there"):
        filesystem.create_dir("no-such-bucket")

    assert "no-such-bucket-moved" not in {
        bucket["Name"] for bucket in lake.meta.client.list_buckets()["Buckets"]
    }


def test_it_pickles(lake: Any) -> None:
    """Dask sends the filesystem to its workers."""
    lake.put_object(Key="set/1", Body=b"1")
    filesystem, path = _from_uri("s3://tables/set/1")

    again = pickle.loads(pickle.dumps(filesystem))

    assert again == filesystem
    assert b"1" == again.open_input_stream(path).read()


def test_registering_the_filesystem_has_arrow_find_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without an install too, and after one is undone, until it is unregistered."""
    monkeypatch.setenv("SECRET", "s")
    file = tmp_path / "botwo.toml"
    file.write_text(CONFIG)
    monkeypatch.setenv("BOTWO_CONFIG", str(file))
    found = []

    botwo.fsspec.register()
    try:
        found.append(_from_uri("s3://b/a")[0])
        botwo.install(file)
        botwo.uninstall()
        found.append(_from_uri("s3://b/a")[0])
    finally:
        botwo.fsspec.unregister()

    kinds = [type(filesystem.handler.fs) for filesystem in found]
    assert [botwo.fsspec.S3FileSystem] * 2 == kinds
    assert pyarrow.fs.FileSystem is PLAIN
