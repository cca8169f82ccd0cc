"""Intervals at the origins of a backtest."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from forecast.draws import series_key
from forecast.intervals import interval_limits, kind_of_intervals, path_limits

if TYPE_CHECKING:
    from forecast.backtesting.plan import Plan
    from forecast.backtesting.standing import Standing
    from forecast.fitting import Fitted
    from forecast.forecaster import Forecaster

__all__ = ["Limits"]


@dataclass(frozen=True, eq=False)
class Limits:
    """The central intervals that a fit gives at any origin.

    Args:
        fitted: the fit.
        levels: their levels in percent.
        kind: "conformal", "adaptive", "analytic" or "paths".
        learned: steps of each series of the panel that the model has learned from,
            `(num_series,)`; None where the kind does not ask.
        keys: hash of the id of each series of the panel; None where the kind does not ask.
    """

    fitted: Fitted
    levels: tuple[float, ...]
    kind: str
    learned: NDArray | None = None
    keys: NDArray | None = None

    @staticmethod
    def asked(forecaster: Forecaster, plan: Plan, fitted: Fitted) -> Limits:
        """Those that a plan asks of a forecaster.

        Raises:
            ValueError: if its model cannot give them.
        """
        if not plan.levels:
            return Limits(fitted, (), "conformal")
        kind = kind_of_intervals(
            forecaster.name, fitted.model, plan.intervals or forecaster.intervals
        )
        panel = plan.reading.panel
        if kind == "paths":
            return Limits(fitted, plan.levels, kind, keys=series_key(panel.ids))
        if kind != "adaptive":
            return Limits(fitted, plan.levels, kind)
        unlearned = fitted.unlearned(panel.ids, panel.ends, panel.frequency)
        return Limits(fitted, plan.levels, kind, panel.lengths - unlearned)

    def around(self, standing: Standing, points: NDArray) -> list[NDArray]:
        """Lower and upper limits of each level in turn, each `(num_rows, steps_ahead)`.

        Args:
            standing: where the forecasts begin.
            points: point forecasts, `(num_rows, steps_ahead)`.
        """
        if self.keys is not None:
            keys, future = self.keys[standing.rows], standing.future
            pairs = path_limits(self.fitted, standing.state, keys, future, self.levels)
            return [limit for pair in pairs for limit in pair]
        unlearned = None
        if self.learned is not None:
            unlearned = np.maximum(standing.ends - self.learned[standing.rows], 0)
        found: list[NDArray] = []
        for level in self.levels:
            found += interval_limits(
                self.fitted, standing.state, points, level, self.kind, unlearned
            )
        return found
