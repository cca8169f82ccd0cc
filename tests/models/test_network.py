"""The network as a model, against a slow walk of single steps and a float64 oracle."""

from __future__ import annotations

import numpy as np
import pytest
from models.material import (
    LAYERS,
    block_of,
    highway_of,
    network_of,
    no_future,
    past_of,
    seasonal_values,
)
from oracles import cells

from forecast.draws import Bounds, Draws, FeedBack
from forecast.models.blueprint import Blueprint
from forecast.models.body import Body
from forecast.models.inputs import input_width, read_inputs
from forecast.models.network import NetworkModel
from forecast.protocol import StateBatch, Static

UNBOUNDED = Bounds(np.full(3, -np.inf), np.full(3, np.inf))
ROWS = 3
NEW = Static(np.full(ROWS, -1))


def gappy(num_steps: int = 26, seed: int = 2) -> np.ndarray:
    """Three series with gaps alone, in runs and at the end, never at the start."""
    values = seasonal_values(ROWS, num_steps, seed)
    gone = np.random.default_rng(seed).random(values.shape) < 0.25
    gone[0, 7:11] = gone[1, -1] = True
    gone[:, 0] = False
    return np.where(gone, np.nan, values)


def slow_walk(model: NetworkModel, values: np.ndarray) -> dict[str, np.ndarray]:
    """One series step after step: lists of values, and the model's own forecast at every gap."""
    highway, states = model.highway, model.body.initial_state(1)
    seen: list[float] = []
    one_step, upcoming = [], np.nan
    for value in values:
        one_step.append(upcoming)
        seen.append(upcoming if np.isnan(value) else float(highway.encode(np.array(value))))
        inputs = read_inputs(highway, past_of(seen, highway.window_length))
        correction, states = model.body.step(inputs.features, states)
        upcoming = float(inputs.base[0] + inputs.unit[0] * correction[0])
    decoded = highway.decode(np.array(one_step))
    newest = np.concatenate([np.full(highway.window_length, np.nan), seen])
    return {
        "one_step": decoded,
        "forecast": np.array(upcoming),
        "window": newest[-highway.window_length :],
        "total": np.array(sum(seen)),
        "size": np.array(sum(map(abs, seen))),
        "cell": np.concatenate([state[0] for state in states]),
    }


def cell_vector(state: StateBatch, row: int) -> np.ndarray:
    count = sum(name.startswith("cell.") for name in state.arrays)
    return np.concatenate([state.arrays[f"cell.{index}"][row] for index in range(count)])


def assert_near(actual, expected, tolerance: float = 1e-5) -> None:
    """Equal relative to the largest entry; NaN at the same places."""
    actual, expected = np.asarray(actual, dtype=float), np.asarray(expected, dtype=float)
    np.testing.assert_array_equal(np.isnan(actual), np.isnan(expected))
    limit = tolerance * np.nanmax(np.abs(expected))
    assert np.nanmax(np.abs(actual - expected)) <= limit


@pytest.fixture(scope="module", params=[(layer, False) for layer in LAYERS] + [("GRU", True)])
def model(request: pytest.FixtureRequest) -> NetworkModel:
    layer, logarithm = request.param
    return network_of(highway_of(logarithm=logarithm), layer)


def readable(model: NetworkModel, values: np.ndarray) -> np.ndarray:
    """Values without negatives for a model in logarithms."""
    return np.abs(values) + 1.0 if model.highway.power.is_logarithm else values


def test_observe_with_gaps_equals_a_walk_of_single_steps(model: NetworkModel) -> None:
    values, lengths = readable(model, gappy()), [26, 17, 3]
    state, one_step = model.observe(model.init_state(ROWS, NEW), block_of(values, lengths))
    for row, length in enumerate(lengths):
        slow = slow_walk(model, values[row, :length])
        assert_near(one_step[row, :length], slow["one_step"])
        for name in ("forecast", "window", "total", "size"):
            assert_near(state.arrays[name][row], slow[name])
        assert_near(cell_vector(state, row), slow["cell"])
    np.testing.assert_array_equal(state.clock, lengths)
    counts = [(~np.isnan(values[row, :length])).sum() for row, length in enumerate(lengths)]
    np.testing.assert_array_equal(state.count, counts)


