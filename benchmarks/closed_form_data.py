"""Simulated series of the speed benchmark: in memory, as a long frame, as a Parquet file."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.signal import lfilter

__all__ = ["long_frame", "simulated", "write_parquet"]


def simulated(num_series: int, num_steps: int, seed: int) -> NDArray:
    """Autoregressions with a season and a level of their own, `(num_series, num_steps)`."""
    rng = np.random.default_rng(seed)
    noise = rng.normal(size=(num_series, num_steps))
    season = np.sin(2 * np.pi * (np.arange(num_steps) / 12 + rng.random((num_series, 1))))
    level = rng.uniform(20, 200, (num_series, 1))
    return level + 3 * season + lfilter([1.0], [1.0, -0.5, -0.3], noise, axis=1)


def long_frame(values: NDArray) -> pd.DataFrame:
    """The same as a long frame with integer time."""
    count, steps = values.shape
    names = np.array([f"series {index}" for index in range(count)], dtype=object)
    return pd.DataFrame(
        {
            "unique_id": np.repeat(names, steps),
            "ds": np.tile(np.arange(steps), count),
            "y": values.ravel(),
        }
    )


def write_parquet(path: Path, num_rows: int, seed: int) -> None:
    """A long file, written in pieces."""
    import pyarrow as pa
    from pyarrow import parquet

    writer = None
    for start in range(0, num_rows, 500_000):
        frame = long_frame(simulated(1000, 500, seed + start))[["unique_id", "y"]]
        frame["unique_id"] = f"{start} " + frame["unique_id"]
        table = pa.Table.from_pandas(frame[: num_rows - start], preserve_index=False)
        writer = writer or parquet.ParquetWriter(path, table.schema)
        writer.write_table(table)
    if writer is not None:
        writer.close()
