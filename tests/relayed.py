"""Two stores in memory for relays: what each was asked, and what they hold."""

from __future__ import annotations

import copy
import hashlib
import io
import re
import threading
from typing import TYPE_CHECKING, Any

from asking import known, mapping
from botocore.exceptions import ClientError

from botwo._flows import flow
from botwo._run import run

if TYPE_CHECKING:
    from collections.abc import Callable

    from botwo._calls import Call
    from botwo._translation import Params

# Bucket "data" lies at client "far" as "repo", under "dev/"; all others at client "near".
RULES = mapping(
    {"bucket_name": "data", "client": "far", "mapped_bucket_name": "repo", "key_prefix": "dev/"},
    {"bucket_name": "*", "client": "near"},
)
COPY = {"Bucket": "data", "Key": "new", "CopySource": {"Bucket": "plain", "Key": "old"}}
PART_COPY = {**COPY, "UploadId": "u", "PartNumber": 3}
DATE = "Wed, 25 Nov 2026 09:00:00 GMT"


def content(size: int) -> bytes:
    """Bytes that show where they come from."""
    return bytes(number % 251 for number in range(size))


def refused(status: int, code: str, operation: str = "GetObject", **headers: str) -> ClientError:
    """What a store raises where it refuses."""
    metadata: Any = {"HTTPStatusCode": status, "HTTPHeaders": headers}
    return ClientError(
        {"Error": {"Code": code, "Message": "as the store says"}, "ResponseMetadata": metadata},
        operation,
    )


class Stores:
    """A source with one object and a destination, and every call that they were asked."""

    def __init__(self, body: bytes = b"0123456789", **told: Any) -> None:
        self.body = body
        self.told: Params = {"ETag": '"one"', "Metadata": {}, **told}
        self.tags: list[Params] = []
        self.headers: dict[str, str] = {}
        self.asked: list[Call] = []
        self.uploads: dict[str, dict[int, bytes]] = {}
        self.objects: dict[str, bytes] = {}
        self.files: list[io.BytesIO] = []
        self.before: Callable[[Call], None] = lambda call: None
        self.reading: Callable[[Call, Params], None] = lambda call, answer: None
        self.alive = self.most_alive = 0
        self._lock = threading.Lock()

    def __call__(self, call: Call) -> Params:
        """Answer a call, as a client that sends it."""
        with self._lock:
            self.asked.append(call)
        self.before(call)
        name = call.operation.name
        assert call.client == ("near" if name.startswith("Get") else "far")
        answer: Params = getattr(self, f"_{name}")(call, call.params)
        answer["ResponseMetadata"] = {
            "HTTPStatusCode": 200,
            "HTTPHeaders": {"date": DATE, **self.headers},
        }
        return call.answer(answer)

    def _GetObject(self, call: Call, params: Params) -> Params:  # noqa: N802
        first, last = 0, len(self.body) - 1
        answer = copy.deepcopy(self.told)
        if "Range" in params:
            found = re.fullmatch(r"bytes=(\d+)-(\d+)", params["Range"])
            assert found
            first, last = int(found[1]), min(int(found[2]), len(self.body) - 1)
            if first > last:
                raise refused(416, "InvalidRange")
            answer["ContentRange"] = f"bytes {first}-{last}/{len(self.body)}"
        answer["Body"] = self.body[first : last + 1]
        answer["ContentLength"] = len(answer["Body"])
        self.reading(call, answer)
        assert call.reads is not None
        if len(answer["Body"]) <= call.reads:
            with self._lock:
                self.alive += "Range" in params
                self.most_alive = max(self.most_alive, self.alive)
        elif call.spools:
            answer["Body"] = io.BytesIO(answer["Body"])
            self.files.append(answer["Body"])
        else:
            answer["Body"] = None
        return answer

    def _GetObjectTagging(self, call: Call, params: Params) -> Params:  # noqa: N802
        return {"TagSet": self.tags}

    def _PutObject(self, call: Call, params: Params) -> Params:  # noqa: N802
        self.objects[params["Key"]] = params["Body"]
        return {"ETag": '"put"', "ChecksumCRC32": "c", "ChecksumType": "FULL_OBJECT"}

    def _CreateMultipartUpload(self, call: Call, params: Params) -> Params:  # noqa: N802
        self.uploads["7"] = {}
        return {"UploadId": "7", "ServerSideEncryption": "AES256"}

    def _UploadPart(self, call: Call, params: Params) -> Params:  # noqa: N802
        body = params["Body"]
        read = body if isinstance(body, bytes) else body.read()
        with self._lock:
            self.uploads.setdefault(params["UploadId"], {})[params["PartNumber"]] = read
            self.alive -= 1
        tag = hashlib.md5(read).hexdigest()
        return {"ETag": f'"{tag}"', "ChecksumCRC32": f"c{params['PartNumber']}"}

    def _CompleteMultipartUpload(self, call: Call, params: Params) -> Params:  # noqa: N802
        parts = self.uploads.pop(params["UploadId"])
        said = params["MultipartUpload"]["Parts"]
        assert [part["PartNumber"] for part in said] == sorted(parts)
        assert [part["ChecksumCRC32"] for part in said] == [
            f"c{number}" for number in sorted(parts)
        ]
        self.objects[params["Key"]] = b"".join(parts[number] for number in sorted(parts))
        return {"ETag": '"whole-2"', "VersionId": "v2"}

    def _AbortMultipartUpload(self, call: Call, params: Params) -> Params:  # noqa: N802
        del self.uploads[params["UploadId"]]
        return {}

    @property
    def names(self) -> list[str]:
        """The operations that were asked, in order."""
        return [call.operation.name for call in self.asked]

    def params(self, name: str) -> Params:
        """What an operation was asked with, the first time."""
        return next(call.params for call in self.asked if call.operation.name == name)


def copied(stores: Stores, operation: str = "CopyObject", **params: Any) -> Params:
    """Copy between the stores; what the caller passed must be as it was."""
    asked = {**(COPY if operation == "CopyObject" else PART_COPY), **params}
    before = copy.deepcopy(asked)
    answer: Params = run(flow(known(operation), asked, RULES), stores)
    assert before == asked
    return answer
