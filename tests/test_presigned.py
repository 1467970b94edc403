"""Presigned URLs and forms work over plain HTTP, at the store of the name."""

from __future__ import annotations

import http.client
import uuid
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

import pytest
from botocore.config import Config
from servers import ensure
from stubs import Stub, stub

import botwo

if TYPE_CHECKING:
    from servers import Server
    from types_boto3_s3.client import S3Client

MAPPING = [
    {"bucket_name": "old", "mapped_bucket_name": "new", "key_prefix": "main/", "client": "b"},
    {
        "bucket_name": "inbox",
        "source_prefix": "up/",
        "strip_source_prefix": True,
        "mapped_bucket_name": "new",
        "key_prefix": "main/in/",
        "client": "b",
    },
    {"bucket_name": "*", "client": "a"},
]
BUCKETS = ["plain", "old"]
_V4 = Config(signature_version="s3v4")


@pytest.fixture(params=["moto over rclone", "rclone over moto"])
def s3(
    request: pytest.FixtureRequest, moto_a: Server, moto_b: Server, rclone_a: Server
) -> S3Client:
    """A routed client over a server of each kind; bucket ``old`` is not on the default store."""
    servers = (moto_a, rclone_a) if request.param == "moto over rclone" else (rclone_a, moto_b)
    clients = [server.client(config=_V4) for server in servers]
    for client, bucket in zip(clients, ("plain", "new"), strict=True):
        ensure(client, bucket)
    return botwo.client(dict(zip("ab", clients, strict=True)), MAPPING)


@pytest.fixture
def pair() -> tuple[Stub, Stub]:
    """Two stores without a network."""
    return stub(host="a.test"), stub(host="b.test")


@pytest.fixture
def local(pair: tuple[Stub, Stub]) -> S3Client:
    """A routed client over the two."""
    return botwo.client({"a": pair[0].client, "b": pair[1].client}, MAPPING)


def _http(method: str, url: str, body: bytes = b"", **headers: str) -> tuple[int, bytes]:
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.netloc, timeout=10)
    try:
        path = f"{parts.path or '/'}?{parts.query}" if parts.query else parts.path or "/"
        connection.request(method, path, body, headers)
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()


def _post(form: dict[str, Any], name: str, content: bytes) -> tuple[int, bytes]:
    """Send a form with a file, as a browser does."""
    boundary = uuid.uuid4().hex
    parts = [
        f'--{boundary}\r\nContent-Disposition: form-data; name="{field}"\r\n\r\n{value}\r\n'
        for field, value in form["fields"].items()
    ]
    file = f'--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="{name}"\r\n'
    start = "".join(parts) + file + "Content-Type: application/octet-stream\r\n\r\n"
    body = start.encode() + content + f"\r\n--{boundary}--\r\n".encode()
    kind = f"multipart/form-data; boundary={boundary}"
    return _http("POST", form["url"], body, **{"Content-Type": kind})


@pytest.mark.parametrize("bucket", BUCKETS)
def test_urls_put_and_get(s3: S3Client, bucket: str) -> None:
    """A URL to put and one to get an object are used without any client."""
    named: Any = {"Bucket": bucket, "Key": f"presigned/{uuid.uuid4()} ä+&.txt"}

    put = _http("PUT", s3.generate_presigned_url("put_object", Params=named), b"by URL")
    got = _http("GET", s3.generate_presigned_url("get_object", Params=named, ExpiresIn=60))
    headed = _http("HEAD", s3.generate_presigned_url("head_object", Params=named))

    assert put[0] == 200
    assert got == (200, b"by URL")
    assert headed[0] == 200
    assert s3.get_object(**named)["Body"].read() == b"by URL"


@pytest.mark.parametrize("bucket", BUCKETS)
def test_a_url_deletes(s3: S3Client, bucket: str) -> None:
    """A URL to delete an object deletes it at its store."""
    named: Any = {"Bucket": bucket, "Key": f"presigned/{uuid.uuid4()}"}
    s3.put_object(**named)

    status, _ = _http("DELETE", s3.generate_presigned_url("delete_object", Params=named))

    assert status == 204
    with pytest.raises(s3.exceptions.ClientError, match="404"):
        s3.head_object(**named)


@pytest.fixture
def forms(moto_a: Server, moto_b: Server) -> S3Client:
    """A routed client over two servers that take forms; `rclone serve s3` takes none."""
    a, b = moto_a.client(config=_V4), moto_b.client(config=_V4)
    ensure(a, "plain")
    ensure(b, "new")
    return botwo.client({"a": a, "b": b}, MAPPING)


@pytest.mark.parametrize(
    ("bucket", "start"), [("plain", ""), ("old", ""), ("old", "deep/"), ("inbox", "up/")]
)
def test_a_form_uploads(forms: S3Client, bucket: str, start: str) -> None:
    """A form uploads to the key that it was signed for, at the store of its name."""
    key = f"{start}{uuid.uuid4()}.txt"

    form = forms.generate_presigned_post(
        bucket,
        key,
        Fields={"Content-Type": "text/x-form"},
        Conditions=[{"Content-Type": "text/x-form"}, ["content-length-range", 1, 100]],
    )
    status, _ = _post(form, "any.txt", b"by form")

    assert status in (200, 204)
    found = forms.get_object(Bucket=bucket, Key=key)
    assert found["Body"].read() == b"by form"


