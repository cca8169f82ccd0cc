"""Default seasons and the summary of the data."""

from __future__ import annotations

import time

import numpy as np
import pandas as pd
import pytest
from statsmodels.tsa.stattools import acf

from forecast.pipelines import Columns, check_data, default_season, load_dataset, read_frame
from forecast.pipelines.calendar.season import autocorrelation, is_seasonal

COLUMNS = Columns()


def read(series, freq="D"):
    """A panel of series that start together; a list of arrays."""
    parts = [pd.DataFrame({"unique_id": f"s{i}", "ds": pd.date_range("2024", periods=len(y),
                                                                    freq=freq), "y": y})
             for i, y in enumerate(series)]  # fmt: skip
    return read_frame(pd.concat(parts), COLUMNS, freq)


def weekly(length, seed):
    rng = np.random.default_rng(seed)
    return np.tile(np.arange(7.0), length // 7 + 1)[:length] + rng.normal(size=length)


def noise(length, seed):
    return np.random.default_rng(seed).normal(size=length)


def test_autocorrelation_equals_statsmodels():
    values = np.cumsum(noise(300, 0))
    np.testing.assert_allclose(autocorrelation(values, 40), acf(values, nlags=40)[1:], atol=1e-12)


@pytest.mark.parametrize("length", [1025, 1700, 3000])
def test_autocorrelation_at_many_lags_equals_statsmodels(length):
    values = np.cumsum(noise(length, 3)) + 1e3
    expected = acf(values, nlags=1000, fft=False)[1:]
    np.testing.assert_allclose(autocorrelation(values, 1000), expected, atol=1e-12)


def test_a_season_of_a_minute_in_milliseconds_is_found_in_seconds():
    y = np.tile(noise(60_000, 4), 4)[:190_000]
    panel = read_frame(pd.Series(y, pd.date_range("2024", periods=len(y), freq="ms"))).panel
    began = time.process_time()
    assert default_season(panel).length == 60_000
    assert time.process_time() - began < 2.0  # lag by lag it takes 5 s


@pytest.mark.parametrize("bad", [0, 2.5, "7", True, np.nan])
def test_a_season_that_is_no_whole_number_is_refused(bad):
    with pytest.raises(ValueError, match=r"season_length must be at least 1 .* got "):
        default_season(read([noise(30, 0)]).panel, bad)


def test_autocorrelation_of_a_constant_is_zero():
    assert autocorrelation(np.full(50, 0.1), 7).tolist() == [0.0] * 7


def test_naive2_test_needs_three_cycles():
    assert is_seasonal(weekly(70, 0), 7)
    assert not is_seasonal(weekly(20, 0), 7)
    assert not is_seasonal(noise(200, 0), 7)
    gappy = weekly(140, 1)
    gappy[::5] = np.nan
    assert is_seasonal(gappy, 7)


def test_season_is_kept_where_half_of_the_series_have_it():
    half = read([weekly(70, 0), noise(70, 1)]).panel
    less = read([weekly(70, 0), noise(70, 1), noise(70, 2)]).panel
    assert default_season(half).length == 7
    assert "holds on 1 of 2 series" in default_season(half).reason
    assert default_season(less).length == 1
    assert "holds on 1 of 3 series" in default_season(less).reason


def test_longer_season_needs_three_cycles_in_half_of_the_series():
    long, short = np.tile(np.arange(24.0), 21), np.tile(np.arange(24.0), 20)
    assert default_season(read([long, short], "h").panel).long == 168
    assert default_season(read([long, short, short], "h").panel).long is None


def test_season_of_the_user_and_of_no_calendar():
    panel = read([weekly(70, 0)]).panel
    assert default_season(panel, 5).length == 5
    with pytest.raises(ValueError, match="season_length must be at least 1"):
        default_season(panel, 0)
    sunspots = default_season(read_frame(load_dataset("sunspots")).panel)
    assert (sunspots.length, sunspots.reason) == (1, "freq=1 has no usual season")


def test_summary_names_odd_series():
    reading = read([weekly(70, 0), np.full(70, 3.0), noise(5, 1), np.full(70, np.nan)])
    summary = check_data(reading, horizon=7)
    assert summary.odd.constant == ("s1",)
    assert summary.odd.short == ("s2",)
    assert summary.odd.left_out == ("s3",)
    assert summary.num_origins == 5
    text = str(summary)
    assert "5 to 70 steps, median 70" in text
    assert "too short  1 series: s2" in text
    assert "5 rolling origins of horizon 7 fit" in text
    assert "1 series without any value left out: 's3'." in text


def test_summary_of_series_that_are_all_too_short():
    summary = check_data(read([noise(5, 1)]), horizon=7)
    assert summary.num_origins == 0
    assert "none of horizon 7 fits" in str(summary)
    assert "5 steps each" in str(summary)


def test_summary_of_many_odd_series_names_five():
    text = str(check_data(read([np.full(30, float(i)) for i in range(8)]), horizon=2))
    assert "constant   8 series: s0, s1, s2, s3, s4, ..." in text


def test_summary_refuses_horizon_0():
    with pytest.raises(ValueError, match="horizon must be at least 1; got 0"):
        check_data(read([noise(50, 0)]), horizon=0)


def test_summary_of_co2_shows_the_season_and_missing_weeks():
    text = str(check_data(read_frame(load_dataset("co2")), horizon=52))
    assert "2,284, of which 59 without a value" in text
    assert "52 (usual season of freq='W-SAT' is 52" in text


@pytest.mark.parametrize("size", [1e200, 1e-200])
def test_the_autocorrelation_of_huge_and_tiny_values_is_that_of_others(size):
    values = np.random.default_rng(2).normal(5.0, 1.0, 60)
    wanted = autocorrelation(values, 12)
    np.testing.assert_allclose(autocorrelation(values * size, 12), wanted, rtol=1e-10)
    assert autocorrelation(np.zeros(30), 3).tolist() == [0.0, 0.0, 0.0]
