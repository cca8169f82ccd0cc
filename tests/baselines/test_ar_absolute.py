"""Least absolute deviations of many autoregressions, against scikit-learn's quantile regression."""

from __future__ import annotations

import numpy as np
import pytest
from ar_material import frame_of, panel_of, simulated, with_gaps

from forecast import AR, Estimation, Terms
from forecast.baselines.algebra.gram import LinearFit
from forecast.baselines.algebra.lag_gram import LagDesign
from forecast.baselines.autoregression.absolute import least_absolute

LAGS = np.array([1, 2, 5])


def rows_of(values, lags, extra=None):
    """Columns and target of the rows where all is known."""
    first = int(lags.max())
    columns = [values[first - lag : len(values) - lag] for lag in lags]
    columns += [] if extra is None else list(extra[first:].T)
    design, target = np.column_stack(columns), values[first:]
    known = np.isfinite(design).all(axis=1) & np.isfinite(target)
    return design[known], target[known]


def best_loss(design, target, intercept=True):
    linear_model = pytest.importorskip("sklearn.linear_model")
    oracle = linear_model.QuantileRegressor(alpha=0.0, fit_intercept=intercept, solver="highs")
    return np.abs(target - oracle.fit(design, target).predict(design)).mean()


def start_of(count, size):
    return LinearFit(
        np.zeros((count, size, 1)), np.zeros((count, 1)), np.full(count, size), np.zeros(count)
    )


def series(seed, length):
    """Skewed and with wild values, so that the median is not the mean."""
    rng = np.random.default_rng(seed)
    return simulated([0.5, -0.2], length, seed, mean=20.0) + rng.exponential(1.5, length) ** 2


@pytest.mark.parametrize("intercept", [True, False])
@pytest.mark.parametrize("with_extra", [False, True])
def test_the_loss_is_nearly_the_smallest(intercept, with_extra):
    parts = [series(1, 90), with_gaps(series(2, 140), 0.05), 1e6 * series(3, 60), series(4, 300)]
    panel = panel_of(*parts)
    extra = np.random.default_rng(9).normal(size=(panel.num_rows, 2)) if with_extra else None
    size = len(LAGS) + 2 * with_extra
    fit = least_absolute(panel, LagDesign(LAGS, extra=extra), start_of(4, size), intercept)
    for i, values in enumerate(parts):
        own = None if extra is None else extra[panel.offsets[i] : panel.offsets[i + 1]]
        design, target = rows_of(values, LAGS, own)
        found = np.abs(target - design @ fit.coefficients[i, :, 0] - fit.intercepts[i, 0]).mean()
        assert found <= 1.01 * best_loss(design, target, intercept)


def test_a_series_fits_the_same_beside_others():
    parts = [series(1, 90), series(2, 140)]
    both = least_absolute(panel_of(*parts), LagDesign(LAGS), start_of(2, 3), True)
    alone = least_absolute(panel_of(parts[1]), LagDesign(LAGS), start_of(1, 3), True)
    np.testing.assert_allclose(both.coefficients[1], alone.coefficients[0], rtol=1e-9)


def test_a_perfect_fit_stays_perfect():
    values = 0.5 ** np.arange(40.0)
    fit = least_absolute(panel_of(values), LagDesign(np.array([1])), start_of(1, 1), True)
    np.testing.assert_allclose(fit.coefficients[0, 0, 0], 0.5, rtol=1e-6)


def test_wild_innovations_move_absolute_deviations_less_than_squares():
    parts = []
    for shocks in np.random.default_rng(3).standard_t(1.5, size=(30, 120)):
        values = np.zeros(120)
        for step in range(1, 120):
            values[step] = 0.6 * values[step - 1] + shocks[step]
        parts.append(values)
    found = {}
    for method in ("ols", "absolute"):
        ar = AR(lags=1, estimation=Estimation(method)).fit(frame_of(*parts), horizon=3)
        slopes = ar.coefficients_.query("term == 'y.L1'")["value"]
        found[method] = np.abs(slopes - 0.6).mean()
        assert np.isfinite(ar.predict(5)["AR"]).all()
    assert found["absolute"] < 0.7 * found["ols"]


def test_sigma2_is_that_of_the_squares():
    values = series(5, 120)
    ar = AR(lags=2, estimation=Estimation("absolute")).fit(frame_of(values), horizon=3)
    constant, *slopes = ar.coefficients_["value"]
    design, target = rows_of(values, np.array([1, 2]))
    errors = target - design @ slopes - constant
    np.testing.assert_allclose(ar.statistics_["sigma2"], np.mean(errors**2), rtol=1e-9)


def test_terms_covariates_and_gaps_go_together():
    rng = np.random.default_rng(0)
    parts = [with_gaps(series(1, 120), 0.3, 1), series(2, 100), np.full(30, 4.0)]
    frame = frame_of(*parts)
    frame["x"] = rng.normal(size=len(frame))
    frame["y"] += 3.0 * frame["x"] * (frame["unique_id"] != "s2")
    ar = AR(
        lags=2, terms=Terms("ct", seasonal=True), estimation=Estimation("absolute"), season_length=7
    )
    ar.fit(frame.dropna(), horizon=3, future_covariates=["x"], freq="D")
    values = ar.coefficients_.set_index(["unique_id", "term"])["value"]
    assert abs(values["s1", "x"] - 3.0) < 0.6
