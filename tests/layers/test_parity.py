"""Values and gradients equal the stock Keras layer that has the same weights."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf
from oracles.cells import largest_error, randomise

from forecast import layers

BATCH, STEPS, FEATURES, UNITS = 3, 9, 2, 5
# The gated cells have a way of their own through the code without a bias.
CASES: list[tuple[str, dict[str, Any]]] = [
    ("SimpleRNN", {}),
    ("SimpleRNN", {"activation": "relu", "use_bias": False}),
    ("LSTM", {}),
    ("LSTM", {"activation": "softsign", "recurrent_activation": "hard_sigmoid"}),
    ("LSTM", {"use_bias": False}),
    ("GRU", {"reset_after": False}),
    ("GRU", {"reset_after": False, "use_bias": False, "recurrent_activation": "hard_sigmoid"}),
    ("GRU", {"reset_after": True}),
    ("GRU", {"reset_after": True, "use_bias": False, "activation": "softsign"}),
]
LOOPS: list[dict[str, Any]] = [{}, {"go_backwards": True}, {"unroll": True}]


def pair(name: str, arguments: dict[str, Any], **loop: Any) -> tuple[Any, Any]:
    """Return our layer and the stock one with the same random weights."""
    options = {**arguments, **loop, "return_sequences": True, "return_state": True}
    ours, stock = (
        getattr(layers, name)(UNITS, **options),
        getattr(keras.layers, name)(UNITS, **options),
    )
    for layer in (ours, stock):
        layer.build((BATCH, STEPS, FEATURES))
    randomise(stock, seed=5)
    ours.set_weights(stock.get_weights())
    return ours, stock


def values_and_gradients(layer: Any, mask: Any = None) -> list[np.ndarray]:
    """Return outputs, states and the gradients to inputs, initial states and weights."""
    rng = np.random.default_rng(6)
    inputs = tf.constant(rng.normal(size=(BATCH, STEPS, FEATURES)), "float32")
    state = [tf.constant(rng.normal(size=(BATCH, UNITS)), "float32") for _ in layer.state_size]
    with tf.GradientTape() as tape:
        tape.watch([inputs, *state])
        results = layer(inputs, initial_state=state, mask=mask)
        loss = sum(tf.reduce_sum(r * rng.normal(size=r.shape)) for r in results)
    sources = [inputs, *state, *[weight.value for weight in layer.trainable_weights]]
    return [np.asarray(value) for value in [*results, *tape.gradient(loss, sources)]]


@pytest.mark.parametrize("loop", LOOPS, ids=str)
@pytest.mark.parametrize(("name", "arguments"), CASES, ids=str)
def test_equals_stock_keras(name: str, arguments: dict[str, Any], loop: dict[str, Any]) -> None:
    ours, stock = pair(name, arguments, **loop)
    for actual, expected in zip(
        values_and_gradients(ours), values_and_gradients(stock), strict=True
    ):
        assert largest_error(actual, expected) < 1e-5


@pytest.mark.parametrize(("name", "arguments"), CASES, ids=str)
def test_equals_stock_keras_under_a_mask(name: str, arguments: dict[str, Any]) -> None:
    # The first step is unmasked: before it, stock Keras puts zeros, not the initial state.
    mask = np.random.default_rng(7).random((BATCH, STEPS)) < 0.6
    mask[:, 0] = True
    ours, stock = pair(name, arguments)
    for actual, expected in zip(
        values_and_gradients(ours, mask), values_and_gradients(stock, mask), strict=True
    ):
        assert largest_error(actual, expected) < 1e-5


@pytest.mark.parametrize("name", ["SimpleRNN", "LSTM", "GRU"])
def test_fit_takes_the_same_steps_as_stock_keras(name: str) -> None:
    rng = np.random.default_rng(8)
    inputs = rng.normal(size=(8, STEPS, FEATURES)).astype("float32")
    target = rng.normal(size=(8, UNITS)).astype("float32")
    arguments = {"reset_after": False} if name == "GRU" else {}
    losses = []
    start = None
    for module in (keras.layers, layers):
        model = keras.Sequential([getattr(module, name)(UNITS, **arguments)])
        model.build(inputs.shape)
        start = start or model.get_weights()
        model.set_weights(start)
        model.compile("sgd", "mse")
        losses.append(model.fit(inputs, target, epochs=3, shuffle=False, verbose=0).history["loss"])
    assert losses[0][-1] < losses[0][0]
    np.testing.assert_allclose(losses[1], losses[0], rtol=1e-5)
