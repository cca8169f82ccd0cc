"""Covariates of the steps to forecast, read from a frame of the user's."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from ..calendar.frequency import Frequency
from ..columns import Columns
from ..frames.frame import polars_frame, series_codes
from ..frames.indexed import from_levels, has_levels
from ..frames.layout import from_polars
from ..frames.parsing import parse_times
from .calendar_features import calendar_columns, calendar_names
from .rows import MISSING_LABEL, labels_or_none, read_column
from .table import Covariate


@dataclass(frozen=True, eq=False)
class Upcoming:
    """The steps that follow the end of each series.

    Args:
        ids: object array of shape (num_series,).
        ends: time of the last step known of each series, shape (num_series,).
        frequency: distance between two steps.
        horizon: number of steps that follow, at least 1.

    Example:
        >>> ends = pd.DatetimeIndex(["2024-01-31"])
        >>> Upcoming(np.array(["a"], object), ends, Frequency("D"), 2).span(0)
        'from 2024-02-01 00:00:00 to 2024-02-02 00:00:00'
    """

    ids: np.ndarray
    ends: pd.Index
    frequency: Frequency
    horizon: int

    @property
    def times(self) -> pd.Index:
        """Times of all steps, series after series, shape (num_series * horizon,)."""
        steps = np.tile(np.arange(1, self.horizon + 1), len(self.ids))
        return self.frequency.shift(self.ends.repeat(self.horizon), steps)

    def span(self, series: int) -> str:
        """First and last step of a series in words."""
        times = self.frequency.shift(self.ends[[series, series]], np.array([1, self.horizon]))
        return f"from {times[0]} to {times[1]}"


@dataclass(frozen=True, eq=False)
class FutureCovariates:
    """What is known ahead of the steps that follow the end of each series.

    Args:
        values: float64 of shape (num_series, horizon, num_columns), never NaN; of categories the
            positions of labels, -1 where one is missing.
        columns: names and labels.

    Example:
        >>> FutureCovariates(np.ones((2, 3, 1)), (Covariate("price"),)).columns[0].name
        'price'
    """

    values: np.ndarray
    columns: tuple[Covariate, ...]


def read_future(data: Any, columns: Columns, upcoming: Upcoming) -> FutureCovariates:
    """Read the covariates of the steps that are to be forecast.

    Args:
        data: long frame (pandas or polars) with the id, the time and the covariate columns, a row
            for each of these steps. Other rows, series and columns do no harm. None where the
            calendar is all that is asked for.
        columns: names of the columns.
        upcoming: which steps of which series are needed.

    Returns:
        The columns, then the calendar of these steps.

    Raises:
        TypeError: if `data` is no frame.
        ValueError: for a missing column, series, step or number, a repeated (series, time), text
            or infinity; says what is needed for which series, from when to when.

    Example:
        >>> rows = pd.DataFrame({"unique_id": "a", "ds": [4, 5], "price": [2.0, 2.5]})
        >>> upcoming = Upcoming(np.array(["a"], object), pd.Index([3]), Frequency(1), 2)
        >>> read_future(rows, Columns(future=["price"]), upcoming).values.tolist()
        [[[2.0], [2.5]]]
    """
    found = _read_columns(data, columns, upcoming) if columns.future else []
    features: Any = columns.calendar
    calendar = calendar_columns(upcoming.times, features)
    values = np.concatenate([*(column[:, None] for column, _ in found), calendar], axis=1)
    named = [
        Covariate(name, labels) for name, (_, labels) in zip(columns.future, found, strict=False)
    ]
    named += [Covariate(name) for name in calendar_names(features)]
    shape = (len(upcoming.ids), upcoming.horizon, len(named))
    return FutureCovariates(values.reshape(shape), tuple(named))


def _read_columns(data: Any, columns: Columns, upcoming: Upcoming) -> list[tuple[np.ndarray, Any]]:
    """Each column that is asked for, of shape (num_series * horizon,), and its labels."""
    frame = _long(data, columns)
    slots = _slots(frame, columns, upcoming)
    needed = np.flatnonzero(slots >= 0)
    rows = np.full(len(upcoming.ids) * upcoming.horizon, -1)
    rows[slots[needed]] = needed
    _refuse_repeated(slots[needed], upcoming)
    _refuse_missing_steps(rows.reshape(-1, upcoming.horizon), frame, columns, upcoming)
    return [_column(frame.iloc[rows], name, upcoming) for name in columns.future]


def _long(data: Any, columns: Columns) -> pd.DataFrame:
    """The columns that are needed, as a pandas frame."""
    needed = [columns.id, columns.time, *columns.future]
    if isinstance(data, pd.Series):
        raise ValueError(f"future_df must be a long frame with the columns {needed}; got a Series.")
    if isinstance(data, pd.DataFrame) and has_levels(data, columns):
        data, _ = from_levels(data, columns)
    frame = None if isinstance(data, pd.DataFrame) else polars_frame(data)
    present = list(data.columns if frame is None else frame.columns)
    for name in needed:
        if present.count(name) != 1:
            fault = "lacks the column" if name not in present else "has twice the column"
            raise ValueError(
                f"future_df {fault} {name!r}; it has {', '.join(map(repr, present[:10]))}. Give a "
                f"long frame with the columns {needed}."
            )
    return data[needed] if frame is None else from_polars(frame, needed)


def _slots(frame: pd.DataFrame, columns: Columns, upcoming: Upcoming) -> np.ndarray:
    """For each row the number of the step it tells of, series after series; -1 for none."""
    codes, names = series_codes(frame, columns)
    series = pd.Index(upcoming.ids).get_indexer(pd.Index(names))[codes]
    lacking = np.setdiff1d(np.arange(len(upcoming.ids)), series)
    if len(lacking):
        present = f"Its series begin with {', '.join(map(repr, names[:5]))}"
        raise ValueError(
            f"future_df lacks {len(lacking)} of {len(upcoming.ids)} series, first "
            f"{upcoming.ids[lacking[0]]!r}; {list(columns.future)} is needed for it "
            f"{upcoming.span(lacking[0])} ({upcoming.horizon} steps). "
            f"{present if len(names) else 'It has no row'}."
        )
    times = _same_kind(parse_times(frame[columns.time], columns.time), upcoming)
    wanted = pd.MultiIndex.from_arrays(
        [np.repeat(np.arange(len(upcoming.ids)), upcoming.horizon), _plain(upcoming.times)]
    )
    return wanted.get_indexer(pd.MultiIndex.from_arrays([series, _plain(times)]))


def _same_kind(times: pd.Index, upcoming: Upcoming) -> pd.Index:
    """Times that can be compared with those of the series."""
    ends = upcoming.ends
    dates = isinstance(ends, pd.DatetimeIndex)
    if dates != isinstance(times, pd.DatetimeIndex):
        kinds = {True: "dates", False: "integers"}
        raise ValueError(
            f"the times of future_df are {kinds[not dates]}, those of the series {kinds[dates]}; "
            f"the first series is needed {upcoming.span(0)}."
        )
    if isinstance(ends, pd.DatetimeIndex) and isinstance(times, pd.DatetimeIndex):
        if (ends.tz is None) != (times.tz is None):
            raise ValueError(
                f"the times of future_df have time zone {times.tz}, those of the series {ends.tz}. "
                "Give both the same: tz_localize adds a zone, tz_localize(None) removes it."
            )
    return times


def _plain(times: pd.Index) -> np.ndarray:
    """Times that compare by value: integers, or moments in UTC of one unit."""
    if not isinstance(times, pd.DatetimeIndex):
        return np.asarray(times, dtype=np.int64)
    naive = times.tz_convert(None) if times.tz is not None else times
    return np.asarray(naive.as_unit("us"))


def _refuse_repeated(slots: np.ndarray, upcoming: Upcoming) -> None:
    """Refuse two rows for one step."""
    counts = np.bincount(slots, minlength=1)
    if counts.max() > 1:
        slot = int(np.argmax(counts > 1))
        raise ValueError(
            f"future_df has {counts[slot]} rows for series "
            f"{upcoming.ids[slot // upcoming.horizon]!r}, time {upcoming.times[slot]}; keep one."
        )


def _refuse_missing_steps(
    rows: np.ndarray, frame: pd.DataFrame, columns: Columns, upcoming: Upcoming
) -> None:
    """Refuse a series without a row for each of its steps."""
    missing = rows < 0
    if missing.any():
        series = int(np.argmax(missing.any(axis=1)))
        step = int(np.argmax(missing[series]))
        first = upcoming.times[series * upcoming.horizon + step]
        own = (frame[columns.id] == upcoming.ids[series]).to_numpy(dtype=bool)
        given = parse_times(frame.loc[own, columns.time], columns.time)
        raise ValueError(
            f"future_df has {int((~missing[series]).sum())} of the {upcoming.horizon} steps needed "
            f"of series {upcoming.ids[series]!r}: {list(columns.future)} is needed "
            f"{upcoming.span(series)}, and {first} is missing; its rows are from {given.min()} to "
            f"{given.max()}. Add these rows, or forecast a shorter horizon."
        )


def _column(frame: pd.DataFrame, name: str, upcoming: Upcoming) -> tuple[np.ndarray, Any]:
    """One covariate at all steps, shape (num_series * horizon,), and its labels."""

    def place(row: int) -> str:
        series = upcoming.ids[row // upcoming.horizon]
        return f"covariate {name!r} of series {series!r}, time {upcoming.times[row]}, in future_df"

    column, labels = read_column(frame[name], place)
    missing, labels = np.isnan(column), labels_or_none(column, labels)
    if labels is not None:
        return np.where(missing, MISSING_LABEL, column), labels
    if missing.any():
        raise ValueError(
            f"{place(int(np.argmax(missing)))} is missing ({int(missing.sum())} such entries). "
            "Give one for every step that is forecast."
        )
    return column, None
