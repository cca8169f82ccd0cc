"""Rows of Parquet files, batch by batch."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from ..columns import Columns
from ..frames.frame import series_codes
from ..frames.ordering import id_order, instants
from ..frames.parsing import parse_numbers, parse_times
from ..frames.rows import Rows

__all__ = ["ParquetRows", "RowBatch", "parquet_paths"]


@dataclass(frozen=True, eq=False)
class RowBatch:
    """Some rows, in the order of the file.

    Args:
        codes: the series of each row, as its position in the ids; int64 of shape (n,).
        stamps: its time as a whole number, int64 of shape (n,).
        values: float64 of shape (n,), NaN where missing.
    """

    codes: np.ndarray
    stamps: np.ndarray
    values: np.ndarray


@dataclass(eq=False)
class ParquetRows:
    """The rows of Parquet files, and the series seen in them so far.

    Args:
        paths: the files, one after the other.
        columns: names of the id, time and target columns.
        batch_rows: most rows in memory at a time.
    """

    paths: list[Path]
    columns: Columns
    batch_rows: int
    _codes: dict[Any, int] = field(default_factory=dict)
    _clock: pd.Index | None = None

    @property
    def ids(self) -> np.ndarray:
        """Ids of the series seen so far, in the order of their first rows or of `sort_ids`."""
        ids = np.empty(len(self._codes), dtype=object)
        ids[:] = list(self._codes)
        return ids

    def sort_ids(self) -> np.ndarray:
        """Number the series by their sorted ids from now on; gives the positions they had."""
        ids = self.ids
        order = id_order(ids)
        self._codes = {name: position for position, name in enumerate(ids[order])}
        return order

    def times(self, stamps: np.ndarray) -> pd.Index:
        """The times behind the stamps of rows, shape (n,)."""
        clock = self._clock
        if not isinstance(clock, pd.DatetimeIndex):
            return pd.Index(stamps)
        times = pd.DatetimeIndex(stamps.view(f"datetime64[{clock.unit}]"))
        return times if clock.tz is None else times.tz_localize("UTC").tz_convert(clock.tz)

    def batches(self) -> Iterator[RowBatch]:
        """All rows, once.

        Raises:
            ValueError: for a missing column, a row without id or time, text or infinity in the
                target, times of two kinds or zones; names the file and the rows.
        """
        for path in self.paths:
            first = 0
            for data in self._frames(path):
                stop = first + len(data)
                try:
                    yield self._read(data)
                except ValueError as error:
                    raise ValueError(f"{path}, rows {first} to {stop - 1}: {error}") from error
                first = stop

    def _frames(self, path: Path) -> Iterator[pd.DataFrame]:
        """Pandas frames of at most `batch_rows` rows."""
        pa, pq = _pyarrow(path)
        try:
            with pq.ParquetFile(path) as file:
                schema = file.schema_arrow
                self._require_columns(path, schema.names)
                kind = schema.field(self.columns.id).type
            text = pa.types.is_string(kind) or pa.types.is_large_string(kind)
            # Text that repeats is read as numbers into a short list of names.
            coded = [self.columns.id] if text else None
            with pq.ParquetFile(path, read_dictionary=coded, pre_buffer=False) as file:
                wanted, most = list(self.columns.names), self.batch_rows
                for batch in file.iter_batches(most, columns=wanted, use_threads=False):
                    if batch.num_rows:
                        yield batch.to_pandas()
                    pa.default_memory_pool().release_unused()
        except pa.ArrowException as error:
            raise ValueError(f"{path} cannot be read as .parquet: {error}.") from error

    def _require_columns(self, path: Path, present: list[str]) -> None:
        missing = [name for name in self.columns.names if name not in present]
        if missing:
            raise ValueError(
                f"{path}: missing column {', '.join(map(repr, missing))}; the file has "
                f"{', '.join(map(repr, present[:10]))}. Say which columns are id, time and target: "
                "Columns(id=, time=, target=)."
            )

    def _read(self, data: pd.DataFrame) -> RowBatch:
        """The rows of a frame."""
        columns = self.columns
        local, names = series_codes(data, columns)

        def series(row: int) -> str:
            return f"series {names[local[row]]!r}"

        times = self._on_clock(parse_times(data[columns.time], columns.time, series))
        values = parse_numbers(
            data[columns.target], lambda row: f"column {columns.target!r} of {series(row)}"
        )
        infinite = np.flatnonzero(np.isinf(values))
        if len(infinite):
            infinite = infinite[np.lexsort((instants(times)[infinite], local[infinite]))]
            Rows(names, local[infinite], times.take(infinite), values[infinite], columns=columns)
        codes = np.array([self._codes.setdefault(name, len(self._codes)) for name in names])
        return RowBatch(codes.astype(np.int64)[local], instants(times), values)

    def _on_clock(self, times: pd.Index) -> pd.Index:
        """The times in the kind, zone and resolution of the first ones."""
        if isinstance(times, pd.DatetimeIndex) and times.unit in ("s", "ms"):
            times = times.as_unit("us")
        if self._clock is None:
            self._clock = times[:0]
        clock = self._clock
        if isinstance(clock, pd.DatetimeIndex) and isinstance(times, pd.DatetimeIndex):
            moved = times.as_unit(clock.unit)
            if str(clock.tz) == str(times.tz) and bool((moved == times).all()):
                return moved
        elif type(clock) is type(times):
            return times
        raise ValueError(
            f"times of column {self.columns.time!r} are {times.dtype} here and were "
            f"{clock.dtype} before. Write all parts with times of one kind, zone and resolution."
        )


def _pyarrow(path: Path) -> tuple[Any, Any]:
    try:
        import pyarrow as pa
        import pyarrow.parquet as pq
    except ImportError as error:
        raise ImportError(f"reading {path} needs pyarrow: pip install pyarrow.") from error
    return pa, pq


def parquet_paths(path: str | Path) -> list[Path]:
    """The Parquet files that a path stands for: itself, or all in a folder, by name.

    Raises:
        FileNotFoundError: if there is none.
    """
    path = Path(path)
    paths = sorted(path.rglob("*.parquet")) if path.is_dir() else [path]
    if not paths or not paths[0].is_file():
        raise FileNotFoundError(f"there is no .parquet file at {path}; check the path.")
    return paths
