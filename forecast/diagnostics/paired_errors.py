"""Free-running errors at origins, each paired with the teacher-forced error of the same value."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from forecast import engine
from forecast.backtesting.course import Course
from forecast.backtesting.standing import Standing
from forecast.fitting import Fitted

__all__ = ["PairedErrors"]


@dataclass(frozen=True, eq=False)
class PairedErrors:
    """Absolute errors of a model at each step after its origins, a row a series and origin.

    Args:
        teacher_forced: `|y[t+h] - yhat(y[t+h] | y[1..t+h-1])|`, `(num_rows, horizon)`.
        free_running: `|y[t+h] - yhat(y[t+h] | y[1..t])|`, of the same shape; both are NaN where the
            value is missing.
        ids: the series of each row, `(num_rows,)`.
    """

    teacher_forced: NDArray
    free_running: NDArray
    ids: NDArray

    @staticmethod
    def along(course: Course, fitted: Fitted) -> PairedErrors:
        """The errors of a fit at all origins: the history is absorbed once, for both of them.

        Args:
            course: a forecaster's way through the plan.
            fitted: its fit before the first origin.
        """
        panel, window, parts = course.plan.reading.panel, 0, []
        encoded = fitted.encoding.apply(panel)
        for standing in course.standings(0, fitted):
            errors = _errors(fitted, encoded, standing, course.plan.origins.horizon)
            kept = _shown(course, standing, window)
            parts.append([each[kept] for each in (*errors, standing.rows)])
            window += len(standing.sizes)
        teacher_forced, free_running, rows = map(np.concatenate, zip(*parts, strict=True))
        return PairedErrors(teacher_forced, free_running, panel.ids[rows])

    def table(self, scales: Mapping[Any, float]) -> pd.DataFrame:
        """Mean scaled errors at each step ahead.

        Args:
            scales: what the errors of each series are divided by; one of 0 is left out.

        Returns:
            `step`, `count`, `teacher_forced`, `free_running` and `ratio`, a row a step.
        """
        scale = np.array([scales[name] for name in self.ids])
        used = scale > 0
        pair = [each[used] / scale[used, None] for each in (self.teacher_forced, self.free_running)]
        found = pd.DataFrame({
            "step": np.arange(1, self.free_running.shape[1] + 1),
            "count": np.isfinite(pair[0]).sum(axis=0),
            "teacher_forced": _mean(pair[0]),
            "free_running": _mean(pair[1]),
        })  # fmt: skip
        fed = found["teacher_forced"].where(found["teacher_forced"] > 0)
        return found.assign(ratio=found["free_running"] / fed)


def _errors(
    fitted: Fitted, panel: Any, standing: Standing, horizon: int
) -> tuple[NDArray, NDArray]:
    """Both errors from the same states: fed what followed, and running freely."""
    state, ends = standing.state, standing.ends
    free = engine.forecast(fitted.model, state, horizon, future=standing.future)[:, 0]
    _, fed = engine.absorb(
        fitted.model, state, panel.take(standing.rows).block(ends, ends + horizon)
    )
    fed = np.pad(fed, ((0, 0), (0, horizon - fed.shape[1])), constant_values=np.nan)
    actual = engine.following(panel, ends, horizon, standing.rows)
    actual = np.where(np.isnan(fed) | np.isnan(free), np.nan, actual)
    return np.abs(actual - fed), np.abs(actual - free)


def _shown(course: Course, standing: Standing, window: int) -> NDArray:
    """The rows that have an origin of their own, of a system that is forecast as a whole."""
    if course.shown is None:
        return np.arange(standing.num_rows)
    first = np.concatenate([[0], np.cumsum(standing.sizes)])
    places = []
    for index in range(len(standing.sizes)):
        rows = standing.rows[first[index] : first[index + 1]]
        found = np.flatnonzero(np.isin(rows, course.shown[window + index]))
        places.append(first[index] + found)
    return np.concatenate(places)


def _mean(values: NDArray) -> NDArray:
    """Mean of each column without NaN; NaN where there is nothing."""
    count = np.isfinite(values).sum(axis=0)
    return np.where(count > 0, np.nansum(values, axis=0) / np.maximum(count, 1), np.nan)
