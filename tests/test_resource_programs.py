"""`botwo.resource`: boto3's resources over many stores do what they do over one."""

from __future__ import annotations

import functools
import io
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import boto3.session
import pytest
from boto3.exceptions import Boto3Error
from boto3.s3.transfer import TransferConfig
from botocore import xform_name
from botocore.exceptions import BotoCoreError, ClientError
from botocore.response import StreamingBody
from servers import Server, reset

import botwo

# Every bucket is renamed and every key prefixed; the keys of two buckets lie in two stores.
MAPPING = [
    {"bucket_name": "data", "source_prefix": "team/", "client": "b",
     "mapped_bucket_name": "team-repo", "key_prefix": "main/"},
    {"bucket_name": "kept", "source_prefix": "team/", "client": "b",
     "mapped_bucket_name": "kept-repo", "key_prefix": "main/"},
    {"bucket_name": "there", "client": "b", "mapped_bucket_name": "there-repo",
     "key_prefix": "main/"},
    {"bucket_name": "*", "client": "a", "mapped_bucket_name": "{bucket}-moved",
     "key_prefix": "dev/"},
]  # fmt: skip
BUCKETS = {"a": ("data-moved", "here-moved", "kept-moved"),
           "b": ("kept-repo", "team-repo", "there-repo")}  # fmt: skip
MIB = 1024 * 1024
IN_PARTS = TransferConfig(multipart_threshold=5 * MIB, multipart_chunksize=5 * MIB)
AT_ONCE = {"Delay": 0, "MaxAttempts": 1}
# What a store makes up: the sides' differ, but what is the same on one is on the other.
MADE_UP = frozenset(
    "CopySourceVersionId DeleteMarkerVersionId UploadId VersionId id multipart_upload_id "
    "upload_id version_id".split()
)


@pytest.fixture(scope="module")
def resources(exact_plain: Server, exact_a: Server, exact_b: Server) -> dict[str, Any]:
    """A plain resource of each server: sessions take long to make."""
    servers = {"plain": exact_plain, "a": exact_a, "b": exact_b}
    return {
        name: boto3.session.Session().resource("s3", **server.options())
        for name, server in servers.items()
    }


@pytest.fixture
def plain(resources: dict[str, Any], exact_plain: Server) -> Any:
    """A plain resource over a store with four empty buckets, of which one keeps versions."""
    reset(exact_plain)
    return _with_buckets(resources["plain"], "data", "here", "kept", "there")


@pytest.fixture
def routed(resources: dict[str, Any], exact_a: Server, exact_b: Server) -> Any:
    """A routed resource over two stores that hold the four buckets by other names."""
    reset(exact_a)
    reset(exact_b)
    stores = {name: _with_buckets(resources[name], *BUCKETS[name]) for name in BUCKETS}
    return botwo.resource(stores, MAPPING)


def _with_buckets(s3: Any, *names: str) -> Any:
    for name in names:
        s3.create_bucket(Bucket=name)
        if name.startswith("kept"):
            s3.Bucket(name).Versioning().enable()
    return s3


@dataclass
class Seen:
    """Turns what a program returns into what can be compared."""

    ids: dict[str, int] = field(default_factory=dict)

    def of(self, value: Any, name: str = "") -> Any:
        if name in MADE_UP and isinstance(value, str):
            return ("made up", self.ids.setdefault(value, len(self.ids)))
        if isinstance(value, dict):
            return {
                key: self.of(member, key) for key, member in sorted(value.items()) if key != "Owner"
            } | ({"ResponseMetadata": _status(value)} if "ResponseMetadata" in value else {})
        if isinstance(value, StreamingBody):
            return value.read()
        if isinstance(value, datetime):
            return datetime
        if hasattr(value, "meta"):
            named = {each: getattr(value, each) for each in value.meta.identifiers}
            return type(value).__name__, self.of(named), self.of(value.meta.data)
        if isinstance(value, list | tuple) or hasattr(value, "pages"):
            return [self.of(each) for each in value]
        return value


def _status(answer: dict[str, Any]) -> Any:
    return answer["ResponseMetadata"]["HTTPStatusCode"]


