"""What a copy promises: every parameter of the model stands in a table, and goes one way."""

from __future__ import annotations

import base64
import datetime
from email.header import decode_header, make_header
from typing import Any

import pytest
from asking import MODEL

from botwo._promises import (
    ASKED,
    CHECKED,
    CONDITIONS,
    KEPT,
    KNOWN,
    algorithm,
    copied,
    counts_tags,
    kept,
    part,
    tagging,
)

NINE = datetime.datetime(2026, 11, 25, 9, tzinfo=datetime.UTC)


@pytest.mark.parametrize("name", ["CopyObject", "UploadPartCopy"])
def test_every_parameter_of_the_installed_model_is_decided(name: str) -> None:
    """A parameter that a newer botocore brings has to be put into a table."""
    members = set(MODEL.operation_model(name).input_shape.members)

    assert set() == members - KNOWN


@pytest.mark.parametrize("name", list(ASKED))
def test_an_operation_is_asked_with_what_it_takes(name: str) -> None:
    """Of a parameter that this botocore knows of copies, it knows the one that it becomes."""
    members = set(MODEL.operation_model(name).input_shape.members)
    copying = {
        member
        for copies in ("CopyObject", "UploadPartCopy")
        for member in MODEL.operation_model(copies).input_shape.members
    }

    asked = {new for member, new in ASKED[name].items() if member in copying}

    assert asked <= members


@pytest.mark.parametrize("name", ["PutObject", "CreateMultipartUpload"])
def test_what_both_a_copy_and_a_write_take_is_asked_of_the_write(name: str) -> None:
    """No parameter of a copy is lost that the writing operation has under the same name."""
    copying = set(MODEL.operation_model("CopyObject").input_shape.members)
    writing = set(MODEL.operation_model(name).input_shape.members)

    assert (copying & writing) - set(ASKED[name]) == {*KEPT, "Tagging"}


def test_no_parameter_of_the_source_reaches_the_destination() -> None:
    """What is asked of the source is asked of the source only."""
    reads = {"GetObject", "GetObjectTagging"}
    to_source = {member for name in reads for member in ASKED[name]}
    to_target = {member for name in ASKED.keys() - reads for member in ASKED[name]}

    assert to_source & to_target == {"RequestPayer"}
    assert not (CHECKED | set(CONDITIONS)) & to_target


@pytest.mark.parametrize(
    ("told", "text"),
    [
        ("plain", "plain"),
        ("é".encode().decode("latin-1"), "é"),
        ("日本".encode().decode("latin-1"), "日本"),
        ("\xe9", "\xe9"),
        ("日本", "日本"),
        ("=?UTF-8?B?w6k=?=", "é"),
        ("é" * 200, "é" * 200),
    ],
)
def test_metadata_is_kept_in_ascii(told: str, text: str) -> None:
    """Metadata that is not ASCII is sent in S3's own form, on one line, and means the same."""
    found = kept({"Metadata": {"name": told}})["Metadata"]["name"]

    assert found.isascii()
    assert "\n" not in found
    assert text == str(make_header(decode_header(found)))
    assert found == told or found == f"=?UTF-8?B?{base64.b64encode(text.encode()).decode()}?="


def test_a_content_header_is_kept_as_its_text() -> None:
    """Botocore sends a content header as UTF-8, so it is given the text that the bytes mean."""
    expires = datetime.datetime(2030, 1, 1, tzinfo=datetime.UTC)
    told = 'attachment; filename="é.txt"'

    found = kept({"ContentDisposition": told.encode().decode("latin-1"), "Expires": expires})

    assert {"ContentDisposition": told, "Expires": expires} == found


def test_tags_are_sent_url_encoded() -> None:
    """A tag may hold what means something in a query."""
    tags = [{"Key": "a b", "Value": "1&2=3"}, {"Key": "ü", "Value": ""}]

    assert tagging(tags) == "a+b=1%262%3D3&%C3%BC="


