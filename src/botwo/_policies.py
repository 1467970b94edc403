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
# Condition keys whose values hold buckets and keys.
_NAMING_KEYS = frozenset({"s3:x-amz-copy-source", "s3:x-amz-website-redirect-location"})
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
    elif not isinstance(statements, list):
        return text
    else:
        done = [translate(names, item) if isinstance(item, dict) else item for item in statements]
    return json.dumps({**policy, "Statement": done}, ensure_ascii=False)


def _map_statement(names: Translation, statement: Params) -> Params:
    mapped = _translated(
        names,
        statement,
        lambda resource: _map_resource(names, resource),
        lambda value: _map_prefix_test(names, value),
    )
    if names.route.key_prefix or len(names.rules.segments(names.route.bucket)) > 1:
        _check_reach(names, statement)
    return mapped


def _unmap_statement(names: Translation, statement: Params) -> Params:
    unmapped = _translated(
        names, statement, lambda resource: _unmap_resource(names, resource), names.back_prefix
    )
    if names.route.key_prefix:
        _check_reach(names, statement)
    return unmapped


def _translated(
    names: Translation,
    statement: Params,
    resource: Callable[[str], str],
    prefix: Callable[[str], str],
) -> Params:
    done = _each_resource(statement, resource)
    if isinstance(statement.get("Condition"), dict):
        done["Condition"] = {
            operator: _each_prefix(names, tests, prefix)
            for operator, tests in statement["Condition"].items()
        }
    return done


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


def _check_reach(names: Translation, statement: Params) -> None:
    """Refuse a statement about more than keys under a prefix, where the bucket is no more."""
    if "NotResource" in statement:
        raise names.refusal(f"NotResource would reach beyond {names.route}")
    for operator, tests in _conditions(statement).items():
        if _tests_prefix(tests) and operator.lower() not in _POSITIVE:
            raise names.refusal(f"{operator} on s3:prefix would reach beyond {names.route}")
    if any(_is_bucket(item) for item in _resources(statement)):
        _check_bucket_statement(names, statement)


def _check_bucket_statement(names: Translation, statement: Params) -> None:
    """Beyond a prefix only listings by prefix can be granted or denied on the bucket itself."""
    actions = {str(action).lower() for action in _list(statement.get("Action", "*"))}
    narrowed = any(_tests_prefix(tests) for tests in _conditions(statement).values())
    if not actions <= _BY_PREFIX or "NotAction" in statement or not narrowed:
        raise names.refusal(
            f"on the bucket itself the policy would reach beyond {names.route}; allow or deny only "
            "s3:ListBucket and s3:ListBucketVersions there, with StringEquals or StringLike on "
            "s3:prefix"
        )


def _conditions(statement: Params) -> Params:
    conditions = statement.get("Condition")
    return conditions if isinstance(conditions, dict) else {}


def _tests_prefix(tests: Any) -> bool:
    return isinstance(tests, dict) and _PREFIX_KEY in map(str.lower, tests)


def _map_prefix_test(names: Translation, value: str) -> str:
    _check_covered(names, value)
    return names.route.key_prefix + value


def _each_prefix(names: Translation, tests: Any, translate: Callable[[str], str]) -> Any:
    """Translate the tests of ``s3:prefix``, and refuse others that name what has another name."""
    if not isinstance(tests, dict):
        return tests
    for key, value in tests.items():
        for item in _list(value):
            if key.lower() in _NAMING_KEYS or _is_renamed(names, str(item)):
                raise names.refusal(
                    f"a condition on {key} names {item!r}, which has another name at the store"
                )
    return {
        key: _each_string(value, translate) if key.lower() == _PREFIX_KEY else value
        for key, value in tests.items()
    }


def _is_renamed(names: Translation, text: str) -> bool:
    """Tell whether an ARN is, or could be, of something that has two names."""
    start, bucket, rest = split_arn(text)
    if not start:
        return False
    if "*" in bucket or "?" in bucket:
        return True
    route = names.rules.route(bucket, rest[1:])
    mapped = bucket == names.route.mapped_bucket and names.route.moves_bucket
    return mapped or route.moves_bucket or (bool(rest) and route.moves_keys)
