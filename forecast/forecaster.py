"""The base of every forecaster: how it is fitted, and what it must say of itself."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any, ClassVar, Self

import numpy as np

from forecast.checks import check_positive_integer
from forecast.errors import NotFittedError
from forecast.fitting import Estimate, Task, fit_model
from forecast.pipelines import Columns, read_weighted
from forecast.serving import Serving
from forecast.store import StateStore
from forecast.tuned import Tuned

__all__ = ["Forecaster", "NotFittedError"]


class Forecaster(Serving, ABC):
    """Base of every forecaster: fit, predict, sample, condition, update, save.

    A subclass says how parameters are learned (`_estimate`); all the rest follows from the model's
    state (`Serving`). Fitted attributes end in an underscore.
    """

    role: ClassVar[str] = "other"
    """Place in a comparison: "naive", "linear", "classical", "network" or "other"."""
    point: ClassVar[str] = "median"
    """What the point forecast stands for: "median", or "mean" where squares were minimised."""
    closed_form: ClassVar[bool] = True
    """Fitted in closed form, so refitted at every cutoff of a backtest."""
    shares_fits: ClassVar[bool] = False
    """Whether equal forecasters of this class, not of a subclass, share fits in a backtest."""

    is_random: bool = True
    """Whether another `seed`, where it has one, gives other forecasts."""
    seeds_used: int = 1
    """Seeds in a row that a fit uses, from `seed` on; see `forecast.seeds`."""
    weight_columns: tuple[str, ...] = ()
    """Columns of the frame that say what each row counts in its training."""
    tuned: Tuned | None = None
    """The search that chose the settings, which a clone keeps: its seconds belong to the fit."""

    season_length: int | None = None
    alias: str | None = None

    @abstractmethod
    def _estimate(self, task: Task) -> Estimate:
        """Learn parameters from the training series of `task`."""

    def _complete(self, estimate: Estimate, task: Task) -> Estimate:  # noqa: ARG002
        """The estimate on all training series, after one on their earlier part; fitted anew."""
        return self._estimate(task)

    @property
    def name(self) -> str:  # type: ignore[override]
        """Name of the forecast columns: the alias, or the class ("LSTM" of LSTMForecaster)."""
        return self.alias or type(self).__name__.removesuffix("Forecaster")

    def fit(
        self,
        df: Any,
        horizon: int | None = None,
        *,
        freq: Any = None,
        id_col: str = "unique_id",
        time_col: str = "ds",
        target_col: str | Sequence[str] = "y",
        future_covariates: Sequence[str] | None = None,
        past_covariates: Sequence[str] | None = None,
        static_covariates: Sequence[str] | None = None,
        calendar_features: Sequence[str] | bool | None = None,
    ) -> Self:
        """Learn from a frame and stand at its end, ready to forecast.

        Args:
            df: long frame (`unique_id`, `ds`, `y`; id and time may be a MultiIndex), wide frame
                (a column a series) or Series.
            horizon: steps ahead that matter most; any horizon works when predicting. Two seasons
                by default.
            freq: pandas alias or integer step; inferred by default.
            id_col: name of the id column.
            time_col: name of the time column.
            target_col: name of the value column, or of several: the channels of each series.
            future_covariates: columns that are known ahead (price, weather forecast, holidays as 0
                and 1), numbers or labels; `predict` then asks for them as `future_df`. A step
                without a row takes those of the step before.
            past_covariates: columns known up to the last observation only (measured weather),
                numbers or labels; they may have gaps.
            static_covariates: columns of one entry a series (kind of shop), numbers or labels.
            calendar_features: such as `["hour_of_day", "day_of_week"]`, computed from the time,
                which needs no `future_df`; True for all that suit the frequency.

        Returns:
            The forecaster.

        Raises:
            ValueError: if the frame or the horizon cannot be used; the message says why.
        """
        check_positive_integer("horizon", horizon, optional=True)
        columns = Columns.named(
            id_col, time_col, target_col, future_covariates, past_covariates, static_covariates,
            calendar_features,
        )  # fmt: skip
        reading = self._arranged(read_weighted(df, columns, freq, self.weight_columns))
        fitted = fit_model(self, reading.panel, horizon)
        panel = fitted.encoding.apply(reading.panel)
        store = StateStore.of_history(fitted.model, panel, np.arange(panel.num_series))
        self.fitted_, self.store_, self.layout_ = fitted, store, reading.layout
        self.notes_, self.left_out_ = reading.notes, reading.left_out
        return self

    def clone(self) -> Self:
        """An unfitted forecaster with the same arguments."""
        copy = super().clone()
        if self.tuned is not None:
            copy.tuned = self.tuned
        return copy

    def save(self, path: Any) -> None:
        """Write parameters and states to one file (see `forecast.io`).

        Args:
            path: file to write; replaced as a whole, or left as it was.
        """
        from forecast.io import save

        self._require_fitted()
        save(self, path)

    def export(self, path: Any) -> None:
        """Write a TensorFlow SavedModel, which forecasts without this library.

        Its signatures are pure functions of arrays, one row a series: `step` (one new value and the
        state give the forecast of the next step and the new state), `batch` (the same over blocks,
        with masks for missing values and padding), `rollout` (the state and a horizon give the
        forecast of `predict`) and `initial_state`. Beside them stand the states of all series
        (`states.npz`), all names and shapes (`manifest.json`), and a guide with an example
        (`README.md`).

        A SavedModel is a program: load only those that you wrote yourself. The safe format, which
        executes nothing, is that of `save` and `fc.load`.

        Args:
            path: folder to make, such as a number for each version; it appears whole or not at all.

        Raises:
            NotFittedError: before `fit`.
            FileExistsError: if there is something already; an export replaces nothing.
            FileNotFoundError: if the folder around it does not exist.
            ValueError: for covariates, several channels, or a model without equations in
                TensorFlow; the message says which have them.

        Example:
            >>> import tempfile, forecast as fc
            >>> model = fc.AR(lags=9).fit(fc.load_dataset("sunspots"))
            >>> with tempfile.TemporaryDirectory() as folder:
            ...     model.export(f"{folder}/1")  # doctest: +SKIP
        """
        from forecast.io.export import export

        self._require_fitted()
        export(self, path)
