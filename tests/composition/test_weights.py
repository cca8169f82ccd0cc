"""Weights of a combination against their equation."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from forecast.baselines.naive import NaiveModel, SeasonalNaiveModel
from forecast.composition.weights import (
    inverse_error_weights,
    simplex_weights,
    stacking_weights,
    validation_weights,
)
from forecast.pipelines import Origins, load_dataset, read_frame


def errors_of(seed: int, sizes=(1.0, 1.3, 4.0), num_origins: int = 40, horizon: int = 3):
    """Errors of members of different size; every member has its own sign of a common part."""
    rng = np.random.default_rng(seed)
    sizes = np.array(sizes)[:, None, None]
    return sizes * rng.normal(0.2, 1.0, (len(sizes), num_origins, horizon))


def mase(errors, denominators):
    """Of one forecaster, written out."""
    return np.mean(
        [np.nanmean(np.abs(row)) / q for row, q in zip(errors, denominators, strict=True)]
    )


@pytest.mark.parametrize("seed", range(4))
def test_weights_are_the_fourth_power_of_the_inverse_mase(seed):
    errors = errors_of(seed)
    denominators = np.random.default_rng(seed).uniform(0.5, 3.0, errors.shape[1])
    inverse = np.array([1.0 / mase(own, denominators) ** 4 for own in errors])
    found = inverse_error_weights(errors, denominators)
    np.testing.assert_allclose(found, inverse / inverse.sum(), rtol=1e-10)


@given(seed=st.integers(0, 200), bad=st.floats(1.0, 50.0), unit=st.sampled_from([1e-6, 1.0, 1e5]))
def test_what_holds_for_any_errors(seed, bad, unit):
    errors = errors_of(seed, (1.0, 1.1, bad), num_origins=12)
    denominators = np.random.default_rng(seed).uniform(0.5, 2.0, 12)
    weights = inverse_error_weights(errors, denominators)
    assert (weights > 0).all() and np.isclose(weights.sum(), 1.0)
    scores = [mase(own, denominators) for own in errors]
    assert list(np.argsort(-weights)) == list(np.argsort(scores))
    # A weighted sum is never worse than the weighted mean of the errors.
    combined = mase(np.tensordot(weights, errors, 1), denominators)
    assert combined <= weights @ scores * (1 + 1e-12)
    np.testing.assert_allclose(
        inverse_error_weights(errors * unit, denominators * unit), weights, rtol=1e-9
    )
    np.testing.assert_allclose(
        inverse_error_weights(errors[[2, 0, 1]], denominators), weights[[2, 0, 1]], rtol=1e-9
    )


def test_members_of_one_size_and_independent_errors_are_weighted_nearly_alike():
    weights = inverse_error_weights(errors_of(3, (1.0, 1.0, 1.0), num_origins=999), np.ones(999))
    np.testing.assert_allclose(weights, 1 / 3, atol=0.03)


def test_a_much_worse_member_has_nearly_no_weight():
    assert inverse_error_weights(errors_of(1, (1.0, 30.0)), np.ones(40))[1] < 0.01


def test_missing_values_and_constant_series_count_for_nothing():
    errors, denominators = errors_of(2), np.random.default_rng(2).uniform(0.5, 2.0, 40)
    more = np.concatenate([errors, np.full((3, 1, 3), np.nan), 99.0 * errors[:, :1]], axis=1)
    found = inverse_error_weights(more, np.append(denominators, [1.0, 0.0]))
    np.testing.assert_allclose(found, inverse_error_weights(errors, denominators), rtol=1e-12)


@pytest.mark.parametrize(
    ("errors", "denominators"),
    [
        (np.full((3, 4, 2), np.nan), np.ones(4)),
        (np.ones((3, 4, 2)), np.zeros(4)),
        (np.empty((3, 0, 2)), np.empty(0)),
        (np.zeros((3, 4, 2)), np.ones(4)),
    ],
    ids=["unknown", "constant", "no origin", "perfect"],
)
def test_what_cannot_be_scored_is_weighted_equally(errors, denominators):
    np.testing.assert_array_equal(inverse_error_weights(errors, denominators), 1 / 3)


def test_a_perfect_member_takes_all():
    errors = errors_of(5) * np.array([1.0, 0.0, 1.0])[:, None, None]
    weights = inverse_error_weights(errors, np.ones(40))
    assert np.isfinite(weights).all() and weights[1] > 0.999


def test_validation_weights_come_from_free_running_errors_at_the_origins():
    panel = read_frame(load_dataset("sunspots")).panel
    length, horizon = int(panel.lengths[0]), 4
    ends = length - horizon - np.arange(9, -1, -1)[:, None] * 3
    models = [NaiveModel(), SeasonalNaiveModel(11)]
    found = validation_weights([(model, panel) for model in models], Origins(ends, horizon, 3), 1)
    values, steps = panel.row(0), np.arange(horizon)
    actual = values[ends + steps]
    forecasts = np.stack([values[ends - 1] + 0.0 * steps, values[ends - 11 + steps]])
    scale = np.full(10, np.abs(np.diff(values)).mean())
    np.testing.assert_allclose(found, inverse_error_weights(actual - forecasts, scale), rtol=1e-10)


def stacked(errors, denominators, weights):
    """What `simplex_weights` minimises, written out with exact absolute values."""
    equal = np.full(len(errors), 1.0 / len(errors))
    scaled = errors / denominators[:, None]
    level = np.abs(np.tensordot(equal, scaled, 1)).mean()
    size = np.abs(np.tensordot(weights, scaled, 1)).mean() / level
    return size + 0.2 * np.square(weights - equal).sum()


@pytest.mark.parametrize("seed", range(3))
def test_stacked_weights_are_the_best_of_a_fine_grid_of_the_simplex(seed):
    errors = errors_of(seed)
    denominators = np.random.default_rng(seed).uniform(0.5, 3.0, errors.shape[1])
    found = simplex_weights(errors, denominators)
    assert found.min() >= 0.0
    assert found.sum() == pytest.approx(1.0, abs=1e-12)
    steps = np.linspace(0.0, 1.0, 51)
    grid = [(a, b, 1.0 - a - b) for a in steps for b in steps if a + b <= 1.0]
    best = min(stacked(errors, denominators, np.array(weights)) for weights in grid)
    assert stacked(errors, denominators, found) <= best + 1e-3


def test_a_member_much_worse_than_the_others_gets_nothing():
    errors = errors_of(3, sizes=(1.0, 1.0, 30.0))
    found = simplex_weights(errors, np.ones(errors.shape[1]))
    assert found[2] < 1e-3


def test_stacked_weights_do_not_hang_on_units_or_gaps():
    errors = errors_of(5)
    denominators = np.ones(errors.shape[1])
    found = simplex_weights(errors, denominators)
    np.testing.assert_allclose(simplex_weights(1e6 * errors, 1e6 * denominators), found, atol=1e-6)
    gappy = np.concatenate([errors, np.full_like(errors[:, :2], np.nan)], axis=1)
    np.testing.assert_allclose(
        simplex_weights(gappy, np.append(denominators, [1.0, 1.0])), found, atol=1e-6
    )


@pytest.mark.parametrize("denominator", [0.0, 1.0])
def test_stacked_weights_are_equal_where_nothing_can_be_scored(denominator):
    errors = np.zeros((3, 4, 2)) if denominator else errors_of(1)[:, :4]
    np.testing.assert_allclose(simplex_weights(errors, np.full(4, denominator)), 1.0 / 3.0)


def test_stacking_scores_the_free_running_members():
    panel = read_frame(load_dataset("sunspots")).panel
    origins = Origins(panel.lengths[0] - np.array([[40], [20]]), 10, 20)
    models = [(NaiveModel(), panel), (SeasonalNaiveModel(11), panel)]
    values, ends = panel.row(0), origins.ends[:, 0]
    actual = np.stack([values[end : end + 10] for end in ends])
    naive = np.stack([np.repeat(values[end - 1], 10) for end in ends])
    seasonal = np.stack([values[end - 11 : end - 1] for end in ends])
    errors = np.stack([actual - naive, actual - seasonal])
    expected = simplex_weights(errors, np.full(2, np.abs(np.diff(values)).mean()))
    np.testing.assert_allclose(stacking_weights(models, origins, 1), expected, rtol=1e-9)
