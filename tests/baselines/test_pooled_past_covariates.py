"""The pooled autoregression with covariates that are known only afterwards."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from forecast import engine
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


def test_a_leading_covariate_is_used_one_step_ahead():
    panel = leading_panel()
    state, one_step = states(fitted(panel), panel, panel.lengths)
    block = panel.block(0, panel.lengths)
    errors = np.where(block.valid, block.values - one_step, np.nan)[:, 20:]
    assert np.nanmean(np.abs(errors)) < 0.5  # the noise alone 0.08, without the covariate 4.8
    newest = state.select("model.").arrays["covariates"][:, 0]
    ahead = engine.forecast(fitted(panel), state, 1, future=np.zeros((3, 1, 1)))[:, 0, 0]
    np.testing.assert_allclose(ahead, 10.0 + 3.0 * newest, atol=1.0)


def test_it_says_nothing_of_later_steps():
    panel = leading_panel()
    model = fitted(panel)
    newest, idle = model.coefficients[0, :, -5], model.coefficients[0, :, -4]
    assert newest[0] > 10 * np.abs(newest[1:]).max()
    assert newest[0] > 10 * np.abs(idle).max()


@pytest.mark.parametrize("seasons", [(), (4,), (4, 7)])
def test_the_fast_path_equals_the_windows(seasons):
    panel = leading_panel()
    model = fitted(panel, seasons=seasons)
    block = panel.block(0, panel.lengths)
    past = Past.blank(model.window_length, np.arange(3)).beside(model.memory.blank(3))
    memory = model.memory.along(model.memory.blank(3), block.past_covariates)
    arguments = (past, block.values, block.covariates, memory)
    fast, plain = model._one_step(*arguments), WindowModel._one_step(model, *arguments)
    np.testing.assert_allclose(fast[block.valid], plain[block.valid], rtol=1e-9)


def test_blocks_and_batches_give_the_same_state_and_forecasts():
    panel = leading_panel()
    model, future = fitted(panel), np.ones((3, 7, 1))
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
    model = fitted(panel)
    again = type(model).from_saved(*model.to_saved())
    state, _ = states(model, panel, panel.lengths)
    future = np.ones((3, 5, 1))
    np.testing.assert_array_equal(
        engine.forecast(again, state, 5, future=future),
        engine.forecast(model, state, 5, future=future),
    )
