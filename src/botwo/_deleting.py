"""``DeleteObjects`` over any number of routes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError, StubResponseError

from botwo._calls import Call, Conversation, Flow, ask_one, together
from botwo._errors import RoutingError
from botwo._undecided import check_request

if TYPE_CHECKING:
    from collections.abc import Sequence

    from botwo._operations import Operation
    from botwo._routes import Route
    from botwo._rules import Rules
    from botwo._translation import Params

# What a store that answers badly, or that cannot be asked, raises. The request itself is checked
# before; anything else is raised by the program's own handlers.
STORE_FAILURES = (ClientError, BotoCoreError)

# One store's share: for each of its objects the route and the object as the caller named it.
Share = list[tuple["Route", "Params"]]


def delete_objects(operation: Operation, params: Params, rules: Rules) -> Flow:
    """Split the objects by client and mapped bucket, and join the answers in request order.

    What failed at one store becomes ``Errors`` entries and never hides what another deleted.

    Raises:
        RoutingError: A key has no name at its store, or nobody has decided whether a member that
            is used carries a name.
        Exception: The first store's error, where every store failed.
    """
    objects = _objects(params)
    if not objects:
        return ask_one(operation, params, rules)  # botocore or the store says what is missing
    shares: dict[tuple[str, str], Share] = {}
    for item in objects:
        route = rules.route(params["Bucket"], item["Key"])
        if not route.mapped_key(item["Key"]):
            raise RoutingError(
                f"of the key {item['Key']!r} nothing is left at {route}",
                operation=operation.name,
                routes=[route],
            )
        shares.setdefault((route.client, route.mapped_bucket), []).append((route, item))
    check_request(operation, params, [route for share in shares.values() for route, _ in share])
    return _delete(operation, params, list(shares.values()))


def clients_asked(params: Params, rules: Rules) -> set[str]:
    """Give the clients that a deletion is about."""
    return {rules.route(params["Bucket"], item["Key"]).client for item in _objects(params)}


def _objects(params: Params) -> Sequence[Params]:
    """Give the objects to delete, none where any of them is not what botocore takes."""
    delete = params.get("Delete")
    objects = delete.get("Objects") if isinstance(delete, dict) else None
    if not isinstance(objects, list | tuple):
        return ()
    well = all(isinstance(item, dict) and _is_key(item.get("Key")) for item in objects)
    return objects if well else ()


def _is_key(key: object) -> bool:
    return isinstance(key, str) and key != ""


def _delete(operation: Operation, params: Params, shares: Sequence[Share]) -> Conversation:
    flows = [_outcome(_call(operation, params, share)) for share in shares]
    outcomes = yield from together(flows)
    answers = [outcome for outcome in outcomes if isinstance(outcome, dict)]
    if not answers:
        raise outcomes[0]
    joined = dict(answers[0])
    order = {_identity(item): place for place, item in enumerate(_objects(params))}
    for member in ("Deleted", "Errors"):
        entries = [
            entry
            for share, outcome in zip(shares, outcomes, strict=True)
            for entry in _entries(share, outcome, member)
        ]
        if len(shares) > 1:
            entries.sort(key=lambda entry: order.get(_identity(entry), len(order)))
        joined.pop(member, None)
        if entries:
            joined[member] = entries
    return joined


def _outcome(call: Call) -> Conversation:
    """Give the store's answer or its failure, which must not hide what another store deleted."""
    try:
        return (yield call)
    except StubResponseError:
        raise  # of a program that tests itself
    except STORE_FAILURES as error:
        return error


def _call(operation: Operation, params: Params, share: Share) -> Call:
    route = share[0][0]
    objects = [{**item, "Key": route.mapped_key(item["Key"])} for route, item in share]
    return Call(
        client=route.client,
        operation=operation,
        params={
            **params,
            "Bucket": route.mapped_bucket,
            "Delete": {**params["Delete"], "Objects": objects},
        },
        names=[(route, item["Key"]) for route, item in share],
    )


def _identity(entry: Params) -> tuple[str | None, str | None]:
    return entry.get("Key"), entry.get("VersionId")


def _entries(share: Share, outcome: Params | Exception, member: str) -> list[Params]:
    """Give one store's ``Deleted`` or ``Errors`` in the caller's names."""
    if isinstance(outcome, Exception):
        if member == "Deleted":
            return []
        return [_failure(route, item, outcome) for route, item in share]
    keys = {route.mapped_key(item["Key"]): item["Key"] for route, item in share}
    entries = outcome.get(member, [])
    return [
        {**entry, "Key": keys.get(entry["Key"], entry["Key"])} if "Key" in entry else entry
        for entry in entries
    ]


def _failure(route: Route, item: Params, error: Exception) -> Params:
    """Say of one object that its store failed, as S3 says that an object could not be deleted."""
    told: Params = {"Message": f"Client {route.client!r} got no answer: {type(error).__name__}"}
    if isinstance(error, ClientError):
        told = dict(error.response.get("Error", {}))
    named: Params = {member: item[member] for member in ("Key", "VersionId") if member in item}
    code = told.get("Code", "ServiceUnavailable")
    return {**named, "Code": code, "Message": told.get("Message", str(error))}
