"""Chunks of every layer: the values and the gradients of the whole, dropout and masks included."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

from forecast import layers

ROWS, STEPS, FEATURES, UNITS = 3, 5, 2, 4
DROPS = {"dropout": 0.3, "recurrent_dropout": 0.2}


def series_of_cells(**options: Any) -> keras.layers.Layer:
    cells = [layers.LSTMCell(UNITS, seed=1, **DROPS), layers.GRUCell(UNITS, seed=2, **DROPS)]
    return layers.RNN(layers.SeriesCell(cells), **options)


def convolutional(**options: Any) -> keras.layers.Layer:
    return layers.ConvLSTM(UNITS, kernel_size=2, rank=1, seed=3, **DROPS, **options)


MAKERS: dict[str, Callable[..., keras.layers.Layer]] = {
    name: lambda name=name, **options: getattr(layers, name)(UNITS, seed=5, **DROPS, **options)
    for name in ("SimpleRNN", "LSTM", "GRU")
}
MAKERS |= {"cells in series": series_of_cells, "convolutional": convolutional}


def material(name: str) -> tuple[tf.Tensor, np.ndarray]:
    places = (5,) if name == "convolutional" else ()
    rng = np.random.default_rng(0)
    inputs = rng.normal(size=(ROWS, STEPS, *places, FEATURES)).astype("float32")
    return tf.constant(inputs), rng.random((ROWS, STEPS)) < 0.7


def gradients(name: str, is_masked: bool, **options: Any) -> list[Any]:
    """Outputs, and the gradients of inputs and weights of a sum that tells the units apart."""
    inputs, mask = material(name)
    keras.utils.set_random_seed(4)
    layer = MAKERS[name](**options)
    layer.build(inputs.shape)
    with tf.GradientTape() as tape:
        tape.watch(inputs)
        outputs = layer(inputs, mask=mask if is_masked else None, training=True)
        total = tf.reduce_sum(outputs * tf.range(1.0, UNITS + 1))
    found = tape.gradient(total, [inputs, *(one.value for one in layer.trainable_variables)])
    return [np.asarray(part) for part in (outputs, *found)]


@pytest.mark.parametrize("name", MAKERS)
@pytest.mark.parametrize(
    ("return_sequences", "is_masked"),
    [(True, False), (True, True), (False, True)],
    ids=["sequences", "masked sequences", "masked last"],
)
def test_a_chunk_runs_again_with_the_same_dropout(
    name: str, return_sequences: bool, is_masked: bool
) -> None:
    whole, chunked = (
        gradients(name, is_masked, return_sequences=return_sequences, chunk_length=length)
        for length in (None, 2)
    )
    for expected, found in zip(whole, chunked, strict=True):
        np.testing.assert_allclose(found, expected, atol=1e-5 * max(1.0, np.abs(expected).max()))
