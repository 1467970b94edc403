"""The routed client; with `_events` the only file that touches botocore's internals.

A routed client is a real botocore client: its class is a subclass of the default client's class and
it shares that client's state. Every operation, paginator, waiter and transfer ends in
``_make_api_call``, which is where calls are routed. What this relies on is listed in
``docs/upstream.md``.
"""

from __future__ import annotations

import copy
import logging
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeVar, cast, overload

from botocore.exceptions import BotoCoreError, ClientError
from botocore.handlers import validate_bucket_name

from botwo._errors import PicklingError
from botwo._events import RoutedEvents, carried
from botwo._flows import flow
from botwo._mapping import read_mapping
from botwo._names import error_to_caller
from botwo._operations import Operation, operation
from botwo._presigning import post_call, url_call
from botwo._rules import Rules
from botwo._run import run
from botwo._stores import Stores, client_problems

if TYPE_CHECKING:
    from botwo._calls import Call
    from botwo._translation import Params

ClientT = TypeVar("ClientT")

logger = logging.getLogger("botwo")


@overload
def client(
    clients: Mapping[str, Callable[[], ClientT]], mapping: Sequence[Mapping[str, Any]]
) -> ClientT: ...
@overload
def client(clients: Mapping[str, ClientT], mapping: Sequence[Mapping[str, Any]]) -> ClientT: ...
def client(clients: Mapping[str, Any], mapping: Sequence[Mapping[str, Any]]) -> Any:
    """Make one boto3 S3 client over many stores.

    Args:
        clients: By name, boto3 S3 clients, or factories of them that take no argument, such as
            ``functools.partial(boto3.client, "s3", endpoint_url=…)``. A factory is called once,
            when a call first needs its client; the default rule's at once, because the routed
            client takes its shape from it.
        mapping: The rules, in order; the first that matches a name wins. See `botwo._rules.Rule`
            for their fields. A default, ``{"bucket_name": "*", "client": …}``, is required.

    Returns:
        A client of the same type as the clients that went in.

    Raises:
        ConfigError: Everything that is wrong with the clients and the mapping, before any client is
            touched.

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
    problems = list(client_problems(clients))
    names = list(clients) if isinstance(clients, Mapping) else []
    rules = Rules(rules=read_mapping(mapping, names, problems), check_bucket=_check_bucket)
    return _routed(Stores(clients), rules, [dict(entry) for entry in mapping])


def _check_bucket(bucket: str) -> None:
    validate_bucket_name({"Bucket": bucket})


def _routed(stores: Stores, rules: Rules, mapping: list[dict[str, Any]]) -> Any:
    """Make the client; its class is named as the default client's, whose place it takes."""
    default = stores[rules.default.client]
    plain = type(default)
    while RoutedClient in plain.__mro__:  # a routed client may be a store of another one
        plain = plain.__mro__[2]
    documented = {
        name: _documented(getattr(RoutedClient, name), getattr(plain, name))
        for name in ("generate_presigned_url", "generate_presigned_post")
    }
    routed_class = type(plain.__name__, (RoutedClient, plain), documented)
    routed: Any = object.__new__(routed_class)
    meta = copy.copy(default.meta)
    meta.events = RoutedEvents(stores, rules.default.client)
    routed.__dict__.update(
        default.__dict__,
        meta=meta,
        _botwo_stores=stores,
        _botwo_rules=rules,
        _botwo_mapping=mapping,
        _botwo_operations={},
    )
    return routed


def _documented(method: Callable[..., Any], plain: Callable[..., Any]) -> Callable[..., Any]:
    def documented(self: Any, *args: Any, **kwargs: Any) -> Any:
        return method(self, *args, **kwargs)

    documented.__name__ = plain.__name__
    documented.__doc__ = plain.__doc__
    documented.__wrapped__ = plain  # type: ignore[attr-defined]
    return documented


