"""zarr and xarray: arrays in chunks, written, extended and read by s3:// names."""

import numpy as np
import xarray as xr
import zarr

for root in ("s3://warehouse/arrays", "s3://landing/archive", "s3://landing/today"):
    array = zarr.create_array(
        f"{root}/plain.zarr", shape=(20, 30), chunks=(10, 15), dtype="int32",
        storage_options={"anon": False},
    )  # fmt: skip
    array[:] = np.arange(600).reshape(20, 30)
    array[3:5, 7] = -1
    again = zarr.open_array(f"{root}/plain.zarr", mode="r")
    print(again[2:6, 6:9], int(again[:].sum()))

    highs = xr.Dataset(
        {"high": (("day", "city"), np.linspace(0, 1, 12).reshape(4, 3))},
        coords={"day": [1, 2, 3, 4], "city": [7, 8, 9]},
    )
    highs.to_zarr(f"{root}/highs.zarr", mode="w", consolidated=False)
    highs.assign_coords(day=[5, 6, 7, 8]).to_zarr(
        f"{root}/highs.zarr", append_dim="day", consolidated=False
    )
    with xr.open_zarr(f"{root}/highs.zarr", consolidated=False) as found:
        print(sorted(found.sizes.items()), found.high.sel(city=8).values)
    print(sorted(zarr.open_group(f"{root}/highs.zarr", mode="r").array_keys()))
