"""Read a mapping into rules, and say everything that is wrong with it at once."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import msgspec

from botwo._errors import ConfigError, Problem
from botwo._overlaps import aliases, collisions
from botwo._patterns import PatternIndex, covers, is_empty, is_exact
from botwo._routes import BUCKET_PLACEHOLDER, Rule
from botwo._rules import Rules

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator

_FIELDS = {known.name: known for known in msgspec.structs.fields(Rule)}
# What botocore takes for a bucket's name, beside ARNs.
_BUCKET = re.compile(r"[a-zA-Z0-9.\-_]{1,255}")
_BRACES = re.compile(r"\{[^{}]*\}?|\}")
_TEMPLATES = ("mapped_bucket_name", "key_prefix")
_PREFIXES = ("key_prefix", "source_prefix")


def read_mapping(
    mapping: Iterable[Mapping[str, Any]],
    clients: Collection[str],
    problems: Iterable[Problem] = (),
) -> tuple[Rule, ...]:
    """Turn what the caller wrote into rules.

    Args:
        mapping: The rules in order, each a dict with the fields of `Rule`.
        clients: The clients' names.
        problems: What was found wrong already; listed first.

    Raises:
        ConfigError: With every problem, its place, what was found and what to do.
    """
    found = list(problems)
    rules: dict[int, Rule] = {}
    partial: list[Rule | None] = []
    if isinstance(mapping, str | bytes | Mapping) or not isinstance(mapping, Sequence):
        raise ConfigError(
            [*found, _problem("mapping", mapping, "give a list of rules; in TOML: [[mapping]]")]
        )
    for place, entry in enumerate(mapping):
        rule = _rule(entry)
        if rule is None:
            found += _entry_problems(f"mapping[{place}]", entry)
            partial.append(_readable(entry))
            if partial[-1] is not None:
                found += _rule_problems(f"mapping[{place}]", partial[-1], clients)
        else:
            rules[place] = rule
            found += _rule_problems(f"mapping[{place}]", rule, clients)
    found += _order_problems(rules)
    readable = [rule for rule in partial if rule is not None]
    if len(readable) == len(partial):
        found += _default_problems([*rules.values(), *readable])
    if not found and any(rule.source_prefix for rule in rules.values()):
        found += collisions(Rules(rules=tuple(rules.values())))
    if found:
        raise ConfigError(found)
    return tuple(rules.values())


def doubts(rules: Rules, clients: Collection[str]) -> Iterator[str]:
    """Say what a mapping allows and what is probably not meant."""
    for name in sorted(set(clients) - {rule.client for rule in rules.rules}):
        yield f"no rule uses the client {name!r}"
    for place, rule in enumerate(rules.rules):
        bucket = rule.bucket_name
        if is_exact(bucket) and not bucket.startswith("arn:") and not _BUCKET.fullmatch(bucket):
            yield f"mapping[{place}].bucket_name: {bucket!r} is no name that a bucket can have"
        mapped = rule.mapped_bucket("x" if rule.mapped_bucket_name else bucket)
        if rule.mapped_bucket_name and not _BUCKET.fullmatch(mapped) and ":" not in mapped:
            at = f"mapping[{place}].mapped_bucket_name"
            yield f"{at}: {rule.mapped_bucket_name!r} is no name that a bucket can have"
        if rule.key_prefix.startswith("/"):
            yield f"mapping[{place}].key_prefix: {rule.key_prefix!r} makes keys start with '/'"
    yield from aliases(rules)


def nearest(name: str, known: Iterable[str]) -> str:
    """Give the ending of an error that names the nearest known name, or all of them."""
    import difflib  # only an error needs it

    names = sorted(map(str, known))
    close = difflib.get_close_matches(name, names, n=1)
    if close:
        return f"did you mean {close[0]!r}?"
    more = " …" if len(names) > 20 else ""
    return f"known: {', '.join(map(repr, names[:20]))}{more}" if names else "none is known"


def _problem(place: str, found: object, mend: str) -> Problem:
    shown = repr(found)
    return Problem(place=place, found=shown if len(shown) <= 80 else shown[:77] + "...", mend=mend)


def _rule(entry: object) -> Rule | None:
    """Read an entry; None where `_entry_problems` has something to say of it."""
    if not isinstance(entry, Mapping):
        return None
    try:
        return msgspec.convert(_given(entry), Rule)
    except msgspec.ValidationError:
        return None


def _readable(entry: object) -> Rule | None:
    """Read what can be read of an entry that has problems; None where it names no bucket."""
    if not isinstance(entry, Mapping):
        return None
    given = {name: value for name, value in _given(entry).items() if name in _FIELDS}
    for name, value in list(given.items()):
        try:
            msgspec.convert(value, _FIELDS[name].type)
        except msgspec.ValidationError:
            del given[name]
    return _rule(given)


def _entry_problems(place: str, entry: object) -> Iterator[Problem]:
    """Check one entry's shape: its fields' names, their presence, their types."""
    if not isinstance(entry, Mapping):
        yield _problem(place, entry, "a rule is a dict with bucket_name and client")
        return
    given = _given(entry)
    for name, value in given.items():
        known = _FIELDS.get(name)
        if known is None:
            # What stands there may be a secret that was meant for another table.
            mend = nearest(str(name), _FIELDS)
            yield Problem(place=f"{place}.{name}", found="no such field", mend=mend)
            continue
        try:
            msgspec.convert(value, known.type)
        except msgspec.ValidationError as error:
            yield _problem(f"{place}.{name}", value, str(error))
    for name, known in _FIELDS.items():
        if known.required and name not in given:
            yield Problem(place=f"{place}.{name}", found="missing", mend="every rule needs it")


def _given(entry: Mapping[str, Any]) -> dict[str, Any]:
    """Give an entry's fields; None, as JSON's null, is as good as absent."""
    return {name: value for name, value in entry.items() if value is not None}


def _rule_problems(place: str, rule: Rule, clients: Collection[str]) -> Iterator[Problem]:
    """Check what one rule says by itself."""
    if rule.client not in clients:
        mend = f"no such client; {nearest(rule.client, clients)}"
        yield _problem(f"{place}.client", rule.client, mend)
    yield from _bucket_problems(place, rule)
    for name in _PREFIXES:
        prefix = getattr(rule, name)
        if prefix and not prefix.endswith("/"):
            mend = f"it would also claim {prefix + 'x'!r}: end it with '/', write {prefix + '/'!r}"
            yield _problem(f"{place}.{name}", prefix, mend)
    if rule.strip_source_prefix and not rule.source_prefix:
        mend = "there is no source_prefix to strip"
        yield _problem(f"{place}.strip_source_prefix", rule.strip_source_prefix, mend)
    for name in _TEMPLATES:
        rest = (getattr(rule, name) or "").replace(BUCKET_PLACEHOLDER, "")
        unknown = _BRACES.search(rest)
        if unknown:
            mend = f"{unknown[0]!r} means nothing here; only {BUCKET_PLACEHOLDER} is filled in"
            yield _problem(f"{place}.{name}", getattr(rule, name), mend)
    fixed = rule.folds and not set("*?[{") & set(rule.mapped_bucket_name or "")
    if fixed and BUCKET_PLACEHOLDER not in rule.key_prefix:
        mend = (
            "a wildcard rule that puts many buckets into one needs {bucket} in its key_prefix, "
            f"or their keys collide: write {'{bucket}/' + rule.key_prefix!r}"
        )
        yield _problem(f"{place}.key_prefix", rule.key_prefix, mend)


def _bucket_problems(place: str, rule: Rule) -> Iterator[Problem]:
    for name in ("bucket_name", "mapped_bucket_name"):
        bucket = getattr(rule, name)
        if bucket == "":
            yield _problem(f"{place}.{name}", bucket, "a bucket's name is not empty")
        elif bucket and "/" in bucket and not bucket.startswith("arn:"):
            yield _problem(
                f"{place}.{name}", bucket, "a bucket's name has no '/': use the prefixes"
            )
    if "[" in rule.bucket_name and is_empty(rule.bucket_name):
        mend = "no name matches it: write the characters in the order that [a-z] has"
        yield _problem(f"{place}.bucket_name", rule.bucket_name, mend)
    mapped = rule.mapped_bucket_name
    if mapped and mapped.count(BUCKET_PLACEHOLDER) > 1:
        mend = f"{BUCKET_PLACEHOLDER} can stand there once, or names could not be read back"
        yield _problem(f"{place}.mapped_bucket_name", mapped, mend)
    if mapped and not is_exact(mapped):
        yield _problem(f"{place}.mapped_bucket_name", mapped, "a store's bucket is no pattern")


def _order_problems(rules: Mapping[int, Rule]) -> Iterator[Problem]:
    """Find the rules that can never win because an earlier one covers them."""
    earlier: PatternIndex[dict[str, int]] = PatternIndex()
    for place, rule in rules.items():
        winner = _covering(earlier, rule)
        if winner is None:
            earlier.setdefault(rule.bucket_name, {})[rule.source_prefix] = place
            continue
        other = rules[winner]
        shown = other.bucket_name + (f"/{other.source_prefix}" if other.source_prefix else "")
        yield Problem(
            place=f"mapping[{place}]",
            found=f"can never win: mapping[{winner}] ({shown}) is earlier and covers it",
            mend=f"move it before mapping[{winner}], or remove it",
        )


def _covering(earlier: PatternIndex[dict[str, int]], rule: Rule) -> int | None:
    for pattern, by_prefix in earlier.candidates(rule.bucket_name):
        prefixes = [prefix for prefix in _ancestors(rule.source_prefix) if prefix in by_prefix]
        if prefixes and covers(pattern, rule.bucket_name):
            return by_prefix[prefixes[0]]
    return None


def _ancestors(prefix: str) -> Iterator[str]:
    """Yield the prefixes ending with ``/`` that ``prefix`` starts with, shortest first."""
    yield ""
    for slash in re.finditer("/", prefix):
        yield prefix[: slash.end()]


def _default_problems(rules: Iterable[Rule]) -> Iterator[Problem]:
    if not any(rule.bucket_name == "*" and not rule.source_prefix for rule in rules):
        yield Problem(
            place="mapping",
            found="no default rule",
            mend='end it with {"bucket_name": "*", "client": ...}',
        )
