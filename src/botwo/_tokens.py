"""Continuation tokens of our own: where a listing ended, for the mapping that it was made under.

They are self-contained, so they outlive the client and the process that made them, and hold no more
than what the caller was told already.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
from typing import Any

from botocore.exceptions import ClientError

_BAD_TOKEN = "The continuation token provided is incorrect"


def make_token(mapping: object, after: str) -> str:
    """Make the token of a listing that ended at ``after``.

    Args:
        mapping: What the listing depends on, good for JSON.
        after: The last name that was listed.
    """
    position = json.dumps({"botwo": _digest(mapping), "after": after})
    return base64.b64encode(position.encode()).decode()


def read_token(token: str, mapping: object, operation: str) -> str:
    """Give where the listing of a token ended.

    Raises:
        ClientError: The token is none of ours, or of another mapping; as S3 says it.
    """
    position = _position(token)
    if position is None or position["botwo"] != _digest(mapping):
        raise bad_token(operation)
    after: str = position["after"]
    return after


def is_our_token(token: object) -> bool:
    """Tell whether a token was made here, and so means nothing to a store."""
    return isinstance(token, str) and _position(token) is not None


def bad_token(operation: str) -> ClientError:
    """Make the error that S3 answers a token with that is not its own.

    Source: S3's answer to ``continuation-token``; its API reference does not list it.
    """
    error = {"Code": "InvalidArgument", "Message": _BAD_TOKEN, "ArgumentName": "continuation-token"}
    answer: Any = {
        "Error": error,
        "ResponseMetadata": {"HTTPStatusCode": 400, "HTTPHeaders": {}, "RetryAttempts": 0},
    }
    wrong = ClientError(answer, operation)
    wrong.add_note(
        "botwo: the token was made by another client, for another bucket or under other rules; "
        "list again from its start, or behind the last name that was listed"
    )
    return wrong


def _position(token: str) -> dict[str, str] | None:
    try:
        position = json.loads(base64.b64decode(token, validate=True))
        ours = isinstance(position, dict) and all(
            isinstance(position.get(member), str) for member in ("botwo", "after")
        )
        if ours:
            position["after"].encode()  # half of a surrogate pair is no name
    except (binascii.Error, ValueError, RecursionError):
        return None
    return position if ours else None


def _digest(mapping: object) -> str:
    return hashlib.sha256(json.dumps(mapping).encode()).hexdigest()[:16]
