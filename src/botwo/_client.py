"""The routed client of programs without an event loop; see `_routed`."""

from __future__ import annotations

import functools
import inspect
import warnings
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar, cast, overload

from botocore.exceptions import ClientError

from botwo._calls import Call
from botwo._deleting import clients_asked
from botwo._errors import ConfigWarning, PicklingError
from botwo._events import RoutedEvents, carried
from botwo._flows import flow
from botwo._mapping import doubts
from botwo._operations import Operation
from botwo._presigning import post_call, url_call
from botwo._routed import Routed, added, documented, meta_of, read_rules, routed_over
from botwo._rules import Rules
from botwo._run import run
from botwo._sending import modelled, send
from botwo._stores import Stores
from botwo._translation import Params

ClientT = TypeVar("ClientT")

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


def routed(stores: Stores, rules: Rules, mapping: list[dict[str, Any]]) -> Any:
    """Make the client."""
    default = stores[rules.default.client]
    return routed_over(
        RoutedClient,
        default,
        RoutedEvents(stores, default),
        _OVERRIDDEN,
        _botwo_stores=stores,
        _botwo_rules=rules,
        _botwo_mapping=mapping,
    )


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


class RoutedClient(Routed):
    """What a routed client does by itself."""

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
        model, before = self._context(name, given)
        context = dict(before)
        params = self._emit_api_params(
            api_params=dict(api_params), operation_model=model, context=context
        )
        return params, added(context, before)

    def _at(self, bucket: Any, key: Any) -> Any:
        """Give this client with the `meta` of a name's store, its events aside."""
        if not (isinstance(bucket, str) and isinstance(key, str)):
            return self
        route = self._botwo_rules.route(bucket, key)
        store = self._botwo_stores[route.client]
        if isinstance(store, RoutedClient):
            store = store._at(route.mapped_bucket, route.mapped_key(key))
        twin: Any = object.__new__(type(self))
        twin.__dict__.update(self.__dict__, meta=meta_of(store, self.meta.events))
        return twin

    def _send(self, call: Call) -> Params:
        return send(call, self._botwo_stores, self)

    def _url(
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

    def _post(
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

    def _copy(
        self,
        CopySource: Params,  # noqa: N803 - boto3's names
        Bucket: str,  # noqa: N803
        Key: str,  # noqa: N803
        *rest: Any,
        **options: Any,
    ) -> None:
        """Copy with boto3's transfers, after refusing what a copy refuses; see boto3."""
        extra = (rest[0] if rest else options.get("ExtraArgs")) or {}
        self._check_copy(CopySource, Bucket, Key, extra)
        super().copy(CopySource, Bucket, Key, *rest, **options)  # type: ignore[misc]

    def _close(self) -> None:
        """Close every store's client."""
        self._botwo_stores.close()

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


# What is no operation, and by what it is overridden.
_OVERRIDDEN = {
    "generate_presigned_url": documented(RoutedClient._url),
    "generate_presigned_post": documented(RoutedClient._post),
    "copy": documented(RoutedClient._copy),
    "close": documented(RoutedClient._close),
    **dict.fromkeys(_TRANSFERS, _by_store),
}
