"""`botwo ls`, `botwo rm` and `botwo explain` take the caller's names."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import pytest
from command_line import Desk, Ran, called
from faults import Fault, faulty
from servers import reset

from botwo._cli import rm

if TYPE_CHECKING:
    from pathlib import Path

    from servers import Server

TIME = r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d"
STAMP = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z"
ETAG = "841a2d689ad86bd1611447453c22c6fc"


@pytest.fixture
def desk(tmp_path: Path, moto_a: Server, rclone_a: Server) -> Desk:
    """A desk over a server of each kind, with some objects."""
    desk = Desk(folder=tmp_path, a=moto_a, b=rclone_a)
    for key in ("top", "in/one", "in/two", "in/deep/three", "other/four"):
        desk.put(desk.moved, key, b"body")
    return desk


def _documents(ran: Ran) -> list[dict[str, Any]]:
    assert (0, "") == (ran.status, ran.errors)
    return [json.loads(line) for line in ran.output.splitlines()]


@pytest.mark.parametrize(
    ("arguments", "lines"),
    [
        ([""], ["PRE in/", "PRE other/", "4 top"]),
        (["/in/"], ["PRE deep/", "4 one", "4 two"]),
        (["/in"], ["PRE in/"]),
        (["/in/t"], ["4 two"]),
        (["/in/", "--recursive"], ["4 in/deep/three", "4 in/one", "4 in/two"]),
        (["/o", "-r"], ["4 other/four"]),
    ],
)
def test_a_listing(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, arguments: list[str], lines: list[str]
) -> None:
    """Folders and objects are listed as `aws s3 ls` lists them, under the caller's names."""
    name, *options = arguments

    ran = desk.call(monkeypatch, "ls", f"s3://{desk.moved}{name}", *options)

    assert (0, "") == (ran.status, ran.errors)
    shown = [re.sub(f"^{TIME}", " " * 19, line) for line in ran.output.splitlines()]
    assert [" " * (30 - len(it.split(" ")[0])) + it for it in lines] == shown


