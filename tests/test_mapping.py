"""A mapping is checked whole: one error tells every problem, its place and what to do."""

from __future__ import annotations

import functools
import time
from typing import Any

import boto3.session
import pytest
from stubs import options, stub

import botwo

OK = {"bucket_name": "*", "client": "s3"}


def _never() -> Any:
    return pytest.fail("a factory was called")


def _problems(mapping: Any, clients: Any = None) -> dict[str, tuple[str, str]]:
    """What is wrong, by place; nothing is made on the way."""
    given = {"s3": _never, "lakefs": _never} if clients is None else clients
    with pytest.raises(botwo.ConfigError) as raised:
        botwo.client(given, mapping)
    for problem in raised.value.problems:
        assert str(problem) in str(raised.value)
    return {problem.place: (problem.found, problem.mend) for problem in raised.value.problems}


def _rule(**fields: Any) -> dict[str, Any]:
    return {"bucket_name": "a", "client": "lakefs", **fields}


@pytest.mark.parametrize(
    ("rule", "place", "found", "mend"),
    [
        (_rule(client="lakfs"), "mapping[0].client", "'lakfs'", "did you mean 'lakefs'?"),
        (_rule(client="x"), "mapping[0].client", "'x'", "'lakefs', 's3'"),
        (
            _rule(key_prefx="a/"),
            "mapping[0].key_prefx",
            "no such field",
            "did you mean 'key_prefix'?",
        ),
        ({"client": "s3"}, "mapping[0].bucket_name", "missing", "every rule needs it"),
        ({"bucket_name": "a"}, "mapping[0].client", "missing", "every rule needs it"),
        (_rule(key_prefix=3), "mapping[0].key_prefix", "3", "Expected `str`, got `int`"),
        (_rule(strip_source_prefix="yes"), "mapping[0].strip_source_prefix", "'yes'", "bool"),
        (_rule(key_prefix="dev"), "mapping[0].key_prefix", "'dev'", "write 'dev/'"),
        (_rule(source_prefix="raw"), "mapping[0].source_prefix", "'raw'", "write 'raw/'"),
        (_rule(bucket_name=""), "mapping[0].bucket_name", "''", "not empty"),
        (_rule(mapped_bucket_name=""), "mapping[0].mapped_bucket_name", "''", "not empty"),
        (_rule(bucket_name="a/b"), "mapping[0].bucket_name", "'a/b'", "use the prefixes"),
        (_rule(mapped_bucket_name="a*"), "mapping[0].mapped_bucket_name", "'a*'", "no pattern"),
        (_rule(strip_source_prefix=True), "mapping[0].strip_source_prefix", "True", "to strip"),
        (_rule(key_prefix="{buckt}/"), "mapping[0].key_prefix", "'{buckt}/'", "{bucket}"),
        (
            _rule(mapped_bucket_name="{0}"),
            "mapping[0].mapped_bucket_name",
            "'{0}'",
            "{bucket}",
        ),
        (
            _rule(bucket_name="a*", mapped_bucket_name="r", key_prefix="m/"),
            "mapping[0].key_prefix",
            "'m/'",
            "'{bucket}/m/'",
        ),
        ("a rule", "mapping[0]", "'a rule'", "a rule is a dict"),
        (None, "mapping[0]", "None", "a rule is a dict"),
    ],
)
def test_a_rule_that_cannot_be_used(rule: Any, place: str, found: str, mend: str) -> None:
    """The problem names its place, what stands there and what to write."""
    problems = _problems([rule, OK])

    assert list(problems) == [place]
    assert found == problems[place][0]
    assert mend in problems[place][1]


@pytest.mark.parametrize(
    ("mapping", "place"),
    [
        ([_rule(), _rule(key_prefix="x/"), OK], 1),
        ([_rule(bucket_name="a*"), _rule(), OK], 1),
        ([_rule(bucket_name="a*"), _rule(bucket_name="ab*"), OK], 1),
        ([_rule(), _rule(source_prefix="x/"), OK], 1),
        ([_rule(source_prefix="x/"), _rule(source_prefix="x/y/"), OK], 1),
        ([OK, _rule()], 1),
        ([_rule(), OK, {"bucket_name": "*", "client": "lakefs"}], 2),
    ],
)
def test_a_rule_that_can_never_win(mapping: Any, place: int) -> None:
    """A rule that an earlier one covers is refused, and the earlier one named."""
    problems = _problems(mapping)

    assert list(problems) == [f"mapping[{place}]"]
    found, mend = problems[f"mapping[{place}]"]
    assert "can never win: mapping[" in found
    assert mend.startswith("move it before mapping[")


@pytest.mark.parametrize(
    "mapping",
    [
        [_rule(source_prefix="x/y/"), _rule(source_prefix="x/"), _rule(), OK],
        [_rule(), _rule(bucket_name="a*"), OK],
        [_rule(bucket_name="a*", source_prefix="x/"), _rule(), OK],
    ],
)
def test_a_rule_that_can_win_is_taken(mapping: Any) -> None:
    """Rules from narrow to wide are a mapping."""
    clients = {name: stub(host=f"{name}.test").client for name in ("s3", "lakefs")}

    assert botwo.client(clients, mapping) is not None


