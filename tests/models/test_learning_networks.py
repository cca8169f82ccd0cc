"""What newer steps teach a trained network: the gradient, small steps, nothing on failure."""

from __future__ import annotations

import numpy as np
import pytest
from models.material import (
    block_of,
    highway_of,
    network_of,
    past_of,
    seasonal_values,
)
from numpy.typing import NDArray

from forecast.baselines.window import Past
from forecast.models import compiled, learning
from forecast.models.blueprint import Blueprint
from forecast.models.body import Body
from forecast.models.inputs import input_width, read_inputs
from forecast.models.network import NetworkModel
from forecast.models.newer import newer_steps
from forecast.models.program import Program, program_of
from forecast.pipelines import Block
from forecast.protocol import Learns, StateBatch, Static

ROWS = 3
NEW = Static(np.full(ROWS, -1))


def mean_error(
    weights: list[NDArray], features: NDArray, lengths: list[int], targets: NDArray,
    importance: NDArray, states: list[NDArray],
) -> float:  # fmt: skip
    """Two layers of `h' = tanh(x K + h U + b)` and a linear readout, row by row in float64."""
    (kernel, recurrent, bias), (upper, turned, shift), (out, constant) = (
        weights[:3], weights[3:6], weights[6:],
    )  # fmt: skip
    total = 0.0
    for row, length in enumerate(lengths):
        low, high = states[0][row], states[1][row]
        for step in range(targets.shape[1]):
            error = abs(targets[row, step] - (high @ out + constant)[0])
            total += importance[row, step] * error
            if step < length:
                low = np.tanh(features[row, step] @ kernel + low @ recurrent + bias)
                high = np.tanh(low @ upper + high @ turned + shift)
    return total / importance.sum()


def test_the_gradient_is_that_of_the_mean_absolute_error_from_the_carried_states() -> None:
    rng, (width, units, num_steps) = np.random.default_rng(4), (3, 4, 6)
    blueprint = Blueprint("SimpleRNN", units, 2, width, seed=0)
    weights = [rng.normal(0.1, 0.5, shape) for shape in program_of(blueprint).weight_shapes]
    features = rng.normal(0.0, 1.0, (ROWS, num_steps, width))
    states, lengths = [rng.normal(0.2, 0.4, (ROWS, units)) for _ in range(2)], [6, 4, 2]
    valid = np.arange(num_steps) < np.array(lengths)[:, None]
    targets, importance = rng.normal(0.3, 1.0, valid.shape), rng.uniform(0.5, 2.0, valid.shape)
    importance[~valid] = 0.0
    importance[0, 2] = 0.0
    material = features, lengths, targets, importance, states
    loss, *gradients = program_of(blueprint).gradient(
        features, valid, targets, importance, *states, *weights
    )
    assert float(loss) == pytest.approx(mean_error(weights, *material), rel=1e-6)
    for place, found in enumerate(gradients):
        expected = np.empty(found.shape)
        for index in np.ndindex(found.shape):
            moved = [[w.copy() for w in weights] for _ in range(2)]
            moved[0][place][index] += 1e-6
            moved[1][place][index] -= 1e-6
            up, down = (mean_error(one, *material) for one in moved)
            expected[index] = (up - down) / 2e-6
        assert np.abs(found - expected).max() < 1e-5 * max(np.abs(expected).max(), 0.1)


def walked(model: NetworkModel, values: NDArray) -> StateBatch:
    return model.observe(model.init_state(len(values), Static(np.full(len(values), -1))),
                         block_of(values))[0]  # fmt: skip


def test_targets_are_what_the_highway_missed_of_each_step() -> None:
    highway = highway_of()
    values = seasonal_values(ROWS, 30, seed=6)
    model = network_of(highway, "SimpleRNN")
    state, rest = walked(model, values[:, :20]), values[:, 20:].copy()
    rest[0, 3], lengths = np.nan, [10, 10, 7]
    block = block_of(rest, lengths)
    filled = np.where(np.isnan(rest), 1.5, rest)
    past = Past.of_state(state)
    steps = newer_steps(highway, past, filled, block)
    for row, length in enumerate(lengths):
        for step in range(length):
            seen = [*values[row, :20], *filled[row, :step]]
            before = read_inputs(highway, past_of(seen, highway.window_length))
            fed = steps.features[row, step - 1] if step else steps.before[row]
            np.testing.assert_allclose(fed, before.features[0], rtol=1e-5, atol=1e-5)
            missed = (filled[row, step] - before.base[0]) / before.unit[0]
            expected = 0.0 if np.isnan(rest[row, step]) else np.clip(missed, -20.0, 20.0)
            assert steps.targets[row, step] == pytest.approx(expected, rel=1e-8, abs=1e-10)
    np.testing.assert_array_equal(steps.weights, block.observed)
    np.testing.assert_array_equal(steps.valid, block.valid)


