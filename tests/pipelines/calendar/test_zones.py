"""Time as users have it: zones across daylight saving, resolutions, dates, old names of freqs."""

from __future__ import annotations

import datetime

import numpy as np
import pandas as pd
import polars as pl
import pytest

import forecast as fc
from forecast.pipelines import Frequency, default_season, infer_frequency, read_frame

# A zone, the day on which its clock changes, and the wall clock of the midnight of that day.
CHANGES = [
    ("Europe/Berlin", "2024-03-31", "00:00"),
    ("Europe/Berlin", "2024-10-27", "00:00"),
    ("Australia/Lord_Howe", "2024-04-07", "00:00"),
    ("America/Sao_Paulo", "2017-10-15", "01:00"),
    ("America/Sao_Paulo", "2018-02-18", "00:00"),
    ("Asia/Beirut", "2024-03-31", "01:00"),
    ("Africa/Cairo", "2024-04-26", "01:00"),
]


def one(times, **changes) -> pd.DataFrame:
    frame = pd.DataFrame({"unique_id": "a", "ds": times, "y": np.arange(len(times)) * 1.0})
    return frame.assign(**changes)


@pytest.mark.parametrize(("zone", "day", "midnight"), CHANGES)
def test_days_are_counted_by_the_wall_clock(zone, day, midnight):
    days = pd.date_range(end=day, periods=21)[:-1].tz_localize(zone)
    out = fc.Naive().fit(one(days)).predict(3)
    after = pd.Timestamp(day) + pd.Timedelta(days=1)
    expected = [pd.Timestamp(f"{day} {midnight}"), after, after + pd.Timedelta(days=1)]
    assert out["ds"].dt.tz_localize(None).tolist() == expected
    assert out["ds"].dtype == days.dtype
    # Read back with the forecasts behind it, the change of the clock is no gap.
    whole = read_frame(pd.concat([one(days), out.rename(columns={"Naive": "y"})]))
    assert whole.notes == ()
    assert whole.panel.frequency.alias == "D"
    assert whole.panel.lengths.tolist() == [23]


@pytest.mark.parametrize("freq", ["h", "30min", "6h"])
@pytest.mark.parametrize(("zone", "day", "midnight"), CHANGES)
def test_hours_are_counted_in_elapsed_time(zone, day, midnight, freq):
    start = (pd.Timestamp(day) - pd.Timedelta(days=3)).tz_localize(zone)
    times = pd.date_range(start, start + pd.Timedelta(days=6), freq=freq)
    cut = int(np.searchsorted(times, pd.Timestamp(f"{day} {midnight}").tz_localize(zone))) - 2
    out = fc.Naive().fit(one(times[:cut]).sample(frac=1, random_state=0)).predict(12)
    assert out["ds"].tolist() == times[cut : cut + 12].tolist()
    panel = read_frame(one(times)).panel
    assert panel.frequency.alias == freq
    assert panel.lengths.tolist() == [len(times)]
    utc = read_frame(one(times.tz_convert("UTC"))).panel
    np.testing.assert_array_equal(panel.values, utc.values)


@pytest.mark.parametrize("zone", [None, "Europe/Berlin"])
@pytest.mark.parametrize("unit", ["s", "ms", "us", "ns"])
@pytest.mark.parametrize("kind", ["long", "wide", "series"])
def test_the_resolution_of_the_times_comes_back(kind, unit, zone):
    times = pd.date_range("2024-03-28", periods=5, tz=zone).as_unit(unit)
    wide = pd.DataFrame({"b": np.arange(5.0), "a": 1.0}, index=times)
    data = {"long": one(times), "wide": wide, "series": wide["b"]}[kind]
    out = fc.Naive().fit(data).predict(2)
    found = out["ds"].dtype if kind == "long" else out.index.dtype
    assert found == times.dtype


@pytest.mark.parametrize(
    "times",
    [
        [datetime.date(2024, 2, day) for day in (27, 28, 29)],
        pd.Series([datetime.datetime(2024, 2, day) for day in (27, 28, 29)], dtype=object),
        pd.Series(np.array(["2024-02-27", "2024-02-28", "2024-02-29"], "datetime64[D]").tolist()),
        pd.Categorical(["2024-02-27", "2024-02-28", "2024-02-29"]),
        ["2024-02-27", "2024-02-28", "2024-02-29"],
    ],
)
def test_dates_and_text_come_back_as_datetimes(times):
    out = fc.Naive().fit(one(times)).predict(1)
    assert pd.api.types.is_datetime64_dtype(out["ds"].dtype)
    assert out["ds"].tolist() == [pd.Timestamp("2024-03-01")]


