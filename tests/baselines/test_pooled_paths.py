"""Sample paths that share a history, against a window for every path."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from forecast.baselines.covariate_memory import CovariateMemory
from forecast.baselines.pooled import paths as pooled_paths
from forecast.baselines.pooled.features import Features
from forecast.baselines.pooled.model import PooledARModel
from forecast.baselines.pooled.paths import SharedPaths
from forecast.baselines.power import Power
from forecast.baselines.row_paths import RowPaths
from forecast.draws import Bounds, Draws, FeedBack
from forecast.protocol import Block, StateBatch, Static
from forecast.rolling import rolled

ROWS, PATHS, STEPS = 4, 3, 45
LENGTHS = np.array([STEPS, 23, 4, 1])  # but for the first shorter than three spans or the window
LAGS = (1, 2, 4, 7)


def model_of(seed=0, block=1, covariates=0, exponent=1.0, memory=None, **changed):
    """A pooled autoregression with small random coefficients, others for each series."""
    given = {
        "lags": LAGS, "span": 8, "seasons": (3, 5), "scale": "window", "level_means": True,
        "season_means": True, "window_length": 26,
    }  # fmt: skip
    features = Features(**{**given, **changed})
    columns = covariates + (0 if memory is None else memory.num_columns)
    rng = np.random.default_rng(seed)
    coefficients = rng.normal(0.03, 0.1, (1 + ROWS, block, features.num_columns + columns))
    centres, spreads = rng.normal(size=columns), rng.uniform(0.5, 2.0, columns)
    return PooledARModel(features, coefficients, Power(exponent), centres, spreads, memory)


def state_of(model, num_known=0, num_past=0, seed=1) -> StateBatch:
    rng = np.random.default_rng(seed)
    values = rng.uniform(5.0, 40.0, (ROWS, 1)) + rng.normal(0.0, 2.0, (ROWS, STEPS))
    valid = np.arange(STEPS) < LENGTHS[:, None]
    state = model.init_state(ROWS, Static(np.array([2, 0, -1, 3])))
    seen = (rng.normal(size=(ROWS, STEPS, count)) for count in (num_known, num_past))
    return model.observe(state, Block(values * valid, valid, valid, *seen))[0]


def both(model, state, horizon, num_known=0, low=-1e9):
    pool = np.random.default_rng(5).normal(size=(50, model.block_length))
    draws = Draws(1, np.arange(ROWS, dtype=np.uint64), state.clock, pool, np.full(ROWS, 0.7))
    bounds = Bounds(np.full(ROWS, low), np.full(ROWS, 1e9))
    future = np.random.default_rng(6).normal(size=(ROWS, horizon, num_known))
    return [
        rolled(
            kind.of(model, state, PATHS, horizon), horizon, FeedBack(bounds, PATHS, draws), future
        )
        for kind in (SharedPaths, RowPaths)
    ]


@pytest.mark.parametrize("scale", ["window", "causal", "none"])
@pytest.mark.parametrize("level_means", [True, False])
@pytest.mark.parametrize("seasons", [(), (4,), (3, 25), (30,)])
def test_every_part_of_a_design_is_seen_as_in_a_window(scale, level_means, seasons):
    model = model_of(scale=scale, level_means=level_means, seasons=seasons)
    found, expected = both(model, state_of(model), 40)  # beyond the window
    assert found.shape == (ROWS, PATHS, 40)
    np.testing.assert_allclose(found, expected, rtol=1e-10)


@given(
    block=st.integers(1, 9), horizon=st.integers(1, 20), seed=st.integers(0, 99),
    season_means=st.booleans(), exponent=st.sampled_from([0.0, 0.5, 1.0]),
    low=st.sampled_from([-1e9, 15.0]),
)  # fmt: skip
def test_blocks_transforms_and_bounds(block, horizon, seed, season_means, exponent, low):
    model = model_of(seed, block, exponent=exponent, season_means=season_means)
    found, expected = both(model, state_of(model, seed=seed), horizon, low=low)
    np.testing.assert_allclose(found, expected, rtol=1e-10)


@pytest.mark.parametrize("block", [1, 3])
def test_covariates_of_the_steps_and_remembered_ones(block):
    memory = CovariateMemory(np.array([0.6, 1.0]), span=5, num_lags=2)
    model = model_of(block=block, covariates=2, memory=memory)
    found, expected = both(model, state_of(model, 2, 2), 10, num_known=2)
    np.testing.assert_allclose(found, expected, rtol=1e-10)
    assert np.abs(found - both(model_of(block=block), state_of(model_of()), 10)[0]).max() > 0.1


def test_parts_of_the_rows_give_the_same(monkeypatch):
    model = model_of()
    whole, _ = both(model, state_of(model), 12)
    monkeypatch.setattr(pooled_paths, "_CHUNK_ELEMENTS", 1)
    parts, _ = both(model, state_of(model), 12)
    np.testing.assert_allclose(parts, whole, rtol=1e-12)


@pytest.mark.parametrize("kind", [SharedPaths, RowPaths])
def test_paths_that_are_fed_once_more_forget_the_first_time(kind):
    model = model_of()
    state, future = state_of(model), np.empty((ROWS, 1, 0))
    values = np.random.default_rng(0).normal(20.0, 2.0, (ROWS, PATHS, 6))
    expected = kind.of(model, state, PATHS, 6).fed(values).emit(future)
    paths = kind.of(model, state, PATHS, 6)
    paths.fed(-values[:, :, :2]).fed(values[:, :, :3])
    np.testing.assert_allclose(paths.fed(values).emit(future), expected, rtol=1e-12)


def test_a_series_without_any_value_has_no_forecast():
    model = model_of()
    state = model.init_state(2, Static(np.array([0, 1])))
    assert np.isnan(SharedPaths.of(model, state, PATHS, 2).emit(np.empty((2, 1, 0)))).all()


def test_a_flat_series_stays_flat():
    model = model_of(scale="window")
    everywhere = np.ones((ROWS, 30), dtype=bool)
    block = Block(np.full((ROWS, 30), 3e8), everywhere, everywhere)
    state = model.observe(model.init_state(ROWS, Static(np.arange(ROWS))), block)[0]
    free = FeedBack(Bounds(np.full(ROWS, -1e9), np.full(ROWS, 1e9)), 2)
    found = model.rollout(state, 9, free, np.empty((ROWS, 9, 0)))
    np.testing.assert_allclose(found, 3e8, rtol=1e-7)


def test_points_keep_a_window_and_paths_share_it():
    model = model_of()
    state = state_of(model)
    assert isinstance(model.paths(state, 1, 3), RowPaths)
    assert isinstance(model.paths(state, 2, 3), SharedPaths)
