"""Depth: states in series, a network behind the state, a network between states."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import pytest
from layer_material import BATCH, FEATURES, STEPS, UNITS, inputs_of, ready, states_of
from oracles import cells as oracle
from oracles.cells import largest_error

from forecast import layers

INPUTS = inputs_of("LSTM").astype("float64")


def drawn(gates: str, features: int, seed: int, turned: str = "") -> tuple[Any, list[np.ndarray]]:
    """Return the oracle's weights, and the same as a layer takes them."""
    weights = oracle.draw_weights(gates, features, UNITS, seed=seed)
    return weights, oracle.to_keras(weights, gates, turned)


def dense(seed: int) -> tuple[Any, list[np.ndarray]]:
    """Return a tanh layer of the oracle, and its weights."""
    rng = np.random.default_rng(seed)
    kernel, bias = rng.normal(0, 0.5, (UNITS, UNITS)), rng.normal(0, 0.3, UNITS)
    return lambda values: np.tanh(values @ kernel + bias), [kernel, bias]


def run(cell: Any, weights: list[np.ndarray]) -> list[np.ndarray]:
    layer = layers.RNN(cell, return_sequences=True, return_state=True)
    layer.build(INPUTS.shape)
    layer.set_weights(weights)
    return [np.asarray(part) for part in layer(INPUTS)]


def start(num_states: int) -> tuple[np.ndarray, ...]:
    return (np.zeros((BATCH, UNITS)),) * num_states


def test_states_in_series_are_the_equations_one_after_the_other() -> None:
    first, first_weights = drawn("ifco", FEATURES, seed=1)
    second, second_weights = drawn("zrh", UNITS, seed=2, turned="z")
    cell = layers.SeriesCell(
        [layers.LSTMCell(UNITS, dtype="float64"), layers.GRUCell(UNITS, dtype="float64")]
    )
    outputs, *states = run(cell, [*first_weights, *second_weights])
    lower, lower_last = oracle.run(oracle.lstm_step, INPUTS, start(2), first)
    upper, upper_last = oracle.run(oracle.gru_step, lower, start(1), second)
    assert largest_error(outputs, upper) < 1e-12
    for actual, expected in zip(states, (*lower_last, *upper_last), strict=True):
        assert largest_error(actual, expected) < 1e-12


def test_states_in_series_are_stacked_layers_and_the_stacked_cells_of_keras() -> None:
    def make() -> list[Any]:
        seeds = [keras.initializers.GlorotUniform(seed=seed) for seed in (1, 2)]
        options = {"kernel_initializer": seeds[0], "recurrent_initializer": seeds[1]}
        return [layers.LSTMCell(3, **options), layers.GRUCell(UNITS, **options)]

    inputs = INPUTS.astype("float32")
    series = layers.RNN(make(), return_sequences=True)
    stacked = keras.layers.RNN(make(), return_sequences=True)
    first, second = (keras.layers.RNN(cell, return_sequences=True) for cell in make())
    assert largest_error(series(inputs), stacked(inputs)) < 1e-6
    assert largest_error(series(inputs), second(first(inputs))) < 1e-6


def test_deep_output_leaves_the_state_alone() -> None:
    weights, cell_weights = drawn("zrh", FEATURES, seed=3, turned="z")
    (first, first_weights), (second, second_weights) = dense(4), dense(5)
    network = [keras.layers.Dense(UNITS, "tanh", dtype="float64") for _ in range(2)]
    cell = layers.DeepOutputCell(layers.GRUCell(UNITS, dtype="float64"), network, UNITS)
    outputs, state = run(cell, [*cell_weights, *first_weights, *second_weights])
    hidden, (last,) = oracle.run(oracle.gru_step, INPUTS, start(1), weights)
    assert largest_error(outputs, second(first(hidden))) < 1e-12
    assert largest_error(state, last) < 1e-12


def test_deep_transition_feeds_what_the_network_returns() -> None:
    weights, cell_weights = drawn("ifco", FEATURES, seed=6)
    apply, network_weights = dense(7)

    def step(x: np.ndarray, state: oracle.State, w: oracle.Weights) -> oracle.State:
        hidden, carry = oracle.lstm_step(x, state, w)
        return apply(hidden), carry

    network = [keras.layers.Dense(UNITS, "tanh", dtype="float64")]
    cell = layers.DeepTransitionCell(layers.LSTMCell(UNITS, dtype="float64"), network)
    outputs, *states = run(cell, [*cell_weights, *network_weights])
    expected, last = oracle.run(step, INPUTS, start(2), weights)
    assert largest_error(outputs, expected) < 1e-12
    for actual, part in zip(states, last, strict=True):
        assert largest_error(actual, part) < 1e-12


def test_cells_nest() -> None:
    """Clamps on a deep output on states in series: the shapes and the weights of all of them."""
    series = layers.SeriesCell([layers.GRUCell(3), layers.LSTMCell(UNITS)])
    deep = layers.DeepOutputCell(series, [keras.layers.Dense(1)], output_size=1)
    layer = layers.RNN(layers.ClampedCell(deep), return_sequences=True, return_state=True)
    clamps = np.full((BATCH, STEPS, 3), 0.5)
    outputs, *states = layer(np.concatenate([INPUTS, clamps], axis=-1))
    assert tuple(outputs.shape) == (BATCH, STEPS, 1)
    assert [int(state.shape[-1]) for state in states] == [3, UNITS, UNITS]
    np.testing.assert_array_equal(states[0], clamps[:, -1])
    assert len(layer.trainable_weights) == 3 + 3 + 2
    again = layers.RNN.from_config(layer.get_config())
    inputs = np.concatenate([INPUTS, clamps], axis=-1)
    again.build(inputs.shape)
    again.set_weights(layer.get_weights())
    np.testing.assert_array_equal(again(inputs)[0], outputs)


@pytest.mark.parametrize("case", ["SeriesCell", "DeepOutputCell"])
def test_the_output_of_the_initial_state_before_the_first_step(case: str) -> None:
    layer = ready(case, return_sequences=True)
    state = states_of(layer)
    mask = np.arange(STEPS)[None] >= np.array([[0], [2], [STEPS]])
    outputs = np.asarray(layer(inputs_of(case), initial_state=state, mask=mask))
    held = np.asarray(layer.cell.output_of(state))
    assert largest_error(outputs[1, :2], held[[1, 1]]) < 1e-6
    assert largest_error(outputs[2], held[[2] * STEPS]) < 1e-6


def test_refusals() -> None:
    with pytest.raises(ValueError, match="SeriesCell got no cells"):
        layers.SeriesCell([])
    with pytest.raises(ValueError, match="DeepTransitionCell got no layers: expected a list"):
        layers.DeepTransitionCell(layers.GRUCell(3), [])
    deep = layers.DeepOutputCell(layers.GRUCell(3), [keras.layers.Dense(2)], output_size=3)
    with pytest.raises(ValueError, match="output_size=3: the last layer of the network returns 2"):
        deep.build((None, FEATURES))
    transition = layers.DeepTransitionCell(layers.GRUCell(3), [keras.layers.Dense(2)])
    with pytest.raises(ValueError, match="returns 2 columns: expected 3, as many"):
        transition.build((None, FEATURES))
    with pytest.raises(ValueError, match="GRUCell has no method output_of"):
        layers.RNN(keras.layers.GRUCell(3))
