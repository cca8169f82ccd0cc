"""Cells of the user's in encoder and decoder."""

from __future__ import annotations

import json

import keras
import numpy as np
import pytest
from keras import ops
from seq2seq_material import form_of, randomised, windows

import forecast as fc
from forecast.archive.errors import BundleError
from forecast.archive.npy import ArrayHeader
from forecast.io.codec import decode_value, encode_value
from forecast.io.network_shapes import check_window_weights
from forecast.models.seq2seq.cells import cell_text
from forecast.models.windowed.body import WindowBody


@keras.saving.register_keras_serializable(package="tests")
class LeakyCell(keras.layers.Layer):
    """`h' = (1 - a) h + a tanh(W x)`."""

    def __init__(
        self, units: int, leak: float = 0.3, kernel_initializer="glorot_uniform", **options
    ):
        super().__init__(**options)
        self.kernel_initializer = keras.initializers.get(kernel_initializer)
        self.units = self.state_size = self.output_size = units
        self.leak = leak

    def build(self, input_shape):
        shape = (input_shape[-1], self.units)
        self.kernel = self.add_weight(shape=shape, initializer=self.kernel_initializer)
        self.built = True

    def call(self, inputs, states):
        state = (1.0 - self.leak) * states[0] + self.leak * ops.tanh(inputs @ self.kernel)
        return state, [state]

    def get_config(self):
        drawn = keras.initializers.serialize(self.kernel_initializer)
        own = {"units": self.units, "leak": self.leak, "kernel_initializer": drawn}
        return super().get_config() | own


class UnknownCell(LeakyCell):
    """Not registered."""


def headers(form):
    return {
        f"weight.{index}": ArrayHeader(np.dtype("f4"), weight.shape, is_fortran=False)
        for index, weight in enumerate(WindowBody(form).weights)
    }


def test_stock_cell_is_the_layer_of_its_name():
    rest = {"bidirectional": True, "attention": "dot", "num_layers": 2}
    stock = form_of(cell=keras.layers.GRUCell(3, reset_after=False), **rest)
    named = form_of(cell="GRU", **rest)
    weights, inputs = randomised(named), windows()
    np.testing.assert_allclose(
        WindowBody(stock, weights).corrections(inputs),
        WindowBody(named, weights).corrections(inputs),
        rtol=1e-5, atol=1e-6,
    )  # fmt: skip


def test_own_cell_is_built_anew_with_the_seed():
    one, two = (form_of(2, cell=LeakyCell(2, leak=0.4), context="input") for _ in range(2))
    assert one == two and hash(one) == hash(two)
    keras.utils.set_random_seed(3)
    first, second = WindowBody(one), WindowBody(two)
    for weight, other in zip(first.weights, second.weights, strict=True):
        np.testing.assert_array_equal(weight, other)
    cell = first.trainable().network.encoder.forward[0].cell
    assert isinstance(cell, LeakyCell) and cell.leak == 0.4
    assert np.isfinite(first.corrections(windows())).all()


def test_cell_travels_in_a_bundle_as_text():
    form = form_of(2, cell=LeakyCell(2))
    assert decode_value(json.loads(json.dumps(encode_value(form)))) == form
    check_window_weights(encode_value(form), headers(form))
    larger = form_of(2, cell=LeakyCell(3))
    with pytest.raises(BundleError, match="weights in all; the file holds"):
        check_window_weights(encode_value(larger), headers(form))
    huge = encode_value(form_of(2, cell="GRU"))
    huge["fields"]["units"] = 10**9
    with pytest.raises(BundleError, match="size in its layers"):
        check_window_weights(huge, headers(form))


def test_what_is_no_cell_is_refused():
    with pytest.raises(ValueError, match=r"UnknownCell is a class of your own: decorate it"):
        fc.Seq2SeqDesign(UnknownCell(2))
    with pytest.raises(ValueError, match="Dense must be one recurrent cell"):
        fc.Seq2SeqDesign(keras.layers.Dense(2))
    stacked = keras.layers.StackedRNNCells([keras.layers.LSTMCell(2), keras.layers.LSTMCell(2)])
    with pytest.raises(ValueError, match="Stack layers by num_layers"):
        fc.Seq2SeqDesign(stacked)
    with pytest.raises(ValueError, match="one of LSTM, GRU, SimpleRNN or a Keras cell; got 'gru'"):
        fc.Seq2SeqDesign("gru")
    with pytest.raises(TypeError, match="or a Keras cell; got 3"):
        fc.Seq2SeqDesign(3)
    with pytest.raises(ValueError, match="units=4 was given beside a cell"):
        fc.Seq2SeqForecaster(4, design=fc.Seq2SeqDesign(keras.layers.GRUCell(3)))


def test_file_cannot_name_a_class_to_be_imported():
    text = json.loads(cell_text(LeakyCell(2)))
    text["class"] |= {"module": "os", "class_name": "system", "registered_name": "system"}
    form = form_of(2, cell=json.dumps(text))
    with pytest.raises(ValueError, match="system is a class of your own"):
        WindowBody(form)
