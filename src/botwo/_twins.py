"""The other names of the caller's for what one name reaches at its store.

Two stores' buckets of one name are taken for one: two clients may reach one store.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from botocore.exceptions import ParamValidationError

from botwo._errors import RoutingError
from botwo._patterns import is_exact
from botwo._routes import Route

if TYPE_CHECKING:
    from collections.abc import Iterator

    from botwo._rules import Rules


class Twins:
    """The rules of a mapping, by where they put their buckets.

    Finding a name's twins costs the same for 10 exact rules and for 10,000.
    """

    def __init__(self, rules: Rules) -> None:
        self._rules = rules
        self._exact: dict[tuple[str, str], list[int]] = {}
        """By mapped bucket and key prefix."""
        self._folding: dict[str, list[int]] = {}
        """By mapped bucket."""
        self._open: list[int] = []
        """Those that may put a bucket into any mapped one."""
        for place, rule in enumerate(rules.rules):
            mapped_bucket = rule.mapped_bucket(rule.bucket_name)
            if is_exact(rule.bucket_name):
                at = mapped_bucket, rule.mapped_prefix(rule.bucket_name)
                self._exact.setdefault(at, []).append(place)
            elif rule.folds:
                self._folding.setdefault(mapped_bucket, []).append(place)
            else:
                self._open.append(place)

    def of(self, bucket: str, key: str) -> set[tuple[str, str]]:
        """Give the buckets and keys, others than these, that reach what these do.

        Of what is no name at all there are none.
        """
        try:
            route = self._rules.route(bucket, key)
        except (RoutingError, ParamValidationError):
            return set()
        found = self._names(route.mapped_bucket, route.mapped_key(key))
        return set(found) - {(bucket, key)}

    def _names(self, mapped_bucket: str, mapped_key: str) -> Iterator[tuple[str, str]]:
        for place, bucket in self._candidates(mapped_bucket, mapped_key):
            route = Route.of(self._rules.rules[place], place=place, bucket=bucket)
            if not mapped_key.startswith(route.key_prefix):
                continue
            key = route.key(mapped_key)
            if self._claims(place, bucket, key):
                yield bucket, key

    def _candidates(self, mapped_bucket: str, mapped_key: str) -> Iterator[tuple[int, str]]:
        """Yield the rules, by their places, that may put a bucket there, with its name."""
        for prefix in _prefixes(mapped_key):
            for place in self._exact.get((mapped_bucket, prefix), ()):
                yield place, self._rules.rules[place].bucket_name
        for place in self._folding.get(mapped_bucket, ()):
            yield from _named(place, self._rules.rules[place].folded_bucket(mapped_key))
        for place in self._open:
            yield from _named(place, self._rules.rules[place].unmapped_bucket(mapped_bucket))

    def _claims(self, place: int, bucket: str, key: str) -> bool:
        """Tell whether it is this rule that the name goes by, and no earlier one."""
        try:
            return self._rules.route(bucket, key).place == place
        except (RoutingError, ParamValidationError):
            return False  # no client takes such a name


def _prefixes(mapped_key: str) -> Iterator[str]:
    """Yield what a key prefix of this key can be."""
    yield ""
    for end, character in enumerate(mapped_key, 1):
        if character == "/":
            yield mapped_key[:end]


def _named(place: int, bucket: str | None) -> Iterator[tuple[int, str]]:
    if bucket is not None:
        yield place, bucket
