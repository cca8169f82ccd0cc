"""The frequency of a panel, read from its times."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
import pandas as pd

from ..frames.ordering import instants, runs
from .alias import MONTHS, tick_alias
from .frequency import Frequency

_DAY = pd.Timedelta(days=1)
_LEAST_DAY = pd.Timedelta(hours=22)  # with daylight saving
_WEEKDAYS = ("MON", "TUE", "WED", "THU", "FRI", "SAT", "SUN")
_HOW = "Pass freq=, for example freq='D', 'h', 'W-SAT', 'MS', or 1 for integer time."


def infer_frequency(times: Iterable[pd.Index], freq: Any = None) -> Frequency:
    """The frequency of a panel: the one given, or the most common step between two times.

    Each series votes with its own most common step, so gaps do not matter as long as they are
    not the rule.

    Args:
        times: the sorted times of each series, without repeats.
        freq: pandas alias (old names are read too), offset, integer step, or None to infer.

    Returns:
        The frequency.

    Raises:
        ValueError: if no series has two times, or `freq` does not suit the times.

    Example:
        >>> infer_frequency([pd.date_range("2024-01-06", periods=9, freq="W-SAT")]).alias
        'W-SAT'
    """
    parts = [pd.Index(part) for part in times]
    codes = np.repeat(np.arange(len(parts)), [len(part) for part in parts])
    flat = parts[0].append(parts[1:]) if parts else pd.Index([], dtype="int64")
    return frequency_of(codes, flat, freq)


def frequency_of(codes: np.ndarray, times: pd.Index, freq: Any = None) -> Frequency:
    """`infer_frequency` for times of all series in one index.

    Args:
        codes: int array of shape (n,): the series of each time, in ascending order.
        times: times of shape (n,), sorted within each series.
        freq: as in `infer_frequency`.

    Returns:
        The frequency.

    Raises:
        ValueError: as `infer_frequency`.
    """
    if freq is not None:
        return _given(freq, isinstance(times, pd.DatetimeIndex))
    step = _common_step(codes, times)
    if not isinstance(times, pd.DatetimeIndex):
        return Frequency(1 if step is None else step)
    if step is None:
        raise ValueError(f"the frequency cannot be inferred: no series has two times. {_HOW}")
    return Frequency(_name(_length(step, times), codes, times))


def refuse_single_rows(names: np.ndarray, times: pd.Index, freq: Any, column: Any) -> None:
    """Refuse to guess the frequency of many series of one row each: rows that were numbered.

    Args:
        names: ids of the series, shape (num_series,).
        times: the times of all rows.
        freq: what the user gave; None to infer.
        column: name of the id column.

    Raises:
        ValueError: naming the column and a series.
    """
    if freq is None and isinstance(times, pd.DatetimeIndex) and len(names) == len(times) > 1:
        raise ValueError(
            f"the frequency cannot be inferred: each of the {len(names):,} series of column "
            f"{column!r} has one row, the first is {names[0]!r}. Say which column names the "
            "series (id_col=) if this one numbers the rows; if every series is that short, pass "
            "freq=, for example freq='D'."
        )


def _given(freq: Any, is_time: bool) -> Frequency:
    frequency = freq if isinstance(freq, Frequency) else Frequency(freq)
    if frequency.is_integer and is_time:
        raise ValueError(f"freq={frequency.alias} is for integer time, but the times are dates. "
                         f"{_HOW}")  # fmt: skip
    if not frequency.is_integer and not is_time:
        raise ValueError(
            f"freq={frequency.alias!r} is for dates, but the times are integers. "
            "Pass freq=1 (or another whole step), or convert the times with pd.to_datetime."
        )
    return frequency


def _common_step(codes: np.ndarray, times: pd.Index) -> int | None:
    """The step that most series have most often (smallest of equals), None without any step."""
    inside = codes[1:] == codes[:-1]
    if not inside.any():
        return None
    steps, names = pd.factorize(np.diff(instants(times))[inside], sort=True)
    votes, keys = pd.factorize(codes[1:][inside] * np.int64(len(names)) + steps)
    series, steps = np.divmod(keys, len(names))
    order = np.lexsort((steps, -np.bincount(votes), series))
    first = runs(series[order])[1]
    return int(names[np.argmax(np.bincount(steps[order][first]))])


def _length(step: int, times: pd.DatetimeIndex) -> pd.Timedelta:
    """A step in the unit of the times."""
    return pd.Timedelta(np.timedelta64(step, times.unit))


def _name(step: pd.Timedelta, codes: np.ndarray, times: pd.DatetimeIndex) -> str:
    """Alias of a step: elapsed time below a day, the calendar from a day on."""
    if step < _LEAST_DAY:
        return tick_alias(step)
    wall = times.tz_localize(None)
    if times.tz is not None:
        elapsed, step = step, _length(_common_step(codes, wall) or 0, wall)
        if not _same_clock(wall):
            return tick_alias(elapsed)
    if step % _DAY != pd.Timedelta(0):
        return tick_alias(step)
    days = step // _DAY
    if days == 1:
        return "B" if _skips_weekends(codes, wall) else "D"
    unique = wall.unique()
    months = _month_alias(days, unique) if days >= 28 else _half_month_alias(unique)
    return months or _day_alias(days, unique)


def _skips_weekends(codes: np.ndarray, wall: pd.DatetimeIndex) -> bool:
    """Whether no time is on a weekend and a series steps over one from Friday to Monday."""
    if (wall.unique().day_of_week >= 5).any():
        return False
    weekdays = np.asarray(wall.day_of_week)
    over = (weekdays[:-1] == 4) & (weekdays[1:] == 0) & (codes[:-1] == codes[1:])
    over &= np.asarray(wall[1:] - wall[:-1] < 4 * _DAY)
    return bool(over.any())


def _same_clock(wall: pd.DatetimeIndex) -> bool:
    """Whether the hour of the day stays the same, as calendar days demand."""
    clocks = np.unique(np.asarray(wall - wall.normalize()), return_counts=True)[1]
    return bool(clocks.max() > 0.9 * clocks.sum())


def _day_alias(days: int, wall: pd.DatetimeIndex) -> str:
    if days % 7 == 0:
        weekday = _WEEKDAYS[int(np.bincount(wall.day_of_week).argmax())]
        return f"{_count(days // 7)}W-{weekday}"
    return f"{_count(days)}D"


def _half_month_alias(wall: pd.DatetimeIndex) -> str | None:
    """Alias of two days a month, its first or last and one other; None for all other days."""
    edges = {"SMS": np.asarray(wall.day == 1), "SME": np.asarray(wall.day == wall.days_in_month)}
    for name, edge in edges.items():
        days = np.unique(wall.day[~edge])
        if len(days) == 1 and 1 < days[0] < 28 and min(edge.sum(), (~edge).sum()) >= 2:
            return f"{name}-{days[0]}"
    return None


def _month_alias(days: int, wall: pd.DatetimeIndex) -> str | None:
    """Alias of a step of whole months, None if the days are not a start or an end of a month."""
    months = max(1, round(days / 30.44))
    # Of an index that carries a freq of business days, pandas means the month of these.
    day = pd.DatetimeIndex(np.asarray(wall.normalize()))
    shares = {
        "S": np.mean(day.is_month_start),
        "E": np.mean(day.is_month_end),
        "BS": np.mean(day == (day + pd.offsets.MonthBegin(1) - pd.offsets.BMonthBegin(1))),
        "BE": np.mean(day == (day - pd.offsets.MonthEnd(1) + pd.offsets.BMonthEnd(1))),
    }
    rule = max(shares, key=lambda name: shares[name])
    if shares[rule] <= 0.5:
        return None
    return _anchored(months, rule, MONTHS[int(np.bincount(wall.month).argmax()) - 1])


def _anchored(months: int, rule: str, month: str) -> str:
    """Alias of `months` months by the rule S, E, BS or BE, anchored at `month`."""
    business, edge = ("B", rule[1]) if len(rule) == 2 else ("", rule)
    if months % 12 == 0:
        return f"{_count(months // 12)}{business}Y{edge}-{month}"
    if months % 3 == 0:
        return f"{_count(months // 3)}{business}Q{edge}-{month}"
    return f"{_count(months)}{business}M{edge}"


def _count(count: int) -> str:
    return "" if count == 1 else str(count)
