"""Laws of the pure core: each class is one, for any mapping and any names."""

from __future__ import annotations

import contextlib
import copy
import fnmatch
import itertools
import re
from collections.abc import Iterator
from typing import Any

import msgspec
from asking import MODEL, known
from hypothesis import assume, example, given
from hypothesis import strategies as st

from botwo import ConfigError
from botwo._calls import Call
from botwo._errors import RoutingError
from botwo._flows import flow
from botwo._mapping import read_mapping
from botwo._markers import mapped_marker
from botwo._operations import REQUESTS
from botwo._patterns import covers, matches
from botwo._routes import Route, Rule
from botwo._rules import Rules

# Few letters, so that names meet; among them some that code points and UTF-16 order differently.
names = st.sampled_from(["a", "b", "ab"]) | st.text("ab-", min_size=1, max_size=4)
patterns = st.sampled_from(["*", "a*", "*b", "?", "[ab]", "[!a]*"]) | st.text(
    "ab-*?[]!", min_size=1, max_size=6
)
keys = st.text("ab/ é\ud7ff\ue000\U0001f600\U0010ffff", max_size=6)
folders = st.lists(st.sampled_from(["a", "b", "", "é", "\ue000", "\U0010ffff"]), max_size=3)
prefixes = folders.map(lambda parts: "".join(f"{part}/" for part in parts))


@st.composite
def some_rules(draw: st.DrawFn) -> Rule:
    """Draw a rule that a mapping takes."""
    source = draw(prefixes)
    pattern = draw(names | patterns)
    own = (
        {}
        if draw(st.booleans())
        else {"mapped_bucket_name": f"{draw(names)}-{{bucket}}-{draw(names)}"}
    )
    return Rule(
        bucket_name=pattern,
        client=draw(st.sampled_from("xy")),
        key_prefix=draw(prefixes | st.just("{bucket}/") | st.just("{bucket}/a/")),
        source_prefix=source,
        strip_source_prefix=bool(source) and draw(st.booleans()),
        **own,
    )


@st.composite
def some_mappings(draw: st.DrawFn) -> Rules:
    """Draw rules, the default among them; some can never win."""
    rules = draw(st.lists(some_rules(), max_size=6))
    default = Rule(bucket_name="*", client="x", key_prefix=draw(prefixes))
    place = draw(st.integers(0, len(rules)))
    return Rules(rules=(*rules[:place], default, *rules[place:]))


def apart(rules: Rules) -> Rules:
    """Give each rule a store of its own, so that no two rules reach one object."""
    alone = [msgspec.structs.replace(rule, client=f"c{at}") for at, rule in enumerate(rules.rules)]
    return Rules(rules=tuple(alone))


mappings = some_mappings().map(apart)


@st.composite
def some_buckets(draw: st.DrawFn) -> tuple[Rules, str]:
    """Draw rules and a bucket that some of them may be about."""
    rules = draw(mappings)
    said = [rule.bucket_name.translate({42: "a", 63: "b"}) for rule in rules.rules]
    return rules, draw(st.sampled_from(said) | names)


@st.composite
def routed_keys(draw: st.DrawFn) -> tuple[Route, list[str]]:
    """Draw a route and some keys that lie on it."""
    rules, bucket = draw(some_buckets())
    segment = draw(st.sampled_from(rules.segments(bucket)))
    drawn = draw(st.lists(keys, min_size=1, max_size=6))
    drawn += [segment.start + key for key in drawn] + [segment.route.rule.source_prefix]
    on_route = [key for key in drawn if rules.route(bucket, key) == segment.route]
    assume(on_route)
    return segment.route, on_route


# The first character behind U+D7FF: the surrogates in between are none.
BEHIND_SURROGATES = Rules(
    rules=(
        Rule(bucket_name="*", client="y", source_prefix="\ue000/"),
        Rule(bucket_name="*", client="x"),
    )
)


def naive_place(rules: Rules, bucket: str, key: str) -> int:
    """Find the first rule that matches, by looking at each."""
    return next(
        place
        for place, rule in enumerate(rules.rules)
        if fnmatch.fnmatchcase(bucket, rule.bucket_name) and key.startswith(rule.source_prefix)
    )


