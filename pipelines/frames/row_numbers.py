"""Which row of a user's frame each step of its panel is."""

from __future__ import annotations

from typing import Any

import narwhals.stable.v2 as nw
import numpy as np
import pandas as pd

from ..channels import series_ids
from ..columns import Columns
from .frame import Reading, polars_frame, series_codes
from .indexed import from_levels
from .layout import from_polars
from .parsing import parse_times

__all__ = ["beside", "row_numbers"]


def beside(data: Any, reading: Reading, frame: Any) -> tuple[Any, tuple[str, ...]]:
    """The other columns of a long frame beside what was made of its panel.

    Args:
        data: the user's frame.
        reading: of this frame.
        frame: a row for each step of the panel, in the library of the user.

    Returns:
        `frame` with the columns that it lacks, missing where a step had no row, and what was done
        in a sentence, if there are such columns.
    """
    taken = {*frame.columns, *reading.layout.columns.names}
    others = list(dict.fromkeys(name for name in data.columns if name not in taken))
    replaced = {*data.columns} & {*frame.columns} - {*reading.layout.columns.names}
    notes = tuple(
        f"column {name!r} is replaced by a new one." for name in sorted(replaced, key=str)
    )
    if not others:
        return frame, notes
    rows = row_numbers(data, reading)
    if isinstance(data, pd.DataFrame):
        found = data.loc[:, data.columns.isin(others)].reset_index(drop=True).reindex(rows)
        found.index = frame.index
        joined = pd.concat([frame, found], axis=1)
    else:
        polars: Any = nw.get_native_namespace(data)
        places = polars.Series(np.where(rows < 0, 0, rows)).set(polars.Series(rows < 0), None)
        joined = frame.hstack(data.select(polars.col(others).gather(places)))
    return joined, (*notes, *_missing_note(others, int((rows < 0).sum())))


def _missing_note(columns: list[Any], count: int) -> tuple[str, ...]:
    """Which columns say nothing on the rows that were not there."""
    if not count:
        return ()
    names = ", ".join(map(repr, columns))
    which = f"column {names} is" if len(columns) == 1 else f"columns {names} are"
    return (f"{which} missing in {count:,} new row{'s' if count > 1 else ''}.",)


def row_numbers(data: Any, reading: Reading) -> np.ndarray:
    """The number of the row of each step, from 0.

    Args:
        data: long frame.
        reading: of this frame.

    Returns:
        int64 of shape (total_steps,) of one channel of each series; -1 where a step had no row.

    Example:
        >>> from forecast.pipelines import read_frame
        >>> frame = pd.DataFrame({"unique_id": "a", "ds": [4, 1, 2], "y": [4.0, 1.0, 2.0]})
        >>> row_numbers(frame, read_frame(frame)).tolist()
        [1, 2, -1, 0]
    """
    columns, panel = reading.layout.columns, reading.panel
    panel = panel.take(np.arange(0, panel.num_series, panel.num_channels))
    codes, ids, times = _keys(data, columns)
    series = pd.Index(series_ids(panel.ids)).get_indexer(pd.Index(ids))[codes]
    start, frequency = times.min(), panel.frequency
    steps = frequency.locate(times, start) - frequency.locate(panel.starts, start)[series]
    inside = (series >= 0) & (steps >= 0) & (steps < panel.lengths[series])
    found = np.full(panel.num_rows, -1, dtype=np.int64)
    found[(panel.offsets[series] + steps)[inside]] = np.flatnonzero(inside)
    return found


def _keys(data: Any, columns: Columns) -> tuple[np.ndarray, np.ndarray, pd.Index]:
    """The series of each row, their ids, and the time of each row."""
    if not isinstance(data, pd.DataFrame):
        data = from_polars(polars_frame(data), [columns.id, columns.time])
    elif isinstance(data.index, pd.MultiIndex) and columns.id not in data.columns:
        data, columns = from_levels(data, columns)
    codes, ids = series_codes(data, columns)
    return codes, ids, parse_times(data[columns.time], columns.time)
