"""Networks whose state is a window, as forecasters: a convolution and a transformer."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

from forecast.checks import check_positive_integer
from forecast.fitting import Task
from forecast.models.design import NetworkDesign
from forecast.models.forecaster import LARGE_PANEL
from forecast.models.start import started_form
from forecast.models.trained import TrainedForecaster
from forecast.models.training import Training

__all__ = ["TemporalConvolutionForecaster", "TransformerForecaster"]

_FEWEST_STEPS, _MOST_STEPS = 16, 96


class CausalForecaster(TrainedForecaster):
    """A causal network that sees a number of last steps."""

    _multiple: ClassVar[int] = 1
    """What the number of units must be a multiple of."""
    # An average was measured for recurrent layers only.
    _default_readout: ClassVar[str] = "trained"

    def __init__(
        self,
        units: int | None = None,
        context_length: int | None = None,
        training: Training = Training(),  # noqa: B008 (frozen)
        season_length: int | None = None,
        seed: int = 0,
        alias: str | None = None,
        design: NetworkDesign = NetworkDesign(),  # noqa: B008 (frozen)
    ) -> None:
        """Store the arguments."""
        check_positive_integer("context_length", context_length, optional=True)
        if context_length == 1:
            raise ValueError(
                "context_length=1: expected at least 2 steps; what needs no step before the last "
                "one is a linear forecaster such as fc.PooledAR()."
            )
        super().__init__(units, training, season_length, seed, alias, design)
        if units is not None and units % self._multiple:
            raise ValueError(f"units={units}: expected an even number, such as {units + 1}.")
        self.context_length = context_length

    def _sizes(self, task: Task) -> dict[str, Any]:
        """As given, as those of a start, or by the season and the amount of data."""
        units = 64 if task.panel.num_rows >= LARGE_PANEL else 32
        seen = int(np.clip(2 * task.season.length, _FEWEST_STEPS, _MOST_STEPS))
        if self.training.run.start is not None:
            form = started_form(self.training.run.start)
            units, seen = form.units, form.options.get("context_length", seen)
        options = {"context_length": self.context_length or seen}
        return {"units": self.units or units, "num_layers": 1, "options": options}


class TemporalConvolutionForecaster(CausalForecaster):
    """A causal temporal convolution that corrects a linear forecast.

    `y[t+h] = w_1 AR + w_2 PooledAR + w_3 (linear forecast + unit * network)`: the network
    corrects a recursive pooled autoregression. Its state is a window of the last steps, which it
    reads anew at each step; it learns from all steps of a sequence at once. Its corrections start
    at zero, and the weights, from origins inside the training part, may leave it out; `choices_`
    says what each part contributes. A series that was not fitted on is forecast without AR, which
    knows its own series only.

    Args:
        units: filters of each convolution; 32 below 20,000 rows of data, else 64, by default.
        context_length: steps that the network sees, at least 2; the number of blocks, each of them
            dilated twice as far as the one before, follows from it. Two seasons, at least 16 and
            at most 96, by default; what is older reaches the forecast through the linear parts and
            the features, which know the seasonal lags.
        training: how it is trained.
        season_length: steps in a season, at least 1; from the frequency and the data by default.
        seed: of the initial weights and the order of the training sequences.
        alias: name of the forecast column; the class by default.
        design: what it emits (a point, quantiles or a distribution, of one step or several at
            once), and whether linear forecasters stand beside it.

    Raises:
        ValueError: for a number out of its range.

    Source: Bai, Kolter and Koltun (2018), "An empirical evaluation of generic convolutional and
    recurrent networks for sequence modeling".
    """

    _layer: ClassVar[str] = "TemporalConvolution"


class TransformerForecaster(CausalForecaster):
    """A small causal transformer, two blocks of attention, that corrects a linear forecast.

    `y[t+h] = w_1 AR + w_2 PooledAR + w_3 (linear forecast + unit * network)`: the network
    corrects a recursive pooled autoregression. Its state is a window of the last steps, which it
    reads anew at each step; it learns from all steps of a sequence at once. Its corrections start
    at zero, and the weights, from origins inside the training part, may leave it out; `choices_`
    says what each part contributes. A series that was not fitted on is forecast without AR, which
    knows its own series only.

    Args:
        units: width of each block, even; 32 below 20,000 rows of data, else 64, by default.
        context_length: steps that the network sees, at least 2, half of them in each block. Two
            seasons, at least 16 and at most 96, by default; what is older reaches the forecast
            through the linear parts and the features, which know the seasonal lags.
        training: how it is trained.
        season_length: steps in a season, at least 1; from the frequency and the data by default.
        seed: of the initial weights and the order of the training sequences.
        alias: name of the forecast column; the class by default.
        design: what it emits (a point, quantiles or a distribution, of one step or several at
            once), and whether linear forecasters stand beside it.

    Raises:
        ValueError: for a number out of its range, or an odd number of units.

    Source: Vaswani et al. (2017), "Attention is all you need".
    """

    _layer: ClassVar[str] = "CausalTransformer"
    _multiple: ClassVar[int] = 2
