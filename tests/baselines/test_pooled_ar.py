"""The pooled autoregression against an independent implementation by loops, in float64."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from forecast import PooledAR, engine
from forecast.baselines.features import Features, View
from forecast.baselines.pooled_ar import Regression, Samples, fit_step, shrink_to_pool
from forecast.baselines.pooled_fit import PooledSettings, estimate_pooled
from forecast.pipelines import read_frame

LAGS, SEASON, BLOCK = 5, 4, 3
CYCLES = (1, 2, 3, 8)


def series(seed, length=120, level=50.0, missing=0.0):
    rng = np.random.default_rng(seed)
    values = level + 8 * np.sin(2 * np.pi * np.arange(length) / SEASON) + rng.normal(0, 2, length)
    values = values + rng.normal(0, 1, length).cumsum()
    gone = rng.random(length) < missing
    gone[[0, -1]] = False
    return np.where(gone, np.nan, values)


def panel_of(*parts):
    frames = [
        pd.DataFrame({"unique_id": f"s{i}", "ds": pd.date_range("2024", periods=len(y)), "y": y})
        for i, y in enumerate(parts)
    ]
    return read_frame(pd.concat(frames)).panel


def settings(ridge=0.0, shrinkage=np.inf, reweightings=0, **changes):
    regression = Regression(ridge, shrinkage, reweightings)
    return PooledSettings(LAGS, (SEASON,), BLOCK, regression, **changes)


def filled(values):
    """Gaps take the value one season before, or the last one."""
    result = list(values)
    for step, value in enumerate(result):
        if np.isnan(value):
            result[step] = result[step - SEASON] if step >= SEASON else result[step - 1]
    return np.array(result)


def row(past, step, logarithm):
    """Level, scale and the columns of a past without gaps."""
    level = past[-LAGS:].mean()
    scale = 1.0 if logarithm else np.abs(past[-LAGS:] - level).mean()
    columns = list(past[-LAGS:] - level)
    columns += [past[-2 * LAGS :].mean() - level, past[-3 * LAGS :].mean() - level]
    columns += [past.mean() - level]
    same = [past[at] for at in range(len(past)) if (len(past) + step - 1 - at) % SEASON == 0]
    columns += [np.mean(same[-cycles:]) - level for cycles in CYCLES]
    return level, scale, np.array([*(np.array(columns) / scale), 1.0])


def samples(values, step, logarithm):
    """Rows, targets and weights of one step ahead, of the origins with whole lags."""
    encoded = np.log1p(values) if logarithm else values
    inputs = filled(encoded)
    denominator = np.nanmean(np.abs(values[SEASON:] - values[:-SEASON]))
    rows, targets, weights = [], [], []
    for origin in range(LAGS, len(values)):
        level, scale, columns = row(inputs[:origin], step, logarithm)
        at = origin + step - 1
        rows.append(columns)
        targets.append((encoded[at] - level) / scale if at < len(values) else np.nan)
        weights.append((np.exp(level) if logarithm else scale) / denominator)
    return np.array(rows), np.array(targets), np.array(weights)


def least_squares(parts, step, logarithm, ridge):
    """`sum_i (w_i e_i)^2` with a penalty in units of the diagonal, over all series."""
    gathered = [samples(values, step, logarithm) for values in parts]
    design, target, weights = (np.concatenate(part) for part in zip(*gathered, strict=True))
    weights = np.minimum(weights, 10 * np.median(weights))
    known = ~np.isnan(target)
    design, target, weights = design[known], target[known], weights[known] ** 2
    gram = design.T @ (weights[:, None] * design)
    penalty = ridge * np.diag(gram)
    penalty[-1] = 0.0
    return np.linalg.solve(gram + np.diag(penalty), design.T @ (weights * target))


@pytest.mark.parametrize("logarithm", [False, True])
@pytest.mark.parametrize("missing", [0.0, 0.15])
@pytest.mark.parametrize("num_series", [1, 3])
def test_coefficients_equal_least_squares_by_loops(logarithm, missing, num_series):
    level = 50.0 if logarithm else -10.0
    parts = [series(seed, 90 + 20 * seed, level, missing) for seed in range(num_series)]
    model = estimate_pooled(panel_of(*parts), settings(ridge=1e-3))
    assert model.logarithm is logarithm and model.coefficients.shape[:2] == (1, BLOCK)
    for step in range(BLOCK):
        expected = least_squares(parts, step + 1, logarithm, 1e-3)
        np.testing.assert_allclose(model.coefficients[0, step], expected, rtol=1e-7, atol=1e-9)


def test_without_a_penalty_forecasts_equal_least_squares_by_loops():
    """The lags less their mean are collinear: forecasts are unique, coefficients are not."""
    values = series(1, level=-10.0)
    panel = panel_of(values)
    model = estimate_pooled(panel, settings())
    state, _ = engine.absorb(model, engine.begin(model, np.array([0])), panel.block(0, 120))
    found = engine.forecast(model, state, BLOCK)[0, 0]
    for step in range(1, BLOCK + 1):
        design, target, weights = samples(values, step, logarithm=False)
        weights = np.minimum(weights, 10 * np.median(weights))
        known = ~np.isnan(target)
        solution = np.linalg.lstsq(
            weights[known, None] * design[known], weights[known] * target[known], rcond=1e-10
        )[0]
        level, scale, columns = row(values, step, logarithm=False)
        np.testing.assert_allclose(found[step - 1], level + scale * columns @ solution, rtol=1e-6)


def random_samples(seed=0, lengths=(40, 7, 60)):
    rng = np.random.default_rng(seed)
    count = sum(lengths)
    design = np.column_stack([rng.normal(size=(count, 4)) * [1, 5, 0.1, 2], np.ones(count)])
    target = design @ rng.normal(size=5) + rng.normal(size=count)
    target[::9] = np.nan
    weights = rng.uniform(0.5, 2.0, count)
    owner = np.repeat(np.arange(len(lengths)), lengths)
    view = View(np.zeros(count), np.ones(count), design[:, :4], None)
    return design, Samples(view, target[:, None], weights, owner)


@pytest.mark.parametrize("shrinkage", [0.5, 100.0, 1e5])
@pytest.mark.parametrize("ridge", [0.0, 0.2])
def test_shrinkage_is_the_formula(shrinkage, ridge):
    design, found = random_samples()
    regression = Regression(ridge, shrinkage, 2)
    known = ~np.isnan(found.targets[:, 0])
    pooled, weights = fit_step(
        design[known], found.targets[known, 0], found.weights[known], regression, None
    )
    final = np.zeros(len(design))
    final[known] = weights
    moved = shrink_to_pool(found, design, 0, (pooled, final), regression, 4)
    gram = design.T @ (final[:, None] * design) / final.sum()
    prior = shrinkage * (gram + ridge * np.diag(np.diag(gram)))
    for index in range(3):
        rows = (found.series == index) & known
        own = design[rows].T @ (final[rows, None] * design[rows])
        moment = design[rows].T @ (final[rows] * found.targets[rows, 0])
        expected = pooled + np.linalg.solve(own + prior, moment - own @ pooled)
        np.testing.assert_allclose(moved[index], expected, rtol=1e-8, atol=1e-10)
    np.testing.assert_array_equal(moved[3], pooled)  # a series without an origin


def test_much_shrinkage_gives_the_pool_and_little_each_series_its_own():
    parts = [series(seed, 100, 50.0 + 10 * seed) for seed in range(3)]
    pool = estimate_pooled(panel_of(*parts), settings(1e-3)).coefficients[0]
    much = estimate_pooled(panel_of(*parts), settings(1e-3, 1e12)).coefficients
    np.testing.assert_allclose(much, np.broadcast_to(pool, much.shape), rtol=1e-6, atol=1e-8)
    little = estimate_pooled(panel_of(*parts), settings(1e-3, 1e-3)).coefficients
    for index, values in enumerate(parts):
        design, target, weights = samples(values, 1, logarithm=True)
        own, shared = (
            np.sum((weights * (target - design @ row)) ** 2)
            for row in (little[1 + index, 0], pool[0])
        )
        assert own < shared


def test_reweighting_lowers_the_absolute_loss():
    values = series(3)
    values[30:90:10] += 60.0
    design, target, weights = samples(values, 1, logarithm=True)
    losses = [
        weights @ np.abs(target - design @ estimate_pooled(
            panel_of(values), settings(1e-6, reweightings=rounds)).coefficients[0, 0])
        for rounds in (0, 2, 6)
    ]  # fmt: skip
    assert losses[0] > losses[1] >= losses[2]


def test_many_origins_are_thinned_out_of_step_with_the_season():
    parts = [series(seed, 200) for seed in range(3)]
    few = estimate_pooled(panel_of(*parts), settings(1e-3, max_rows=150))
    every_fifth = []
    for values in parts:
        design, target, weights = samples(values, 1, logarithm=True)
        every_fifth.append([part[::-1][::5] for part in (design, target, weights)])
    design, target, weights = (np.concatenate(part) for part in zip(*every_fifth, strict=True))
    weights = np.minimum(weights, 10 * np.median(weights)) ** 2
    gram = design.T @ (weights[:, None] * design)
    penalty = np.append(1e-3 * np.diag(gram)[:-1], 0.0)
    expected = np.linalg.solve(gram + np.diag(penalty), design.T @ (weights * target))
    np.testing.assert_allclose(few.coefficients[0, 0], expected, rtol=1e-6, atol=1e-9)


def test_a_sine_is_continued():
    values = 100 + 10 * np.sin(2 * np.pi * np.arange(96) / 12)
    frame = pd.Series(values, pd.date_range("2010", periods=96, freq="MS"), name="a")
    found = PooledAR(season_length=12).fit(frame, horizon=12).predict(36)
    expected = 100 + 10 * np.sin(2 * np.pi * np.arange(96, 132) / 12)
    np.testing.assert_allclose(found, expected, atol=0.2)


def test_negative_rows_after_a_fit_in_logarithms_do_not_break_it():
    values = series(4)
    forecaster = PooledAR(season_length=SEASON).fit(
        pd.Series(values, pd.date_range("2024", periods=120), name="a"), horizon=4
    )
    later = pd.Series([-5.0], pd.DatetimeIndex(["2024-04-30"]), name="a")
    assert np.isfinite(forecaster.update(later).predict(8, level=[80]).iloc[:, 2:].to_numpy()).all()


def test_a_panel_of_constants_only():
    parts = [np.full(30, 3.0), np.full(20, -2.0)]
    model = estimate_pooled(panel_of(*parts), settings(1e-3, 100.0, 6))
    np.testing.assert_array_equal(model.coefficients, 0.0)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"lags": 0}, r"`lags` must be a whole number"),
        ({"block_length": 1.5}, r"`block_length` must be a whole number"),
        ({"shrinkage": 0}, r"`shrinkage` must be a number from 1e-09 to inf; got 0"),
        ({"ridge": -0.1}, r"`ridge` must be a number from 0.0 to inf; got -0.1"),
        ({"season_length": 0}, r"`season_length` must be a whole number"),
    ],
)
def test_arguments_are_checked(arguments, message):
    with pytest.raises(ValueError, match=message):
        PooledAR(**arguments)


def test_features_reach_no_further_than_the_longest_series():
    model = estimate_pooled(panel_of(series(0, 12)), settings(1e-3))
    assert model.features == Features(LAGS, (SEASON,), False, 12)
