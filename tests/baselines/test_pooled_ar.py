"""The pooled autoregression against an independent implementation by loops, in float64."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from baselines.pooled_material import BLOCK, LAGS, SEASON, frame_of, panel_of, series, settings
from scipy.optimize import linprog

from forecast import engine
from forecast.baselines.pooled.features import Features
from forecast.baselines.pooled.fit import estimate_pooled
from forecast.baselines.pooled.model import PooledARModel
from forecast.pipelines import Columns, read_frame

SPARSE = (1, 4, 5)
CYCLES = (1, 2, 3, 8)


def encoded_of(values, power):
    if power == 1.0:
        return values
    return np.log(1 + values) if power == 0.0 else ((1 + values) ** power - 1) / power


def slope_of(level, power):
    """What an error of 1 in the transformed value costs in the value."""
    if power == 0.0:
        return np.exp(level)
    return 1.0 if power == 1.0 else (1 + power * level) ** ((1 - power) / power)


def filled(values):
    """Gaps take the value one season before, or the last one."""
    result = list(values)
    for step, value in enumerate(result):
        if np.isnan(value):
            result[step] = result[step - SEASON] if step >= SEASON else result[step - 1]
    return np.array(result)


def row(past, step, chosen):
    """Level, scale and the columns of a past without gaps."""
    design, span = chosen.design, max(chosen.lags)
    level = past[-span:].mean()
    scale = np.abs(past[-span:] - level).mean()
    scale = np.abs(past).mean() if design.scale == "causal" else scale
    scale = 1.0 if design.power == 0.0 else scale
    columns = [past[-lag] - level for lag in chosen.lags]
    if design.level_means:
        columns += [past[-2 * span :].mean() - level, past[-3 * span :].mean() - level]
        columns += [past.mean() - level]
    if design.season_means:
        same = [past[at] for at in range(len(past)) if (len(past) + step - 1 - at) % SEASON == 0]
        columns += [np.mean(same[-cycles:]) - level for cycles in CYCLES]
    return level, scale, np.array([*(np.array(columns) / scale), 1.0])


def samples(values, step, chosen):
    """Rows, targets and weights of one step ahead, of the origins with whole lags."""
    power = chosen.design.power
    encoded = encoded_of(values, power)
    inputs = filled(encoded)
    denominator = np.nanmean(np.abs(values[SEASON:] - values[:-SEASON]))
    rows, targets, weights = [], [], []
    for origin in range(max(chosen.lags), len(values)):
        level, scale, columns = row(inputs[:origin], step, chosen)
        at = origin + step - 1
        rows.append(columns)
        targets.append((encoded[at] - level) / scale if at < len(values) else np.nan)
        weights.append(slope_of(level, power) * scale / denominator)
    return np.array(rows), np.array(targets), np.array(weights)


def gathered(parts, step, chosen):
    """The known samples of all series, weights capped.

    Squared errors of steps that see the same columns are learned from the origins of which all
    steps are known, if these are half of all.
    """
    found = [samples(values, step, chosen) for values in parts]
    design, target, weights = (np.concatenate(part) for part in zip(*found, strict=True))
    weights = np.minimum(weights, 10 * np.median(weights))
    weights = weights if chosen.regression.metric_weights else np.ones(len(weights))
    known = ~np.isnan(target)
    if chosen.regression.loss == "squared" and not chosen.design.season_means:
        later = [samples(values, ahead, chosen)[1] for ahead in (1, 2, 3) for values in parts]
        whole = ~np.isnan(np.concatenate(later).reshape(BLOCK, -1)).any(axis=0)
        known = whole if whole.mean() >= 0.5 else known
    return design[known], target[known], weights[known]


def centre_of(num_columns, chosen):
    """What the penalty draws to: nothing, the last value, or the value one season before."""
    centre = np.zeros(num_columns)
    first_of_season = len(chosen.lags) + 3 * chosen.design.level_means
    at = {"none": None, "first": 0, "seasonal": first_of_season}[chosen.design.difference]
    if at is not None:
        centre[at] = 1.0
    return centre


def least_squares(parts, step, chosen):
    """`sum_i (w_i e_i)^2` with a penalty in units of the diagonal, over all series."""
    design, target, weights = gathered(parts, step, chosen)
    gram = design.T @ (weights[:, None] ** 2 * design)
    penalty = chosen.regression.ridge * np.diag(gram)
    penalty[-1] = 0.0
    moment = design.T @ (weights**2 * target) + penalty * centre_of(len(gram), chosen)
    return np.linalg.solve(gram + np.diag(penalty), moment)


def assert_equals_least_squares(parts, chosen):
    model = estimate_pooled(panel_of(*parts), chosen)
    assert model.coefficients.shape[:2] == (1, BLOCK)
    for step in range(BLOCK):
        expected = least_squares(parts, step + 1, chosen)
        np.testing.assert_allclose(model.coefficients[0, step], expected, rtol=1e-6, atol=1e-9)
    return model


# Coefficients -------------------------------------------------------------------------------------


@pytest.mark.parametrize("power", [0.0, 0.5, 1.0])
@pytest.mark.parametrize("missing", [0.0, 0.15])
@pytest.mark.parametrize("num_series", [1, 3])
def test_coefficients_equal_least_squares_by_loops(power, missing, num_series):
    parts = [series(seed, 90 + 20 * seed, 50.0, missing) for seed in range(num_series)]
    chosen = settings(ridge=1e-3, design={"power": power})
    model = assert_equals_least_squares(parts, chosen)
    assert model.power.exponent == power


@pytest.mark.parametrize("lags", [LAGS, SPARSE], ids=["lags 1-5", "sparse lags"])
@pytest.mark.parametrize(
    "design",
    [
        {"difference": "first"},
        {"difference": "seasonal"},
        {"difference": "seasonal", "level_means": False},
        {"level_means": False},
        {"season_means": False},
        {"level_means": False, "season_means": False, "difference": "first"},
        {"power": 1.0, "scale": "causal"},
        {"power": 0.5, "scale": "causal", "difference": "first"},
    ],
    ids=str,
)
@pytest.mark.parametrize("metric_weights", [True, False], ids=["weighted", "unweighted"])
def test_every_part_of_a_design_is_what_it_says(lags, design, metric_weights):
    parts = [series(seed, 70 + 20 * seed, 60.0, 0.1) for seed in range(2)]
    chosen = settings(lags, design=design, ridge=0.3, metric_weights=metric_weights)
    assert_equals_least_squares(parts, chosen)


@pytest.mark.parametrize("missing", [0.0, 0.1, 0.4])
def test_steps_that_share_their_columns_are_learned_at_once_where_few_values_are_missing(missing):
    parts = [series(seed, 100 + 20 * seed, 60.0, missing) for seed in range(2)]
    chosen = settings(ridge=0.05, design={"season_means": False})
    assert_equals_least_squares(parts, chosen)
    own = estimate_pooled(panel_of(*parts), replace(chosen, regression=replace(
        chosen.regression, shrinkage=1e12)))  # fmt: skip
    assert own.coefficients.shape[0] == 3
    for step in range(BLOCK):
        expected = least_squares(parts, step + 1, chosen)
        np.testing.assert_allclose(own.coefficients[2, step], expected, rtol=1e-5, atol=1e-7)


@pytest.mark.parametrize(("difference", "back"), [("first", 1), ("seasonal", SEASON)])
def test_a_huge_penalty_forecasts_the_last_value_or_the_last_season(difference, back):
    """Up to the constant, which is not penalised: the mean change over that many steps."""
    values = series(2, level=-30.0)
    model = estimate_pooled(
        panel_of(values), settings(design={"difference": difference, "power": 1.0}, ridge=1e9)
    )
    found = forecasts(model, values)[:BLOCK]
    past = values[-5:]
    scale = np.abs(past - past.mean()).mean()
    constants = model.coefficients[0, :, -1] * scale
    expected = [values[-1]] * BLOCK if back == 1 else values[-back : len(values) - back + BLOCK]
    np.testing.assert_allclose(found, expected + constants, rtol=1e-6)


def forecasts(model, values):
    """The next steps of one series."""
    panel = panel_of(values)
    state = engine.begin(model, np.array([0]))
    state, _ = engine.absorb(model, state, panel.block(0, len(values)))
    return engine.forecast(model, state, BLOCK)[0, 0]


def test_without_a_penalty_forecasts_equal_least_squares_by_loops():
    """The lags less their mean are collinear: forecasts are unique, coefficients are not."""
    values = series(1, level=-10.0)
    chosen = settings(design={"power": 1.0})
    found = forecasts(estimate_pooled(panel_of(values), chosen), values)
    for step in range(1, BLOCK + 1):
        design, target, weights = gathered([values], step, chosen)
        solution = np.linalg.lstsq(weights[:, None] * design, weights * target, rcond=1e-10)[0]
        level, scale, columns = row(values, step, chosen)
        np.testing.assert_allclose(found[step - 1], level + scale * columns @ solution, rtol=1e-6)


def test_a_panel_with_a_negative_value_is_not_transformed():
    parts = [series(0), series(1, level=-10.0)]
    model = estimate_pooled(panel_of(*parts), settings(design={"power": 0.5}, ridge=1e-3))
    other = estimate_pooled(panel_of(*parts), settings(design={"power": 1.0}, ridge=1e-3))
    assert model.power.exponent == 1.0 and model.features == other.features
    np.testing.assert_array_equal(model.coefficients, other.coefficients)


@pytest.mark.parametrize("power", [0.0, 0.5, 1.0])
@pytest.mark.parametrize("metric_weights", [True, False], ids=["weighted", "unweighted"])
def test_absolute_loss_is_near_that_of_the_linear_program(power, metric_weights):
    """Within 1.5 % at the first step, and 5 % at the next, which start from the one before."""
    parts = [series(seed, 150) for seed in range(2)]
    parts[0][30:90:10] += 60.0
    chosen = settings(
        loss="absolute", ridge=1e-9, design={"power": power}, metric_weights=metric_weights
    )
    model = estimate_pooled(panel_of(*parts), chosen)
    for step in range(BLOCK):
        design, target, weights = gathered(parts, step + 1, chosen)
        found = weights @ np.abs(target - design @ model.coefficients[0, step])
        squared = weights @ np.abs(target - design @ least_squares_of(design, target, weights))
        least = least_absolute(design, target, weights)
        assert least * (1 - 1e-9) <= found <= 1.01 * least
        assert found < squared


def least_squares_of(design, target, weights):
    return np.linalg.lstsq(weights[:, None] * design, weights * target, rcond=1e-10)[0]


def least_absolute(design, target, weights):
    """The smallest weighted sum of absolute errors, as a linear program."""
    num_rows, num_columns = design.shape
    errors = np.eye(num_rows)
    costs = np.concatenate([np.zeros(num_columns), weights, weights])
    limits = [(None, None)] * num_columns + [(0, None)] * (2 * num_rows)
    found = linprog(costs, A_eq=np.hstack([design, errors, -errors]), b_eq=target, bounds=limits)
    return found.fun


def test_much_shrinkage_gives_the_pool_and_little_each_series_its_own():
    parts = [series(seed, 100, 50.0 + 10 * seed) for seed in range(3)]
    panel = panel_of(*parts)
    pool = estimate_pooled(panel, settings(ridge=1e-3)).coefficients[0]
    much = estimate_pooled(panel, settings(ridge=1e-3, shrinkage=1e12)).coefficients
    np.testing.assert_allclose(much, np.broadcast_to(pool, much.shape), rtol=1e-6, atol=1e-8)
    little = estimate_pooled(panel, settings(ridge=1e-3, shrinkage=1e-3)).coefficients
    for index, values in enumerate(parts):
        design, target, weights = gathered([values], 1, settings())
        own, shared = (
            np.sum((weights * (target - design @ row)) ** 2)
            for row in (little[1 + index, 0], pool[0])
        )
        assert own < shared


def test_each_series_is_forecast_with_its_own_coefficients_and_a_new_one_with_the_pools():
    parts = [series(seed, 100, 50.0 + 10 * seed) for seed in range(2)]
    model = estimate_pooled(panel_of(*parts), settings(ridge=1e-3, shrinkage=5.0))
    panel = panel_of(parts[1])
    for position in (1, -1):
        state = engine.begin(model, np.array([position]))
        state, _ = engine.absorb(model, state, panel.block(0, 100))
        found = engine.forecast(model, state, BLOCK)[0, 0]
        for step in range(BLOCK):
            level, scale, columns = row(np.log(1 + parts[1]), step + 1, settings())
            expected = level + scale * columns @ model.coefficients[1 + position, step]
            np.testing.assert_allclose(found[step], np.exp(expected) - 1, rtol=1e-9)


def test_many_origins_are_thinned_out_of_step_with_the_season():
    parts = [series(seed, 200) for seed in range(3)]
    chosen = settings(ridge=1e-3, max_rows=150)
    few = estimate_pooled(panel_of(*parts), chosen)
    every_fifth = [
        [part[::-1][::5] for part in samples(values, 1, chosen)] for values in parts
    ]  # fmt: skip
    design, target, weights = (np.concatenate(part) for part in zip(*every_fifth, strict=True))
    weights = np.minimum(weights, 10 * np.median(weights)) ** 2
    gram = design.T @ (weights[:, None] * design)
    penalty = np.append(1e-3 * np.diag(gram)[:-1], 0.0)
    expected = np.linalg.solve(gram + np.diag(penalty), design.T @ (weights * target))
    np.testing.assert_allclose(few.coefficients[0, 0], expected, rtol=1e-6, atol=1e-9)


def test_features_reach_no_further_than_the_longest_series():
    model = estimate_pooled(panel_of(series(0, 12)), settings(ridge=1e-3))
    assert model.features == Features(LAGS, 5, (SEASON,), "none", True, True, 12)
    short = estimate_pooled(panel_of(series(0, 4)), settings(lags=(2, 3, 9), ridge=1e-3))
    assert (short.features.lags, short.features.span) == ((2, 3), 3)
    none = estimate_pooled(panel_of(series(0, 4)), settings(lags=(9,), ridge=1e-3))
    assert none.features.lags == (1,)


def test_saved_parts_rebuild_the_model():
    frame = frame_of(series(0), series(1)).assign(x=np.arange(240.0) % 7)
    panel = read_frame(frame, Columns(future=["x"])).panel
    chosen = settings(SPARSE, design={"power": 0.5, "scale": "causal"}, ridge=0.1, shrinkage=9.0)
    model = estimate_pooled(panel, chosen)
    rebuilt = PooledARModel.from_saved(*model.to_saved())
    assert (rebuilt.features, rebuilt.power) == (model.features, model.power)
    for name in PooledARModel.saved_arrays:
        np.testing.assert_array_equal(getattr(rebuilt, name), getattr(model, name))
