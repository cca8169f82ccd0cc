"""Columns of the pooled autoregression against loops over what is known."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from forecast.baselines.past import Past
from forecast.baselines.pooled.features import Features

CYCLES = (1, 2, 3, 8)


def features_of(lags, seasons=(), scale="none", window_length=None, **means):
    """All means by default; the window holds just the lags by default."""
    means = {"level_means": True, "season_means": True} | means
    length = max(lags) if window_length is None else window_length
    return Features(tuple(lags), max(lags), tuple(seasons), scale, window_length=length, **means)


def past_of(windows, totals=None, sizes=None, clocks=None):
    """Pasts that began with their windows unless sums and clocks say otherwise."""
    windows = np.asarray(windows, dtype=float)
    totals = windows.sum(axis=1) if totals is None else np.asarray(totals, dtype=float)
    sizes = np.abs(windows).sum(axis=1) if sizes is None else np.asarray(sizes, dtype=float)
    clocks = np.full(len(windows), windows.shape[1]) if clocks is None else np.asarray(clocks)
    return Past(windows, totals, sizes, clocks, windows[:, 0], np.arange(len(windows)))


def known_mean(values, otherwise):
    known = [value for value in values if not np.isnan(value)]
    return sum(known) / len(known) if known else otherwise


def scale_by_loops(newest, level, mean_size, kind):
    if kind == "none":
        return 1.0
    deviation = known_mean([abs(value - level) for value in newest], 0.0)
    return max(deviation if kind == "window" else mean_size, 1e-9 * max(abs(level), 1.0))


def columns_by_loops(window, mean, mean_size, features, step):
    """Level, scale and all columns of one past (`window` oldest first, NaN where unknown)."""
    newest = window[len(window) - max(features.lags) :]
    level = known_mean(newest, window[-1])
    columns = []
    for lag in features.lags:
        columns.append(0.0 if np.isnan(window[-lag]) else window[-lag] - level)
    if features.level_means:
        for width in (2 * features.span, 3 * features.span):
            columns.append(known_mean(window[-width:], level) - level)
        columns.append(mean - level)
    for season in features.seasons if features.season_means else ():
        newest_same = step - 1
        while newest_same >= 0:
            newest_same -= season
        for cycles in CYCLES:
            back = [newest_same - season * k for k in range(cycles)]
            values = [window[len(window) + at] for at in back if len(window) + at >= 0]
            columns.append(known_mean(values, level) - level)
    scale = scale_by_loops(newest, level, mean_size, features.scale)
    return level, scale, [*(column / scale for column in columns), 1.0]


@given(
    seed=st.integers(0, 10_000),
    lags=st.sets(st.integers(1, 9), min_size=1),
    extra=st.integers(0, 40),
    seasons=st.sampled_from([(), (4,), (7, 12)]),
    scale=st.sampled_from(["window", "causal", "none"]),
    level_means=st.booleans(),
    season_means=st.booleans(),
    step=st.integers(1, 15),
    missing=st.sampled_from([0.0, 0.4]),
)
def test_columns_equal_loops(
    seed, lags, extra, seasons, scale, level_means, season_means, step, missing
):
    rng = np.random.default_rng(seed)
    lags = tuple(sorted(lags))
    features = features_of(
        lags, seasons, scale, lags[-1] + extra, level_means=level_means, season_means=season_means
    )
    shape = (3, features.window_length)
    windows = np.where(rng.random(shape) < missing, np.nan, rng.normal(20, 5, shape))
    windows[:, -1] = 18.0
    totals, sizes = np.array([900.0, 40.0, 18.0]), np.array([990.0, 56.0, 18.0])
    clocks = np.array([45, 2, 1])
    view = features.view(past_of(windows, totals, sizes, clocks))
    design = features.design(view, step)
    assert design.shape == (3, features.num_columns)
    for row, (mean, size) in enumerate(zip(totals / clocks, sizes / clocks, strict=True)):
        level, unit, columns = columns_by_loops(windows[row], mean, size, features, step)
        np.testing.assert_allclose(view.level[row], level, rtol=1e-12)
        np.testing.assert_allclose(view.scale[row], unit, rtol=1e-12)
        np.testing.assert_allclose(design[row], columns, rtol=1e-6, atol=1e-9 / unit)


def test_covariates_stand_between_the_means_and_the_constant():
    features = features_of((1, 3), (4,), window_length=12)
    view = features.view(past_of(np.random.default_rng(1).normal(size=(5, 12))))
    covariates = np.random.default_rng(2).normal(size=(5, 2))
    design, plain = features.design(view, 2, covariates), features.design(view, 2)
    np.testing.assert_array_equal(design[:, :-3], plain[:, :-1])
    np.testing.assert_array_equal(design[:, -3:-1], covariates)
    np.testing.assert_array_equal(design[:, -1], 1.0)


def test_season_means_are_those_of_the_same_season():
    features = features_of((1, 2, 3, 4), (12,), window_length=24)
    view = features.view(past_of(np.arange(24.0)[None]))
    for step, same in ((1, (12.0, 0.0)), (3, (14.0, 2.0)), (12, (23.0, 11.0)), (13, (12.0, 0.0))):
        means = features.design(view, step)[0, 7:11] + view.level[0]
        np.testing.assert_allclose(means, [same[0], *[np.mean(same)] * 3])


@pytest.mark.parametrize("level_means", [False, True])
@pytest.mark.parametrize("step", [1, 3, 4, 5, 11])
def test_same_season_is_the_column_of_the_value_one_cycle_before_the_target(level_means, step):
    window = np.random.default_rng(3).normal(size=(4, 30))
    features = features_of((2, 5), (4, 7), window_length=30, level_means=level_means)
    view = features.view(past_of(window))
    found = features.design(view, step)[:, features.same_season] + view.level
    np.testing.assert_allclose(found, window[:, 29 + step - 4 * (1 + (step - 1) // 4)])


@pytest.mark.parametrize("changes", [{"seasons": ()}, {"seasons": (4,), "season_means": False}])
def test_without_season_means_there_is_no_column_of_the_same_season(changes):
    features = features_of((1, 2), window_length=9, **changes)
    assert features.same_season is None and features.num_columns == 6


@pytest.mark.parametrize("factor", [1e-3, 1.0, 1e6])
def test_relative_columns_do_not_depend_on_size_or_level(factor):
    window = np.random.default_rng(0).normal(10.0, 2.0, (1, 30))
    features = features_of(range(1, 7), (5,), "window", 30)

    def design(values):
        return features.design(features.view(past_of(values)), 2)

    np.testing.assert_allclose(design(factor * (window + 3.0)), design(window), rtol=1e-8)


def test_columns_with_a_causal_scale_do_not_depend_on_size_but_on_the_whole_past():
    window = np.random.default_rng(0).normal(10.0, 2.0, (1, 30))
    features = features_of(range(1, 7), (5,), "causal", 30)
    design = features.design(features.view(past_of(window)), 2)
    larger = features.design(features.view(past_of(1e4 * window)), 2)
    np.testing.assert_allclose(larger, design, rtol=1e-8)
    sizes = 2 * np.abs(window).sum(axis=1)
    other = features.design(features.view(past_of(window, sizes=sizes)), 2)
    np.testing.assert_allclose(2 * other[:, :-1], design[:, :-1])


@pytest.mark.parametrize("scale", ["window", "causal"])
@pytest.mark.parametrize("value", [0.0, 5.1])
def test_a_constant_past_has_a_positive_scale_and_no_deviations(scale, value):
    features = features_of(range(1, 5), (3,), scale, 12)
    view = features.view(past_of(np.full((1, 12), value)))
    assert view.scale[0] > 0
    np.testing.assert_allclose(features.design(view, 1)[0, :-1], 0.0, atol=1e-5)
