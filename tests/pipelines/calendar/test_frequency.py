"""Frequencies: spelling, grids, positions across daylight saving, inference."""

from __future__ import annotations

import datetime

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from forecast.pipelines import Frequency, infer_frequency

ALIASES = ["30min", "h", "6h", "D", "B", "2D", "W-SAT", "2W-MON", "MS", "ME", "BME", "BMS", "2MS",
           "QS-JAN", "QS-FEB", "QE-DEC", "BQE-DEC", "YS-APR", "YE-DEC", "SMS-15", "SME-15",
           "SMS-10", "SME-20"]  # fmt: skip
ZONES = [None, "UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe"]


@pytest.mark.parametrize(
    ("old", "new"),
    [("M", "ME"), ("Q", "QE-DEC"), ("Y", "YE-DEC"), ("A-MAR", "YE-MAR"), ("H", "h"), ("T", "min"),
     ("15T", "15min"), ("S", "s"), ("d", "D"), ("w-sat", "W-SAT"), ("BM", "BME"), ("AS", "YS-JAN"),
     ("60min", "h"), ("QS-OCT", "QS-JAN"), ("QE-MAR", "QE-DEC"), (np.int64(2), 2),
     ("SM-15", "SME-15"), ("SMS", "SMS-15"), (np.timedelta64(90, "m"), "90min"),
     (np.timedelta64(2, "D"), "2D"), (pd.Timedelta(days=1), "D"),
     (datetime.timedelta(hours=36), "36h")],
)  # fmt: skip
def test_old_and_equal_aliases_have_one_spelling(old, new):
    assert Frequency(old) == Frequency(new)
    assert Frequency(old).alias == new


def test_offsets_and_timedeltas_are_frequencies():
    assert Frequency(pd.offsets.MonthBegin()).alias == "MS"
    assert Frequency(pd.Timedelta(minutes=30)).alias == "30min"


@pytest.mark.parametrize("bad", ["foo", "", True, 1.5, "-1D", None])
def test_unknown_aliases_are_refused(bad):
    with pytest.raises(ValueError, match=r"freq=.*(no known frequency|move forward)"):
        Frequency(bad)


def test_integer_steps_below_one_are_refused():
    with pytest.raises(ValueError, match="at least 1"):
        Frequency(0)


def test_integer_time_has_no_offset():
    with pytest.raises(TypeError, match="integer time"):
        _ = Frequency(1).offset


@pytest.mark.parametrize(
    ("alias", "seasons"),
    [("h", (24, 168)), ("30min", (48, 336)), ("min", (1440, 10080)), ("s", (60, 3600)),
     ("7h", (24,)), ("D", (7, 365)), ("7D", (52,)), ("2D", ()), ("B", (5,)), ("W-SAT", (52,)),
     ("2W-SAT", (26,)), ("MS", (12,)), ("ME", (12,)), ("QS", (4,)), ("2QS", (2,)), ("YE", ()),
     ("5MS", ()), (1, ()), ("SMS", (24,)), ("2SME", (12,)), ("WOM-3FRI", (12,))],
)  # fmt: skip
def test_season_lengths(alias, seasons):
    assert Frequency(alias).season_lengths == seasons


@pytest.mark.parametrize("zone", ZONES)
@pytest.mark.parametrize("alias", ALIASES)
def test_range_and_position_agree_with_pandas(alias, zone):
    times = pd.date_range("2020-01-15 03:30", periods=120 if alias[0] != "Y" else 60, freq=alias)
    times = times if zone is None else pd.date_range(times[0], periods=len(times), freq=alias,
                                                     tz=zone)  # fmt: skip
    frequency = Frequency(alias)
    assert list(frequency.range(times[0], len(times))) == list(times)
    order = np.random.default_rng(0).permutation(len(times))
    np.testing.assert_array_equal(frequency.position(times[order], times[0]), order)


