"""Engines that read by themselves read and write where the mapping says, two stores at once."""

from __future__ import annotations

import contextlib
import io
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from engine_readers import (
    OTHER_STORE,
    READERS,
    duckdb_connection,
    duckdb_settings,
    parquet,
)
from servers import Server, ensure, reset

import botwo

pytestmark = pytest.mark.engines

# Keys that a URL, a pattern or SQL could take for something else.
ODD = ["a b", "a+b", "a#b", "a&b;c", "ü/日本", "it's", 'a"b', "a:b@c", "a%b", "a(b)!$~", "a|b"]


def config_file(aws: Server, lakefs: Server, rule: str) -> str:
    """Write a config file of two stores whose keys are in KEY_ONE and KEY_TWO."""
    return f"""
[clients.aws]
endpoint_url = "{aws.endpoint_url}"
region_name = "us-east-1"
aws_access_key_id = "{aws.access_key}"
aws_secret_access_key = "${{KEY_ONE}}"

[clients.lakefs]
type = "lakefs"
endpoint_url = "{lakefs.endpoint_url}"
aws_access_key_id = "{lakefs.access_key}"
aws_secret_access_key = "${{KEY_TWO}}"

[[mapping]]
{rule}
client = "lakefs"
key_prefix = "dev/"

[[mapping]]
bucket_name = "*"
client = "aws"
"""


@pytest.fixture(scope="module")
def s3(moto_a: Server, moto_b: Server) -> Any:
    """A routed client whose two stores have other objects under the same names."""
    for server, number in ((moto_a, 1), (moto_b, 2)):
        reset(server)
        plain = server.client()
        plain.create_bucket(Bucket="data")
        for key in ("t/x.parquet", "dev/t/x.parquet"):
            plain.put_object(Bucket="data", Key=key, Body=parquet({"n": [number]}))
    return botwo.client(
        {"one": moto_a.client(), "two": moto_b.client()},
        [
            {"bucket_name": "moved", "client": "two", "mapped_bucket_name": "data",
             "key_prefix": "dev/"},
            {"bucket_name": "*", "client": "one"},
        ],
    )  # fmt: skip


@pytest.mark.parametrize("name", ["t/x.parquet", "t/"])
@pytest.mark.parametrize("read", READERS)
def test_an_engine_reads_two_stores_in_one_program(s3: Any, read: Any, name: str) -> None:
    """An object and a folder are read from the store that their bucket's rule names."""
    found = [
        read(botwo.storage_options(f"s3://{bucket}/{name}", s3)) for bucket in ("data", "moved")
    ]

    assert [[1], [2]] == found


def test_one_query_joins_two_stores(s3: Any) -> None:
    """DuckDB takes each URL's secret by its scope, both in one connection."""
    import duckdb

    ensure(s3, "left")
    s3.put_object(Bucket="left", Key="x.parquet", Body=parquet({"n": [1, 2, 3]}))
    left = botwo.storage_options("s3://left/x.parquet", s3)
    right = botwo.storage_options("s3://moved/t/x.parquet", s3)
    connection = duckdb_connection()
    connection.execute(left.duckdb())
    connection.execute(right.duckdb())

    found = connection.execute(
        "SELECT n FROM read_parquet(?) AS a JOIN read_parquet(?) AS b USING (n)",
        [left.url, right.url],
    )

    assert [(2,)] == found.fetchall()
    with pytest.raises(duckdb.Error):  # no secret reaches beyond its scope
        connection.execute("SELECT * FROM read_parquet('s3://data/t/x.parquet')")


def test_delta_tables_live_in_two_stores(s3: Any, moto_b: Server) -> None:
    """delta-rs writes, appends and reads each table in its own store, and nothing in the other."""
    import deltalake
    import pyarrow

    for number, bucket in enumerate(("data", "moved")):
        where = botwo.storage_options(f"s3://{bucket}/table", s3)
        for value in (number, number + 10):
            deltalake.write_deltalake(
                where.url,
                pyarrow.table({"n": [value]}),
                mode="append",
                storage_options=where.object_store,
            )

    tables = []
    for bucket in ("data", "moved"):
        where = botwo.storage_options(f"s3://{bucket}/table/", s3)
        table = deltalake.DeltaTable(where.url, storage_options=where.object_store)
        tables.append(sorted(table.to_pyarrow_table()["n"].to_pylist()))
    assert [[0, 10], [1, 11]] == tables
    listed = moto_b.client().list_objects_v2(Bucket="data", Prefix="dev/table/_delta_log/")
    assert 2 == listed["KeyCount"]


def test_an_engine_signs_with_the_stores_own_credentials(moto_a: Server, rclone_b: Server) -> None:
    """A server that checks signatures takes what each engine writes, and refuses other keys."""
    import deltalake
    import polars
    import pyarrow.fs

    ensure(rclone_b.client(), "signed")
    s3 = botwo.client(
        {"one": moto_a.client(), "two": rclone_b.client()},
        [
            {"bucket_name": "moved", "client": "two", "mapped_bucket_name": "signed"},
            {"bucket_name": "*", "client": "one"},
        ],
    )
    where = botwo.storage_options("s3://moved/", s3)
    frame = polars.DataFrame({"n": [1]})

    frame.write_parquet(f"{where.url}by-polars", storage_options=where.object_store)
    deltalake.write_deltalake(
        f"{where.url}by-delta", frame.to_arrow(), storage_options=where.object_store
    )
    connection = duckdb_connection()
    connection.execute(where.duckdb())
    connection.execute(f"COPY (SELECT 1) TO '{where.url}by-duckdb.csv'")

    listed = rclone_b.client().list_objects_v2(Bucket="signed", Delimiter="/")
    names = [each["Key"] for each in listed["Contents"]]
    names += [each["Prefix"] for each in listed["CommonPrefixes"]]
    assert ["by-delta/", "by-duckdb.csv", "by-polars"] == sorted(names)
    # rclone's server takes no upload of Arrow's, which comes without its length.
    files = pyarrow.fs.S3FileSystem(**where.pyarrow)
    assert files.get_file_info(f"{where.path}by-polars").is_file
    other = {**where.object_store, "aws_secret_access_key": "x"}
    with pytest.raises(OSError, match="SignatureDoesNotMatch"):
        frame.write_parquet(f"{where.url}refused", storage_options=other)


