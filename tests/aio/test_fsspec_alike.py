"""A routed filesystem answers as s3fs over one store that holds the same."""

from __future__ import annotations

import itertools
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ParamValidationError
from filesystems import BUCKETS, plain, routed, same, written
from fsspec.asyn import sync
from servers import Server, rclone, reset

pytestmark = pytest.mark.aio

MIB = 2**20
PROGRAMS: dict[str, Callable[[Any, Path], Any]] = {}
# rclone knows no tags, access lists or copies of parts, and answers a part with the checksum of the
# whole, which aiobotocore refuses.
OVER_RCLONE = ("copies_and_moves", "listings", "removals", "what_is_not_there")
PLACES = ("stays", "moved", "split", "split/new")
"""One folder in each store, and one whose keys lie in both."""


def program(function: Callable[[Any, Path], Any]) -> Callable[[Any, Path], Any]:
    """Run it with both filesystems."""
    PROGRAMS[function.__name__] = function
    return function


@pytest.fixture
def both(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    moto_plain: Server,
    moto_a: Server,
    moto_b: Server,
) -> Iterator[tuple[Any, Any]]:
    """Over one store, and over two."""
    for server in (moto_plain, moto_a, moto_b):
        reset(server)
    moto_b.client().create_bucket(Bucket="split-new")
    config = written(tmp_path, monkeypatch, {"a": moto_a, "b": moto_b})
    filesystems = plain(moto_plain), routed(config)
    for fs in filesystems:
        for bucket in BUCKETS:
            fs.mkdir(bucket)
    return filesystems


def _fill(fs: Any) -> None:
    fs.pipe(
        {
            f"{place}/{name}": f"{place} {name}".encode()
            for place in PLACES
            for name in ("a.csv", "year=2025/b.csv", "year=2026/c.csv", "year=2026/x/d.csv")
        }
    )


@program
def open_and_read_and_write(fs: Any, _: Path) -> Any:
    """Small files, appended to, read as text and by parts."""
    found = []
    for place in PLACES:
        with fs.open(f"{place}/f", "wb") as file:
            file.write(b"one\n" * 3)
        with fs.open(f"{place}/f", "ab") as file:
            file.write(b"two\n")
        with fs.open(f"s3://{place}/f", "r", encoding="utf-8") as file:
            found.append(file.readlines())
        with fs.open(f"{place}/f", "rb", compression="infer") as file:
            file.seek(4)
            found += [file.read(3), file.tell(), file.size, file.path, file.url()[:7]]
    return found


@program
def write_and_append_in_parts(fs: Any, _: Path) -> Any:
    """Files of several parts, one of them a copy of what there was."""
    found = []
    for place in PLACES:
        with fs.open(f"{place}/big", "wb", block_size=5 * MIB) as file:
            for letter in b"abc":
                file.write(bytes([letter]) * 4 * MIB)
        with fs.open(f"{place}/big", "ab", block_size=5 * MIB) as file:
            file.write(b"d" * 10)
        found += [fs.info(f"{place}/big"), fs.tail(f"{place}/big", 12)]
        fs.pipe_file(f"{place}/piped", b"e" * 11 * MIB, chunksize=5 * MIB)
        found += [fs.info(f"{place}/piped"), fs.cat_file(f"{place}/piped")[-3:]]
    return [found, [fs.list_multipart_uploads(bucket) for bucket in BUCKETS]]


@program
def caches_of_blocks(fs: Any, _: Path) -> Any:
    """Each way that fsspec keeps what it has read."""
    data = bytes(range(256)) * 1000
    found = []
    for place in PLACES:
        fs.pipe_file(f"{place}/f", data)
        for cache in ("none", "bytes", "readahead", "blockcache", "first", "all"):
            with fs.open(f"{place}/f", "rb", cache_type=cache, block_size=4096) as file:
                found.append((file.read(10), file.seek(100_000), file.read(9000), file.tell()))
    return found


