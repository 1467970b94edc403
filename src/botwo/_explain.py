"""Say which rule claims a name, what it is called there, and why earlier rules did not."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec
from botocore.exceptions import ClientError

from botwo._calls import first_calls
from botwo._errors import RoutingError
from botwo._flows import flow
from botwo._patterns import matches
from botwo._requests import copy_source
from botwo._routed import rules_and_operation
from botwo._routes import Route

if TYPE_CHECKING:
    from botwo._rules import Rules


class Reason(msgspec.Struct, frozen=True, kw_only=True):
    """Why a rule does or does not claim a name."""

    place: int
    """The rule's position in the mapping."""
    claims: bool
    why: str

    def __str__(self) -> str:
        """Say it in one line."""
        return f"mapping[{self.place}] {'claims it' if self.claims else 'does not'}: {self.why}"


class Name(msgspec.Struct, frozen=True, kw_only=True):
    """One name of a request: its route, what it is called there, and each rule's reason."""

    bucket: str
    key: str | None
    route: Route
    reasons: tuple[Reason, ...]
    """One a rule, in list order, up to the one that claims the name."""

    @property
    def mapped_bucket(self) -> str:
        """The bucket at the store."""
        return self.route.mapped_bucket

    @property
    def mapped_key(self) -> str | None:
        """The key at the store; None where the bucket itself is meant."""
        return None if self.key is None else self.route.mapped_key(self.key)

    def __str__(self) -> str:
        """Say the name, where it goes, and why."""
        asked = self.bucket if self.key is None else f"{self.bucket}/{self.key}"
        mapped = self.mapped_bucket
        if self.key is not None:
            mapped += f"/{self.mapped_key}"
        lines = [f"{asked} -> {self.route.client} {mapped}", *map(str, self.reasons)]
        return "\n  ".join(lines)


class Explanation(msgspec.Struct, frozen=True, kw_only=True):
    """What a routed client would do with a request."""

    operation: str
    """As S3's API names it."""
    clients: tuple[str, ...]
    """The names of the clients that would be asked; none where the request would be refused."""
    names: tuple[Name, ...]
    """Each bucket or key that the request names, with its route and the reasons."""
    refused: str | None
    """Why the request would be refused, None where it would be sent."""

    @property
    def routes(self) -> tuple[Route, ...]:
        """The names' routes."""
        return tuple(name.route for name in self.names)

    @property
    def relayed(self) -> bool:
        """Whether it is a copy between two stores, which goes through this process."""
        return self.operation in ("CopyObject", "UploadPartCopy") and len(self.clients) > 1

    def __str__(self) -> str:
        """Say it all, a line a fact."""
        lines = [self.operation, *(f"  {name}".replace("\n", "\n  ") for name in self.names)]
        if self.refused is None and self.relayed:
            lines.append("  relayed: read from {}, written to {}".format(*self.clients))
        if not self.names and self.clients:
            lines.append(f"  asked of {', '.join(self.clients)}")
        if self.refused is not None:
            lines.append(f"  refused: {self.refused}")
        return "\n".join(lines)


def explain(s3: object, operation: str, **params: Any) -> Explanation:
    """Say how a routed client would route a request; no request is sent.

    Args:
        s3: A routed client, or a resource over one.
        operation: The method's name, ``"get_object"``, or the API's, ``"GetObject"``.
        params: What the method would be called with.

    Raises:
        TypeError: ``s3`` is no routed client, or the operation takes no such parameter.
        ValueError: S3 has no such operation.

    Example:
        >>> import boto3, botwo
        >>> aws = boto3.client("s3", region_name="us-east-1")
        >>> s3 = botwo.client({"s3": aws}, [
        ...     {"bucket_name": "old", "client": "s3", "mapped_bucket_name": "new"},
        ...     {"bucket_name": "*", "client": "s3"},
        ... ])
        >>> print(botwo.explain(s3, "get_object", Bucket="data", Key="a.csv"))
        GetObject
          data/a.csv -> s3 data/a.csv
            mapping[0] does not: its bucket_name 'old' is another bucket
            mapping[1] claims it: bucket_name '*'
    """
    rules, asked = rules_and_operation(s3, operation, params)
    refused = None
    clients: tuple[str, ...] = ()
    try:
        served = flow(asked, params, rules)
        calls = () if asked.is_listing else first_calls(served)
        names = [name for call in calls for name in call.names]
        if asked.is_listing:
            names = _listed(rules, params)
        asked_clients = [call.client for call in calls] + [route.client for route, _ in names]
        clients = tuple(dict.fromkeys(asked_clients))
    except ClientError as error:  # what a store would say is known here already
        refused, names = error.response["Error"]["Message"], []
    except RoutingError as error:
        refused = error.message
        source = copy_source(params.get("CopySource")) or {}
        keys = [source["Key"], params.get("Key", "")] if source else [params.get("Key", "")]
        names = [
            (route, keys[min(place, len(keys) - 1)])
            for place, route in enumerate(error.routes)
            if isinstance(route, Route)
        ]
    return Explanation(
        operation=asked.name,
        clients=clients,
        names=tuple(_name(rules, params, route, key) for route, key in names),
        refused=refused,
    )


def _listed(rules: Rules, params: dict[str, Any]) -> list[tuple[Route, str]]:
    """Give each route that a listing reaches, with where its keys begin."""
    bucket, prefix = params.get("Bucket"), params.get("Prefix")
    if not isinstance(bucket, str):
        return []
    prefix = prefix if isinstance(prefix, str) else ""
    found: dict[int, tuple[Route, str]] = {}
    for segment in rules.segments(bucket, prefix):
        found.setdefault(segment.route.place, (segment.route, max(segment.start, prefix)))
    return list(found.values())


def _name(rules: Rules, params: dict[str, Any], route: Route, key: str) -> Name:
    of_bucket = not key and "Key" not in params
    return Name(
        bucket=route.bucket,
        key=None if of_bucket else key,
        route=route,
        reasons=tuple(_reasons(rules, route)),
    )


def _reasons(rules: Rules, route: Route) -> list[Reason]:
    reasons = []
    for place, rule in enumerate(rules.rules[: route.place + 1]):
        if place == route.place:
            under = f" and source_prefix {rule.source_prefix!r}" if rule.source_prefix else ""
            why = f"bucket_name {rule.bucket_name!r}{under}"
        elif not matches(rule.bucket_name, route.bucket):
            why = f"its bucket_name {rule.bucket_name!r} is another bucket"
        else:
            why = f"the key does not start with its source_prefix {rule.source_prefix!r}"
        reasons.append(Reason(place=place, claims=place == route.place, why=why))
    return reasons