def outcome(program: Callable[[Any], Any], s3: Any) -> Any:
    """What a caller can see of a program: what it returns or raises."""
    seen = Seen()
    try:
        return seen.of(program(s3))
    except ClientError as error:
        own = getattr(s3.meta.client.exceptions, type(error).__name__, ClientError)
        return type(error).__name__, isinstance(error, own), str(error), seen.of(error.response)
    except (BotoCoreError, Boto3Error, ValueError, TypeError, AttributeError) as error:
        return type(error).__name__, str(error)


def _fill(s3: Any, *keys: str, bucket: str = "data") -> Any:
    filled = s3.Bucket(bucket)
    for key in keys:
        filled.put_object(Key=key, Body=key.encode(), Metadata={"of": "it"})
    return filled


def _versions(s3: Any) -> Any:
    bucket = _fill(s3, "a", "team/b", "team/b", "z", bucket="kept")
    bucket.Object("a").delete()
    return bucket


KEYS = ("a", "b/1", "b/2", "team/x", "team/y/1", "z")


def _upload_in_parts(s3: Any, bucket: str, key: str) -> Any:
    upload = s3.Object(bucket, key).initiate_multipart_upload()
    etags = [
        upload.Part(number).upload(Body=body)["ETag"]
        for number, body in ((1, b"x" * 5 * MIB), (2, b"end"))
    ]
    listed = list(upload.parts.all()), list(s3.Bucket(bucket).multipart_uploads.all())
    parts = [{"ETag": etag, "PartNumber": number} for number, etag in enumerate(etags, 1)]
    done = upload.complete(MultipartUpload={"Parts": parts})
    return upload, listed, done, done.get()["Body"].read()[-5:]


def _copy_part(s3: Any) -> Any:
    _fill(s3, "source", bucket="there")
    upload = s3.Object("here", "copied").initiate_multipart_upload()
    part = upload.Part(1).copy_from(CopySource={"Bucket": "there", "Key": "source"})
    etag = part["CopyPartResult"]["ETag"]
    done = upload.complete(MultipartUpload={"Parts": [{"ETag": etag, "PartNumber": 1}]})
    return part, done.get()


def _abort(s3: Any) -> Any:
    upload = s3.Object("there", "key").initiate_multipart_upload()
    before = list(s3.Bucket("there").multipart_uploads.all())
    return before, upload.abort(), list(s3.Bucket("there").multipart_uploads.all())


def _transfers(s3: Any, bucket: str, size: int) -> Any:
    body, heard, into = b"\0" * size, [], io.BytesIO()
    place, other = s3.Bucket(bucket), s3.Object(bucket, "by-object")
    place.upload_fileobj(io.BytesIO(body), "by-bucket", Config=IN_PARTS, Callback=heard.append)
    other.upload_fileobj(io.BytesIO(body), Config=IN_PARTS, ExtraArgs={"ContentType": "x/y"})
    place.download_fileobj("by-object", into, Config=IN_PARTS, Callback=heard.append)
    other.download_fileobj(into, Config=IN_PARTS)
    return sum(heard), into.getvalue() == body * 2, other.content_type, other.e_tag


def _files(s3: Any, folder: Path, bucket: str) -> Any:
    one, two = folder / "one", folder / "two"
    one.write_bytes(b"from a file")
    s3.Bucket(bucket).upload_file(str(one), "x", ExtraArgs={"Metadata": {"a": "b"}})
    s3.Object(bucket, "y").upload_file(str(one))
    s3.Bucket(bucket).download_file("y", str(two))
    s3.Object(bucket, "x").download_file(str(one))
    return one.read_bytes(), two.read_bytes(), s3.Object(bucket, "x").metadata


