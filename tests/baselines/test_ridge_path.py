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


@pytest.mark.parametrize("factor", [0.01, 1.0, 30.0])
def test_what_all_rows_weigh_does_not_change_the_choice(factor):
    rows = rows_of(2, noise=40.0)
    weights = np.random.default_rng(2).uniform(0.5, 2.0, len(rows))
    weights[:5] = 0.0
    _, expected = choose_ridge(ridge_path(gram_of_rows(rows, weights)), RIDGES)
    _, scores = choose_ridge(ridge_path(gram_of_rows(rows, factor * weights)), RIDGES)
    np.testing.assert_allclose(scores, factor * expected, rtol=1e-9)
    # The hat matrix of the rows times the roots of their weights.
    kept = rows[5:, :-1], rows[5:, -1], weights[5:]
    design, target, root = kept[0], kept[1], np.sqrt(kept[2])
    spread = np.sqrt(np.cov(design.T, aweights=kept[2], ddof=0).diagonal())
    mean = np.average(design, axis=0, weights=kept[2])
    scaled = np.column_stack([np.ones(45), (design - mean) / spread]) * root[:, None]
    for ridge, score in zip(RIDGES, expected, strict=True):
        penalty = np.diag(np.append(0.0, np.full(6, ridge * kept[2].sum())))
        hat = scaled @ np.linalg.solve(scaled.T @ scaled + penalty, scaled.T)
        left = root * target - hat @ (root * target)
        np.testing.assert_allclose(score, 45 * left @ left / (45 - np.trace(hat)) ** 2, rtol=1e-8)


# Columns that were projected out ------------------------------------------------------------------


def brute_force(penalised, free, target, ridges):
    """Degrees of freedom and scores from hat matrices, penalties by what `free` leaves."""
    count = len(target)
    basis = np.linalg.svd(free, full_matrices=False)[0] if free.shape[1] else free
    rank = np.linalg.matrix_rank(free) if free.shape[1] else 0
    basis = basis[:, :rank]
    left = penalised - basis @ (basis.T @ penalised)
    size = np.sqrt(np.mean(left**2, axis=0))
    design = np.column_stack([penalised, basis])
    found = []
    for ridge in ridges:
        penalty = np.diag(np.append(ridge * count * size**2, np.zeros(rank)))
        hat = design @ np.linalg.solve(design.T @ design + penalty, design.T)
        residuals = target - hat @ target
        squares = (residuals**2).sum(axis=0)
        found.append((np.trace(hat), count * squares / (count - np.trace(hat)) ** 2))
    freedom, scores = zip(*found, strict=True)
    return np.array(freedom), np.array(scores)


TRIED = 10.0 ** np.arange(-7.0, 2.0)


@pytest.mark.parametrize("trend", ["n", "c", "t", "ct"])
@pytest.mark.parametrize("season", [1, 4])
def test_an_autoregression_counts_its_terms(monkeypatch, trend, season):
    from forecast.baselines.autoregression import regression
    from forecast.baselines.autoregression.settings import Estimation
    from forecast.baselines.autoregression.terms import Deterministic

    rng = np.random.default_rng(5)
    terms, lags, count = Deterministic(trend, season), np.arange(1, 9), 40
    series = 3.0 + rng.normal(size=(3, count)).cumsum(axis=1) * [[1.0], [20.0], [0.01]]
    spans, steps = terms.spans_constant, np.arange(8, count)
    others = terms.regressors(steps)
    columns = regression.Columns(len(lags), others.shape[1], 0, spans)
    rows = np.stack(
        [
            np.column_stack([*(values[steps - lag] for lag in lags), others, values[steps]])
            for values in series
        ]
    )
    gram = gram_of_rows(rows)
    gram = gram if spans else regression.about_zero(gram)
    seen = []

    def watched(path, ridges):
        best, scores = choose_ridge(path, ridges)
        freedom = np.stack([path.degrees_of_freedom(ridge) for ridge in ridges])
        seen.append((best, scores, freedom))
        return best, scores

    monkeypatch.setattr(regression, "choose_ridge", watched)
    regression.regress(gram, columns, Estimation("ridge"))
    best, scores, freedom = seen[0]
    free = np.column_stack([others, np.ones(len(steps))]) if spans else others
    for index in range(3):
        expected = brute_force(rows[index, :, :8], free, rows[index, :, -1], TRIED)
        np.testing.assert_allclose(freedom[:, index], expected[0], rtol=1e-5)
        np.testing.assert_allclose(scores[:, index], expected[1], rtol=1e-5)
        assert best[index] == pytest.approx(TRIED[expected[1].argmin()])


@pytest.mark.parametrize("trend", ["n", "c", "ct"])
def test_a_vector_autoregression_counts_its_terms(trend):
    from forecast.baselines.vector import system

    values = np.random.default_rng(6).normal(size=(34, 3)).cumsum(axis=0)
    values += [1.0, 50.0, -8.0]
    design, target, steps = system.regression(values, 5)
    terms = system.deterministic(steps, trend)
    size = np.sqrt(np.mean((target - terms @ np.linalg.pinv(terms) @ target) ** 2, axis=0))
    ridges = np.logspace(-5, 2, 22)
    freedom, scores = brute_force(design, terms, target / size, ridges)
    best = scores.sum(axis=1).argmin()
    fit = system.fit_system(values, 5, trend)
    assert fit.ridge == pytest.approx(ridges[best])
    assert fit.num_columns == pytest.approx(freedom[best], rel=1e-6)


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
