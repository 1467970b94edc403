"""Tell engines that read by themselves where a name's store is: polars, delta-rs, DuckDB, Spark."""

from botwo._engines.options import StorageOptions, storage_options
from botwo._engines.routerfs import routerfs_options

__all__ = ["StorageOptions", "routerfs_options", "storage_options"]
