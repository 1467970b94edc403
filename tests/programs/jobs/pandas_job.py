"""pandas: Parquet, CSV, JSON and data sets in partitions, with and without storage options."""

import pandas as pd

FRAME = pd.DataFrame(
    {"day": [1, 1, 2], "city": ["Oslo", "Ürümqi", None], "high": [4.5, float("nan"), 25.5]}
)
ROOTS = ("s3://warehouse/tables", "s3://landing/archive", "s3://landing/today")

for root in ROOTS:
    for number, options in enumerate((None, {"anon": False}, {"default_block_size": 5 * 2**20})):
        asked = {"storage_options": options}
        FRAME.to_parquet(f"{root}/{number}.parquet", **asked)
        FRAME.to_csv(f"{root}/{number}.csv", index=False, **asked)
        FRAME.to_csv(f"{root}/{number}.csv.gz", index=False, **asked)
        FRAME.to_json(f"{root}/{number}.json", **asked)
        print(pd.read_parquet(f"{root}/{number}.parquet", **asked))
        print(pd.read_parquet(f"{root}/{number}.parquet", columns=["city"], **asked))
        print(pd.read_csv(f"{root}/{number}.csv", **asked))
        print(pd.read_csv(f"{root}/{number}.csv.gz", **asked))
        print(pd.read_json(f"{root}/{number}.json", **asked))

# A partitioned data set, its files named at random, and read by folder, by filter and by partition.
for root in ROOTS:
    for number, options in enumerate((None, {"anon": False})):
        asked = {"storage_options": options}
        FRAME.to_parquet(f"{root}/set-{number}", partition_cols=["day"], **asked)
        print(pd.read_parquet(f"{root}/set-{number}", **asked).sort_values("high"))
        print(pd.read_parquet(f"{root}/set-{number}", filters=[("day", "==", 2)], **asked))
        print(pd.read_parquet(f"{root}/set-{number}/day=2", **asked))

# More than one part, read by ranges and by chunks.
numbers = pd.DataFrame({"number": range(400_000), "square": [n * n for n in range(400_000)]})
for root in ROOTS[:2]:
    numbers.to_csv(
        f"{root}/numbers.csv", index=False, storage_options={"default_block_size": 5 * 2**20}
    )
    chunks = pd.read_csv(f"{root}/numbers.csv", chunksize=150_000)
    print([(len(chunk), int(chunk["square"].sum())) for chunk in chunks])
    numbers.to_parquet(f"{root}/numbers.parquet", row_group_size=50_000)
    some = pd.read_parquet(f"{root}/numbers.parquet", filters=[("number", ">", 399_990)])
    print(some["square"].sum(), len(some))

for root in ROOTS:
    for read in (pd.read_parquet, pd.read_csv, pd.read_json):
        try:
            read(f"{root}/no-such-key")
        except FileNotFoundError as error:
            print(read.__name__, type(error).__name__)
