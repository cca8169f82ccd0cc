"""Keras layers and cells over time, written in `keras.ops`.

A cell is one step; a layer is the loop over time around its cell. Every class keeps the contract,
the gate order and the weight layout of the Keras class of the same name. Causal layers (a temporal
convolution, a transformer) compute all steps at once; `Window` makes recurrent ones of them.
"""

from __future__ import annotations

from forecast.layers.causal_transformer import CausalTransformer, CausalTransformerBlock
from forecast.layers.chrono_bias import ChronoBias
from forecast.layers.clamped_cell import ClampedCell
from forecast.layers.conv_lstm import ConvLSTM, ConvLSTMCell
from forecast.layers.deep_cells import DeepOutputCell, DeepTransitionCell
from forecast.layers.echo_state import EchoState, EchoStateCell
from forecast.layers.gru import GRU, GRUCell
from forecast.layers.initial_state import InitialState
from forecast.layers.initializers import ScaledIdentity, SpectralRadius
from forecast.layers.lstm import LSTM, LSTMCell
from forecast.layers.rnn import RNN
from forecast.layers.series_cell import SeriesCell
from forecast.layers.simple_rnn import SimpleRNN, SimpleRNNCell
from forecast.layers.teaching_signal import TeachingSignal
from forecast.layers.temporal_convolution import TemporalConvolution, TemporalConvolutionBlock
from forecast.layers.window import Window, WindowCell

__all__ = [
    "GRU",
    "LSTM",
    "RNN",
    "CausalTransformer",
    "CausalTransformerBlock",
    "ChronoBias",
    "ClampedCell",
    "ConvLSTM",
    "ConvLSTMCell",
    "DeepOutputCell",
    "DeepTransitionCell",
    "EchoState",
    "EchoStateCell",
    "GRUCell",
    "InitialState",
    "LSTMCell",
    "ScaledIdentity",
    "SeriesCell",
    "SimpleRNN",
    "SimpleRNNCell",
    "SpectralRadius",
    "TeachingSignal",
    "TemporalConvolution",
    "TemporalConvolutionBlock",
    "Window",
    "WindowCell",
]
