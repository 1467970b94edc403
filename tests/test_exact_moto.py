"""The oracle of the spanning law: what S3 says of listings and copies, asked of corrected moto."""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from itertools import count
from typing import Any

import pytest
from botocore.exceptions import ClientError
from servers import Server

FUTURE = datetime.datetime(2101, 1, 1, tzinfo=datetime.UTC)
_numbers = count()


@pytest.fixture(scope="module")
def store(exact_plain: Server) -> Iterator[Any]:
    """A plain client of corrected moto."""
    client = exact_plain.client()
    yield client
    client.close()


@pytest.fixture
def bucket(store: Any) -> str:
    """A bucket of the test's own."""
    name = f"facts-{next(_numbers)}"
    store.create_bucket(Bucket=name)
    return name


@pytest.fixture
def filled(store: Any, bucket: str) -> str:
    """A bucket with two keys under one common prefix, and one on either side of it."""
    for key in ("a", "b/1", "b/2", "c d"):
        store.put_object(Bucket=bucket, Key=key, Body=key.encode())
    return bucket


def keys(page: Any, member: str = "Contents") -> list[str]:
    """Give a page's keys."""
    return [entry["Key"] for entry in page.get(member, [])]


def folders(page: Any) -> list[str]:
    """Give a page's common prefixes."""
    return [entry["Prefix"] for entry in page.get("CommonPrefixes", [])]


def refusal(ask: Any, **asked: Any) -> tuple[str, str]:
    """Give the code and message of a refusal."""
    with pytest.raises(ClientError) as caught:
        ask(**asked)
    error = caught.value.response["Error"]
    return error["Code"], error["Message"]


class TestObjects:
    @pytest.mark.parametrize("name", ["list_objects", "list_objects_v2"])
    def test_keys_and_common_prefixes_fill_a_page_together_in_order(
        self, store: Any, filled: str, name: str
    ) -> None:
        """A page of two entries has the first key and the first common prefix, and says more."""
        page = getattr(store, name)(Bucket=filled, Delimiter="/", MaxKeys=2)

        assert (["a"], ["b/"], True) == (keys(page), folders(page), page["IsTruncated"])

    @pytest.mark.parametrize("name", ["list_objects", "list_objects_v2"])
    def test_a_full_last_page_is_the_last(self, store: Any, filled: str, name: str) -> None:
        """A page that holds exactly what there is is not truncated."""
        page = getattr(store, name)(Bucket=filled, Delimiter="/", MaxKeys=3)

        assert (False, "NextMarker" in page) == (page["IsTruncated"], False)

    @pytest.mark.parametrize("name", ["list_objects", "list_objects_v2"])
    def test_a_page_of_size_zero_is_empty_and_the_last(
        self, store: Any, filled: str, name: str
    ) -> None:
        """Nothing is listed where no entry was asked for, and nothing is said to follow."""
        page = getattr(store, name)(Bucket=filled, MaxKeys=0)

        assert ([], False, 0) == (keys(page), page["IsTruncated"], page["MaxKeys"])

    @pytest.mark.parametrize(
        ("name", "marker"), [("list_objects", "Marker"), ("list_objects_v2", "StartAfter")]
    )
    def test_a_marker_inside_a_common_prefix_skips_it(
        self, store: Any, filled: str, name: str, marker: str
    ) -> None:
        """A common prefix is listed where it is greater than the marker, whatever is in it."""
        page = getattr(store, name)(Bucket=filled, Delimiter="/", **{marker: "b/1"})

        assert (["c d"], []) == (keys(page), folders(page))

    def test_a_next_marker_comes_with_a_delimiter_alone(self, store: Any, filled: str) -> None:
        """ListObjects names the page's last entry, and only where a delimiter was asked."""
        plain = store.list_objects(Bucket=filled, MaxKeys=2)
        folded = store.list_objects(Bucket=filled, MaxKeys=2, Delimiter="/")

        assert (None, "b/") == (plain.get("NextMarker"), folded.get("NextMarker"))

    def test_pages_of_tokens_give_each_entry_once(self, store: Any, filled: str) -> None:
        """Following the tokens gives every key, and KeyCount counts each page's entries."""
        pages = list(
            store.get_paginator("list_objects_v2").paginate(
                Bucket=filled, Delimiter="/", PaginationConfig={"PageSize": 1}
            )
        )

        assert ["a", "b/", "c d"] == [*keys(pages[0]), *folders(pages[1]), *keys(pages[2])]
        assert [1, 1, 1] == [page["KeyCount"] for page in pages]
        assert pages[0]["NextContinuationToken"] == pages[1]["ContinuationToken"]

    def test_a_wrong_token_is_refused(self, store: Any, filled: str) -> None:
        """A token that no page gave is an invalid argument."""
        refused = refusal(store.list_objects_v2, Bucket=filled, ContinuationToken="wrong")

        assert ("InvalidArgument", "The continuation token provided is incorrect") == refused

    def test_a_url_encoded_page_has_every_name_encoded(self, store: Any, filled: str) -> None:
        """Keys, prefixes, delimiter and markers are encoded where that is asked; a space is +."""
        page = store.list_objects(
            Bucket=filled, Prefix="c ", Marker="c +", Delimiter="%", EncodingType="url"
        )

        names = [page[member] for member in ("Prefix", "Marker", "Delimiter")]
        assert (["c+", "c+%2B", "%25"], ["c+d"]) == (names, keys(page))

    def test_names_are_ordered_by_their_bytes(self, store: Any, bucket: str) -> None:
        """U+FF5E comes before U+1F600, although its UTF-16 code unit does not."""
        for key in ("\U0001f600", "\uff5e", "z"):
            store.put_object(Bucket=bucket, Key=key)

        assert ["z", "\uff5e", "\U0001f600"] == keys(store.list_objects_v2(Bucket=bucket))