@pytest.mark.parametrize(("bucket", "start"), [("old", "deep/"), ("inbox", "up/")])
def test_a_form_takes_the_users_file_name(forms: S3Client, bucket: str, start: str) -> None:
    """With `${filename}` the key ends with the name of the file that the form's user picked."""
    name = f"{uuid.uuid4()}.txt"

    form = forms.generate_presigned_post(bucket, start + "${filename}")
    status, _ = _post(form, name, b"picked")

    assert status in (200, 204)
    mapped = {"old": "main/deep/", "inbox": "main/in/"}[bucket]
    assert f"{mapped}${{filename}}" == form["fields"]["key"]
    held = forms.list_objects_v2(Bucket=bucket, Prefix=start)["Contents"]
    assert start + name in {item["Key"] for item in held}


@pytest.mark.parametrize("method", ["get_object", "put_object", "head_object", "upload_part"])
def test_a_url_is_the_one_that_the_stores_client_signs(
    local: S3Client, pair: tuple[Stub, Stub], method: str
) -> None:
    """Path, query and credentials are what the store's own client gives for the mapped name."""
    more: Any = {"PartNumber": 1, "UploadId": "7"} if method == "upload_part" else {}
    url = local.generate_presigned_url(
        method, Params={"Bucket": "old", "Key": "x", **more}, ExpiresIn=60, HttpMethod="PUT"
    )
    expected = pair[1].client.generate_presigned_url(
        method, Params={"Bucket": "new", "Key": "main/x", **more}, ExpiresIn=60, HttpMethod="PUT"
    )

    changing = {"X-Amz-Date", "X-Amz-Signature"}
    told = [
        (
            urlsplit(each)._replace(query="").geturl(),
            {n: v for n, v in parse_qs(urlsplit(each).query).items() if n not in changing},
        )
        for each in (url, expected)
    ]
    assert told[0] == told[1]
    assert [] == pair[0].sent + pair[1].sent


def test_parameter_events_see_a_presigned_request_once(local: S3Client) -> None:
    """A handler sees, and may change, what is presigned, in the caller's names."""
    seen: list[tuple[str, Any]] = []

    def supply(params: dict[str, Any], context: dict[str, Any], **kwargs: Any) -> None:
        seen.append((params["Key"], context["is_presign_request"]))
        params["Bucket"] = "old"

    local.meta.events.register("before-parameter-build.s3.GetObject", supply)

    url = local.generate_presigned_url("get_object", Params={"Key": "x"})

    assert seen == [("x", True)]
    assert urlsplit(url)[1:3] == ("b.test", "/new/main/x")


@pytest.mark.parametrize(
    ("method", "params"),
    [
        ("list_objects_v2", {"Bucket": "old"}),
        ("list_buckets", {}),
        ("delete_objects", {"Bucket": "old", "Delete": {"Objects": [{"Key": "x"}]}}),
        ("get_bucket_policy", {"Bucket": "old"}),
        ("get_bucket_lifecycle_configuration", {"Bucket": "old"}),
        ("put_bucket_policy", {"Bucket": "old", "Policy": "{}"}),
    ],
)
def test_a_url_whose_holder_would_speak_the_stores_names_is_refused(
    local: S3Client, method: str, params: dict[str, Any]
) -> None:
    """Names in a body or in an answer are nobody's to translate once a URL is given away."""
    with pytest.raises(botwo.RoutingError):
        local.generate_presigned_url(method, Params=params)


@pytest.mark.parametrize("method", ["list_buckets"])
def test_one_rule_that_renames_gives_no_url_of_the_stores_names(pair: Any, method: str) -> None:
    """A listing of buckets under other names is refused over one store too."""
    mapping = [{"bucket_name": "*", "mapped_bucket_name": "x-{bucket}", "client": "a"}]
    s3 = botwo.client({"a": pair[0].client}, mapping)

    with pytest.raises(botwo.RoutingError):
        s3.generate_presigned_url(method)


@pytest.mark.parametrize("method", ["list_objects_v2", "get_bucket_policy"])
def test_where_no_name_changes_any_url_is_signed(local: S3Client, method: str) -> None:
    """A route that changes no name refuses nothing."""
    url = local.generate_presigned_url(method, Params={"Bucket": "plain"})

    assert urlsplit(url).path == "/plain"


def test_a_form_whose_user_could_leave_the_route_is_refused(local: S3Client) -> None:
    """A file name that decides which store the key lies on cannot be signed for."""
    with pytest.raises(botwo.RoutingError, match="inbox"):
        local.generate_presigned_post("inbox", "${filename}")


def test_a_forms_conditions_on_the_key_are_mapped(local: S3Client) -> None:
    """Conditions and fields that name bucket or key are the store's in the form."""
    conditions: Any = [["starts-with", "$key", "a/"], {"bucket": "old"}, ["eq", "$key", "a/b"]]
    given = [*conditions]

    form = local.generate_presigned_post("old", "a/b", {"key": "a/b"}, conditions)

    assert form["url"] == "http://b.test/new"
    assert form["fields"]["key"] == "main/a/b"
    assert given == conditions


def test_a_handler_may_supply_a_forms_bucket(local: S3Client) -> None:
    """The parameter event of a form carries its bucket, as a plain client's does."""
    local.meta.events.register(
        "before-parameter-build.s3.CreateBucket", lambda params, **kw: params.update(Bucket="old")
    )

    form = local.generate_presigned_post("elsewhere", "x")

    assert form["url"] == "http://b.test/new"
