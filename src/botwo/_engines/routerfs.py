"""Tell Spark a whole mapping, so that its paths stay as they are: lakeFS's RouterFileSystem."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from botwo._client import RoutedClient
from botwo._engines import dialects
from botwo._engines.options import given
from botwo._engines.reach import Reach, reach
from botwo._errors import RoutingError
from botwo._patterns import is_exact

if TYPE_CHECKING:
    from botwo._routes import Route
    from botwo._rules import Rules
    from botwo._stores import Stores

_ROUTER = "io.lakefs.routerfs.RouterFileSystem"
_S3A = "org.apache.hadoop.fs.s3a.S3AFileSystem"
# The stores' side needs a scheme of its own: s3a is the router's, which would go round in circles.
_SCHEME = "botwo"
# No file system has it, so that Hadoop refuses what is sent there.
_NOWHERE = "botwo-cannot-route"
# What a name stands for in Java's String.replaceFirst, by which the router puts names in.
_LITERAL = re.compile(r"[A-Za-z0-9._-]+")
_SPECIAL = re.compile(r"[$\\]")


def routerfs_options(s3: object = None) -> dict[str, str]:
    """Give the Hadoop properties by which lakeFS's RouterFS routes ``s3a://`` paths by a mapping.

    A Spark job then keeps its paths, as a program keeps its names under a routed client. The router
    replaces the beginnings of paths and nothing else: rules with a wildcard, the default aside, and
    rules with a ``source_prefix`` cannot be said by that.

    Args:
        s3: A routed client or resource, what `botwo.load` gave, or a config file; None for the one
            that is installed, or else is found as `botwo.load` finds it.

    Returns:
        Properties with every store's secrets; Spark takes them with ``spark.hadoop.`` in front.

    Raises:
        RoutingError: A rule cannot be said, or two stores have a bucket of one name.
        ConfigError: The config file cannot be used; or a client does what S3A cannot be told.

    Example:
        >>> import boto3, botwo
        >>> keys = {"aws_access_key_id": "k", "aws_secret_access_key": "s"}
        >>> aws = boto3.client("s3", region_name="us-east-1", **keys)
        >>> lakefs = botwo.lakefs_client("https://lakefs.example.com", **keys)
        >>> s3 = botwo.client({"s3": aws, "lakefs": lakefs}, [
        ...     {"bucket_name": "bucket-a", "client": "lakefs", "key_prefix": "dev/"},
        ...     {"bucket_name": "*", "client": "s3"},
        ... ])
        >>> options = botwo.routerfs_options(s3)
        >>> options["routerfs.mapping.s3a.1.replace"], options["routerfs.mapping.s3a.1.with"]
        ('s3a://bucket-a/', 'botwo://bucket-a/dev/')
    """
    stores, rules = given(s3)
    routes = list(_routes(rules))
    default = rules.default.client
    everywhere = _reach(stores, default, "bucket")
    said = {
        "fs.s3a.impl": _ROUTER,
        "routerfs.default.fs.s3a": _S3A,
        f"fs.{_SCHEME}.impl": _S3A,
        **dialects.hadoop(everywhere, "fs.s3a."),
    }
    moved = [route for route in routes if _is_moved(route, default)]
    places = [(route.bucket, f"{_SCHEME}://{route.mapped_bucket}/{route.key_prefix}")
              for route in moved]  # fmt: skip
    for bucket in _other_buckets(routes, default):
        settings = _reach(stores, bucket.client, bucket.mapped_bucket)
        prefix = f"fs.s3a.bucket.{bucket.mapped_bucket}."
        if everywhere.proxy and not settings.proxy:
            said[f"{prefix}proxy.host"] = ""
        said |= dialects.hadoop(settings, prefix)
        if rules.route(bucket.mapped_bucket).rule is rules.default:
            # A bucket's settings go by its name alone: the default's bucket of this name would be
            # sought in this one's store.
            places.append((bucket.mapped_bucket, f"{_NOWHERE}://{bucket.mapped_bucket}/"))
    for place, (bucket_name, there) in enumerate(places, 1):
        said[f"routerfs.mapping.s3a.{place}.replace"] = f"s3a://{bucket_name}/"
        said[f"routerfs.mapping.s3a.{place}.with"] = there
    return said


def _routes(rules: Rules) -> list[Route]:
    """Give each rule's route but the default's, after refusing what the router cannot do."""
    routes = []
    for place, rule in enumerate(rules.rules):
        if rule is rules.default:
            if rule.changes_names:
                raise _refusal(f"mapping[{place}] is the default and renames every bucket")
            break
        if not is_exact(rule.bucket_name):
            why = f"mapping[{place}] has the wildcard bucket_name {rule.bucket_name!r}"
            raise _refusal(f"{why}; write a rule for each bucket")
        if rule.source_prefix:
            # Hadoop's paths have no slash at their end: of a folder that is listed the router does
            # not see that the prefix begins there, and lists what was left behind.
            why = f"mapping[{place}] has the source_prefix {rule.source_prefix!r}"
            raise _refusal(f"{why}, and the router takes that very folder for one of the rest")
        routes.append(rules.route(rule.bucket_name))
    for route in routes:
        is_literal = _LITERAL.fullmatch(route.bucket) and _LITERAL.fullmatch(route.mapped_bucket)
        if not is_literal or _SPECIAL.search(route.key_prefix):
            raise _refusal(f"{route} has characters that mean something to the router", [route])
    return routes


def _is_moved(route: Route, default: str) -> bool:
    return route.client != default or route.moves_bucket or route.moves_keys


def _other_buckets(routes: list[Route], default: str) -> list[Route]:
    """Give a route for each bucket of a store that is not the default's.

    Raises:
        RoutingError: Two stores have a bucket of one name.
    """
    found: dict[str, Route] = {}
    for route in routes:
        other = found.setdefault(route.mapped_bucket, route)
        if other.client != route.client:
            why = "Hadoop tells two stores' buckets apart by their names, and these have one"
            raise _refusal(f"{other} and {route}: {why}", [other, route])
    return [route for route in found.values() if route.client != default]


def _reach(stores: Stores, client: str, bucket: str) -> Reach:
    store = stores[client]
    if isinstance(store, RoutedClient):
        raise _refusal(f"the client {client!r} routes by rules of its own")
    return reach(store, client, bucket)


def _refusal(why: str, routes: list[Route] | None = None) -> RoutingError:
    return RoutingError(f"RouterFS: {why}", operation="routerfs_options", routes=routes or ())
