"""The encoder-decoder network as a forecaster."""

from __future__ import annotations

from dataclasses import replace
from typing import ClassVar

from forecast.models.seq2seq.design import Seq2SeqDesign
from forecast.models.seq2seq.form import Seq2SeqForm
from forecast.models.training import Training
from forecast.models.windowed.design import WindowDesign
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
        training: how it is trained, by default on the decoder's own outputs. With
            `teacher_forcing` it is fed the truth of the step before, which it lacks when it
            forecasts.
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
        training: Training = Training(teacher_forcing=0.0),  # noqa: B008 (frozen)
        season_length: int | None = None,
        seed: int = 0,
        alias: str | None = None,
        design: Seq2SeqDesign = Seq2SeqDesign(),  # noqa: B008 (frozen)
    ) -> None:
        """Store the arguments."""
        self._store(
            units=units, num_layers=num_layers, training=training, season_length=season_length,
            seed=seed, alias=alias, design=design,
        )  # fmt: skip

    def _form(self, view: WindowView, units: int, num_layers: int) -> Seq2SeqForm:
        parts = replace(self.design, window=WindowDesign())  # what the layers do not depend on
        return Seq2SeqForm(parts, units, num_layers, view.num_features, view.num_ahead, self.seed)
