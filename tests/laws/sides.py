"""Ask a plain and a routed client the same, and tell where their answers differ."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

# Identifiers that a store makes up: the sides' differ, but one always stands for the other.
IDENTIFIERS = frozenset(
    "CopySourceVersionId DeleteMarkerVersionId NextUploadIdMarker NextVersionIdMarker UploadId "
    "UploadIdMarker VersionId VersionIdMarker".split()
)
# Positions that a store makes up; moto's are digests of its own keys, and S3's only some.
OPAQUE = frozenset({"ContinuationToken", "NextContinuationToken"})
TOKENS = OPAQUE | {"NextMarker"}
TIMES = frozenset({"CreationDate", "Initiated", "LastModified"})


@dataclass(frozen=True, slots=True)
class Both:
    """One thing that is called differently on the two sides."""

    plain: str
    routed: str


@dataclass(slots=True, kw_only=True)
class Sides:
    """The two clients, and which of their stores' identifiers stand for each other."""

    plain: Any
    routed: Any
    tokens: frozenset[str] = TOKENS
    ignored: frozenset[str] = frozenset()
    """Members that are not compared, where they stand in an answer."""
    _routed_ids: dict[str, str] = field(default_factory=dict)
    _plain_ids: dict[str, str] = field(default_factory=dict)

    def ask(self, method: str, **params: Any) -> dict[str, Any]:
        """Give the one answer of both sides; a `Both` in it is good for asking again."""
        plain = _outcome(self.plain, method, _on_side(params, "plain"))
        routed = _outcome(self.routed, method, _on_side(params, "routed"))
        merged: dict[str, Any] = self._merge(plain, routed, method)
        return merged

    def forget(self) -> None:
        """Forget the identifiers of stores that were emptied."""
        self._routed_ids.clear()
        self._plain_ids.clear()

    def _merge(self, plain: Any, routed: Any, path: str) -> Any:
        if isinstance(plain, dict) and isinstance(routed, dict):
            names = [name for name in plain if name not in self.ignored]
            assert set(names) == set(routed) - self.ignored, f"{path}: {plain} is not {routed}"
            return {name: self._member(plain, routed, name, path) for name in names}
        if isinstance(plain, list) and isinstance(routed, list):
            assert len(plain) == len(routed), f"{path}: {plain} is not {routed}"
            pairs = enumerate(zip(plain, routed, strict=True))
            return [self._merge(*pair, f"{path}[{place}]") for place, pair in pairs]
        assert plain == routed, f"{path}: {plain!r} is not {routed!r}"
        return plain

    def _member(
        self, plain: dict[str, Any], routed: dict[str, Any], name: str, path: str
    ) -> object:
        ours, theirs = plain[name], routed[name]
        path = f"{path}.{name}"
        if name in TIMES:
            return self._merge(type(ours), type(theirs), path)
        if name in IDENTIFIERS and ours not in ("", "null", None):
            assert theirs == self._routed_ids.setdefault(ours, theirs), f"{path}: another one"
            assert ours == self._plain_ids.setdefault(theirs, ours), f"{path}: another one"
            return Both(ours, theirs)
        if name == "ArgumentValue" and self._routed_ids.get(ours) == theirs:
            return Both(ours, theirs)
        if name in self.tokens and ours and theirs:
            return Both(ours, theirs)
        return self._merge(ours, theirs, path)


def _on_side(value: Any, side: str) -> Any:
    if isinstance(value, Both):
        return getattr(value, side)
    if isinstance(value, dict):
        return {name: _on_side(member, side) for name, member in value.items()}
    if isinstance(value, list):
        return [_on_side(item, side) for item in value]
    return value


def _outcome(client: Any, method: str, params: dict[str, Any]) -> dict[str, Any]:
    """Give what a caller can see of an answer or an error."""
    try:
        if method.startswith("paginate "):
            pages = client.get_paginator(method.removeprefix("paginate ")).paginate(**params)
            return {"pages": [_seen(page) for page in pages]}
        return _seen(getattr(client, method)(**params))
    except ClientError as error:
        return _seen_error(client, error)
    except BotoCoreError as error:
        return {"class": type(error), "says": str(error)}


def _seen(answer: dict[str, Any]) -> dict[str, Any]:
    seen = {**answer, "ResponseMetadata": _seen_metadata(answer)}
    if "Body" in answer:
        seen["Body"] = answer["Body"].read()
    if "Buckets" in answer:  # S3 sorts them; moto does not
        seen["Buckets"] = sorted(answer["Buckets"], key=lambda bucket: str(bucket["Name"]))
    return seen


def _seen_metadata(answer: Mapping[str, Any]) -> dict[str, Any]:
    metadata = answer.get("ResponseMetadata", {})
    return {name: metadata.get(name) for name in ("HTTPStatusCode", "RetryAttempts")}


def _seen_error(client: Any, error: ClientError) -> dict[str, Any]:
    status = error.response["ResponseMetadata"]["HTTPStatusCode"]
    assert status != 500, f"moto itself fails at this, on either side: {error}"
    kind = type(error)
    return {
        "class": kind.__name__,
        "caught": isinstance(error, getattr(client.exceptions, kind.__name__, ClientError)),
        "says": str(error),
        "operation": error.operation_name,
        "response": {**error.response, "ResponseMetadata": _seen_metadata(error.response)},
    }
