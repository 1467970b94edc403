"""Ask the stores of a config whether they are as it says: what ``botwo check --connect`` does."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, Literal, TypeVar

import boto3
import msgspec
from botocore.config import Config as BotocoreConfig
from botocore.exceptions import BotoCoreError, ClientError, HTTPClientError
from botocore.exceptions import ConnectionError as NoConnectionError

from botwo._cli.endings import told
from botwo._errors import ConfigError
from botwo._making import unrouted
from botwo._patterns import is_exact
from botwo._routes import BUCKET_PLACEHOLDER

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from botwo._making import StoreFactory
    from botwo._rules import Rules

ItemT = TypeVar("ItemT")
AnswerT = TypeVar("AnswerT")

_AT_ONCE = 16
# Who waits for an answer to a check wants to know soon that there is none.
_QUICK: dict[str, Any] = {
    "connect_timeout": 3,
    "read_timeout": 5,
    "retries": {"mode": "standard", "total_max_attempts": 1},
}
_NOT_ACCEPTED = frozenset(
    "AuthFailure AuthorizationHeaderMalformed ExpiredToken InvalidAccessKeyId InvalidClientTokenId "
    "InvalidToken RequestTimeTooSkewed SignatureDoesNotMatch UnrecognizedClientException".split()
)
_MISSING = ("404", "NoSuchBucket", "NotFound")


class Check(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that was asked of a store, and what was found."""

    client: str
    check: Literal["reachable", "credentials", "bucket", "ref"]
    name: str | None = None
    """The mapped bucket; of a ref with it."""
    ok: bool | None
    """None where it could not be told."""
    found: str


class _Bucket(msgspec.Struct, frozen=True):
    """A mapped bucket that rules name, and the refs in it that they name."""

    client: str
    bucket: str
    refs: tuple[str, ...]


def ask(factories: dict[str, StoreFactory], rules: Rules) -> list[Check]:
    """Ask every store at the same time, of all that rules name and no pattern leaves open."""
    asked = _together(lambda item: _Store(*item), factories.items())
    stores = {store.name: store for store in asked}
    buckets = list(_buckets(factories, rules))
    found = _together(lambda bucket: list(stores[bucket.client].bucket(bucket)), buckets)
    checks = [check for store in asked for check in store.checks]
    for bucket, answers in zip(buckets, found, strict=True):
        there = any(answer.ok for answer in answers if answer.check == "bucket")
        checks = [_accepted(check, bucket.client) if there else check for check in checks]
    checks += [answer for answers in found for answer in answers]
    order = list(factories)
    return sorted(checks, key=lambda check: order.index(check.client))


def _accepted(check: Check, client: str) -> Check:
    """Take for accepted the credentials that may list no buckets, and do reach one."""
    if check.client != client or check.check != "credentials" or check.ok is not None:
        return check
    return msgspec.structs.replace(check, ok=True, found="accepted")


def _together(ask_one: Callable[[ItemT], AnswerT], items: Iterable[ItemT]) -> list[AnswerT]:
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        try:
            return list(pool.map(ask_one, items))
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise


def _buckets(factories: dict[str, StoreFactory], rules: Rules) -> Iterator[_Bucket]:
    refs: dict[tuple[str, str], list[str]] = {}
    for rule in rules.rules:
        if not (is_exact(rule.bucket_name) or rule.folds):
            continue
        bucket = rule.mapped_bucket(rule.bucket_name)
        prefix = rule.mapped_prefix(rule.bucket_name) if not rule.folds else rule.key_prefix
        named = refs.setdefault((rule.client, bucket), [])
        ref = prefix.partition("/")[0]
        lakefs = factories[rule.client].type == "lakefs"
        if lakefs and ref and BUCKET_PLACEHOLDER not in ref and ref not in named:
            named.append(ref)
    for (client, bucket), found in refs.items():
        yield _Bucket(client, bucket, tuple(found))


class _Store:
    """A store that is asked."""

    def __init__(self, name: str, factory: StoreFactory) -> None:
        self.name = name
        self.checks: list[Check] = []
        self._client: Any = None
        try:
            self._client = _quick(factory)
            self._client.list_buckets()
        except (HTTPClientError, NoConnectionError) as error:
            self._client = None
            self._found("reachable", ok=False, found=told(error))
            self._found("credentials", ok=None, found="not asked")
        except ClientError as error:
            self._found("reachable", ok=True, found=self._client.meta.endpoint_url)
            self._refused(error)
        except (BotoCoreError, ConfigError) as error:  # there are none, or none that can be used
            self._client = None
            self._found("reachable", ok=None, found="not asked")
            self._found("credentials", ok=False, found=" ".join(told(error).split()))
        else:
            self._found("reachable", ok=True, found=self._client.meta.endpoint_url)
            self._found("credentials", ok=True, found="accepted")

    def _found(self, check: Any, *, ok: bool | None, found: str) -> None:
        self.checks.append(Check(client=self.name, check=check, ok=ok, found=found))

    def _refused(self, error: ClientError) -> None:
        if error.response["Error"].get("Code") in _NOT_ACCEPTED:
            self._client = None
            self._found("credentials", ok=False, found=told(error))
        else:  # they may be good for all but that
            self._found("credentials", ok=None, found=told(error))

    def bucket(self, asked: _Bucket) -> Iterator[Check]:
        """Ask for a bucket, and for the refs in it."""
        found, ok = "not asked", None
        if self._client is not None:
            found, ok = self._head(asked.bucket)
        yield Check(client=self.name, check="bucket", name=asked.bucket, ok=ok, found=found)
        for ref in asked.refs:
            found, there = self._ref(asked.bucket, ref) if ok else ("not asked", None)
            name = f"{asked.bucket}/{ref}"
            yield Check(client=self.name, check="ref", name=name, ok=there, found=found)

    def _head(self, bucket: str) -> tuple[str, bool]:
        try:
            self._client.head_bucket(Bucket=bucket)
        except ClientError as error:
            missing = error.response["Error"].get("Code") in _MISSING
            return ("there is no such bucket" if missing else told(error)), False
        except BotoCoreError as error:
            return told(error), False
        return "is there", True

    def _ref(self, bucket: str, ref: str) -> tuple[str, bool]:
        """List what begins with the ref: where there is none, only this listing is an error."""
        try:
            self._client.list_objects_v2(Bucket=bucket, Prefix=f"{ref}/", MaxKeys=1)
        except ClientError as error:
            return f"there is no such ref: {told(error)}", False
        except BotoCoreError as error:
            return told(error), False
        return "is there", True


def _quick(factory: StoreFactory) -> Any:
    """Make a store's client that does not wait for long."""
    if factory.application:
        session: Any = boto3.Session()
        with unrouted(session._session):
            return session.client("s3", config=BotocoreConfig(**_QUICK))
    return msgspec.structs.replace(factory, config={**factory.config, **_QUICK})()
