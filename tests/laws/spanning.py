"""The caller of the spanning law: does the same on one store and on a bucket cut over several."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote_plus

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule
from laws.draws import FUTURE, PAST, conditions, contents, etags, headers, some
from laws.sides import OPAQUE, Both, Sides
from laws.worlds import FILES, S3, Names, accepted, left_behind, mappings
from servers import ensure

import botwo

# The buckets of an example: the first is cut by exact rules, the second by wildcard ones, the third
# by a wildcard rule for all, and the last one is missing.
BUCKETS = ("c-one", "c-wide", "c-rest")
MISSING = "c-none"
CUT = (("c-one", "c-one"), ("c-w*", "c-w*"), ("*", "c-*"))
_MOST_PAGES = 12


@dataclass(frozen=True, slots=True)
class Made:
    """A version or an upload."""

    bucket: str
    key: str
    id: Both


@dataclass(slots=True)
class Upload:
    """An upload that has begun, and the ETags of its parts."""

    made: Made
    etags: dict[int, str] = field(default_factory=dict)
    ended: bool = False

    @property
    def named(self) -> dict[str, Any]:
        """What names it in a request."""
        return {"Bucket": self.made.bucket, "Key": self.made.key, "UploadId": self.made.id}


@dataclass(frozen=True, slots=True, kw_only=True)
class Stores:
    """Plain clients: of the one store, and by name of those behind the routed client."""

    plain: Any
    behind: Mapping[str, Any]


def chosen(attribute: str) -> st.SearchStrategy[Any]:
    """Choose from what the machine has, by the name of its attribute."""
    return st.runner().flatmap(lambda caller: st.sampled_from(getattr(caller, attribute)))


class Caller(RuleBasedStateMachine):
    """A caller who does what every store can: objects, copies, deletes, listings of objects."""

    names: Names = S3
    ignored: frozenset[str] = frozenset()
    paginators: tuple[str, ...] = ("list_objects", "list_objects_v2")
    keys = chosen("all_keys")
    bucket = chosen("weighted_buckets")
    # Mostly an object that there is.
    place = st.runner().flatmap(
        lambda caller: st.integers(0, 3).flatmap(
            lambda way: (
                st.sampled_from(sorted(caller.objects))
                if way and caller.objects
                else st.tuples(Caller.bucket, Caller.keys)
            )
        )
    )

    def __init__(self, stores: Stores) -> None:
        super().__init__()
        self.stores = stores
        self.sides = Sides(plain=stores.plain, routed=None, tokens=OPAQUE, ignored=self.ignored)
        self.ask = self.sides.ask
        self.rules: Any = None
        self.all_keys = self.names.keys
        self.buckets: tuple[str, ...] = ()
        self.weighted_buckets: tuple[str, ...] = ()
        self.objects: set[tuple[str, str]] = set()

    def __repr__(self) -> str:
        """Tell the mapping where an example is printed."""
        return type(self).__name__

    # --- the world -------------------------------------------------------------------------------

    @initialize(data=st.data())
    def begin(self, data: st.DataObject) -> None:
        stores = sorted(self.stores.behind)
        cut = data.draw(st.sampled_from([CUT[:1], CUT[1:2], CUT[2:], CUT[:2], CUT[1:]]))
        mapping = data.draw(mappings(self.names, stores, cut), label="mapping")
        self.rules = accepted(mapping, stores, (*BUCKETS, MISSING))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", botwo.ConfigWarning)  # some mappings are odd
            self.sides.routed = botwo.client(self.stores.behind, mapping)
        self.buckets = data.draw(st.sampled_from([(b, o) for b in BUCKETS for o in BUCKETS]))
        self.weighted_buckets = self.buckets * 8 + (MISSING,)
        for bucket in dict.fromkeys(self.buckets):
            self._create(bucket)
        self._prepare(data)
        bucket = self.buckets[0]
        count = data.draw(st.integers(3, 8))
        for key in data.draw(
            st.lists(self.keys, min_size=count, max_size=count, unique=True), label="keys"
        ):
            self._put(bucket, self._key(bucket, key), Body=key.encode())
        self._leave_behind(bucket, data.draw(st.lists(self.keys, max_size=3), label="left behind"))

    def _create(self, bucket: str) -> None:
        """Create a bucket on both sides; the parts of it that lie elsewhere, at their stores."""
        self.ask("create_bucket", Bucket=bucket)
        for client, mapped in self._parts(bucket):
            ensure(self.stores.behind[client], mapped)

    def _parts(self, bucket: str) -> Iterator[tuple[str, str]]:
        routes = [segment.route for segment in self.rules.segments(bucket)]
        yield from dict.fromkeys((route.client, route.mapped_bucket) for route in routes)

    def _prepare(self, data: st.DataObject) -> None:
        """Do to the buckets what is not the same request on both sides."""

    def _leave_behind(self, bucket: str, keys: Sequence[str]) -> None:
        """Put what no caller sees: keys that another rule has taken away."""
        for client, mapped_bucket, mapped_key in left_behind(self.rules, bucket, keys)[:4]:
            store = self.stores.behind[client]
            store.put_object(Bucket=mapped_bucket, Key=mapped_key, Body=b"left behind")

    def _key(self, bucket: str, key: str) -> str:
        """Give a key that its store can hold: of a stripped prefix itself nothing is left."""
        return key if self.rules.route(bucket, key).mapped_key(key) else f"{key}a"

    # --- objects ---------------------------------------------------------------------------------

    def _put(self, bucket: str, key: str, **more: Any) -> dict[str, Any]:
        answer = self.ask("put_object", Bucket=bucket, Key=key, **more)
        if "class" not in answer:
            self.objects.add((bucket, key))
        self._note_version(bucket, key, answer)
        return answer

    def _note_version(self, bucket: str, key: str, answer: dict[str, Any]) -> None:
        """Remember a version that an answer tells of."""

    @rule(place=place, content=contents, headers=headers)
    def put(self, place: tuple[str, str], content: bytes, headers: dict[str, Any]) -> None:
        bucket, key = place
        self._put(bucket, self._key(bucket, key), Body=content, **self._headers(headers))

    def _headers(self, drawn: dict[str, Any]) -> dict[str, Any]:
        """Leave out what the stores do not take."""
        return drawn

    @rule(place=place, conditions=conditions)
    def get(self, place: tuple[str, str], conditions: dict[str, Any]) -> None:
        bucket, key = place[0], self._key(*place)
        self.ask("head_object", Bucket=bucket, Key=key)
        self.ask("get_object", Bucket=bucket, Key=key, **self._conditions(conditions))

    @rule(place=place)
    def delete(self, place: tuple[str, str]) -> None:
        bucket, key = place[0], self._key(*place)
        answer = self.ask("delete_object", Bucket=bucket, Key=key)
        self._note_version(bucket, key, answer)

    @rule(bucket=bucket, some=st.lists(keys, min_size=1, max_size=4), quiet=st.booleans())
    def delete_many(self, bucket: str, some: list[str], quiet: bool) -> None:
        held = [key for of, key in sorted(self.objects) if of == bucket][:2]
        keys = dict.fromkeys(self._key(bucket, key) for key in [*some, *held])
        objects = [{"Key": key} for key in keys]
        self.ask("delete_objects", Bucket=bucket, Delete={"Objects": objects, "Quiet": quiet})

    # --- copies ----------------------------------------------------------------------------------

    @rule(
        source=place,
        to=st.tuples(bucket, keys),
        as_text=st.booleans(),
        more=some(
            MetadataDirective=st.sampled_from(["COPY", "REPLACE"]),
            TaggingDirective=st.sampled_from(["COPY", "REPLACE"]),
        ),
        condition=st.just({})
        | some(
            CopySourceIfMatch=etags,
            CopySourceIfNoneMatch=etags,
            CopySourceIfModifiedSince=st.sampled_from([PAST, FUTURE]),
            CopySourceIfUnmodifiedSince=st.sampled_from([PAST, FUTURE]),
        ),
        headers=headers,
    )
    def copy(
        self,
        source: tuple[str, str],
        to: tuple[str, str],
        as_text: bool,
        more: dict[str, Any],
        condition: dict[str, Any],
        headers: dict[str, Any],
    ) -> None:
        bucket, key = to[0], self._key(*to)
        asked = {**more, **self._conditions(condition), **self._headers(headers)}
        if bucket == MISSING:
            # Where the source is missing too, stores differ in which of the two they tell.
            if source[0] == MISSING:
                return
            self._put(source[0], self._key(*source))
            asked = more
        answer = self.ask(
            "copy_object", Bucket=bucket, Key=key, CopySource=self._source(source, as_text), **asked
        )
        if "class" not in answer:
            self.objects.add((bucket, key))
        self._note_version(bucket, key, answer)

    def _source(self, source: tuple[str, str], as_text: bool) -> Any:
        bucket, key = source[0], self._key(*source)
        # A question mark in a source that is text begins its version.
        return f"{bucket}/{key}" if as_text and "?" not in key else {"Bucket": bucket, "Key": key}

    def _conditions(self, drawn: dict[str, Any]) -> dict[str, Any]:
        """Leave out what the stores do not take."""
        return drawn

    # --- listings --------------------------------------------------------------------------------

    markers = st.runner().flatmap(lambda caller: st.sampled_from(caller.positions()))
    listed = st.runner().flatmap(
        lambda caller: st.fixed_dictionaries(
            {},
            optional={
                "Prefix": st.sampled_from(caller.starts()),
                "Delimiter": st.sampled_from(caller.names.delimiters),
                "EncodingType": st.just("url"),
                "MaxKeys": st.sampled_from(caller.names.sizes),
            },
        )
    )

    def starts(self) -> list[str]:
        """Give prefixes of what there is."""
        keys = {key for _, key in self.objects}
        return sorted({"", *(key[:at] for key in keys for at in (1, 2, 3))})

    def positions(self) -> list[str]:
        """Give markers near what there is."""
        keys = {key for _, key in self.objects} | set(self.names.others)
        return sorted({key + end for key in keys for end in ("", "a")} | set(self.starts()))

    @rule(bucket=bucket, asked=listed, marker=st.none() | markers)
    def list_objects(self, bucket: str, asked: dict[str, Any], marker: str | None) -> None:
        more = {} if marker is None else {"Marker": marker}
        self._follow("list_objects", {"Bucket": bucket, **asked, **more}, "Marker")

    @rule(
        bucket=bucket,
        asked=listed,
        marker=st.none() | markers,
        owner=some(FetchOwner=st.booleans()),
    )
    def list_objects_v2(
        self, bucket: str, asked: dict[str, Any], marker: str | None, owner: dict[str, Any]
    ) -> None:
        more = owner if marker is None else {"StartAfter": marker, **owner}
        self._follow("list_objects_v2", {"Bucket": bucket, **asked, **more}, "StartAfter")

    def _follow(self, method: str, asked: dict[str, Any], marker: str) -> None:
        """List page by page to the end."""
        for _ in range(_MOST_PAGES):
            page = self.ask(method, **asked)
            if not page.get("IsTruncated"):
                return
            for member in ("VersionIdMarker", "UploadIdMarker"):
                asked.pop(member, None)
            for name in page:
                if name.startswith("Next"):
                    asked[name.removeprefix("Next")] = page[name]
            if not any(name.startswith("Next") for name in page):
                asked[marker] = page["Contents"][-1]["Key"]
            if "EncodingType" in asked and "NextContinuationToken" not in page:
                asked[marker] = unquote_plus(asked[marker])

    @rule(
        bucket=bucket,
        name=chosen("paginators"),
        asked=listed,
        pages=some(PageSize=st.integers(1, 3), MaxItems=st.integers(1, 4)),
    )
    def paginate(
        self, bucket: str, name: str, asked: dict[str, Any], pages: dict[str, int]
    ) -> None:
        # A paginator sets these itself; and a name that is encoded it would send back as it is.
        asked = {name: asked[name] for name in asked if name in ("Prefix", "Delimiter")}
        self.ask(f"paginate {name}", Bucket=bucket, **asked, PaginationConfig=pages)

    def teardown(self) -> None:
        """At the end each bucket holds the same."""
        for bucket in dict.fromkeys(self.buckets):
            self.ask("list_objects_v2", Bucket=bucket)


class Versioning(Caller):
    """A caller of stores that have everything: also versions, uploads in parts, tags."""

    paginators = (
        "list_objects",
        "list_objects_v2",
        "list_object_versions",
        "list_multipart_uploads",
    )

    def __init__(self, stores: Stores) -> None:
        super().__init__(stores)
        self.versions: list[Made] = []
        self.begun: list[Upload] = []

    def _prepare(self, data: st.DataObject) -> None:
        if not data.draw(st.booleans(), label="versioned"):
            return
        # botwo refuses to switch the versions of a bucket that lies in several places.
        status = {"Status": "Enabled"}
        bucket = self.buckets[0]
        self.stores.plain.put_bucket_versioning(Bucket=bucket, VersioningConfiguration=status)
        for client, mapped in self._parts(bucket):
            self.stores.behind[client].put_bucket_versioning(
                Bucket=mapped, VersioningConfiguration=status
            )

    def _leave_behind(self, bucket: str, keys: Sequence[str]) -> None:
        super()._leave_behind(bucket, keys)
        for client, mapped_bucket, mapped_key in left_behind(self.rules, bucket, keys)[:2]:
            store = self.stores.behind[client]
            store.create_multipart_upload(Bucket=mapped_bucket, Key=mapped_key)

    def _note_version(self, bucket: str, key: str, answer: dict[str, Any]) -> None:
        if isinstance(answer.get("VersionId"), Both):
            self.versions.append(Made(bucket, key, answer["VersionId"]))

    # --- versions --------------------------------------------------------------------------------

    some_version = st.runner().flatmap(
        lambda caller: st.sampled_from(caller.versions) if caller.versions else st.none()
    )

    @rule(
        version=some_version,
        method=st.sampled_from(["get_object", "head_object", "delete_object"]),
    )
    def use_version(self, version: Made | None, method: str) -> None:
        if version is not None:
            self.ask(method, Bucket=version.bucket, Key=version.key, VersionId=version.id)

    @rule(some=st.lists(some_version, min_size=1, max_size=3))
    def delete_versions(self, some: list[Made | None]) -> None:
        made = [version for version in some if version is not None]
        # moto answers the same version twice, S3 once.
        chosen = {version.id.plain: version for version in made if version.bucket == made[0].bucket}
        objects = [{"Key": version.key, "VersionId": version.id} for version in chosen.values()]
        if objects:
            self.ask("delete_objects", Bucket=made[0].bucket, Delete={"Objects": objects})

    @rule(version=some_version, to=st.tuples(Caller.bucket, Caller.keys), text=st.booleans())
    def copy_version(self, version: Made | None, to: tuple[str, str], text: bool) -> None:
        if version is None or to[0] == MISSING:
            return
        bucket, key = to[0], self._key(*to)
        source: Any = {"Bucket": version.bucket, "Key": version.key, "VersionId": version.id}
        if text and "?" not in version.key:
            named = f"{version.bucket}/{version.key}?versionId="
            source = Both(named + version.id.plain, named + version.id.routed)
        answer = self.ask("copy_object", Bucket=bucket, Key=key, CopySource=source)
        if "class" not in answer:
            self.objects.add((bucket, key))
        self._note_version(bucket, key, answer)

    @rule(
        bucket=Caller.bucket,
        asked=Caller.listed,
        marker=st.none() | Caller.markers,
        version=st.none() | some_version,
        alone=st.sampled_from([False] * 9 + [True]),
    )
    def list_versions(
        self,
        bucket: str,
        asked: dict[str, Any],
        marker: str | None,
        version: Made | None,
        alone: bool,
    ) -> None:
        more: dict[str, Any] = {} if marker is None else {"KeyMarker": marker}
        if version is not None:
            bucket = version.bucket
            more = {} if alone else {"KeyMarker": version.key}
            more["VersionIdMarker"] = version.id
        self._follow("list_object_versions", {"Bucket": bucket, **asked, **more}, "KeyMarker")

    # --- uploads in parts ------------------------------------------------------------------------

    upload = st.runner().flatmap(
        lambda caller: st.sampled_from(caller.begun) if caller.begun else st.none()
    )

    @rule(
        place=Caller.place,
        headers=headers,
        content=contents,
        again=st.sampled_from([1, 1, 2]),
    )
    def create_upload(
        self, place: tuple[str, str], headers: dict[str, Any], content: bytes, again: int
    ) -> None:
        bucket, key = place[0], self._key(*place)
        for _ in range(again):
            # moto fails to tell the ACL of an object that was uploaded with none.
            asked = {"Bucket": bucket, "Key": key, "ACL": "private", **self._headers(headers)}
            answer = self.ask("create_multipart_upload", **asked)
            if "UploadId" in answer:
                upload = Upload(Made(bucket, key, answer["UploadId"]))
                self.begun.append(upload)
                part = self.ask("upload_part", **upload.named, PartNumber=1, Body=content)
                self._note_part(upload, 1, part)

    def _note_part(self, upload: Upload, number: int, answer: dict[str, Any]) -> None:
        etag = answer.get("CopyPartResult", answer).get("ETag")
        if etag is not None:
            upload.etags[number] = etag

    @rule(
        upload=upload,
        number=st.integers(1, 3),
        source=Caller.place,
        text=st.booleans(),
        more=some(
            CopySourceRange=st.sampled_from(["bytes=0-1", "bytes=0-0", "bytes=3-9", "bytes=1"]),
            CopySourceIfMatch=etags,
        ),
    )
    def copy_part(
        self,
        upload: Upload | None,
        number: int,
        source: tuple[str, str],
        text: bool,
        more: dict[str, Any],
    ) -> None:
        if upload is None:
            return
        if upload.ended:
            # Where the source is missing too, stores differ in which of the two they tell.
            if source[0] == MISSING:
                return
            self._put(source[0], self._key(*source))
            more = {}
        asked = {**upload.named, "CopySource": self._source(source, text), **more}
        answer = self.ask("upload_part_copy", **asked, PartNumber=number)
        self._note_part(upload, number, answer)

    @rule(
        upload=upload,
        size=some(MaxParts=st.integers(0, 2)),
        wrong=st.sampled_from([False, False, False, True]),
        abort=st.sampled_from([False, False, True]),
    )
    def finish_upload(
        self, upload: Upload | None, size: dict[str, int], wrong: bool, abort: bool
    ) -> None:
        if upload is None:
            return
        self.ask("list_parts", **upload.named, **size)
        parts = [
            {"PartNumber": number, "ETag": '"wrong"' if wrong else etag}
            for number, etag in sorted(upload.etags.items())
        ]
        if abort:
            self.ask("abort_multipart_upload", **upload.named)
            upload.ended = True
        elif parts:
            made = {"MultipartUpload": {"Parts": parts}}
            answer = self.ask("complete_multipart_upload", **upload.named, **made)
            if "class" not in answer:
                upload.ended = True
                self.objects.add((upload.made.bucket, upload.made.key))
                self._note_version(upload.made.bucket, upload.made.key, answer)

    @rule(
        bucket=Caller.bucket,
        asked=Caller.listed,
        marker=st.none() | Caller.markers,
        upload=st.none() | upload,
    )
    def list_uploads(
        self,
        bucket: str,
        asked: dict[str, Any],
        marker: str | None,
        upload: Upload | None,
    ) -> None:
        more: dict[str, Any] = {} if marker is None else {"KeyMarker": marker}
        if upload is not None:
            bucket = upload.made.bucket
            more = {"KeyMarker": upload.made.key, "UploadIdMarker": upload.made.id}
        size = {"MaxUploads": asked["MaxKeys"]} if "MaxKeys" in asked else {}
        asked = {name: asked[name] for name in asked if name != "MaxKeys"}
        asked = {"Bucket": bucket, **asked, **size, **more}
        self._follow("list_multipart_uploads", asked, "KeyMarker")

    # --- what else -------------------------------------------------------------------------------

    @rule(place=Caller.place, tags=st.dictionaries(st.sampled_from("tu"), st.just("v"), min_size=1))
    def tag(self, place: tuple[str, str], tags: dict[str, str]) -> None:
        bucket, key = place[0], self._key(*place)
        tag_set = {"TagSet": [{"Key": name, "Value": value} for name, value in tags.items()]}
        self.ask("put_object_tagging", Bucket=bucket, Key=key, Tagging=tag_set)
        self.ask("get_object_tagging", Bucket=bucket, Key=key)

    @rule(
        prefix=st.sampled_from(["c-", "c-w", "c-x"]),
        size=some(MaxBuckets=st.integers(1, 3)),
    )
    def list_buckets(self, prefix: str, size: dict[str, int]) -> None:
        # Without a prefix the stores' buckets that parts lie in would be the caller's too, where
        # the default keeps their names.
        asked: dict[str, Any] = {"Prefix": prefix, **size}
        for _ in range(_MOST_PAGES):
            page = self.ask("list_buckets", **asked)
            if "ContinuationToken" not in page:
                return
            asked["ContinuationToken"] = page["ContinuationToken"]


class OnFiles(Caller):
    """A caller of stores that keep objects in files, as rclone does."""

    names = FILES
    # rclone adds a time to the metadata of what it copied by itself, and tells no KeyCount of 0.
    ignored = frozenset({"KeyCount", "Mtime"})

    def _headers(self, drawn: dict[str, Any]) -> dict[str, Any]:
        known = ("Metadata", "ContentType", "CacheControl")
        return {name: drawn[name] for name in drawn if name in known}

    def _conditions(self, drawn: dict[str, Any]) -> dict[str, Any]:
        # rclone copies whatever is asked of the source, which a relay does not; and botocore fails
        # to read its answer to If-None-Match.
        return {}
