"""The kernels give what the plain loop gives: values, gradients, and at every mask."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st
from oracles.cells import largest_error, randomise

from forecast import layers
from forecast.layers import tensorflow_kernel
from forecast.layers.fast_path import recurrence_of
from forecast.layers.recurrent import RecurrentLayer

ROWS, STEPS, FEATURES, UNITS = 19, 5, 3, 4
CASES: list[tuple[str, dict[str, Any]]] = [
    ("SimpleRNN", {}),
    ("SimpleRNN", {"activation": "relu", "use_bias": False}),
    ("LSTM", {}),
    ("LSTM", {"use_bias": False}),
    ("GRU", {}),
    ("GRU", {"use_bias": False}),
    ("GRU", {"reset_after": True}),
    ("GRU", {"reset_after": True, "use_bias": False}),
]
every_case = pytest.mark.parametrize(("name", "arguments"), CASES, ids=str)
WAYS: dict[str, Callable[..., Any]] = {
    "eager": lambda function: function,
    "graph": lambda function: tf.function(function, autograph=False),
    "compiled": lambda function: tf.function(function, autograph=False, jit_compile=True),
}


@cache
def pair(name: str, **arguments: Any) -> tuple[Any, Any]:
    """Return a layer with a kernel and its plain twin; no test changes their weights."""
    arguments = {"dtype": "float64", "return_state": True, **arguments}
    units = arguments.pop("units", UNITS)
    fast = getattr(layers, name)(units, **arguments)
    plain = getattr(layers, name)(units, **{**arguments, "implementation": "plain"})
    for layer in (fast, plain):
        layer.build((None, None, FEATURES))
    randomise(plain, seed=5)
    fast.set_weights(plain.get_weights())
    return fast, plain


def material(layer: Any, rows: int = ROWS, steps: int = STEPS) -> tuple[Any, list[Any]]:
    """Return inputs and states."""
    rng = np.random.default_rng(6)
    inputs = tf.constant(rng.normal(size=(rows, steps, FEATURES)), layer.compute_dtype)
    states = [rng.normal(size=(rows, UNITS)) for _ in layer.state_size]
    return inputs, [tf.constant(state, layer.compute_dtype) for state in states]


def values_and_gradients(
    layer: Any, inputs: Any, states: list[Any], mask: Any = None, way: str = "eager",
    training: bool = True,
) -> list[np.ndarray]:  # fmt: skip
    """Return all results and the gradients to inputs, states and weights of a random sum."""

    def compute(inputs: Any, *states: Any) -> list[Any]:
        rng = np.random.default_rng(7)
        with tf.GradientTape() as tape:
            tape.watch([inputs, *states])
            results = layer(inputs, initial_state=list(states), mask=mask, training=training)
            factors = [rng.normal(size=result.shape) for result in results]
            loss = sum(
                tf.reduce_sum(result * tf.constant(factor, result.dtype))
                for result, factor in zip(results, factors, strict=True)
            )
        sources = [inputs, *states, *[weight.value for weight in layer.trainable_weights]]
        return [*results, *tape.gradient(loss, sources)]

    return [np.asarray(value) for value in WAYS[way](compute)(inputs, *states)]


def assert_same(actual: list[np.ndarray], expected: list[np.ndarray], within: float) -> None:
    for one, other in zip(actual, expected, strict=True):
        assert largest_error(one, other) < within


@pytest.mark.parametrize(
    ("name", "arguments", "way"),
    [(*case, "eager") for case in CASES]
    + [(*case, "compiled") for case in CASES[1:6:2]]  # one of each kernel
    + [(*CASES[5], "graph")],
    ids=str,
)
def test_equals_the_plain_loop(name: str, arguments: dict[str, Any], way: str) -> None:
    fast, plain = pair(name, **arguments, return_sequences=True)
    inputs, states = material(fast)
    actual = values_and_gradients(fast, inputs, states, way=way)
    assert_same(actual, values_and_gradients(plain, inputs, states), 1e-12)


@every_case
def test_gradient_without_training_computes_the_way_again(
    name: str, arguments: dict[str, Any]
) -> None:
    fast, plain = pair(name, **arguments)
    inputs, states = material(fast)
    actual = values_and_gradients(fast, inputs, states, training=False)
    assert_same(actual, values_and_gradients(plain, inputs, states, training=False), 1e-12)


@pytest.mark.parametrize("return_sequences", [True, False])
@pytest.mark.parametrize("go_backwards", [True, False])
@pytest.mark.parametrize("name", ["SimpleRNN", "LSTM", "GRU"])
@settings(max_examples=5)
@given(rows=st.integers(1, 4), steps=st.integers(1, 6), seed=st.integers(0, 99))
def test_any_mask_and_nan_at_masked_steps(
    name: str, go_backwards: bool, return_sequences: bool, rows: int, steps: int, seed: int
) -> None:
    fast, plain = pair(name, return_sequences=return_sequences, go_backwards=go_backwards)
    inputs, states = material(fast, rows, steps)
    mask = np.random.default_rng(seed).random((rows, steps)) < 0.6
    inputs = tf.where(mask[:, :, None], inputs, np.nan)
    actual = values_and_gradients(fast, inputs, states, mask)
    assert all(np.isfinite(value).all() for value in actual)
    for one, other in zip(actual, values_and_gradients(plain, inputs, states, mask), strict=True):
        np.testing.assert_allclose(one, other, rtol=0, atol=1e-12 * max(1, np.abs(other).max()))


def test_gradient_equals_finite_differences() -> None:
    fast, _ = pair("LSTM")
    inputs, states = material(fast, rows=2, steps=4)
    gradient = values_and_gradients(fast, inputs, states)[3]
    rng, step = np.random.default_rng(7), 1e-5
    factors = [rng.normal(size=(2, UNITS)) for _ in range(3)]

    def loss(values: np.ndarray) -> float:
        results = fast(tf.constant(values), initial_state=states)
        return sum(float(np.sum(r * f)) for r, f in zip(results, factors, strict=True))

    for place in ((0, 0, 0), (1, 2, 1), (0, 3, 2)):
        above, below = inputs.numpy().copy(), inputs.numpy().copy()
        above[place] += step
        below[place] -= step
        assert (loss(above) - loss(below)) / (2 * step) == pytest.approx(gradient[place], rel=1e-6)


@pytest.mark.parametrize("name", ["SimpleRNN", "LSTM", "GRU"])
def test_second_derivative(name: str) -> None:
    def second(layer: Any, inputs: Any) -> Any:
        with tf.GradientTape() as outer:
            outer.watch(inputs)
            with tf.GradientTape() as inner:
                inner.watch(inputs)
                loss = tf.reduce_sum(tf.sin(layer(inputs)[0]))
            total = tf.reduce_sum(tf.square(inner.gradient(loss, inputs)))
        return outer.gradient(total, inputs)

    fast, plain = pair(name)
    inputs, _ = material(fast)
    assert largest_error(second(fast, inputs), second(plain, inputs)) < 1e-12


@pytest.mark.parametrize("name", ["SimpleRNN", "LSTM", "GRU"])
def test_derivative_forwards_takes_the_plain_loop(name: str) -> None:
    def forwards(layer: Any) -> Any:
        with tf.autodiff.ForwardAccumulator(inputs, tf.ones_like(inputs)) as accumulator:
            assert recurrence_of(layer, [inputs], training=False) is None
            output = layer(inputs)[0]
        return accumulator.jvp(output)

    fast, plain = pair(name)
    inputs, _ = material(fast)
    assert recurrence_of(fast, [inputs], training=False) is not None
    found = forwards(fast)
    assert np.abs(found).max() > 0
    assert largest_error(found, forwards(plain)) < 1e-12


FALLBACKS: list[tuple[str, dict[str, Any]]] = [
    ("SimpleRNN", {"activation": "softsign"}),
    ("LSTM", {"activation": "relu"}),
    ("LSTM", {"recurrent_activation": "hard_sigmoid"}),
    ("GRU", {"activation": None}),
    ("GRU", {"unroll": True}),
    ("LSTM", {"dtype": "mixed_bfloat16"}),
    ("EchoState", {"seed": 1}),
]


@pytest.mark.parametrize(("name", "arguments"), FALLBACKS, ids=str)
def test_what_no_kernel_covers_takes_the_plain_loop(name: str, arguments: dict[str, Any]) -> None:
    fast, plain = pair(name, **arguments)
    inputs, states = material(fast)
    assert recurrence_of(fast, [inputs], training=True) is None
    for one, other in zip(
        fast(inputs, initial_state=states), plain(inputs, initial_state=states), strict=True
    ):
        np.testing.assert_array_equal(tf.cast(one, "float64"), tf.cast(other, "float64"))


def test_a_derived_cell_takes_the_plain_loop() -> None:
    class Doubled(layers.LSTMCell):
        def call(self, inputs: Any, states: Any, training: bool = False) -> Any:
            return super().call(2 * inputs, states, training)

    layer = RecurrentLayer(Doubled(UNITS, dtype="float64"), dtype="float64")
    inputs = tf.ones((2, STEPS, FEATURES), "float64")
    stock = keras.layers.RNN(layer.cell, dtype="float64")
    np.testing.assert_array_equal(layer(inputs), stock(inputs))
    assert recurrence_of(layer, [inputs], training=False) is None


@pytest.mark.parametrize("name", ["SimpleRNN", "LSTM", "GRU"])
def test_every_plan_is_traced_once(name: str) -> None:
    fast, _ = pair(name, units=UNITS + 2, return_sequences=True)
    tensorflow_kernel.plan_of.cache_clear()
    for rows, steps in ((1, 2), (3, 2), (2, 7), (5, 7)):
        inputs, _ = material(fast, rows, steps)
        fast(inputs)
    assert tensorflow_kernel.plan_of.cache_info().misses == 1


def test_number_of_cores_changes_no_result(monkeypatch: pytest.MonkeyPatch) -> None:
    fast, plain = pair("LSTM", return_sequences=True)
    inputs, states = material(fast, rows=25)
    expected = values_and_gradients(plain, inputs, states)
    monkeypatch.setattr(tensorflow_kernel, "_num_cores", lambda: 3)
    assert_same(values_and_gradients(fast, inputs, states, way="graph"), expected, 1e-12)


@pytest.mark.parametrize("chunk_length", [1, 3])
@pytest.mark.parametrize(
    ("name", "arguments"), [("LSTM", {}), ("GRU", {}), ("LSTM", {"activation": "softsign"})]
)
@pytest.mark.parametrize("go_backwards", [True, False])
def test_chunks_change_no_result(
    name: str, arguments: dict[str, Any], chunk_length: int, go_backwards: bool
) -> None:
    options = {**arguments, "go_backwards": go_backwards, "return_sequences": True}
    whole, _ = pair(name, **options)
    chunked, _ = pair(name, **options, chunk_length=chunk_length)
    inputs, states = material(whole)
    mask = np.random.default_rng(8).random((ROWS, STEPS)) < 0.6
    expected = values_and_gradients(whole, inputs, states, mask)
    assert_same(values_and_gradients(chunked, inputs, states, mask), expected, 1e-12)


@pytest.mark.parametrize("chunk_length", [0, -1, 2.5, True])
def test_bad_chunk_length(chunk_length: Any) -> None:
    with pytest.raises(ValueError, match=r"chunk_length=.*: expected None or an integer"):
        layers.LSTM(UNITS, chunk_length=chunk_length)


def test_bad_implementation() -> None:
    with pytest.raises(ValueError, match=r"implementation='fast': expected one of"):
        layers.LSTM(UNITS, implementation="fast")