def _copies(s3: Any, source: str, target: str, size: int = 10, **given: Any) -> Any:
    place = {"Bucket": source, "Key": "source"}
    s3.Object(source, "source").put(Body=b"\0" * size, ContentType="x/y", Metadata={"a": "b"})
    heard: list[int] = []
    s3.Bucket(target).copy(place, "by-bucket", Config=IN_PARTS, Callback=heard.append, **given)
    s3.Object(target, "by-object").copy(place, Config=IN_PARTS, **given)
    answer = s3.Object(target, "by-call").copy_from(CopySource=f"{source}/source")
    made = [s3.Object(target, key) for key in ("by-bucket", "by-object", "by-call")]
    return sum(heard), answer, [(each.content_type, each.metadata, each.e_tag) for each in made]


def _reload(s3: Any) -> Any:
    thing = _fill(s3, "a").Object("a")
    before = thing.content_length
    thing.put(Body=b"longer than before")
    return before, thing.content_length, thing.reload(), thing.last_modified, thing


def _emptied(collection: Any) -> Any:
    deleted = collection.delete()
    return [sorted(answer.get("Deleted", []), key=lambda entry: entry["Key"]) for answer in deleted]


PROGRAMS: dict[str, Callable[[Any], Any]] = {
    "buckets": lambda s3: list(s3.buckets.all()),
    "buckets, one page after another": lambda s3: list(s3.buckets.page_size(1).pages()),
    "buckets, filtered": lambda s3: list(s3.buckets.filter(Prefix="the")),
    "buckets, limited": lambda s3: list(s3.buckets.limit(2)),
    "creation date": lambda s3: s3.Bucket("there").creation_date,
    "creation date of none": lambda s3: s3.Bucket("no-such-bucket").creation_date,
    "bucket region": lambda s3: s3.Bucket("there").bucket_region,
    "create a bucket": lambda s3: (s3.create_bucket(Bucket="new"), list(s3.buckets.all())),
    "create a bucket that is there": lambda s3: s3.Bucket("there").create(),
    "delete a bucket": lambda s3: (s3.Bucket("here").delete(), list(s3.buckets.all())),
    "delete a filled bucket": lambda s3: _fill(s3, "x", bucket="there").delete(),
    "put, get": lambda s3: _fill(s3, "a").Object("a").get(),
    "put_object gives an object": lambda s3: s3.Bucket("data").put_object(Key="team/a", Body=b"x"),
    "get of none": lambda s3: s3.Object("there", "none").get(),
    "load of none": lambda s3: s3.Object("there", "none").content_length,
    "object of no bucket": lambda s3: s3.Object("no-such-bucket", "x").load(),
    "attributes": _reload,
    "delete": lambda s3: (
        _fill(s3, "a").Object("a").delete(),
        list(s3.Bucket("data").objects.all()),
    ),
    "objects": lambda s3: list(_fill(s3, *KEYS).objects.all()),
    "objects of no bucket": lambda s3: list(s3.Bucket("no-such-bucket").objects.all()),
    "objects by prefix": lambda s3: list(_fill(s3, *KEYS).objects.filter(Prefix="team/")),
    "objects by a cut prefix": lambda s3: list(_fill(s3, *KEYS).objects.filter(Prefix="te")),
    "objects from a marker": lambda s3: list(_fill(s3, *KEYS).objects.filter(Marker="b/1")),
    "objects, limited": lambda s3: list(_fill(s3, *KEYS).objects.limit(4)),
    "objects, in pages": lambda s3: list(_fill(s3, *KEYS).objects.page_size(2).pages()),
    "objects, in pages of a limit": lambda s3: list(
        _fill(s3, *KEYS).objects.filter(Prefix="").limit(5).page_size(2).pages()
    ),
    "objects by delimiter": lambda s3: list(_fill(s3, *KEYS).objects.filter(Delimiter="/")),
    "summaries have data": lambda s3: [
        (each.size, each.e_tag, each.storage_class) for each in _fill(s3, *KEYS).objects.all()
    ],
    "summaries load": lambda s3: [
        (s3.ObjectSummary(each.bucket_name, each.key).size, each.Object().metadata)
        for each in _fill(s3, *KEYS).objects.all()
    ],
    "delete by prefix": lambda s3: (
        _emptied(_fill(s3, *KEYS).objects.filter(Prefix="team/")),
        list(s3.Bucket("data").objects.all()),
    ),
    "delete all": lambda s3: (
        _emptied(_fill(s3, *KEYS).objects),
        list(s3.Bucket("data").objects.all()),
    ),
    "delete in pages": lambda s3: _emptied(_fill(s3, *KEYS).objects.page_size(2)),
    "delete of nothing": lambda s3: s3.Bucket("data").objects.delete(),
    "delete_objects": lambda s3: _fill(s3, *KEYS).delete_objects(
        Delete={"Objects": [{"Key": "team/x"}, {"Key": "a"}, {"Key": "none"}]}
    ),
    "versions": lambda s3: list(_versions(s3).object_versions.all()),
    "versions by prefix": lambda s3: list(_versions(s3).object_versions.filter(Prefix="team/")),
    "versions, in pages": lambda s3: list(_versions(s3).object_versions.page_size(2).pages()),
    "versions, one by one": lambda s3: [
        (each.key, each.is_latest, each.size, each.get() if each.size is not None else None)
        for each in _versions(s3).object_versions.all()
    ],
    "head of a version": lambda s3: [
        each.head() for each in _versions(s3).object_versions.filter(Prefix="team/")
    ],
    "delete all versions": lambda s3: (
        _emptied(_versions(s3).object_versions),
        list(s3.Bucket("kept").object_versions.all()),
        s3.Bucket("there").delete(),
    ),
    "delete a version": lambda s3: [
        each.delete() for each in _versions(s3).object_versions.filter(Prefix="z")
    ],
    "a version's object": lambda s3: [
        each.Object() for each in _versions(s3).object_versions.all()
    ],
    "upload in parts": lambda s3: _upload_in_parts(s3, "there", "key"),
    "upload in parts under a prefix": lambda s3: _upload_in_parts(s3, "data", "team/key"),
    "copy into a part": _copy_part,
    "abort": _abort,
    "transfers": lambda s3: _transfers(s3, "there", 10),
    "transfers in parts": lambda s3: _transfers(s3, "here", 11 * MIB),
    "download of none": lambda s3: s3.Bucket("here").download_fileobj("none", io.BytesIO()),
    "copies at one store": lambda s3: _copies(s3, "data", "here"),
    "copies between stores": lambda s3: _copies(s3, "there", "here"),
    "copies in parts": lambda s3: _copies(s3, "here", "there", size=11 * MIB),
    "copies by a client for the source": lambda s3: _copies(
        s3, "here", "there", SourceClient=s3.meta.client
    ),
    "copies in parts by a client for the source": lambda s3: _copies(
        s3, "there", "here", size=11 * MIB, SourceClient=s3.meta.client
    ),
    "copy of none": lambda s3: s3.Object("here", "x").copy({"Bucket": "there", "Key": "none"}),
    "copy_from none": lambda s3: s3.Object("here", "x").copy_from(CopySource="there/none"),
    "summary copies": lambda s3: [
        each.copy_from(CopySource="there/source")
        for each in (_fill(s3, "source", bucket="there") and _fill(s3, "a").objects.all())
    ],
    "wait for a bucket": lambda s3: (
        s3.Bucket("there").wait_until_exists(),
        s3.Bucket("there").wait_until_not_exists(WaiterConfig=AT_ONCE),
    ),
    "wait for no bucket": lambda s3: s3.Bucket("new").wait_until_exists(WaiterConfig=AT_ONCE),
    "wait for an object": lambda s3: (
        _fill(s3, "team/a").Object("team/a").wait_until_exists(),
        s3.Object("data", "none").wait_until_not_exists(),
    ),
    "wait for no object": lambda s3: s3.Object("data", "x").wait_until_exists(WaiterConfig=AT_ONCE),
    "configurations": lambda s3: (
        s3.BucketTagging("there").put(Tagging={"TagSet": [{"Key": "a", "Value": "b"}]}),
        s3.Bucket("there").Tagging().tag_set,
        s3.Bucket("there").Cors().delete(),
        s3.Bucket("there").Acl().grants,
    ),
    "a configuration that is not there": lambda s3: s3.Bucket("there").Policy().policy,
    "a name too few": lambda s3: s3.Object("data"),
    "a name of another kind": lambda s3: s3.Bucket(name="data").Object(name="x"),
    "a wrong bucket": lambda s3: list(s3.Bucket("not a bucket").objects.all()),
    "a wrong parameter": lambda s3: s3.Bucket("data").Object("x").put(Nonsense=1),
    "no key": lambda s3: s3.Object("data", "").load(),
    "the client": lambda s3: s3.meta.client.list_objects_v2(Bucket="data")["KeyCount"],
}


