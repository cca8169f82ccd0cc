"""Hints for messages: what is likely to be behind a frame that cannot be read."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

__all__ = [
    "id_hint",
    "index_fix",
    "irregular_hint",
    "repeated_hint",
    "time_in_index",
    "two_columns_hint",
]

_SPRING_AND_AUTUMN = (2, 3, 4, 9, 10, 11)
_NIGHT = (0, 1, 2, 23)


def index_fix(index: pd.Index) -> str:
    """How to make times of an index that holds none.

    Example:
        >>> index_fix(pd.period_range("2024", periods=2, freq="M"))
        'df.index = df.index.to_timestamp()'
    """
    if isinstance(index, pd.PeriodIndex):
        return "df.index = df.index.to_timestamp()"
    if isinstance(index, pd.TimedeltaIndex):
        return "df.index = start + df.index"
    return "df.index = pd.to_datetime(df.index)"


def time_in_index(index: pd.Index | None, missing: list[Any], time: Any) -> str:
    """A sentence for a long frame whose missing columns are in its index; empty if they are not.

    Args:
        index: of the frame, None for a frame without one.
        missing: columns that the frame lacks.
        time: name of the time column.

    Example:
        >>> time_in_index(pd.date_range("2024", periods=2), ["ds"], "ds")
        " It is in the index: call reset_index(names='ds')."
    """
    if index is None:
        return ""
    if set(missing) & set(index.names) - {None}:
        return " It is in the index: call reset_index()."
    if time in missing and isinstance(index, pd.DatetimeIndex):
        return f" It is in the index: call reset_index(names={time!r})."
    return ""


def id_hint(missing: list[Any], columns: Any) -> str:
    """A sentence for a frame that has a time column and no id; empty for others.

    Args:
        missing: columns that the frame lacks.
        columns: names of the id, time and target columns.

    Example:
        >>> from forecast.pipelines import Columns
        >>> id_hint(["unique_id"], Columns())
        " If all rows are one series, give it a name: df.assign(unique_id='name')."
    """
    if columns.id not in missing or columns.time in missing:
        return ""
    if missing == [columns.id]:
        return f" If all rows are one series, give it a name: df.assign({columns.id}='name')."
    return f" If each other column is a series: df.set_index({columns.time!r})."


def two_columns_hint(present: list[Any], missing: list[Any]) -> str:
    """A sentence for a frame of two columns, none of them known; empty for others.

    Args:
        present: columns of the frame.
        missing: of the id, time and target column, those that it lacks.

    Example:
        >>> two_columns_hint(["day", "sales"], ["unique_id", "ds", "y"])[:58]
        " If 'day' holds the times of one series: df = df.set_index"
    """
    if len(present) != 2 or len(missing) < 3:
        return ""
    time = present[0]
    return (
        f" If {time!r} holds the times of one series: df = df.set_index({time!r}); "
        f"{index_fix(pd.Index([], dtype=object))}."
    )


def repeated_hint(repeated: pd.Index, columns: Any) -> str:
    """A sentence on the hour that a clock set back shows twice; empty where that is unlikely.

    Args:
        repeated: the times that occur more than once.
        columns: names of the id and time columns; None for a wide frame.

    Example:
        >>> repeated_hint(pd.DatetimeIndex(["2024-05-01 02:00"]), None)
        ''
    """
    if not isinstance(repeated, pd.DatetimeIndex) or repeated.tz is not None:
        return ""
    days = repeated.normalize().unique()
    once_a_year = len(days) == days.year.nunique()
    at_night = repeated.hour.isin(_NIGHT).all() and bool((repeated != repeated.normalize()).any())
    if not (once_a_year and at_night and days.month.isin(_SPRING_AND_AUTUMN).all()):
        return ""
    local = "tz_localize('Europe/Berlin', ambiguous='infer')"
    fix = f"df = df.{local}"
    if columns is not None:
        id, time = columns.id, columns.time
        fix = f"df[{time!r}] = df.groupby({id!r})[{time!r}].transform(lambda time: time.dt.{local})"
    return (
        " If these are local times and the clock was set back then (daylight saving), nothing is "
        f"repeated: say which zone they are in, as in {fix}."
    )


def irregular_hint(times: pd.Index, time: Any) -> str:
    """A sentence on times that do not lie on the grid of their commonest step; empty if none fits.

    Args:
        times: all times.
        time: name of the time column, None for a wide frame.

    Example:
        >>> irregular_hint(pd.DatetimeIndex(["2024-01-15", "2024-02-15", "2024-03-15"]), "ds")[:32]
        ' All times are day 15 of a month'
    """
    if not isinstance(times, pd.DatetimeIndex):
        return ""
    where, accessor = ("df.index", "") if time is None else (f"df[{time!r}]", ".dt")
    days = np.unique(times.day)
    if days.tolist() == [1]:
        return " All times are the first day of a month: freq='MS', 'QS' or 'YS' names those."
    if len(days) == 1 and times.min().normalize() < times.max().normalize():
        to_month = f"{where}{accessor}.to_period('M'){accessor}.to_timestamp()"
        return (
            f" All times are day {days[0]} of a month: name months by their first day, as in "
            f"{where} = {to_month}."
        )
    clocks = np.unique(np.asarray(times - times.normalize()))
    if times.tz is not None and len(clocks) == 2 and np.diff(clocks)[0] == np.timedelta64(1, "h"):
        return (
            " Two times of day an hour apart look like one local time: bring the times to their "
            f"zone, as in {where} = {where}{accessor}.tz_convert('Europe/Berlin')."
        )
    return ""
