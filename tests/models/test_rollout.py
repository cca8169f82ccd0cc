"""Compiled rollouts, against the walk of a network step after step in NumPy."""

from __future__ import annotations

import numpy as np
import pytest
from models.material import (
    LAYERS,
    block_of,
    highway_of,
    network_of,
    no_future,
    seasonal_values,
    shrunk_network,
)

from forecast.draws import Bounds, Draws, FeedBack
from forecast.models import paths
from forecast.models.network import NetworkModel
from forecast.models.rollout import CompiledRollout
from forecast.protocol import StateBatch, Static

ROWS = 3
LENGTHS = [40, 17, 3]  # the last two are shorter than the window of 20


def state_of(model: NetworkModel) -> StateBatch:
    values = seasonal_values(ROWS, 40, seed=2)
    values = np.abs(values) + 1.0 if model.highway.power.is_logarithm else values
    return model.observe(
        model.init_state(ROWS, Static(np.arange(ROWS))), block_of(values, LENGTHS)
    )[0]


def feedback_of(
    state: StateBatch, num_paths: int, low: float = -1e9, high: float = 1e9
) -> FeedBack:
    pool = np.random.default_rng(5).normal(size=(40, 1))
    series = np.arange(ROWS, dtype=np.uint64)
    draws = Draws(1, series, state.clock, pool, np.array([0.5, 1.0, 2.0]))
    bounds = Bounds(np.array([low, -1e9, -1e9]), np.array([1e9, high, 1e9]))
    return FeedBack(bounds, num_paths, draws if num_paths > 1 else None)


def assert_near(found: np.ndarray, expected: np.ndarray) -> None:
    scale = np.abs(expected).mean(axis=(1, 2), keepdims=True)
    assert (np.abs(found - expected) <= 1e-5 * scale).all()


def together(model: NetworkModel, state: StateBatch, horizon: int, *feedback: float):
    one, other = feedback_of(state, *feedback), feedback_of(state, *feedback)
    found = model.rollout(state, horizon, one, no_future(state, horizon))
    return found, model.walk(state, horizon, other), one.num_clipped, other.num_clipped


@pytest.fixture(scope="module", params=[*LAYERS, "logarithm", "shrunk", "own scales"])
def model(request: pytest.FixtureRequest) -> NetworkModel:
    if request.param == "shrunk":
        return shrunk_network(highway_of(num_series=ROWS), ROWS)
    logarithm = request.param == "logarithm"
    layer = request.param if request.param in LAYERS else "LSTM"
    highway = highway_of(logarithm=logarithm, num_series=ROWS)
    if request.param == "own scales":  # but for the second series
        scales = np.array([[0.0, 0.0], [12.0, 3.0], [0.0, 0.0], [-5.0, 1.5]])
        highway = highway.seen_in(scales)
    return network_of(highway, layer)


@pytest.fixture(autouse=True)
def compiled_at_any_size(monkeypatch) -> None:
    monkeypatch.setattr(paths, "_FEW_STEPS", 0)


@pytest.mark.parametrize("num_paths", [1, 4])
@pytest.mark.parametrize("horizon", [2, 7, 30])
def test_the_compiled_rollout_is_the_walk(model, horizon: int, num_paths: int) -> None:
    found, expected, *_ = together(model, state_of(model), horizon, num_paths)
    assert found.shape == (ROWS, num_paths, horizon)
    assert_near(found, expected)


@pytest.mark.parametrize("is_shrunk", [False, True])
def test_layers_compiled_for_a_number_of_lanes_give_the_same(monkeypatch, is_shrunk) -> None:
    monkeypatch.setattr(paths, "_MANY_STEPS", 0)
    monkeypatch.setattr(paths, "_NUM_LANES", 8)
    highway = highway_of(num_series=ROWS)
    model = shrunk_network(highway, ROWS) if is_shrunk else network_of(highway, "LSTM")
    state = state_of(model)
    for num_paths in (3, 5, 11):  # two rows a call, one row, one row in more lanes
        found, expected, *_ = together(model, state, 6, num_paths)
        assert_near(found, expected)


def test_values_at_the_bounds_are_held_and_counted(model) -> None:
    state = state_of(model)
    free = model.walk(state, 8, feedback_of(state, 4))
    low, high = float(np.median(free[0])), float(np.median(free[1]))
    found, expected, clipped, counted = together(model, state, 8, 4, low, high)
    assert clipped == counted > 0
    assert_near(found, expected)
    np.testing.assert_allclose([found[0].min(), found[1].max()], [low, high], rtol=1e-12)


def test_one_row_of_some_paths_is_what_it_is_among_others() -> None:
    model = network_of(highway_of(num_series=ROWS), "GRU")
    state = state_of(model)
    whole = model.rollout(state, 9, feedback_of(state, 6), no_future(state, 9))
    fewer = model.rollout(state, 9, feedback_of(state, 2), no_future(state, 9))
    shorter = model.rollout(state, 4, feedback_of(state, 6), no_future(state, 4))
    assert_near(fewer, whole[:, :2])
    assert_near(shorter, whole[:, :, :4])
    again = model.rollout(state, 9, feedback_of(state, 6), no_future(state, 9))
    np.testing.assert_array_equal(again, whole)


def test_horizons_sizes_and_fits_share_a_trace(monkeypatch) -> None:
    traces = []
    run = CompiledRollout._run
    monkeypatch.setattr(
        CompiledRollout, "_run", lambda self, *args: traces.append(1) or run(self, *args)
    )
    for seed, units, lags in ((0, 6, 5), (1, 6, 5), (2, 6, 7)):
        model = network_of(highway_of(lags, seed=seed, num_series=ROWS), "LSTM", units=units)
        state = state_of(model)
        for horizon, num_paths in ((2, 1), (5, 3), (11, 2)):
            model.rollout(state, horizon, feedback_of(state, num_paths), no_future(state, horizon))
    assert len(traces) == 1


def test_few_steps_are_walked_and_more_are_compiled(monkeypatch) -> None:
    monkeypatch.undo()
    walked = []
    walk = NetworkModel.walk
    monkeypatch.setattr(NetworkModel, "walk", lambda *args: walked.append(1) or walk(*args))
    model = network_of(highway_of(num_series=ROWS), "GRU")
    state = state_of(model)
    few, more = (
        model.rollout(state, 10, feedback_of(state, count), no_future(state, 10))
        for count in (18, 19)  # 486 and 513 steps of the layers
    )
    assert len(walked) == 1
    assert_near(more[:, :18], few)


def test_a_feedback_that_is_no_array_is_walked() -> None:
    model = network_of(highway_of(num_series=ROWS), "GRU")
    state = state_of(model)

    class Halved:
        num_paths = 2

        def __call__(self, emitted, step):
            return emitted / 2

    found = model.rollout(state, 3, Halved(), no_future(state, 3))
    np.testing.assert_array_equal(found, model.walk(state, 3, Halved()))
