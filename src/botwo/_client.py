"""The routed client; with `_events` and `_sending` all that touches botocore's internals.

A routed client is a real botocore client: its class is a subclass of the default client's class and
it shares that client's state. Every operation, paginator, waiter and transfer ends in
``_make_api_call``, which is where calls are routed. What this relies on is listed in
``docs/upstream.md``.
"""

from __future__ import annotations

import copy
import functools
import inspect
import warnings
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeVar, cast, overload

from botocore.exceptions import ClientError, ParamValidationError
from botocore.handlers import (
    copy_source_sse_md5,
    handle_copy_source_param,
    sse_md5,
    validate_ascii_metadata,
    validate_bucket_name,
)
from botocore.validate import ParamValidator

from botwo._calls import Call, first_calls
from botwo._deleting import clients_asked
from botwo._errors import ConfigWarning, PicklingError
from botwo._events import RoutedEvents, carried
from botwo._flows import flow
from botwo._mapping import doubts, nearest, read_mapping
from botwo._operations import Operation, operation
from botwo._presigning import post_call, url_call
from botwo._rules import Rules
from botwo._run import run
from botwo._sending import modelled, send
from botwo._stores import Noun, Stores, client_problems
from botwo._translation import Params

ClientT = TypeVar("ClientT")

# What botocore makes of the parameters before it checks them, or refuses there.
_BUILDS: dict[str, tuple[Callable[[Params], Any], ...]] = {
    "CopyObject": (
        handle_copy_source_param,
        validate_ascii_metadata,
        sse_md5,
        copy_source_sse_md5,
    ),
    "UploadPartCopy": (handle_copy_source_param, sse_md5, copy_source_sse_md5),
}
_TRANSFERS = ("download_file", "download_fileobj", "upload_file", "upload_fileobj")


@overload
def client(
    clients: Mapping[str, Callable[[], ClientT]], mapping: Sequence[Mapping[str, Any]]
) -> ClientT: ...
@overload
def client(
    clients: Mapping[str, ClientT | Callable[[], ClientT]], mapping: Sequence[Mapping[str, Any]]
) -> ClientT: ...
def client(clients: Mapping[str, Any], mapping: Sequence[Mapping[str, Any]]) -> Any:
    """Make one boto3 S3 client over many stores.

    Args:
        clients: By name, boto3 S3 clients, or factories of them that take no argument, such as
            ``functools.partial(boto3.client, "s3", endpoint_url=…)``. A factory is called once,
            when a call first needs its client; the default rule's at once, because the routed
            client takes its shape from it.
        mapping: The rules, in order; the first that matches a name wins. A rule is a dict of
            ``bucket_name`` (exact, or with ``*``, ``?``, ``[…]``) and ``client``, and may have
            ``mapped_bucket_name`` and ``key_prefix`` (what the bucket is called at the store and
            what its keys start with there; both may contain ``{bucket}``), ``source_prefix`` (only
            keys that start with this) and ``strip_source_prefix``. A default,
            ``{"bucket_name": "*", "client": …}``, is required.

    Returns:
        A client of the same type as the clients that went in.

    Raises:
        ConfigError: Everything that is wrong with the clients and the mapping, before any factory
            is called; or a factory returned no boto3 S3 client.

    Warns:
        ConfigWarning: The mapping allows something that is probably not meant.

    Example:
        >>> import boto3, botwo
        >>> keys = {"aws_access_key_id": "k", "aws_secret_access_key": "s"}
        >>> aws = boto3.client("s3", region_name="us-east-1", **keys)
        >>> lakefs = boto3.client("s3", endpoint_url="https://lakefs.example.com",
        ...                       region_name="us-east-1", **keys)
        >>> s3 = botwo.client({"s3": aws, "lakefs": lakefs}, [
        ...     {"bucket_name": "bucket-a", "client": "lakefs", "key_prefix": "dev/"},
        ...     {"bucket_name": "*", "client": "s3"},
        ... ])
        >>> print(botwo.explain(s3, "get_object", Bucket="bucket-a", Key="x.csv").routes[0])
        lakefs:bucket-a/dev/ (mapping[0])
    """
    rules = read_rules(clients, mapping)
    for doubt in doubts(rules, clients):
        warnings.warn(doubt, ConfigWarning, stacklevel=2)
    return routed(Stores(clients), rules, [dict(entry) for entry in mapping])


