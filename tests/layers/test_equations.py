"""Every cell equals its equation in the notes: float64 NumPy, other weights in every gate."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from oracles import cells as oracle

from forecast.layers import GRU, LSTM, EchoState, SimpleRNN

BATCH, STEPS, FEATURES, UNITS = 3, 7, 2, 5

# layer class, its arguments, oracle step, gates in Keras' order, gates with the sign turned,
# gates with a second bias, number of states
CASES: dict[str, tuple[Any, ...]] = {
    "simple_rnn": (SimpleRNN, {}, oracle.simple_rnn_step, "h", "", "", 1),
    "lstm": (LSTM, {}, oracle.lstm_step, "ifco", "", "", 2),
    "lstm_without_output_gate": (
        LSTM,
        {"output_gate": False},
        oracle.lstm_without_output_gate_step,
        "ifc",
        "",
        "",
        2,
    ),
    "gru": (GRU, {}, oracle.gru_step, "zrh", "z", "", 1),
    "gru_reset_after": (
        GRU,
        {"reset_after": True},
        oracle.gru_reset_after_step,
        "zrh",
        "z",
        "zrh",
        1,
    ),
    "echo_state": (EchoState, {"leak_rate": 0.3}, oracle.echo_state_step, "h", "", "", 1),
}


def build(case: str, dtype: str):
    """Return the layer with the oracle's weights, and the oracle's run over the same inputs."""
    layer_class, arguments, step, gates, turned, extra, num_states = CASES[case]
    rng = np.random.default_rng(1)
    inputs = rng.normal(size=(BATCH, STEPS, FEATURES))
    state = tuple(rng.normal(0.4, 0.7, (BATCH, UNITS)) for _ in range(num_states))
    weights = oracle.draw_weights(gates, FEATURES, UNITS, seed=2, extra=extra)
    layer = layer_class(UNITS, return_sequences=True, return_state=True, dtype=dtype, **arguments)
    layer.build(inputs.shape)
    layer.set_weights(oracle.to_keras(weights, gates, turned, extra))
    weights["leak_rate"] = np.array(arguments.get("leak_rate", 1.0))
    return layer, inputs, state, oracle.run(step, inputs, state, weights)


@pytest.mark.parametrize(("dtype", "tolerance"), [("float64", 1e-13), ("float32", 2e-6)])
@pytest.mark.parametrize("case", CASES)
def test_layer_equals_the_equation(case: str, dtype: str, tolerance: float) -> None:
    layer, inputs, state, (outputs, last) = build(case, dtype)
    actual, *states = layer(inputs.astype(dtype), initial_state=[s.astype(dtype) for s in state])
    assert actual.dtype == dtype
    assert oracle.largest_error(actual, outputs) < tolerance
    for part, expected in zip(states, last, strict=True):
        assert oracle.largest_error(part, expected) < tolerance


@pytest.mark.parametrize("case", CASES)
def test_cell_is_one_step(case: str) -> None:
    layer, inputs, state, (outputs, _) = build(case, "float64")
    output, states = layer.cell(inputs[:, 0], list(state))
    assert oracle.largest_error(output, outputs[:, 0]) < 1e-13
    assert len(states) == len(state)
    assert oracle.largest_error(states[0], outputs[:, 0]) < 1e-13


def test_the_initial_state_is_zero() -> None:
    for layer_class, arguments, *_, num_states in CASES.values():
        cell = layer_class(UNITS, **arguments).cell
        states = [np.asarray(state) for state in cell.get_initial_state(BATCH)]
        assert [state.shape for state in states] == [(BATCH, UNITS)] * num_states
        assert not any(state.any() for state in states)


def test_forget_gate_starts_open() -> None:
    def count(shape: tuple[int], dtype: str) -> np.ndarray:
        return np.arange(10, 10 + shape[0]).astype(dtype)

    layer = LSTM(2, bias_initializer=count)
    layer.build((BATCH, STEPS, FEATURES))
    np.testing.assert_array_equal(layer.get_weights()[2], [10, 11, 1, 1, 14, 15, 16, 17])
    ungated = LSTM(2, bias_initializer=count, output_gate=False)
    ungated.build((BATCH, STEPS, FEATURES))
    np.testing.assert_array_equal(ungated.get_weights()[2], [10, 11, 1, 1, 14, 15])


@pytest.mark.parametrize("layer_class", [SimpleRNN, LSTM, GRU])
def test_without_a_bias_equals_a_bias_of_zero(layer_class: Any) -> None:
    inputs = np.random.default_rng(3).normal(size=(BATCH, STEPS, FEATURES)).astype("float32")
    plain, zero = layer_class(UNITS, use_bias=False), layer_class(UNITS)
    plain.build(inputs.shape)
    zero.build(inputs.shape)
    oracle.randomise(plain, seed=4)
    zero.set_weights([*plain.get_weights(), np.zeros(zero.cell.bias_shape)])
    assert len(plain.weights) == 2
    assert oracle.largest_error(plain(inputs), zero(inputs)) < 1e-6
