"""One to many: what is known of a new series in, its course out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from forecast import engine
from forecast.checks import check_positive_integer
from forecast.draws import FeedBack
from forecast.futures import future_of
from forecast.heads import Absolute
from forecast.output import point_frame
from forecast.patterns.cold_start_model import NUM_HIDDEN, NUM_SEEDING, ColdStartModel
from forecast.patterns.inputs import Inputs
from forecast.patterns.learning import trained
from forecast.patterns.lessons import Material
from forecast.patterns.network import PatternNetwork, named_columns
from forecast.patterns.sequence import blank_state
from forecast.patterns.unseen import warn_of_unseen
from forecast.pipelines import CovariateSchema, Panel, read_frame, read_newcomers, write_frame
from forecast.store import StateStore

__all__ = ["ColdStartForecaster"]

# First steps of each series that are learned from, where neither horizon nor truncation say more.
_MOST_AGES = 192


class ColdStartForecaster(PatternNetwork):
    """One to many: a recurrent network forecasts a series of which nothing was seen yet.

    `y'_t = V h_t + b`, `h_t = f(h_{t-1}, (y_{t-1}, seen_{t-1}, s, c_t, age_t))`: static covariates
    s (kind of product, price class) and what is known ahead (c) go in at every step, and the value
    before once it has come; without it the same network forecasts from nothing. So a new series is
    a state like any other: `predict(static_df=)` forecasts it from its step 0, `update` absorbs
    its first rows, `predict` goes on from there. Absolute errors are minimised: the median.

    It learns from the first steps of all series, each hidden from a step on that is drawn anew for
    every update. `fc.compare_held_out` sets it beside mean curves and a ridge on the static
    covariates. Series that begin in the middle of their life (a panel cut at a date) teach it
    nothing about beginnings.

    Args:
        layer: "LSTM", "GRU", "SimpleRNN", or "Dense" for a network without memory.
        units: hidden units of a layer.
        num_layers: layers one above the other.
        training: how it is trained; its `truncation` is the number of first steps to learn from.
        seed: of the initial weights and all draws of the training.
        alias: name of the forecast column; "ColdStart" by default.

    Example:
        >>> import numpy as np, pandas as pd, forecast as fc
        >>> sizes = np.linspace(1.0, 2.0, 12)
        >>> df = pd.DataFrame({"unique_id": np.repeat(range(12), 8), "ds": np.tile(range(8), 12)})
        >>> df["size"] = sizes[df["unique_id"]]
        >>> df["y"] = df["size"] * 0.8 ** df["ds"]
        >>> few = fc.Training(num_steps=20, num_checks=1)
        >>> network = fc.ColdStartForecaster(units=4, training=few)
        >>> network = network.fit(df, horizon=8, static_covariates=["size"])
        >>> new = pd.DataFrame({"unique_id": ["new"], "ds": [100], "size": [1.5]})
        >>> network.predict(static_df=new)["ds"].tolist()
        [100, 101, 102, 103, 104, 105, 106, 107]
    """

    uses_past_covariates: ClassVar[bool] = False

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
        static_covariates: Sequence[str] | None = None,
        calendar_features: Sequence[str] | bool | None = None,
    ) -> Self:
        """Learn from the first steps of series, and stand at their end.

        Args:
            df: long frame (`unique_id`, `ds`, `y`, covariates) of series from their beginning on.
            horizon: steps from the beginning that matter; those of the longest series by default.
            freq: pandas alias or integer step; inferred by default.
            id_col: name of the id column.
            time_col: name of the time column.
            target_col: name of the value column.
            future_covariates: columns that are known ahead.
            static_covariates: columns of one entry a series, numbers or labels.
            calendar_features: such as `["month"]`, computed from the time.

        Returns:
            The forecaster.

        Raises:
            ValueError: if the frame or the horizon cannot be used; the message says why.
        """
        check_positive_integer("horizon", horizon, optional=True)
        columns = named_columns(
            id=id_col, time=time_col, target=target_col, future=future_covariates,
            static=static_covariates, calendar=calendar_features,
        )  # fmt: skip
        reading = read_frame(df, columns, freq)
        return self._fit(reading, None, horizon or int(reading.panel.lengths.max()))

    def predict(
        self, horizon: int | None = None, *, static_df: Any = None, future_df: Any = None
    ) -> Any:
        """Forecast new series from their step 0, or all series from where their states stand.

        Args:
            horizon: steps ahead, at least 1; that of `fit` by default.
            static_df: frame of one row a new series: id, static covariates, and the time of its
                first step (the one after the newest step seen, without that column). None
                forecasts the series of the states.
            future_df: covariates of these steps, as named in `fit`.

        Returns:
            `unique_id`, `ds` and a column named like the forecaster.

        Raises:
            NotFittedError: before `fit`.
            ValueError: for a horizon below 1, or covariates that are missing or of another kind
                than in training.
        """
        fitted = self._require_fitted()
        horizon = fitted.horizon if horizon is None else horizon
        check_positive_integer("horizon", horizon)
        store = self.store_ if static_df is None else self._begun(static_df)
        forecaster: Any = self
        future = future_of(forecaster, future_df, store, horizon)
        points = self._rolled(store.state, horizon, future)
        layout = self.layout_
        if static_df is not None:  # new ids need not be of the type of those before
            layout = replace(layout, id_dtype=None)
        frame = point_frame(store, layout.columns, self.name, points)
        return write_frame(frame, layout, self.name)

    def _begun(self, static_df: Any) -> StateStore:
        """The states of new series before their first step."""
        fitted, store = self._require_fitted(), self.store_
        start = store.frequency.shift(store.ends, np.ones(len(store.ids), dtype=np.int64)).max()
        panel = read_newcomers(static_df, self.layout_.columns, store.frequency, start)
        warn_of_unseen(fitted.encoding, panel)
        static = replace(
            fitted.encoding, schema=CovariateSchema(static=fitted.encoding.schema.static)
        ).apply(panel)
        known = np.zeros((panel.num_series, len(fitted.encoding.encoded.future)))
        known[:, known.shape[1] - fitted.encoding.num_spread :] = static.covariates.future
        state = engine.begin(fitted.model, np.full(panel.num_series, -1))
        ends = store.frequency.shift(panel.starts, np.full(panel.num_series, -1))
        return StateStore(panel.ids, ends, state, store.frequency, known)

    def _rolled(self, state: Any, horizon: int, future: NDArray) -> NDArray:
        """Point forecasts, `(num_rows, horizon)`."""
        model = self._require_fitted().model
        feedback = FeedBack(model.bounds(state.num_rows))
        return engine.roll(model, state, horizon, feedback, future)[:, 0]

    def _predicted(self, panel: Panel, horizon: int) -> NDArray:
        """Forecasts of the first steps of each series, from nothing, `(num_series, horizon)`."""
        state = engine.begin(self._require_fitted().model, np.full(panel.num_series, -1))
        return self._rolled(state, horizon, panel.futures(0, horizon))

    def _learn(self, panel: Panel, answers: None, horizon: int) -> tuple[Any, dict]:  # noqa: ARG002
        num_ages = self.training.cut.num_steps or max(horizon, _MOST_AGES)
        panel = panel.head(np.minimum(panel.lengths, num_ages))
        inputs = Inputs.of(panel)
        model = ColdStartModel(
            self._body(inputs.width + 1, 1), inputs, int(panel.lengths.max()),
            float(np.nanmin(panel.values)), float(np.nanmax(panel.values)),
        )  # fmt: skip
        block = panel.block(0, panel.lengths)
        features = model.features(blank_state(model, panel.num_series), block)
        targets = (block.values - inputs.centres[0]) * inputs.factors[0]
        material = Material(
            features, block.valid, np.where(block.observed, targets, 0.0).astype(np.float32),
            block.observed.astype(np.float64), num_hidden=NUM_HIDDEN,
        ).led(NUM_SEEDING)  # fmt: skip
        found, history = trained(
            model.body, material, self.training, Absolute().loss, self.seed, whole=True
        )
        return replace(model, body=found), history
