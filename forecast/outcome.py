"""What comes of a backtest: forecasts of one forecaster, and what they cost."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field

from numpy.typing import NDArray

from forecast import engine
from forecast.draws import FeedBack
from forecast.fitting import Fitted
from forecast.intervals import interval_limits
from forecast.output import interval_names
from forecast.plan import Plan

__all__ = ["Outcome"]


@dataclass(eq=False)
class Outcome:
    """Forecasts of one forecaster at all origins, and what they cost.

    Args:
        name: alias of the forecaster.
        columns: forecasts and limits by column name, each a list of `(num_rows, horizon)` arrays,
            an entry an origin.
        fit_seconds: time spent fitting.
        predict_seconds: time spent absorbing and forecasting.
        clipped: forecasts stopped by the explosion guard.
        first: the fit before the first origin.
        intervals: kind of the limits, see `interval_limits`.
    """

    name: str
    columns: dict[str, list[NDArray]] = field(default_factory=dict)
    fit_seconds: float = 0.0
    predict_seconds: float = 0.0
    clipped: int = 0
    first: Fitted | None = None
    intervals: str = "conformal"

    def add(self, fitted: Fitted, stop: engine.Stop, plan: Plan) -> None:
        """Forecast from `stop`, over the gap, and keep points and limits of the steps scored."""
        began, state, origins = time.perf_counter(), stop.state, plan.origins
        feedback, scored = FeedBack(engine.bounds(state)), slice(origins.gap, None)
        points = engine.roll(fitted.model, state, origins.steps_ahead, feedback, stop.future)[:, 0]
        self.clipped += feedback.num_clipped
        self.columns.setdefault(self.name, []).append(points[:, scored])
        for level in plan.levels:
            limits = interval_limits(fitted, state, points, level, self.intervals)
            for name, limit in zip(interval_names(self.name, level), limits, strict=True):
                self.columns.setdefault(name, []).append(limit[:, scored])
        self.predict_seconds += time.perf_counter() - began

    def keep(self, rows: Sequence[NDArray]) -> None:
        """Keep these rows at each origin, of forecasts made for more."""
        for name, arrays in self.columns.items():
            chosen = zip(arrays, rows, strict=True)
            self.columns[name] = [array[kept] for array, kept in chosen]