class TestFirstMatch:
    @given(some_buckets(), keys | prefixes)
    def test_the_first_rule_that_matches_gives_the_route(
        self, of_rules: tuple[Rules, str], key: str
    ) -> None:
        """A name's route is of the first rule, in list order, that matches it."""
        rules, bucket = of_rules
        expected = naive_place(rules, bucket, key)

        found = rules.route(bucket, key)

        assert expected == found.place
        assert Route.of(rules.rules[expected], place=expected, bucket=bucket) == found

    @given(mappings, some_rules(), st.data())
    def test_a_rule_before_the_default_moves_only_what_it_claims(
        self, rules: Rules, added: Rule, data: st.DataObject
    ) -> None:
        """A rule put before the default changes no name that it does not match."""
        place = rules.rules.index(rules.default)
        more = Rules(rules=(*rules.rules[:place], added, *rules.rules[place:]))
        bucket, key = data.draw(names), data.draw(keys)
        claimed = matches(added.bucket_name, bucket) and key.startswith(added.source_prefix)
        before, after = rules.route(bucket, key), more.route(bucket, key)

        changed = (before.client, before.mapped_bucket, before.mapped_key(key)) != (
            after.client,
            after.mapped_bucket,
            after.mapped_key(key),
        )

        assert claimed or not changed


class TestThereAndBack:
    @given(routed_keys())
    def test_a_key_comes_back(self, routed: tuple[Route, list[str]]) -> None:
        """A key that goes to the store comes back as it was."""
        route, on_route = routed

        there = [route.mapped_key(key) for key in on_route]

        assert on_route == [route.key(mapped) for mapped in there]

    @given(some_buckets())
    def test_a_bucket_comes_back(self, of_rules: tuple[Rules, str]) -> None:
        """The rule that maps a bucket finds the bucket by its mapped name."""
        rules, bucket = of_rules
        route = rules.route(bucket)

        back = route.rule.unmapped_bucket(route.mapped_bucket)

        assert bucket == back


class TestOrderKept:
    @given(routed_keys())
    def test_mapped_keys_stand_in_the_same_order(self, routed: tuple[Route, list[str]]) -> None:
        """Keys of a route stand at the store in the UTF-8 order that they have here."""
        route, on_route = routed
        here = sorted(on_route, key=str.encode)

        at_the_store = sorted(map(route.mapped_key, on_route), key=str.encode)

        assert [route.mapped_key(key) for key in here] == at_the_store


class TestMarkersCommute:
    @given(routed_keys(), st.data())
    def test_what_lies_behind_a_marker_lies_behind_the_mapped_one(
        self, routed: tuple[Route, list[str]], data: st.DataObject
    ) -> None:
        """A key is behind a marker just where the mapped key is behind the mapped marker."""
        route, on_route = routed
        near = st.sampled_from(on_route).flatmap(
            lambda key: st.sampled_from([key, key[:-1], key + "a", key + "\U0010ffff"])
        )
        marker = data.draw(keys | prefixes | near)

        mapped = mapped_marker(route, marker)

        for key in on_route:
            assert (key > marker or not marker) == (route.mapped_key(key) > mapped or not mapped)