@pytest.mark.parametrize(
    ("params", "found", "expected"),
    [
        ({}, {}, {}),
        ({}, {"ChecksumCRC32": "x"}, {"ChecksumAlgorithm": "CRC32"}),
        ({}, {"ChecksumSHA256": "x"}, {"ChecksumAlgorithm": "SHA256"}),
        ({}, {"ChecksumCRC64NVME": "x"}, {}),
        ({"ChecksumAlgorithm": "SHA1"}, {"ChecksumCRC32": "x"}, {}),
        ({"ObjectLockMode": "GOVERNANCE"}, {}, {"ChecksumAlgorithm": "CRC32"}),
    ],
)
def test_the_sources_checksum_algorithm_is_kept(
    params: Any, found: Any, expected: dict[str, str]
) -> None:
    """The request's algorithm, else the source's where botocore computes it; locks need one."""
    assert expected == algorithm(params, found)


def _answered(**headers: str) -> dict[str, Any]:
    return {"ResponseMetadata": {"HTTPHeaders": headers}}


@pytest.mark.parametrize(
    ("answer", "counts"),
    [
        (_answered(), True),
        (_answered(server="MinIO"), True),
        (_answered(server="AmazonS3"), False),
        ({"TagCount": 0, **_answered(server="AmazonS3")}, True),
        (_answered(server="AmazonS3", **{"x-amz-request-id": "AB", "x-amz-id-2": "c"}), False),
        (
            _answered(
                server="AmazonS3",
                **{
                    "x-amz-request-id": "AB",
                    "x-amz-id-2": base64.b64encode(b"ABABABAB").decode(),
                },
            ),
            True,
        ),
    ],
)
def test_only_aws_hides_how_many_tags_there_are(answer: dict[str, Any], *, counts: bool) -> None:
    """AWS counts tags for those who may read them only; rclone, which says AmazonS3, has none."""
    assert counts == counts_tags(answer)


@pytest.mark.parametrize(
    ("date", "expected"),
    [
        ("Wed, 25 Nov 2026 09:00:00 GMT", datetime.datetime(2026, 11, 25, 9, tzinfo=datetime.UTC)),
        (
            "Wed, 25 Nov 2026 09:00:00 -0000",
            datetime.datetime(2026, 11, 25, 9, tzinfo=datetime.UTC),
        ),
        ("yesterday", None),
        ("", None),
    ],
)
def test_the_answer_dates_the_object_by_the_store(
    date: str, expected: datetime.datetime | None
) -> None:
    """The first write's date is the object's; without one the answer tells none."""
    answer = copied("CopyObject", {}, _answered(date=date), {"ETag": '"x"'})

    assert expected == answer["CopyObjectResult"].get("LastModified")


@pytest.mark.parametrize("name", ["CopyObject", "UploadPartCopy"])
def test_the_answer_has_the_shape_of_the_model(name: str) -> None:
    """All that the stores tell of what a copy answers is where the model has it."""
    shape = MODEL.operation_model(name).output_shape
    write = "PutObject" if name == "CopyObject" else "UploadPart"
    told = dict.fromkeys(MODEL.operation_model(write).output_shape.members, "told")

    answer = copied(name, {"VersionId": "v"}, told, told)

    result = {"CopyObject": "CopyObjectResult", "UploadPartCopy": "CopyPartResult"}[name]
    assert {*shape.members, "ResponseMetadata"} == answer.keys()
    assert set(shape.members[result].members) - {"LastModified"} == answer[result].keys()


def test_completing_says_of_a_part_what_its_upload_answered() -> None:
    """S3 wants each part's checksum again; what else an answer has is no member there."""
    answer = {"ETag": '"e"', "ChecksumCRC32": "c", "ChecksumType": "COMPOSITE", "VersionId": "v"}

    found = part(3, answer)

    assert {"PartNumber": 3, "ETag": '"e"', "ChecksumCRC32": "c"} == found
    assert found.keys() <= MODEL.shape_for("CompletedPart").members.keys()
