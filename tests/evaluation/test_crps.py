"""The score of sample paths, against sums over all pairs and the closed form of the normal."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy import integrate, stats

from forecast.evaluation import continuous_ranked_probability_score as crps

_VALUES = st.floats(-1e6, 1e6)


def over_all_pairs(paths, actual):
    """The definition, pair after pair."""
    wanted = np.full(actual.shape, np.nan)
    for row, step in np.ndindex(actual.shape):
        x, y = paths[row, :, step], actual[row, step]
        pairs = [abs(a - b) for i, a in enumerate(x) for j, b in enumerate(x) if i != j]
        wanted[row, step] = np.mean(np.abs(x - y)) - 0.5 * (np.mean(pairs) if pairs else 0.0)
    return wanted


@given(st.data(), st.integers(1, 4), st.integers(1, 7), st.integers(1, 3))
def test_equals_the_sum_over_all_pairs(data, rows, number, horizon):
    paths = data.draw(arrays(float, (rows, number, horizon), elements=_VALUES))
    actual = data.draw(arrays(float, (rows, horizon), elements=_VALUES))
    np.testing.assert_allclose(
        crps(paths, actual), over_all_pairs(paths, actual), rtol=1e-9, atol=1e-7
    )


@pytest.mark.parametrize(("y", "mean", "sigma"), [(0.3, 0.0, 1.0), (12.0, 10.0, 0.5)])
def test_quantiles_of_the_normal_give_its_closed_form(y, mean, sigma):
    """Sigma (z (2 Phi(z) - 1) + 2 phi(z) - 1 / sqrt(pi)), Gneiting and Raftery (2007)."""
    number = 20_000
    paths = stats.norm.ppf((np.arange(number) + 0.5) / number, mean, sigma)
    z = (y - mean) / sigma
    wanted = sigma * (z * (2 * stats.norm.cdf(z) - 1) + 2 * stats.norm.pdf(z) - 1 / np.sqrt(np.pi))
    found = crps(np.random.default_rng(0).permutation(paths)[None, :, None], [[y]])
    np.testing.assert_allclose(found, [[wanted]], rtol=1e-3)


def test_is_the_integral_over_thresholds_but_for_equal_pairs():
    """Of the M points as a distribution it is int (F - 1{y <= x})^2 dx; fair pairs are fewer."""
    rng = np.random.default_rng(3)
    x, y = np.sort(rng.gamma(2.0, size=7)), 1.3
    grid = np.linspace(-1.0, 12.0, 400_001)
    squares = (np.searchsorted(x, grid, side="right") / 7 - (grid >= y)) ** 2
    whole = integrate.trapezoid(squares, grid)
    difference = np.abs(x[:, None] - x).mean()
    found = crps(x[None, :, None], [[y]])[0, 0]
    np.testing.assert_allclose(found, whole - 0.5 * difference / 6, atol=1e-4)


def test_its_expectation_does_not_depend_on_the_number_of_paths():
    rng = np.random.default_rng(1)
    actual = rng.normal(size=(40_000, 1))
    scores = [crps(rng.normal(size=(40_000, number, 1)), actual).mean() for number in (2, 5, 40)]
    np.testing.assert_allclose(scores, 1 / np.sqrt(np.pi), atol=0.012)


def test_one_path_or_equal_paths_give_the_absolute_error():
    actual = np.array([[3.0, -1.0]])
    for number in (1, 5):
        np.testing.assert_array_equal(crps(np.ones((1, number, 2)), actual), [[2.0, 2.0]])


def test_far_from_zero_no_digits_are_lost():
    rng = np.random.default_rng(2)
    paths, actual = rng.normal(size=(3, 50, 4)), rng.normal(size=(3, 4))
    np.testing.assert_allclose(crps(paths + 1e9, actual + 1e9), crps(paths, actual), atol=1e-6)


def test_a_step_without_a_value_has_no_score():
    found = crps(np.random.default_rng(0).normal(size=(2, 9, 3)), [[1, np.nan, 0], [np.nan] * 3])
    np.testing.assert_array_equal(np.isnan(found), [[False, True, False], [True] * 3])


def test_shapes_that_do_not_belong_together_are_refused():
    with pytest.raises(ValueError, match=r"paths of shape \(2, 5\) and actual values of shape"):
        crps(np.zeros((2, 5)), np.zeros((2, 5)))
    with pytest.raises(ValueError, match=r"\(rows, paths, horizon\) and \(rows, horizon\)"):
        crps(np.zeros((2, 5, 3)), np.zeros((2, 4)))
    with pytest.raises(ValueError, match=r"have no path; give at least one a row"):
        crps(np.zeros((2, 0, 3)), np.zeros((2, 3)))
