"""Frames of users: long, wide or one series, pandas or polars, read into a panel."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import narwhals.stable.v2 as nw
import numpy as np
import pandas as pd

from .channels import (
    ChannelValues,
    begun_systems,
    channel_notes,
    refuse_wide_channels,
    series_ids,
)
from .columns import Columns
from .covariates import read_covariates, refuse_wide_covariates, require_covariates
from .layout import Layout, from_polars
from .panel import Panel
from .parsing import parse_numbers, parse_times
from .rows import Rows, make_panel


@dataclass(frozen=True, eq=False)
class Reading:
    """A frame that was read: the panel, the user's shape and what was done to the data.

    Args:
        panel: the series that have values.
        layout: the shape of the user's frame, for `write_frame`.
        left_out: ids of series without any value.
        notes: what was done to the data, in plain sentences.
    """

    panel: Panel
    layout: Layout
    left_out: tuple[Any, ...] = ()
    notes: tuple[str, ...] = ()


def read_frame(
    data: Any, columns: Columns = Columns(), freq: Any = None, begun: Any = None
) -> Reading:
    """Read a user's frame into a panel.

    A *long* frame has a row for each series and time, in any order. A *wide* frame (pandas) has a
    column for each series and sorted times as its index; so has a single Series. Gaps become
    steps without a value; missing values at either end of a series are trimmed.

    Args:
        data: pandas or polars frame, or pandas Series.
        columns: names of the id, time and target columns of a long frame, and of covariates.
        freq: pandas alias, offset, integer step, or None to infer it.
        begun: ids of series whose earlier steps were read before. Rows before their first value
            then stay where they have covariates, and a frame without any value is empty, no error.

    Returns:
        The panel with the layout to write results back in and notes on what was done.

    Raises:
        TypeError: if `data` is no frame.
        ValueError: for no rows, a missing column, a repeated (series, time), text or infinity in
            the target or a covariate, a covariate missing beside a value, irregular times, mixed
            time zones, two frequencies; wide: unsorted times, covariates.

    Example:
        >>> wide = pd.DataFrame({"a": [1.0, 2.0, 3.0]}, index=pd.date_range("2024", periods=3))
        >>> read_frame(wide).panel.lengths.tolist()
        [3]
    """
    if isinstance(data, pd.Series):
        refuse_wide_covariates(columns, "a Series")
        refuse_wide_channels(columns, "a Series")
        return _read_series(data, columns, freq, begun)
    if isinstance(data, pd.DataFrame):
        return _read_pandas(data, columns, freq, begun)
    frame = polars_frame(data)
    _require_columns(list(frame.columns), columns)
    long = from_polars(frame, list(columns.all_names))
    return _read_long(long, columns, freq, "polars", begun)


def polars_frame(data: Any) -> nw.DataFrame[Any]:
    """What is no pandas frame as a polars frame.

    Raises:
        TypeError: if it is none.
    """
    try:
        frame = nw.from_native(data, eager_only=True)
    except TypeError as error:
        raise TypeError(_no_frame(data)) from error
    if not frame.implementation.is_polars():
        raise TypeError(_no_frame(data))
    return frame


def _no_frame(data: Any) -> str:
    return (
        f"a pandas or polars DataFrame or a pandas Series is expected; got {type(data).__name__}. "
        "Make a DataFrame of it (collect() a lazy frame first)."
    )


def _read_pandas(data: pd.DataFrame, columns: Columns, freq: Any, begun: Any) -> Reading:
    if not len(data) or not data.shape[1]:
        raise ValueError(f"the frame has no rows or no columns: its shape is {data.shape}.")
    if _is_wide(data, columns):
        refuse_wide_covariates(columns, "a wide frame")
        refuse_wide_channels(columns, "a wide frame")
        return _read_wide(data, columns, freq, begun)
    _require_columns(list(data.columns), columns, list(data.index.names))
    return _read_long(data, columns, freq, "pandas", begun)


def _is_wide(data: pd.DataFrame, columns: Columns) -> bool:
    """A frame without id and time columns whose index can be time and its columns series."""
    if {columns.id, columns.time} & set(data.columns) or columns.id in data.index.names:
        return False
    if isinstance(data.index, pd.DatetimeIndex):
        return True
    default = isinstance(data.index, pd.RangeIndex) and data.index.equals(pd.RangeIndex(len(data)))
    numeric = all(pd.api.types.is_numeric_dtype(dtype) for dtype in data.dtypes)
    # Rows that are merely counted are times only where nothing hints at a long frame.
    is_time = not default or (numeric and columns.target not in data.columns)
    return pd.api.types.is_integer_dtype(data.index.dtype) and is_time


def _require_columns(present: list[Any], columns: Columns, index: list[Any] | None = None) -> None:
    """Refuse a long frame with a column missing or twice."""
    missing = [name for name in columns.names if name not in present]
    if missing:
        in_index = " It is in the index: call reset_index()." if set(missing) & set(
            index or ()) else ""  # fmt: skip
        raise ValueError(
            f"missing column {', '.join(map(repr, missing))}; the frame has "
            f"{', '.join(map(repr, present[:10]))}.{in_index} A long frame needs an id, a time and "
            "a target column: rename them or say which they are (id_col=, time_col=, target_col=). "
            "A wide frame has times as its index and only columns of series."
        )
    twice = [name for name in columns.names if present.count(name) > 1]
    if twice:
        raise ValueError(f"column {twice[0]!r} occurs {present.count(twice[0])} times; keep one.")
    require_covariates(present, columns)


def _read_long(
    data: pd.DataFrame, columns: Columns, freq: Any, backend: str, begun: Any
) -> Reading:
    if not len(data):
        raise ValueError("the frame has no rows.")
    codes, names = series_codes(data, columns)
    times = parse_times(data[columns.time], columns.time)

    def place(row: int, column: str = columns.target) -> str:
        return f"column {column!r} of series {names[codes[row]]!r}"

    channels = ChannelValues.read(data, columns, place) if columns.channels else None
    values = channels.row_numbers if channels else parse_numbers(data[columns.target], place)
    covariates = read_covariates(
        data, columns, values, lambda name, row: f"{place(row, name)}, time {times[row]},"
    )
    rows = _sorted_rows(names, codes, times, values, covariates)
    panel, left_out, notes = make_panel(rows, freq, begun if begun is None else series_ids(begun))
    id_dtype, time_dtype = data[columns.id].dtype, _time_dtype(data[columns.time], times)
    layout = Layout("long", columns, backend, id_dtype, time_dtype)
    reading = Reading(panel, layout, left_out, notes)
    return reading if channels is None else _in_channels(reading, channels, begun)


def _in_channels(reading: Reading, channels: ChannelValues, begun: Any) -> Reading:
    """The reading of row numbers with the values of the channels, a series for each."""
    columns = reading.layout.columns
    whole = channels.laid_out(reading.panel, columns)
    panel, never = begun_systems(whole, () if begun is None else begun)
    lost = tuple(entry.series for entry in whole.ids[never])
    if not panel.num_series and begun is None:
        raise ValueError(
            f"no series has a step at which all channels {list(columns.channels)} have a value, "
            f"first {lost[0]!r}. Give columns that are observed at the same times."
        )
    notes = channel_notes(whole, panel, lost)
    return replace(
        reading, panel=panel, left_out=(*reading.left_out, *lost), notes=(*reading.notes, *notes)
    )  # fmt: skip


def series_codes(data: pd.DataFrame, columns: Columns) -> tuple[np.ndarray, np.ndarray]:
    """The series of each row as a position, int64 of shape (n,), and the ids.

    Raises:
        ValueError: for a row without an id.
    """
    ids = data[columns.id]
    if ids.isna().any():
        row = int(np.argmax(np.asarray(ids.isna())))
        raise ValueError(
            f"id column {columns.id!r} is empty in row {row}; every row needs a series."
        )
    codes, names = pd.factorize(ids)
    return codes.astype(np.int64), np.asarray(names, dtype=object)


def _sorted_rows(
    ids: np.ndarray, codes: np.ndarray, times: pd.Index, values: np.ndarray, covariates: np.ndarray
) -> Rows:
    """Rows in the order of series and time."""
    ascending = np.asarray(times[1:] > times[:-1], dtype=bool)
    sorted_already = (codes[1:] > codes[:-1]) | ((codes[1:] == codes[:-1]) & ascending)
    if sorted_already.all():
        return Rows(ids, codes, times, values, covariates)
    if isinstance(times, pd.DatetimeIndex) and times.tz is not None:
        order = np.lexsort((np.asarray(times.tz_convert(None)), codes))
    else:
        order = np.lexsort((np.asarray(times), codes))
    return Rows(ids, codes[order], times.take(order), values[order], covariates[order])


def _time_dtype(column: pd.Series | pd.Index, times: pd.Index) -> Any:
    """The dtype to give times back in: the user's if it was one of time or integer."""
    is_time = pd.api.types.is_datetime64_any_dtype(column.dtype)
    is_integer = pd.api.types.is_integer_dtype(column.dtype)
    return column.dtype if is_time or is_integer else times.dtype


