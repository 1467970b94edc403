"""Dask, worker processes: each makes its client as a program of one process does."""

import os

import boto3
from distributed import Client, LocalCluster

KEYS = [
    (bucket, f"{folder}/{number}.txt")
    for bucket, folder in (("warehouse", "raw"), ("landing", "archive"), ("landing", "today"))
    for number in range(4)
]


def work(bucket: str, key: str) -> tuple[int, str, bytes]:
    s3 = boto3.client("s3")
    s3.put_object(Bucket=bucket, Key=key, Body=f"{bucket} {key}".encode())
    return os.getpid(), key, s3.get_object(Bucket=bucket, Key=key)["Body"].read()


if __name__ == "__main__":
    options = {"n_workers": 2, "threads_per_worker": 2, "dashboard_address": None}
    with LocalCluster(processes=True, **options) as cluster, Client(cluster) as dask:
        for pid, key, content in dask.gather([dask.submit(work, *names) for names in KEYS]):
            print(pid == os.getpid(), key, content)
