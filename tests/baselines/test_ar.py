"""Autoregression against statsmodels and plain least squares."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from statsmodels.tsa.ar_model import AutoReg

from forecast import AR
from forecast.baselines.ar import estimate_ar
from forecast.pipelines import read_frame


def simulated(coefficients, length, seed=0, mean=0.0, sigma=1.0):
    """A Gaussian autoregression, its first 200 steps thrown away."""
    rng = np.random.default_rng(seed)
    order = len(coefficients)
    values = np.zeros(length + 200)
    for step in range(order, len(values)):
        past = values[step - order : step][::-1]
        values[step] = past @ coefficients + sigma * rng.normal()
    return values[200:] + mean


def frame_of(*series, step="D"):
    return pd.concat(
        pd.DataFrame({"unique_id": f"s{i}", "ds": pd.date_range("2024", periods=len(y), freq=step),
                      "y": y})
        for i, y in enumerate(series)
    )  # fmt: skip


def raw_coefficients(model, row=0):
    """Intercept and coefficients of the equation in the values themselves."""
    slopes = model.coefficients[row]
    return np.concatenate([[model.intercepts[row] - slopes.sum() * model.centres[row]], slopes])


def least_squares(values, lags):
    """Least squares on the rows whose target and lags are all observed, by loops."""
    rows, targets = [], []
    for step in range(max(lags), len(values)):
        row = [values[step - lag] for lag in lags]
        if not np.isnan([*row, values[step]]).any():
            rows.append([1.0, *row])
            targets.append(values[step])
    return np.linalg.lstsq(np.array(rows), np.array(targets), rcond=None)[0]


@pytest.mark.parametrize("lags", [1, 4, [1, 7], [3, 2, 12]])
def test_coefficients_and_forecasts_equal_statsmodels(lags):
    series = [
        simulated([0.6, 0.2], 150, seed, mean=level) for seed, level in ((1, 50.0), (2, -900.0))
    ]
    ar = AR(lags=lags, ridge=0.0).fit(frame_of(*series), horizon=3)
    forecasts = ar.predict(20).set_index("unique_id")["AR"]
    for row, values in enumerate(series):
        used = lags if isinstance(lags, int) else sorted(lags)
        oracle = AutoReg(values, lags=used, trend="c").fit()
        found = raw_coefficients(ar.fitted_.model, row)
        np.testing.assert_allclose(found, oracle.params, rtol=1e-8, atol=1e-8)
        expected = oracle.predict(len(values), len(values) + 19)
        np.testing.assert_allclose(forecasts[f"s{row}"], expected, rtol=1e-8)


@pytest.mark.parametrize("lags", [[1, 2], [2, 5]])
def test_gaps_leave_the_rows_with_all_lags_observed(lags):
    values = simulated([0.5, 0.3], 200, seed=3, mean=10.0)
    values[np.random.default_rng(0).choice(np.arange(1, 199), 40, replace=False)] = np.nan
    model, fell_back = estimate_ar(read_frame(frame_of(values)).panel, np.array(lags), 0.0)
    assert not len(fell_back)
    np.testing.assert_allclose(raw_coefficients(model), least_squares(values, lags), rtol=1e-8)


def test_a_gap_is_fed_the_models_own_forecast():
    values = simulated([0.5, 0.3], 120, seed=4, mean=10.0)
    ar = AR(lags=2, ridge=0.0).fit(frame_of(values), horizon=2)
    constant, first, second = raw_coefficients(ar.fitted_.model)
    path = list(values)
    for _ in range(3):
        path.append(constant + first * path[-1] + second * path[-2])
    late = pd.DataFrame({"unique_id": ["s0"], "ds": pd.to_datetime(["2024-05-03"]), "y": [12.0]})
    assert late["ds"][0] == pd.Timestamp("2024-01-01") + pd.Timedelta(days=123)
    forecast = ar.update(late).predict(1)["AR"].iloc[0]
    np.testing.assert_allclose(forecast, constant + first * 12.0 + second * path[-1], rtol=1e-10)


def test_known_coefficients_are_recovered():
    values = simulated([1.2, -0.4], 4000, seed=5, mean=3.0)
    ar = AR(lags=2).fit(frame_of(values, step="h"), horizon=2)
    found = raw_coefficients(ar.fitted_.model)
    np.testing.assert_allclose(found[1:], [1.2, -0.4], atol=0.04)
    np.testing.assert_allclose(found[0] / (1 - found[1:].sum()), 3.0, atol=0.3)


def test_ridge_draws_the_coefficients_to_the_mean():
    values = simulated([0.9], 200, seed=6, mean=7.0)
    forecasts = AR(lags=1, ridge=1e6).fit(frame_of(values), horizon=2).predict(5)["AR"]
    np.testing.assert_allclose(forecasts, values[1:].mean(), rtol=1e-4)


@pytest.mark.parametrize("lags", [3, [3, 12], [12]])
def test_a_short_series_falls_back_to_its_last_value(lags):
    ar = AR(lags=lags).fit(frame_of(simulated([0.5], 80), np.array([1.0, 2, 4, 8, 7])), horizon=2)
    assert ar.fell_back_ == ["s1"]
    forecasts = ar.predict(15).set_index("unique_id")["AR"]
    np.testing.assert_allclose(forecasts["s1"], 7.0, rtol=1e-12)
    alone = AR(lags=lags).fit(frame_of(simulated([0.5], 80)), horizon=2).predict(15)["AR"]
    np.testing.assert_allclose(forecasts["s0"], alone, rtol=1e-12)


def test_an_explosive_fit_is_held_within_the_range_plus_one_range():
    values = 1.3 ** np.arange(40.0)
    ar = AR(lags=1, ridge=0.0).fit(frame_of(values), horizon=2)
    assert raw_coefficients(ar.fitted_.model)[1] == pytest.approx(1.3)
    forecasts = ar.predict(50, level=[90])
    highest = 2 * values[-1] - values[0]
    assert forecasts["AR"].iloc[-1] == pytest.approx(highest)
    assert forecasts["AR-hi-90"].max() <= highest * (1 + 1e-12)


def test_default_lags_reach_one_season_and_a_step():
    values = simulated([0.5], 200) + np.tile([0.0, 3, 5, 3, 0, -4, -7], 29)[:200]
    assert AR(season_length=7).fit(frame_of(values)).choices_ == "lags 1-8"
    assert AR(season_length=7).fit(frame_of(values[:20])).choices_ == "lags 1-5"
    assert AR(season_length=1).fit(frame_of(values[:100])).choices_ == "lags 1-12"
    assert AR(lags=[1, 2, 5]).fit(frame_of(values)).choices_ == "lags 1-2, 5"


@pytest.mark.parametrize("lags", [0, -1, 1.5, [1, 0], True, "3"])
def test_lags_below_one_are_refused(lags):
    with pytest.raises(ValueError, match=r"`lags` must be a whole number of at least 1; got"):
        AR(lags=lags)


def test_no_lags_and_negative_ridge_are_refused():
    with pytest.raises(ValueError, match=r"`lags` is empty; give a number p for lags 1 to p"):
        AR(lags=[])
    with pytest.raises(ValueError, match=r"`ridge` must be a number from 0.0 to inf; got -1"):
        AR(ridge=-1)
    with pytest.raises(ValueError, match=r"`season_length` must be a whole number of at least 1"):
        AR(season_length=0)
