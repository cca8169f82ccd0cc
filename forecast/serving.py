"""What a fitted forecaster does from its states: forecast, sample, move on."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from forecast import engine
from forecast.checks import check_levels, check_positive_integer
from forecast.covariate_use import refuse_other_static, used_columns
from forecast.draws import series_key
from forecast.findings import Findings
from forecast.futures import future_of
from forecast.intervals import interval_limits, kind_of_intervals, path_limits
from forecast.output import interval_names, point_frame, sample_frame
from forecast.parameters import Parameters
from forecast.pipelines import Columns, Layout, Panel, Reading, read_frame, write_frame
from forecast.protocol import can_learn
from forecast.store import StateStore
from forecast.succession import refuse_other_ids

__all__ = ["Serving"]


class Serving(Parameters, Findings):
    """Base of forecasters: all that follows from fitted states, written once for all of them.

    Attributes:
        fitted_: the model, its season and its calibration.
        store_: the state of every series.
        layout_: shape of the user's frame.
        notes_: what was done to the data, in sentences.
        left_out_: ids of series without any value.
    """

    takes_new_series: ClassVar[bool] = True
    """Global: forecasts series that it was not fitted on."""
    uses_covariates: ClassVar[bool] = False
    """Forecasts with covariates that are known ahead; others leave them aside."""
    uses_past_covariates: ClassVar[bool] = False
    """Forecasts with covariates that are known up to the last observation."""
    uses_static_covariates: ClassVar[bool] = False
    """Forecasts with covariates of one entry a series, which stand last among those known ahead."""

    intervals: str = "conformal"

    layout_: Layout
    notes_: tuple[str, ...]
    left_out_: tuple[Any, ...]

    def predict(
        self,
        horizon: int | None = None,
        level: Any = None,
        *,
        df: Any = None,
        future_df: Any = None,
        intervals: str | None = None,
    ) -> Any:
        """Forecast from where the states stand.

        Args:
            horizon: steps ahead, at least 1; that of `fit` by default.
            level: percentages of central intervals, such as `[80, 95]`; none by default.
            df: another history to forecast from, of the columns given to `fit`; the forecaster
                itself is left as it is.
            future_df: long frame with the covariates of the `horizon` steps after each series, as
                named in `fit`; more rows do no harm.
            intervals: "conformal" (errors at origins of the training data), "adaptive" (the same,
                following the newest errors of each series), "analytic" (the model's equation, for
                AR and VAR) or "paths" (quantiles of `sample(num_paths=500)`: of a network with the
                head of a distribution its own); that of the forecaster by default.

        Returns:
            `unique_id` (and `channel`, of several targets), `ds`, a column named like the
            forecaster, `-lo-80`, `-hi-80`, ... for each level; a wide frame if one came, no
            level; id and time in the index if they came so.

        Raises:
            NotFittedError: before `fit`.
            ValueError: for a horizon below 1, a level outside 0 to 100, intervals that the model
                cannot give, series unknown to a forecaster that has one model a series, or
                covariates that are missing.
        """
        fitted = self._require_fitted()
        horizon = fitted.horizon if horizon is None else horizon
        check_positive_integer("horizon", horizon)
        levels = check_levels(level)
        kind = kind_of_intervals(
            self.name, fitted.model, self.intervals if intervals is None else intervals
        )
        store, layout = self.store_, self.layout_
        if df is not None:
            reading = self._read(df)
            store, layout = self._condition(reading.panel), reading.layout
        future = future_of(self, future_df, store, horizon)
        points = engine.forecast(fitted.model, store.state, horizon, future=future)[:, 0]
        frame = point_frame(store, layout.columns, self.name, points)
        for number, limits in zip(
            levels, self._limits(store, points, levels, kind, future), strict=True
        ):
            for column, values in zip(interval_names(self.name, number), limits, strict=True):
                frame[column] = values.ravel()
        return write_frame(frame, layout, None if levels else self.name)

    def sample(
        self,
        horizon: int | None = None,
        num_paths: int = 100,
        *,
        seed: int = 0,
        future_df: Any = None,
    ) -> Any:
        """Sample paths: each is fed its own draws, so they widen as the process says.

        Args:
            horizon: steps ahead, at least 1; that of `fit` by default.
            num_paths: paths for each series.
            seed: the same seed gives the same path to a series in any subset, batch or order.
            future_df: covariates of these steps, as for `predict`.

        Returns:
            Long frame: `unique_id`, `ds`, `path`, `y`.

        Raises:
            NotFittedError: before `fit`.
            ValueError: for a horizon or a number of paths below 1, or covariates that are missing.
        """
        fitted = self._require_fitted()
        horizon = fitted.horizon if horizon is None else horizon
        check_positive_integer("horizon", horizon)
        check_positive_integer("num_paths", num_paths)
        state, future = self.store_.state, future_of(self, future_df, self.store_, horizon)
        draws = fitted.calibration.draws(state, series_key(self.store_.ids), seed)
        paths = engine.forecast(fitted.model, state, horizon, draws, num_paths, future)
        return write_frame(sample_frame(self.store_, self.layout_.columns, paths), self.layout_)

    def condition(self, df: Any) -> Self:
        """Stand at the end of another history, without learning from it.

        Args:
            df: frame of the columns given to `fit`.

        Returns:
            The forecaster.

        Raises:
            ValueError: if the frame cannot be used; nothing is changed then.
        """
        self._require_fitted()
        reading = self._read(df)
        store = self._condition(reading.panel)
        self.store_, self.layout_ = store, reading.layout
        self.notes_, self.left_out_ = reading.notes, reading.left_out
        return self

    def update(self, df: Any, learn: bool = False) -> Self:
        """Absorb newer rows, at a cost that does not depend on the history.

        Every state is then what `condition` makes of the old and the new rows together. (After a
        lesson it still holds what the older parameters made of the older rows.)

        Args:
            df: frame of the columns given to `fit`, with rows of all series or of some, in any
                order: later than what each has seen, or whole new series for a global model.
                Missing steps in between count as gaps; rows without any value after them change
                nothing.
            learn: also move the parameters by these rows: recursive least squares (AR, PooledAR,
                VAR, the readout of an echo-state network) or a few gradient steps (the other
                networks). Choices, transforms and intervals stay those of `fit`. Every row counts
                each time it is given; what was absorbed without learning stays unlearned.

        Returns:
            The forecaster.

        Raises:
            ValueError: for rows that are not newer, unknown series, or a forecaster that cannot
                learn from newer rows alone; nothing is changed then.

        Example:
            >>> import forecast as fc
            >>> rows = fc.load_dataset("sunspots")
            >>> model = fc.AR(lags=9).fit(rows[:-20], horizon=3).update(rows[-20:-10])
            >>> model.update(rows[-10:], learn=True).predict().shape
            (3, 3)
        """
        fitted = self._require_fitted()
        if learn:
            self._require_learning()
        panel = fitted.encoding.apply(self._read(df, self.store_.ids).panel)
        refuse_other_ids(panel.ids[self.store_.positions(panel.ids) < 0], self.store_.ids)
        rows, calendar = self._fitted_rows(panel.ids), self._used_columns.calendar
        refuse_other_static(fitted.encoding, self.store_, panel)
        offsets = fitted.offsets(panel, rows)
        if not learn:
            self.store_ = self.store_.after(fitted.model, panel, rows, offsets, calendar)
            return self
        model, store = self.store_.learned(fitted.model, panel, rows, offsets, calendar)
        self.fitted_, self.store_ = fitted.learned(model, rows, panel.ends), store
        return self

    def _limits(
        self, store: StateStore, points: NDArray, levels: tuple[float, ...], kind: str,
        future: NDArray,
    ) -> list[tuple[NDArray, NDArray]]:  # fmt: skip
        """Both limits of each level."""
        fitted, state = self.fitted_, store.state
        if not levels:
            return []
        if kind == "paths":
            return path_limits(fitted, state, series_key(store.ids), future, levels)
        unlearned = fitted.unlearned(store.ids, store.ends, store.frequency)
        return [interval_limits(fitted, state, points, level, kind, unlearned) for level in levels]

    def _require_learning(self) -> None:
        if not can_learn(self.fitted_.model):
            raise ValueError(
                f"{self.name} cannot learn from newer rows alone as it was fitted "
                f"({self.choices_}): learn=True is for AR, PooledAR, VAR and networks such as "
                "LSTMForecaster, unless they chose a naive forecast. Call update(df) without it to "
                "absorb the rows, or fit(df) with the whole history to estimate again."
            )

    def _condition(self, panel: Panel) -> StateStore:
        fitted, rows = self._require_fitted(), self._fitted_rows(panel.ids)
        panel = fitted.encoding.apply(panel)
        return StateStore.of_history(fitted.model, panel, rows, fitted.offsets(panel, rows))

    def _fitted_rows(self, ids) -> Any:
        """Position of each series among the fitted ones; -1 for one that is new."""
        rows = self.fitted_.positions(ids)
        if (rows < 0).any() and not self.takes_new_series:
            unknown = list(np.asarray(ids)[rows < 0][:5])
            raise ValueError(
                f"{self.name} has one model a series and was not fitted on {unknown}; call fit(df) "
                "with these series, or use a global model such as PooledAR or LSTMForecaster."
            )
        return rows

    def _arranged(self, reading: Reading, ids: Any = None, begun: bool = False) -> Reading:  # noqa: ARG002
        """The data as this forecaster looks at them: rows that follow others where `begun`."""
        used = used_columns(self, reading.layout.columns)
        if used.covariates or used.calendar:
            return reading
        return replace(reading, panel=reading.panel.without_covariates())

    def _read(self, df: Any, begun: Any = None) -> Reading:
        columns = self.layout_.columns
        reading = read_frame(df, self._used_columns, self.store_.frequency.alias, begun)
        reading = replace(reading, layout=replace(reading.layout, columns=columns))
        return self._arranged(reading, self.fitted_.ids, begun is not None)

    @property
    def _used_columns(self) -> Columns:
        return used_columns(self, self.layout_.columns)
