"""The routed client of programs with an event loop, over aiobotocore's clients; see `_routed`."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, cast

from aiobotocore.hooks import AioHierarchicalEmitter
from botocore.exceptions import ClientError

from botwo._async_stores import AsyncStores
from botwo._calls import Call
from botwo._deleting import clients_asked
from botwo._errors import PicklingError
from botwo._events import Answering, RoutedEvents, carried
from botwo._flows import flow
from botwo._operations import Operation
from botwo._presigning import post_call, url_call
from botwo._routed import Routed, added, documented, routed_over
from botwo._rules import Rules
from botwo._run import run_async
from botwo._sending import modelled, send_async
from botwo._translation import Params

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


class RoutedContext:
    """Enters to a routed client, as what aiobotocore's ``create_client`` gives.

    Args:
        clients: By name, the stores' clients, or factories of what enters to them.
        rules: The rules.
        mapping: The rules as they were given.
        at_once: The clients that are made when it is entered, besides the default rule's.
    """

    def __init__(
        self,
        clients: Mapping[str, Any],
        rules: Rules,
        mapping: list[dict[str, Any]],
        at_once: Sequence[str] = (),
    ) -> None:
        self._clients = clients
        self._rules = rules
        self._mapping = mapping
        self._at_once = at_once
        self._client: Any = None
        self._is_entered = False

    def __getattr__(self, name: str) -> Any:
        # Only of what is not there: what is asked of it is meant for the client.
        hint = "" if name.startswith("_") else "; enter it first: async with … as s3"
        raise AttributeError(f"{type(self).__name__!r} has no attribute {name!r}{hint}")

    async def __aenter__(self) -> Any:
        if self._is_entered:  # aiobotocore refuses too: nobody would leave the first client
            raise RuntimeError("this routed client is entered already; make another one")
        try:
            asyncio.get_running_loop()
        except RuntimeError:
            raise RuntimeError("a routed client needs an event loop of asyncio") from None
        self._is_entered = True
        stores = AsyncStores(self._clients)
        try:
            for name in (self._rules.default.client, *self._at_once):
                await stores.get(name)
        except BaseException as error:
            self._is_entered = False
            await stores.leave(type(error), error, error.__traceback__)
            raise
        self._client = _over(
            await stores.get(self._rules.default.client), stores, self._rules, self._mapping
        )
        return self._client

    async def __aexit__(self, *error: Any) -> None:
        self._is_entered = False
        await self._client.__aexit__(*error)


def _over(default: Any, stores: AsyncStores, rules: Rules, mapping: list[dict[str, Any]]) -> Any:
    return routed_over(
        AsyncRoutedClient,
        default,
        RoutedEvents(stores, default, AioHierarchicalEmitter, _AnsweringLater),
        _OVERRIDDEN,
        _botwo_stores=stores,
        _botwo_rules=rules,
        _botwo_mapping=mapping,
        _botwo_default=default,
    )


class _AnsweringLater(Answering, frozen=True):
    """A handler that may answer when it is awaited."""

    async def __call__(self, **kwargs: Any) -> Any:
        answer = self.handler(**kwargs)
        return self.told(await answer if hasattr(answer, "__await__") else answer)


class AsyncRoutedClient(Routed):
    """What a routed client does by itself, when it is awaited."""

    _botwo_default: Any

    async def _make_api_call(self, operation_name: str, api_params: Params) -> Params:
        asked = self._botwo_operations.get(operation_name) or self._operation(operation_name)
        if self.meta.events.sees_parameters:
            return await self._call_with_events(asked, api_params)
        return await self._run(asked, api_params)

    async def _run(self, asked: Operation, params: Params) -> Params:
        served = flow(asked, params, self._botwo_rules)
        if isinstance(served, Call):
            return await send_async(served, self._botwo_stores, self)
        self._check_whole(asked, params)
        if asked.name == "DeleteObjects":
            # A factory that fails has to do so before another store deletes something.
            for name in clients_asked(params, self._botwo_rules):
                await self._botwo_stores.get(name)
        try:
            return cast("Params", await run_async(served, self._send))
        except ClientError as error:
            own = modelled(error, self)
            if own is error:
                raise
            raise own from error.__cause__

    async def _call_with_events(self, asked: Operation, api_params: Params) -> Params:
        params, context = await self._with_parameter_events(asked.name, api_params)
        token = carried.set(context)
        try:
            return await self._run(asked, params)
        finally:
            carried.reset(token)

    async def _with_parameter_events(
        self, name: str, api_params: Params, **given: Any
    ) -> tuple[Params, Params]:
        """Let the caller's parameter handlers change the request, in the caller's names.

        Returns:
            The parameters, and what the handlers added to the request's context.
        """
        model, before = self._context(name, given)
        context = dict(before)
        params = await self._emit_api_params(
            api_params=dict(api_params), operation_model=model, context=context
        )
        return params, added(context, before)

    async def _send(self, call: Call) -> Params:
        return await send_async(call, self._botwo_stores, self)

    async def _url(
        self,
        ClientMethod: str,  # noqa: N803 - botocore's names
        Params: Params | None = None,  # noqa: N803
        ExpiresIn: int = 3600,  # noqa: N803
        HttpMethod: str | None = None,  # noqa: N803
    ) -> str:
        """Presign with the store's own client and signer; see aiobotocore."""
        name = self._PY_TO_OP_NAME.get(ClientMethod)
        if name is None:  # which says that it is unknown
            return cast("str", await self._botwo_default.generate_presigned_url(ClientMethod))
        context: dict[str, Any] = {}
        params = dict(Params or {})
        if self.meta.events.sees_parameters:
            params, context = await self._with_parameter_events(
                name, params, is_presign_request=True
            )
        asked = self._botwo_operations.get(name) or self._operation(name)
        call = url_call(asked, params, self._botwo_rules)
        store = await self._botwo_stores.get(call.client)
        token = carried.set(context)
        try:
            return cast(
                "str",
                await store.generate_presigned_url(
                    ClientMethod, Params=call.params, ExpiresIn=ExpiresIn, HttpMethod=HttpMethod
                ),
            )
        finally:
            carried.reset(token)

    async def _post(
        self,
        Bucket: str,  # noqa: N803 - botocore's names
        Key: str,  # noqa: N803
        Fields: Params | None = None,  # noqa: N803
        Conditions: list[Any] | None = None,  # noqa: N803
        ExpiresIn: int = 3600,  # noqa: N803
    ) -> Params:
        """Presign a POST form with the store's own client; see aiobotocore."""
        if not (isinstance(Bucket, str) and isinstance(Key, str)):  # which says what it is
            return cast("Params", await self._botwo_default.generate_presigned_post(Bucket, Key))
        if self.meta.events.sees_parameters:
            asked, _ = await self._with_parameter_events(
                "CreateBucket", {"Bucket": Bucket}, is_presign_request=True
            )
            Bucket = asked.get("Bucket", Bucket)  # noqa: N806
        route, mapped = post_call(Bucket, Key, Fields, Conditions, self._botwo_rules)
        store = await self._botwo_stores.get(route.client)
        return cast("Params", await store.generate_presigned_post(**mapped, ExpiresIn=ExpiresIn))

    async def _copy(
        self,
        CopySource: Params,  # noqa: N803 - boto3's names
        Bucket: str,  # noqa: N803
        Key: str,  # noqa: N803
        *rest: Any,
        **options: Any,
    ) -> None:
        """Copy with aioboto3's transfers, after refusing what a copy refuses; see aioboto3."""
        extra = (rest[0] if rest else options.get("ExtraArgs")) or {}
        self._check_copy(CopySource, Bucket, Key, extra)
        await super().copy(CopySource, Bucket, Key, *rest, **options)  # type: ignore[misc]

    async def _close(self) -> None:
        """Close every store's client."""
        await self._botwo_stores.close()

    async def __aenter__(self) -> Any:
        """Give the client: those of the stores are entered when they are made."""
        return self

    async def __aexit__(self, *error: object) -> None:
        """Leave the clients that factories made; others are their owners'."""
        await self._botwo_stores.leave(*error)

    def __copy__(self) -> Any:
        """Make another routed client over the same stores."""
        return _over(
            self._botwo_default, self._botwo_stores, self._botwo_rules, self._botwo_mapping
        )

    def __reduce_ex__(self, protocol: object) -> tuple[Any, ...]:
        """Refuse to be pickled.

        Raises:
            PicklingError: An event loop's client cannot go to another process.
        """
        raise PicklingError(
            "a routed client of an event loop cannot be pickled; make one where it is used, by "
            "botwo.aio.client or botwo.aio.Session"
        )


# What is no operation, and by what it is overridden.
_OVERRIDDEN = {
    "generate_presigned_url": documented(AsyncRoutedClient._url),
    "generate_presigned_post": documented(AsyncRoutedClient._post),
    "copy": documented(AsyncRoutedClient._copy),
    "close": documented(AsyncRoutedClient._close),
}