class TestSegments:
    @given(some_buckets(), st.lists(keys | prefixes))
    def test_segments_partition_the_key_space(
        self, of_rules: tuple[Rules, str], some: list[str]
    ) -> None:
        """Each key lies in exactly one segment, which is its route's."""
        rules, bucket = of_rules

        segments = rules.segments(bucket)

        ends = [segment.end for segment in segments]
        assert [*(segment.start for segment in segments[1:]), None] == ends
        for key in [*some, *(segment.start for segment in segments)]:
            (segment,) = _holding(segments, key)
            assert naive_place(rules, bucket, key) == segment.route.place

    @given(some_buckets())
    def test_neighbours_differ(self, of_rules: tuple[Rules, str]) -> None:
        """No segment could be joined with the next one, and none is empty."""
        rules, bucket = of_rules

        segments = rules.segments(bucket)

        for segment, following in itertools.pairwise(segments):
            assert segment.start < following.start
            assert segment.route.place != following.route.place

    @given(some_buckets(), keys | prefixes, st.lists(keys))
    @example((BEHIND_SURROGATES, "a"), "\ud7ff", ["", "a", "\U0010ffff"])
    def test_a_prefix_has_just_the_segments_its_keys_lie_in(
        self, of_rules: tuple[Rules, str], prefix: str, ends: list[str]
    ) -> None:
        """The segments of a prefix are those in which some key with that prefix lies."""
        rules, bucket = of_rules

        found = rules.segments(bucket, prefix)

        for segment in found:
            witness = max(segment.start, prefix)
            assert witness.startswith(prefix)
            assert [segment] == _holding([segment], witness)
        for end in ends:
            assert 1 == len(_holding(found, prefix + end))


def _holding(segments: Any, key: str) -> list[Any]:
    return [
        segment
        for segment in segments
        if segment.start <= key and (segment.end is None or key < segment.end)
    ]


@st.composite
def filled(draw: st.DrawFn, pattern: str, *fillings: str) -> str:
    """Draw something that a pattern may match: each wildcard gets another filling."""
    return re.sub(r"\[[^]]+\]|[*?]", lambda _: draw(st.sampled_from(fillings)), pattern)


class TestPatterns:
    @given(patterns, st.data())
    def test_a_pattern_matches_as_fnmatch_says(self, pattern: str, data: st.DataObject) -> None:
        """A bucket name pattern matches what `fnmatch.fnmatchcase` says."""
        name = data.draw(names | filled(pattern, "a", "b", "-", "A", ""))
        expected = fnmatch.fnmatchcase(name, pattern)

        assert expected == matches(pattern, name)

    @given(patterns, st.data())
    def test_a_covering_pattern_matches_all_that_the_other_does(
        self, pattern: str, data: st.DataObject
    ) -> None:
        """Where a pattern covers another one, it matches each name that the other matches."""
        other = data.draw(patterns | filled(pattern, "a", "", "*", "?", "a*", "[ab]", "[!b]"))
        some = data.draw(st.lists(filled(other, "", "a", "b", "-", "ab"), min_size=1, max_size=9))

        covering = covers(pattern, other)

        for name in some:
            if covering and fnmatch.fnmatchcase(name, other):
                assert fnmatch.fnmatchcase(name, pattern)


class TestShadowedRules:
    @given(some_buckets(), st.lists(keys))
    def test_a_refused_rule_never_wins(self, of_rules: tuple[Rules, str], some: list[str]) -> None:
        """A rule that is refused because it can never win is no name's route."""
        rules, bucket = of_rules

        refused = _shadowed(rules)

        for key in [*some, *(rule.source_prefix for rule in rules.rules)]:
            assert rules.route(bucket, key).place not in refused

    @given(mappings)
    def test_a_kept_rule_of_exact_name_wins(self, rules: Rules) -> None:
        """A rule of an exact bucket name that is not refused is the route of its source prefix."""
        refused = _shadowed(rules)

        for place, rule in enumerate(rules.rules):
            exact = not set("*?[") & set(rule.bucket_name)
            if exact and place not in refused:
                assert place == rules.route(rule.bucket_name, rule.source_prefix).place


def _shadowed(rules: Rules) -> set[int]:
    entries = [
        {name: value for name, value in _members(rule) if value is not None} for rule in rules.rules
    ]
    try:
        read_mapping(entries, {rule.client for rule in rules.rules})
    except ConfigError as error:
        return {
            int(problem.place.removeprefix("mapping[").removesuffix("]"))
            for problem in error.problems
            if "can never win" in problem.found
        }
    return set()


def _members(rule: Rule) -> Iterator[tuple[str, Any]]:
    return ((name, getattr(rule, name)) for name in Rule.__struct_fields__)


# --- whole requests ------------------------------------------------------------------------------