@program
def listings(fs: Any, _: Path) -> Any:
    """Whatever asks what there is."""
    _fill(fs)
    found: list[Any] = [fs.ls("")]
    for place in PLACES:
        found += [
            fs.ls(place), fs.ls(place, detail=True), fs.find(place), fs.find(place, withdirs=True),
            fs.find(place, maxdepth=1), fs.find(place, prefix="year=2026"), fs.du(place),
            fs.du(place, total=False), list(fs.walk(place)), fs.glob(f"{place}/**/*.csv"),
            fs.glob(f"{place}/year=*"), fs.exists(f"{place}/year=2026"), fs.isdir(f"{place}/none"),
            fs.isfile(f"{place}/a.csv"), fs.info(f"{place}/a.csv"), fs.info(f"{place}/year=2025"),
            fs.info(place), fs.checksum(f"{place}/a.csv"), fs.expand_path(f"{place}/*/x*"),
        ]  # fmt: skip
    return found


@program
def listings_without_a_cache(fs: Any, _: Path) -> Any:
    """Listings that are asked for each time."""
    _fill(fs)
    fs.dircache.use_listings_cache = False
    return [(fs.ls(place, refresh=True), list(fs.walk(place, maxdepth=2))) for place in PLACES]


@program
def copies_and_moves(fs: Any, _: Path) -> Any:
    """From each place to each, the two stores among them."""
    _fill(fs)
    for source in PLACES:
        for target in PLACES:
            fs.cp(f"{source}/a.csv", f"{target}/from-{source.replace('/', '-')}.csv")
    fs.cp("stays/year=2026", "moved/copied", recursive=True)
    fs.cp("split/**/*.csv", "moved/globbed/")
    fs.mv("moved/year=2025/b.csv", "stays/moved.csv")
    fs.mv("split/new/year=2026/c.csv", "split/old/c.csv")
    fs.mv("split/a.csv", "split/new/moved.csv")
    return [(fs.find(bucket, detail=True), fs.cat(fs.find(bucket))) for bucket in BUCKETS]


@program
def copies_in_parts(fs: Any, _: Path) -> Any:
    """What s3fs does with files over 150 MiB, and with what was written in parts."""
    found = []
    for source, target in itertools.product(("stays", "moved"), repeat=2):
        fs.pipe_file(f"{source}/big", b"x" * 11 * MIB, chunksize=5 * MIB)
        copied = f"{target}/from-{source}"
        size = fs.size(f"{source}/big")
        sync(fs.loop, fs._copy_managed, f"{source}/big", copied, size, block=5 * MIB)
        found.append((fs.info(copied), fs.cat_file(copied)[-2:]))
        fs.cp(f"{source}/big", f"{copied}-alike", preserve_etag=True)
        found.append(fs.info(f"{copied}-alike"))
    return found


@program
def removals(fs: Any, _: Path) -> Any:
    """Files one by one, many at once, folders and a bucket."""
    _fill(fs)
    found: list[Any] = [fs.ls("moved"), fs.ls("split")]
    fs.rm("moved/a.csv")
    fs.rm_file("stays/a.csv")
    fs.rm(["split/a.csv", "split/new/a.csv"])
    fs.rm("moved/year=2026", recursive=True)
    found += [fs.ls("moved"), fs.ls("split"), fs.find("split/new"), fs.find("stays")]
    fs.rm("stays", recursive=True)
    return [*found, fs.exists("stays"), fs.ls("")]