@pytest.mark.parametrize("name", PROGRAMS)
def test_a_program_cannot_tell(plain: Any, routed: Any, name: str) -> None:
    """A program has the same outcome over two stores with other names as over one with its own."""
    program = PROGRAMS[name]

    expected = outcome(program, plain)

    assert expected == outcome(program, routed)


@pytest.mark.parametrize("bucket", ["here", "there"])
def test_files_go_up_and_come_down(plain: Any, routed: Any, tmp_path: Path, bucket: str) -> None:
    """Transfers of files by a bucket and by an object are as those of a plain resource."""
    assert _files(plain, tmp_path, bucket) == _files(routed, tmp_path, bucket)


def test_what_is_copied_lies_where_the_rules_say(routed: Any, exact_b: Server) -> None:
    """A copy of a resource to another store is in that store, by the name it has there."""
    _copies(routed, "here", "there")

    there = exact_b.client().list_objects_v2(Bucket="there-repo")["Contents"]

    assert ["main/by-bucket", "main/by-call", "main/by-object"] == [each["Key"] for each in there]


# --- the whole resource model --------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class Names:
    """What stands for the identifiers of the resource model, on one side."""

    upload: str
    version: str

    def of(self, kind: str, identifier: str) -> Any:
        """Give an identifier's value; a new one of the model has to be decided on here."""
        if identifier == "id":
            return self.version if kind == "ObjectVersion" else self.upload
        return {
            "bucket_name": "there", "key": "key", "multipart_upload_id": self.upload,
            "name": "there", "object_key": "key", "part_number": 1,
        }[identifier]  # fmt: skip


