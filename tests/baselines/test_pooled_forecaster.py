"""PooledAR as users meet it: odd data, arguments, refusals."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from baselines.pooled_material import SEASON, frame_of, panel_of, series, settings

import forecast as fc
from forecast.baselines.pooled.fit import Design, estimate_pooled


def test_a_sine_is_continued():
    values = 100 + 10 * np.sin(2 * np.pi * np.arange(96) / 12)
    frame = pd.Series(values, pd.date_range("2010", periods=96, freq="MS"), name="a")
    found = fc.PooledAR(season_length=12).fit(frame, horizon=12).predict(36)
    expected = 100 + 10 * np.sin(2 * np.pi * np.arange(96, 132) / 12)
    np.testing.assert_allclose(found, expected, atol=0.2)


def test_negative_rows_after_a_fit_in_logarithms_do_not_break_it():
    values = series(4)
    forecaster = fc.PooledAR(season_length=SEASON, design=Design(power=0.0)).fit(
        pd.Series(values, pd.date_range("2024", periods=120), name="a"), horizon=4
    )
    later = pd.Series([-5.0], pd.DatetimeIndex(["2024-04-30"]), name="a")
    assert np.isfinite(forecaster.update(later).predict(8, level=[80]).iloc[:, 2:].to_numpy()).all()


def test_a_panel_of_constants_only():
    parts = [np.full(30, 3.0), np.full(20, -2.0)]
    chosen = settings(loss="absolute", ridge=1e-3, shrinkage=100.0)
    model = estimate_pooled(panel_of(*parts), chosen)
    np.testing.assert_array_equal(model.coefficients, 0.0)


ODD = {
    "constants": [np.full(30, 3.0), np.full(40, 0.0)],
    "a constant": [np.full(30, -2.5)],
    "a single observation": [np.array([4.0])],
    "single observations": [np.array([4.0]), np.array([-1.0])],
    "two observations": [np.array([4.0, 5.0])],
    "shorter than the lags": [series(0, 6), series(1, 9)],
    "gaps": [series(0, 60, missing=0.3), series(1, 45, missing=0.3)],
    "mostly gaps": [np.where(np.arange(50) % 10, np.nan, series(0, 50))],
    "one series": [series(0, 60)],
    "negative values": [series(0, 60, level=-100.0), series(1, 60)],
    "counts": [np.random.default_rng(0).poisson(0.4, 60).astype(float)],
    "all kinds": [series(0, 90), np.array([3.0]), np.full(30, 2.0), series(1, 7, missing=0.3)],
}


@pytest.mark.parametrize("kind", ODD)
@pytest.mark.parametrize(
    "arguments",
    [{}, {"design": Design(power=0.0), "lags": 14}, {"season_length": 52}],
    ids=["default", "power 0", "long season"],
)
def test_odd_panels_are_fitted_and_forecast(kind, arguments):
    parts = ODD[kind]
    forecaster = fc.PooledAR(**arguments).fit(frame_of(*parts), freq="D")
    found = forecaster.predict(20, level=[80])
    assert np.isfinite(found.iloc[:, 2:].to_numpy()).all()
    assert forecaster.choices_
    for index, values in enumerate(parts):
        if np.ptp(values[~np.isnan(values)]) == 0:
            rows = found["unique_id"] == f"s{index}"
            np.testing.assert_allclose(found.loc[rows, "PooledAR"], values[0], rtol=1e-9)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"lags": 0}, r"`lags` must be a whole number of at least 1; got 0"),
        ({"lags": []}, r"`lags` is empty; give a number p"),
        ({"lags": [1, -3]}, r"`lags` must be a whole number of at least 1; got -3"),
        ({"block_length": 1.5}, r"`block_length` must be a whole number of at least 1; got 1.5"),
        ({"season_length": 0}, r"`season_length` must be a whole number of at least 1; got 0"),
    ],
)
def test_arguments_are_checked(arguments, message):
    with pytest.raises(ValueError, match=message):
        fc.PooledAR(**arguments)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"design": {"power": 0}}, r"`design` must be of the class Design.*; got \{'power': 0\}"),
        ({"regression": 0.1}, r"`regression` must be of the class Regression.*; got 0.1"),
    ],
)
def test_parts_are_given_as_their_settings(arguments, message):
    with pytest.raises(ValueError, match=message):
        fc.PooledAR(**arguments)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"power": -0.1}, r"`power` must be from 0 \(logarithm\) to 1 \(none\); got -0.1"),
        ({"power": 2}, r"`power` must be from 0 \(logarithm\) to 1 \(none\); got 2"),
        ({"power": "log"}, r"`power` must be from 0 \(logarithm\) to 1 \(none\); got 'log'"),
        ({"difference": 1}, r"`difference` must be 'none', 'first' or 'seasonal'; got 1"),
        ({"scale": "none"}, r"`scale` must be 'window' or 'causal'; got 'none'"),
        ({"level_means": 2}, r"`level_means` must be True or False; got 2"),
        ({"season_means": "no"}, r"`season_means` must be True or False; got 'no'"),
        ({"covariates": 1}, r"`covariates` must be True or False; got 1"),
        ({"covariate_lags": 0}, r"`covariate_lags` must be a whole number of at least 1; got 0"),
    ],
)
def test_parts_of_a_design_are_checked(arguments, message):
    with pytest.raises(ValueError, match=message):
        fc.Design(**arguments)


def test_parts_are_reached_by_name():
    forecaster = fc.PooledAR().set_params(regression__ridge=0.2, design__power=0.5)
    assert forecaster.regression == fc.Regression(ridge=0.2)
    assert forecaster.get_params()["design__power"] == 0.5
    with pytest.raises(ValueError, match="`ridge` must be a number of at least 0; got -1"):
        forecaster.set_params(regression__ridge=-1)
    assert forecaster.regression.ridge == 0.2
