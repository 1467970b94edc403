"""Law 1 where a bucket lies in several places: the caller cannot tell, whatever the mapping.

`pytest --hypothesis-profile=law tests/laws/test_spanning.py` tries the 2,000 examples that a change
must pass.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import hypothesis
import pytest
from hypothesis.stateful import run_state_machine_as_test
from laws.spanning import Caller, OnFiles, Stores, Versioning
from servers import Server, rclone, reset

STEPS = 8


@contextmanager
def clients(plain: Server, **behind: Server) -> Iterator[Stores]:
    """Make the clients of both sides, for all examples."""
    with ExitStack() as stack:

        def client(server: Server) -> Any:
            made = server.client()
            stack.callback(made.close)
            return made

        yield Stores(
            plain=client(plain), behind={name: client(server) for name, server in behind.items()}
        )


def holds(caller: Callable[[], Caller], *, share: float) -> None:
    """Run a share of the profile's examples."""
    profile = hypothesis.settings()
    run_state_machine_as_test(
        caller,
        settings=hypothesis.settings(
            profile,
            max_examples=round(profile.max_examples * share),
            stateful_step_count=STEPS,
            # Some mappings are refused, and drawn again.
            suppress_health_check=[
                hypothesis.HealthCheck.filter_too_much,
                hypothesis.HealthCheck.too_slow,
            ],
        ),
    )


def emptied(stores: Stores, servers: Sequence[Server]) -> Callable[[], Caller]:
    """Begin each example with empty stores."""

    def caller() -> Caller:
        for server in servers:
            reset(server)
        return Versioning(stores)

    return caller


@pytest.mark.timeout(3600)
def test_the_caller_cannot_tell_two_stores_from_one(
    exact_plain: Server, exact_a: Server, exact_b: Server
) -> None:
    """Over two stores, whatever is done gives the answers of one store."""
    with clients(exact_plain, a=exact_a, b=exact_b) as stores:
        holds(emptied(stores, (exact_plain, exact_a, exact_b)), share=0.5)


@pytest.mark.timeout(3600)
def test_the_caller_cannot_tell_three_stores_from_one(
    exact_plain: Server, exact_a: Server, exact_b: Server, exact_c: Server
) -> None:
    """Over three stores, whatever is done gives the answers of one store."""
    with clients(exact_plain, a=exact_a, b=exact_b, c=exact_c) as stores:
        holds(emptied(stores, (exact_plain, exact_a, exact_b, exact_c)), share=0.5)


@pytest.mark.servers
@pytest.mark.timeout(3600)
def test_the_caller_cannot_tell_two_rclones_from_one(tmp_path: Path) -> None:
    """Over stores of files, what they support gives the answers of one store."""
    with ExitStack() as stack:
        for name in ("plain", "a", "b"):
            (tmp_path / name).mkdir()
        # Servers of its own, which hold nothing of other tests.
        plain, a, b = (stack.enter_context(rclone(tmp_path / name)) for name in ("plain", "a", "b"))
        stores = stack.enter_context(clients(plain, a=a, b=b))

        def caller() -> Caller:
            for client in (stores.plain, *stores.behind.values()):
                _empty(client)
            return OnFiles(stores)

        holds(caller, share=0.05 if hypothesis.settings().max_examples > 1000 else 0.25)


def _empty(client: Any) -> None:
    """Delete all that a store has: unlike moto, rclone has no way to begin anew."""
    for bucket in client.list_buckets()["Buckets"]:
        name = bucket["Name"]
        for entry in client.list_objects_v2(Bucket=name).get("Contents", []):
            client.delete_object(Bucket=name, Key=entry["Key"])
        client.delete_bucket(Bucket=name)
