"""The other names of the caller's for what one name reaches at its store.

Two stores' buckets of one name are taken for one: two clients may reach one store.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from botocore.exceptions import ParamValidationError

from botwo._errors import RoutingError
from botwo._patterns import is_exact
from botwo._routes import BUCKET_PLACEHOLDER, Route

if TYPE_CHECKING:
    from collections.abc import Iterator

    from botwo._routes import Rule
    from botwo._rules import Rules


_MAX_FOLDERS = 10_000


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
        self._begin: set[str] | None = set()
        """What prefixes end with; None: what a bucket is called, too."""
        self._folders: dict[tuple[str, str], set[tuple[str, str]]] = {}
        for place, rule in enumerate(rules.rules):
            mapped_bucket = rule.mapped_bucket(rule.bucket_name)
            if is_exact(rule.bucket_name):
                at = mapped_bucket, rule.mapped_prefix(rule.bucket_name)
                self._exact.setdefault(at, []).append(place)
            elif rule.folds:
                self._folding.setdefault(mapped_bucket, []).append(place)
            else:
                self._open.append(place)
            self._note_ends(rule)

    def _note_ends(self, rule: Rule) -> None:
        if BUCKET_PLACEHOLDER in rule.key_prefix:
            self._begin = None
        elif self._begin is not None:
            for prefix in (rule.key_prefix, rule.source_prefix):
                self._begin.add(prefix[:-1].rpartition("/")[2])

    def changed(self, bucket: str, key: str) -> set[tuple[str, str]]:
        """Give the other names of what changes, a file or a folder with something in it."""
        found = self.of(bucket, key)
        # Where a rule begins with a folder, that has other names than a file would have.
        if key and (self._begin is None or key.rpartition("/")[2] in self._begin):
            found = found | self.of(bucket, f"{key}/")
        return found

    def of(self, bucket: str, key: str) -> set[tuple[str, str]]:
        """Give the buckets and keys, others than these, that reach what these do.

        Of what is no name at all there are none.
        """
        folder = key[: key.rfind("/") + 1]
        twins = self._folders.get((bucket, folder))
        if twins is None:
            if len(self._folders) >= _MAX_FOLDERS:
                self._folders.clear()
            twins = self._folders[bucket, folder] = self._of_folder(bucket, folder)
        name = key[len(folder) :]
        return {(other, prefix + name) for other, prefix in twins}

    def _of_folder(self, bucket: str, folder: str) -> set[tuple[str, str]]:
        try:
            route = self._rules.route(bucket, folder)
        except (RoutingError, ParamValidationError):
            return set()
        found = self._names(route.mapped_bucket, route.mapped_key(folder))
        return set(found) - {(bucket, folder)}

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
