"""The convolutional LSTM equals that of Keras, and the LSTM where there is one place."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import pytest
from layer_material import BATCH, FEATURES, STEPS, UNITS, states_of, values_and_gradients
from oracles.cells import largest_error, randomise

from forecast import layers

STOCK = {1: keras.layers.ConvLSTM1D, 2: keras.layers.ConvLSTM2D}
PLACES = {1: (7,), 2: (6, 5)}
CASES: list[tuple[int, dict[str, Any]]] = [
    (1, {"kernel_size": 3}),
    (1, {"kernel_size": 2, "padding": "same", "strides": 2, "activation": "softsign"}),
    (1, {"kernel_size": 2, "dilation_rate": 2, "use_bias": False}),
    (1, {"kernel_size": 3, "dropout": 0.3, "recurrent_dropout": 0.4, "seed": 2}),
    (1, {"kernel_size": 3, "dropout": 0.3, "seed": 2}),
    (2, {"kernel_size": (3, 2), "padding": "same", "recurrent_activation": "hard_sigmoid"}),
    (2, {"kernel_size": 2, "strides": (2, 1)}),
]


def sequences(rank: int) -> np.ndarray:
    rng = np.random.default_rng(0)
    return rng.normal(size=(BATCH, STEPS, *PLACES[rank], FEATURES)).astype("float32")


@pytest.mark.parametrize("masked", [False, True])
@pytest.mark.parametrize(("rank", "arguments"), CASES, ids=str)
def test_equals_stock_keras(rank: int, arguments: dict[str, Any], masked: bool) -> None:
    """Values and gradients, with dropout too; under a mask whose first step is unmasked."""
    loop = {"return_sequences": True, "return_state": True}
    ours = layers.ConvLSTM(UNITS, rank=rank, **arguments, **loop)
    stock = STOCK[rank](UNITS, **arguments, **loop)
    inputs = sequences(rank)
    for layer in (ours, stock):
        layer.build(inputs.shape)
        randomise(layer, seed=5)
    mask = np.array([[1, 1, 1, 1, 1, 1], [1, 0, 1, 1, 0, 1], [1, 1, 0, 0, 0, 0]], bool)
    pair = [
        values_and_gradients(
            layer, inputs, states_of(ours), mask if masked else None, "seed" in arguments
        )
        for layer in (ours, stock)
    ]
    for actual, expected in zip(*pair, strict=True):
        assert largest_error(actual, expected) < 1e-5
    assert ours.compute_output_shape(inputs.shape) == stock.compute_output_shape(inputs.shape)


@pytest.mark.parametrize("output_gate", [True, False])
def test_of_one_place_it_is_the_lstm(output_gate: bool) -> None:
    options = {"return_sequences": True, "output_gate": output_gate}
    plain = layers.LSTM(UNITS, **options)
    convolution = layers.ConvLSTM(UNITS, 1, rank=1, **options)
    inputs = sequences(1)[:, :, 0]
    plain.build(inputs.shape)
    randomise(plain, seed=3)
    convolution.build(inputs[:, :, None].shape)
    kernel, recurrent, bias = plain.get_weights()
    convolution.set_weights([kernel[None], recurrent[None], bias])
    actual = np.asarray(convolution(inputs[:, :, None]))[:, :, 0]
    assert largest_error(actual, plain(inputs)) < 1e-6


def test_config_round_trip() -> None:
    layer = layers.ConvLSTM(
        3, (2, 3), strides=2, padding="same", output_gate=False, dropout=0.1, return_sequences=True
    )
    again = layers.ConvLSTM.from_config(layer.get_config())
    assert again.get_config() == layer.get_config()
    assert layer.get_config()["filters"] == 3
    assert "units" not in layer.get_config()


def test_refusals() -> None:
    with pytest.raises(ValueError, match=r"kernel_size=\(1, 2, 3\): expected .* 2 of them"):
        layers.ConvLSTMCell(3, (1, 2, 3))
    with pytest.raises(ValueError, match="strides=0: expected an integer of at least 1"):
        layers.ConvLSTMCell(3, 2, strides=0)
    with pytest.raises(ValueError, match="padding='full': expected"):
        layers.ConvLSTMCell(3, 2, padding="full")
    with pytest.raises(ValueError, match="all but batch fixed"):
        layers.ConvLSTMCell(3, 2, rank=1).build((None, None, 2))