class TestVersions:
    @pytest.fixture
    def versions(self, store: Any, bucket: str) -> tuple[str, dict[str, list[str]]]:
        """Two versions of each of two keys, newest first, and a third key that was deleted."""
        status = {"Status": "Enabled"}
        store.put_bucket_versioning(Bucket=bucket, VersioningConfiguration=status)
        made: dict[str, list[str]] = {}
        for key in ("k", "k", "l/m", "l/m"):
            version = store.put_object(Bucket=bucket, Key=key)["VersionId"]
            made.setdefault(key, []).insert(0, version)
        deleted = store.put_object(Bucket=bucket, Key="z")["VersionId"]
        made["z"] = [store.delete_object(Bucket=bucket, Key="z")["VersionId"], deleted]
        return bucket, made

    def test_the_newest_of_a_key_comes_first(self, store: Any, versions: Any) -> None:
        """A key's versions come newest first, and only the first one is the latest."""
        bucket, made = versions

        page = store.list_object_versions(Bucket=bucket)

        listed = [(version["VersionId"], version["IsLatest"]) for version in page["Versions"]]
        (marker,) = page["DeleteMarkers"]
        expected = [(id, not place) for key in ("k", "l/m") for place, id in enumerate(made[key])]
        assert [*expected, (made["z"][1], False)] == listed
        assert (made["z"][0], True) == (marker["VersionId"], marker["IsLatest"])

    def test_a_key_marker_alone_skips_the_whole_key(self, store: Any, versions: Any) -> None:
        """All versions of the marker's key are behind us."""
        page = store.list_object_versions(Bucket=versions[0], KeyMarker="k")

        assert ["l/m", "l/m", "z"] == keys(page, "Versions")

    def test_pages_of_one_give_each_version_once(self, store: Any, versions: Any) -> None:
        """Following both markers, page by page, gives every version in order."""
        bucket, made = versions

        pages = store.get_paginator("list_object_versions").paginate(
            Bucket=bucket, PaginationConfig={"PageSize": 1}
        )

        found = [
            version["VersionId"]
            for page in pages
            for member in ("Versions", "DeleteMarkers")
            for version in page.get(member, [])
        ]
        assert [*made["k"], *made["l/m"], *made["z"]] == found

    def test_a_page_that_ends_with_a_common_prefix_names_no_version(
        self, store: Any, versions: Any
    ) -> None:
        """NextKeyMarker is the common prefix then, and there is no NextVersionIdMarker."""
        page = store.list_object_versions(
            Bucket=versions[0], Delimiter="/", MaxKeys=1, KeyMarker="k"
        )

        assert ("l/", False) == (page["NextKeyMarker"], "NextVersionIdMarker" in page)

    def test_a_version_marker_alone_is_refused(self, store: Any, versions: Any) -> None:
        """A VersionIdMarker means nothing without its key."""
        code, _ = refusal(
            store.list_object_versions, Bucket=versions[0], VersionIdMarker=versions[1]["k"][0]
        )

        assert "InvalidArgument" == code