@pytest.mark.parametrize(
    "mapping", [[], [_rule()], [{"bucket_name": "*", "source_prefix": "x/", "client": "s3"}]]
)
def test_a_default_is_required(mapping: Any) -> None:
    """A mapping without a rule for every name is refused, and the mend shows one."""
    problems = _problems(mapping)

    assert problems["mapping"][0] == "no default rule"
    assert '{"bucket_name": "*", "client": ...}' in problems["mapping"][1]


def test_one_mistake_does_not_hide_another() -> None:
    """Of a rule with an unknown field everything else that is wrong is told too."""
    rule = {"bucket_name": "*", "client": "zz", "key_prefix": "dev", "bukcet": 1}

    assert {
        "mapping[0].bukcet", "mapping[0].client", "mapping[0].key_prefix"
    } == set(_problems([rule]))  # fmt: skip
    assert {"mapping[0].bukcet", "mapping"} == set(
        _problems([{"bucket_name": "a", "client": "s3", "bukcet": 1}])
    )


@pytest.mark.parametrize("mapping", [None, "rules", {"bucket_name": "*", "client": "s3"}, 3])
def test_a_mapping_is_a_list(mapping: Any) -> None:
    """Something that is no list is refused as a whole."""
    assert _problems(mapping)["mapping"][1] == "give a list of rules; in TOML: [[mapping]]"


def _asynchronous() -> Any:
    class Asynchronous(type(stub().client)):  # type: ignore[misc]
        async def _make_api_call(self, operation: str, params: Any) -> Any:
            return {}

    made = object.__new__(Asynchronous)
    vars(made).update(vars(stub().client))
    return made


@pytest.mark.parametrize(
    ("make", "found", "mend"),
    [
        (lambda: 3, "a int", "a boto3 S3 client, or a factory of one"),
        (lambda: None, "a NoneType", "a boto3 S3 client, or a factory of one"),
        (lambda: boto3.session.Session().client("sqs", **options()), "'sqs'", "only S3 clients"),
        (lambda: boto3.session.Session().resource("s3", **options()), "", ".meta.client"),
        (_asynchronous, "an asynchronous client", "do not mix"),
    ],
)
def test_a_client_that_cannot_be_routed(make: Any, found: str, mend: str) -> None:
    """A value that is no boto3 S3 client is refused by its name."""
    problems = _problems([OK], {"s3": _never, "lakefs": make()})

    assert list(problems) == ["clients['lakefs']"]
    assert found in problems["clients['lakefs']"][0]
    assert mend in problems["clients['lakefs']"][1]


@pytest.mark.parametrize("clients", [{}, [], None, 3, stub, "s3"])
def test_clients_are_a_dict_that_holds_some(clients: Any) -> None:
    """Without clients there is nothing to route to."""
    with pytest.raises(botwo.ConfigError, match="  clients: "):
        botwo.client(clients, [OK])


def test_every_problem_is_told_at_once() -> None:
    """One error lists all that is wrong, in the order of the arguments."""
    mapping = [
        _rule(client="nobody", key_prefix="dev"),
        _rule(bucket_name="b", colour="blue"),
        3,
        _rule(bucket_name="c"),
        _rule(bucket_name="c"),
    ]

    problems = _problems(mapping, {"s3": 3, "lakefs": _never})

    assert list(problems) == [
        "clients['s3']",
        "mapping[0].client",
        "mapping[0].key_prefix",
        "mapping[1].colour",
        "mapping[2]",
        "mapping[4]",
    ]


def test_the_error_says_how_many_problems_there_are() -> None:
    """The first line counts, and each problem has a line of its own."""
    with pytest.raises(botwo.ConfigError) as raised:
        botwo.client({"s3": _never}, [{"bucket_name": "a", "client": "S3"}])

    assert str(raised.value).splitlines() == [
        "2 problems in the clients and the mapping:",
        "  mapping[0].client: 'S3'; no such client; known: 's3'",
        '  mapping: no default rule; end it with {"bucket_name": "*", "client": ...}',
    ]


def test_a_long_value_is_shown_short() -> None:
    """A problem does not repeat a value of any length."""
    problems = _problems([_rule(key_prefix="x" * 10_000), OK])

    assert len(problems["mapping[0].key_prefix"][0]) == 80


def test_a_client_that_no_rule_uses_is_a_warning_at_the_callers_line() -> None:
    """What is probably not meant is a warning, and it points at the line that made the client."""
    clients = {"s3": stub().client, "spare": _never}

    with pytest.warns(botwo.ConfigWarning, match="no rule uses the client 'spare'") as caught:
        botwo.client(clients, [OK])

    assert [__file__] == [warning.filename for warning in caught]


def test_what_was_passed_is_not_changed() -> None:
    """The caller's mapping and clients are as they were."""
    clients = {"s3": stub().client}
    mapping = [dict(OK, mapped_bucket_name=None)]
    before = [dict(entry) for entry in mapping], dict(clients)

    botwo.client(clients, mapping)

    assert before == (mapping, clients)


def test_a_mapping_of_ten_thousand_rules_is_read_in_seconds() -> None:
    """Checking which rules can never win does not compare each rule with each other one."""
    mapping = [_rule(bucket_name=f"team-{n:05}-*", key_prefix=f"{n}/") for n in range(10_000)]
    clients = {"s3": functools.partial(lambda: stub().client), "lakefs": _never}
    start = time.perf_counter()

    botwo.client(clients, [*mapping, OK])

    assert time.perf_counter() - start < 20
