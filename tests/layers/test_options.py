"""Penalties and constraints: as the layer of Keras has them."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import pytest
from layer_material import BATCH, UNITS, inputs_of, states_of, values_and_gradients
from oracles.cells import largest_error, randomise

from forecast import layers

NAMES = ["SimpleRNN", "LSTM", "GRU"]
PENALTIES = {
    "kernel_regularizer": keras.regularizers.L1(0.1),
    "recurrent_regularizer": keras.regularizers.L2(0.2),
    "bias_regularizer": keras.regularizers.L1L2(0.3, 0.4),
}
CONSTRAINTS = {
    "kernel_constraint": keras.constraints.MaxNorm(0.3),
    "recurrent_constraint": keras.constraints.UnitNorm(),
    "bias_constraint": keras.constraints.NonNeg(),
}


def pair(name: str, **options: Any) -> list[Any]:
    """Return our layer and the one of Keras, with the same weights."""
    pair = [getattr(module, name)(UNITS, **options) for module in (layers, keras.layers)]
    for layer in pair:
        layer.build(inputs_of(name).shape)
        randomise(layer, seed=1)
    return pair


def reset_before(name: str) -> dict[str, Any]:
    return {"reset_after": False} if name == "GRU" else {}


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("option", PENALTIES)
def test_penalty_is_that_of_keras(name: str, option: str) -> None:
    ours, stock = pair(name, **{option: PENALTIES[option]}, **reset_before(name))
    losses = [[float(loss) for loss in layer.losses] for layer in (ours, stock)]
    assert len(losses[0]) == 1
    assert losses[0][0] > 0
    np.testing.assert_allclose(losses[0], losses[1], rtol=1e-6)
    again = type(ours).from_config(ours.get_config())
    assert again.get_config() == ours.get_config()
    assert ours.get_config()[option] == stock.get_config()[option]


@pytest.mark.parametrize("name", NAMES)
def test_penalty_on_the_outputs(name: str) -> None:
    """Keras 3.15 forgets that of its own SimpleRNN, so this is the formula: a mean over rows."""
    layer = getattr(layers, name)(UNITS, activity_regularizer=keras.regularizers.L2(0.5))
    output = np.asarray(layer(inputs_of(name)))
    assert float(layer.losses[0]) == pytest.approx(0.5 * (output**2).sum() / BATCH, rel=1e-6)
    again = type(layer).from_config(layer.get_config())
    assert again.get_config() == layer.get_config()
    assert again.activity_regularizer.l2 == pytest.approx(0.5)


@pytest.mark.parametrize("name", NAMES)
def test_a_step_of_the_optimizer_equals_that_of_keras_under_constraints(name: str) -> None:
    weights = []
    for layer in pair(name, **CONSTRAINTS, **reset_before(name)):
        results = values_and_gradients(layer, inputs_of(name), states_of(layer))
        gradients = [keras.ops.convert_to_tensor(part) for part in results[-3:]]
        keras.optimizers.SGD(0.1).apply(gradients, layer.trainable_variables)
        weights.append(layer.get_weights())
    for actual, expected in zip(*weights, strict=True):
        assert largest_error(actual, expected) < 1e-5
    kernel, recurrent, bias = weights[0]
    assert np.linalg.norm(kernel, axis=0).max() <= 0.3 + 1e-6
    np.testing.assert_allclose(np.linalg.norm(recurrent, axis=0), 1, rtol=1e-5)
    assert (bias >= 0).all()


def test_unknown_option() -> None:
    with pytest.raises(ValueError, match=r"Unrecognized keyword arguments.*no_such"):
        layers.LSTM(3, no_such=1)