def _read_wide(data: pd.DataFrame, columns: Columns, freq: Any, begun: Any) -> Reading:
    times, names = _wide_times(data), data.columns
    if not names.is_unique:
        twice = names[names.duplicated()][0]
        raise ValueError(f"column {twice!r} occurs more than once; keep one for each series.")
    values = [_wide_values(data.iloc[:, i], name) for i, name in enumerate(names)]
    codes = np.repeat(np.arange(len(names)), len(times))
    every = times.take(np.tile(np.arange(len(times)), len(names)))
    rows = Rows(np.asarray(names, dtype=object), codes, every, np.concatenate(values))
    panel, left_out, notes = make_panel(rows, freq, begun)
    dtype, index_name = _time_dtype(data.index, times), data.index.name
    layout = Layout("wide", columns, "pandas", names.dtype, dtype, names, index_name)
    return Reading(panel, layout, left_out, notes)


def _wide_values(column: pd.Series, name: Any) -> np.ndarray:
    """Numbers of one column."""
    return parse_numbers(column, lambda row: f"column {name!r}, time {column.index[row]},")


def _read_series(data: pd.Series, columns: Columns, freq: Any, begun: Any) -> Reading:
    """A Series is a wide frame of one column; one without a name is called as the target."""
    if not len(data):
        raise ValueError("the Series has no rows.")
    reading = _read_wide(data.to_frame(columns.target if data.name is None else data.name),
                         columns, freq, begun)  # fmt: skip
    layout = replace(reading.layout, kind="series", names=pd.Index([data.name]))
    return replace(reading, layout=layout)


def _wide_times(data: pd.DataFrame) -> pd.Index:
    """Times of a wide frame; they must ascend."""
    index = data.index
    if not isinstance(index, pd.DatetimeIndex) and not pd.api.types.is_integer_dtype(index.dtype):
        raise ValueError(
            f"a wide frame or a Series needs a DatetimeIndex or an integer index; got "
            f"{type(index).__name__} of {index.dtype}. Set it: df.index = pd.to_datetime(df.index)."
        )
    times = parse_times(index, index.name or "index")
    if not times.is_monotonic_increasing:
        odd = int(np.argmax(np.asarray(times[1:] < times[:-1]))) + 1
        raise ValueError(
            f"the index is not sorted: {times[odd]} comes after {times[odd - 1]}. "
            "Call sort_index()."
        )
    return times
