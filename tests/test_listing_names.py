"""Names in listings: prefixes, markers and keys, encoded or not, whatever the store's habits."""

from __future__ import annotations

from typing import Any

import pytest
from asking import DEFAULT, MOVED, SAME, answered, heard, mapping
from botocore.handlers import decode_list_object

from botwo import RoutingError
from botwo._markers import MADE_UP

BUCKET = {"Bucket": "data"}
# A prefix that needs encoding, in the style of each store.
SPACED = mapping(
    {
        "bucket_name": "data",
        "client": "store",
        "mapped_bucket_name": "repo",
        "key_prefix": "my dev+é/",
    },
    DEFAULT,
)
STRIPPED = mapping(
    {
        "bucket_name": "data",
        "client": "other",
        "source_prefix": "x/",
        "strip_source_prefix": True,
        "key_prefix": "dev/",
    },
    DEFAULT,
)
BARE = mapping(
    {
        "bucket_name": "data",
        "client": "other",
        "source_prefix": "x/",
        "strip_source_prefix": True,
    },
    DEFAULT,
)
ITSELF = mapping(
    {
        "bucket_name": "data",
        "client": "other",
        "source_prefix": "x/",
        "strip_source_prefix": True,
        "key_prefix": "x/",
    },
    DEFAULT,
)
STYLES = {
    "S3": ("my%20dev%2B%C3%A9/", "a%20b/k%26"),
    "slashes encoded": ("my%20dev%2B%C3%A9%2F", "a%20b%2Fk%26"),
    "spaces as plus": ("my+dev%2B%C3%A9/", "a+b/k%26"),
    "small letters": ("my%20dev%2b%c3%a9/", "a%20b/k%26"),
    "nothing encoded": ("my dev+é/", "a b/k&"),
}


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize(
    ("operation", "holder"),
    [
        ("ListObjects", "Contents"),
        ("ListObjectsV2", "Contents"),
        ("ListObjectVersions", "Versions"),
        ("ListObjectVersions", "DeleteMarkers"),
        ("ListMultipartUploads", "Uploads"),
    ],
)
def test_an_encoded_key_keeps_the_stores_encoding(operation: str, holder: str, style: str) -> None:
    """With EncodingType a key loses the route's prefix and is otherwise as the store encoded it."""
    start, rest = STYLES[style]
    response = {
        holder: [{"Key": start + rest}],
        "CommonPrefixes": [{"Prefix": start + rest}],
        "EncodingType": "url",
    }

    found = answered(SPACED, operation, {**BUCKET, "EncodingType": "url"}, response)

    assert [{"Key": rest}] == found[holder]
    assert [{"Prefix": rest}] == found["CommonPrefixes"]


def test_what_was_stripped_comes_back_encoded() -> None:
    """A source prefix that the store does not see is put in front, encoded."""
    rules = mapping(
        {
            "bucket_name": "data",
            "client": "other",
            "source_prefix": "a b/",
            "strip_source_prefix": True,
            "key_prefix": "dev/",
        },
        DEFAULT,
    )
    params = {**BUCKET, "Prefix": "a b/", "EncodingType": "url"}

    found = answered(rules, "ListObjectsV2", params, {"Contents": [{"Key": "dev/k%2B"}]})

    assert [{"Key": "a+b/k%2B"}] == found["Contents"]


@pytest.mark.parametrize("encoding", [{}, {"EncodingType": "url"}])
def test_a_key_outside_of_the_prefix_is_refused(encoding: dict[str, str]) -> None:
    """A store that answers with keys nobody asked for has them not given under wrong names."""
    with pytest.raises(RoutingError, match="prod/k"):
        answered(MOVED, "ListObjectsV2", {**BUCKET, **encoding}, {"Contents": [{"Key": "prod/k"}]})


def test_botocore_leaves_the_prefix_of_list_objects_encoded() -> None:
    """Where botocore asks for the encoding by itself it decodes the keys but not the prefix."""
    parsed: dict[str, Any] = {"EncodingType": "url", "Prefix": "a%20b/", "Marker": "a%20b/"}

    decode_list_object(parsed, {"encoding_type_auto_set": True})

    assert {"EncodingType": "url", "Prefix": "a%20b/", "Marker": "a b/"} == parsed