@program
def small_things(fs: Any, folder: Path) -> Any:
    """Ranges, tags, metadata, access, transfers, transactions, mappings."""
    found = []
    for place in PLACES:
        path = f"{place}/t/x.json"
        fs.touch(path)
        found += [fs.info(path), fs.ls(f"{place}/t")]
        fs.pipe_file(path, b"0123456789")
        found.append(fs.cat_ranges([path] * 3, [0, 2, -3], [2, 5, None]))
        found.append(fs.cat([path, f"{place}/t/none"], on_error="omit"))
        found += [fs.head(path, 3), fs.read_block(path, 2, 4)]
        fs.setxattr(path, copy_kwargs={"ContentType": "text/x"}, kind="k")
        fs.put_tags(path, {"a": "1"})
        fs.put_tags(path, {"b": "2"}, mode="m")
        fs.chmod(path, "public-read")
        found += [fs.metadata(path), fs.getxattr(path, "kind"), fs.get_tags(path)]
        fs.get(path, str(folder / "got"))
        fs.put(str(folder / "got"), f"{place}/put.json")
        found += [(folder / "got").read_bytes(), fs.info(f"{place}/put.json")]
        fs.merge(f"{place}/merged", [path])
        found.append(fs.cat_file(f"{place}/merged"))
        with fs.transaction, fs.open(f"{place}/t/later", "wb") as file:
            file.write(b"x" * 10)
        found.append(fs.cat_file(f"{place}/t/later"))
        mapper = fs.get_mapper(f"{place}/zarr")
        mapper["a/b"] = b"1"
        found += [list(mapper), mapper["a/b"]]
    return found


@program
def signed_urls(fs: Any, _: Path) -> Any:
    """URLs that a program without credentials reads."""
    _fill(fs)
    found = []
    for place in PLACES:
        for url in (fs.url(f"{place}/a.csv"), fs.sign(f"{place}/a.csv", expiration=60)):
            with urllib.request.urlopen(url, timeout=10) as answer:
                found.append(answer.read())
    return found


@program
def what_is_not_there(fs: Any, _: Path) -> Any:
    """The errors of files and buckets that there are not."""
    found = []
    for path in (*(f"{place}/none" for place in PLACES), "nowhere", "nowhere/x"):
        for ask in (fs.info, fs.ls, fs.cat_file, fs.rm, fs.rmdir, fs.metadata):
            try:
                found.append(ask(path))
            except (OSError, ParamValidationError) as error:
                found.append((type(error), str(error)))
    return found


@pytest.mark.parametrize("name", PROGRAMS)
def test_a_program_is_answered_as_over_one_store(
    both: tuple[Any, Any], tmp_path: Path, name: str
) -> None:
    """What a program reads back is the same over one store and over two."""
    one, two = both

    expected = same(PROGRAMS[name](one, tmp_path))
    answered = same(PROGRAMS[name](two, tmp_path))

    assert expected == answered


@pytest.mark.servers
@pytest.mark.parametrize("name", OVER_RCLONE)
def test_a_program_is_answered_as_over_one_rclone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """So it is over stores of another kind, which check who asks."""
    with ExitStack() as running:
        one, a, b = (
            running.enter_context(rclone(_made(tmp_path / folder))) for folder in ("one", "a", "b")
        )
        config = written(tmp_path, monkeypatch, {"a": a, "b": b})
        answers = []
        for fs in (plain(one), routed(config)):
            for bucket in BUCKETS:
                fs.mkdir(bucket)
            (tmp_path / "b" / "split-new").mkdir(exist_ok=True)
            answers.append(same(PROGRAMS[name](fs, tmp_path)))
            fs.close_session(fs.loop, fs._s3creator)

    assert answers[0] == answers[1]


def _made(folder: Path) -> Path:
    folder.mkdir()
    return folder


def test_versions_are_those_of_the_store(both: tuple[Any, Any]) -> None:
    """A filesystem that knows versions reads old ones, in either store."""
    found = []
    for fs in both:
        fs.version_aware = True
        for bucket in ("stays", "moved"):
            fs.make_bucket_versioned(bucket)
            for content in (b"1", b"2"):
                fs.pipe_file(f"{bucket}/v/x", content)
            versions = fs.object_version_info(f"{bucket}/v/x")
            old = next(each["VersionId"] for each in versions if not each["IsLatest"])
            with fs.open(f"{bucket}/v/x", version_id=old) as file:
                found.append((file.read(), fs.cat_file(f"{bucket}/v/x"), len(versions)))
            found.append(len(fs.ls(f"{bucket}/v", versions=True)))
            fs.rm(bucket, recursive=True)
            found.append(fs.exists(bucket))

    assert [(b"1", b"2", 2), 2, False] * 4 == found