def read_rules(
    clients: Mapping[str, Any], mapping: Sequence[Mapping[str, Any]], noun: Noun = "client"
) -> Rules:
    """Read the rules, and check them and what the caller gave for clients.

    Raises:
        ConfigError: Everything that is wrong with both.
    """
    problems = list(client_problems(clients, noun))
    names = list(clients) if isinstance(clients, Mapping) else []
    return Rules(rules=read_mapping(mapping, names, problems), check_bucket=check_bucket)


def check_bucket(bucket: str) -> None:
    """Refuse a bucket's name that no client takes, as botocore does."""
    validate_bucket_name({"Bucket": bucket})


def routed(stores: Stores, rules: Rules, mapping: list[dict[str, Any]]) -> Any:
    """Make the client; its class is named as the default client's, whose place it takes."""
    default = stores[rules.default.client]
    plain = type(default)
    while RoutedClient in plain.__mro__:  # a routed client may be a store of another one
        plain = plain.__mro__[2]
    documented = {
        name: _documented(getattr(RoutedClient, name), getattr(plain, name))
        for name in ("generate_presigned_url", "generate_presigned_post", "copy", "close")
        if hasattr(plain, name)  # copy is boto3's, not botocore's
    }
    documented |= {
        name: _by_store(getattr(plain, name)) for name in _TRANSFERS if hasattr(plain, name)
    }
    named = {"__module__": plain.__module__, "__qualname__": plain.__qualname__}
    routed_class = type(plain.__name__, (RoutedClient, plain), named | documented)
    made: Any = object.__new__(routed_class)
    made.__dict__.update(
        default.__dict__,
        meta=_meta(default, RoutedEvents(stores, rules.default.client)),
        _botwo_stores=stores,
        _botwo_rules=rules,
        _botwo_mapping=mapping,
        _botwo_operations={},
    )
    return made