def test_the_prefix_of_list_objects_stays_encoded() -> None:
    """Of a ListObjects answer botocore decodes keys but not the prefix."""
    response = {
        "Prefix": "my%20dev%2B%C3%A9/a%20b/",
        "Marker": "",
        "Contents": [{"Key": "my dev+é/a b/k"}],
    }

    found = answered(SPACED, "ListObjects", {**BUCKET, "Prefix": "a b/"}, response)

    assert {"Prefix": "a%20b/", "Marker": "", "Contents": [{"Key": "a b/k"}]} == found


@pytest.mark.parametrize(
    ("operation", "response", "expected"),
    [
        ("ListObjectsV2", {"Prefix": "dev/"}, {"Prefix": ""}),
        ("ListObjectVersions", {"Prefix": "dev/"}, {"Prefix": ""}),
        ("ListObjects", {"Prefix": "dev/", "Marker": ""}, {"Prefix": "", "Marker": ""}),
        ("ListObjects", {"Prefix": "dev/"}, {}),
        (
            "ListMultipartUploads",
            {"Prefix": "dev/", "KeyMarker": ""},
            {"Prefix": "", "KeyMarker": ""},
        ),
        ("ListMultipartUploads", {"Prefix": "dev/"}, {}),
        ("ListObjectsV2", {}, {}),
    ],
)
def test_a_prefix_not_asked_is_not_answered(
    operation: str, response: dict[str, str], expected: dict[str, str]
) -> None:
    """Without a prefix asked the answer has none, or an empty one where the store tells that."""
    assert expected == answered(MOVED, operation, BUCKET, response)


@pytest.mark.parametrize("prefix", ["", "a/", "a b"])
@pytest.mark.parametrize(
    "operation", ["ListObjects", "ListObjectsV2", "ListObjectVersions", "ListMultipartUploads"]
)
def test_an_asked_prefix_is_answered_as_asked(operation: str, prefix: str) -> None:
    """The prefix that was asked, the empty one too, comes back as it was asked."""
    params = {**BUCKET, "Prefix": prefix}

    assert f"dev/{prefix}" == heard(MOVED, operation, params)["Prefix"]
    assert {"Prefix": prefix} == answered(MOVED, operation, params, {"Prefix": f"dev/{prefix}"})


MARKERS = [
    ("ListObjects", "Marker"),
    ("ListObjectsV2", "StartAfter"),
    ("ListObjectVersions", "KeyMarker"),
    ("ListMultipartUploads", "KeyMarker"),
]
each_marker = pytest.mark.parametrize(("operation", "member"), MARKERS)


@each_marker
def test_a_marker_is_any_string(operation: str, member: str) -> None:
    """A marker need not be a key: any string gets the prefix, and the empty one skips nothing."""
    for marker, mapped in (("a/k", "dev/a/k"), ("no key", "dev/no key"), ("/", "dev//")):
        assert mapped == heard(MOVED, operation, {**BUCKET, member: marker})[member]

    assert member not in heard(MOVED, operation, {**BUCKET, member: ""})


@each_marker
@pytest.mark.parametrize("marker", ["", "a/k", "botwo"])
def test_a_marker_stays_as_it_is_where_no_name_changes(
    operation: str, member: str, marker: str
) -> None:
    """Without a changed name a marker is sent and answered as it is."""
    params = {**BUCKET, member: marker}

    assert params == heard(SAME, operation, params)
    assert {member: marker} == answered(SAME, operation, params, {member: marker})


@each_marker
@pytest.mark.parametrize("marker", ["", "a", "x/", "x/k", "z"])
def test_a_marker_stays_as_it_is_where_a_prefix_is_changed_into_itself(
    operation: str, member: str, marker: str
) -> None:
    """A route that takes off what it puts on changes no marker, not even one beside its keys."""
    params = {**BUCKET, "Prefix": "x/", member: marker}

    assert params == heard(ITSELF, operation, params)
    assert {member: marker} == answered(ITSELF, operation, params, {member: marker})


