"""The pooled autoregression with covariates that are known only afterwards."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from forecast import PooledAR, cross_validation, engine
from forecast.baselines.past import Past
from forecast.baselines.pooled.fit import Design, PooledSettings, estimate_pooled
from forecast.baselines.pooled.regression import Regression
from forecast.baselines.window import WindowModel
from forecast.pipelines import CovariateTable, Frequency, Panel

DESIGN = Design(1.0, "none", "causal", level_means=True, season_means=True, covariates=True)
REGRESSION = Regression("squared", ridge=1e-4, shrinkage=np.inf, metric_weights=False)
BLOCK = 3


def leading_panel(lengths=(160, 120, 90), seed=3, missing=0.1) -> Panel:
    """The value of a step is that of a covariate one step before, and noise; one more is idle."""
    rng = np.random.default_rng(seed)
    values, past, ahead = [], [], []
    for length in lengths:
        leading = rng.normal(5.0, 2.0, size=length)
        y = 10.0 + np.r_[0.0, 3.0 * leading[:-1]] + 0.1 * rng.normal(size=length)
        idle = 100.0 * rng.normal(size=length)
        gone = rng.random(length) < missing
        values.append(y)
        past.append(np.stack([leading, np.where(gone, np.nan, idle)], axis=1))
        ahead.append(rng.normal(size=(length, 1)))
    offsets = np.cumsum([0, *lengths])
    starts = pd.Index(np.zeros(len(lengths), dtype=np.int64))
    ids = np.array([f"s{i}" for i in range(len(lengths))], dtype=object)
    table = CovariateTable(np.concatenate(ahead), np.concatenate(past))
    return Panel(ids, np.concatenate(values), offsets, starts, Frequency(1), table)


def fitted(panel: Panel, block_length=BLOCK, seasons=(4,), design=DESIGN):
    return estimate_pooled(
        panel, PooledSettings((1, 2, 12), seasons, block_length, design, REGRESSION)
    )


def states(model, panel: Panel, ends):
    state = engine.begin(model, np.arange(panel.num_series))
    return engine.absorb(model, state, panel.block(0, ends))


def with_past(panel: Panel, past) -> Panel:
    return replace(panel, covariates=CovariateTable(panel.covariates.future, past))


def forecasts_of(model, panel: Panel, horizon=6):
    state, _ = states(model, panel, panel.lengths)
    return engine.forecast(model, state, horizon, future=np.zeros((3, horizon, 1)))[:, 0]


def test_a_leading_covariate_is_used_one_step_ahead():
    panel = leading_panel()
    state, one_step = states(fitted(panel), panel, panel.lengths)
    block = panel.block(0, panel.lengths)
    errors = np.where(block.valid, block.values - one_step, np.nan)[:, 20:]
    assert np.nanmean(np.abs(errors)) < 0.5  # the noise alone 0.08, without the covariate 4.8
    newest = state.select("model.").arrays["covariates"][:, 0]
    ahead = engine.forecast(fitted(panel), state, 1, future=np.zeros((3, 1, 1)))[:, 0, 0]
    np.testing.assert_allclose(ahead, 10.0 + 3.0 * newest, atol=1.0)


@pytest.mark.parametrize("seed", [3, 4, 5, 6])
def test_it_says_nothing_of_later_steps(seed):
    """What forecasts gain by a newest covariate that is 1 more: its mean gains by that, too."""
    panel = leading_panel((600, 500, 400), seed)
    model, last = fitted(panel), panel.offsets[1:] - 1
    gains = []
    for column in range(2):
        past = panel.covariates.past.copy()
        past[last] = 5.0
        past[last, column] = 6.0
        more = forecasts_of(model, with_past(panel, past), BLOCK)
        past[last, column] = 5.0
        gains.append(more - forecasts_of(model, with_past(panel, past), BLOCK))
    leading, idle = np.abs(gains)
    np.testing.assert_allclose(leading[:, 0], 3.0, atol=0.1)
    assert leading[:, 1:].max() < 0.3  # standard error 0.08: 6 of noise by 2, on 1,500 rows
    assert idle.max() < 0.01


@pytest.mark.parametrize("block_length", [1, 2, 5])
def test_beyond_a_block_a_covariate_without_memory_is_forgotten(block_length):
    """Ahead of the origin a draw of its own leads each step: the newest one tells only of one."""
    panel = leading_panel((400, 300, 200), missing=0.0)
    model, last = fitted(panel, block_length), panel.offsets[1:] - 1
    assert model.memory.persistence[0] < 0.1
    past = panel.covariates.past.copy()
    past[last, 0] += 6.0
    gains = forecasts_of(model, with_past(panel, past)) - forecasts_of(model, panel)
    np.testing.assert_allclose(gains[:, 0], 18.0, rtol=0.1)
    # The mean moves by 2 / 13 of the 6, and the forecasts beyond the block by 3 times that.
    assert np.abs(gains[:, 1:]).max() < 4.0


@pytest.mark.parametrize("block_length", [None, 1])
def test_what_leads_by_three_steps_is_found(block_length):
    rng, lead, horizon = np.random.default_rng(8), 3, 5
    parts = []
    for series in range(4):
        leading = rng.normal(5.0, 1.0, size=150)
        y = 20.0 + series + 3.0 * np.r_[np.full(lead, 5.0), leading[:-lead]]
        y += 0.2 * rng.normal(size=150)
        parts.append(
            pd.DataFrame({"unique_id": f"s{series}", "ds": np.arange(150), "y": y, "x": leading})
        )
    frame = pd.concat(parts, ignore_index=True)
    errors = {}
    for names in (None, ["x"]):
        forecaster = PooledAR(block_length=block_length)
        found = cross_validation(forecaster, frame, horizon, n_windows=6, past_covariates=names)
        step = found.groupby(["unique_id", "cutoff"]).cumcount()
        errors[names and "x"] = (found["y"] - found["PooledAR"]).abs().groupby(step).mean()
    assert errors["x"][:lead].max() < 0.5  # the noise alone 0.16
    assert errors[None].min() > 1.5
    assert errors["x"][lead:].mean() < 1.1 * errors[None][lead:].mean()


@pytest.mark.parametrize("seasons", [(), (4,), (4, 7)])
@pytest.mark.parametrize("covariate_lags", [1, 4])
def test_the_fast_path_equals_the_windows(seasons, covariate_lags):
    panel = leading_panel()
    model = fitted(panel, seasons=seasons, design=replace(DESIGN, covariate_lags=covariate_lags))
    block = panel.block(0, panel.lengths)
    past = Past.blank(model.window_length, np.arange(3)).beside(model.memory.blank(3))
    memory = model.memory.along(model.memory.blank(3), block.past_covariates)
    arguments = (past, block.values, block.covariates, memory)
    fast, plain = model._one_step(*arguments), WindowModel._one_step(model, *arguments)
    np.testing.assert_allclose(fast[block.valid], plain[block.valid], rtol=1e-9)


@pytest.mark.parametrize("covariate_lags", [1, 4])
def test_blocks_and_batches_give_the_same_state_and_forecasts(covariate_lags):
    panel = leading_panel()
    model = fitted(panel, design=replace(DESIGN, covariate_lags=covariate_lags))
    future = np.ones((3, 7, 1))
    whole, _ = states(model, panel, panel.lengths)
    parts, _ = states(model, panel, 50)
    parts, _ = engine.absorb(model, parts, panel.block(50, panel.lengths))
    expected = engine.forecast(model, whole, 7, future=future)
    np.testing.assert_allclose(engine.forecast(model, parts, 7, future=future), expected, rtol=1e-9)
    np.testing.assert_allclose(
        engine.forecast(model, whole, 5, future=future[:, :5]), expected[:, :, :5], rtol=1e-12
    )
    for row in range(3):
        alone = panel.take(np.array([row]))
        state = engine.begin(model, np.array([row]))
        state, _ = engine.absorb(model, state, alone.block(0, alone.lengths))
        np.testing.assert_allclose(
            engine.forecast(model, state, 7, future=future[:1])[0], expected[row], rtol=1e-9
        )


def test_a_gap_in_the_values_keeps_the_covariates_that_are_there():
    panel = leading_panel(missing=0.0)
    model = fitted(panel)
    values = panel.values.copy()
    values[panel.offsets[1:] - 1] = np.nan
    holed = Panel(panel.ids, values, panel.offsets, panel.starts, panel.frequency, panel.covariates)
    state, _ = states(model, holed, holed.lengths)
    newest = panel.covariates.past[panel.offsets[1:] - 1, 0]
    np.testing.assert_array_equal(state.select("model.").arrays["covariates"][:, 0], newest)
    before = panel.covariates.past[panel.offsets[1:] - 2, 0]
    filled = state.select("model.").arrays["window"][:, -1]
    np.testing.assert_allclose(filled, 10.0 + 3.0 * before, atol=1.0)


def test_a_model_without_covariates_ignores_them():
    panel = leading_panel()
    blind = fitted(panel, design=replace(DESIGN, covariates=False))
    assert blind.memory is None
    state, _ = states(blind, panel, panel.lengths)
    plain, _ = states(blind, panel.without_covariates(), panel.lengths)
    for name, array in state.arrays.items():
        np.testing.assert_array_equal(plain.arrays[name], array)


def test_a_covariate_that_was_never_seen_counts_as_its_mean():
    panel = leading_panel()
    model = fitted(panel)
    table = CovariateTable(panel.covariates.future, np.full_like(panel.covariates.past, np.nan))
    blank = Panel(panel.ids, panel.values, panel.offsets, panel.starts, panel.frequency, table)
    state, one_step = states(model, blank, blank.lengths)
    assert np.isfinite(one_step[:, 1:][blank.block(0, blank.lengths).valid[:, 1:]]).all()
    assert np.isfinite(engine.forecast(model, state, 9, future=np.zeros((3, 9, 1)))).all()


def test_saving_keeps_the_memory():
    panel = leading_panel()
    model = fitted(panel, design=replace(DESIGN, covariate_lags=3))
    settings, arrays = model.to_saved()
    for lags in (0, 10**12):
        with pytest.raises(ValueError, match=f"{lags} covariate lags do not fit the columns"):
            type(model).from_saved({**settings, "covariate_lags": lags}, arrays)
    again = type(model).from_saved(settings, arrays)
    state, _ = states(model, panel, panel.lengths)
    future = np.ones((3, 5, 1))
    np.testing.assert_array_equal(
        engine.forecast(again, state, 5, future=future),
        engine.forecast(model, state, 5, future=future),
    )
