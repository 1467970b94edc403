"""An ordinary boto3 job: it reads data files, computes and writes reports with one S3 client."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import urllib.request
from collections import defaultdict
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from types_boto3_s3 import S3Client

_SECONDS = 30


def job(s3: S3Client) -> dict[str, object]:
    """Make the reports and return the main figures."""
    units = json.loads(_read(s3, "test-bucket", "weather/columns.json"))
    weather = [
        *_keys(s3, "test-bucket", "archive/weather/"),
        *_keys(s3, "test-bucket", "weather/seattle-"),
    ]
    rain = _rain_by_month(row for key in weather for row in _rows(s3, "test-bucket", key))
    renewable = _renewable_share(_rows(s3, "example-old-bucket", "energy/iowa-electricity.csv"))

    _write_json(
        s3,
        "bucket-a",
        "reports/rain-by-month.json",
        {"unit": units["precipitation"]["unit"], "rain": rain},
    )
    s3.upload_fileobj(io.BytesIO(_as_csv(renewable)), "bucket-a", "reports/renewable-share.csv")
    _write_json(
        s3, "test-bucket", "weather/wettest.json", {"month": max(rain, key=rain.__getitem__)}
    )
    _write_index(s3)
    _keep_backup(s3)
    _leave_no_scratch(s3)
    return {
        "wettest month": max(rain, key=rain.__getitem__),
        "rain in it": f"{max(rain.values())} {units['precipitation']['unit']}",
        "renewable electricity": f"{renewable['2001']} % in 2001, {renewable['2017']} % in 2017",
        "solar data": _solar_data(s3),
        "report read through its link": _digest_through_link(s3),
    }


def _keys(s3: S3Client, bucket: str, prefix: str) -> list[str]:
    pages = s3.get_paginator("list_objects_v2").paginate(
        Bucket=bucket, Prefix=prefix, PaginationConfig={"PageSize": 1}
    )
    return [entry["Key"] for page in pages for entry in page.get("Contents", [])]


def _read(s3: S3Client, bucket: str, key: str) -> str:
    return s3.get_object(Bucket=bucket, Key=key)["Body"].read().decode()


def _rows(s3: S3Client, bucket: str, key: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(_read(s3, bucket, key))))


def _write_json(s3: S3Client, bucket: str, key: str, content: object) -> None:
    body = json.dumps(content, indent=2, ensure_ascii=False).encode()
    s3.put_object(Bucket=bucket, Key=key, Body=body, ContentType="application/json")


def _rain_by_month(rows: Iterable[Mapping[str, str]]) -> dict[str, float]:
    rain: defaultdict[str, float] = defaultdict(float)
    for row in rows:
        rain[row["date"][:7]] += float(row["precipitation"])
    return {month: round(amount, 1) for month, amount in sorted(rain.items())}


def _renewable_share(rows: Iterable[Mapping[str, str]]) -> dict[str, float]:
    total: defaultdict[str, int] = defaultdict(int)
    renewable: dict[str, int] = {}
    for row in rows:
        year, generated = row["year"][:4], int(row["net_generation"])
        total[year] += generated
        if row["source"] == "Renewables":
            renewable[year] = generated
    return {year: round(100 * renewable[year] / total[year], 1) for year in sorted(total)}


def _as_csv(share: Mapping[str, float]) -> bytes:
    return "".join(
        ["year,percent\n", *(f"{year},{percent}\n" for year, percent in share.items())]
    ).encode()


def _write_index(s3: S3Client) -> None:
    """List what the archive holds, in the archive."""
    keys = _keys(s3, "test-bucket", "archive/weather/")
    sizes = {key: s3.head_object(Bucket="test-bucket", Key=key)["ContentLength"] for key in keys}
    _write_json(s3, "test-bucket", "archive/index.json", sizes)


def _keep_backup(s3: S3Client) -> None:
    s3.copy_object(
        CopySource={"Bucket": "example-old-bucket", "Key": "energy/iowa-electricity.csv"},
        Bucket="example-old-bucket",
        Key="backup/iowa-electricity.csv",
    )


def _leave_no_scratch(s3: S3Client) -> None:
    """Write intermediate objects, as jobs do, and delete them together."""
    keys = ["scratch/part-1", "scratch/part-2"]
    for key in keys:
        s3.put_object(Bucket="bucket-a", Key=key, Body=key.encode())
    s3.delete_objects(Bucket="bucket-a", Delete={"Objects": [{"Key": key} for key in keys]})


def _solar_data(s3: S3Client) -> str:
    try:
        return _read(s3, "example-old-bucket", "energy/solar.csv")
    except s3.exceptions.NoSuchKey:
        return "none yet"


def _digest_through_link(s3: S3Client) -> str:
    """Fetch a report as somebody without credentials would: through a presigned URL."""
    name = {"Bucket": "bucket-a", "Key": "reports/rain-by-month.json"}
    link = s3.generate_presigned_url("get_object", Params=name, ExpiresIn=_SECONDS)
    with urllib.request.urlopen(link, timeout=_SECONDS) as answer:
        return f"sha256 {hashlib.sha256(answer.read()).hexdigest()[:16]}"