def test_nothing_is_learned_of_gaps_young_series_and_flat_windows() -> None:
    model = network_of(highway_of(), "LSTM")
    values = seasonal_values(ROWS, 20, seed=7)
    values[0] = 4.0
    state = walked(model, values)
    gaps = block_of(np.full((ROWS, 3), np.nan))
    assert model.learn(state, gaps) is model
    flat = block_of(np.array([[9.0, 1.0]]))
    assert model.learn(state.take([0]), Block(flat.values[:, :1], *two(flat, 1))) is model
    young = model.init_state(ROWS, NEW)
    assert model.learn(young, block_of(values[:, :3])) is model
    assert model.learn(young, block_of(values)) is not model


def two(block: Block, num_steps: int) -> tuple[NDArray, NDArray]:
    return block.observed[:, :num_steps], block.valid[:, :num_steps]


def turned(num_series: int, num_steps: int) -> NDArray:
    """`y[t] = 1.2 (|y[t-1]| - 0.8) + noise`; from the middle on with the other sign."""
    rng, values = np.random.default_rng(2), np.zeros((num_series, num_steps))
    for step in range(1, num_steps):
        gain = 1.2 if step < num_steps // 2 else -1.2
        mean = gain * (np.abs(values[:, step - 1]) - 0.8)
        values[:, step] = np.clip(mean + 0.2 * rng.standard_normal(num_series), -3.0, 3.0)
    return values


def test_a_relation_that_changes_is_followed() -> None:
    highway = highway_of(num_lags=8, seasons=(), window_length=24)
    highway.coefficients[:] = 0.0
    body = Body(Blueprint("SimpleRNN", 16, 1, input_width(highway), seed=1))
    model, values = NetworkModel(highway, body), turned(6, 896)
    state, models = walked(model, values[:, :32]), [model]
    for start in range(32, 832, 32):
        model, state = moved(model, state, block_of(values[:, start : start + 32]))
        models.append(model)
    fitted = models[12]
    assert error_after(fitted, values, 416) < 0.75 * error_after(models[0], values, 416)
    assert error_after(model, values, 832) < 0.95 * error_after(fitted, values, 832)


def error_after(model: NetworkModel, values: NDArray, end: int) -> float:
    """Mean absolute one-step error of the 32 steps that follow."""
    later = block_of(values[:, end : end + 32])
    _, one_step = model.observe(walked(model, values[:, :end]), later)
    return float(np.abs(one_step - later.values).mean())


def moved(model: NetworkModel, state: StateBatch, block: Block) -> tuple[NetworkModel, StateBatch]:
    newer = model.learn(state, block)
    return newer, newer.observe(state, block)[0]


@pytest.mark.parametrize("layer", ["SimpleRNN", "LSTM"])
def test_one_row_moves_no_weight_far_and_the_old_model_not_at_all(layer: str) -> None:
    model = network_of(highway_of(), layer)
    before = [weight.copy() for weight in model.body.weights]
    state = walked(model, seasonal_values(ROWS, 20, seed=8))
    outlier = block_of(np.full((ROWS, 1), 1e9))
    newer = model.learn(state, outlier)
    assert isinstance(model, Learns) and newer.highway is model.highway
    distance = sum(
        float(np.square(new - old).sum())
        for new, old in zip(newer.body.weights, model.body.weights, strict=True)
    )
    assert 0.0 < distance**0.5 <= 1.001 * learning._RATE * learning._MOST_LOSS
    for old, kept in zip(model.body.weights, before, strict=True):
        np.testing.assert_array_equal(old, kept)


def test_the_same_rows_give_the_same_bits_and_so_does_a_saved_model() -> None:
    model = network_of(highway_of(), "LSTM")
    values = seasonal_values(ROWS, 70, seed=9)
    first, second = block_of(values[:, 30:40]), block_of(values[:, 40:])
    state = walked(model, values[:, :30])
    one, after = moved(model, state, first)
    again = NetworkModel.from_saved(*one.to_saved())
    other = model.learn(state, first)
    for learned in (
        one.learn(after, second),
        again.learn(after, second),
        other.learn(after, second),
    ):
        for weight, expected in zip(
            learned.body.weights, one.learn(after, second).body.weights, strict=True
        ):
            np.testing.assert_array_equal(weight, expected)


