"""The events of a routed client: one register call reaches every store's client.

Parameter events are emitted once, before routing, with the caller's names; every other event comes
from the client of the store that serves the request.
"""

from __future__ import annotations

from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

import msgspec
from botocore.hooks import BaseEventHooks, EventAliaser, HierarchicalEmitter

if TYPE_CHECKING:
    from collections.abc import Callable

    from botwo._stores import Made

    Handler = Callable[..., Any]

_PARAMETER_EVENTS = frozenset({"provide-client-params", "before-parameter-build"})
_CARRY_ID = "botwo-carry-context"

# What the caller's parameter handlers put into the request's context, for the handlers behind them.
carried: ContextVar[dict[str, Any] | None] = ContextVar("botwo_carried", default=None)


def _carry(context: dict[str, Any], **kwargs: Any) -> None:
    context.update(carried.get() or {})


class _BehindRouting(msgspec.Struct, frozen=True):
    """A handler of all events, without the parameter events that it saw before routing."""

    handler: Handler

    def __call__(self, event_name: str, **kwargs: Any) -> Any:
        if event_name.split(".", 1)[0] in _PARAMETER_EVENTS:
            return None
        return self.handler(event_name=event_name, **kwargs)


class Told(dict[str, Any]):
    """A response that a handler of the caller gave instead of a store: in the caller's names."""


class Answering(msgspec.Struct, frozen=True):
    """A handler of ``before-call``, which may answer a request itself, as botocore's Stubber."""

    handler: Handler

    def __call__(self, **kwargs: Any) -> Any:
        return self.told(self.handler(**kwargs))

    def told(self, answer: Any) -> Any:
        """Give what the handler answered, if anything, as such."""
        if answer is None:
            return None
        response, parsed = answer
        return response, Told(parsed)


class RoutedEvents(BaseEventHooks):
    """``s3.meta.events`` of a routed client.

    Args:
        stores: Every store's client.
        default: The client of the default store.
        emitter: An emitter of the kind that the clients have.
        answering: What a handler that may answer a request becomes.
    """

    def __init__(
        self,
        stores: Made,
        default: Any,
        emitter: type[HierarchicalEmitter] = HierarchicalEmitter,
        answering: type[Answering] = Answering,
    ) -> None:
        self._stores = stores
        self._default = default
        self._answering = answering
        self._parameters = EventAliaser(emitter())
        self.sees_parameters = False
        """Whether any handler of parameter events was ever registered."""

    def emit(self, event_name: str, **kwargs: Any) -> Any:
        """Emit a parameter event to the caller's handlers, another one as the default client."""
        return self._emitter(event_name).emit(event_name, **kwargs)

    def emit_until_response(self, event_name: str, **kwargs: Any) -> Any:
        """Emit an event until a handler answers."""
        return self._emitter(event_name).emit_until_response(event_name, **kwargs)

    def register(
        self,
        event_name: str,
        handler: Handler,
        unique_id: str | None = None,
        unique_id_uses_count: bool = False,  # noqa: FBT001, FBT002 - botocore's signature
    ) -> None:
        """Register a handler; see botocore."""
        self._apply("register", event_name, handler, unique_id, unique_id_uses_count)

    def register_first(
        self,
        event_name: str,
        handler: Handler,
        unique_id: str | None = None,
        unique_id_uses_count: bool = False,  # noqa: FBT001, FBT002 - botocore's signature
    ) -> None:
        """Register a handler to be called before others; see botocore."""
        self._apply("register_first", event_name, handler, unique_id, unique_id_uses_count)

    def register_last(
        self,
        event_name: str,
        handler: Handler,
        unique_id: str | None = None,
        unique_id_uses_count: bool = False,  # noqa: FBT001, FBT002 - botocore's signature
    ) -> None:
        """Register a handler to be called after others; see botocore."""
        self._apply("register_last", event_name, handler, unique_id, unique_id_uses_count)

    def unregister(
        self,
        event_name: str,
        handler: Handler | None = None,
        unique_id: str | None = None,
        unique_id_uses_count: bool = False,  # noqa: FBT001, FBT002 - botocore's signature
    ) -> None:
        """Unregister a handler from wherever it was registered; see botocore."""
        self._apply("unregister", event_name, handler, unique_id, unique_id_uses_count)

    def _emitter(self, event_name: str) -> Any:
        if event_name.split(".", 1)[0] in _PARAMETER_EVENTS:
            return self._parameters
        return self._default.meta.events

    def _apply(
        self,
        method: str,
        event_name: str,
        handler: Handler | None,
        unique_id: str | None,
        counted: bool,  # noqa: FBT001 - botocore's signature
    ) -> None:
        kind = event_name.split(".", 1)[0]
        if kind in _PARAMETER_EVENTS or kind == "*":
            getattr(self._parameters, method)(event_name, handler, unique_id, counted)
            if not self.sees_parameters and method != "unregister":
                self.sees_parameters = True
                self._stores.register(
                    "register_first", ("provide-client-params.s3", _carry, _CARRY_ID, False)
                )
        # botocore's own parameter handlers are with the stores' clients: they can be unregistered.
        if kind not in _PARAMETER_EVENTS or method == "unregister":
            if kind == "*" and callable(handler):
                handler = _BehindRouting(handler)
            elif kind == "before-call" and callable(handler):
                handler = self._answering(handler)
            self._stores.register(method, (event_name, handler, unique_id, counted))
