"""Many to one: a history in, one number about what follows out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Self

import numpy as np
import pandas as pd
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from forecast import engine
from forecast.checks import check_positive_integer
from forecast.fitting import default_horizon
from forecast.heads import Absolute
from forecast.models.training import Training
from forecast.patterns.inputs import Inputs
from forecast.patterns.learning import trained
from forecast.patterns.lessons import Material
from forecast.patterns.network import PatternNetwork, named_columns
from forecast.patterns.sequence import blank_state
from forecast.patterns.summary_model import SummaryModel, in_units
from forecast.pipelines import Panel, default_season, read_frame, write_frame

__all__ = ["SUMMARIES", "SummaryForecaster", "upcoming_summaries"]

SUMMARIES: dict[str, Any] = {"sum": np.sum, "mean": np.mean, "max": np.max, "min": np.min}


class SummaryForecaster(PatternNetwork):
    """Many to one: a recurrent network forecasts the sum (mean, highest, lowest) of what follows.

    `s'_t = u_t (V h_t + b)` for `s_t = sum(y_{t+1}, ..., y_{t+H})`, with u_t the mean `|y|` of the
    series so far, in units of which values go in, too. Every step of training is a sample. It is
    the median of the summary itself: the maximum of the steps' medians would lie too low.

    Args:
        summary: "sum", "mean", "max" or "min" of the next H steps.
        layer: "LSTM", "GRU", "SimpleRNN", or "Dense" for a network without memory.
        units: hidden units of a layer.
        num_layers: layers one above the other.
        training: how it is trained; with a `truncation` on stretches that begin from zero states.
        seed: of the initial weights and all draws of the training.
        alias: name of the forecast column; "Summary" by default.

    Example:
        >>> import forecast as fc
        >>> few = fc.Training(num_steps=5, num_checks=1)
        >>> network = fc.SummaryForecaster("max", units=4, training=few)
        >>> network.fit(fc.load_dataset("sunspots"), horizon=11).predict().shape
        (1, 3)
    """

    def __init__(
        self,
        summary: str = "sum",
        layer: str = "LSTM",
        units: int = 32,
        num_layers: int = 1,
        training: Training = Training(),  # noqa: B008 (frozen)
        seed: int = 0,
        alias: str | None = None,
    ) -> None:
        """Store the arguments."""
        super().__init__(layer, units, num_layers, training, seed, alias)
        if summary not in SUMMARIES:
            raise ValueError(f"`summary` must be one of {', '.join(SUMMARIES)}; got {summary!r}.")
        self.summary = summary

    def fit(
        self,
        df: Any,
        horizon: int | None = None,
        *,
        freq: Any = None,
        id_col: str = "unique_id",
        time_col: str = "ds",
        target_col: str = "y",
        future_covariates: Sequence[str] | None = None,
        past_covariates: Sequence[str] | None = None,
        static_covariates: Sequence[str] | None = None,
        calendar_features: Sequence[str] | bool | None = None,
    ) -> Self:
        """Learn from every step of the series, and stand at their end.

        Args:
            df: frame as for every forecaster.
            horizon: H, the steps that are summarised; two seasons by default. The network is
                fitted for this one.
            freq: pandas alias or integer step; inferred by default.
            id_col: name of the id column.
            time_col: name of the time column.
            target_col: name of the value column.
            future_covariates: columns of numbers or labels, read up to the step that it stands at.
            past_covariates: the same, with gaps.
            static_covariates: columns of one entry a series.
            calendar_features: such as `["month"]`, computed from the time.

        Returns:
            The forecaster.

        Raises:
            ValueError: if the frame cannot be used, or no series has H steps in a row after one.
        """
        check_positive_integer("horizon", horizon, optional=True)
        columns = named_columns(
            id=id_col, time=time_col, target=target_col, future=future_covariates,
            past=past_covariates, static=static_covariates, calendar=calendar_features,
        )  # fmt: skip
        reading = read_frame(df, columns, freq)
        horizon = horizon or default_horizon(default_season(reading.panel), reading.panel)
        answers = upcoming_summaries(reading.panel, self.summary, horizon)
        if np.isnan(answers).all():
            raise ValueError(
                f"no series has {horizon} steps in a row with values after another one; the "
                f"longest has {int(reading.panel.lengths.max())} steps. Give longer series, fill "
                "their gaps (fc.fill_gaps) or take a smaller horizon."
            )
        return self._fit(reading, answers, horizon)

    def predict(self, df: Any = None) -> Any:
        """Forecast the summary of the steps after each series.

        Args:
            df: other series, of the columns given to `fit`; by default those of the states.

        Returns:
            `unique_id`, `ds` (the last step seen) and a column named like the forecaster.

        Raises:
            NotFittedError: before `fit`.
            ValueError: if the frame cannot be used.
        """
        model = self._require_fitted().model
        reading, store = (None, self.store_) if df is None else self._standing(df)
        layout = self.layout_ if reading is None else reading.layout
        state = engine.inner(store.state)
        values = model.outputs(state)[:, 0] * model.units(state) * self._steps
        columns = layout.columns
        frame = pd.DataFrame({columns.id: store.ids, columns.time: store.ends, self.name: values})
        return write_frame(frame, layout)

    @property
    def _steps(self) -> int:
        """A sum is learned as the mean, and made a sum again."""
        return self._require_fitted().horizon if self.summary == "sum" else 1

    def _predicted(self, panel: Panel, horizon: int) -> NDArray:  # noqa: ARG002
        """The forecast made at each step of a panel, `(total_steps,)`."""
        model, block = self._require_fitted().model, panel.block(0, panel.lengths)
        state = blank_state(model, panel.num_series)
        outputs = model.read(state, block)[1][..., 0] * model.units(state, block)
        return outputs[block.valid] * self._steps

    def _learn(self, panel: Panel, answers: NDArray, horizon: int) -> tuple[Any, dict]:
        inputs = Inputs.of(in_units(panel))
        model = SummaryModel(self._body(inputs.width, 1), inputs)
        block = panel.block(0, panel.lengths)
        state = blank_state(model, panel.num_series)
        features, _ = model.features(state, block)
        targets = np.full(block.valid.shape, np.nan)
        targets[block.valid] = answers / (horizon if self.summary == "sum" else 1)
        targets /= model.units(state, block)
        material = Material(
            features, block.valid, np.nan_to_num(targets).astype(np.float32),
            (~np.isnan(targets)).astype(np.float64),
        )  # fmt: skip
        found, history = trained(model.body, material, self.training, Absolute().loss, self.seed)
        return replace(model, body=found), history


def upcoming_summaries(panel: Panel, summary: str, horizon: int) -> NDArray[np.float64]:
    """The summary of the `horizon` steps after each step of a panel, `(total_steps,)`.

    NaN where one of these steps is missing or beyond the end.
    """
    parts = []
    for i in range(panel.num_series):
        led = np.concatenate([panel.row(i)[1:], np.full(horizon, np.nan)])
        parts.append(SUMMARIES[summary](sliding_window_view(led, horizon), axis=1))
    return np.concatenate(parts)
