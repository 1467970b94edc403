"""awswrangler: data sets in Parquet, CSV and JSON, listed, copied, sized and removed."""

import io

import awswrangler as wr
import pandas as pd

frame = pd.DataFrame(
    {"day": [1, 1, 2], "city": ["Oslo", "Rome", "Lima"], "high": [4.5, 14.0, 25.5]}
)

for root in ("s3://warehouse/tables/", "s3://landing/archive/", "s3://landing/today/"):
    wr.s3.to_parquet(frame, f"{root}one.parquet")
    wr.s3.to_csv(frame, f"{root}one.csv", index=False)
    wr.s3.to_json(frame, f"{root}one.json")
    print(root, wr.s3.list_objects(root))
    print(wr.s3.read_parquet(f"{root}one.parquet").to_dict("list"))
    print(wr.s3.read_csv(f"{root}one.csv").to_dict("list"))
    print(wr.s3.read_json(f"{root}one.json").to_dict("list"))
    print(wr.s3.size_objects(f"{root}one.csv"), wr.s3.does_object_exist(f"{root}no.csv"))

# A partitioned data set, whose files are named at random.
wr.s3.to_parquet(frame, "s3://warehouse/sets/highs/", dataset=True, partition_cols=["day"])
print(sorted(wr.s3.list_directories("s3://warehouse/sets/highs/")))
highs = wr.s3.read_parquet("s3://warehouse/sets/highs/", dataset=True)
print(highs.sort_values("city").to_dict("list"))
print(wr.s3.read_parquet_metadata("s3://warehouse/sets/highs/", dataset=True))
wr.s3.to_parquet(
    frame, "s3://warehouse/sets/highs/", dataset=True, partition_cols=["day"], mode="overwrite"
)
print(len(wr.s3.read_parquet("s3://warehouse/sets/highs/", dataset=True)))

# Files, listings by pattern, copies and removals.
wr.s3.upload(io.BytesIO(b"bytes"), "s3://landing/archive/file.bin")
back = io.BytesIO()
wr.s3.download("s3://landing/archive/file.bin", back)
print(back.getvalue())
print(
    wr.s3.copy_objects(
        ["s3://landing/archive/file.bin"], "s3://landing/archive", "s3://warehouse/copied"
    )
)
print(wr.s3.list_objects("s3://landing/*/one.*"))
wr.s3.delete_objects("s3://landing/archive/")
print(wr.s3.list_objects("s3://landing/"), wr.s3.list_objects("s3://warehouse/copied/"))
print("warehouse" in wr.s3.list_buckets())