_ALLOWS = '{"Statement": [{"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", %s}]}'
_WEBSITE = {"IndexDocument": {"Suffix": "index.html"}}
# What an action needs besides its resource; a new one of the model is asked without.
GIVEN: dict[str, dict[str, Any]] = {
    "s3.create_bucket": {"Bucket": "new"},
    "BucketAcl.put": {"ACL": "private"},
    "BucketCors.put": {
        "CORSConfiguration": {"CORSRules": [{"AllowedMethods": ["GET"], "AllowedOrigins": ["*"]}]}
    },
    "BucketLifecycle.put": {
        "LifecycleConfiguration": {
            "Rules": [{"Status": "Enabled", "Prefix": "", "Expiration": {"Days": 1}}]
        }
    },
    "BucketLifecycleConfiguration.put": {
        "LifecycleConfiguration": {
            "Rules": [{"Status": "Enabled", "Filter": {"Prefix": ""}, "Expiration": {"Days": 1}}]
        }
    },
    "BucketLogging.put": {"BucketLoggingStatus": {}},
    "BucketNotification.put": {"NotificationConfiguration": {}},
    "BucketPolicy.put": {"Policy": _ALLOWS % '"Resource": "arn:aws:s3:::there/*"'},
    "BucketRequestPayment.put": {"RequestPaymentConfiguration": {"Payer": "Requester"}},
    "BucketTagging.put": {"Tagging": {"TagSet": [{"Key": "a", "Value": "b"}]}},
    "BucketVersioning.put": {"VersioningConfiguration": {"Status": "Enabled"}},
    "BucketWebsite.put": {"WebsiteConfiguration": _WEBSITE},
    "Bucket.put_object": {"Key": "by-bucket", "Body": b"x"},
    "Bucket.delete_objects": {"Delete": {"Objects": [{"Key": "by-bucket"}]}},
    "Object.copy_from": {"CopySource": "here/key"},
    "Object.put": {"Body": b"x"},
    "Object.restore_object": {"RestoreRequest": {"Days": 1}},
    "ObjectAcl.put": {"ACL": "private"},
    "MultipartUpload.complete": {"MultipartUpload": {"Parts": [{"ETag": "x", "PartNumber": 1}]}},
    "MultipartUploadPart.copy_from": {"CopySource": "here/key"},
    "MultipartUploadPart.upload": {"Body": b"x"},
}
# What boto3 adds to the model's resources by itself; programs above try each.
INJECTED = frozenset(
    "copy download_file download_fileobj get_available_subresources load meta reload upload_file "
    "upload_fileobj".split()
)


