"""The demo from beginning to end: two servers, one job, two runs, and the proof."""

from __future__ import annotations

import contextlib
import logging
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError
from rich import box
from rich.pretty import pretty_repr
from rich.table import Table

import botwo
from botwo._demo import moves, servers
from botwo._demo.job import job
from botwo._demo.proof import Call, Evidence, prove

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from rich.console import Console


_CODE_WIDTH = 100


def run(console: Console) -> bool:
    """Tell the story; true when all of the proof holds."""
    console.print("Two S3 servers on this machine, one job, two runs.")
    with servers.serve("s3") as first, servers.serve("lakefs") as second:
        _introduce(console, [first, second])
        evidence = _gather(console, first, second)
        _show_calls(console, evidence.calls)
        _show_objects(console, evidence)
        return _show_proof(console, evidence)


def _gather(console: Console, first: servers.Store, second: servers.Store) -> Evidence:
    plain, other = first.client(), second.client()
    data = moves.data_files()
    moves.fill(plain, moves.CALLERS_BUCKETS, data)

    _head(console, "1. The job with a plain boto3 client, all data in the store s3")
    plain_answer = job(plain)
    _show_answer(console, plain_answer)
    plain_objects = moves.contents(plain)
    results = frozenset(plain_objects.keys() - data.keys())
    moves.delete(plain, results)

    _head(console, "2. The results are deleted; one bucket and one prefix move to the other store")
    moves.move(plain, other)
    _show_moves(console)

    _head(console, "3. The same job, unchanged, with botwo.client(clients, mapping)")
    routed = botwo.client({"s3": first.client(), "lakefs": second.client()}, moves.MAPPING)
    with _recorded() as calls:
        routed_answer = job(routed)
    _show_answer(console, routed_answer)
    return Evidence(
        plain_answer=plain_answer,
        routed_answer=routed_answer,
        results=results,
        plain_objects=plain_objects,
        stores={"s3": moves.contents(plain), "lakefs": moves.contents(other)},
        calls=calls,
        accepted=[a.name for a, b in [(first, second), (second, first)] if _accepts(a, b)],
    )


@contextlib.contextmanager
def _recorded() -> Iterator[list[Call]]:
    """Collect the calls that the logger `botwo` reports; nobody else gets to see them."""
    calls: list[Call] = []

    def collect(record: logging.LogRecord) -> bool:
        if record.levelno == logging.DEBUG and isinstance(record.args, tuple):
            calls.append(Call(*map(str, record.args)))
            return False
        return True

    logger = logging.getLogger("botwo")
    level = logger.level
    logger.setLevel(logging.DEBUG)
    logger.addFilter(collect)
    try:
        yield calls
    finally:
        logger.removeFilter(collect)
        logger.setLevel(level)


def _accepts(store: servers.Store, stranger: servers.Store) -> bool:
    try:
        store.client(credentials=stranger).list_buckets()
    except ClientError:
        return False
    return True


def _introduce(console: Console, stores: Iterable[servers.Store]) -> None:
    for store in stores:
        server = f"{store.endpoint}  (rclone serve s3, process {store.process})"
        console.print(f"   {store.name:<7} {server}")
    console.print(
        "   The store lakefs is no lakeFS: rclone plays its part, a branch before each key."
    )


def _head(console: Console, text: str) -> None:
    console.print(f"\n{text}")


def _show_moves(console: Console) -> None:
    for moved in moves.MOVED:
        store, place = moves.home(moved)
        console.print(f"   s3 {moved}  ->  {store} {place}")
    console.print("   (bucket-a held results only: it is empty when the second run begins)")
    console.print(f"\nmapping = {pretty_repr(moves.MAPPING, max_width=_CODE_WIDTH)}")


def _show_answer(console: Console, answer: Mapping[str, object]) -> None:
    for name, figure in answer.items():
        console.print(f"   {name}: {figure}")


def _show_calls(console: Console, calls: Sequence[Call]) -> None:
    _head(console, f"Every call of that run ({len(calls)}):")
    _show_table(console, ["operation", "the caller's name", "client", "mapped name"], calls)
    console.print(" A presigned URL is signed here and called by whoever holds it: it has no line.")


def _show_objects(console: Console, evidence: Evidence) -> None:
    _head(console, "What each store holds now, listed with a plain client of its own:")
    names = {moves.home(name): name for name in evidence.plain_objects}
    _show_table(
        console,
        ["store", "object", "the caller's name"],
        [
            (store, mapped, names.get((store, mapped), "(none)"))
            for store, objects in evidence.stores.items()
            for mapped in sorted(objects)
        ],
    )


def _show_table(console: Console, heads: Iterable[str], rows: Iterable[Iterable[str]]) -> None:
    table = Table(box=box.SIMPLE_HEAD, show_edge=False)
    for head in heads:
        table.add_column(head, overflow="fold")
    for row in rows:
        table.add_row(*row)
    console.print(table, soft_wrap=False)


def _show_proof(console: Console, evidence: Evidence) -> bool:
    claims = prove(evidence)
    _head(console, "4. The proof")
    for claim in claims:
        console.print(f"   {'yes' if claim.holds else 'NO '}  {claim.text}")
        for finding in claim.against:
            console.print(f"        {finding}")
    proved = all(claim.holds for claim in claims)
    console.print("\nThe job cannot tell." if proved else "\nThe proof does not hold.")
    return proved
