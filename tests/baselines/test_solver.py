"""The shared solver against NumPy, scikit-learn and linear programming."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import linprog
from sklearn.linear_model import Ridge

from forecast.baselines.algebra.gram import gram_of_rows
from forecast.baselines.algebra.solver import (
    absolute_weights,
    solve_gram,
    solve_grams,
    solve_scaled,
)


def ridge_fit(design, target, ridge, weights=None):
    """Slopes and intercept, in the shape of the target."""
    targets = target.reshape(len(target), -1)
    gram = gram_of_rows(np.column_stack([design, targets]), weights, targets.shape[1])
    fit = gram.solve(ridge)
    slopes = fit.coefficients.reshape(-1, *target.shape[1:])
    return slopes, fit.intercepts.reshape(target.shape[1:])


@pytest.fixture
def data():
    rng = np.random.default_rng(0)
    design = rng.normal(size=(80, 5)) * [1.0, 10.0, 1e3, 0.1, 1.0] + [0.0, 5.0, 1e5, 3.0, -2.0]
    target = design @ [1.0, 0.2, 1e-3, 5.0, -1.0] + rng.normal(size=80)
    return design, target, rng.uniform(0.1, 3.0, 80)


def weighted_deviation(design, weights):
    mean = np.average(design, axis=0, weights=weights)
    return np.sqrt(np.average((design - mean) ** 2, axis=0, weights=weights))


@pytest.mark.parametrize("ridge", [0.0, 1e-6, 0.01, 2.0])
@pytest.mark.parametrize("weighted", [False, True])
def test_a_ridge_fit_equals_scikit_learn_on_scaled_columns(data, ridge, weighted):
    design, target, weights = data
    used = weights if weighted else np.ones(80)
    spread = weighted_deviation(design, used)
    oracle = Ridge(alpha=ridge * used.sum(), solver="svd")
    oracle.fit(design / spread, target, sample_weight=used)
    slopes, intercept = ridge_fit(design, target, ridge, weights if weighted else None)
    np.testing.assert_allclose(slopes, oracle.coef_ / spread, rtol=1e-8)
    np.testing.assert_allclose(intercept, oracle.intercept_, rtol=1e-8)


def test_several_targets_equal_one_after_the_other(data):
    design, target, weights = data
    both = np.stack([target, target**2], axis=1)
    slopes, intercepts = ridge_fit(design, both, 0.1, weights)
    assert slopes.shape == (5, 2) and intercepts.shape == (2,)
    for column in range(2):
        single, intercept = ridge_fit(design, both[:, column], 0.1, weights)
        np.testing.assert_allclose(slopes[:, column], single, rtol=1e-10)
        np.testing.assert_allclose(intercepts[column], intercept, rtol=1e-10)


def test_the_penalty_does_not_depend_on_units(data):
    design, target, _ = data
    units = np.array([1e-3, 1.0, 1e2, 3.0, 1e4])
    slopes, intercept = ridge_fit(design, target, 0.3)
    scaled, other = ridge_fit(design * units, 10 * target, 0.3)
    np.testing.assert_allclose(scaled * units, 10 * slopes, rtol=1e-8)
    np.testing.assert_allclose(other, 10 * intercept, rtol=1e-8)


def test_a_column_without_spread_gets_nothing(data):
    design, target, _ = data
    design = np.insert(design, 2, 7.1, axis=1)
    slopes, intercept = ridge_fit(design, target, 0.0)
    plain, other = ridge_fit(np.delete(design, 2, axis=1), target, 0.0)
    assert slopes[2] == 0.0
    np.testing.assert_allclose(np.delete(slopes, 2), plain)
    np.testing.assert_allclose(intercept, other)


def test_only_constant_columns_leave_the_mean():
    slopes, intercept = ridge_fit(np.full((6, 3), 4.0), np.arange(6.0), 0.0)
    np.testing.assert_array_equal(slopes, 0.0)
    assert intercept == 2.5


@pytest.mark.parametrize("targets", [0, 3])
def test_solve_scaled_is_exact_for_columns_of_any_unit(targets):
    rng = np.random.default_rng(11)
    design = rng.normal(size=(60, 5))
    units = np.array([1e-9, 1.0, 1e7, 1e-3, 1e5])
    target = rng.normal(size=(60, targets)) if targets else rng.normal(size=60)
    gram, moment, penalty = design.T @ design, design.T @ target, rng.uniform(0, 5, 5)
    expected = np.linalg.solve(gram + np.diag(penalty), moment)
    found = solve_scaled(gram * units[:, None] * units, (moment.T * units).T, penalty * units**2)
    np.testing.assert_allclose((found.T * units).T, expected, rtol=1e-9)


def test_solve_scaled_gives_a_column_of_zeros_nothing():
    gram = np.array([[4.0, 0.0, 2.0], [0.0, 0.0, 0.0], [2.0, 0.0, 3.0]])
    for penalty in (np.zeros(3), np.array([1.0, 2.0, 0.0])):
        found = solve_scaled(gram, np.array([1.0, 0.0, 5.0]), penalty)
        kept = np.ix_([0, 2], [0, 2])
        expected = np.linalg.solve(gram[kept] + np.diag(penalty[[0, 2]]), [1.0, 5.0])
        np.testing.assert_allclose(found[[0, 2]], expected)
        assert found[1] == 0.0


@given(seed=st.integers(0, 1000), size=st.integers(1, 8), targets=st.integers(0, 3))
def test_solve_gram_solves(seed, size, targets):
    rng = np.random.default_rng(seed)
    root = rng.normal(size=(size + 3, size))
    moment = rng.normal(size=(size, targets) if targets else size)
    penalty = rng.uniform(0.01, 1.0, size)
    found = solve_gram(root.T @ root, moment, penalty)
    expected = np.linalg.solve(root.T @ root + np.diag(penalty), moment)
    np.testing.assert_allclose(found, expected, rtol=1e-7, atol=1e-9)


def test_a_singular_gram_matrix_gives_a_solution():
    column = np.arange(1.0, 6.0)
    design = np.stack([column, column, 2 * column], axis=1)
    found = solve_gram(design.T @ design, design.T @ (3 * column))
    np.testing.assert_allclose(design @ found, 3 * column, rtol=1e-5)


def test_a_gram_matrix_with_negative_rounding_gives_the_minimum_norm_solution():
    gram = np.diag([1.0, -1e-3])
    np.testing.assert_allclose(solve_gram(gram, np.array([2.0, 0.0])), [2.0, 0.0], atol=1e-12)


def systems(seed, batch, size, targets):
    rng = np.random.default_rng(seed)
    rows = rng.normal(size=(batch, size + 4, size)) * rng.uniform(0.5, 2.0, size)
    moments = rng.normal(size=(batch, size, targets) if targets else (batch, size))
    return rows.transpose(0, 2, 1) @ rows, moments, rng


@given(
    seed=st.integers(0, 1000),
    batch=st.integers(0, 5),
    size=st.sampled_from([1, 3, 8, 65]),
    targets=st.integers(0, 3),
    kind=st.sampled_from(["number", "columns", "both"]),
)
def test_a_batch_equals_numpy_one_system_after_the_other(seed, batch, size, targets, kind):
    grams, moments, rng = systems(seed, batch, size, targets)
    shape = {"number": (), "columns": (size,), "both": (batch, size)}[kind]
    penalty = rng.uniform(0.1, 1.0, shape)
    before = grams.copy(), moments.copy()
    found = solve_grams(grams, moments, penalty)
    assert found.coefficients.shape == moments.shape
    np.testing.assert_array_equal(found.rank, np.full(batch, size))
    np.testing.assert_array_equal(found.jitter, np.zeros(batch))
    every = np.broadcast_to(penalty, (batch, size))
    for index in range(batch):
        expected = np.linalg.solve(grams[index] + np.diag(every[index]), moments[index])
        np.testing.assert_allclose(found.coefficients[index], expected, rtol=1e-7, atol=1e-9)
    np.testing.assert_array_equal(grams, before[0])
    np.testing.assert_array_equal(moments, before[1])


@pytest.mark.parametrize("size", [6, 70])
def test_a_system_gets_the_same_bits_in_any_company(size):
    grams, moments, _ = systems(3, 9, size, 2)
    grams[4] = 1.0  # rank 1 in the middle
    together = solve_grams(grams, moments)
    chosen = np.array([7, 4, 1])
    apart = solve_grams(grams[chosen], moments[chosen])
    np.testing.assert_array_equal(apart.coefficients, together.coefficients[chosen])
    np.testing.assert_array_equal(apart.rank, together.rank[chosen])
    for index in chosen:
        alone = solve_gram(grams[index], moments[index])
        np.testing.assert_array_equal(alone, together.coefficients[index])


@pytest.mark.parametrize("rank", [1, 3, 5])
def test_the_rank_of_collinear_columns_is_reported(rank):
    rng = np.random.default_rng(rank)
    basis, mixing = rng.normal(size=(40, rank)), rng.normal(size=(rank, 5))
    design, target = basis @ mixing, rng.normal(size=40)
    good, _, _ = systems(1, 1, 5, 0)
    grams = np.stack([design.T @ design, good[0]])
    found = solve_grams(grams, np.stack([design.T @ target, np.ones(5)]))
    assert found.rank.tolist() == [rank, 5]
    assert (found.jitter[0] > 0) == (rank < 5) and found.jitter[1] == 0
    fitted = design @ np.linalg.lstsq(design, target, rcond=None)[0]
    np.testing.assert_allclose(design @ found.coefficients[0], fitted, atol=1e-5)


def test_where_no_jitter_helps_the_minimum_norm_solution_is_taken():
    grams = np.stack([np.diag([1.0, -1e-3, 3.0]), np.eye(3), np.zeros((3, 3))])
    found = solve_grams(grams, np.array([[2.0, 0.0, 6.0], [1.0, 2.0, 3.0], [0.0, 0.0, 0.0]]))
    expected = [[2.0, 0.0, 2.0], [1.0, 2.0, 3.0], [0.0, 0.0, 0.0]]
    np.testing.assert_allclose(found.coefficients, expected, atol=1e-12)
    assert found.rank.tolist() == [2, 3, 0]
    assert np.isnan(found.jitter).tolist() == [True, False, True]


def test_one_system_that_is_not_finite_does_not_stop_the_others():
    grams, moments, _ = systems(5, 3, 4, 0)
    grams[1, 2, 2] = np.nan
    found = solve_grams(grams, moments)
    np.testing.assert_array_equal(found.coefficients[1], 0.0)
    assert found.rank.tolist() == [4, 0, 4]
    np.testing.assert_allclose(found.coefficients[2], np.linalg.solve(grams[2], moments[2]))
    with pytest.raises(ValueError, match=r"hold NaN or infinite numbers.*weight 0"):
        solve_gram(grams[1], moments[1])


def least_absolute_deviations(design, target, weights):
    """The smallest `sum_i w_i |y_i - x_i B|`, by linear programming."""
    count, columns = design.shape
    cost = np.concatenate([np.zeros(columns), weights, weights])
    equations = np.hstack([design, np.eye(count), -np.eye(count)])
    free = [(None, None)] * columns + [(0, None)] * (2 * count)
    return linprog(cost, A_eq=equations, b_eq=target, bounds=free).fun


def test_reweighting_approaches_least_absolute_deviations(data):
    _, _, weights = data
    rng = np.random.default_rng(1)
    design = np.column_stack([rng.normal(size=(80, 3)), np.ones(80)])
    target = design @ [1.0, -2.0, 0.5, 3.0] + rng.standard_t(2, size=80)
    current, losses = weights.copy(), []
    for _ in range(60):
        coefficients = solve_gram(
            design.T @ (current[:, None] * design), design.T @ (current * target)
        )
        losses.append(weights @ np.abs(target - design @ coefficients))
        current = absolute_weights(target - design @ coefficients, weights)
    optimum = least_absolute_deviations(design, target, weights)
    assert optimum <= losses[-1] <= 1.002 * optimum < losses[0]


def test_absolute_weights_are_the_formula():
    residuals, weights = np.array([0.0, 1.0, -4.0]), np.array([1.0, 2.0, 1.0])
    floor = 0.5 * (0.0 + 2.0 + 4.0) / 4.0
    found = absolute_weights(residuals, weights, smoothing=0.5)
    np.testing.assert_allclose(found, [1.0 / floor, 2.0, 0.25])
    np.testing.assert_array_equal(absolute_weights(np.zeros(2), np.zeros(2)), 0.0)
    assert np.isfinite(absolute_weights(np.zeros(2), np.ones(2))).all()
