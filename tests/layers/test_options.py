"""Penalties and constraints: as the layer of Keras has them."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import pytest
from layer_material import UNITS, inputs_of
from oracles.cells import largest_error, randomise

from forecast import layers

NAMES = ["SimpleRNN", "LSTM", "GRU"]
PENALTIES = {
    "kernel_regularizer": keras.regularizers.L1(0.1),
    "recurrent_regularizer": keras.regularizers.L2(0.2),
    "bias_regularizer": keras.regularizers.L1L2(0.3, 0.4),
    "activity_regularizer": keras.regularizers.L2(0.5),
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
    for layer in (ours, stock):
        layer(inputs_of(name))
    losses = [[float(loss) for loss in layer.losses] for layer in (ours, stock)]
    assert len(losses[0]) == 1
    assert losses[0][0] > 0
    np.testing.assert_allclose(losses[0], losses[1], rtol=1e-6)
    again = type(ours).from_config(ours.get_config())
    assert again.get_config() == ours.get_config()
    assert ours.get_config()[option] == stock.get_config()[option]


@pytest.mark.parametrize("name", NAMES)
def test_steps_of_the_optimizer_equal_those_of_keras_under_constraints(name: str) -> None:
    models = []
    for layer in pair(name, **CONSTRAINTS, **PENALTIES, **reset_before(name)):
        model = keras.Sequential([layer])
        model.compile(keras.optimizers.SGD(0.1), "mse")
        model.fit(inputs_of(name), np.ones((3, UNITS), "float32"), epochs=3, verbose=0)
        models.append(model.get_weights())
    for actual, expected in zip(*models, strict=True):
        assert largest_error(actual, expected) < 1e-5
    kernel, recurrent, bias = models[0]
    assert np.linalg.norm(kernel, axis=0).max() <= 0.3 + 1e-6
    np.testing.assert_allclose(np.linalg.norm(recurrent, axis=0), 1, rtol=1e-5)
    assert (bias >= 0).all()


def test_unknown_option() -> None:
    with pytest.raises(ValueError, match="Unrecognized keyword arguments.*no_such"):
        layers.LSTM(3, no_such=1)
