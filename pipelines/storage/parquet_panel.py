"""A panel that may be larger than memory, out of Parquet files."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from ..calendar.frequency import Frequency
from ..calendar.infer import frequency_of
from ..columns import Columns
from ..frames.frame import Reading
from ..frames.layout import Layout
from ..frames.ordering import runs, sorting_order
from ..frames.rows import Rows, grid_positions, reading_notes, refuse_sparse, refuse_two_frequencies
from ..panel import Panel
from .extents import Extents
from .folder import new_folder, open_panel, write_panel
from .parquet_rows import ParquetRows, RowBatch, parquet_paths
from .slots import Slots

__all__ = ["read_parquet_panel"]

# The frequency is inferred from the earliest times of the first series.
_SAMPLE_SERIES, _SAMPLE_TIMES = 100, 5000


def read_parquet_panel(
    path: str | Path,
    folder: str | Path,
    columns: Columns = Columns(),
    freq: Any = None,
    batch_rows: int = 1 << 19,
) -> Reading:
    """Read a long frame out of Parquet into a memory-mapped panel, however large it is.

    The rows are read twice, in batches, in whatever order they are: first where each series
    begins and ends, then each value into its place in a file. Memory is proportional to
    ``batch_rows + num_series``, not to the number of rows. The panel is the one that `read_frame`
    makes: gaps become steps without a value, missing values at either end of a series are
    trimmed, series without any value are left out.

    Args:
        path: a .parquet file, or a folder of them.
        folder: where to put the panel; it must not exist. `open_panel` opens it again.
        columns: names of the id, time and target columns.
        freq: pandas alias, offset, integer step; None to infer it from the earliest times of the
            first 100 series.
        batch_rows: most rows in memory at a time, at least 1.

    Returns:
        The panel, its values memory-mapped, with notes on what was done.

    Raises:
        FileNotFoundError: if there is no .parquet file at `path`.
        FileExistsError: if `folder` exists.
        ImportError: without pyarrow.
        ValueError: as `read_frame` for a long frame; for covariates or several targets. Nothing
            is left behind then.

    Example:
        >>> import tempfile
        >>> frame = pd.DataFrame({"unique_id": "a", "ds": [3, 1, 5, 4], "y": [3.0, 1.0, 5.0, 4.0]})
        >>> with tempfile.TemporaryDirectory() as place:
        ...     frame.to_parquet(f"{place}/rows.parquet")
        ...     read = read_parquet_panel(f"{place}/rows.parquet", f"{place}/panel")
        ...     read.panel.row(0).tolist()
        [1.0, nan, 3.0, 4.0, 5.0]
    """
    if batch_rows < 1:
        raise ValueError(f"batch_rows must be at least 1; got {batch_rows}.")
    if columns.all_names != columns.names or columns.channels:
        raise ValueError(
            f"only an id, a time and one target column are read; got {columns.all_names}. Read "
            "covariates and several targets with read_frame."
        )
    rows = ParquetRows(parquet_paths(path), columns, batch_rows)
    with new_folder(folder) as temporary:
        extents, sample = _survey(rows)
        frequency = frequency_of(sample.codes, rows.times(sample.stamps), freq)
        earliest = int(extents.first.argmin())
        grid = _Grid(rows, frequency, earliest, int(extents.first[earliest]))
        scatter = _Scatter(grid, extents, temporary)
        for batch in rows.batches():
            scatter.put(batch)
        scatter.check(inferred=freq is None)
        scatter.present.path.unlink()
        reading = scatter.reading()
        write_panel(temporary, reading.panel, written=("values",))
    return replace(reading, panel=open_panel(folder))


def _survey(rows: ParquetRows) -> tuple[Extents, RowBatch]:
    """Where the series begin and end, and a sample of times, sorted by series and time."""
    extents, sample = Extents(), RowBatch(*(np.zeros(0, np.int64) for _ in range(3)))
    grouped, latest = True, 0
    for batch in rows.batches():
        together = np.diff(batch.codes, prepend=latest) >= 0
        grouped, latest = grouped and bool(together.all()), int(batch.codes[-1])
        known = ~np.isnan(batch.values)
        extents = extents.seen(batch.codes, batch.stamps, known, len(rows.ids))
        sample = _earliest(sample, batch)
    if not len(extents.counts):
        raise ValueError(f"{rows.paths[0]} has no rows.")
    if not extents.has_value.any():
        raise ValueError("no series has a value: every entry of the target is missing.")
    return (extents, sample) if grouped else _in_id_order(rows, extents, sample)


def _in_id_order(rows: ParquetRows, extents: Extents, sample: RowBatch) -> tuple[Extents, RowBatch]:
    """Series whose rows do not lie together stand in the order of their ids, as in `read_frame`."""
    order = rows.sort_ids()
    codes = np.argsort(order)[sample.codes]
    rank = sorting_order(codes, sample.stamps)
    return extents.take(order), RowBatch(codes[rank], sample.stamps[rank], sample.values)


def _earliest(sample: RowBatch, batch: RowBatch) -> RowBatch:
    """The earliest times of the first series, without repeats."""
    wanted = batch.codes < _SAMPLE_SERIES
    codes = np.concatenate([sample.codes, batch.codes[wanted]])
    stamps = np.concatenate([sample.stamps, batch.stamps[wanted]])
    order = sorting_order(codes, stamps)
    codes, stamps = codes[order], stamps[order]
    new = np.append(True, (np.diff(codes) > 0) | (np.diff(stamps) > 0))[: len(codes)]
    codes, stamps = codes[new], stamps[new]
    _, first, counts = runs(codes)
    keep = np.arange(len(codes)) - np.repeat(first, counts) < _SAMPLE_TIMES
    return RowBatch(codes[keep], stamps[keep], np.zeros(0))


@dataclass(frozen=True, eq=False)
class _Grid:
    """The grid of all series; its step 0 is the earliest time of the file."""

    rows: ParquetRows
    frequency: Frequency
    first_series: int
    first_stamp: int

    def steps(self, codes: np.ndarray, stamps: np.ndarray) -> np.ndarray:
        """Step of each row, int64 of shape (n,); refuses a time beside the grid."""
        start = self.rows.times(np.array([self.first_stamp]))[0]
        steps = self.frequency.locate(self.rows.times(stamps), start)
        if np.any(steps < 0):
            odd = int(np.argmax(steps < 0))
            both = self.rows_at([self.first_series, codes[odd]], [self.first_stamp, stamps[odd]])
            grid_positions(both, self.frequency)  # says which time and which grid
        return steps

    def rows_at(self, codes: Any, stamps: Any) -> Rows:
        """Some rows without values, for the checks that every frame goes through."""
        times = self.rows.times(np.asarray(stamps, dtype=np.int64))
        empty = np.full(len(times), np.nan)
        return Rows(self.rows.ids, np.asarray(codes), times, empty, columns=self.rows.columns)


@dataclass(frozen=True, eq=False)
class _Places:
    """A place for each step of each series, series after series.

    Args:
        first: first step of each series on the grid, int64 of shape (num_series,).
        offsets: its place; int64 of shape (num_series + 1,).
    """

    first: np.ndarray
    offsets: np.ndarray

    @staticmethod
    def between(first: np.ndarray, last: np.ndarray, there: np.ndarray) -> _Places:
        """Places from the first to the last step of the series that are `there`."""
        lengths = np.where(there, last - first + 1, 0)
        return _Places(first, np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64))

    @property
    def count(self) -> int:
        return int(self.offsets[-1])

    def of(self, codes: np.ndarray, steps: np.ndarray) -> np.ndarray:
        return self.offsets[codes] + steps - self.first[codes]


class _Scatter:
    """Puts the values of rows into their places in the file of a panel's values."""

    def __init__(self, grid: _Grid, extents: Extents, folder: Path) -> None:
        every, has = np.arange(len(extents.counts)), extents.has_value
        stamps = [extents.first, extents.last, np.where(has, extents.first_value, extents.first),
                  np.where(has, extents.last_value, extents.first)]  # fmt: skip
        first, last, first_value, self.last_value = (grid.steps(every, part) for part in stamps)
        self.grid, self.extents = grid, extents
        self.row_places = _Places.between(first, last, np.ones_like(has))
        self.places = _Places.between(first_value, self.last_value, has)
        alias, time = grid.frequency.alias, grid.rows.columns.time
        refuse_sparse(grid.rows.ids, extents.counts, np.diff(self.row_places.offsets),
                      f"freq={alias!r} of column {time!r}")  # fmt: skip
        # What has a row: two rows for one step would otherwise pass for one.
        self.present = Slots.create(folder / "present.npy", self.row_places.count, False)
        self.values = Slots.create(folder / "values.npy", self.places.count, np.nan)
        self.num_values = self.num_inside = self.num_repeated = 0
        self.first_repeated = (len(every), 0)

    def put(self, batch: RowBatch) -> None:
        """Put the values of some rows into their places."""
        steps = self.grid.steps(batch.codes, batch.stamps)
        slots = self.row_places.of(batch.codes, steps)
        order = np.argsort(slots, kind="stable")
        codes, steps, values = batch.codes[order], steps[order], batch.values[order]
        repeated = self.present.exchange(slots[order], True)
        repeated[1:] |= slots[order][1:] == slots[order][:-1]
        if repeated.any():
            row = order[int(np.argmax(repeated))]
            place = int(batch.codes[row]), int(batch.stamps[row])
            self.first_repeated = min(self.first_repeated, place)
            self.num_repeated += int(repeated.sum())
        known = ~np.isnan(values)
        self.values.exchange(self.places.of(codes[known], steps[known]), values[known])
        self.num_values += int(known.sum())
        inside = (steps > self.places.first[codes]) & (steps < self.last_value[codes])
        self.num_inside += int((~known & inside).sum())

    def check(self, inferred: bool) -> None:
        """Refuse repeated rows and, where the frequency was inferred, series of another one."""
        if self.num_repeated:
            code, stamp = self.first_repeated
            count = self.num_repeated + 1
            self.grid.rows_at(np.full(count, code), np.full(count, stamp))  # says so
        if inferred:
            codes, steps = self._shortest_and_longest()
            rows = Rows(self.grid.rows.ids, codes, pd.Index(steps), np.zeros(len(steps)),
                        columns=self.grid.rows.columns)  # fmt: skip
            refuse_two_frequencies(rows, steps, self.grid.frequency)

    def _shortest_and_longest(self) -> tuple[np.ndarray, np.ndarray]:
        """Series of at least four distances of rows, as five rows with the least and the most."""
        least = np.full(len(self.extents.counts), np.iinfo(np.int64).max)
        most = np.zeros_like(least)
        for codes, distances in self._distances():
            series, first, _ = runs(codes)
            least[series] = np.minimum(least[series], np.minimum.reduceat(distances, first))
            most[series] = np.maximum(most[series], np.maximum.reduceat(distances, first))
        chosen = np.flatnonzero(self.extents.counts > 4)
        steps = np.outer(least[chosen], [0, 1, 2, 3, 3])
        steps[:, 4] += most[chosen]
        return np.repeat(chosen, 5), steps.reshape(-1)

    def _distances(self) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """The series and the steps from each row to the next one of its series."""
        last = np.zeros(0, dtype=np.int64)
        for first, window in self.present.windows():
            slots = np.concatenate([last, first + np.flatnonzero(window)])
            codes = np.searchsorted(self.row_places.offsets, slots, side="right") - 1
            inside, last = codes[1:] == codes[:-1], slots[-1:]
            if inside.any():
                yield codes[1:][inside], np.diff(slots)[inside]

    def reading(self) -> Reading:
        """The panel of the values, and notes."""
        rows, has = self.grid.rows, self.extents.has_value
        starts = rows.times(self.extents.first_value[has])
        offsets = np.append(self.places.offsets[:-1][has], self.places.count)
        values = np.load(self.values.path, mmap_mode="r")
        panel = Panel(rows.ids[has], values, offsets, starts, self.grid.frequency)
        missing = int(self.extents.counts[has].sum()) - self.num_values
        gaps = self.places.count - self.num_values - self.num_inside
        left_out = tuple(rows.ids[~has])
        notes = reading_notes(gaps, self.num_inside, missing - self.num_inside, left_out)
        layout = Layout("long", rows.columns, time_dtype=starts.dtype)
        return Reading(panel, layout, left_out, notes)
