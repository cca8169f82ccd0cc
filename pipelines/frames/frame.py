"""Frames of users: long, wide or one series, pandas or polars, read into a panel."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import narwhals.stable.v2 as nw
import numpy as np
import pandas as pd

from ..calendar.infer import refuse_single_rows
from ..channels import (
    ChannelValues,
    begun_systems,
    channel_notes,
    refuse_wide_channels,
    series_ids,
)
from ..columns import Columns
from ..covariates.calendar_features import with_calendar
from ..covariates.reading import read_covariates, refuse_wide_covariates, require_covariates
from ..covariates.rows import RowCovariates
from ..panel import Panel
from .hints import id_hint, index_fix, time_in_index, two_columns_hint
from .indexed import from_levels, has_levels, with_levels
from .layout import Layout, from_polars
from .ordering import id_order, instants, sorting_order
from .parsing import parse_numbers, parse_times
from .rows import Rows, make_panel
from .wide import counted_note, is_wide, wide_rows


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
    column for each series and sorted times as its index; so has a single Series. An index of two
    levels, id and time, makes a long frame, too. Gaps become steps without a value; missing values
    at either end of a series are trimmed. Series stand as they come where the rows of each lie
    together, and in the order of their ids where they are mixed: any shuffle gives one panel.

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
            time zones, two frequencies, dates that can be read in two ways; wide: unsorted times,
            covariates.

    Example:
        >>> wide = pd.DataFrame({"a": [1.0, 2.0, 3.0]}, index=pd.date_range("2024", periods=3))
        >>> read_frame(wide).panel.lengths.tolist()
        [3]
    """
    reading = _read_any(data, columns, freq, begun)
    return _in_calendar(reading) if columns.calendar else reading


def _in_calendar(reading: Reading) -> Reading:
    """The reading with the calendar features of its columns, which are now named."""
    panel = reading.panel
    columns = reading.layout.columns.at(panel.frequency)
    layout = replace(reading.layout, columns=columns)
    return replace(reading, panel=with_calendar(panel, columns.calendar), layout=layout)


def _read_any(data: Any, columns: Columns, freq: Any, begun: Any) -> Reading:
    if isinstance(data, (pd.DataFrame, pd.Series)) and has_levels(data, columns):
        long, named = from_levels(data, columns)
        reading = _read_pandas(long, named, freq, begun)
        return replace(reading, layout=with_levels(reading.layout, data))
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
    if is_wide(data, columns):
        refuse_wide_covariates(columns, "a wide frame")
        refuse_wide_channels(columns, "a wide frame")
        reading = _read_wide(data, columns, freq, begun)
        return replace(reading, notes=(*reading.notes, *counted_note(data)))
    _require_columns(list(data.columns), columns, data.index)
    return _read_long(data, columns, freq, "pandas", begun)


def _require_columns(present: list[Any], columns: Columns, index: pd.Index | None = None) -> None:
    """Refuse a long frame with a column missing or twice."""
    missing = [name for name in columns.names if name not in present]
    if missing:
        hint = (
            time_in_index(index, missing, columns.time)
            or id_hint(missing, columns)
            or two_columns_hint(present, missing)
        )
        fix = index_fix(pd.Index([], dtype=object) if index is None else index)
        raise ValueError(
            f"missing column {', '.join(map(repr, missing))}; the frame has "
            f"{', '.join(map(repr, present[:10]))}.{hint} A long frame needs an id, a time and "
            "a target column: rename them or say which they are (id_col=, time_col=, target_col=). "
            "A wide frame has only columns of series, and times as its index: a DatetimeIndex or "
            f"integers, not periods or text ({fix})."
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
    times = parse_times(
        data[columns.time], columns.time, lambda row: f"series {names[codes[row]]!r} (row {row})"
    )
    refuse_single_rows(names, times, freq, columns.id)

    def place(row: int, column: str = columns.target) -> str:
        return f"column {column!r} of series {names[codes[row]]!r}"

    channels = ChannelValues.read(data, columns, place) if columns.channels else None
    values = channels.row_numbers if channels else parse_numbers(data[columns.target], place)
    covariates = read_covariates(
        data, columns, values, lambda name, row: f"{place(row, name)}, time {times[row]},"
    )
    rows = _sorted_rows(names, codes, times, values, covariates, columns)
    seen = series_ids(begun) if channels and begun is not None else begun
    panel, left_out, notes = make_panel(rows, freq, seen)
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

    Ids are in the order of their first rows where the rows of each series lie together, else
    sorted: a shuffled frame gives the same panel, however it was shuffled.

    Raises:
        ValueError: for a row without an id, or an id that cannot be one, such as a list.
    """
    try:
        codes, names = pd.factorize(data[columns.id])
    except TypeError as error:
        entry = data[columns.id].iloc[0]
        raise ValueError(
            f"id column {columns.id!r} holds {type(entry).__name__}, for example {entry!r}; give "
            f"text or numbers, for example df[{columns.id!r}].astype(str)."
        ) from error
    if (codes < 0).any():
        row = int(np.argmax(codes < 0))
        raise ValueError(
            f"id column {columns.id!r} is empty in row {row}; every row needs a series."
        )
    codes, ids = codes.astype(np.int64, copy=False), np.asarray(names, dtype=object)
    if (codes[1:] >= codes[:-1]).all():
        return codes, ids
    order = id_order(ids)
    return np.argsort(order)[codes], ids[order]


def _sorted_rows(
    ids: np.ndarray, codes: np.ndarray, times: pd.Index, values: np.ndarray,
    covariates: RowCovariates, columns: Columns,
) -> Rows:  # fmt: skip
    """Rows in the order of series and time."""
    clock = instants(times)
    later = (codes[1:] == codes[:-1]) & (clock[1:] > clock[:-1])
    if (later | (codes[1:] > codes[:-1])).all():
        return Rows(ids, codes, times, values, covariates, columns)
    order = sorting_order(codes, clock)
    codes = np.repeat(np.arange(len(ids)), np.bincount(codes, minlength=len(ids)))
    covariates = covariates.take(order)
    return Rows(ids, codes, times.take(order), values.take(order), covariates, columns)


def _time_dtype(column: pd.Series | pd.Index, times: pd.Index) -> Any:
    """The dtype to give times back in: the user's if it was one of time or integer."""
    is_time = pd.api.types.is_datetime64_any_dtype(column.dtype)
    is_integer = pd.api.types.is_integer_dtype(column.dtype)
    return column.dtype if is_time or is_integer else times.dtype


def _read_wide(data: pd.DataFrame, columns: Columns, freq: Any, begun: Any) -> Reading:
    rows = wide_rows(data)
    panel, left_out, notes = make_panel(rows, freq, begun)
    dtype, names, index_name = _time_dtype(data.index, rows.times), data.columns, data.index.name
    layout = Layout("wide", columns, "pandas", names.dtype, dtype, names, index_name)
    return Reading(panel, layout, left_out, notes)


def _read_series(data: pd.Series, columns: Columns, freq: Any, begun: Any) -> Reading:
    """A Series is a wide frame of one column; one without a name is called as the target."""
    if not len(data):
        raise ValueError("the Series has no rows.")
    reading = _read_wide(data.to_frame(columns.target if data.name is None else data.name),
                         columns, freq, begun)  # fmt: skip
    layout = replace(reading.layout, kind="series", names=pd.Index([data.name]))
    return replace(reading, layout=layout)
