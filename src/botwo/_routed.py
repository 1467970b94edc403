"""What a routed client is made of, sync or async; touches botocore's internals.

A routed client is a real botocore client: its class is a subclass of the default client's class and
it shares that client's state. Every operation, paginator, waiter and transfer ends in
``_make_api_call``, which is where calls are routed. What this relies on is listed in
``docs/upstream.md``.
"""

from __future__ import annotations

import copy
import functools
import types
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ParamValidationError
from botocore.handlers import (
    copy_source_sse_md5,
    handle_copy_source_param,
    sse_md5,
    validate_ascii_metadata,
    validate_bucket_name,
)
from botocore.validate import ParamValidator

from botwo._calls import first_calls
from botwo._flows import flow
from botwo._mapping import nearest, read_mapping
from botwo._operations import Operation, operation
from botwo._rules import Rules
from botwo._stores import Noun, client_problems

if TYPE_CHECKING:
    from botwo._events import RoutedEvents
    from botwo._translation import Params

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


def read_rules(
    clients: Mapping[str, Any],
    mapping: Sequence[Mapping[str, Any]],
    noun: Noun = "client",
    *,
    asynchronous: bool = False,
) -> Rules:
    """Read the rules, and check them and what the caller gave for clients.

    Raises:
        ConfigError: Everything that is wrong with both.
    """
    problems = list(client_problems(clients, noun, asynchronous=asynchronous))
    names = list(clients) if isinstance(clients, Mapping) else []
    return Rules(rules=read_mapping(mapping, names, problems), check_bucket=check_bucket)


def check_bucket(bucket: str) -> None:
    """Refuse a bucket's name that no client takes, as botocore does."""
    validate_bucket_name({"Bucket": bucket})


def routed_over(
    kind: type[Routed],
    default: Any,
    events: RoutedEvents,
    overridden: Mapping[str, Any],
    **state: Any,
) -> Any:
    """Make a client over a default one; its class is named as that one's, whose place it takes.

    Args:
        kind: The class of what a routed client does by itself.
        default: The client of the default store.
        events: The client's events.
        overridden: What makes each method of the default's class that is no operation its own.
        state: What the client has besides.
    """
    plain = type(default)
    while Routed in plain.__mro__:  # a routed client may be a store of another one
        plain = plain.__mro__[3]
    own = {
        name: override(getattr(plain, name))
        for name, override in overridden.items()
        if hasattr(plain, name)  # copy is boto3's, not botocore's
    }
    named = {"__module__": plain.__module__, "__qualname__": plain.__qualname__}
    made: Any = object.__new__(type(plain.__name__, (kind, plain), named | own))
    made.__dict__.update(
        default.__dict__, meta=meta_of(default, events), _botwo_operations={}, **state
    )
    return made


def documented(method: Any) -> Callable[[Any], Any]:
    """Give a method the signature and the documentation of the one that it takes the place of."""

    def override(plain: Any) -> Any:
        own = types.FunctionType(
            method.__code__, method.__globals__, closure=method.__closure__,
            argdefs=method.__defaults__,
        )  # fmt: skip
        return functools.update_wrapper(own, plain)

    return override


def meta_of(store: Any, events: RoutedEvents) -> Any:
    """Give a store's `meta` with other events."""
    meta = copy.copy(store.meta)
    meta.events = events
    return meta


class Routed:
    """What every routed client has; everything else is botocore's."""

    if TYPE_CHECKING:
        meta: Any
        exceptions: Any
        _PY_TO_OP_NAME: dict[str, str]
        _emit_api_params: Callable[..., Any]
        _botwo_stores: Any
        _botwo_rules: Rules
        _botwo_mapping: list[dict[str, Any]]
        _botwo_operations: dict[str, Operation]

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

    def _context(self, name: str, given: Params) -> tuple[Any, Params]:
        """Give an operation's model, and the context of its request as botocore begins it."""
        model = self.meta.service_model.operation_model(name)
        return model, {
            "client_region": self.meta.region_name,
            "client_config": self.meta.config,
            "has_streaming_input": model.has_streaming_input,
            "auth_type": model.resolved_auth_type,
            "unsigned_payload": model.unsigned_payload,
            "auth_options": self.meta.service_model.metadata.get("auth"),
            **given,
        }

    def _check_copy(self, source: Params, bucket: str, key: str, extra: Params) -> None:
        """Refuse what a copy refuses, before the transfer of one asks for the source."""
        asked = self._operation("CopyObject")
        known = self.meta.service_model.operation_model(asked.name).input_shape.members
        params = {member: value for member, value in extra.items() if member in known}
        params |= {"CopySource": source, "Bucket": bucket, "Key": key}
        first_calls(flow(asked, params, self._botwo_rules))

    def _get_credentials(self) -> None:
        """Give none: transfers that bypass the client would take these to another store.

        boto3 asks for them to hand whole transfers to the AWS Common Runtime, which knows nothing
        of routes; without them it makes its calls through this client.
        """

    def __repr__(self) -> str:
        """Say what it routes to."""
        names = ", ".join(self._botwo_stores.given)
        count = len(self._botwo_rules.rules)
        return f"<botwo routed S3 client over {names}: {count} rule{'s' * (count != 1)}>"


def added(context: Params, before: Params) -> Params:
    """Give what handlers added to a request's context."""
    return {
        name: value
        for name, value in context.items()
        if name not in before or before[name] is not value
    }


def rules_and_operation(s3: object, name: str, params: Params) -> tuple[Rules, Operation]:
    """Give a routed client's rules and one of its operations, by API or method name.

    Raises:
        TypeError: It is no routed client, or the operation takes no parameter of such a name.
        ValueError: S3 has no such operation.
    """
    given, s3 = s3, getattr(getattr(s3, "meta", None), "client", s3)  # of a resource, its client
    if not isinstance(s3, Routed):
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
