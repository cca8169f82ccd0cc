"""EchoState: what its arguments say about the weights, seeds, and that nothing is trained."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

from forecast.layers import EchoState, EchoStateCell

FEATURES, UNITS = 3, 60


def weights_of(features: int = FEATURES, **arguments: Any) -> dict[str, np.ndarray]:
    cell = EchoStateCell(UNITS, **{"seed": 1, **arguments})
    cell.build((None, features))
    return {weight.name: np.asarray(weight) for weight in cell.weights}


def test_weights_are_as_the_arguments_say() -> None:
    weights = weights_of(
        spectral_radius=0.8, connectivity=0.2, input_scaling=0.3, bias_scaling=0.7, dtype="float64"
    )
    recurrent = weights["recurrent_kernel"]
    assert np.abs(np.linalg.eigvals(recurrent)).max() == pytest.approx(0.8, rel=1e-10)
    assert (recurrent != 0).mean() == pytest.approx(0.2)
    for name, scale in (("kernel", 0.3), ("bias", 0.7)):
        assert np.abs(weights[name]).max() <= scale
        assert np.abs(weights[name]).max() > 0.9 * scale
        assert weights[name].min() < -0.5 * scale


def test_the_seed_decides_the_reservoir() -> None:
    first, again, other = weights_of(), weights_of(), weights_of(seed=2)
    for name, values in first.items():
        np.testing.assert_array_equal(values, again[name])
        assert (values != other[name]).any()


def test_float32_is_the_float64_reservoir_rounded() -> None:
    single, double = weights_of(), weights_of(dtype="float64")
    for name, values in double.items():
        np.testing.assert_array_equal(single[name], values.astype("float32"))


def test_every_matrix_has_a_seed_of_its_own() -> None:
    # One seed used twice would give the first units of kernel and bias the same draws.
    weights = weights_of(features=1, input_scaling=1.0, bias_scaling=1.0)
    kernel, bias = weights["kernel"][0], weights["bias"]
    recurrent = weights["recurrent_kernel"]
    assert abs(np.corrcoef(kernel, bias)[0, 1]) < 0.4
    assert abs(np.corrcoef(kernel, recurrent.sum(axis=0))[0, 1]) < 0.4
    assert len(set(EchoStateCell(UNITS, seed=0)._seeds)) == 5


def test_without_a_seed_every_reservoir_is_new() -> None:
    keras.utils.set_random_seed(3)
    first, second = weights_of(seed=None), weights_of(seed=None)
    keras.utils.set_random_seed(3)
    again = weights_of(seed=None)
    assert (first["kernel"] != second["kernel"]).any()
    np.testing.assert_array_equal(first["kernel"], again["kernel"])


@pytest.mark.parametrize("trainable", [True, False])
def test_nothing_is_trained(trainable: bool) -> None:
    layer = EchoState(UNITS, seed=0)
    model = keras.Sequential([layer, keras.layers.Dense(1)])
    inputs = np.random.default_rng(0).normal(size=(4, 5, FEATURES)).astype("float32")
    model.build(inputs.shape)
    layer.trainable = trainable
    before = layer.get_weights()
    model.compile("sgd", "mse")
    model.fit(inputs, np.ones((4, 1)), epochs=1, verbose=0)
    assert layer.trainable_weights == []
    assert len(layer.non_trainable_weights) == 3
    assert len(model.trainable_weights) == 2
    for old, new in zip(before, layer.get_weights(), strict=True):
        np.testing.assert_array_equal(old, new)


def test_gradients_reach_the_inputs() -> None:
    layer = EchoState(UNITS, seed=0)
    inputs = tf.constant(np.random.default_rng(1).normal(size=(2, 5, FEATURES)), "float32")
    with tf.GradientTape() as tape:
        tape.watch(inputs)
        loss = tf.reduce_sum(layer(inputs) ** 2)
    assert np.asarray(tape.gradient(loss, inputs)).all()


def test_a_reservoir_below_radius_one_forgets_its_start() -> None:
    layer = EchoState(UNITS, spectral_radius=0.8, leak_rate=0.5, seed=0)
    inputs = np.random.default_rng(2).normal(size=(1, 200, FEATURES)).astype("float32")
    start = np.ones((1, UNITS), "float32")
    np.testing.assert_allclose(layer(inputs, initial_state=[start]), layer(inputs), atol=1e-5)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"leak_rate": 0.0}, r"leak_rate=0.0: expected a number above 0 and at most 1"),
        ({"leak_rate": 1.1}, r"leak_rate=1.1: expected a number above 0 and at most 1"),
        (
            {"spectral_radius": -1.0},
            r"spectral_radius=-1.0: expected a finite number of at least 0",
        ),
        ({"input_scaling": float("inf")}, r"input_scaling=inf: expected a finite number"),
        ({"connectivity": 0.0}, r"connectivity=0.0: expected a number above 0 and at most 1"),
        ({"bias_scaling": -0.5}, r"bias_scaling=-0.5: expected a finite number of at least 0"),
        ({"seed": -3}, r"seed=-3: expected an integer of at least 0, or None"),
    ],
)
@pytest.mark.parametrize("build", [EchoState, EchoStateCell])
def test_bad_arguments(build: Any, arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        build(UNITS, **arguments)