class TestUploads:
    @pytest.fixture
    def uploads(self, store: Any, bucket: str) -> tuple[str, dict[str, list[str]]]:
        """Uploads of three keys, two of them of one key, not begun in the order of their keys."""
        made: dict[str, list[str]] = {}
        for key in ("p/q", "b", "a", "b"):
            upload = store.create_multipart_upload(Bucket=bucket, Key=key)["UploadId"]
            made.setdefault(key, []).append(upload)
        return bucket, made

    def test_pages_give_each_upload_once_in_order(self, store: Any, uploads: Any) -> None:
        """Uploads come by key, those of one key as they were begun, and both markers page."""
        bucket, made = uploads

        pages = list(
            store.get_paginator("list_multipart_uploads").paginate(
                Bucket=bucket, PaginationConfig={"PageSize": 1}
            )
        )

        found = [upload["UploadId"] for page in pages for upload in page.get("Uploads", [])]
        assert [*made["a"], *made["b"], *made["p/q"]] == found
        assert ["", "a", "b", "b"] == [page["KeyMarker"] for page in pages]
        assert [1, 1, 1, 1] == [page["MaxUploads"] for page in pages]

    def test_a_key_marker_alone_skips_the_whole_key(self, store: Any, uploads: Any) -> None:
        """All uploads of the marker's key are behind us, and a delimiter folds what follows."""
        page = store.list_multipart_uploads(
            Bucket=uploads[0], KeyMarker="b", UploadIdMarker="", Delimiter="/"
        )

        assert ([], ["p/"], "b") == (keys(page, "Uploads"), folders(page), page["KeyMarker"])

    def test_what_there_is_not_is_refused(self, store: Any, uploads: Any) -> None:
        """A part for an upload that there is not is refused, not a failure of the server."""
        asked = {"Bucket": uploads[0], "Key": "a", "UploadId": "none"}

        assert "NoSuchUpload" == refusal(store.upload_part, **asked, PartNumber=1, Body=b"")[0]


class TestBuckets:
    def test_buckets_come_sorted_page_by_page(self, store: Any) -> None:
        """Names come in order, as many as asked, and a token leads on."""
        for name in ("pages-c", "pages-a", "pages-b"):
            store.create_bucket(Bucket=name)

        first = store.list_buckets(Prefix="pages-", MaxBuckets=2)
        second = store.list_buckets(
            Prefix="pages-", MaxBuckets=2, ContinuationToken=first["ContinuationToken"]
        )

        names = [bucket["Name"] for page in (first, second) for bucket in page["Buckets"]]
        assert ["pages-a", "pages-b", "pages-c"] == names
        assert ("pages-", False) == (second["Prefix"], "ContinuationToken" in second)


class TestCopies:
    @pytest.mark.parametrize(
        "condition",
        [
            {"CopySourceIfMatch": '"wrong"'},
            {"CopySourceIfUnmodifiedSince": datetime.datetime(2001, 1, 1, tzinfo=datetime.UTC)},
            {"CopySourceIfModifiedSince": FUTURE},
        ],
        ids=lambda condition: next(iter(condition)),
    )
    def test_a_condition_that_fails_stops_a_copy(
        self, store: Any, filled: str, condition: dict[str, Any]
    ) -> None:
        """Each condition on the source is asked, of an object and of a part."""
        asked = {"Bucket": filled, "Key": "n", "CopySource": f"{filled}/a", **condition}
        upload = store.create_multipart_upload(Bucket=filled, Key="n")["UploadId"]

        codes = [
            refusal(store.copy_object, **asked)[0],
            refusal(store.upload_part_copy, **asked, UploadId=upload, PartNumber=1)[0],
        ]

        assert ["PreconditionFailed", "PreconditionFailed"] == codes

    @pytest.mark.parametrize(
        "algorithm", [{}, {"ChecksumAlgorithm": "CRC32"}], ids=["none", "parts"]
    )
    def test_a_copy_of_parts_has_a_checksum_of_the_whole(
        self, store: Any, bucket: str, algorithm: dict[str, str]
    ) -> None:
        """A copy of an upload in parts, whatever checksum that has, has one of all its bytes."""
        upload = {"Bucket": bucket, "Key": "parts"}
        upload["UploadId"] = store.create_multipart_upload(**upload, **algorithm)["UploadId"]
        part = store.upload_part(**upload, PartNumber=1, Body=b"part")
        parts = [{"PartNumber": 1, "ETag": part["ETag"]}]
        store.complete_multipart_upload(**upload, MultipartUpload={"Parts": parts})

        copy = store.copy_object(Bucket=bucket, Key="copy", CopySource=f"{bucket}/parts")
        whole = store.put_object(Bucket=bucket, Key="whole", Body=b"part")

        assert whole["ChecksumCRC32"] == copy["CopyObjectResult"]["ChecksumCRC32"]

    def test_a_part_needs_its_source(self, store: Any, filled: str) -> None:
        """UploadPartCopy of no key says so, and of no such range too."""
        upload = store.create_multipart_upload(Bucket=filled, Key="n")["UploadId"]
        asked = {"Bucket": filled, "Key": "n", "UploadId": upload, "PartNumber": 1}

        none = refusal(store.upload_part_copy, **asked, CopySource=f"{filled}/none")
        behind = refusal(
            store.upload_part_copy, **asked, CopySource=f"{filled}/a", CopySourceRange="bytes=0-9"
        )

        assert ("NoSuchKey", "InvalidArgument") == (none[0], behind[0])
