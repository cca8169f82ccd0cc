"""What every forecaster of a backtest is given, and what comes of it."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field

from numpy.typing import NDArray

from forecast import engine
from forecast.draws import FeedBack
from forecast.fitting import Fitted
from forecast.forecaster import Forecaster
from forecast.intervals import interval_limits
from forecast.output import interval_names
from forecast.pipelines import Origins, Reading

__all__ = ["Outcome", "Plan"]


@dataclass(frozen=True, eq=False)
class Plan:
    """What every forecaster of a backtest is given.

    Args:
        reading: the data.
        origins: where forecasts are made.
        levels: interval levels in percent.
        refit: True refits at every origin, False never, k at every k-th; None lets closed forms
            be refitted and networks fitted once.
        scoring_season: season by which all are scored before the first origin; each its own by
            default.
    """

    reading: Reading
    origins: Origins
    levels: tuple[float, ...] = ()
    refit: bool | int | None = None
    scoring_season: int | None = None

    def refit_every(self, forecaster: Forecaster) -> int:
        """Origins between two fits; 0 fits once."""
        return int(forecaster.closed_form if self.refit is None else self.refit)


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
        """Forecast from `stop` and keep points and limits."""
        began, state = time.perf_counter(), stop.state
        horizon, feedback = plan.origins.horizon, FeedBack(engine.bounds(state))
        points = engine.roll(fitted.model, state, horizon, feedback, stop.future)[:, 0]
        self.clipped += feedback.num_clipped
        self.columns.setdefault(self.name, []).append(points)
        for level in plan.levels:
            limits = interval_limits(fitted, state, points, level, self.intervals)
            for name, limit in zip(interval_names(self.name, level), limits, strict=True):
                self.columns.setdefault(name, []).append(limit)
        self.predict_seconds += time.perf_counter() - began

    def keep(self, rows: Sequence[NDArray]) -> None:
        """Keep these rows at each origin, of forecasts made for more."""
        for name, arrays in self.columns.items():
            chosen = zip(arrays, rows, strict=True)
            self.columns[name] = [array[kept] for array, kept in chosen]
