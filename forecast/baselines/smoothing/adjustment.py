"""The season of every series of a panel, taken out by indices that stay as they are."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from forecast.baselines.smoothing.model import SmoothingModel
from forecast.pipelines import Panel
from forecast.pipelines.calendar.season import seasonal_adjustment

__all__ = ["Adjustment", "num_values", "unit_of"]


@dataclass(frozen=True, eq=False)
class Adjustment:
    """Seasonal indices of every series by phase, counted from its first step.

    Args:
        indices: `(num_series, season_length)`; neutral where a series has no season.
        multiplicative: whether the indices multiply, `(num_series,)`.
    """

    indices: NDArray
    multiplicative: NDArray

    @classmethod
    def of(cls, panel: Panel, season_length: int) -> Self:
        """Of each series alone, by Naive2's test and classical decomposition."""
        found = [seasonal_adjustment(panel.row(i), season_length) for i in range(panel.num_series)]
        return cls(np.array([pair[0] for pair in found]), np.array([pair[1] for pair in found]))

    @classmethod
    def none(cls, num_series: int, season_length: int) -> Self:
        """Of series that stay as they are."""
        return cls(np.zeros((num_series, season_length)), np.zeros(num_series, dtype=bool))

    @property
    def seasonal(self) -> NDArray:
        """Whether each series has a season, `(num_series,)`."""
        neutral = np.where(self.multiplicative, 1.0, 0.0)[:, None]
        return (self.indices != neutral).any(axis=1)

    def take(self, panel: Panel) -> NDArray:
        """The values of the panel without their season.

        Returns:
            `(num_series, num_steps)`, right-padded; NaN where there is no value.
        """
        block = panel.block(0, panel.lengths)
        phase = np.arange(block.num_steps) % self.indices.shape[1]
        season = self.indices[:, phase]
        multiplicative = self.multiplicative[:, None]
        values = np.where(block.observed, block.values, np.nan)
        return np.where(multiplicative, values / np.where(multiplicative, season, 1.0),
                        values - season)  # fmt: skip

    def put_back(self, series: int, values: NDArray) -> NDArray:
        """The season back on the adjusted values of one series, from its first step."""
        season = np.resize(self.indices[series], len(values))
        return values * season if self.multiplicative[series] else values + season

    def model(self, smoothing: NDArray, start: NDArray) -> SmoothingModel:
        """Smoothing of the adjusted series, with the season put back.

        Args:
            smoothing: alpha, beta, gamma and phi, `(num_series, 4)`.
            start: level and trend before the first step, `(num_series, 2)`.
        """
        return SmoothingModel(smoothing, start, self.indices, self.multiplicative)


def num_values(panel: Panel) -> NDArray:
    """Observed values of each series, `(num_series,)`."""
    return np.bincount(panel.codes[panel.observed], minlength=panel.num_series)


def unit_of(values: NDArray) -> NDArray:
    """A power of two near the largest value of each row, `(num_rows, 1)`; 1 for zeros.

    Squares of huge or tiny values leave the range of float64. In this unit they do not, and no
    digit is lost on the way.

    Args:
        values: `(num_rows, num_steps)`; NaN counts as 0.

    Example:
        >>> unit_of(np.array([[3.0, -5.0], [0.0, np.nan]])).tolist()
        [[4.0], [1.0]]
    """
    size = np.nan_to_num(np.abs(values)).max(axis=1, keepdims=True)
    return np.where(size > 0.0, np.exp2(np.floor(np.log2(np.where(size > 0.0, size, 1.0)))), 1.0)
