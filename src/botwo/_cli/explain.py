"""``botwo explain``: which rule claims a name, and why earlier rules did not."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

import botwo
from botwo._cli.configured import ConfigOption, routed
from botwo._cli.endings import misuse
from botwo._cli.names import S3Name, s3_name
from botwo._cli.output import print_json
from botwo._cli.text import shown

if TYPE_CHECKING:
    from botwo._explain import Explanation

EXAMPLES = """Examples:

botwo explain s3://bucket-a/2026/report.csv

botwo explain s3://bucket-a --operation list_objects_v2

botwo explain s3://bucket-a/new.csv --operation copy_object --source s3://test-bucket/old.csv
"""


def explain(
    name: Annotated[str, typer.Argument(metavar="s3://BUCKET/KEY", help="The name to explain.")],
    *,
    operation: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            show_default="get_object, of a bucket head_bucket",
            help="The operation, as boto3's method or as S3's API names it.",
        ),
    ] = None,
    source: Annotated[
        str | None, typer.Option(metavar="s3://BUCKET/KEY", help="What a copy reads.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print a JSON document.")] = False,
    config: ConfigOption = None,
) -> None:
    """Say which rule claims a name, what it is called at its store, and why earlier rules did not.

    No request is sent.
    """
    asked = s3_name(name)
    params = _params(asked, source)
    s3 = routed(config)
    operation = operation or ("get_object" if asked.key else "head_bucket")
    try:
        explanation = _explained(s3, operation, params)
    except (TypeError, ValueError) as error:
        raise misuse(str(error)) from None
    if as_json:
        print_json(_document(explanation))
    else:
        for line in str(explanation).split("\n"):
            typer.echo(shown(line))


def _params(asked: S3Name, source: str | None) -> dict[str, Any]:
    params: dict[str, Any] = {"Bucket": asked.bucket}
    if asked.key:
        params["Key"] = asked.key
    if source is not None:
        found = s3_name(source)
        params["CopySource"] = {"Bucket": found.bucket, "Key": found.key}
    return params


def _explained(s3: Any, operation: str, params: dict[str, Any]) -> Explanation:
    """Explain an operation; of a listing the key is the prefix, of a deletion the one object."""
    try:
        return botwo.explain(s3, operation, **params)
    except TypeError:
        key = params.get("Key", "")
        bucket = {"Bucket": params["Bucket"]}
        if "delete" in operation.lower():
            return botwo.explain(s3, operation, **bucket, Delete={"Objects": [{"Key": key}]})
        return botwo.explain(s3, operation, **bucket, Prefix=key)


def _document(explanation: Explanation) -> dict[str, Any]:
    return {
        "operation": explanation.operation,
        "clients": list(explanation.clients),
        "relayed": explanation.relayed,
        "refused": explanation.refused,
        "names": [
            {
                "bucket": name.bucket,
                "key": name.key,
                "client": name.route.client,
                "mapped_bucket": name.mapped_bucket,
                "mapped_key": name.mapped_key,
                "rule": name.route.place,
                "reasons": [
                    {"rule": reason.place, "claims": reason.claims, "why": reason.why}
                    for reason in name.reasons
                ],
            }
            for name in explanation.names
        ],
    }
