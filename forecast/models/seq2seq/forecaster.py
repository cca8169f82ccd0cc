"""The encoder-decoder network as a forecaster."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, ClassVar

import pandas as pd

from forecast import engine
from forecast.checks import check_positive_integer
from forecast.futures import future_of
from forecast.models.mixture import network_in, network_state
from forecast.models.seq2seq.cells import CELLS, cell_units
from forecast.models.seq2seq.design import Seq2SeqDesign
from forecast.models.seq2seq.form import Seq2SeqForm
from forecast.models.training import Training
from forecast.models.windowed.design import WindowDesign
from forecast.models.windowed.explanation import attention_frame
from forecast.models.windowed.forecaster import WindowedForecaster
from forecast.models.windowed.view import WindowView

__all__ = ["Seq2SeqForecaster"]


class Seq2SeqForecaster(WindowedForecaster):
    """An encoder reads the newest steps, a decoder corrects a linear forecast of those that follow.

    `y[t+h] = w_1 AR + w_2 PooledAR + w_3 (linear forecast + unit * decoder_h)`, h = 1 ... k: the
    encoder's last state, and what the decoder attends to, are all that it knows of the window; see
    `fc.Seq2SeqDesign`. Its corrections start at zero, and the weights, from origins inside the
    training part, may leave it out; `choices_` says what each part contributes. The decoder runs
    for k steps, the horizon of the fit by default; a longer horizon feeds them back as a block. A
    series that was not fitted on is forecast without AR, which knows its own series only.

    Args:
        units: units of a layer; 32 below 20,000 rows of data, else 64, by default.
        num_layers: recurrent layers of encoder and decoder, one above the other; 1 by default.
        training: how it is trained, by default on the decoder's own outputs: what
            `teacher_forcing` feeds, the truth of the step before, it lacks when it forecasts.
        season_length: steps in a season, at least 1; from the frequency and the data by default.
        seed: of the initial weights and the order of the training windows.
        alias: name of the forecast column; the class by default.
        design: its parts, and how much it reads and emits.

    Example:
        >>> import forecast as fc
        >>> model = fc.Seq2SeqForecaster(units=4, training=fc.Training(num_steps=1))
        >>> model.fit(fc.load_dataset("sunspots"), horizon=3).predict().shape
        (3, 3)
    """

    _design: ClassVar[type] = Seq2SeqDesign

    def __init__(
        self,
        units: int | None = None,
        num_layers: int | None = None,
        training: Training = Training(),  # noqa: B008 (frozen)
        season_length: int | None = None,
        seed: int = 0,
        alias: str | None = None,
        design: Seq2SeqDesign = Seq2SeqDesign(),  # noqa: B008 (frozen)
    ) -> None:
        """Store the arguments."""
        if units is not None and getattr(design, "cell", "LSTM") not in CELLS:
            raise ValueError(
                f"units={units!r} was given beside a cell, which has units of its own: leave it "
                "away, or name the cell, as in cell='GRU'."
            )
        self._store(
            units=units, num_layers=num_layers, training=training, season_length=season_length,
            seed=seed, alias=alias, design=design,
        )  # fmt: skip

    def _size(self, num_rows: int) -> tuple[int, int]:
        units, num_layers = super()._size(num_rows)
        cell = self.design.cell
        return (units if cell in CELLS else cell_units(cell)), num_layers

    def explain(
        self, horizon: int | None = None, *, df: Any = None, future_df: Any = None
    ) -> pd.DataFrame:
        """Which past steps each forecast looked at: the weights of attention.

        Args:
            horizon: steps ahead, at least 1; that of `fit` by default. Beyond the block length the
                forecasts of the blocks before can be attended to, too.
            df: another history to forecast from; the forecaster is left as it is.
            future_df: covariates of these steps, as for `predict`.

        Returns:
            A long pandas frame: id, time of the step ahead, `attended`, the time of the step that
            was looked at, and `weight`; those of a step ahead sum to 1. `fc.plot_attention` draws
            it.

        Raises:
            NotFittedError: before `fit`.
            ValueError: for a network without attention, or as of `predict`.

        Example:
            >>> import forecast as fc
            >>> design = fc.Seq2SeqDesign(attention="dot", window=fc.WindowDesign(11))
            >>> model = fc.Seq2SeqForecaster(4, training=fc.Training(num_steps=1), design=design)
            >>> weights = model.fit(fc.load_dataset("sunspots"), horizon=3).explain()
            >>> weights.shape, round(float(weights["weight"].sum()), 3)
            ((33, 4), 3.0)
        """
        fitted = self._require_fitted()
        network = network_in(fitted.model)
        if not network.body.attends:
            raise ValueError(
                f"{self.name} was fitted without attention, so no weight says what it looked at: "
                'take design=fc.Seq2SeqDesign(attention="additive"), or "dot", and fit again.'
            )
        horizon = fitted.horizon if horizon is None else horizon
        check_positive_integer("horizon", horizon)
        store = self.store_ if df is None else self._condition(self._read(df).panel)
        future = future_of(self, future_df, store, horizon)
        state = network_state(fitted.model, engine.inner(store.state))
        return attention_frame(network, state, store, self.layout_.columns, future)

    def _form(self, view: WindowView, units: int, num_layers: int) -> Seq2SeqForm:
        parts = replace(self.design, window=WindowDesign())  # what the layers do not depend on
        return Seq2SeqForm(parts, units, num_layers, view.num_features, view.num_ahead, self.seed)
