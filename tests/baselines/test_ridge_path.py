"""The path of ridge regressions against scikit-learn and brute force."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.linear_model import Ridge, RidgeCV

from forecast.baselines.algebra.gram import gram_of_rows
from forecast.baselines.algebra.ridge_path import choose_ridge, ridge_path

RIDGES = np.array([0.0, 1e-4, 0.01, 0.1, 1.0, 30.0])


def rows_of(seed, lead=(), count=50, columns=6, noise=1.0):
    rng = np.random.default_rng(seed)
    mixing = rng.normal(size=(columns, columns))
    design = rng.normal(size=(*lead, count, columns)) @ mixing + rng.normal(size=columns) * 10
    target = design @ rng.normal(size=columns) + noise * rng.normal(size=(*lead, count))
    return np.concatenate([design, target[..., None]], axis=-1)


@pytest.mark.parametrize("ridge", RIDGES)
def test_coefficients_equal_scikit_learn(ridge):
    rows = rows_of(0)
    design, spread = rows[:, :-1], rows[:, :-1].std(axis=0)
    fit = ridge_path(gram_of_rows(rows)).solve(ridge)
    oracle = Ridge(alpha=ridge * len(rows), solver="svd").fit(design / spread, rows[:, -1])
    np.testing.assert_allclose(fit.coefficients[:, 0], oracle.coef_ / spread, rtol=1e-8)
    np.testing.assert_allclose(fit.intercepts[0], oracle.intercept_, rtol=1e-8)
    assert fit.rank == 6


@given(seed=st.integers(0, 500), columns=st.integers(1, 6), ridge=st.floats(1e-6, 10.0))
def test_the_path_equals_solve_for_each_series(seed, columns, ridge):
    gram = gram_of_rows(rows_of(seed, lead=(3,), columns=columns))
    ridges = ridge * np.array([1.0, 2.0, 0.5])
    path = ridge_path(gram)
    for penalty in (ridge, ridges):
        found, expected = path.solve(penalty), gram.solve(penalty)
        np.testing.assert_allclose(found.coefficients, expected.coefficients, rtol=1e-6)
        np.testing.assert_allclose(found.intercepts, expected.intercepts, rtol=1e-6, atol=1e-6)


def hat_matrix(design, ridge):
    """Of the regression on scaled columns, with the intercept."""
    scaled = (design - design.mean(axis=0)) / design.std(axis=0)
    count, columns = design.shape
    system = scaled.T @ scaled + count * ridge * np.eye(columns)
    return np.full((count, count), 1.0 / count) + scaled @ np.linalg.solve(system, scaled.T)


@pytest.mark.parametrize("ridge", RIDGES)
def test_degrees_of_freedom_and_scores_equal_brute_force(ridge):
    rows = rows_of(1)
    path, hat = ridge_path(gram_of_rows(rows)), hat_matrix(rows[:, :-1], ridge)
    np.testing.assert_allclose(path.degrees_of_freedom(ridge), np.trace(hat), rtol=1e-9)
    residuals = rows[:, -1] - hat @ rows[:, -1]
    expected = 50 * (residuals @ residuals) / (50 - np.trace(hat)) ** 2
    found = path.generalised_cross_validation(ridge)
    np.testing.assert_allclose(found, [expected], rtol=1e-8)


@pytest.mark.parametrize("seed", range(4))
def test_the_choice_equals_ridge_cv(seed):
    rows = rows_of(seed, count=400, columns=12, noise=[1.0, 20.0, 80.0, 300.0][seed])
    candidates = 10.0 ** np.arange(-6, 4)
    best, scores = choose_ridge(ridge_path(gram_of_rows(rows)), candidates)
    design = rows[:, :-1] / rows[:, :-1].std(axis=0)
    # One row out at a time: generalised cross-validation is its average over rotations.
    oracle = RidgeCV(alphas=400 * candidates, store_cv_results=True).fit(design, rows[:, -1])
    assert best == pytest.approx(oracle.alpha_ / 400)
    left_out = oracle.cv_results_.mean(axis=0)
    np.testing.assert_allclose(scores, left_out, rtol=0.03)


def test_validation_scores_equal_the_residuals_of_other_rows():
    rows = rows_of(3, lead=(2,), noise=20.0)
    train, test = rows[:, :30], rows[:, 30:]
    path = ridge_path(gram_of_rows(train))
    best, scores = choose_ridge(path, RIDGES, gram_of_rows(test))
    expected = np.empty((len(RIDGES), 2))
    for position, ridge in enumerate(RIDGES):
        for index in range(2):
            spread = train[index, :, :-1].std(axis=0)
            oracle = Ridge(alpha=30 * ridge, solver="svd")
            oracle.fit(train[index, :, :-1] / spread, train[index, :, -1])
            forecast = oracle.predict(test[index, :, :-1] / spread)
            expected[position, index] = ((test[index, :, -1] - forecast) ** 2).sum()
    np.testing.assert_allclose(scores, expected, rtol=1e-7)
    np.testing.assert_array_equal(best, RIDGES[expected.argmin(axis=0)])


def test_scores_come_in_the_order_of_the_candidates():
    path = ridge_path(gram_of_rows(rows_of(4)))
    shuffled = np.array([3, 0, 5, 2, 4, 1])
    _, scores = choose_ridge(path, RIDGES)
    best, mixed = choose_ridge(path, RIDGES[shuffled])
    np.testing.assert_array_equal(mixed, scores[shuffled])
    assert best in RIDGES


def test_collinear_and_constant_columns():
    rows = rows_of(5)
    rows[:, 2], rows[:, 4] = rows[:, 0], 3.0
    path = ridge_path(gram_of_rows(rows))
    fit = path.solve(0.0)
    assert fit.rank == 4 and fit.coefficients[4, 0] == 0.0
    assert path.degrees_of_freedom(0.0) == pytest.approx(5.0)
    kept = [0, 1, 3, 5]
    centred = rows - rows.mean(axis=0)
    oracle = np.linalg.lstsq(centred[:, kept], centred[:, -1], rcond=None)[0]
    found = fit.coefficients[:, 0].copy()
    found[0] += found[2]  # twins share what the one would get
    np.testing.assert_allclose(found[kept], oracle, rtol=1e-7)


def test_too_few_rows_score_infinite():
    path = ridge_path(gram_of_rows(rows_of(6, count=5, columns=6)))
    assert np.isinf(path.generalised_cross_validation(0.0)).all()
    assert np.isfinite(path.generalised_cross_validation(1.0)).all()
    best, _ = choose_ridge(path, RIDGES)
    assert best > 0
