"""Calendar features: places in cycles on the clock on the wall, known ahead by themselves."""

from __future__ import annotations

import math
from datetime import datetime
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from forecast.pipelines import (
    CALENDAR_FEATURES,
    Columns,
    CovariateColumns,
    Frequency,
    Upcoming,
    calendar_columns,
    read_frame,
    read_future,
    with_calendar,
)
from forecast.pipelines.covariates.calendar_features import calendar_names, features_for

ZONES = (None, "UTC", "Europe/Madrid", "Australia/Melbourne", "America/St_Johns")


def shares_by_hand(time: datetime) -> dict[str, float]:
    """Places in the cycles of one wall clock time, by Python's own calendar."""
    seconds = time.hour * 3600 + time.minute * 60 + time.second
    first, later = datetime(time.year, 1, 1), datetime(time.year + 1, 1, 1)
    month = datetime(time.year + time.month // 12, time.month % 12 + 1, 1)
    day = datetime(time.year, time.month, time.day)
    return {
        "minute_of_hour": seconds % 3600 / 3600,
        "hour_of_day": seconds / 86400,
        "day_of_week": time.weekday() / 7,
        "day_of_month": (time.day - 1) / (month - datetime(time.year, time.month, 1)).days,
        "day_of_year": (day - first).days / (later - first).days,
        "month_of_year": (time.month - 1) / 12,
        "quarter_of_year": (time.month - 1) // 3 / 4,
    }


@given(
    moments=st.lists(st.integers(0, 2_000_000_000), min_size=1, max_size=5),
    zone=st.sampled_from(ZONES),
    unit=st.sampled_from(["s", "us", "ns"]),
)
def test_features_are_those_of_the_wall_clock(moments, zone, unit):
    times = pd.to_datetime(moments, unit="s").as_unit(unit)
    if zone is not None:
        times = times.tz_localize("UTC").tz_convert(zone)
    found = pd.DataFrame(
        calendar_columns(times, CALENDAR_FEATURES), columns=calendar_names(CALENDAR_FEATURES)
    )
    for row, moment in enumerate(moments):
        wall = datetime.fromtimestamp(moment, ZoneInfo(zone or "UTC")).replace(tzinfo=None)
        for name, share in shares_by_hand(wall).items():
            expected = math.sin(2 * math.pi * share), math.cos(2 * math.pi * share)
            pair = found.loc[row, [f"{name}_sin", f"{name}_cos"]]
            np.testing.assert_allclose(pair.to_numpy(float), expected, atol=1e-12)
        assert found.loc[row, "is_weekend"] == (wall.weekday() >= 5)


def test_a_step_has_the_same_bits_in_any_array():
    times = pd.date_range("2024-01-01", periods=1001, freq="37min")
    whole = calendar_columns(times, CALENDAR_FEATURES)
    for first, last in ((0, 1), (3, 10), (17, 500), (1000, 1001)):
        part = calendar_columns(times[first:last], CALENDAR_FEATURES)
        np.testing.assert_array_equal(part, whole[first:last])
    again = np.random.default_rng(1).integers(0, 1001, size=3000)  # series share their times
    np.testing.assert_array_equal(calendar_columns(times[again], CALENDAR_FEATURES), whole[again])


@pytest.mark.parametrize(
    ("freq", "expected"),
    [
        ("15min", ("minute_of_hour", "hour_of_day", "day_of_week", "is_weekend", "day_of_month",
                   "day_of_year")),
        ("h", ("hour_of_day", "day_of_week", "is_weekend", "day_of_month", "day_of_year")),
        ("D", ("day_of_week", "is_weekend", "day_of_month", "day_of_year")),
        ("W-SAT", ("day_of_month", "day_of_year")),
        ("MS", ("month_of_year",)),
        ("QS", ("quarter_of_year",)),
    ],
)  # fmt: skip
def test_true_takes_what_suits_the_frequency(freq, expected):
    assert features_for(True, Frequency(freq)) == expected


def long_frame(zone=None, periods=60, freq="h") -> pd.DataFrame:
    """Hours over the end of summer time."""
    times = pd.date_range("2024-10-26", periods=periods, freq=freq, tz=zone)
    return pd.DataFrame({"unique_id": "a", "ds": times, "y": np.arange(float(periods))})


def columns_of(*features: str, future=()) -> Columns:
    return Columns(future=future, more=CovariateColumns(calendar=features))


def test_every_step_has_its_calendar_gaps_too():
    frame = long_frame("Europe/Madrid").drop(index=[5, 6, 30])
    reading = read_frame(frame, columns_of("hour_of_day", "is_weekend"), "h")
    panel = reading.panel
    expected = calendar_columns(panel.times(0), ["hour_of_day", "is_weekend"])
    np.testing.assert_array_equal(panel.covariates.future, expected)
    names = [column.name for column in panel.covariates.schema.future]
    assert names == ["hour_of_day_sin", "hour_of_day_cos", "is_weekend"]
    # 2024-10-27 has 25 hours: hours 24 and 49 after the first midnight are midnight, too.
    assert panel.covariates.future[[0, 24, 49], 1].tolist() == [1.0, 1.0, 1.0]


def test_wide_frames_and_series_have_a_calendar_too():
    wide = pd.DataFrame(
        {"a": [1.0, 2.0, 3.0], "b": [np.nan, 2.0, 3.0]}, index=pd.date_range("2024", periods=3)
    )
    for data in (wide, wide["a"]):
        panel = read_frame(data, columns_of("day_of_week")).panel
        expected = calendar_columns(panel.flat_times(), ["day_of_week"])
        np.testing.assert_array_equal(panel.covariates.future, expected)


def test_the_future_needs_no_frame():
    ends = pd.DatetimeIndex(["2024-03-30 22:00", "2024-05-01"]).tz_localize("Europe/Madrid")
    upcoming = Upcoming(np.array(["a", "b"], object), ends, Frequency("h"), 5)
    found = read_future(None, columns_of("hour_of_day"), upcoming)
    expected = calendar_columns(upcoming.times, ["hour_of_day"]).reshape(2, 5, 2)
    np.testing.assert_array_equal(found.values, expected)
    assert [column.name for column in found.columns] == ["hour_of_day_sin", "hour_of_day_cos"]


def test_computed_anew_it_replaces_its_own_columns_only():
    frame = long_frame().assign(price=np.arange(60.0))
    panel = read_frame(frame, columns_of("hour_of_day", future=["price"])).panel
    again = with_calendar(panel, ("hour_of_day",))
    np.testing.assert_array_equal(again.covariates.future, panel.covariates.future)
    assert again.covariates.schema == panel.covariates.schema
    assert with_calendar(panel, ()) is panel


def test_calendar_features_that_cannot_be_used_are_refused():
    known = r"known are minute_of_hour, hour_of_day.*holidays are a column of 0 and 1"
    with pytest.raises(ValueError, match=rf"unknown calendar feature 'hour'; {known}"):
        columns_of("hour")
    with pytest.raises(ValueError, match=r"'is_weekend' is named twice"):
        columns_of("is_weekend", "is_weekend")
    with pytest.raises(TypeError, match=r"must be a list of names; write \['hour_of_day'\]"):
        CovariateColumns(calendar="hour_of_day")
    with pytest.raises(ValueError, match=r"column 'hour_of_day_sin' has the name of a calendar"):
        columns_of("hour_of_day", future=["hour_of_day_sin"])
    integers = long_frame().assign(ds=np.arange(60))
    for features in (("hour_of_day",), True):
        columns = Columns(more=CovariateColumns(calendar=features))
        with pytest.raises(ValueError, match=r"need dates, but the time column holds integers"):
            read_frame(integers, columns)
    yearly = long_frame(periods=5, freq="YS")
    with pytest.raises(ValueError, match=r"no calendar feature varies at freq='YS-JAN'"):
        read_frame(yearly, Columns(more=CovariateColumns(calendar=True)))
    with pytest.raises(TypeError, match=r"need datetimes; got Index"):
        calendar_columns(pd.Index([1, 2]), ["hour_of_day"])


def test_true_is_refused_where_a_column_has_the_name_of_a_feature():
    frame = long_frame().assign(is_weekend=0.0)
    columns = Columns(future=["is_weekend"], more=CovariateColumns(calendar=True))
    with pytest.raises(ValueError, match=r"'is_weekend' has the name of a calendar feature"):
        read_frame(frame, columns)
