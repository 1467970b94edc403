"""What is known while one call's names are translated: its rules, its route, what was asked."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, TypeAlias
from urllib.parse import quote, quote_plus, unquote_plus

import msgspec

from botwo._errors import RoutingError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from botwo._routes import Route
    from botwo._rules import Rules

# Parameters and responses of botocore's operations, whose types are in its model.
Params: TypeAlias = dict[str, Any]

# Of a bucket, a directory bucket, or what lies in them; the last form has a region and no object.
_ARN = re.compile(
    r"(?P<start>arn:[^:/]+:(?:s3:::|s3express:[^:/]*:[^:/]*:bucket/))(?P<bucket>[^/]+)(?P<rest>/.*)?"
    r"|(?P<regional>arn:[^:/]+:s3:[^:/]+:[^:/]*:)(?P<name>[^:/]+)",
    re.DOTALL,
)


class Translation(msgspec.Struct, frozen=True, kw_only=True):
    """One call's way there and back."""

    rules: Rules
    route: Route
    operation: str
    params: Params
    """What the caller asked, in the caller's names."""

    def own_prefix(self, prefix: str) -> str:
        """Give the store's name of a prefix in this call's bucket.

        Raises:
            RoutingError: Keys under it lie on other routes too.
        """
        found = self.rules.only_route(self.route.bucket, prefix, self.operation)
        if found.place != self.route.place:
            raise self.refusal(
                f"this goes to {self.route}, and keys of bucket {self.route.bucket!r} that start "
                f"with {prefix!r} lie on {found}; do it there with that store's own client",
                found,
            )
        return self.route.mapped_key(prefix)

    def back_prefix(self, mapped_prefix: str) -> str:
        """Give the caller's name of a prefix that the store named.

        Raises:
            RoutingError: It reaches beyond what the caller can name.
        """
        if not mapped_prefix.startswith(self.route.key_prefix):
            raise self.refusal(
                f"{self.route.mapped_bucket!r} has an entry for {mapped_prefix!r}, which reaches "
                f"beyond bucket {self.route.bucket!r}; use that store's own client for it"
            )
        return self.route.key(mapped_prefix)

    def back_key(self, mapped_key: str) -> str:
        """Give the caller's name of a key in the answer, URL-encoded where that was asked.

        Raises:
            ValueError: The key does not lie under the route's key prefix.
        """
        if self.params.get("EncodingType") == "url":
            return decoded_key(self.route, mapped_key)
        return self.route.key(mapped_key)

    def other_route(self, bucket: str, prefix: str) -> Route:
        """Give the route of a second name in this call; one request reaches one client only.

        Raises:
            RoutingError: It lies under another client, or on several routes.
        """
        found = self.rules.only_route(bucket, prefix, self.operation)
        if found.client != self.route.client:
            raise self.refusal(
                f"{self.route.bucket!r} lies on {self.route} and {bucket!r} on {found}; no store "
                "reaches both",
                found,
            )
        return found

    def caller_route(self, mapped_bucket: str, mapped_prefix: str) -> Route:
        """Find the caller's bucket for a place that the store named.

        Raises:
            RoutingError: The caller has no name for it.
        """
        for found in (self.route, *self._routes_to(mapped_bucket, mapped_prefix)):
            if found.mapped_bucket != mapped_bucket or found.client != self.route.client:
                continue
            if not mapped_prefix.startswith(found.key_prefix):
                continue
            if self.rules.route(found.bucket, found.key(mapped_prefix)).place == found.place:
                return found
        raise self.refusal(
            f"the store names {mapped_bucket}/{mapped_prefix}, for which no rule has a name"
        )

    def _routes_to(self, mapped_bucket: str, mapped_prefix: str) -> Iterator[Route]:
        for rule in self.rules.rules:
            bucket = rule.unmapped_bucket(mapped_bucket)
            if rule.folds and rule.mapped_bucket_name == mapped_bucket:
                bucket = rule.folded_bucket(mapped_prefix)
            if bucket is not None:
                yield self.rules.route(bucket, rule.source_prefix)

    def refusal(self, message: str, *others: Route) -> RoutingError:
        """Make the error that says why this call cannot be."""
        return RoutingError(message, operation=self.operation, routes=(self.route, *others))


def split_arn(text: str) -> tuple[str, str, str]:
    """Split a bucket's or object's ARN, or a bare bucket name, into (start, bucket, rest).

    Example:
        >>> split_arn("arn:aws:s3:::data/a/*"), split_arn("data")
        (('arn:aws:s3:::', 'data', '/a/*'), ('', 'data', ''))
    """
    found = _ARN.fullmatch(text)
    if found is None:
        return "", text, ""
    if found["regional"]:
        return found["regional"], found["name"], ""
    return found["start"], found["bucket"], found["rest"] or ""


def encode_name(name: str) -> str:
    """Give a name as S3 URL-encodes it: a space is a plus, a slash stays."""
    return quote_plus(name, safe="/")


def decoded_key(route: Route, mapped_key: str) -> str:
    """Give the caller's name of a URL-encoded key, its rest exactly as the store encoded it.

    What is put back in front is encoded as the store encodes; where the key does not show how, as
    S3 does.

    Raises:
        ValueError: The key does not lie under the route's key prefix.
    """
    # The last is a store that encodes nothing.
    for encode in (encode_name, quote, _as_it_is):
        start = encode(route.key_prefix)
        if mapped_key.startswith(start):
            return encode(route.stripped) + mapped_key[len(start) :]
    for end in range(len(mapped_key) + 1):
        if unquote_plus(mapped_key[:end]) == route.key_prefix:
            return encode_name(route.stripped) + mapped_key[end:]
    raise ValueError(mapped_key)


def _as_it_is(name: str) -> str:
    return name