@pytest.mark.parametrize("zone", ZONES)
@pytest.mark.parametrize("alias", ["h", "D", "B", "W-SAT", "MS", "QE-DEC"])
def test_shift_moves_along_the_grid_both_ways(alias, zone):
    grid = Frequency(alias).range(pd.Timestamp("2020-01-31", tz=zone), 200)
    rng = np.random.default_rng(1)
    old, new = rng.integers(0, 200, size=(2, 50))
    assert list(Frequency(alias).shift(grid[old], new - old)) == list(grid[new])
    assert len(Frequency(alias).shift(grid[:0], new[:0])) == 0


@given(start=st.integers(-50, 50), step=st.integers(1, 9), periods=st.integers(0, 30))
def test_integer_time(start, step, periods):
    frequency = Frequency(step)
    times = frequency.range(start, periods)
    assert times.tolist() == [start + step * k for k in range(periods)]
    assert frequency.position(times, start).tolist() == list(range(periods))
    assert frequency.shift(times, -np.arange(periods)).tolist() == [start] * periods


def test_hours_run_on_and_days_keep_the_clock_across_daylight_saving():
    start = pd.Timestamp("2024-03-30 12:00", tz="Europe/Berlin")
    hours, days = Frequency("h").range(start, 25), Frequency("D").range(start, 3)
    assert hours[-1] - start == pd.Timedelta(hours=24)
    assert hours[-1].hour == 13
    assert [day.hour for day in days] == [12, 12, 12]
    assert Frequency("D").position(days, start).tolist() == [0, 1, 2]
    autumn = pd.date_range("2024-10-27", periods=25, freq="h", tz="Europe/Berlin")
    assert Frequency("h").position(autumn, autumn[0]).tolist() == list(range(25))


def test_a_midnight_that_does_not_exist_moves_forward():
    days = Frequency("D").range(pd.Timestamp("2018-11-02", tz="America/Sao_Paulo"), 4)
    assert [day.hour for day in days] == [0, 0, 1, 0]
    assert Frequency("D").position(days, days[0]).tolist() == [0, 1, 2, 3]


def test_a_position_in_another_zone_is_the_same():
    times = pd.date_range("2024-03-30", periods=48, freq="h", tz="Europe/Berlin")
    assert Frequency("h").position(times.tz_convert("UTC"), times[0]).tolist() == list(range(48))


@pytest.mark.parametrize(
    ("alias", "time"), [("h", "2024-01-01 00:30"), ("D", "2024-01-01 07:00"), ("MS", "2024-01-02"),
                        ("h", "2023-12-31"), ("MS", "2023-12-01")]
)  # fmt: skip
def test_times_beside_the_grid_are_refused(alias, time):
    with pytest.raises(ValueError, match=rf"{time}.* is not on the grid of freq='{alias}'"):
        Frequency(alias).position(pd.DatetimeIndex([time]), "2024-01-01")


def test_a_whole_grid_beside_the_times_is_refused():
    with pytest.raises(ValueError, match="not on the grid"):
        Frequency("W-SUN").position(pd.DatetimeIndex(["2024-01-01"]), "2024-01-01")


def test_one_sided_time_zones_are_refused():
    with pytest.raises(ValueError, match=r"have time zone None.*has UTC"):
        Frequency("h").position(pd.DatetimeIndex(["2024"]), pd.Timestamp("2024", tz="UTC"))


@pytest.mark.parametrize("zone", [None, "Europe/Berlin", "America/New_York"])
@pytest.mark.parametrize("alias", ALIASES)
def test_inference_survives_gaps(alias, zone):
    grid = Frequency(alias).range(pd.Timestamp("2020-01-13", tz=zone), 120)
    rng = np.random.default_rng(2)
    parts = [grid[np.sort(rng.choice(120, 90, replace=False))] for _ in range(3)]
    assert infer_frequency(parts) == Frequency(alias)


def test_inference_of_coarser_resolutions():
    times = pd.date_range("2020", periods=9, freq="W-SAT").astype("datetime64[s]")
    assert infer_frequency([times]).alias == "W-SAT"