def _named(s3: Any) -> Names:
    s3.Bucket("there").Versioning().enable()
    s3.Object("here", "key").put(Body=b"x")
    version = s3.Object("there", "key").put(Body=b"x")["VersionId"]
    return Names(upload=s3.Object("there", "key").initiate_multipart_upload().id, version=version)


def _part(whole: Any, model: Any, names: Names) -> Any:
    """Make a part of a resource by its place in the model."""
    asked = [each for each in model.resource.identifiers if each.source == "input"]
    given = {
        name: names.of(model.resource.type, name)
        for name in (xform_name(each.target) for each in asked)
    }
    return getattr(whole, model.name)(**given)


def _all_of(s3: Any, whole: Any, names: Names) -> dict[str, Any]:
    """Do everything that the model lets a resource do, what ends it last."""
    model, todo = whole.meta.resource_model, {}
    actions = [each.name for each in model.actions] + ["load"] * hasattr(whole, "load")
    for name in sorted(actions, key=lambda name: (name == "load", name)):
        given = GIVEN.get(f"{model.name}.{name}", {})
        todo[f"{name}()"] = functools.partial(getattr(whole, name), **given)
    if model.shape:
        shape = s3.meta.client.meta.service_model.shape_for(model.shape)
        for name in model.get_attributes(shape):
            todo[name] = lambda name=name: {name: getattr(whole, name)}
    for each in model.collections:
        todo[each.name] = lambda name=each.name: list(getattr(whole, name).all())
    for each in model.references:
        todo[each.name] = functools.partial(getattr, whole, each.name)
    for each in model.subresources:
        part = _part(whole, each, names)
        assert part.meta.client is s3.meta.client
        todo[each.name] = lambda part=part: part
    for each in model.waiters:
        todo[each.name] = functools.partial(getattr(whole, each.name), WaiterConfig=AT_ONCE)
    ends = {name for name in todo if name.startswith(("abort", "delete()"))}
    return {
        name: outcome(lambda _, name=name: todo[name](), s3)
        for name in sorted(todo, key=ends.__contains__)
    }


def test_all_of_the_resource_model_is_routed(
    plain: Any, routed: Any, report: Callable[[str], None]
) -> None:
    """Every resource's attributes, collections, parts, waiters and actions are a plain one's."""
    walked = 0
    for model in [None, *plain.meta.resource_model.subresources]:
        sides = []
        for s3 in (plain, routed):
            names = _named(s3)
            whole = s3 if model is None else _part(s3, model, names)
            sides.append(_all_of(s3, whole, names))
        for name, expected in sides[0].items():
            assert expected == sides[1][name], f"{model and model.name}.{name}"
        walked += len(sides[0])

    report(f"resources: {walked} members of the resource model")


def test_what_boto3_adds_to_the_model_is_known(plain: Any) -> None:
    """What a resource has besides its model is a known set, of which all is tried here."""
    names = Names(upload="u", version="v")
    for model in plain.meta.resource_model.subresources:
        whole = _part(plain, model, names)
        known = whole.meta.resource_model
        shape = known.shape and plain.meta.client.meta.service_model.shape_for(known.shape)
        members = {each.name for kind in ("actions", "collections", "identifiers", "references",
                                          "subresources", "waiters")
                   for each in getattr(known, kind)}  # fmt: skip
        members |= set(known.get_attributes(shape) if shape else ())
        members |= {each.name for each in known.identifiers if each.member_name}

        assert {each for each in dir(whole) if each[0] != "_"} - members <= INJECTED, model.name
