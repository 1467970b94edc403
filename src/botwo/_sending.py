"""Make one call on its store's client; its answer, or error, is given in the caller's names."""

from __future__ import annotations

import logging
import re
from typing import TYPE_CHECKING, Any, cast

from botocore.exceptions import BotoCoreError, ClientError

from botwo._bodies import read_body, read_body_async, reading
from botwo._events import Told
from botwo._responses import error_to_caller

if TYPE_CHECKING:
    from botwo._async_stores import AsyncStores
    from botwo._calls import Call
    from botwo._stores import Stores
    from botwo._translation import Params

logger = logging.getLogger("botwo")

# A copy is about its destination and its source.
_ENDS = ("destination", "source")


def send(call: Call, stores: Stores, routed: Any) -> Params:
    """Make one call.

    Args:
        call: What is asked, and of which store.
        stores: The stores' clients.
        routed: The routed client, whose exception classes the caller catches.

    Raises:
        ClientError: What the store answered, as the routed client's own.
        BotoCoreError: The store could not be asked, or broke off.
    """
    store = stores[call.client]
    if logger.isEnabledFor(logging.DEBUG):
        _log(call)
    try:
        response: Params = store._make_api_call(call.operation.name, call.params)
        if call.reads is not None:
            response["Body"] = read_body(response["Body"], reading(call, response))
    except (ClientError, BotoCoreError) as error:
        own = _own_error(error, call, store, routed)
        if own is error:
            raise
        raise own from error.__cause__
    return _answer(call, response)


async def send_async(call: Call, stores: AsyncStores, routed: Any) -> Params:
    """Make one call in an event loop; see `send`."""
    store = stores.ready(call.client)
    if store is None:
        store = await stores.asked(call.client)
    if logger.isEnabledFor(logging.DEBUG):
        _log(call)
    try:
        response: Params = await store._make_api_call(call.operation.name, call.params)
        if call.reads is not None:
            steps = reading(call, response)
            response["Body"] = await read_body_async(response["Body"], steps, stores.broken)
    except (ClientError, BotoCoreError) as error:
        own = _own_error(error, call, store, routed)
        if own is error:
            raise
        raise own from error.__cause__
    return _answer(call, response)


def _answer(call: Call, response: Params) -> Params:
    return dict(response) if isinstance(response, Told) else call.answer(response)


def _own_error(
    error: ClientError | BotoCoreError, call: Call, store: Any, routed: Any
) -> ClientError | BotoCoreError:
    """Make a store's error the routed client's: its exception class, the caller's names, one note.

    Each botocore session builds exception classes of its own. A class that is not one of the
    store's, which a program's own handler raised, stays as it is.
    """
    if isinstance(error, BotoCoreError):
        error.add_note(_went(call, store))
        return error
    kind = type(error)
    name = kind.__name__
    if kind is not ClientError and getattr(store.exceptions, name, None) is not kind:
        error.add_note(_went(call, store))
        return error
    answer: Any = error.response
    # Where a store's own copy has one key at both ends, what it does not find is the source.
    names = call.names[::-1] if call.asked is None else call.names
    told = error_to_caller(answer.get("Error", {}), names)
    own_class: Any = getattr(routed.exceptions, name, ClientError)
    asked = call.asked or error.operation_name
    if own_class is kind and (told, asked) == (answer.get("Error", {}), error.operation_name):
        error.add_note(_went(call, store))
        return error
    own = _again(error, own_class, {**answer, "Error": told}, asked)
    own.add_note(_went(call, store))
    return own


def modelled(error: ClientError, routed: Any) -> ClientError:
    """Give an error that a flow made the class that the routed client has for its code."""
    answer: Any = error.response
    own_class: Any = getattr(routed.exceptions, answer["Error"].get("Code", ""), None)
    if type(error) is not ClientError or own_class is None:
        return error
    return _again(error, own_class, answer, error.operation_name)


def _again(error: ClientError, own_class: Any, answer: Any, operation_name: str) -> ClientError:
    own = own_class(answer, operation_name)
    for note in getattr(error, "__notes__", ()):
        own.add_note(note)
    return cast("ClientError", own.with_traceback(error.__traceback__))


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
    if call.asked is None and len(call.names) == len(_ENDS):
        route, key = call.names[1]
        mapped += f" from {route.mapped_bucket}/{route.mapped_key(key)}"
    rule = f" by mapping[{call.names[0][0].place}]" if call.names else ""
    return (
        f"botwo: routed{rule} to client {call.client!r} as {call.operation.name} of {mapped} at "
        f"{re.sub('//[^/@]*@', '//', str(store.meta.endpoint_url))}"
    )
