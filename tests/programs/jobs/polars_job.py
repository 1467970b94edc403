"""polars: frames read and scanned from files that fsspec opened, and written to such."""

import fsspec
import polars as pl

FRAME = pl.DataFrame({"day": [1, 1, 2], "city": ["Oslo", "Ürümqi", None], "high": [4.5, None, 25]})

s3 = fsspec.filesystem("s3")

for root in ("warehouse/tables", "landing/archive", "landing/today"):
    with fsspec.open(f"s3://{root}/one.parquet", "wb") as out:
        FRAME.write_parquet(out)
    with fsspec.open(f"s3://{root}/one.csv", "wb") as out:
        FRAME.write_csv(out)
    with fsspec.open(f"s3://{root}/one.ipc", "wb") as out:
        FRAME.write_ipc(out)
    with s3.open(f"{root}/lazy.parquet", "wb") as out:
        FRAME.lazy().filter(pl.col("day") == 1).sink_parquet(out)

    with fsspec.open(f"s3://{root}/one.parquet") as file:
        print(pl.read_parquet(file))
    with s3.open(f"{root}/one.parquet") as file:
        print(pl.scan_parquet(file).filter(pl.col("day") == 2).collect())
    with fsspec.open(f"s3://{root}/one.csv") as file:
        print(pl.read_csv(file))
    with fsspec.open(f"s3://{root}/one.ipc") as file:
        print(pl.read_ipc(file))
    with fsspec.open_files(f"s3://{root}/*.parquet") as files:
        print(pl.read_parquet(list(files)).sort("day", "high"))
    print(pl.read_parquet(f"s3://{root}/one.parquet", use_pyarrow=True))
