"""Sums of rows about their mean against NumPy's covariances and least squares."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.linear_model import Ridge

from forecast.baselines.algebra.gram import Gram, gram_of_rows


def rows_of(seed, lead=(), count=60, columns=4):
    rng = np.random.default_rng(seed)
    scale, centre = 10.0 ** rng.uniform(-2, 3, columns), rng.normal(size=columns) * 100
    rows = rng.normal(size=(*lead, count, columns)) * scale + centre
    weights = rng.uniform(0.1, 3.0, (*lead, count)) * (rng.random((*lead, count)) > 0.2)
    return rows, weights


def assert_equal_sums(first: Gram, second: Gram, rtol=1e-10):
    np.testing.assert_allclose(first.weight, second.weight, rtol=rtol)
    np.testing.assert_allclose(first.mean, second.mean, rtol=rtol)
    size = np.abs(second.second).max(initial=1e-300)
    np.testing.assert_allclose(first.second / size, second.second / size, atol=rtol)


def test_sums_equal_numpy():
    rows, weights = rows_of(0)
    gram = gram_of_rows(rows, weights)
    assert gram.weight == pytest.approx(weights.sum())
    np.testing.assert_allclose(gram.mean, np.average(rows, axis=0, weights=weights))
    covariance = np.cov(rows.T, aweights=weights, ddof=0)
    np.testing.assert_allclose(gram.second / gram.weight, covariance, rtol=1e-10)


@given(seed=st.integers(0, 999), cuts=st.lists(st.integers(0, 60), max_size=5))
def test_merged_parts_are_the_whole(seed, cuts):
    rows, weights = rows_of(seed)
    bounds = [0, *sorted(cuts), 60]
    merged = gram_of_rows(rows[:0])
    for begin, end in itertools.pairwise(bounds):
        merged = merged.merge(gram_of_rows(rows[begin:end], weights[begin:end]))
    assert_equal_sums(merged, gram_of_rows(rows, weights))


def test_masked_rows_are_no_rows():
    rows, weights = rows_of(1)
    kept = weights > 0
    assert_equal_sums(gram_of_rows(rows, weights), gram_of_rows(rows[kept], weights[kept]))


def test_leading_axes_are_series():
    rows, weights = rows_of(2, lead=(2, 3))
    together = gram_of_rows(rows, weights, num_targets=2)
    fits = together.solve(0.1)
    assert fits.coefficients.shape == (2, 3, 2, 2) and fits.intercepts.shape == (2, 3, 2)
    for index in np.ndindex(2, 3):
        alone = gram_of_rows(rows[index], weights[index], num_targets=2)
        assert_equal_sums(
            Gram(together.weight[index], together.mean[index], together.second[index]), alone
        )
        np.testing.assert_allclose(fits.coefficients[index], alone.solve(0.1).coefficients)
        np.testing.assert_allclose(fits.intercepts[index], alone.solve(0.1).intercepts)


@pytest.mark.parametrize("ridge", [0.0, 0.01, 2.0])
def test_solve_equals_scikit_learn(ridge):
    rows, weights = rows_of(3)
    design, target = rows[:, :-1], rows[:, -1]
    fit = gram_of_rows(rows, weights).solve(ridge)
    spread = np.sqrt(np.diag(np.cov(design.T, aweights=weights, ddof=0)))
    oracle = Ridge(alpha=ridge * weights.sum(), solver="svd")
    oracle.fit(design / spread, target, sample_weight=weights)
    np.testing.assert_allclose(fit.coefficients[:, 0], oracle.coef_ / spread, rtol=1e-8)
    np.testing.assert_allclose(fit.intercepts[0], oracle.intercept_, rtol=1e-8)


def test_each_series_may_have_its_own_ridge():
    rows, weights = rows_of(4, lead=(3,))
    gram, ridges = gram_of_rows(rows, weights), np.array([0.0, 0.3, 5.0])
    fits = gram.solve(ridges)
    for index, ridge in enumerate(ridges):
        alone = gram_of_rows(rows[index], weights[index]).solve(ridge)
        np.testing.assert_allclose(fits.coefficients[index], alone.coefficients, rtol=1e-10)


def test_residual_sums_of_any_coefficients_equal_the_residuals():
    rows, weights = rows_of(5)
    other, _ = rows_of(6)
    fit = gram_of_rows(other, num_targets=2).solve(0.2)
    residuals = rows[:, 2:] - rows[:, :2] @ fit.coefficients - fit.intercepts
    found = gram_of_rows(rows, weights, num_targets=2).residual_sum(fit)
    np.testing.assert_allclose(found, weights @ residuals**2, rtol=1e-10)


def test_a_selection_is_the_smaller_regression():
    rows, weights = rows_of(7, columns=6)
    found = gram_of_rows(rows, weights).select(np.array([3, 0]))
    assert_equal_sums(found, gram_of_rows(rows[:, [3, 0, 5]], weights))


def test_constant_columns_get_nothing_and_count_in_no_rank():
    rows, _ = rows_of(8, lead=(2,), columns=5)
    rows[0, :, 1] = 7.1
    rows[1, :, 2] = rows[1, :, 0]
    fit = gram_of_rows(rows).solve()
    assert fit.coefficients[0, 1, 0] == 0.0
    assert fit.rank.tolist() == [3, 3]
    plain = gram_of_rows(np.delete(rows[0], 1, axis=1)).solve()
    np.testing.assert_allclose(np.delete(fit.coefficients[0], 1, axis=0), plain.coefficients)


def test_no_rows_and_no_columns():
    empty = gram_of_rows(np.zeros((0, 3))).solve()
    np.testing.assert_array_equal(empty.coefficients, 0.0)
    assert empty.intercepts[0] == 0.0 and empty.rank == 0
    mean_only = gram_of_rows(np.array([[1.0], [4.0]])).solve()
    assert mean_only.coefficients.shape == (0, 1) and mean_only.intercepts[0] == 2.5


def test_a_large_offset_costs_no_accuracy():
    rng = np.random.default_rng(9)
    rows = rng.normal(size=(500, 3))
    shifted = gram_of_rows(rows + 1e7).solve()
    np.testing.assert_allclose(shifted.coefficients, gram_of_rows(rows).solve().coefficients,
                               atol=1e-8)  # fmt: skip


def test_rows_are_counted_whatever_they_weigh():
    rows, _ = rows_of(9)
    weights = np.random.default_rng(9).uniform(0.1, 3.0, len(rows))
    weights[::3] = 0.0
    gram = gram_of_rows(rows, weights)
    count = len(rows) - len(rows[::3])
    assert gram.count == count and gram.weight != count
    assert gram.select(np.array([0])).count == count
    assert gram.merge(gram_of_rows(rows)).count == count + len(rows)
    assert gram_of_rows(rows).merge(gram_of_rows(rows)).count == 2 * len(rows)
