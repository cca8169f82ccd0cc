"""All forecasts of a backtest as one long frame, and where two of them differ."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from forecast.backtesting.plan import Plan
from forecast.backtesting.run import Result

__all__ = ["ForecastFrame", "moved", "unlike"]


@dataclass(frozen=True, eq=False)
class ForecastFrame:
    """All forecasts of a backtest.

    Args:
        frame: long: id, time, cutoff, target, a column for each forecast and limit; origin after
            origin, series after series, step after step.
        columns: the columns of each forecaster, by its name.
        plan: what was run.
    """

    frame: pd.DataFrame
    columns: Mapping[str, tuple[str, ...]]
    plan: Plan

    @staticmethod
    def of_result(plan: Plan, result: Result) -> ForecastFrame:
        """The forecasts of several forecasters."""
        columns = {outcome.name: outcome.columns for outcome in result.outcomes}
        return ForecastFrame(result.frame, columns, plan)

    def num_rows(self, window: int) -> int:
        """Rows of the origins up to `window`, this one too."""
        origins = self.plan.origins
        return int((origins.ends[: window + 1] >= 0).sum()) * origins.horizon


def moved(before: ForecastFrame, after: ForecastFrame, window: int | None = None) -> pd.DataFrame:
    """The forecasts that are not the same bit for bit.

    Args:
        before: forecasts.
        after: those of the same forecasters, or of some, at the same origins.
        window: look at the origins up to this one; all by default.

    Returns:
        Long frame: forecaster, column, id, cutoff, time, step, before, after.
    """
    window = before.plan.origins.num_windows - 1 if window is None else window
    kept, horizon = before.num_rows(window), before.plan.origins.horizon
    names = before.plan.reading.layout.columns
    keys = before.frame[[names.id, "cutoff", names.time]].head(kept)
    keys = keys.assign(step=np.arange(kept) % horizon + 1)
    parts = []
    for forecaster, columns in after.columns.items():
        for column in columns:
            old, new = (one.frame[column].to_numpy()[:kept] for one in (before, after))
            found = keys.assign(before=old, after=new)[unlike(old, new)]
            found.insert(0, "forecaster", forecaster)
            found.insert(1, "column", column)
            parts.append(found)
    return pd.concat(parts, ignore_index=True) if parts else _nothing(keys)


def unlike(first: NDArray, second: NDArray) -> NDArray:
    """Whether numbers differ in any bit, 0 and -0 too; two missing ones are alike.

    Example:
        >>> unlike(np.array([1.0, np.nan, 0.0]), np.array([1.0, np.nan, -0.0])).tolist()
        [False, False, True]
    """
    differ = (first != second) | (np.signbit(first) != np.signbit(second))
    return differ & ~(np.isnan(first) & np.isnan(second))


def _nothing(keys: pd.DataFrame) -> pd.DataFrame:
    empty = keys.head(0).assign(before=np.empty(0), after=np.empty(0))
    empty.insert(0, "forecaster", np.empty(0, dtype=object))
    empty.insert(1, "column", np.empty(0, dtype=object))
    return empty