def test_the_first_step_has_no_forecast_and_padding_leaves_a_row_alone(model: NetworkModel) -> None:
    values = readable(model, gappy())
    before, one_step = model.observe(model.init_state(ROWS, NEW), block_of(values[:, :9]))
    assert np.isnan(one_step[:, 0]).all() and np.isfinite(one_step[:, 1:]).all()
    after, _ = model.observe(before, block_of(values[:, 9:], [17, 0, 2]))
    for name, array in before.arrays.items():
        np.testing.assert_array_equal(after.arrays[name][1], array[1], err_msg=name)
    assert after.clock.tolist() == [26, 9, 11]


def test_observe_changes_no_state_that_it_was_given(model: NetworkModel) -> None:
    values = readable(model, gappy())
    state, _ = model.observe(model.init_state(ROWS, NEW), block_of(values[:, :9]))
    copies = {name: array.copy() for name, array in state.arrays.items()}
    model.observe(state, block_of(values[:, 9:]))
    model.rollout(state, 4, FeedBack(UNBOUNDED), no_future(state, 4))
    for name, array in copies.items():
        np.testing.assert_array_equal(state.arrays[name], array, err_msg=name)


def test_a_gap_is_fed_the_forecast_that_was_made_for_it(model: NetworkModel) -> None:
    values = readable(model, seasonal_values(ROWS, 15, seed=4))
    state, _ = model.observe(model.init_state(ROWS, NEW), block_of(values))
    waiting, _ = model.observe(state, block_of(np.full((ROWS, 3), np.nan)))
    own = model.rollout(state, 3, FeedBack(UNBOUNDED), no_future(state, 3))[:, 0]
    told, _ = model.observe(state, block_of(own))
    for name in ("window", "total", "size", "forecast"):
        assert_near(waiting.arrays[name], told.arrays[name])
    assert waiting.clock.tolist() == told.clock.tolist() == [18] * 3
    assert waiting.count.tolist() == [15] * 3 and told.count.tolist() == [18] * 3


def test_a_rollout_equals_observing_its_own_forecasts(model: NetworkModel) -> None:
    values = readable(model, gappy())
    state, _ = model.observe(model.init_state(ROWS, NEW), block_of(values))
    rolled = model.rollout(state, 6, FeedBack(UNBOUNDED), no_future(state, 6))
    assert rolled.shape == (ROWS, 1, 6)
    _, one_step = model.observe(state, block_of(rolled[:, 0]))
    assert_near(one_step, rolled[:, 0])
    assert_near(
        model.rollout(state, 2, FeedBack(UNBOUNDED), no_future(state, 2)), rolled[:, :, :2], 1e-12
    )


def test_a_path_is_fed_its_own_draws(model: NetworkModel) -> None:
    values = readable(model, gappy())
    state, _ = model.observe(model.init_state(ROWS, NEW), block_of(values))
    pool = np.random.default_rng(8).normal(0.0, 1.0, (50, 1))
    key = np.array([11, 12, 13], dtype=np.uint64)
    scale = np.array([0.3, 0.2, 0.6])
    draws = Draws(seed=5, series=key, origin=state.clock, pool=pool, scale=scale)
    paths = model.rollout(state, 4, FeedBack(UNBOUNDED, 3, draws), no_future(state, 4))
    assert paths.shape == (ROWS, 3, 4)
    assert (np.ptp(paths, axis=1) > 0).all()
    for path in range(3):
        # What the model would have said before each draw, on a walk along the path itself.
        _, one_step = model.observe(state, block_of(paths[:, path]))
        noise = np.stack([draws.residuals(3, step)[:, path, 0] for step in range(4)], axis=1)
        assert_near(one_step + noise, paths[:, path])


def test_bounds_hold_at_every_step_of_a_rollout(model: NetworkModel) -> None:
    values = readable(model, gappy())
    state, _ = model.observe(model.init_state(ROWS, NEW), block_of(values))
    free = model.rollout(state, 5, FeedBack(UNBOUNDED), no_future(state, 5))[:, 0]
    low, high = free[:, 0] + 1.0, free[:, 0] + 1.5
    held = model.rollout(state, 5, FeedBack(Bounds(low, high)), no_future(state, 5))[:, 0]
    np.testing.assert_array_equal(held[:, 0], low)
    assert (held >= low[:, None]).all() and (held <= high[:, None]).all()
    _, one_step = model.observe(state, block_of(held))
    assert_near(np.clip(one_step, low[:, None], high[:, None]), held)


