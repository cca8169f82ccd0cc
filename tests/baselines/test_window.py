"""The window state: gaps, running sums, chunks, all against a walk of one step at a time."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from forecast.baselines import past
from forecast.baselines.window import Past, WindowModel
from forecast.draws import Bounds, FeedBack
from forecast.protocol import Block, Static

LAGS = np.array([1, 3])


class LaggedModel(WindowModel):
    """`y[t+1] = b + sum_k a_k (y[t+1-lag_k] - c)`, a set of numbers for each of two series."""

    coefficients = np.array([[0.5, 0.2], [0.9, -0.3]])
    intercepts = np.array([1.0, -2.0])
    centres = np.array([4.0, 7.0])

    def emit(self, past: Past, num_steps, future):
        lagged = past.window[:, self.window_length - LAGS] - self.centres[past.series, None]
        forecast = (np.nan_to_num(lagged) * self.coefficients[past.series]).sum(axis=1)
        return (forecast + self.intercepts[past.series])[:, None]


MODEL = LaggedModel(window_length=3, block_length=1)


def walk(values, row):
    """Values with gaps filled, and one-step forecasts, by loops over steps."""
    filled, forecasts = [], []
    for value in values:
        centre = MODEL.centres[row]
        past = [filled[-lag] - centre if len(filled) >= lag else 0.0 for lag in LAGS]
        forecast = MODEL.intercepts[row] + np.dot(past, MODEL.coefficients[row])
        forecasts.append(forecast if filled else np.nan)
        filled.append(forecast if np.isnan(value) else value)
    return np.array(filled), np.array(forecasts)


def block_of(values, lengths):
    valid = np.arange(values.shape[1]) < np.array(lengths)[:, None]
    observed = valid & ~np.isnan(values)
    return Block(np.where(observed, values, 0.0), observed, valid)


@given(seed=st.integers(0, 10_000), lengths=st.tuples(st.integers(1, 20), st.integers(1, 20)))
def test_observe_equals_a_walk_of_single_steps(seed, lengths):
    rng = np.random.default_rng(seed)
    values = np.where(rng.random((2, 20)) < 0.3, np.nan, rng.normal(5.0, 2.0, (2, 20)))
    values[:, 0] = [3.0, 8.0]
    state = MODEL.init_state(2, Static(np.array([0, 1])))
    state, one_step = MODEL.observe(state, block_of(values, lengths))
    for row, length in enumerate(lengths):
        filled, forecasts = walk(values[row, :length], row)
        np.testing.assert_allclose(one_step[row, :length], forecasts, rtol=1e-10, atol=1e-10)
        newest = np.concatenate([np.full(3, np.nan), filled])[-3:]
        np.testing.assert_allclose(state.arrays["window"][row], newest, rtol=1e-10, atol=1e-10)
        np.testing.assert_allclose(state.arrays["total"][row], filled.sum(), rtol=1e-10, atol=1e-10)
        assert state.arrays["first"][row] == values[row, 0]
        assert state.clock[row] == length
        assert state.count[row] == (~np.isnan(values[row, :length])).sum()


def test_a_long_block_in_chunks_gives_the_same(monkeypatch):
    values = np.random.default_rng(0).normal(5.0, 1.0, (2, 50))
    state = MODEL.init_state(2, Static(np.array([0, 1])))
    _, whole = MODEL.observe(state, block_of(values, [50, 41]))
    monkeypatch.setattr(past, "_CHUNK_ELEMENTS", 40)
    _, chunked = MODEL.observe(state, block_of(values, [50, 41]))
    np.testing.assert_array_equal(chunked, whole)


@pytest.mark.parametrize("num_paths", [1, 3])
def test_a_rollout_feeds_back_what_feedback_returns(num_paths):
    values = np.random.default_rng(1).normal(5.0, 1.0, (2, 9))
    state = MODEL.init_state(2, Static(np.array([0, 1])))
    state, _ = MODEL.observe(state, block_of(values, [9, 9]))
    limits = Bounds(np.array([5.5, -100.0]), np.array([100.0, 100.0]))
    found = MODEL.rollout(state, 6, FeedBack(limits, num_paths), np.empty((2, 6, 0)))
    assert found.shape == (2, num_paths, 6)
    for row in range(2):
        path = list(values[row])
        for step in range(6):
            past = np.array([path[-lag] for lag in LAGS]) - MODEL.centres[row]
            path.append(
                max(MODEL.intercepts[row] + past @ MODEL.coefficients[row], limits.low[row])
            )
            np.testing.assert_allclose(found[row, :, step], path[-1], rtol=1e-10, atol=1e-10)