@each_marker
@pytest.mark.parametrize(
    ("marker", "mapped"),
    [
        ("a", None),
        ("x", None),
        ("x/", "dev/"),
        ("x/k", "dev/k"),
        ("x0", "dev/\U0010ffff"),
        ("z", "dev/\U0010ffff"),
    ],
)
def test_a_marker_beside_what_was_stripped(
    operation: str, member: str, marker: str, mapped: str | None
) -> None:
    """A position before all of a route's keys skips none, one behind them skips all."""
    params = {**BUCKET, "Prefix": "x/", member: marker}
    echo = {member: mapped} if mapped else {}

    assert mapped == heard(STRIPPED, operation, params).get(member)
    if mapped:
        assert {member: marker} == answered(STRIPPED, operation, params, echo)


def test_start_after_is_answered_though_the_store_was_not_asked() -> None:
    """StartAfter comes back as it was asked, also where the store had no need to know it."""
    params = {**BUCKET, "Prefix": "x/", "StartAfter": "a"}

    found = answered(STRIPPED, "ListObjectsV2", params, {"Contents": [{"Key": "dev/k"}]})

    assert {"Contents": [{"Key": "x/k"}], "StartAfter": "a"} == found


@pytest.mark.parametrize(
    ("operation", "asked", "told"),
    [
        ("ListObjects", "Marker", "NextMarker"),
        ("ListObjectVersions", "KeyMarker", "NextKeyMarker"),
        ("ListMultipartUploads", "KeyMarker", "NextKeyMarker"),
    ],
)
class TestNextMarkers:
    def test_a_key_is_translated(self, operation: str, asked: str, told: str) -> None:
        """A next marker that is a name of the route is given, and sent back, as one."""
        found = answered(MOVED, operation, BUCKET, {told: "dev/k"})

        assert {told: "k"} == found
        assert "dev/k" == heard(MOVED, operation, {**BUCKET, asked: found[told]})[asked]

    @pytest.mark.parametrize("marker", ["b3BhcXVl", "dev", "deviate/k", "[minio_cache:v2]"])
    @pytest.mark.parametrize("encoding", [{}, {"EncodingType": "url"}])
    def test_a_made_up_marker_goes_back_as_it_came(
        self, operation: str, asked: str, told: str, marker: str, encoding: dict[str, str]
    ) -> None:
        """A next marker that is no name of the route goes back to the store exactly as it came."""
        found = answered(MOVED, operation, {**BUCKET, **encoding}, {told: marker})

        assert marker == heard(MOVED, operation, {**BUCKET, asked: found[told]})[asked]

    def test_a_made_up_marker_is_echoed_as_it_was_asked(
        self, operation: str, asked: str, told: str
    ) -> None:
        """The echo of a marker that the store made up is what the caller sent."""
        marker = f"{MADE_UP}b3BhcXVl"

        found = answered(MOVED, operation, {**BUCKET, asked: marker}, {asked: "b3BhcXVl"})

        assert {asked: marker} == found

    def test_a_bare_route_gives_markers_back_too(
        self, operation: str, asked: str, told: str
    ) -> None:
        """Under a route that only strips, any marker of the store goes back as it came."""
        params = {**BUCKET, "Prefix": "x/"}

        found = answered(BARE, operation, params, {told: "opaque"})

        assert "opaque" == heard(BARE, operation, {**params, asked: found[told]})[asked]


def test_a_continuation_token_passes_untouched() -> None:
    """A token is the store's own, whatever it looks like."""
    params: dict[str, Any] = {**BUCKET, "ContinuationToken": "data/k"}
    response = {"ContinuationToken": "data/k", "NextContinuationToken": "dev/k"}

    assert "data/k" == heard(MOVED, "ListObjectsV2", params)["ContinuationToken"]
    assert response == answered(MOVED, "ListObjectsV2", params, response)
