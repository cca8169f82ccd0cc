"""The recurrent networks as forecasters."""

from __future__ import annotations

from typing import Any, ClassVar

from forecast.checks import check_positive_integer
from forecast.fitting import Task
from forecast.models.design import NetworkDesign
from forecast.models.forecaster import LARGE_PANEL
from forecast.models.start import started_form
from forecast.models.trained import TrainedForecaster
from forecast.models.training import Training

__all__ = ["GRUForecaster", "LSTMForecaster", "RNNForecaster"]


class RecurrentForecaster(TrainedForecaster):
    """Recurrent layers one above the other."""

    def __init__(
        self,
        units: int | None = None,
        num_layers: int | None = None,
        training: Training = Training(),  # noqa: B008 (frozen)
        season_length: int | None = None,
        seed: int = 0,
        alias: str | None = None,
        design: NetworkDesign = NetworkDesign(),  # noqa: B008 (frozen)
    ) -> None:
        """Store the arguments."""
        check_positive_integer("num_layers", num_layers, optional=True)
        super().__init__(units, training, season_length, seed, alias, design)
        self.num_layers = num_layers

    def _sizes(self, task: Task) -> dict[str, Any]:
        """As given, as those of a start, or by the amount of data."""
        units, num_layers = (64, 2) if task.panel.num_rows >= LARGE_PANEL else (32, 1)
        if self.training.run.start is not None:
            form = started_form(self.training.run.start)
            units, num_layers = form.units, form.num_layers
        return {"units": self.units or units, "num_layers": self.num_layers or num_layers}


class RNNForecaster(RecurrentForecaster):
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


class LSTMForecaster(RecurrentForecaster):
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


class GRUForecaster(RecurrentForecaster):
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
