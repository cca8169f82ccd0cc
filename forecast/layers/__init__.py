"""Recurrent Keras layers and cells, written in `keras.ops`.

A cell is one step; a layer is the loop over time around its cell. Every class keeps the contract,
the gate order and the weight layout of the Keras class of the same name.
"""

from __future__ import annotations

from forecast.layers.echo_state import EchoState, EchoStateCell
from forecast.layers.gru import GRU, GRUCell
from forecast.layers.initializers import SpectralRadius
from forecast.layers.lstm import LSTM, LSTMCell
from forecast.layers.simple_rnn import SimpleRNN, SimpleRNNCell

__all__ = [
    "GRU",
    "LSTM",
    "EchoState",
    "EchoStateCell",
    "GRUCell",
    "LSTMCell",
    "SimpleRNN",
    "SimpleRNNCell",
    "SpectralRadius",
]
