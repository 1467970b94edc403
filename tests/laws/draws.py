"""What the caller of the first law may say: a mapping that moves everything, and awkward names."""

from __future__ import annotations

import datetime
import hashlib
from typing import Any

from hypothesis import strategies as st

MAPPING: list[dict[str, Any]] = [
    {"bucket_name": "ledger", "mapped_bucket_name": "ledger-at-a", "client": "a",
     "key_prefix": "dé pôt/v1/"},
    {"bucket_name": "shared", "source_prefix": "team/", "strip_source_prefix": True,
     "mapped_bucket_name": "shared-at-b", "client": "b", "key_prefix": "moved/"},
    {"bucket_name": "shared", "mapped_bucket_name": "shared-at-b", "client": "b",
     "key_prefix": "rest/"},
    {"bucket_name": "proj-*", "mapped_bucket_name": "{bucket}-repo", "client": "b",
     "key_prefix": "{bucket}/main/"},
    {"bucket_name": "*", "mapped_bucket_name": "all-{bucket}", "client": "a",
     "key_prefix": "old/{bucket}/"},
]  # fmt: skip
ON_A, ON_B = ("attic", "ledger", "cellar"), ("proj-x", "shared", "proj-y")
FILLED = ("attic", "ledger", "proj-x", "shared")
MISSING = ("cellar", "proj-y")

# Among them keys that look like prefixes, store's names and templates.
AWKWARD = (
    "a", "a/", "a/b", "a//b", "/a", "//", "a b", "a+b", "a%2Fb", "%", "é/ü", "e\u0301/ü", "b/a/b",
    "team/a", "team/", "team", "team//x y", "dé pôt/v1/a", "moved/a", "rest/a", "proj-x/main/a",
    "old/attic/a", "{bucket}", "{bucket}/a", "\U0001f600/x", "\U0010ffff", "a?b#c&d=e;f", "../a",
    "n/" * 150 + "x", "q\"'<>\\`^|[]*~:", " a ", "ledger", "ledger-at-a/dé pôt/v1/a",
)  # fmt: skip
# No controls and U+FFFF: moto cannot put them into XML.
some_text = st.text("ab/ +%é.", max_size=6)
keys = st.sampled_from(AWKWARD) | some_text.filter(bool)
prefixes = st.sampled_from(["", "", "a", "a/", "b/", "team/", "/", "dé", "{"]) | some_text | keys
markers = prefixes | keys.map(lambda key: key + "\x7f")
delimiters = st.sampled_from(["/", "/", "//", "b", "a/", "/b", " ", "+", "%", "é", "main/", "1/"])
buckets = st.sampled_from(FILLED * 3 + MISSING)
places = st.tuples(buckets, keys)
contents = st.sampled_from([b"", b"x", b"hello, caller"])
etags = contents.map(lambda content: f'"{hashlib.md5(content).hexdigest()}"')
PAST, FUTURE = (datetime.datetime(year, 1, 1, tzinfo=datetime.UTC) for year in (2001, 2101))
# Of this key alone redirects are known: moto copies a redirect with the metadata, which S3 does
# not, and a copy elsewhere would tell of the source's prefix.
REDIRECTED = "moved.html"
redirects = st.sampled_from(["/a", "/team/a", "/old/attic/", "/", "https://example.com/a"])


def some(**members: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    """Draw any of a request's optional members."""
    return st.fixed_dictionaries({}, optional=members)


headers = some(
    Metadata=st.dictionaries(st.sampled_from(["k", "key-2"]), st.sampled_from(["v", "a b/c"])),
    Tagging=st.sampled_from(["t=1", "t=a%20b&u=%2F"]),
    ContentType=st.just("text/csv"),
    CacheControl=st.just("no-cache"),
    ContentDisposition=st.just('attachment; filename="a"'),
    ContentEncoding=st.just("x-none"),
    ContentLanguage=st.just("de"),
    StorageClass=st.sampled_from(["STANDARD", "STANDARD_IA"]),
    ChecksumAlgorithm=st.sampled_from(["CRC32", "SHA256"]),
)
conditions = some(
    IfMatch=etags,
    IfNoneMatch=etags,
    IfModifiedSince=st.sampled_from([PAST, FUTURE]),
    IfUnmodifiedSince=st.sampled_from([PAST, FUTURE]),
)
listing = st.builds(
    lambda *parts: {name: value for part in parts for name, value in part.items()},
    st.sampled_from([{}, {"Delimiter": "/"}]) | delimiters.map(lambda text: {"Delimiter": text}),
    st.sampled_from([{}, {}, {"MaxKeys": 0}, {"MaxKeys": 1}, {"MaxKeys": 2}, {"MaxKeys": 1000}]),
    st.sampled_from([{}, {"EncodingType": "url"}]),
)


def lies_in_team(text: str) -> bool:
    """Tell whether a name of "shared" lies on the rule that strips its source prefix."""
    return text.startswith("team/")


def one_segment(bucket: str, prefix: str) -> str:
    """Give a prefix that one rule owns: of "shared", ``team/`` or what lies beside it."""
    spans = bucket == "shared" and "team/".startswith(prefix)
    return f"team/{prefix}" if spans and not lies_in_team(prefix) else prefix
