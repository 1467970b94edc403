"""Ask a flow by hand, without client or socket: what the store hears, what the caller is told."""

from __future__ import annotations

import copy
import functools
from typing import TYPE_CHECKING, Any

from botocore.loaders import Loader
from botocore.model import ServiceModel

from botwo import _operations
from botwo._calls import Call
from botwo._flows import flow
from botwo._mapping import read_mapping
from botwo._operations import LEAVES, Kind
from botwo._rules import Rules

if TYPE_CHECKING:
    from botwo._operations import Operation
    from botwo._translation import Params

# Only what botocore itself ships: a machine may have models of its own in its home folder.
_LOADER = Loader(extra_search_paths=[Loader.BUILTIN_DATA_PATH], include_default_search_paths=False)
API = _LOADER.load_service_model("s3", "service-2")
MODEL = ServiceModel(API, "s3")
# Leaves of the table that the installed botocore is too old to have.
NOT_IN_MODEL = {
    (Kind.REPLICATION_FILTER, leaf)
    for leaf in LEAVES[Kind.REPLICATION_FILTER]
    if ".Not." in leaf and "ReplicationRuleNotOperator" not in API["shapes"]
}


def mapping(*entries: dict[str, Any]) -> Rules:
    """Rules, checked as a client's are."""
    return Rules(rules=read_mapping(entries, {entry["client"] for entry in entries}))


# The rules of most tests: bucket "data" is "repo" at the store, its keys lie under "dev/" there.
DEFAULT = {"bucket_name": "*", "client": "store"}
MOVED = mapping(
    {"bucket_name": "data", "client": "store", "mapped_bucket_name": "repo", "key_prefix": "dev/"},
    DEFAULT,
)
RENAMED = mapping({"bucket_name": "data", "client": "store", "mapped_bucket_name": "repo"}, DEFAULT)
SAME = mapping(DEFAULT)
# Keys under "logs/" of bucket "data" lie in another store.
SPLIT = mapping(
    {"bucket_name": "data", "client": "other", "source_prefix": "logs/"},
    {"bucket_name": "data", "client": "store", "mapped_bucket_name": "repo", "key_prefix": "dev/"},
    DEFAULT,
)


@functools.cache
def known(name: str) -> Operation:
    """An operation of the installed model."""
    return _operations.operation(name, MODEL.operation_model(name))


def call(rules: Rules, operation: str | Operation, params: Params) -> Call:
    """The first call of a request; what the caller passed must be as it was."""
    asked = known(operation) if isinstance(operation, str) else operation
    before = copy.deepcopy(params)
    served = flow(asked, params, rules)
    found = served if isinstance(served, Call) else next(served)
    assert isinstance(found, Call)
    assert before == params
    return found


def heard(rules: Rules, operation: str | Operation, params: Params) -> Params:
    """What the store is asked."""
    return call(rules, operation, params).params


def answered(rules: Rules, operation: str | Operation, params: Params, response: Params) -> Params:
    """What the caller is answered, where the store gives this response to the only call."""
    asked = known(operation) if isinstance(operation, str) else operation
    response = copy.deepcopy(response)
    served = flow(asked, params, rules)
    if isinstance(served, Call):
        return served.answer(response)
    first = next(served)
    assert isinstance(first, Call)
    try:
        served.send(first.answer(response))
    except StopIteration as stop:
        answer: Params = stop.value
        return answer
    raise AssertionError("the flow asks more than one call")