def _again(clients: dict[str, Any], mapping: list[dict[str, Any]]) -> Any:
    """Make a routed client from its specification; what its pickle calls."""
    return client(clients, mapping)


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
        return run(flow(asked, api_params, self._botwo_rules), self._send)

    def _operation(self, name: str) -> Operation:
        asked = operation(name, self.meta.service_model.operation_model(name))
        self._botwo_operations[name] = asked
        return asked

    def _call_with_events(self, asked: Operation, api_params: Params) -> Params:
        params, context = self._with_parameter_events(asked.name, api_params)
        token = carried.set(context)
        try:
            return run(flow(asked, params, self._botwo_rules), self._send)
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
            "auth_type": model.auth_type,
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

    def _send(self, call: Call) -> Params:
        """Make one call on its store's client."""
        store = self._botwo_stores[call.client]
        if logger.isEnabledFor(logging.DEBUG):
            _log(call)
        try:
            response: Params = store._make_api_call(call.operation.name, call.params)
        except ClientError as error:
            raise self._own_error(error, call, store) from None
        except BotoCoreError as error:
            error.add_note(_went(call, store))
            raise
        return call.answer(response)

    def _own_error(self, error: ClientError, call: Call, store: Any) -> ClientError:
        """Make a store's error this client's: its exception class, the caller's names, one note.

        Each botocore session builds exception classes of its own. A class that is not one of the
        store's, which a program's own handler raised, stays as it is.
        """
        kind = type(error)
        name = kind.__name__
        modelled = (
            getattr(store.exceptions, name, None) is kind if kind is not ClientError else True
        )
        if not modelled:
            error.add_note(_went(call, store))
            return error
        answer: Any = error.response
        told = error_to_caller(answer.get("Error", {}), call.names)
        own_class: Any = getattr(self.exceptions, name, ClientError)
        own = own_class({**answer, "Error": told}, error.operation_name)
        for note in getattr(error, "__notes__", ()):
            own.add_note(note)
        own.add_note(_went(call, store))
        return cast("ClientError", own.with_traceback(error.__traceback__))

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
        if self.meta.events.sees_parameters:
            asked, _ = self._with_parameter_events(
                "CreateBucket", {"Bucket": Bucket}, is_presign_request=True
            )
            Bucket = asked.get("Bucket", Bucket)  # noqa: N806
        route, mapped = post_call(Bucket, Key, Fields, Conditions, self._botwo_rules)
        store = self._botwo_stores[route.client]
        return cast("Params", store.generate_presigned_post(**mapped, ExpiresIn=ExpiresIn))

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
        return _routed(self._botwo_stores, self._botwo_rules, self._botwo_mapping)

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
        return f"<botwo routed S3 client over {names}: {len(self._botwo_rules.rules)} rules>"


def _log(call: Call) -> None:
    asked, mapped = _shown(call)
    logger.debug("%s %s -> %s %s", call.operation.name, asked, call.client, mapped)


def _shown(call: Call) -> tuple[str, str]:
    """Give the caller's name and the store's, of the bucket or of its key."""
    if not call.names:
        bucket = str(call.params.get("Bucket", "*"))
        return bucket, bucket
    route, key = call.names[0]
    mapped_key = route.mapped_key(key)
    asked = f"{route.bucket}/{key}" if key else route.bucket
    named = key or "Key" in call.params or "Prefix" in call.params
    return asked, f"{route.mapped_bucket}/{mapped_key}" if named else route.mapped_bucket


def _went(call: Call, store: Any) -> str:
    """Say where a call went."""
    _, mapped = _shown(call)
    rule = f"mapping[{call.names[0][0].place}]" if call.names else "the default"
    return (
        f"botwo: sent by {rule} to client {call.client!r} as {call.operation.name} of {mapped} at "
        f"{store.meta.endpoint_url}"
    )


def rules_of(s3: object) -> tuple[Rules, Callable[[str], Operation]]:
    """Give a routed client's rules, and its table of operations by API or method name.

    Raises:
        TypeError: It is no routed client.
    """
    if not isinstance(s3, RoutedClient):
        raise TypeError(f"expected a routed client, as botwo.client makes it, got {s3!r}")

    def find(name: str) -> Operation:
        return s3._operation(s3._PY_TO_OP_NAME.get(name, name))

    return s3._botwo_rules, find
