"""Dask, worker processes: data frames read and written by s3:// names."""

import dask.dataframe as dd
import pandas as pd
from distributed import Client, LocalCluster

FRAME = pd.DataFrame({"day": [1, 2] * 50, "number": range(100), "name": ["a", None, "ü", "z"] * 25})


def work(root: str) -> None:
    frame = dd.from_pandas(FRAME, npartitions=2)
    frame.to_parquet(f"{root}/set", write_index=False)
    frame.to_parquet(f"{root}/days", partition_on=["day"], storage_options={"anon": False})
    frame.to_csv(f"{root}/csv/*.csv", index=False)
    frame.to_parquet(f"{root}/set", write_index=False, overwrite=True)
    read = dd.read_parquet(f"{root}/set")
    print(read.npartitions, read.number.sum().compute())
    print(dd.read_parquet(f"{root}/set/*.parquet", storage_options={"anon": False}).compute())
    days = dd.read_parquet(f"{root}/days", filters=[("day", "==", 2)])
    print(days.groupby("name").number.sum().compute().sort_index())
    print(dd.read_csv(f"{root}/csv/*.csv").number.sum().compute())
    print(dd.read_parquet(f"{root}/set", filesystem="arrow").number.sum().compute())


if __name__ == "__main__":
    options = {"n_workers": 2, "threads_per_worker": 2, "dashboard_address": None}
    with LocalCluster(processes=True, **options) as cluster, Client(cluster):
        for root in ("s3://warehouse/tables", "s3://landing/archive", "s3://landing/today"):
            work(root)