@pytest.mark.parametrize("num_layers", [1, 2])
@pytest.mark.parametrize("logarithm", [False, True])
def test_one_step_forecasts_equal_a_float64_oracle(num_layers: int, logarithm: bool) -> None:
    """`y[t+1] = linear forecast + unit * (readout of the LSTM)`, from the equations."""
    highway, units = highway_of(logarithm=logarithm, seed=9), 4
    width = input_width(highway)
    gates = [
        cells.draw_weights("ifco", width if layer == 0 else units, units, seed=layer)
        for layer in range(num_layers)
    ]
    rng = np.random.default_rng(7)
    kernel, bias = rng.normal(0.2, 0.8, (units, 1)), np.array([0.3])
    blueprint = Blueprint("LSTM", units, num_layers, width, seed=0)
    laid_out = [array for gate in gates for array in cells.to_keras(gate, "ifco")]
    model = NetworkModel(highway, Body(blueprint, [*laid_out, kernel, bias]))
    values = seasonal_values(2, 30, seed=6)
    values = np.abs(values) + 1.0 if logarithm else values
    _, one_step = model.observe(model.init_state(2, Static(np.array([-1, -1]))), block_of(values))
    for row in range(2):
        encoded = np.log(1.0 + values[row]) if logarithm else values[row]
        pasts = [past_of(encoded[: step + 1], highway.window_length) for step in range(29)]
        inputs = [read_inputs(highway, past) for past in pasts]
        outputs = np.stack([one.features[0].astype(float) for one in inputs])[None]
        for gate in gates:
            zero = np.zeros((1, units))
            outputs, _ = cells.run(cells.lstm_step, outputs, (zero, zero), gate)
        corrections = (outputs[0] @ kernel + bias)[:, 0]
        expected = [
            highway.emit(past, 1, np.empty((1, 1, 0)))[0, 0] + one.unit[0] * correction
            for past, one, correction in zip(pasts, inputs, corrections, strict=True)
        ]
        assert np.ptp(corrections) > 0.15
        assert_near(one_step[row, 1:], np.expm1(expected) if logarithm else expected)


@pytest.mark.parametrize("layer", LAYERS)
@pytest.mark.parametrize(("factor", "shift"), [(1000.0, 0.0), (1e-4, 0.0), (3.0, 500.0)])
def test_forecasts_follow_the_unit_of_the_series(layer: str, factor: float, shift: float) -> None:
    model, values = network_of(highway_of(), layer), gappy()
    state, one_step = model.observe(model.init_state(ROWS, NEW), block_of(values))
    moved, moved_step = model.observe(
        model.init_state(ROWS, NEW), block_of(factor * values + shift)
    )
    expected = factor * one_step + shift
    np.testing.assert_array_equal(np.isnan(moved_step), np.isnan(expected))
    scale = factor * np.nanmax(np.abs(values))
    assert np.nanmax(np.abs(moved_step - expected)) < 1e-5 * scale
    rolled = factor * model.rollout(state, 5, FeedBack(UNBOUNDED), no_future(state, 5)) + shift
    assert (
        np.abs(model.rollout(moved, 5, FeedBack(UNBOUNDED), no_future(moved, 5)) - rolled).max()
        < 1e-5 * scale
    )


def test_without_a_correction_the_network_is_its_highway() -> None:
    highway = highway_of(num_series=ROWS)
    body = Body(Blueprint("LSTM", 4, 1, input_width(highway), seed=0))
    model, block, fitted = NetworkModel(highway, body), block_of(gappy()), Static(np.arange(ROWS))
    state, one_step = model.observe(model.init_state(ROWS, fitted), block)
    linear, linear_step = highway.observe(highway.init_state(ROWS, fitted), block)
    assert_near(one_step, linear_step, 1e-10)
    free, expected = (
        which.rollout(begun, 7, FeedBack(UNBOUNDED), no_future(begun, 7))
        for which, begun in ((model, state), (highway, linear))
    )
    assert_near(free, expected, 1e-10)


@pytest.mark.parametrize("layer", LAYERS)
def test_saved_parts_rebuild_the_model(layer: str) -> None:
    model = network_of(highway_of(num_series=ROWS), layer)
    rebuilt = NetworkModel.from_saved(*model.to_saved())
    block, fitted = block_of(gappy()), Static(np.arange(ROWS))
    _, expected = model.observe(model.init_state(ROWS, fitted), block)
    _, found = rebuilt.observe(rebuilt.init_state(ROWS, fitted), block)
    np.testing.assert_array_equal(found, expected)
