"""Least absolute deviations against scikit-learn's linear programme."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.linear_model import QuantileRegressor

from forecast.baselines.algebra.absolute import solve_absolute


def data(seed, count, columns, freedom):
    rng = np.random.default_rng(seed)
    design = rng.normal(size=(count, columns)) * 10.0 ** rng.uniform(-2, 2, columns) + 5.0
    target = design @ rng.normal(size=columns) + 3.0 + rng.standard_t(freedom, size=count)
    return design, target, rng.uniform(0.1, 3.0, count)


def programme(design, target, weights):
    oracle = QuantileRegressor(quantile=0.5, alpha=0, solver="highs")
    return oracle.fit(design, target, sample_weight=weights)


@pytest.mark.parametrize(
    ("seed", "count", "columns", "freedom"),
    [(0, 200, 5, 2), (1, 80, 3, 3), (2, 1000, 10, 3), (3, 2000, 24, 5), (4, 150, 2, 1)],
)
def test_loss_and_coefficients_equal_the_linear_programme(seed, count, columns, freedom):
    design, target, weights = data(seed, count, columns, freedom)
    oracle = programme(design, target, weights)
    fit = solve_absolute(design, target, weights=weights)
    best = weights @ np.abs(target - oracle.predict(design))
    found = weights @ np.abs(target - design @ fit.coefficients - fit.intercept)
    assert best * (1 - 1e-9) <= found <= best * (1 + 1e-5)
    spread = design.std(axis=0)
    np.testing.assert_allclose(
        fit.coefficients * spread, oracle.coef_ * spread, atol=2e-3 * target.std()
    )
    assert fit.converged


@settings(max_examples=25)
@given(seed=st.integers(0, 10_000), count=st.integers(20, 120), columns=st.integers(1, 4))
def test_the_loss_is_within_a_ten_thousandth_on_any_data(seed, count, columns):
    design, target, weights = data(seed, count, columns, 3)
    best = weights @ np.abs(target - programme(design, target, weights).predict(design))
    fit = solve_absolute(design, target, weights=weights)
    found = weights @ np.abs(target - design @ fit.coefficients - fit.intercept)
    assert found <= best * (1 + 1e-4)


@pytest.mark.parametrize("ridge", [0.01, 0.5, 10.0])
def test_no_step_away_lowers_the_penalised_loss(ridge):
    design, target, weights = data(5, 120, 3, 2)
    fit = solve_absolute(design, target, ridge, weights)
    share = weights / weights.sum()
    spread = np.sqrt(share @ (design - share @ design) ** 2)
    deviation = share @ np.abs(target - share @ target)

    def loss(slopes, intercept):
        penalty = ridge * weights.sum() / (2 * deviation) * ((spread * slopes) ** 2).sum()
        return weights @ np.abs(target - design @ slopes - intercept) + penalty

    reached, rng = loss(fit.coefficients, fit.intercept), np.random.default_rng(6)
    for size in (1e-3, 1e-2, 1e-1, 1.0):
        for _ in range(300):
            step = size * rng.normal(size=4)
            shift = step[3] - (share @ design) @ (step[:3] / spread)
            moved = loss(fit.coefficients + step[:3] / spread, fit.intercept + shift)
            assert moved >= reached * (1 - 1e-6)
    plain = solve_absolute(design, target, 0.0, weights)
    assert ((spread * fit.coefficients) ** 2).sum() < ((spread * plain.coefficients) ** 2).sum()


def test_units_do_not_matter():
    design, target, weights = data(7, 100, 3, 2)
    units = np.array([1e-3, 1.0, 1e4])
    fit = solve_absolute(design, target, 0.1, weights)
    other = solve_absolute(design * units, 1e-9 * target, 0.1, 7.0 * weights)
    np.testing.assert_allclose(other.coefficients * units, 1e-9 * fit.coefficients, rtol=1e-5)
    assert other.intercept == pytest.approx(1e-9 * fit.intercept, rel=1e-5)


def test_rows_of_weight_zero_do_not_matter():
    design, target, weights = data(8, 90, 2, 3)
    weights[::3] = 0.0
    kept = weights > 0
    fit = solve_absolute(design, target, weights=weights)
    alone = solve_absolute(design[kept], target[kept], weights=weights[kept])
    np.testing.assert_allclose(fit.coefficients, alone.coefficients, rtol=1e-6)


def test_a_perfect_line_is_found():
    design, _, _ = data(9, 50, 3, 3)
    target = design @ [1.0, -2.0, 0.5] + 4.0
    fit = solve_absolute(design, target)
    np.testing.assert_allclose(fit.coefficients, [1.0, -2.0, 0.5], rtol=1e-9)
    assert fit.intercept == pytest.approx(4.0)


def test_a_constant_target_or_design_leaves_the_median():
    fit = solve_absolute(np.arange(5.0)[:, None], np.full(5, 3.0))
    assert fit.coefficients.tolist() == [0.0] and fit.intercept == 3.0
    fit = solve_absolute(np.ones((5, 2)), np.array([1.0, 2.0, 9.0, 3.0, 50.0]))
    assert fit.coefficients.tolist() == [0.0, 0.0] and fit.intercept == 3.0


def test_too_few_rounds_are_said():
    design, target, _ = data(10, 60, 3, 2)
    fit = solve_absolute(design, target, num_iterations=3)
    assert fit.num_iterations == 3 and not fit.converged