def test_blocks_of_whole_stretches_equal_one_block() -> None:
    model = network_of(highway_of(), "SimpleRNN")
    values = seasonal_values(ROWS, 120, seed=10)
    state = walked(model, values[:, :30])
    whole = model.learn(state, block_of(values[:, 30:]))
    parts = model
    for start in (30, 62, 94):
        parts, state = moved(parts, state, block_of(values[:, start : start + 32]))
    for found, expected in zip(parts.body.weights, whole.body.weights, strict=True):
        np.testing.assert_allclose(found, expected, atol=2e-5)


def test_a_series_learns_as_much_beside_others_that_have_no_rows() -> None:
    model = network_of(highway_of(), "SimpleRNN")
    values = seasonal_values(ROWS, 40, seed=11)
    state, rest = walked(model, values[:, :30]), values[:, 30:]
    alone = model.learn(state.take([1]), block_of(rest[1:2]))
    padded = model.learn(state, block_of(rest, [0, 10, 0]))
    for found, expected in zip(padded.body.weights, alone.body.weights, strict=True):
        np.testing.assert_allclose(found, expected, atol=1e-6)


@pytest.mark.parametrize("answers", [[np.nan], [1.0, 1.0], [1.0, np.nan], [np.inf]])
def test_a_step_that_lowers_nothing_is_not_taken(
    answers: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    model = network_of(highway_of(), "SimpleRNN")
    state = walked(model, seasonal_values(ROWS, 20, seed=12))
    losses = iter(answers)

    def gradient(*arguments: NDArray) -> list[NDArray]:
        weights = arguments[-len(model.body.weights) :]
        return [np.float32(next(losses)), *(np.ones_like(weight) for weight in weights)]

    monkeypatch.setitem(vars(model.body.program), "gradient", gradient)
    newer = model.learn(state, block_of(np.ones((ROWS, 4))))
    for found, expected in zip(newer.body.weights, model.body.weights, strict=True):
        np.testing.assert_array_equal(found, expected)


def test_of_several_steps_the_best_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    model = network_of(highway_of(), "SimpleRNN")
    state = walked(model, seasonal_values(ROWS, 20, seed=12))
    losses = iter([3.0, 2.0, 2.5])
    shape = model.body.weights[-1].shape

    def gradient(*arguments: NDArray) -> list[NDArray]:
        weights = arguments[-len(model.body.weights) :]
        parts = [np.zeros_like(weight) for weight in weights[:-1]]
        return [np.float32(next(losses)), *parts, np.full(shape, 0.5, dtype=np.float32)]

    monkeypatch.setitem(vars(model.body.program), "gradient", gradient)
    newer = model.learn(state, block_of(np.ones((ROWS, 4))))
    step = 4 * learning._RATE * learning._MOST_LOSS / learning._NUM_STEPS
    np.testing.assert_allclose(
        newer.body.weights[-1], model.body.weights[-1] - 0.5 * step, rtol=1e-6
    )


@pytest.mark.skipif(not compiled.is_traced(), reason="this backend runs functions as they are")
def test_one_trace_serves_every_block_and_all_weights(monkeypatch: pytest.MonkeyPatch) -> None:
    traces, original = [], Program._gradient

    def counted(self: Program, *arguments: NDArray) -> tuple:
        traces.append(1)
        return original(self, *arguments)

    monkeypatch.setattr(Program, "_gradient", counted)
    model = network_of(highway_of(), "SimpleRNN", units=6)
    assert not traces  # nothing is compiled before it is needed
    for rows, steps, seed in [(1, 1, 1), (3, 40, 2), (2, 7, 3)]:
        values = seasonal_values(rows, 20 + steps, seed)
        state = walked(model, values[:, :20])
        model = model.learn(state, block_of(values[:, 20:]))
    assert len(traces) == 1


def test_a_backend_without_gradients_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compiled.keras.backend, "backend", lambda: "numpy")
    with pytest.raises(NotImplementedError, match=r"'numpy' here.*without learn=True"):
        compiled.value_and_gradients(sum, [])


def test_the_material_of_a_stretch_stands_before_it() -> None:
    highway, values = highway_of(), seasonal_values(ROWS, 40, seed=13)
    state = walked(network_of(highway, "LSTM"), values[:, :20])
    steps = newer_steps(highway, Past.of_state(state), values[:, 20:], block_of(values[:, 20:]))
    first, second, third = steps.chunks(8)
    np.testing.assert_array_equal(first.before, steps.before)
    np.testing.assert_array_equal(second.before, steps.features[:, 7])
    np.testing.assert_array_equal(third.features, steps.features[:, 16:])
    assert third.targets.shape == (ROWS, 4)
