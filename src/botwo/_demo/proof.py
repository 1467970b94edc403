"""Say whether both runs were one to the job, and all lies where the mapping says."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from botwo._demo.moves import home

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence


class Call(NamedTuple):
    """One call on one store's client, as the logger `botwo` reports it."""

    operation: str
    name: str
    client: str
    mapped_name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """What was seen of both runs; the stores are read by plain clients."""

    plain_answer: Mapping[str, object]
    routed_answer: Mapping[str, object]
    results: frozenset[str]
    """The names that the plain run added."""
    plain_objects: Mapping[str, bytes]
    """Every object after the plain run, by the caller's names."""
    stores: Mapping[str, Mapping[str, bytes]]
    """Every object of each store after the routed run, by mapped names."""
    calls: Sequence[Call]
    accepted: Sequence[str]
    """The stores that let in somebody with the other store's credentials."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """A sentence, and all that speaks against it."""

    text: str
    against: tuple[str, ...]

    @property
    def holds(self) -> bool:
        return not self.against


def prove(evidence: Evidence) -> list[Claim]:
    """Return what the demo claims."""
    calls, results = len(evidence.calls), len(evidence.results)
    findings: dict[str, Iterable[str]] = {
        "both runs returned the same figures": _figures(evidence),
        f"both runs wrote the same {results} results, byte for byte": _results(evidence),
        "every object lies where the mapping says, and nowhere else": _places(evidence),
        "the store s3 no longer holds anything that was moved": _left_behind(evidence),
        f"each of the {calls} calls went where the mapping says": _calls(evidence),
        "each store refuses the other's credentials": _let_in(evidence),
    }
    return [Claim(text=text, against=tuple(against)) for text, against in findings.items()]


def _figures(evidence: Evidence) -> list[str]:
    return _differences(evidence.plain_answer, evidence.routed_answer)


def _results(evidence: Evidence) -> list[str]:
    if not evidence.results:
        return ["the job wrote nothing"]
    homes = {name: home(name) for name in evidence.results}
    found = {name: evidence.stores[store].get(mapped) for name, (store, mapped) in homes.items()}
    return _differences(
        {name: evidence.plain_objects[name] for name in evidence.results},
        {name: body for name, body in found.items() if body is not None},
    )


def _places(evidence: Evidence) -> list[str]:
    expected: dict[str, dict[str, bytes]] = {store: {} for store in evidence.stores}
    for name, body in evidence.plain_objects.items():
        store, mapped = home(name)
        expected[store][mapped] = body
    return [
        f"{store}: {difference}"
        for store, objects in evidence.stores.items()
        for difference in _differences(expected[store], objects)
    ]


def _left_behind(evidence: Evidence) -> list[str]:
    return [f"{name} is still there" for name in evidence.stores["s3"] if home(name)[0] != "s3"]


def _calls(evidence: Evidence) -> list[str]:
    unused = evidence.stores.keys() - {call.client for call in evidence.calls}
    return [
        *(f"{client} was never called" for client in sorted(unused)),
        *(
            f"{call.operation} {call.name} went to {call.client} {call.mapped_name}"
            for call in evidence.calls
            if home(call.name) != (call.client, call.mapped_name)
        ),
    ]


def _let_in(evidence: Evidence) -> list[str]:
    return [f"{store} accepted them" for store in evidence.accepted]


def _differences(expected: Mapping[str, object], found: Mapping[str, object]) -> list[str]:
    return [
        *(f"{name} is missing" for name in sorted(expected.keys() - found.keys())),
        *(f"{name} should not be there" for name in sorted(found.keys() - expected.keys())),
        *(
            f"{name} is not the same"
            for name in sorted(expected.keys() & found.keys())
            if expected[name] != found[name]
        ),
    ]