def test_utc_midnights_seen_from_another_zone_are_24_hours():
    times = pd.date_range("2024", periods=365, freq="D", tz="UTC").tz_convert("Europe/Berlin")
    assert infer_frequency([times]).alias == "24h"


def test_five_weekdays_alone_are_no_business_days():
    week = pd.date_range("2024-01-01", periods=5)
    assert infer_frequency([week, week + pd.Timedelta(days=7)]).alias == "D"
    assert infer_frequency([pd.bdate_range("2024-01-01", periods=6)]).alias == "B"


def test_two_weeks_and_few_days_are_no_half_months():
    def inferred(*days):
        return infer_frequency([pd.DatetimeIndex(days)]).alias

    assert inferred("2024-01-01", "2024-01-15") == "2W-MON"
    assert inferred("2024-01-01", "2024-01-15", "2024-01-29") == "2W-MON"
    assert inferred("2024-01-01", "2024-01-15", "2024-02-01", "2024-02-15") == "SMS-15"
    assert inferred("2024-01-15", "2024-01-31", "2024-02-15", "2024-02-29") == "SME-15"
    assert inferred("2024-01-01", "2024-01-11", "2024-01-21", "2024-01-31") == "10D"


def test_four_weeks_are_no_month():
    assert infer_frequency([pd.date_range("2024-01-03", periods=9, freq="28D")]).alias == "4W-WED"
    assert infer_frequency([pd.date_range("2024-01-03", periods=9, freq="30D")]).alias == "30D"


@pytest.mark.parametrize(("times", "step"), [([1, 2, 3, 7], 1), ([0, 10, 20, 50], 10), ([4], 1)])
def test_inference_of_integer_time(times, step):
    assert infer_frequency([pd.Index(times)]) == Frequency(step)


def test_each_series_has_one_vote():
    daily = [pd.date_range("2024", periods=3, freq="D") for _ in range(2)]
    assert infer_frequency([*daily, pd.date_range("2024", periods=500, freq="h")]).alias == "D"


def test_nothing_to_infer_from_is_refused():
    with pytest.raises(ValueError, match=r"no series has two times. Pass freq="):
        infer_frequency([pd.DatetimeIndex(["2024"])])
    assert infer_frequency([pd.DatetimeIndex(["2024"])], "D").alias == "D"
    assert infer_frequency([]) == Frequency(1)


def test_a_frequency_of_another_kind_of_time_is_refused():
    dates = pd.date_range("2024", periods=3)
    with pytest.raises(ValueError, match="freq=1 is for integer time, but the times are dates"):
        infer_frequency([dates], 1)
    with pytest.raises(ValueError, match="freq='D' is for dates, but the times are integers"):
        infer_frequency([pd.Index([1, 2])], "D")
    assert infer_frequency([dates], Frequency("D")).alias == "D"


@pytest.mark.parametrize(("zone", "day"), [("America/Sao_Paulo", "2017-10-15"),
                                           ("Asia/Beirut", "2019-03-31")])  # fmt: skip
@pytest.mark.parametrize("alias", ["D", "B", "W-SUN", "QE-DEC", "2D"])
def test_a_grid_may_begin_or_end_on_a_midnight_that_the_clock_skips(zone, day, alias):
    frequency = Frequency(alias)
    skipped = pd.Timestamp(day)
    naive = pd.date_range(skipped - pd.Timedelta(days=200), skipped + pd.Timedelta(days=1400),
                          freq=alias)  # fmt: skip
    at = int(np.searchsorted(naive, skipped))
    times = naive.tz_localize(zone, nonexistent="shift_forward")
    for first in range(at - 1, at + 2):
        grid = times[first:]
        assert frequency.range(grid[0], len(grid)).tolist() == grid.tolist()
        assert frequency.locate(grid, grid[0]).tolist() == list(range(len(grid)))
        for steps in (-2, -1, 1, 2):
            moved = frequency.shift(grid[3:6], np.full(3, steps))
            assert moved.tolist() == grid[3 + steps : 6 + steps].tolist()
        assert frequency.shift(grid[:1], np.array([-1])).tolist() == [times[first - 1]]
