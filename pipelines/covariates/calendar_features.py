"""What the calendar says of a step: hour of the day, day of the week, and so on, as numbers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from ..calendar.frequency import Frequency
from ..panel import Panel
from .table import Covariate, CovariateTable

_DAY = 86_400.0


@dataclass(frozen=True)
class _Feature:
    """A place in a cycle: its share of the cycle, and the steps (in seconds) that it suits."""

    share: Callable[[pd.DatetimeIndex], np.ndarray]
    from_step: float
    below_step: float
    is_cyclic: bool = True


def _seconds(times: pd.DatetimeIndex) -> np.ndarray:
    """Seconds since midnight on the clock on the wall."""
    clock = times.hour * 3600.0 + times.minute * 60.0 + times.second + times.microsecond * 1e-6
    return clock.to_numpy(dtype=np.float64)


def _hour_share(times: pd.DatetimeIndex) -> np.ndarray:
    return (_seconds(times) % 3600.0) / 3600.0


def _month_share(times: pd.DatetimeIndex) -> np.ndarray:
    return (times.day.to_numpy() - 1.0) / times.days_in_month.to_numpy()


def _year_share(times: pd.DatetimeIndex) -> np.ndarray:
    return (times.day_of_year.to_numpy() - 1.0) / (365.0 + times.is_leap_year)


_FEATURES = {
    "minute_of_hour": _Feature(_hour_share, 0.0, 3600.0),
    "hour_of_day": _Feature(lambda times: _seconds(times) / _DAY, 0.0, _DAY),
    "day_of_week": _Feature(lambda times: times.day_of_week.to_numpy() / 7.0, 0.0, 7 * _DAY),
    "is_weekend": _Feature(
        lambda times: (times.day_of_week.to_numpy() >= 5) * 1.0, 0.0, 7 * _DAY, is_cyclic=False
    ),
    "day_of_month": _Feature(_month_share, 0.0, 28 * _DAY),
    "day_of_year": _Feature(_year_share, 0.0, 28 * _DAY),
    "month_of_year": _Feature(
        lambda times: (times.month.to_numpy() - 1.0) / 12.0, 28 * _DAY, 84 * _DAY
    ),
    "quarter_of_year": _Feature(
        lambda times: (times.quarter.to_numpy() - 1.0) / 4.0, 84 * _DAY, 360 * _DAY
    ),
}
CALENDAR_FEATURES = tuple(_FEATURES)
"""The names that `calendar_features` may take."""


def check_features(features: Any) -> tuple[str, ...] | bool:
    """The features asked for: names, or True for all that suit the frequency.

    Raises:
        TypeError: if they are one text, or no names.
        ValueError: for a name that is unknown, or twice.

    Example:
        >>> check_features(["hour_of_day"])
        ('hour_of_day',)
    """
    if features is None or isinstance(features, bool):
        return features or ()
    if isinstance(features, str):
        raise TypeError(f"calendar features must be a list of names; write [{features!r}].")
    names = tuple(features)
    for name in names:
        if name not in _FEATURES:
            raise ValueError(
                f"unknown calendar feature {name!r}; known are {', '.join(_FEATURES)}. True takes "
                "all that suit the frequency; holidays are a column of 0 and 1 of your own."
            )
        if names.count(name) > 1:
            raise ValueError(f"calendar feature {name!r} is named twice; name each once.")
    return names


def features_for(features: tuple[str, ...] | bool, frequency: Frequency) -> tuple[str, ...]:
    """The names of the features for steps of a frequency.

    Args:
        features: from `check_features`.
        frequency: distance between two steps.

    Raises:
        ValueError: for integer time, or if True was given and none suits the frequency.

    Example:
        >>> features_for(True, Frequency("MS"))
        ('month_of_year',)
    """
    if not features:
        return ()
    if frequency.is_integer:
        asked = "" if features is True else f" {list(features)}"  # type: ignore[arg-type]
        raise ValueError(
            f"calendar features{asked} need dates, but the time column holds integers. Give "
            "datetimes, or leave calendar_features away."
        )
    if not isinstance(features, bool):
        return features
    step = _step_seconds(frequency)
    found = tuple(name for name, f in _FEATURES.items() if f.from_step <= step < f.below_step)
    if not found:
        raise ValueError(
            f"no calendar feature varies at freq={frequency.alias!r}; leave calendar_features away."
        )
    return found


def _step_seconds(frequency: Frequency) -> float:
    """The usual distance of two steps: the median of some."""
    times = frequency.range(pd.Timestamp("2023-01-02"), 9)
    return float(np.median(np.diff(times.as_unit("us").asi8))) / 1e6  # type: ignore[attr-defined]


def calendar_names(features: Sequence[str]) -> tuple[str, ...]:
    """The columns of features: sine and cosine of each place in a cycle, `is_weekend` itself.

    Example:
        >>> calendar_names(["hour_of_day", "is_weekend"])
        ('hour_of_day_sin', 'hour_of_day_cos', 'is_weekend')
    """
    parts = [
        (f"{name}_sin", f"{name}_cos") if _FEATURES[name].is_cyclic else (name,)
        for name in features
    ]
    return tuple(column for part in parts for column in part)


def calendar_columns(times: pd.Index, features: Sequence[str]) -> np.ndarray:
    """Calendar features of times, on the clock on the wall of their time zone.

    A place s in a cycle, 0 <= s < 1, becomes ``sin(2 pi s)`` and ``cos(2 pi s)``: the last hour of
    a day lies beside the first. Days of the month and of the year count in shares of the month and
    the year that they are in, leap years included.

    Args:
        times: datetimes, shape (n,).
        features: names out of `CALENDAR_FEATURES`.

    Returns:
        float64 of shape (n, num_columns), the columns of `calendar_names`.

    Example:
        >>> times = pd.DatetimeIndex(["2024-01-01 06:00"])
        >>> calendar_columns(times, ["hour_of_day"]).round(3).tolist()
        [[1.0, 0.0]]
    """
    if not features:
        return np.empty((len(times), 0))
    if not isinstance(times, pd.DatetimeIndex):
        raise TypeError(f"calendar features need datetimes; got {type(times).__name__}.")
    wall = times.tz_localize(None)
    # Series share most of their times: each is looked at once.
    codes, found = pd.factorize(wall)
    moments = pd.DatetimeIndex(found)
    columns: list[np.ndarray] = []
    for name in features:
        feature = _FEATURES[name]
        share = np.asarray(feature.share(moments), dtype=np.float64)
        angle = 2.0 * np.pi * share
        columns += [np.sin(angle), np.cos(angle)] if feature.is_cyclic else [share]
    return np.stack(columns, axis=1)[codes]


def with_calendar(panel: Panel, features: Any) -> Panel:
    """The panel with the calendar of its steps among what is known ahead.

    Args:
        panel: series on dates.
        features: names out of `CALENDAR_FEATURES`. Columns that are there already are computed
            anew; else they follow the other columns. None is added to no series.
    """
    if not features or not panel.num_series:
        return panel
    table, names = panel.covariates, calendar_names(features)
    columns = calendar_columns(panel.flat_times(), features)
    present = [column.name for column in table.schema.future]
    if not set(names) <= set(present):
        schema = replace(
            table.schema, future=(*table.schema.future, *(Covariate(name) for name in names))
        )
        future = np.concatenate([table.future, columns], axis=1)
    else:
        schema, future = table.schema, table.future.copy()
        future[:, [present.index(name) for name in names]] = columns
    return replace(panel, covariates=CovariateTable(future, table.past, table.static, schema))
