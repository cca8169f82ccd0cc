"""Recurrent cells in float64 NumPy, written from the equations of the lecture notes.

Column vectors, one matrix per gate and one row of a batch at a time: nothing of the layout that
Keras uses is shared with the code under test. `W_*` are input weights (units, features), `U_*`
recurrent weights (units, units), `b_*` biases (units,).
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

Weights = dict[str, np.ndarray]
State = tuple[np.ndarray, ...]
Step = Callable[[np.ndarray, State, Weights], State]


def sigmoid(x: np.ndarray) -> np.ndarray:
    return 1.0 / (1.0 + np.exp(-x))


def affine(gate: str, x: np.ndarray, h: np.ndarray, w: Weights) -> np.ndarray:
    return w[f"U_{gate}"] @ h + w[f"W_{gate}"] @ x + w[f"b_{gate}"]


def simple_rnn_step(x: np.ndarray, state: State, w: Weights) -> State:
    (h,) = state
    return (np.tanh(affine("h", x, h, w)),)


def lstm_step(x: np.ndarray, state: State, w: Weights) -> State:
    h, c = state
    kept = sigmoid(affine("f", x, h, w)) * c
    c = sigmoid(affine("i", x, h, w)) * np.tanh(affine("c", x, h, w)) + kept
    return np.tanh(c) * sigmoid(affine("o", x, h, w)), c


def lstm_without_output_gate_step(x: np.ndarray, state: State, w: Weights) -> State:
    """The notes' gated unit that is "like LSTM but without an output gate, h = tanh(c)"."""
    h, c = state
    kept = sigmoid(affine("f", x, h, w)) * c
    c = sigmoid(affine("i", x, h, w)) * np.tanh(affine("c", x, h, w)) + kept
    return np.tanh(c), c


def gru_step(x: np.ndarray, state: State, w: Weights) -> State:
    """The notes' form: `z` gates the new content, the reset comes before the product."""
    (h,) = state
    z = sigmoid(affine("z", x, h, w))
    reset = sigmoid(affine("r", x, h, w)) * h
    return ((1 - z) * h + z * np.tanh(affine("h", x, reset, w)),)


def gru_reset_after_step(x: np.ndarray, state: State, w: Weights) -> State:
    """cuDNN's form: the reset comes after the product, which has a bias `d_*` of its own."""
    (h,) = state
    z = sigmoid(affine("z", x, h, w) + w["d_z"])
    r = sigmoid(affine("r", x, h, w) + w["d_r"])
    content = np.tanh(w["W_h"] @ x + w["b_h"] + r * (w["U_h"] @ h + w["d_h"]))
    return ((1 - z) * h + z * content,)


def echo_state_step(x: np.ndarray, state: State, w: Weights) -> State:
    (h,) = state
    return ((1 - w["leak_rate"]) * h + w["leak_rate"] * np.tanh(affine("h", x, h, w)),)


def run(step: Step, inputs: np.ndarray, state: State, w: Weights) -> tuple[np.ndarray, State]:
    """Run a batch row by row; return outputs (batch, steps, units) and the last states."""
    outputs, last = [], []
    for row, sequence in enumerate(inputs):
        states: list[State] = [tuple(part[row] for part in state)]
        for x in sequence:
            states.append(step(x, states[-1], w))
        outputs.append([current[0] for current in states[1:]])
        last.append(states[-1])
    return np.array(outputs), tuple(np.array(part) for part in zip(*last, strict=True))


def draw_weights(gates: str, features: int, units: int, seed: int, extra: str = "") -> Weights:
    """Draw other weights for every gate; `extra` names gates with a second bias `d_*`."""
    rng = np.random.default_rng(seed)
    weights: Weights = {}
    for gate in gates:
        weights[f"W_{gate}"] = rng.normal(0.3, 0.8, (units, features))
        weights[f"U_{gate}"] = rng.normal(-0.1, 0.6, (units, units))
        weights[f"b_{gate}"] = rng.normal(0.2, 0.5, units)
    for gate in extra:
        weights[f"d_{gate}"] = rng.normal(-0.3, 0.5, units)
    return weights


def to_keras(weights: Weights, gates: str, turned: str = "", extra: str = "") -> list[np.ndarray]:
    """Lay weights out as Keras does; the sign is turned for the gates named in `turned`."""
    sign = {gate: -1.0 if gate in turned else 1.0 for gate in gates}
    kernel = np.concatenate([sign[g] * weights[f"W_{g}"].T for g in gates], axis=1)
    recurrent = np.concatenate([sign[g] * weights[f"U_{g}"].T for g in gates], axis=1)
    bias = np.concatenate([sign[g] * weights[f"b_{g}"] for g in gates])
    if extra:
        bias = np.stack([bias, np.concatenate([sign[g] * weights[f"d_{g}"] for g in extra])])
    return [kernel, recurrent, bias]


def randomise(layer, seed: int) -> None:
    """Give every weight of a built Keras layer random values, biases too."""
    rng = np.random.default_rng(seed)
    layer.set_weights([rng.normal(0.05, 0.4, weight.shape) for weight in layer.get_weights()])


def largest_error(actual, expected) -> float:
    """Return the largest deviation relative to the largest entry of `expected`."""
    actual, expected = np.asarray(actual), np.asarray(expected)
    if actual.shape != expected.shape:
        raise AssertionError(f"shape {actual.shape}, expected {expected.shape}")
    return float(np.abs(actual - expected).max() / np.abs(expected).max())
