"""PySpark in local mode: mapInPandas, whose Python workers are sent a routed client."""

import os
from collections.abc import Iterator

import pandas as pd
from pyspark.sql import SparkSession
from routed import made_of

SCHEMA = "bucket string, key string, content string, pid long"
KEYS = [
    (bucket, f"{folder}/{number}.txt")
    for bucket, folder in (("warehouse", "raw"), ("landing", "archive"), ("landing", "today"))
    for number in range(4)
]


def over(s3):
    def work(frames: Iterator[pd.DataFrame]) -> Iterator[pd.DataFrame]:
        for frame in frames:
            contents = []
            for bucket, key in zip(frame["bucket"], frame["key"], strict=True):
                s3.put_object(Bucket=bucket, Key=key, Body=f"{bucket} {key}".encode())
                contents.append(s3.get_object(Bucket=bucket, Key=key)["Body"].read().decode())
            yield frame.assign(content=contents, pid=os.getpid())

    return work


if __name__ == "__main__":
    spark = (
        SparkSession.builder.master("local[2]").config("spark.ui.enabled", "false").getOrCreate()
    )
    names = spark.createDataFrame(pd.DataFrame(KEYS, columns=["bucket", "key"])).repartition(2)
    for s3 in (made_of("file"), made_of("factories")):
        done = names.mapInPandas(over(s3), SCHEMA)
        for row in sorted(done.collect()):
            print(row.pid == os.getpid(), row.key, row.content)
    spark.stop()
