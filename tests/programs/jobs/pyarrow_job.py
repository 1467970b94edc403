"""pyarrow: tables and data sets by a file system of fsspec's, and by names alone."""

import fsspec
import pyarrow as pa
import pyarrow.dataset as ds
import pyarrow.parquet as pq
from pyarrow import csv, feather, fs

TABLE = pa.table({"day": [1, 1, 2, 3], "city": ["Oslo", "Rome", None, "Ürümqi"]})
ROOTS = ("warehouse/tables", "landing/archive", "landing/today")

s3 = fs.PyFileSystem(fs.FSSpecHandler(fsspec.filesystem("s3")))

for root in ROOTS:
    pq.write_table(TABLE, f"{root}/one.parquet", filesystem=s3)
    print(pq.read_table(f"{root}/one.parquet", filesystem=s3).to_pydict())
    print(pq.read_schema(f"{root}/one.parquet", filesystem=s3).names)
    print(pq.ParquetFile(f"{root}/one.parquet", filesystem=s3).metadata.num_rows)
    with s3.open_output_stream(f"{root}/one.csv") as out:
        csv.write_csv(TABLE, out)
    with s3.open_input_stream(f"{root}/one.csv") as lines:
        print(csv.read_csv(lines).to_pydict())
    with s3.open_output_stream(f"{root}/one.feather") as out:
        feather.write_feather(TABLE, out)
    with s3.open_input_file(f"{root}/one.feather") as file:
        print(feather.read_table(file).to_pydict(), file.size())

    ds.write_dataset(
        TABLE, f"{root}/set", filesystem=s3, format="parquet", partitioning=["day"],
        partitioning_flavor="hive", existing_data_behavior="overwrite_or_ignore",
    )  # fmt: skip
    found = ds.dataset(f"{root}/set", filesystem=s3, partitioning="hive")
    print(sorted(found.files))
    print(found.to_table(filter=ds.field("day") > 1).sort_by("day").to_pydict())
    print(found.count_rows(), found.head(1).num_rows)
    pq.write_to_dataset(TABLE, f"{root}/drawn", partition_cols=["day"], filesystem=s3)
    print(pq.ParquetDataset(f"{root}/drawn", filesystem=s3).read().sort_by("city").to_pydict())

    files = s3.get_file_info(fs.FileSelector(root, recursive=True))
    print(sorted((file.path, file.type.name) for file in files if "drawn" not in file.path))
    print(s3.get_file_info([f"{root}/one.csv", f"{root}/no-such-key"]))

# Moves and copies, from the one bucket to the other.
s3.copy_file("landing/today/one.csv", "warehouse/copied/one.csv")
s3.move("warehouse/copied/one.csv", "landing/archive/moved.csv")
s3.delete_file("landing/today/one.csv")
s3.delete_dir("landing/today/drawn")
print(s3.get_file_info(fs.FileSelector("warehouse/copied", allow_not_found=True)))
print(s3.open_input_stream("landing/archive/moved.csv").read())
fs.copy_files(
    "warehouse/tables/set", "landing/archive/copy", source_filesystem=s3, destination_filesystem=s3
)
print(ds.dataset("landing/archive/copy", filesystem=s3).count_rows())

# Names alone.
for root in ROOTS:
    pq.write_table(TABLE, f"s3://{root}/named.parquet")
    print(pq.read_table(f"s3://{root}/named.parquet").to_pydict())
    print(ds.dataset(f"s3://{root}/set", partitioning="hive").count_rows())
    found, path = fs.FileSystem.from_uri(f"s3://{root}/named.parquet")
    print(found.get_file_info(path).size == found.open_input_file(path).size(), path)
    print(isinstance(found, fs.FileSystem), isinstance(fs.LocalFileSystem(), fs.FileSystem))
