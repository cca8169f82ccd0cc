"""Pooled regressions against dense normal equations, linear programs and the shrinkage formula."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.linear_model import QuantileRegressor

import forecast as fc
from forecast.baselines.pooled.regression import (
    Regression,
    fit_pool,
    fit_pool_steps,
    shrink_to_pool,
)

SIZES = np.array([1.0, 5.0, 0.1, 2.0])


def samples(seed=0, count=200, heavy=False):
    """Design with the constant last, target, weights; columns of very different sizes."""
    rng = np.random.default_rng(seed)
    design = np.column_stack([rng.normal(size=(count, 4)) * SIZES + 0.2, np.ones(count)])
    noise = rng.standard_t(3, count) if heavy else rng.normal(size=count)
    target = design @ rng.normal(size=5) + np.abs(noise) + 0.4 * noise
    return design, target, rng.uniform(0.3, 3.0, count)


def normal_equations(design, target, weights, ridge, centre):
    """`min sum_i w_i^2 (y_i - x_i B)^2 + ridge sum_j g_j (B_j - c_j)^2`, j not the constant."""
    size = (weights**2) @ design**2
    penalty = np.diag(np.append(ridge * size[:-1], 0.0))
    gram = design.T @ np.diag(weights**2) @ design
    moment = design.T @ (weights**2 * target) + penalty @ centre
    return np.linalg.solve(gram + penalty, moment)


def absolute_loss(coefficients, design, target, weights):
    return weights @ np.abs(target - design @ coefficients)


@pytest.mark.parametrize("ridge", [0.0, 0.05, 3.0])
@pytest.mark.parametrize("drawn_to", ["nothing", "the first", "anything"])
def test_squared_loss_equals_the_normal_equations(ridge, drawn_to):
    design, target, weights = samples()
    rng = np.random.default_rng(9)
    centre = {"nothing": np.zeros(5), "the first": np.eye(5)[0], "anything": rng.normal(size=5)}
    regression = Regression("squared", ridge=ridge)
    found = fit_pool(design, target, weights, regression, centre[drawn_to])
    expected = normal_equations(design, target, weights, ridge, centre[drawn_to])
    np.testing.assert_allclose(found.coefficients, expected, rtol=1e-9, atol=1e-11)
    np.testing.assert_allclose(found.weights, weights**2 / np.mean(weights**2))


def test_a_huge_ridge_gives_the_centre_and_the_best_constant():
    design, target, weights = samples(1)
    centre = np.array([1.0, 0.0, -2.0, 0.5, 0.0])
    found = fit_pool(design, target, weights, Regression("squared", ridge=1e9), centre).coefficients
    np.testing.assert_allclose(found[:-1], centre[:-1], atol=1e-6)
    remains = target - design[:, :-1] @ centre[:-1]
    np.testing.assert_allclose(found[-1], np.average(remains, weights=weights**2), rtol=1e-5)


@given(st.integers(0, 10_000), st.floats(1e-3, 1e3))
def test_the_penalty_has_no_unit(seed, factor):
    design, target, weights = samples(seed, 40)
    units = np.array([factor, 1.0, 1.0, 1.0 / factor, 1.0])
    regression, zeros = Regression("squared", ridge=0.2), np.zeros(5)
    found = fit_pool(design, target, weights, regression, zeros).coefficients
    other = fit_pool(design * units, target, 7 * weights, regression, zeros).coefficients
    np.testing.assert_allclose(other * units, found, rtol=1e-7, atol=1e-9)


@pytest.mark.parametrize(("heavy", "most"), [(False, 1.01), (True, 1.015)])
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_absolute_loss_is_within_a_percent_of_the_linear_program(seed, heavy, most):
    design, target, weights = samples(seed, 300, heavy)
    exact = QuantileRegressor(quantile=0.5, alpha=0.0, fit_intercept=False, solver="highs")
    exact.fit(design, target, sample_weight=weights)
    least = absolute_loss(exact.coef_, design, target, weights)
    centre = np.array([1.0, 0.0, 0.0, 0.0, 0.0])
    for regression in (Regression("absolute"), Regression("absolute", ridge=1e-8)):
        found = fit_pool(design, target, weights, regression, centre).coefficients
        assert least * (1 - 1e-9) <= absolute_loss(found, design, target, weights) <= most * least
    squared = fit_pool(design, target, weights, Regression("squared"), centre).coefficients
    assert absolute_loss(squared, design, target, weights) > least


@pytest.mark.parametrize("seed", range(6))
def test_the_loss_ends_a_thousandth_above_the_least_from_any_start(seed):
    design, target, weights = samples(seed, 300, heavy=True)
    regression, centre = Regression("absolute", ridge=1e-6), np.zeros(5)
    exact = QuantileRegressor(quantile=0.5, alpha=0.0, fit_intercept=False, solver="highs")
    exact.fit(design, target, sample_weight=weights)
    least = absolute_loss(exact.coef_, design, target, weights)
    for start in (None, exact.coef_, exact.coef_ + 0.05):
        found = fit_pool(design, target, weights, regression, centre, start=start).coefficients
        assert absolute_loss(found, design, target, weights) <= 1.001 * least


def test_steps_that_start_from_the_step_before_end_near_their_least_too():
    rng = np.random.default_rng(8)
    values = rng.standard_t(3, 640).cumsum() * 0.2 + 3 * np.sin(np.arange(640) * np.pi / 6)
    origins = np.arange(12, 630)
    design = np.column_stack([*(values[origins - lag] for lag in range(12)), np.ones(618)])
    weights, start = rng.uniform(0.3, 3.0, 618), None
    for step in range(1, 9):
        target = values[origins + step]
        exact = QuantileRegressor(quantile=0.5, alpha=0.0, fit_intercept=False, solver="highs")
        exact.fit(design, target, sample_weight=weights)
        least = absolute_loss(exact.coef_, design, target, weights)
        fit = fit_pool(design, target, weights, Regression("absolute"), np.zeros(13), start)
        start = fit.coefficients
        assert absolute_loss(start, design, target, weights) <= 1.004 * least


def test_a_squared_fit_does_not_look_at_the_start():
    design, target, weights = samples(4)
    regression, centre = Regression("squared", ridge=0.1), np.zeros(5)
    found = fit_pool(design, target, weights, regression, centre, start=np.full(5, 1e6))
    expected = fit_pool(design, target, weights, regression, centre)
    np.testing.assert_array_equal(found.coefficients, expected.coefficients)


@pytest.mark.parametrize("loss", ["squared", "absolute"])
def test_an_exact_target_and_columns_without_spread_leave_everything_finite(loss):
    design, _, weights = samples(5, 50)
    design[:, 1] = 0.0
    truth = np.array([1.0, 0.0, -30.0, 2.0, 4.0])
    found = fit_pool(design, design @ truth, weights, Regression(loss), np.zeros(5))
    np.testing.assert_allclose(found.coefficients, truth, rtol=1e-6, atol=1e-8)
    nothing = fit_pool(0 * design, 0 * weights, weights, Regression(loss, ridge=0.1), truth)
    np.testing.assert_array_equal(nothing.coefficients, truth)


def test_steps_that_share_a_design_are_fitted_at_once():
    design, target, weights = samples(6)
    targets = np.stack([target, target**2, np.sin(target)], axis=1)
    regression, centre = Regression("squared", ridge=0.3), np.eye(5)[0]
    found = fit_pool_steps(design, targets, weights, regression, centre)
    for step in range(3):
        expected = normal_equations(design, targets[:, step], weights, 0.3, centre)
        np.testing.assert_allclose(found.coefficients[:, step], expected, rtol=1e-9, atol=1e-11)
    np.testing.assert_allclose(found.weights, weights**2 / np.mean(weights**2))


# Shrinkage ----------------------------------------------------------------------------------------

LENGTHS = (40, 3, 60, 0)


def owned(seed=0):
    """Rows of four series, the last without any; every ninth target is unknown."""
    count = sum(LENGTHS)
    design, target, weights = samples(seed, count)
    target[::9] = np.nan
    owner = np.repeat(np.arange(4), LENGTHS)
    return design, target, weights, owner, np.concatenate([[0], np.cumsum(LENGTHS)])


def pool_of(design, target, weights, regression):
    known = ~np.isnan(target)
    pool = fit_pool(design[known], target[known], weights[known], regression, np.eye(5)[0])
    final = np.zeros(len(design))
    final[known] = pool.weights
    return replace(pool, weights=final)


@pytest.mark.parametrize("loss", ["squared", "absolute"])
@pytest.mark.parametrize("shrinkage", [0.5, 100.0, 1e5])
@pytest.mark.parametrize("ridge", [None, 0.2])
def test_shrinkage_is_the_formula(loss, shrinkage, ridge):
    """`B_i = B + (G_i + kappa G)^-1 (c_i - G_i B)`, G with the ridge as in `fit_pool`."""
    design, target, weights, owner, starts = owned()
    regression = Regression(loss, ridge, shrinkage)
    pool = pool_of(design, target, weights, regression)
    moved = shrink_to_pool(design, target, starts, pool, regression)
    final, known = pool.weights, ~np.isnan(target)
    gram = design.T @ (final[:, None] * design) / final.sum()
    penalty = np.append((ridge or 0.0) * np.diag(gram)[:-1], 0.0)  # none on the constant
    prior = shrinkage * (gram + np.diag(penalty))
    for index in range(4):
        rows = (owner == index) & known
        own = design[rows].T @ (final[rows, None] * design[rows])
        moment = design[rows].T @ (final[rows] * target[rows])
        move = np.linalg.solve(own + prior, moment - own @ pool.coefficients)
        expected = pool.coefficients + move
        np.testing.assert_allclose(moved[index], expected, rtol=1e-8, atol=1e-10)
    np.testing.assert_array_equal(moved[3], pool.coefficients)  # a series without an origin


def test_steps_that_share_a_design_are_shrunk_at_once():
    design, target, weights, _, starts = owned(3)
    targets = np.stack([target, target**2], axis=1)
    regression = Regression("squared", ridge=0.1, shrinkage=7.0)
    pools = [pool_of(design, targets[:, step], weights, regression) for step in range(2)]
    both = replace(pools[0], coefficients=np.stack([pool.coefficients for pool in pools], axis=1))
    found = shrink_to_pool(design, targets, starts, both, regression)
    assert found.shape == (4, 5, 2)
    for step, pool in enumerate(pools):
        alone = shrink_to_pool(design, targets[:, step], starts, pool, regression)
        np.testing.assert_allclose(found[:, :, step], alone, rtol=1e-9, atol=1e-11)


def test_little_shrinkage_gives_each_series_its_own_fit_and_much_the_pool():
    design, target, weights, owner, starts = owned(1)
    regression = Regression("squared", ridge=0.0, shrinkage=1e-9)
    pool = pool_of(design, target, weights, regression)
    own = shrink_to_pool(design, target, starts, pool, regression)
    for index in (0, 2):
        rows = (owner == index) & ~np.isnan(target)
        expected = normal_equations(design[rows], target[rows], weights[rows], 0.0, np.zeros(5))
        np.testing.assert_allclose(own[index], expected, rtol=1e-6)
    much = shrink_to_pool(design, target, starts, pool, replace(regression, shrinkage=1e12))
    np.testing.assert_allclose(much, np.broadcast_to(pool.coefficients, much.shape), rtol=1e-7)


def test_columns_that_do_not_vary_are_not_moved():
    design, target, weights, _, starts = owned(2)
    design[:, 1] = 0.0
    regression = Regression("squared", ridge=0.1, shrinkage=5.0)
    pool = pool_of(design, target, weights, regression)
    moved = shrink_to_pool(design, target, starts, pool, regression)
    assert np.isfinite(moved).all()
    np.testing.assert_allclose(moved[:, 1], pool.coefficients[1], atol=1e-12)


# Settings -----------------------------------------------------------------------------------------


def test_it_is_public():
    assert fc.Regression is Regression


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"loss": "huber"}, r"`loss` must be 'absolute' or 'squared'; got 'huber'"),
        ({"ridge": -0.1}, r"`ridge` must be a number of at least 0; got -0.1"),
        ({"ridge": np.inf}, r"`ridge` must be a number of at least 0; got inf"),
        ({"ridge": np.nan}, r"`ridge` must be a number of at least 0; got nan"),
        ({"ridge": "small"}, r"`ridge` must be a number of at least 0; got 'small'"),
        ({"shrinkage": 0}, r"`shrinkage` must be a number above 0; got 0"),
        ({"shrinkage": np.nan}, r"`shrinkage` must be a number above 0; got nan"),
        ({"shrinkage": True}, r"`shrinkage` must be a number above 0; got True"),
        ({"metric_weights": "yes"}, r"`metric_weights` must be True or False; got 'yes'"),
    ],
)
def test_arguments_are_checked(arguments, message):
    with pytest.raises(ValueError, match=message):
        Regression(**arguments)
