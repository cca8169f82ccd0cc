"""Run the layers on JAX and compare with what TensorFlow saved; started by test_jax.py.

Usage: KERAS_BACKEND=jax python tests/jax_parity.py FOLDER, prints the largest error of every case
as JSON. The backend of Keras is fixed at its import, so this is a process of its own.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import keras
import numpy as np
from layer_material import MASK, UNITS, inputs_of, ready, states_of, values_and_gradients
from oracles.cells import largest_error, randomise

from forecast import layers

CASES = ("GRU", "LSTM", "EchoState", "SimpleRNN", "GRU reset after", "LSTM without output gate",
         "ConvLSTM", "ClampedCell", "SeriesCell", "DeepOutputCell", "Window")  # fmt: skip


def masked_run(case: str) -> list[np.ndarray]:
    """Return values and gradients of a loop under the mask, NaN at masked steps."""
    layer = ready(case, return_sequences=True, return_state=True)
    inputs = inputs_of(case)
    inputs[~MASK] = np.nan
    return values_and_gradients(layer, inputs, states_of(layer), MASK)


def save(folder: Path) -> None:
    """Write what this backend computes, and a model."""
    for case in CASES:
        np.savez(folder / f"{case}.npz", *masked_run(case))
    inputs = keras.Input(inputs_of("LSTM").shape[1:])
    cells = [layers.LSTMCell(UNITS, dropout=0.2, seed=1), layers.GRUCell(UNITS)]
    hidden = layers.RNN(cells, return_sequences=True)(inputs)
    model = keras.Model(inputs, keras.layers.Bidirectional(layers.GRU(UNITS, dropout=0.2))(hidden))
    model.save(folder / "model.keras")
    np.save(folder / "model.npy", model(inputs_of("LSTM")))


def errors(folder: Path) -> dict[str, float]:
    """Return the largest relative error of every case."""
    found = {}
    for case in CASES:
        with np.load(folder / f"{case}.npz") as saved:
            pairs = zip(masked_run(case), saved.values(), strict=True)
            found[case] = max(largest_error(actual, expected) for actual, expected in pairs)
    model = keras.saving.load_model(folder / "model.keras")
    output = model.predict(inputs_of("LSTM"), verbose=0)
    found["a model that TensorFlow saved"] = largest_error(output, np.load(folder / "model.npy"))
    model.compile(keras.optimizers.Adam(0.05), "mse")
    material = inputs_of("LSTM"), np.zeros(output.shape)
    before = model.evaluate(*material, verbose=0)  # without dropout: no draw decides
    model.fit(*material, epochs=15, verbose=0)
    found["its loss after a fit with dropout"] = model.evaluate(*material, verbose=0) / before
    found["dropout against the layer of Keras"] = dropout_error()
    return found


def dropout_error() -> float:
    """Return how far values and gradients in training are from stock Keras with the same seed."""
    pair = []
    for module in (layers, keras.layers):
        layer: Any = module.LSTM(UNITS, dropout=0.4, recurrent_dropout=0.3, seed=5)
        layer.build(inputs_of("LSTM").shape)
        randomise(layer, seed=1)
        states = [np.zeros((3, UNITS), "float32")] * 2
        pair.append(values_and_gradients(layer, inputs_of("LSTM"), states, training=True))
    return max(
        largest_error(a, e) for a, e in zip(*pair, strict=True) if np.abs(np.asarray(e)).max() > 0
    )


if __name__ == "__main__":
    json.dump({"backend": keras.backend.backend(), **errors(Path(sys.argv[1]))}, sys.stdout)
