"""One Parquet data set: each tool reads what each tool wrote, and all frames are equal."""

import datetime

import dask.dataframe as dd
import duckdb
import fsspec
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.dataset as ds
from pyarrow import fs

ROWS = 1_000
_BEGIN = datetime.datetime(2026, 11, 25, 12)
TABLE = pa.table(
    {
        "number": pa.array(range(ROWS), pa.int64()),
        "half": pa.array([None if n % 7 == 0 else n / 2 for n in range(ROWS)], pa.float64()),
        "city": pa.array([("Oslo", "Ürümqi", None)[n % 3] for n in range(ROWS)], pa.string()),
        "even": pa.array([n % 2 == 0 for n in range(ROWS)], pa.bool_()),
        "time": pa.array(
            [_BEGIN + datetime.timedelta(microseconds=n) for n in range(ROWS)], pa.timestamp("us")
        ),
    }
)
PARTS = TABLE.slice(0, 600), TABLE.slice(600)

s3 = fsspec.filesystem("s3")
arrow = fs.PyFileSystem(fs.FSSpecHandler(s3))
duckdb.register_filesystem(s3)


def written_by_pandas(root: str) -> None:
    for number, part in enumerate(PARTS):
        part.to_pandas().to_parquet(f"s3://{root}/part-{number}.parquet")


def written_by_polars(root: str) -> None:
    for number, part in enumerate(PARTS):
        with fsspec.open(f"s3://{root}/part-{number}.parquet", "wb") as out:
            pl.from_arrow(part).write_parquet(out)


def written_by_pyarrow(root: str) -> None:
    ds.write_dataset(
        TABLE, root, filesystem=arrow, format="parquet",
        max_rows_per_file=600, max_rows_per_group=300,
    )  # fmt: skip


def written_by_duckdb(root: str) -> None:
    for number, _ in enumerate(PARTS):
        rows = f"(SELECT * FROM TABLE WHERE number // 600 = {number} ORDER BY number)"
        duckdb.sql(f"COPY {rows.replace('TABLE', 'given')} TO 's3://{root}/part-{number}.parquet'")


def written_by_dask(root: str) -> None:
    dd.from_pandas(TABLE.to_pandas(), npartitions=2).to_parquet(f"s3://{root}", write_index=False)


def read_by_pandas(root: str) -> pa.Table:
    return pa.Table.from_pandas(pd.read_parquet(f"s3://{root}"), preserve_index=False)


def read_by_polars(root: str) -> pa.Table:
    with fsspec.open_files(f"s3://{root}/*.parquet") as files:
        return pl.scan_parquet(list(files)).collect().to_arrow()


def read_by_pyarrow(root: str) -> pa.Table:
    return ds.dataset(root, filesystem=arrow).to_table()


def read_by_duckdb(root: str) -> pa.Table:
    return duckdb.sql(f"FROM 's3://{root}/*.parquet'").to_arrow_table()


def read_by_dask(root: str) -> pa.Table:
    return pa.Table.from_pandas(dd.read_parquet(f"s3://{root}").compute(), preserve_index=False)


TOOLS = ("pandas", "polars", "pyarrow", "duckdb", "dask")

given = TABLE
for root in ("warehouse/sets", "landing/archive", "landing/today"):
    for writer in TOOLS:
        globals()[f"written_by_{writer}"](f"{root}/{writer}")
        for reader in TOOLS:
            read = globals()[f"read_by_{reader}"](f"{root}/{writer}")
            equal = read.select(TABLE.column_names).cast(TABLE.schema).sort_by("number") == TABLE
            print(root, writer, reader, "equal" if equal else read)