@pytest.mark.parametrize("dtype", ["int16", "uint8", "Int64", "float64"])
def test_integer_time_of_any_kind(dtype):
    out = fc.Naive().fit(one(pd.array([3, 5, 7, 9], dtype=dtype))).predict(2)
    assert out["ds"].tolist() == [11, 13]
    assert out["ds"].dtype == ("int64" if dtype == "float64" else dtype)


OLD = {"M": "ME", "H": "h", "T": "min", "S": "s", "Q": "QE-DEC", "A": "YE-DEC", "Y": "YE-DEC",
       "AS": "YS-JAN", "BM": "BME", "BQ": "BQE-DEC", "BA": "BYE-DEC", "15T": "15min",
       "A-JUN": "YE-JUN", "2H": "2h", "b": "B", "w": "W-SUN"}  # fmt: skip


@pytest.mark.parametrize("old", OLD)
def test_old_names_of_freqs_are_given_and_inferred(old):
    frequency = Frequency(old)
    assert frequency.alias == OLD[old]
    times = frequency.range(pd.Timestamp("2020-01-01"), 40)
    for freq in (old, None):
        forecaster = fc.Naive().fit(one(times[:-2]), freq=freq)
        assert forecaster.predict(2)["ds"].tolist() == times[-2:].tolist()
        assert forecaster.store_.frequency == frequency


@pytest.mark.parametrize("alias", ["BME", "BMS", "BQE-DEC", "BYE-DEC", "BYS-JAN", "ME", "QS-JAN"])
def test_an_index_that_carries_its_freq_is_looked_at_alike(alias):
    # Of such an index pandas answers is_month_start for its own kind of months.
    times = pd.date_range("2020-01-01", periods=40, freq=alias)
    assert times.freq is not None
    assert infer_frequency([times]).alias == alias
    wide = pd.DataFrame({"a": np.arange(40.0)}, index=times)
    assert read_frame(wide).panel.frequency.alias == alias


@pytest.mark.parametrize(
    ("freq", "length", "longer"),
    [("h", 24, 168), ("30min", 48, 336), ("15min", 96, 672), ("D", 7, 365), ("W-SUN", 52, None),
     ("MS", 12, None), ("QE-DEC", 4, None), ("B", 5, None)],
)  # fmt: skip
def test_seasons_of_a_frequency_and_why(freq, length, longer):
    steps = 3 * longer + 1 if longer else 12 * length
    times = Frequency(freq).range(pd.Timestamp("2020-01-01"), steps)
    frame = one(times, y=np.sin(2 * np.pi * np.arange(steps) / length))
    season = default_season(read_frame(frame).panel)
    assert (season.length, season.long) == (length, longer)
    assert season.reason == (f"usual season of freq={freq!r} is {length}, the autocorrelation test "
                             "holds on 1 of 1 series")  # fmt: skip
    shown = str(fc.check(frame, horizon=1))
    assert f"season     {length} ({season.reason})" in shown
    if longer:
        assert f"; longer season {longer} (half of the series have three of it)" in shown
        short = default_season(read_frame(frame.iloc[1:-1]).panel)
        assert short.long is None


@pytest.mark.parametrize("zone", ["UTC", "Europe/Berlin", "America/Sao_Paulo"])
def test_polars_keeps_zone_and_unit(zone):
    times = pd.date_range("2017-10-12", periods=3).tz_localize(zone)
    frame = pl.DataFrame({"unique_id": ["a"] * 3, "ds": times.tz_convert("UTC").tz_localize(None),
                          "y": [1.0, 2.0, 3.0]})  # fmt: skip
    utc = pl.col("ds").cast(pl.Datetime("ms")).dt.replace_time_zone("UTC")
    frame = frame.with_columns(utc.dt.convert_time_zone(zone))
    out = fc.Naive().fit(frame).predict(2)
    assert out.schema["ds"] == frame.schema["ds"] == pl.Datetime("ms", zone)
    assert [time.day for time in out["ds"]] == [15, 16]
    assert out["ds"][0].hour == (1 if zone == "America/Sao_Paulo" else 0)


def test_polars_ids_of_categories_come_back():
    frame = pl.DataFrame({"unique_id": ["b", "b", "a", "a"], "ds": [1, 2, 1, 2],
                          "y": [1.0, 2.0, 3.0, 4.0]})  # fmt: skip
    for kind in (pl.Categorical(), pl.Enum(["a", "b", "z"])):
        out = fc.Naive().fit(frame.with_columns(pl.col("unique_id").cast(kind))).predict(1)
        assert out.schema["unique_id"] == kind
        assert out["unique_id"].to_list() == ["b", "a"]
