"""DuckDB: tables read and written over a file system of fsspec's that was registered with it."""

import duckdb
import fsspec

duckdb.register_filesystem(fsspec.filesystem("s3"))
duckdb.sql("CREATE TABLE highs (day INTEGER, city TEXT, high DOUBLE)")
duckdb.sql("INSERT INTO highs VALUES (1, 'Oslo', 4.5), (1, 'Ürümqi', NULL), (2, NULL, 25.5)")

for root in ("s3://warehouse/tables", "s3://landing/archive", "s3://landing/today"):
    for day in (1, 2):
        rows = f"SELECT city, high FROM highs WHERE day = {day} ORDER BY high"
        duckdb.sql(f"COPY ({rows}) TO '{root}/set/day={day}/part.parquet' (FORMAT parquet)")
        duckdb.sql(f"COPY ({rows}) TO '{root}/{day}.csv'")
        duckdb.sql(f"COPY ({rows}) TO '{root}/{day}.json'")
    print(duckdb.sql(f"FROM read_parquet('{root}/set/day=1/part.parquet')").fetchall())
    print(duckdb.sql(f"FROM '{root}/set/*/*.parquet' ORDER BY high").fetchall())
    hive = f"read_parquet('{root}/set/**/*.parquet', hive_partitioning = true)"
    print(duckdb.sql(f"SELECT day, count(*) FROM {hive} GROUP BY day ORDER BY day").fetchall())
    print(duckdb.sql(f"SELECT city FROM {hive} WHERE day = 1 ORDER BY city").fetchall())
    print(duckdb.sql(f"FROM read_csv('{root}/*.csv') ORDER BY high").fetchall())
    print(duckdb.sql(f"FROM read_json('{root}/*.json') ORDER BY high").fetchall())
    print(duckdb.sql(f"SELECT file FROM glob('{root}/**') ORDER BY file").fetchall())
    print(duckdb.sql(f"SELECT file_name FROM parquet_metadata('{root}/set/*/*')").fetchall())

# Both stores in one query.
moved, archived = "s3://warehouse/tables/set/*/*.parquet", "s3://landing/*/set/*/*.parquet"
print(duckdb.sql(f"SELECT count(*) FROM '{moved}' JOIN '{archived}' USING (city)").fetchall())
