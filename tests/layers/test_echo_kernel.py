"""The compiled loop of a reservoir equals the loop of Keras, and is compiled for few shapes."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf
from oracles.cells import largest_error, randomise

from forecast.layers import EchoState, tensorflow_reservoir

BATCH, STEPS, FEATURES, UNITS = 3, 150, 2, 7
OPTIONS: list[dict[str, Any]] = [
    {},
    {"go_backwards": True},
    {"zero_output_for_mask": True},
    {"return_sequences": False},
    {"dtype": "float64"},
]
MASK = np.arange(STEPS) < np.array([[STEPS], [60], [0]])
MASK[1, :9] = False


def make(topology: str = "sparse", **options: Any) -> EchoState:
    chosen = {"return_sequences": True, "return_state": True, **options}
    layer = EchoState(UNITS, leak_rate=0.1, topology=topology, seed=4, **chosen)
    layer.build((None, None, FEATURES))
    randomise(layer, seed=5)
    layer.set_weights([0.5 * weight for weight in layer.get_weights()])
    return layer


def results(
    layer: EchoState,
    mask: Any = None,
    steps: int = STEPS,
    way: Callable[..., Any] = lambda function: function,
) -> list[np.ndarray]:
    """Return outputs, state, and the gradients to the inputs and the initial state."""
    rng = np.random.default_rng(6)
    inputs = tf.constant(rng.normal(size=(BATCH, steps, FEATURES)), layer.compute_dtype)
    state = tf.constant(rng.normal(size=(BATCH, UNITS)), layer.compute_dtype)
    factors = tf.constant(rng.normal(size=(BATCH, steps, UNITS)), layer.compute_dtype)

    def compute(inputs: Any, state: Any) -> list[Any]:
        with tf.GradientTape() as tape:
            tape.watch([inputs, state])
            outputs, after = layer(inputs, initial_state=[state], mask=mask)
            own = factors if layer.return_sequences else factors[:, 1]
            loss = tf.reduce_sum(outputs * own) + tf.reduce_sum(after * factors[:, 0])
        return [outputs, after, *tape.gradient(loss, [inputs, state])]

    return [np.asarray(part) for part in way(compute)(inputs, state)]


def plain(
    layer: EchoState, monkeypatch: pytest.MonkeyPatch, mask: Any = None, steps: int = STEPS
) -> list[np.ndarray]:
    """Return the same from the loop of Keras, in a graph: eagerly each step takes long."""
    monkeypatch.setattr(EchoState, "_kernel", lambda *_: None)
    return results(layer, mask, steps, partial(tf.function, autograph=False))


def assert_equal(first: list[np.ndarray], second: list[np.ndarray], tolerance: float) -> None:
    for part, expected in zip(first, second, strict=True):
        assert part.dtype == expected.dtype
        assert largest_error(part, expected) < tolerance


@pytest.mark.parametrize("options", OPTIONS, ids=str)
def test_values_and_gradients_of_the_plain_loop(
    options: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    layer = make(**options)
    fast = results(layer, MASK)
    tolerance = 1e-12 if layer.compute_dtype == "float64" else 1e-5
    assert_equal(fast, plain(layer, monkeypatch, MASK), tolerance)


@pytest.mark.parametrize("topology", ["orthogonal", "cycle"])
def test_matrices_and_chains_have_the_compiled_loop(
    topology: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    layer = make(topology)
    assert layer._kernel(np.zeros((BATCH, STEPS, FEATURES))) is not None
    assert_equal(results(layer), plain(layer, monkeypatch), 1e-5)


def test_pieces_of_a_long_sequence_fit_together(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tensorflow_reservoir, "_MOST", 128)
    layer, steps = make(), 2 * 128 + 5
    assert_equal(results(layer, None, steps), plain(layer, monkeypatch, None, steps), 1e-5)


def test_noise_is_the_same_in_both_loops(monkeypatch: pytest.MonkeyPatch) -> None:
    inputs = np.random.default_rng(7).normal(size=(BATCH, STEPS, FEATURES)).astype("float32")
    first, second = make(noise=0.3), make(noise=0.3)
    fast = first(inputs, training=True)
    monkeypatch.setattr(EchoState, "_kernel", lambda *_: None)
    slow = second(inputs, training=True)
    assert_equal([np.asarray(part) for part in fast], [np.asarray(part) for part in slow], 1e-5)


def test_few_numbers_of_steps_are_compiled() -> None:
    layer, compiled = make(), tensorflow_reservoir._compiled()[0]
    before = compiled.experimental_get_tracing_count()
    for steps in (1500, 130, 256, 1400, 131, 1536):
        layer(np.zeros((BATCH + 8, steps, FEATURES), "float32"))
    assert compiled.experimental_get_tracing_count() - before == 2


def test_short_and_open_lengths_run_in_the_loop_of_keras() -> None:
    layer = make()
    assert layer._kernel(np.zeros((1, 127, FEATURES))) is None
    assert layer._kernel(keras.KerasTensor((None, None, FEATURES))) is None
    assert make(unroll=True)._kernel(np.zeros((1, STEPS, FEATURES))) is None


def test_inside_of_a_model_that_is_compiled_as_a_whole() -> None:
    inputs = np.random.default_rng(8).normal(size=(BATCH, STEPS, FEATURES)).astype("float32")
    outer = keras.Input((STEPS, FEATURES))
    model = keras.Model(outer, make(return_state=False)(outer))
    model.compile(jit_compile=True)
    alone = make(return_state=False)(inputs)
    assert largest_error(model.predict(inputs, verbose=0), alone) < 1e-5