@pytest.mark.parametrize("name", ODD)
@pytest.mark.parametrize("read", READERS)
def test_a_key_with_odd_characters_is_that_key(s3: Any, read: Any, name: str) -> None:
    """Engines take the URL as it is, whatever characters the key has."""
    key = f"odd/{name}/x.parquet"
    s3.put_object(Bucket="moved", Key=key, Body=parquet({"n": [7]}))

    assert [7] == read(botwo.storage_options(f"s3://moved/{key}", s3))


@pytest.mark.parametrize("name", ODD)
def test_delta_rs_reads_a_quoted_url(s3: Any, name: str, moto_b: Server) -> None:
    """delta-rs decodes its URL, and the quoted one is the key that was meant."""
    import deltalake
    import pyarrow

    where = botwo.storage_options(f"s3://moved/table/{name}", s3)

    deltalake.write_deltalake(
        where.quoted_url, pyarrow.table({"n": [1]}), storage_options=where.object_store
    )

    log = f"dev/table/{name}/_delta_log/00000000000000000000.json"
    assert moto_b.client().head_object(Bucket="data", Key=log)


def test_polars_writes_and_scans_partitions(s3: Any, moto_b: Server) -> None:
    """A folder of partitions is written and read through a pattern, in the mapped store."""
    import polars

    for day in ("1", "2"):
        key = f"days/day={day}/x.parquet"
        where = botwo.storage_options(f"s3://moved/{key}", s3)
        polars.DataFrame({"n": [int(day)]}).write_parquet(
            where.url, storage_options=where.object_store
        )

    where = botwo.storage_options("s3://moved/days/**/*.parquet", s3)
    frame = polars.scan_parquet(
        where.url, storage_options=where.object_store, hive_partitioning=True
    )

    assert [(1, 1), (2, 2)] == sorted(frame.collect().select("n", "day").rows())


ENDPOINTS = ["AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL", "AWS_ENDPOINT"]


@pytest.mark.parametrize("read", READERS)
def test_the_environment_takes_no_engine_to_another_store(
    s3: Any, moto_a: Server, read: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever endpoint and credentials the environment names, the store is the one of the rule."""
    for name, value in OTHER_STORE.items():
        monkeypatch.setenv(name, value)
    for name in ENDPOINTS:
        monkeypatch.setenv(name, moto_a.endpoint_url)

    assert [2] == read(botwo.storage_options("s3://moved/t/x.parquet", s3))


def test_the_documented_examples_run(
    moto_a: Server, moto_b: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The Python blocks of docs/engines.md run in order, and print the text that follows them."""
    monkeypatch.chdir(tmp_path)
    columns = {"item": ["apple", "pear"]}
    for server, bucket, key, more in (
        (moto_a, "landing", "prices.parquet", {"price": [2, 4]}),
        (moto_b, "bucket-a", "dev/sales/2026.parquet", {"amount": [3, 5]}),
    ):
        plain = server.client()
        ensure(plain, bucket)
        plain.put_object(Bucket=bucket, Key=key, Body=parquet({**columns, **more}))
    monkeypatch.setenv("KEY_ONE", moto_a.secret_key)
    monkeypatch.setenv("KEY_TWO", moto_b.secret_key)
    for file, rule in (
        ("botwo.toml", 'bucket_name = "bucket-a"'),
        ("spark.toml", 'bucket_name = "bucket-a"\nmapped_bucket_name = "example-repo"'),
    ):
        Path(file).write_text(config_file(moto_a, moto_b, rule))
    page = Path(__file__).parents[2] / "docs" / "engines.md"
    blocks = re.findall(r"```(python|text)\n(.*?)```", page.read_text(), re.DOTALL)
    namespace: dict[str, Any] = {"settings": duckdb_settings()}
    output = io.StringIO()

    with contextlib.redirect_stdout(output):
        for language, block in blocks:
            if language == "python":
                exec(compile(block, page.name, "exec"), namespace)

    assert "".join(block for language, block in blocks if language == "text") == output.getvalue()


def test_a_program_of_its_own_finds_its_config(
    s3: Any, moto_a: Server, moto_b: Server, tmp_path: Path
) -> None:
    """A program needs no more than a config file, a URL and an engine."""
    rule = 'bucket_name = "moved"\nmapped_bucket_name = "data"'
    (tmp_path / "botwo.toml").write_text(config_file(moto_a, moto_b, rule))
    program = """
import botwo, polars
for bucket in ("data", "moved"):
    where = botwo.storage_options(f"s3://{bucket}/t/x.parquet")
    frame = polars.scan_parquet(where.url, storage_options=where.object_store)
    print(where.client, frame.collect()["n"].to_list())
"""
    keys = {"KEY_ONE": moto_a.secret_key, "KEY_TWO": moto_b.secret_key}

    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=tmp_path,
        env={**os.environ, **keys},
        capture_output=True,
        text=True,
        check=False,
    )

    assert ("aws [1]\nlakefs [2]\n", 0) == (done.stdout, done.returncode), done.stderr