def test_a_listing_for_a_program(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """With --json each folder and object is a document of one line."""
    found = _documents(desk.call(monkeypatch, "ls", "--json", f"s3://{desk.moved}/in/"))

    name = f"s3://{desk.moved}/in/"
    bucket = {"bucket": desk.moved}
    times = [document.pop("modified") for document in found[1:]]
    tags = [document.pop("etag").strip('"') for document in found[1:]]  # rclone has no quotes
    assert all(re.fullmatch(STAMP, time) for time in times)
    assert [ETAG] * 2 == tags
    assert [
        {"type": "folder", "name": f"{name}deep/", **bucket, "key": "in/deep/"},
        *(
            {"type": "object", "name": f"{name}{key}", **bucket, "key": f"in/{key}", "size": 4}
            for key in ("one", "two")
        ),
    ] == found


def test_the_buckets(
    tmp_path: Path, moto_a: Server, moto_b: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without a name all stores' buckets are listed under the caller's names."""
    reset(moto_a)
    reset(moto_b)
    desk = Desk(folder=tmp_path, a=moto_a, b=moto_b)

    ran = desk.call(monkeypatch, "ls")
    documents = _documents(desk.call(monkeypatch, "ls", "--json"))

    names = sorted([desk.moved, desk.plain])
    assert [f"at {name}" for name in names] == re.sub(TIME, "at", ran.output).splitlines()
    assert all(re.fullmatch(STAMP, document.pop("created")) for document in documents)
    assert [
        {"type": "bucket", "name": f"s3://{name}/", "bucket": name} for name in names
    ] == documents


def test_nothing_to_list(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """A prefix that no key has is told, with status 1; an empty bucket is not."""
    nothing = desk.call(monkeypatch, "ls", f"s3://{desk.moved}/none")
    empty = desk.call(monkeypatch, "ls", f"s3://{desk.plain}")

    told = f"botwo: s3://{desk.moved}/none: no key starts with that\n"
    assert Ran(status=1, output="", errors=told) == nothing
    assert Ran(status=0, output="", errors="") == empty


@pytest.mark.parametrize(
    "arguments",
    [["ls", "-r", "s3://{moved}"], ["check", "--connect"], ["cp", "s3://{moved}/long", "-"]],
    ids=["ls", "check", "cp"],
)
def test_nobody_reads_the_output(desk: Desk, arguments: list[str]) -> None:
    """What nobody reads any more, as with `| head`, ends quietly."""
    desk.put(desk.moved, "long", bytes(1_000_000))
    with desk.start(*[argument.format(moved=desk.moved) for argument in arguments]) as process:
        assert process.stdout
        process.stdout.close()
        process.stdout = None
        assert process.stderr
        errors = process.stderr.read()
        status = process.wait(60)

    assert (1, b"") == (status, errors)


def test_an_object_is_deleted(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """One object is deleted, and only that."""
    ran = desk.call(monkeypatch, "rm", f"s3://{desk.moved}/in/one")

    assert Ran(status=0, output=f"deleted s3://{desk.moved}/in/one\n", errors="") == ran
    left = set(desk.found(desk.at_b, desk.repo))
    assert {f"main/{key}" for key in ("top", "in/two", "in/deep/three", "other/four")} == left


@pytest.mark.parametrize("name", ["in", "in/"])
def test_a_folder_is_deleted(desk: Desk, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """All that is in a folder is deleted in batches, and nothing whose key merely starts alike."""
    monkeypatch.setattr(rm, "_BATCH", 2)
    desk.put(desk.moved, "inside", b"")

    ran = desk.call(monkeypatch, "rm", "--recursive", f"s3://{desk.moved}/{name}")

    keys = ("in/deep/three", "in/one", "in/two")
    lines = {f"deleted s3://{desk.moved}/{key}" for key in keys}
    assert (0, "") == (ran.status, ran.errors)
    assert lines == set(ran.output.splitlines())
    left = set(desk.found(desk.at_b, desk.repo))
    assert {"main/inside", "main/top", "main/other/four"} == left


def test_a_bucket_is_emptied_quietly(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """A bucket is emptied of what the rule reaches there, and of nothing else of the store's."""
    desk.at_b.put_object(Bucket=desk.repo, Key="branch/x", Body=b"x")

    ran = desk.call(monkeypatch, "rm", "-rq", f"s3://{desk.moved}")

    assert Ran(status=0, output="", errors="") == ran
    assert {"branch/x": b"x"} == desk.found(desk.at_b, desk.repo)


def test_what_cannot_be_deleted(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """A bucket or folder is not deleted by mistake, and a store's failure is told."""
    with faulty(desk.a) as proxy:  # type: ignore[arg-type]
        failing = Desk(folder=desk.folder, a=proxy, b=desk.b)
        failing.put(failing.plain, "x")
        proxy.faults.append(Fault(matches="POST delete".__eq__, kind="error", lasts=True))
        failed = failing.call(monkeypatch, "rm", "-r", f"s3://{failing.plain}")
    mistaken = [called("rm", f"s3://{desk.moved}{end}") for end in ("", "/", "/in/")]

    assert (1, "") == (failed.status, failed.output)
    assert failed.errors.startswith("botwo: An error occurred (InternalError) when calling the Del")
    assert 1 == failed.errors.count("\n")
    assert {(2, "")} == {(ran.status, ran.output) for ran in mistaken}
    assert all("is no object's name: add --recursive" in ran.errors for ran in mistaken)


def test_a_key_that_the_store_keeps(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a deletion that fails for some keys each is told, and the status is 1."""
    answer = {
        "Deleted": [{"Key": "in/one"}],
        "Errors": [{"Key": "in/two", "Code": "AccessDenied", "Message": "Access Denied"}],
    }
    monkeypatch.setattr(rm, "_attempt", lambda *asked: answer)

    ran = desk.call(monkeypatch, "rm", "-r", f"s3://{desk.moved}/in")

    name = f"s3://{desk.moved}/in"
    told = f"botwo: {name}/two: Access Denied (AccessDenied)\n"
    assert Ran(status=1, output=f"deleted {name}/one\n", errors=told) == ran


def test_an_explanation(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """The rule that claims a name is said, and what the name is at the store."""
    ran = desk.call(monkeypatch, "explain", f"s3://{desk.moved}/a.csv")
    document = desk.call(monkeypatch, "explain", f"s3://{desk.plain}/a.csv", "--json")

    assert (
        Ran(
            status=0,
            output=f"GetObject\n  {desk.moved}/a.csv -> b {desk.repo}/main/a.csv\n"
            f"    mapping[0] claims it: bucket_name '{desk.moved}'\n",
            errors="",
        )
        == ran
    )
    assert {
        "operation": "GetObject",
        "clients": ["a"],
        "relayed": False,
        "refused": None,
        "names": [
            {
                "bucket": desk.plain,
                "key": "a.csv",
                "client": "a",
                "mapped_bucket": desk.plain,
                "mapped_key": "a.csv",
                "rule": 1,
                "reasons": [
                    {
                        "rule": 0,
                        "claims": False,
                        "why": f"its bucket_name '{desk.moved}' is another bucket",
                    },
                    {"rule": 1, "claims": True, "why": "bucket_name '*'"},
                ],
            }
        ],
    } == json.loads(document.output)


@pytest.mark.parametrize(
    ("arguments", "operation", "mapped"),
    [
        ([""], "HeadBucket", [("{repo}", None)]),
        (["/in/", "--operation", "list_objects_v2"], "ListObjectsV2", [("{repo}", "main/in/")]),
        (["/x", "--operation", "DeleteObjects"], "DeleteObjects", [("{repo}", "main/x")]),
        (
            ["/x", "--operation", "copy_object", "--source", "s3://{plain}/y"],
            "CopyObject",
            [("{repo}", "main/x"), ("{plain}", "y")],
        ),
    ],
)
def test_explanations_of_operations(
    desk: Desk,
    monkeypatch: pytest.MonkeyPatch,
    arguments: list[str],
    operation: str,
    mapped: list[tuple[str, str | None]],
) -> None:
    """A bucket, a listing, a deletion and a copy are explained by the names that they have."""
    named = {"plain": desk.plain, "repo": desk.repo}
    name, *options = [argument.format(**named) for argument in arguments]

    ran = desk.call(monkeypatch, "explain", "--json", f"s3://{desk.moved}{name}", *options)

    found = json.loads(ran.output)
    assert operation == found["operation"]
    assert {(bucket.format(**named), key) for bucket, key in mapped} == {
        (it["mapped_bucket"], it["mapped_key"]) for it in found["names"]
    }


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        (["a/b"], "'a/b' is no name like s3://bucket/key"),
        (["s3://b/x", "--operation", "get_objekt"], "S3 has no operation 'get_objekt'; did you "),
        (["s3://b/x", "--operation", "list_buckets"], "ListBuckets takes no parameter 'Bucket'"),
    ],
)
def test_what_cannot_be_explained(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, arguments: list[str], error: str
) -> None:
    """An operation that there is not is a wrong use, told in one line."""
    ran = desk.call(monkeypatch, "explain", *arguments)

    assert (2, "") == (ran.status, ran.output)
    assert ran.errors.startswith(f"botwo: {error}")
    assert 1 == ran.errors.count("\n")


def test_an_explanation_sends_nothing(
    tmp_path: Path, moto_a: Server, moto_b: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Explaining asks no store."""
    with faulty(moto_a) as a, faulty(moto_b) as b:
        desk = Desk(folder=tmp_path, a=a, b=b)
        a.asked.clear()
        b.asked.clear()
        ran = desk.call(monkeypatch, "explain", f"s3://{desk.moved}/x")

    assert 0 == ran.status
    assert [] == a.asked + b.asked
