"""Put a bucket configuration and read it back, by hand."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any

from asking import answered, heard

if TYPE_CHECKING:
    from botwo._rules import Rules

BUCKET = {"Bucket": "data"}


def put_and_get(word: str, rules: Rules, configuration: Any) -> tuple[Any, Any]:
    """Put one rule or configuration: what the store gets, and what reading it back gives."""
    if word == "Lifecycle":
        asked = {**BUCKET, "LifecycleConfiguration": {"Rules": [configuration]}}
        put = heard(rules, "PutBucketLifecycleConfiguration", asked)["LifecycleConfiguration"]
        got = answered(rules, "GetBucketLifecycleConfiguration", BUCKET, put)
        return put["Rules"][0], got["Rules"][0]
    if word == "Replication":
        asked = {**BUCKET, "ReplicationConfiguration": {"Rules": [configuration]}}
        put = heard(rules, "PutBucketReplication", asked)
        del put["Bucket"]
        got = answered(rules, "GetBucketReplication", BUCKET, put)
        member = "ReplicationConfiguration"
        return put[member]["Rules"][0], got[member]["Rules"][0]
    asked = {**BUCKET, "Id": "1", f"{word}Configuration": configuration}
    put = heard(rules, f"PutBucket{word}Configuration", asked)[f"{word}Configuration"]
    member = f"{word}Configuration"
    got = answered(rules, f"GetBucket{word}Configuration", BUCKET, {member: put})
    both = {f"{member}List": [put, copy.deepcopy(put)]}
    many = answered(rules, f"ListBucket{word}Configurations", BUCKET, both)
    assert {f"{member}List": [got[member], got[member]]} == many
    return put, got[member]
