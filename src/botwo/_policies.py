"""Translate bucket policies: the bucket's ARNs in resources, and conditions on ``s3:prefix``.

A policy that cannot say of the store's names exactly what the caller said of the bucket is refused.
Source: Amazon S3 user guide, "Policies and permissions in Amazon S3" and "Condition keys".
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from botwo._translation import Params, Translation, split_arn

if TYPE_CHECKING:
    from collections.abc import Callable

_RESOURCES = ("Resource", "NotResource")
_PREFIX_KEY = "s3:prefix"
# Operators that a narrowed list of values can only make narrower.
_POSITIVE = frozenset({"stringequals", "stringlike"})
_BY_PREFIX = frozenset({"s3:listbucket", "s3:listbucketversions"})


def map_policy(names: Translation, text: str) -> str:
    """Give the policy in the store's names.

    Raises:
        RoutingError: It cannot be said faithfully of the store's names.
    """
    return _each_statement(names, text, _map_statement)


def unmap_policy(names: Translation, text: str) -> str:
    """Give the store's policy in the caller's names.

    Raises:
        RoutingError: It speaks of what the caller cannot name.
    """
    return _each_statement(names, text, _unmap_statement)


def _each_statement(
    names: Translation, text: str, translate: Callable[[Translation, Params], Params]
) -> str:
    try:
        policy = json.loads(text)
    except ValueError:
        return text  # the store says what is wrong with it
    if not isinstance(policy, dict) or "Statement" not in policy:
        return text
    statements = policy["Statement"]
    if isinstance(statements, dict):
        done: Any = translate(names, statements)
    else:
        done = [translate(names, item) if isinstance(item, dict) else item for item in statements]
    return json.dumps({**policy, "Statement": done}, ensure_ascii=False)


def _map_statement(names: Translation, statement: Params) -> Params:
    prefixed = bool(names.route.key_prefix)
    if prefixed and "NotResource" in statement:
        raise names.refusal("NotResource would reach beyond the route's key prefix")
    mapped = _each_resource(statement, lambda resource: _map_resource(names, resource))
    conditions = statement.get("Condition") or {}
    if prefixed and any(_is_bucket(item) for item in _resources(statement)):
        _check_bucket_statement(names, statement)
    if conditions:
        mapped["Condition"] = _map_conditions(names, conditions)
    return mapped


def _unmap_statement(names: Translation, statement: Params) -> Params:
    unmapped = _each_resource(statement, lambda resource: _unmap_resource(names, resource))
    conditions = statement.get("Condition")
    if conditions:
        unmapped["Condition"] = {
            operator: _each_prefix(tests, names.back_prefix)
            for operator, tests in conditions.items()
        }
    return unmapped


def _resources(statement: Params) -> list[str]:
    found = [item for member in _RESOURCES for item in _list(statement.get(member, []))]
    return [item for item in found if isinstance(item, str)]


def _list(value: Any) -> list[Any]:
    return list(value) if isinstance(value, list) else [value]


def _is_bucket(resource: str) -> bool:
    return not split_arn(resource)[2]


def _each_resource(statement: Params, translate: Callable[[str], str]) -> Params:
    done = dict(statement)
    for member in _RESOURCES:
        if member in done:
            done[member] = _each_string(done[member], translate)
    return done


def _each_string(value: Any, translate: Callable[[str], str]) -> Any:
    if isinstance(value, list):
        return [_each_string(item, translate) for item in value]
    return translate(value) if isinstance(value, str) else value


def _map_resource(names: Translation, resource: str) -> str:
    start, bucket, rest = split_arn(resource)
    if not start or bucket != names.route.bucket:
        raise names.refusal(
            f"the policy's resource {resource!r} does not name bucket {names.route.bucket!r} "
            "exactly, so it cannot be said in the store's names"
        )
    if not rest:
        return start + names.route.mapped_bucket
    _check_covered(names, rest[1:])
    return f"{start}{names.route.mapped_bucket}/{names.route.key_prefix}{rest[1:]}"


def _check_covered(names: Translation, pattern: str) -> None:
    """Refuse a key pattern that also matches keys on other routes."""
    names.own_prefix(re.split(r"[*?$]", pattern, maxsplit=1)[0])


def _unmap_resource(names: Translation, resource: str) -> str:
    start, bucket, rest = split_arn(resource)
    if not start or bucket != names.route.mapped_bucket:
        raise names.refusal(f"the store's policy names {resource!r}, which is not this bucket")
    return start + names.route.bucket + (f"/{names.back_prefix(rest[1:])}" if rest else "")


def _check_bucket_statement(names: Translation, statement: Params) -> None:
    """Under a key prefix only listings by prefix can be granted or denied on the bucket itself."""
    actions = {str(action).lower() for action in _list(statement.get("Action", "*"))}
    tests = [
        tests
        for operator, tests in (statement.get("Condition") or {}).items()
        if operator.lower() in _POSITIVE and _PREFIX_KEY in map(str.lower, tests)
    ]
    if not actions <= _BY_PREFIX or "NotAction" in statement or not tests:
        raise names.refusal(
            f"on the bucket itself the policy would reach beyond {names.route}; allow or deny only "
            "s3:ListBucket and s3:ListBucketVersions there, with StringEquals or StringLike on "
            "s3:prefix"
        )


def _map_conditions(names: Translation, conditions: Params) -> Params:
    mapped = {}
    for operator, tests in conditions.items():
        on_prefix = isinstance(tests, dict) and _PREFIX_KEY in map(str.lower, tests)
        if on_prefix and names.route.key_prefix and operator.lower() not in _POSITIVE:
            raise names.refusal(f"{operator} on s3:prefix would reach beyond the key prefix")
        _check_foreign(names, tests)
        mapped[operator] = _each_prefix(tests, lambda value: _map_prefix_test(names, value))
    return mapped


def _map_prefix_test(names: Translation, value: str) -> str:
    _check_covered(names, value)
    return names.route.key_prefix + value


def _each_prefix(tests: Any, translate: Callable[[str], str]) -> Any:
    if not isinstance(tests, dict):
        return tests
    return {
        key: _each_string(value, translate) if key.lower() == _PREFIX_KEY else value
        for key, value in tests.items()
    }


def _check_foreign(names: Translation, tests: Any) -> None:
    """Refuse ARNs of renamed buckets in other conditions: they could not be read back."""
    tested = tests.values() if isinstance(tests, dict) else ()
    for item in [item for value in tested for item in _list(value)]:
        start, bucket, _ = split_arn(str(item))
        if start and names.rules.route(bucket).moves_bucket:
            raise names.refusal(f"a condition names {item!r}, which has another name at the store")
