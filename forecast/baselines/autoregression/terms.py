"""Deterministic terms of an autoregression: constant, trend in time, seasonal dummies.

Names, order and time index are those of statsmodels' `AutoReg`: time counts from 1 at the first
step of a series, and the first phase has no dummy where there is a constant.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from forecast.baselines.autoregression.settings import Terms

__all__ = ["Deterministic"]


@dataclass(frozen=True)
class Deterministic:
    """The terms of one model.

    Args:
        trend: "n", "c", "t" or "ct".
        period: phases that have dummies; 1 for none.
    """

    trend: str = "c"
    period: int = 1

    @staticmethod
    def of(terms: Terms, season_length: int) -> Deterministic:
        """The terms that a user asked for, with the season of the data."""
        return Deterministic(terms.trend, season_length if terms.seasonal else 1)

    @property
    def spans_constant(self) -> bool:
        """Whether a constant is among what the terms can add up to."""
        return "c" in self.trend or self.period > 1

    @property
    def names(self) -> list[str]:
        """Names of the terms, in order."""
        named = [name for name, letter in (("const", "c"), ("trend", "t")) if letter in self.trend]
        return [*named, *(f"s({phase},{self.period})" for phase in self._phases)]

    @property
    def _phases(self) -> range:
        if self.period == 1:
            return range(0)
        return range(2 if "c" in self.trend else 1, self.period + 1)

    @property
    def num_regressors(self) -> int:
        """Number of columns of `regressors`."""
        return ("t" in self.trend) + self.period - 1

    def regressors(self, steps: NDArray) -> NDArray:
        """Columns besides the intercept: time, and dummies of all phases but the first.

        Args:
            steps: steps since the start of a series, from 0, `(n,)`.

        Returns:
            `(n, num_regressors)`.
        """
        columns = [(steps + 1.0)[:, None]] if "t" in self.trend else []
        if self.period > 1:
            phases = np.arange(1, self.period)
            columns.append((steps[:, None] % self.period == phases).astype(np.float64))
        return np.concatenate(columns, axis=1) if columns else np.empty((len(steps), 0))

    def named(self, intercepts: NDArray, slopes: NDArray) -> NDArray:
        """Coefficients of the named terms from those of intercept and `regressors`.

        Args:
            intercepts: `(num_series,)`; 0 where no constant is spanned.
            slopes: `(num_series, num_regressors)`.

        Returns:
            `(num_series, len(names))`.
        """
        constant, trend = intercepts[:, None], slopes[:, : "t" in self.trend]
        dummies = slopes[:, trend.shape[1] :]
        if "c" in self.trend:
            return np.concatenate([constant, trend, dummies], axis=1)
        if self.period > 1:
            return np.concatenate([trend, constant, constant + dummies], axis=1)
        return trend

    def level(self, coefficients: NDArray, clock: NDArray, num_steps: int) -> NDArray:
        """What the terms add at the steps `clock, clock + 1, ...` of each row.

        Args:
            coefficients: of the named terms, `(num_rows, len(names))`.
            clock: steps since the start of each series, `(num_rows,)`.
            num_steps: steps wanted.

        Returns:
            `(num_rows, num_steps)`.
        """
        level, at = np.zeros((len(clock), num_steps)), int("c" in self.trend)
        level += coefficients[:, :at].sum(axis=1, keepdims=True)
        if not self.num_regressors:
            return level
        steps = clock[:, None] + np.arange(num_steps)
        if "t" in self.trend:
            level, at = level + coefficients[:, at : at + 1] * (steps + 1.0), at + 1
        if self.period > 1:
            first = np.zeros((len(clock), self.period - (coefficients.shape[1] - at)))
            table = np.concatenate([first, coefficients[:, at:]], axis=1)
            level = level + np.take_along_axis(table, steps % self.period, axis=1)
        return level
