"""Dask, worker processes: each is sent the routed client that this process made."""

import os

from distributed import Client, LocalCluster
from routed import made_of

KEYS = [
    (bucket, f"{folder}/{number}.txt")
    for bucket, folder in (("warehouse", "raw"), ("landing", "archive"), ("landing", "today"))
    for number in range(4)
]


def work(s3, bucket: str, key: str) -> tuple[int, str, bytes]:
    s3.put_object(Bucket=bucket, Key=key, Body=f"{bucket} {key}".encode())
    return os.getpid(), key, s3.get_object(Bucket=bucket, Key=key)["Body"].read()


if __name__ == "__main__":
    options = {"n_workers": 2, "threads_per_worker": 2, "dashboard_address": None}
    with LocalCluster(processes=True, **options) as cluster, Client(cluster) as dask:
        for s3 in (made_of("file"), made_of("factories")):
            futures = [dask.submit(work, s3, *names) for names in KEYS]
            for pid, key, content in dask.gather(futures):
                print(pid == os.getpid(), key, content)
