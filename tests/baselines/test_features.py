"""Columns of the pooled autoregression against loops over what is known."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from forecast.baselines.features import Features
from forecast.baselines.window import Past

CYCLES = (1, 2, 3, 8)


def known_mean(values, otherwise):
    known = [value for value in values if not np.isnan(value)]
    return sum(known) / len(known) if known else otherwise


def columns_by_loops(window, total, clock, features, step):
    """Level, scale and all columns of one past (`window` oldest first, NaN where unknown)."""
    lags = window[len(window) - features.num_lags :]
    level = known_mean(lags, window[-1])
    scale = 1.0
    if features.relative:
        size = known_mean([abs(value - level) for value in lags], 0.0)
        scale = max(size, 1e-9 * max(abs(level), 1.0))
    columns = [0.0 if np.isnan(value) else value - level for value in lags]
    for width in (2 * features.num_lags, 3 * features.num_lags):
        columns.append(known_mean(window[-width:], level) - level)
    columns.append(total / clock - level)
    for season in features.seasons:
        newest = step - 1
        while newest >= 0:
            newest -= season
        for cycles in CYCLES:
            back = [newest - season * k for k in range(cycles)]
            values = [window[len(window) + at] for at in back if len(window) + at >= 0]
            columns.append(known_mean(values, level) - level)
    return level, scale, [*(column / scale for column in columns), 1.0]


@given(
    seed=st.integers(0, 10_000),
    num_lags=st.integers(1, 9),
    extra=st.integers(0, 40),
    seasons=st.sampled_from([(), (4,), (7, 12)]),
    relative=st.booleans(),
    step=st.integers(1, 15),
    missing=st.sampled_from([0.0, 0.4]),
)
def test_columns_equal_loops(seed, num_lags, extra, seasons, relative, step, missing):
    rng = np.random.default_rng(seed)
    length = num_lags + extra
    features = Features(num_lags, seasons, relative, length)
    windows = np.where(rng.random((3, length)) < missing, np.nan, rng.normal(20, 5, (3, length)))
    windows[:, -1] = 18.0
    totals, clocks = np.array([900.0, 40.0, 18.0]), np.array([45, 2, 1])
    view = features.view(Past(windows, totals, clocks, windows[:, 0], np.arange(3)))
    design = features.design(view, step)
    assert design.shape == (3, features.num_columns)
    for row in range(3):
        level, scale, columns = columns_by_loops(
            windows[row], totals[row], clocks[row], features, step
        )
        np.testing.assert_allclose(view.level[row], level, rtol=1e-12)
        np.testing.assert_allclose(view.scale[row], scale, rtol=1e-12)
        np.testing.assert_allclose(design[row], columns, rtol=1e-6, atol=1e-9 / scale)


def test_season_means_are_those_of_the_same_season():
    window = np.arange(24.0)
    features = Features(4, (12,), False, 24)
    past = Past(
        window[None], np.array([276.0]), np.array([24]), np.zeros(1), np.zeros(1, dtype=int)
    )
    view = features.view(past)
    for step, same in ((1, (12.0, 0.0)), (3, (14.0, 2.0)), (12, (23.0, 11.0)), (13, (12.0, 0.0))):
        means = features.design(view, step)[0, 7:11] + view.level[0]
        np.testing.assert_allclose(means, [same[0], *[np.mean(same)] * 3])


@pytest.mark.parametrize("factor", [1e-3, 1.0, 1e6])
def test_relative_columns_do_not_depend_on_size_or_level(factor):
    window = np.random.default_rng(0).normal(10.0, 2.0, (1, 30))
    features = Features(6, (5,), True, 30)

    def design(values):
        past = Past(
            values, values.sum(axis=1), np.array([30]), values[:, 0], np.zeros(1, dtype=int)
        )
        return features.design(features.view(past), 2)

    np.testing.assert_allclose(design(factor * (window + 3.0)), design(window), rtol=1e-8)


def test_a_constant_past_has_a_positive_scale_and_no_deviations():
    window = np.full((1, 12), 5.1)
    features = Features(4, (3,), True, 12)
    past = Past(window, np.array([61.2]), np.array([12]), window[:, 0], np.zeros(1, dtype=int))
    view = features.view(past)
    assert view.scale[0] > 0
    np.testing.assert_allclose(features.design(view, 1)[0, :-1], 0.0, atol=1e-5)
