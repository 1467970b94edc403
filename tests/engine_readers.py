"""Read what a URL names by engines that do so themselves."""

from __future__ import annotations

import io
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import botwo

# What the environment may have for another store.
OTHER_STORE = {
    "AWS_ACCESS_KEY_ID": "other",
    "AWS_SECRET_ACCESS_KEY": "other",
    "AWS_SESSION_TOKEN": "other-token",
    "AWS_REGION": "other-1",
    "AWS_DEFAULT_REGION": "other-1",
    "AWS_SKIP_SIGNATURE": "true",
    "AWS_VIRTUAL_HOSTED_STYLE_REQUEST": "true",
}


def duckdb_settings() -> dict[str, Any]:
    """Have DuckDB find the extension that a package brought."""
    import duckdb_ext

    folder = str(Path(next(iter(duckdb_ext.__path__))) / "extensions")
    return {"extension_directory": folder, "autoinstall_known_extensions": False}


def duckdb_connection() -> Any:
    """Connect to DuckDB with httpfs."""
    import duckdb

    connection = duckdb.connect(config=duckdb_settings())
    connection.execute("LOAD httpfs")
    return connection


def parquet(columns: dict[str, list[Any]]) -> bytes:
    """Make a Parquet file."""
    import polars

    file = io.BytesIO()
    polars.DataFrame(columns).write_parquet(file)
    return file.getvalue()


def read_by_polars(where: botwo.StorageOptions) -> list[int]:
    """Read what a URL names by polars' own reader."""
    import polars

    frame = polars.scan_parquet(where.url, storage_options=where.object_store).collect()
    return sorted(frame["n"].to_list())


def read_by_pyarrow(where: botwo.StorageOptions) -> list[int]:
    """Read what a URL names by Arrow's own filesystem."""
    import pyarrow.dataset
    import pyarrow.fs

    files = pyarrow.fs.S3FileSystem(**where.pyarrow)
    found = pyarrow.dataset.dataset(where.path.rstrip("/"), filesystem=files)
    return sorted(found.to_table()["n"].to_pylist())


def read_by_duckdb(where: botwo.StorageOptions) -> list[int]:
    """Read what a URL names by DuckDB's httpfs."""
    connection = duckdb_connection()
    connection.execute(where.duckdb())
    url = f"{where.url}*.parquet" if where.url.endswith("/") else where.url
    found = connection.execute("SELECT n FROM read_parquet(?)", [url]).fetchall()
    return sorted(n for (n,) in found)


def no_such_object(read: Any) -> type[Exception]:
    """Name the error that a reader raises for an object that is not there."""
    import duckdb

    return duckdb.Error if read is read_by_duckdb else OSError


READERS = [read_by_polars, read_by_pyarrow, read_by_duckdb]
