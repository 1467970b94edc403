"""boto3's resources over a routed client: all that they do ends in the client that they hold."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol, TypeVar, overload

from botocore.client import BaseClient

from botwo._client import routed
from botwo._errors import ConfigWarning
from botwo._mapping import doubts
from botwo._routed import read_rules
from botwo._stores import Stores


class _Meta(Protocol):
    @property
    def client(self) -> Any: ...


class _Resource(Protocol):
    """What tells a boto3 resource from a client."""

    @property
    def meta(self) -> _Meta: ...


ResourceT = TypeVar("ResourceT", bound=_Resource)


@overload
def resource(
    resources: Mapping[str, Callable[[], ResourceT]], mapping: Sequence[Mapping[str, Any]]
) -> ResourceT: ...
@overload
def resource(
    resources: Mapping[str, ResourceT | Callable[[], ResourceT]],
    mapping: Sequence[Mapping[str, Any]],
) -> ResourceT: ...
@overload
def resource(resources: Mapping[str, Any], mapping: Sequence[Mapping[str, Any]]) -> Any: ...
def resource(resources: Mapping[str, Any], mapping: Sequence[Mapping[str, Any]]) -> Any:
    """Make one boto3 S3 resource over many stores.

    Buckets, objects, collections, batch actions, transfers and waiters are boto3's own; its
    ``meta.client`` is the routed client that `botwo.client` would make.

    Args:
        resources: By name, boto3 S3 resources or clients, or factories of them that take no
            argument. A factory is called once, when a call first needs its client; the default
            rule's at once.
        mapping: The rules, as `botwo.client` takes them.

    Returns:
        A resource of the class of the default rule's resource.

    Raises:
        ConfigError: Everything that is wrong with the resources and the mapping, before any factory
            is called; or a factory returned neither resource nor client of S3.

    Warns:
        ConfigWarning: The mapping allows something that is probably not meant.

    Example:
        >>> import boto3, botwo
        >>> keys = {"aws_access_key_id": "k", "aws_secret_access_key": "s"}
        >>> aws = boto3.resource("s3", region_name="us-east-1", **keys)
        >>> lakefs = boto3.resource("s3", endpoint_url="https://lakefs.example.com",
        ...                         region_name="us-east-1", **keys)
        >>> s3 = botwo.resource({"s3": aws, "lakefs": lakefs}, [
        ...     {"bucket_name": "bucket-a", "client": "lakefs", "key_prefix": "dev/"},
        ...     {"bucket_name": "*", "client": "s3"},
        ... ])
        >>> s3.Bucket("bucket-a").Object("x.csv")
        s3.Object(bucket_name='bucket-a', key='x.csv')
    """
    given = _clients(resources)
    rules = read_rules(given, mapping, noun="resource")
    for doubt in doubts(rules, given):
        warnings.warn(doubt, ConfigWarning, stacklevel=2)
    s3 = routed(Stores(given, noun="resource"), rules, [dict(entry) for entry in mapping])
    default = rules.default.client
    made, factory = resources[default], given[default]
    if isinstance(factory, _ClientFactory):
        made = factory.made
    # The class is the one that the default's session made: a program may have handlers of
    # `creating-resource-class` there.
    return type(made)(client=s3) if _is_resource(made) else resource_over(s3)


def resource_over(client: Any) -> Any:
    """Make a resource that holds this very client."""
    import boto3.session  # it brings thread pools: not before a resource is made
    import botocore.session

    class Session(boto3.session.Session):
        def client(self, *args: Any, **kwargs: Any) -> Any:
            return client

    # Nothing of the user's settings is needed, so a profile that is not there does no harm.
    no_profile: Any = {"profile": (None, None, None, None)}
    session: Any = Session(botocore_session=botocore.session.Session(session_vars=no_profile))
    return session.resource("s3")


class _ClientFactory:
    """Makes the client of a resource that a factory makes; pickles as that factory."""

    def __init__(self, factory: Callable[[], Any]) -> None:
        self.factory = factory
        self.made: Any = None

    def __call__(self) -> Any:
        self.made = self.factory()
        return _client(self.made)

    def __reduce__(self) -> tuple[Any, ...]:
        return _ClientFactory, (self.factory,)


def _clients(resources: Any) -> Any:
    """Give the clients of resources; what is neither stays, and is told to be wrong."""
    if not isinstance(resources, Mapping):
        return resources
    return {
        name: _ClientFactory(value)
        if callable(value) and not isinstance(value, BaseClient)
        else _client(value)
        for name, value in resources.items()
    }


def _client(value: Any) -> Any:
    return value.meta.client if _is_resource(value) else value


def _is_resource(value: object) -> bool:
    """Tell whether it is a service's resource: a bucket's or an object's is a part of one."""
    meta: Any = getattr(value, "meta", None)
    return isinstance(getattr(meta, "client", None), BaseClient) and not meta.identifiers
