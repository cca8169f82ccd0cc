"""The naive family by its equations."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from forecast import Drift, Naive, SeasonalNaive

VALUES = np.array([3.0, 7.0, 1.0, 4.0, 8.0, 2.0, 5.0, 9.0])


def frame_of(values):
    times = pd.date_range("2024", periods=len(values), freq="D")
    return pd.DataFrame({"unique_id": "a", "ds": times, "y": values})


def predict(forecaster, values, horizon):
    frame = forecaster.fit(frame_of(values), horizon=2).predict(horizon)
    return frame[forecaster.name].to_numpy()


def test_naive_is_the_last_value():
    np.testing.assert_array_equal(predict(Naive(), VALUES, 4), 9.0)


@pytest.mark.parametrize("season", [1, 2, 3, 8])
@pytest.mark.parametrize("horizon", [1, 3, 10])
def test_seasonal_naive_is_the_last_season(season, horizon):
    steps = np.arange(1, horizon + 1)
    expected = VALUES[len(VALUES) - 1 + steps - season * -(-steps // season)]
    np.testing.assert_array_equal(predict(SeasonalNaive(season), VALUES, horizon), expected)


def test_before_a_whole_season_the_last_value_stands_in():
    found = predict(SeasonalNaive(6), np.array([1.0, 2.0, 3.0, 5.0]), 7)
    np.testing.assert_array_equal(found, [5.0, 5.0, 1.0, 2.0, 3.0, 5.0, 5.0])


def test_a_gap_in_the_season_is_filled_by_the_season_before():
    values = np.array([1.0, 2, 3, 4, np.nan, 6])
    np.testing.assert_array_equal(predict(SeasonalNaive(3), values, 3), [4.0, 2.0, 6.0])


@pytest.mark.parametrize("gap", [[], [2], [1, 2, 5]])
def test_drift_is_the_line_through_the_first_and_the_last_value(gap):
    values = VALUES.copy()
    values[gap] = np.nan
    slope = (9.0 - 3.0) / 7.0
    expected = np.minimum(9.0 + slope * np.arange(1, 7), 9.0 + 8.0)
    np.testing.assert_allclose(predict(Drift(), values, 6), expected, rtol=1e-12)


def test_one_value_is_forecast_as_it_is():
    for forecaster in (Naive(), SeasonalNaive(), Drift()):
        frame = forecaster.fit(frame_of([4.0]), freq="D").predict(3, level=[80])
        np.testing.assert_array_equal(frame.iloc[:, 2:].to_numpy(), 4.0)


def test_season_length_is_checked():
    with pytest.raises(ValueError, match=r"`season_length` must be a whole number of at least 1"):
        SeasonalNaive(0)