# ListBuckets names no bucket; what it is asked is its own.
operations = st.sampled_from(
    sorted({*REQUESTS, "DeleteObjects", "GetObject", "PutObjectTagging"} - {"ListBuckets"})
)
_POLICY = '{"Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "arn:aws:s3:::%s"}]}'
_TEXTS = {
    "Bucket": names,
    "CopySource": st.builds("{}/{}".format, names, keys.filter(bool)),
    "Key": keys.filter(bool),
    "Policy": st.sampled_from(["a", "a/*", "b/a"]).map(lambda resource: _POLICY % resource),
}
# On the way to a name these are always drawn, all else now and then.
_NAMING = {"And", "Filter", "Not", "Or", "Prefix", "Prefixes"} | {
    step.removesuffix("[]")
    for rows in REQUESTS.values()
    for path in rows
    for step in path.split(".")
}
_VALUES = {"integer": 1, "long": 1, "boolean": True, "blob": b"x", "timestamp": 0}


@st.composite
def requests(draw: st.DrawFn) -> tuple[str, dict[str, Any]]:
    """Draw an operation and parameters that botocore's model takes."""
    name = draw(operations)
    return name, draw(values(MODEL.operation_model(name).input_shape, name))


@st.composite
def values(draw: st.DrawFn, shape: Any, name: str) -> Any:
    """Draw a value of a shape in botocore's model."""
    if shape.type_name == "structure":
        optional = sorted(set(shape.members) - set(shape.required_members))
        members = [*shape.required_members, *(name for name in optional if name in _NAMING)]
        if optional:
            members += draw(st.lists(st.sampled_from(optional), max_size=4))
        return {member: draw(values(shape.members[member], member)) for member in members}
    if shape.type_name == "list":
        return draw(st.lists(values(shape.member, name), max_size=2))
    if shape.type_name == "map":
        return draw(st.dictionaries(names, names, max_size=2))
    if shape.type_name == "string":
        enum = getattr(shape, "enum", None)
        return draw(st.sampled_from(enum) if enum else _TEXTS.get(name, keys | prefixes))
    return _VALUES[shape.type_name]


def calls(rules: Rules, name: str, params: dict[str, Any]) -> list[Call]:
    """Give the calls that a flow makes first."""
    served = flow(known(name), params, rules)
    first = served if isinstance(served, Call) else next(served)
    return [first] if isinstance(first, Call) else list(first)


class TestIdentity:
    @given(requests(), st.lists(names, max_size=3, unique=True), st.booleans())
    def test_rules_that_change_nothing_send_the_request_as_it_is(
        self, request: tuple[str, dict[str, Any]], exact: list[str], named: bool
    ) -> None:
        """Under rules that keep every name, the store hears what the caller said."""
        same: dict[str, Any] = {"mapped_bucket_name": "{bucket}"} if named else {}
        rules = Rules(
            rules=tuple(Rule(bucket_name=name, client="x", **same) for name in [*exact, "*"])
        )
        name, params = request

        (call,) = calls(rules, name, params)

        assert ("x", params) == (call.client, call.params)


class TestUntouchedArguments:
    @given(requests(), mappings)
    def test_no_call_changes_what_the_caller_passed(
        self, request: tuple[str, dict[str, Any]], rules: Rules
    ) -> None:
        """Under whatever rules, the caller's dicts and lists stay as they were."""
        name, params = request
        before = copy.deepcopy(params)

        with contextlib.suppress(RoutingError):  # some cannot be sent; they change nothing either
            calls(rules, name, params)

        assert before == params


class TestOneObjectOneKey:
    """Two keys of one bucket are two objects, or the bucket is refused."""

    @given(some_mappings(), names, st.lists(keys, min_size=2, max_size=8, unique=True))
    def test_keys_of_a_routed_bucket_stay_apart(
        self, rules: Rules, bucket: str, some: list[str]
    ) -> None:
        """No two keys of a bucket that is routed lie in the same place of the same store."""
        try:
            routes = [rules.route(bucket, key) for key in some]
        except RoutingError:
            return

        objects = {
            (route.client, route.mapped_bucket, route.mapped_key(key))
            for route, key in zip(routes, some, strict=True)
        }

        assert len(some) == len(objects)