def _documented(method: Callable[..., Any], plain: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(plain)
    def documented(self: Any, *args: Any, **kwargs: Any) -> Any:
        return method(self, *args, **kwargs)

    return documented


def _meta(store: Any, events: RoutedEvents) -> Any:
    meta = copy.copy(store.meta)
    meta.events = events
    return meta


def _by_store(transfer: Callable[..., Any]) -> Callable[..., Any]:
    """Let a transfer, which asks the client's config what to do, ask the config of its store."""
    signature = inspect.signature(transfer)

    @functools.wraps(transfer)
    def by_store(self: Any, *args: Any, **kwargs: Any) -> Any:
        try:
            asked = signature.bind(self, *args, **kwargs).arguments
        except TypeError:
            return transfer(self, *args, **kwargs)  # says what is missing
        return transfer(self._at(asked["Bucket"], asked["Key"]), *args, **kwargs)

    return by_store


def _again(clients: dict[str, Any], mapping: list[dict[str, Any]]) -> Any:
    """Make a routed client from its specification; what its pickle calls."""
    return routed(Stores(clients), read_rules(clients, mapping), mapping)


class RoutedClient:
    """What a routed client does by itself; everything else is botocore's."""

    if TYPE_CHECKING:
        meta: Any
        exceptions: Any
        _PY_TO_OP_NAME: dict[str, str]
        _emit_api_params: Callable[..., Params]
        _botwo_stores: Stores
        _botwo_rules: Rules
        _botwo_mapping: list[dict[str, Any]]
        _botwo_operations: dict[str, Operation]

    def _make_api_call(self, operation_name: str, api_params: Params) -> Params:
        asked = self._botwo_operations.get(operation_name) or self._operation(operation_name)
        if self.meta.events.sees_parameters:
            return self._call_with_events(asked, api_params)
        return self._run(asked, api_params)

    def _run(self, asked: Operation, params: Params) -> Params:
        served = flow(asked, params, self._botwo_rules)
        if isinstance(served, Call):
            return self._send(served)
        self._check_whole(asked, params)
        if asked.name == "DeleteObjects":
            # A factory that fails has to do so before another store deletes something.
            for name in clients_asked(params, self._botwo_rules):
                self._botwo_stores[name]
        try:
            return cast("Params", run(served, self._send))
        except ClientError as error:
            own = modelled(error, self)
            if own is error:
                raise
            raise own from error.__cause__

    def _check_whole(self, asked: Operation, params: Params) -> None:
        """Refuse what botocore would, before the first of several calls changes something.

        Raises:
            ParamValidationError: As a plain client raises it.
        """
        if isinstance(params.get("Bucket"), str):
            validate_bucket_name(params)
        params = dict(params)
        for build in _BUILDS.get(asked.name, ()):
            build(params)
        shape = self.meta.service_model.operation_model(asked.name).input_shape
        report = ParamValidator().validate(params, shape)
        if report.has_errors():
            raise ParamValidationError(report=report.generate_report())

    def _operation(self, name: str) -> Operation:
        asked = operation(name, self.meta.service_model.operation_model(name))
        self._botwo_operations[name] = asked
        return asked

    def _call_with_events(self, asked: Operation, api_params: Params) -> Params:
        params, context = self._with_parameter_events(asked.name, api_params)
        token = carried.set(context)
        try:
            return self._run(asked, params)
        finally:
            carried.reset(token)

    def _with_parameter_events(
        self, name: str, api_params: Params, **given: Any
    ) -> tuple[Params, Params]:
        """Let the caller's parameter handlers change the request, in the caller's names.

        Returns:
            The parameters, and what the handlers added to the request's context.
        """
        model = self.meta.service_model.operation_model(name)
        before = {
            "client_region": self.meta.region_name,
            "client_config": self.meta.config,
            "has_streaming_input": model.has_streaming_input,
            "auth_type": model.resolved_auth_type,
            "unsigned_payload": model.unsigned_payload,
            "auth_options": self.meta.service_model.metadata.get("auth"),
            **given,
        }
        context = dict(before)
        params = self._emit_api_params(
            api_params=dict(api_params), operation_model=model, context=context
        )
        added = {
            name: value
            for name, value in context.items()
            if name not in before or before[name] is not value
        }
        return params, added

    def _at(self, bucket: Any, key: Any) -> Any:
        """Give this client with the `meta` of a name's store, its events aside."""
        if not (isinstance(bucket, str) and isinstance(key, str)):
            return self
        route = self._botwo_rules.route(bucket, key)
        store = self._botwo_stores[route.client]
        if isinstance(store, RoutedClient):
            store = store._at(route.mapped_bucket, route.mapped_key(key))
        twin: Any = object.__new__(type(self))
        twin.__dict__.update(self.__dict__, meta=_meta(store, self.meta.events))
        return twin

    def _send(self, call: Call) -> Params:
        return send(call, self._botwo_stores, self)

    def generate_presigned_url(
        self,
        ClientMethod: str,  # noqa: N803 - botocore's names
        Params: Params | None = None,  # noqa: N803
        ExpiresIn: int = 3600,  # noqa: N803
        HttpMethod: str | None = None,  # noqa: N803
    ) -> str:
        """Presign with the store's own client and signer; see botocore."""
        default = self._botwo_stores[self._botwo_rules.default.client]
        name = self._PY_TO_OP_NAME.get(ClientMethod)
        if name is None:
            return cast("str", default.generate_presigned_url(ClientMethod))  # says it is unknown
        context: dict[str, Any] = {}
        params = dict(Params or {})
        if self.meta.events.sees_parameters:
            params, context = self._with_parameter_events(name, params, is_presign_request=True)
        asked = self._botwo_operations.get(name) or self._operation(name)
        call = url_call(asked, params, self._botwo_rules)
        token = carried.set(context)
        try:
            return cast(
                "str",
                self._botwo_stores[call.client].generate_presigned_url(
                    ClientMethod, Params=call.params, ExpiresIn=ExpiresIn, HttpMethod=HttpMethod
                ),
            )
        finally:
            carried.reset(token)

    def generate_presigned_post(
        self,
        Bucket: str,  # noqa: N803 - botocore's names
        Key: str,  # noqa: N803
        Fields: Params | None = None,  # noqa: N803
        Conditions: list[Any] | None = None,  # noqa: N803
        ExpiresIn: int = 3600,  # noqa: N803
    ) -> Params:
        """Presign a POST form with the store's own client; see botocore."""
        if not (isinstance(Bucket, str) and isinstance(Key, str)):
            default = self._botwo_stores[self._botwo_rules.default.client]
            return cast("Params", default.generate_presigned_post(Bucket, Key))  # says what it is
        if self.meta.events.sees_parameters:
            asked, _ = self._with_parameter_events(
                "CreateBucket", {"Bucket": Bucket}, is_presign_request=True
            )
            Bucket = asked.get("Bucket", Bucket)  # noqa: N806
        route, mapped = post_call(Bucket, Key, Fields, Conditions, self._botwo_rules)
        store = self._botwo_stores[route.client]
        return cast("Params", store.generate_presigned_post(**mapped, ExpiresIn=ExpiresIn))

    def copy(
        self,
        CopySource: Params,  # noqa: N803 - boto3's names
        Bucket: str,  # noqa: N803
        Key: str,  # noqa: N803
        *rest: Any,
        **options: Any,
    ) -> None:
        """Copy with boto3's transfers, after refusing what a copy refuses; see boto3."""
        known = self.meta.service_model.operation_model("CopyObject").input_shape.members
        extra = (rest[0] if rest else options.get("ExtraArgs")) or {}
        asked = {member: value for member, value in extra.items() if member in known}
        asked |= {"CopySource": CopySource, "Bucket": Bucket, "Key": Key}
        first_calls(flow(self._operation("CopyObject"), asked, self._botwo_rules))
        super().copy(CopySource, Bucket, Key, *rest, **options)  # type: ignore[misc]

    def close(self) -> None:
        """Close every store's client."""
        self._botwo_stores.close()

    def _get_credentials(self) -> None:
        """Give none: transfers that bypass the client would take these to another store.

        boto3 asks for them to hand whole transfers to the AWS Common Runtime, which knows nothing
        of routes; without them it makes its calls through this client.
        """

    def __copy__(self) -> Any:
        """Make another routed client over the same stores."""
        return routed(self._botwo_stores, self._botwo_rules, self._botwo_mapping)

    def __reduce_ex__(self, protocol: object) -> tuple[Any, ...]:
        """Pickle the specification: the factories and the mapping.

        Raises:
            PicklingError: A client was given live.
        """
        if not self._botwo_stores.are_factories:
            raise PicklingError(
                "a routed client over live clients cannot be pickled; give botwo.client factories, "
                "such as functools.partial(boto3.client, 's3', endpoint_url=…), and it can"
            )
        return _again, (self._botwo_stores.given, self._botwo_mapping)

    def __repr__(self) -> str:
        """Say what it routes to."""
        names = ", ".join(self._botwo_stores.given)
        count = len(self._botwo_rules.rules)
        return f"<botwo routed S3 client over {names}: {count} rule{'s' * (count != 1)}>"


def rules_and_operation(s3: object, name: str, params: Params) -> tuple[Rules, Operation]:
    """Give a routed client's rules and one of its operations, by API or method name.

    Raises:
        TypeError: It is no routed client, or the operation takes no parameter of such a name.
        ValueError: S3 has no such operation.
    """
    given, s3 = s3, getattr(getattr(s3, "meta", None), "client", s3)  # of a resource, its client
    if not isinstance(s3, RoutedClient):
        raise TypeError(f"expected a routed client, as botwo.client makes it, got {given!r}")
    model = s3.meta.service_model
    api_name = s3._PY_TO_OP_NAME.get(name, name)
    if api_name not in model.operation_names:
        raise ValueError(f"S3 has no operation {name!r}; {nearest(name, s3._PY_TO_OP_NAME)}")
    shape = model.operation_model(api_name).input_shape
    members = list(shape.members) if shape else []
    for param in params:
        if param not in members:
            raise TypeError(f"{api_name} takes no parameter {param!r}; {nearest(param, members)}")
    return s3._botwo_rules, s3._operation(api_name)
