"""The trained networks as forecasters."""

from __future__ import annotations

from typing import ClassVar

from forecast.models.trained import TrainedForecaster

__all__ = ["GRUForecaster", "LSTMForecaster", "RNNForecaster"]


class RNNForecaster(TrainedForecaster):
    """A recurrent network, `h' = tanh(W x + U h + b)`, that corrects a linear forecast.

    `y[t+h] = w_1 AR + w_2 PooledAR + w_3 (linear forecast + unit * network)`: the network
    corrects a recursive pooled autoregression. Its corrections start at zero, and the weights,
    from origins inside the training part, may leave it out; `choices_` says what each part
    contributes. A series that was not fitted on is forecast without AR, which knows its own
    series only.

    Args:
        units: hidden units of a layer; 32 below 20,000 rows of data, else 64, by default.
        num_layers: recurrent layers one above the other; 1 below 20,000 rows, else 2, by default.
        training: how it is trained.
        season_length: steps in a season, at least 1; from the frequency and the data by default.
        seed: of the initial weights and the order of the training sequences.
        alias: name of the forecast column; the class by default.
        design: what it emits (a point, quantiles or a distribution, of one step or several at
            once), and whether linear forecasters stand beside it.
    """

    _layer: ClassVar[str] = "SimpleRNN"


class LSTMForecaster(TrainedForecaster):
    """A long short-term memory network that corrects a linear forecast.

    `y[t+h] = w_1 AR + w_2 PooledAR + w_3 (linear forecast + unit * network)`: the network
    corrects a recursive pooled autoregression. Its corrections start at zero, and the weights,
    from origins inside the training part, may leave it out; `choices_` says what each part
    contributes. A series that was not fitted on is forecast without AR, which knows its own
    series only.

    Args:
        units: hidden units of a layer; 32 below 20,000 rows of data, else 64, by default.
        num_layers: recurrent layers one above the other; 1 below 20,000 rows, else 2, by default.
        training: how it is trained.
        season_length: steps in a season, at least 1; from the frequency and the data by default.
        seed: of the initial weights and the order of the training sequences.
        alias: name of the forecast column; the class by default.
        design: what it emits (a point, quantiles or a distribution, of one step or several at
            once), and whether linear forecasters stand beside it.
    """

    _layer: ClassVar[str] = "LSTM"


class GRUForecaster(TrainedForecaster):
    """A gated recurrent network that corrects a linear forecast.

    `y[t+h] = w_1 AR + w_2 PooledAR + w_3 (linear forecast + unit * network)`: the network
    corrects a recursive pooled autoregression. Its corrections start at zero, and the weights,
    from origins inside the training part, may leave it out; `choices_` says what each part
    contributes. A series that was not fitted on is forecast without AR, which knows its own
    series only.

    Args:
        units: hidden units of a layer; 32 below 20,000 rows of data, else 64, by default.
        num_layers: recurrent layers one above the other; 1 below 20,000 rows, else 2, by default.
        training: how it is trained.
        season_length: steps in a season, at least 1; from the frequency and the data by default.
        seed: of the initial weights and the order of the training sequences.
        alias: name of the forecast column; the class by default.
        design: what it emits (a point, quantiles or a distribution, of one step or several at
            once), and whether linear forecasters stand beside it.
    """

    _layer: ClassVar[str] = "GRU"
