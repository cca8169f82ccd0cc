"""Long frames out of series that lie side by side in a file."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

__all__ = ["long_frame", "pandas_alias", "step_times"]

_WORDS = {"secondly": "s", "minutely": "min", "hourly": "h", "daily": "D", "weekly": "W",
          "monthly": "MS", "quarterly": "QS-JAN", "yearly": "YS-JAN", "annually": "YS-JAN",
          "half_hourly": "30min"}  # fmt: skip
_UNITS = {"second": "s", "minute": "min", "hour": "h", "day": "D", "week": "W"}
_MONTHS = {"MS": 1, "QS-JAN": 3, "YS-JAN": 12}


def pandas_alias(frequency: str) -> str:
    """The pandas alias of a frequency in words.

    Args:
        frequency: such as "half_hourly", "4_seconds" or "yearly", in small or capital letters.

    Raises:
        ValueError: if the word is unknown.

    Example:
        >>> pandas_alias("half_hourly"), pandas_alias("4_seconds"), pandas_alias("Yearly")
        ('30min', '4s', 'YS-JAN')
    """
    word = frequency.strip().lower()
    counted = re.fullmatch(r"(\d+)_(second|minute|hour|day|week)s?", word)
    if counted and int(counted[1]):
        return f"{int(counted[1])}{_UNITS[counted[2]]}"
    if word not in _WORDS:
        raise ValueError(
            f"unknown frequency {frequency!r}; known are {', '.join(_WORDS)} and counts such as "
            "10_minutes."
        )
    return _WORDS[word]


def step_times(starts: pd.DatetimeIndex, lengths: np.ndarray, alias: str) -> pd.DatetimeIndex:
    """The times of the steps of series after series.

    Months, quarters and years are named by their first day (as pandas' MS, QS-JAN, YS-JAN do),
    on whatever day of them a series starts; so are weeks (by Monday) where the series start on
    different days of the week. Everything else is counted from the start as it is.

    Args:
        starts: time of the first step of each series, shape (num_series,).
        lengths: number of steps of each series, shape (num_series,).
        alias: from `pandas_alias`.

    Returns:
        Index of shape (sum of lengths,).

    Example:
        >>> step_times(pd.DatetimeIndex(["2024-01-31"]), np.array([2]), "MS")[1]
        Timestamp('2024-02-01 00:00:00')
    """
    first = np.concatenate([[0], np.cumsum(lengths)[:-1]]).astype(np.int64)
    steps = np.arange(lengths.sum()) - np.repeat(first, lengths)
    if alias in _MONTHS:
        width = _MONTHS[alias]
        months = starts.to_numpy().astype("datetime64[M]").astype(np.int64) // width * width
        moved = np.repeat(months, lengths) + width * steps
        return pd.DatetimeIndex(moved.astype("datetime64[M]").astype("datetime64[us]"))
    if alias.endswith("W"):
        starts = starts if starts.day_of_week.nunique() <= 1 else _mondays(starts)
        alias = f"{7 * int(alias[:-1] or 1)}D"
    step = pd.Timedelta(alias if alias[0].isdigit() else f"1{alias}").to_timedelta64()
    every = starts.to_numpy().astype("datetime64[us]").repeat(lengths)
    return pd.DatetimeIndex(every + steps * step.astype("timedelta64[us]"))


def _mondays(starts: pd.DatetimeIndex) -> pd.DatetimeIndex:
    days = starts.normalize()
    return days - pd.to_timedelta(days.day_of_week, unit="D")


def long_frame(
    names: Sequence[Any],
    values: Sequence[np.ndarray],
    times: pd.Index | None = None,
    others: Mapping[str, Sequence[Any]] | None = None,
) -> pd.DataFrame:
    """Series one below the other with the columns unique_id, ds, y.

    Args:
        names: id of each series; the ids become a categorical column, in this order.
        values: float64 values of each series.
        times: times of all steps; None for integers from 1 on.
        others: further columns, one entry for each series.

    Example:
        >>> long_frame(["a", "b"], [np.ones(2), np.ones(1)])["ds"].tolist()
        [1, 2, 1]
    """
    lengths = np.array([len(part) for part in values], dtype=np.int64)
    codes = np.repeat(np.arange(len(names)), lengths)
    counted = [np.arange(1, length + 1) for length in lengths]
    ids = pd.Categorical.from_codes(codes, categories=pd.Index(names, dtype=object).astype(str))
    frame = pd.DataFrame(
        {"unique_id": ids, "ds": np.concatenate(counted) if times is None else times}
    )
    frame["y"] = np.concatenate(values)
    for name, entries in (others or {}).items():
        frame[name] = pd.Series(entries).take(codes).to_numpy()
    return frame
