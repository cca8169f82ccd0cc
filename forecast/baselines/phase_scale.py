"""Every series about zero and of size one, its season taken out: a line for each phase."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from forecast.baselines.smoothing.adjustment import Adjustment, num_values, unit_of
from forecast.pipelines import Panel

__all__ = ["PhaseScale"]

# Spread relative to the largest value below which a series counts as constant.
_LEAST_SPREAD = 1e-12


@dataclass(frozen=True, eq=False)
class PhaseScale:
    """`y = shift + factor z` by phase of the season, counted from a series' first step.

    Args:
        shift: `(num_series, season_length)`.
        factor: above 0, of the same shape.

    Example:
        >>> scale = PhaseScale(np.array([[10.0]]), np.array([[2.0]]))
        >>> scale.inward(np.array([0]), np.array([0]), np.array([[14.0]])).tolist()
        [[2.0]]
    """

    shift: NDArray
    factor: NDArray

    @classmethod
    def of(
        cls, panel: Panel, season_length: int, centre: str = "mean"
    ) -> tuple[Self, NDArray, NDArray]:
        """Centre and deviation of each series without its season, as Naive2 adjusts it.

        Args:
            panel: the series.
            season_length: m; 1 is none.
            centre: "mean", or "first" for the first value, about which a series need not return.

        Returns:
            The scale, the season of the other series being none; which series vary,
            `(num_series,)`; and which have a season.
        """
        found = Adjustment.of(panel, season_length)
        values = found.take(panel)
        unit = unit_of(values)
        mean, spread = _moments(values / unit)
        varies = spread[:, 0] > _LEAST_SPREAD * np.maximum(np.abs(mean[:, 0]), 1.0)
        mean = _first(values / unit) if centre == "first" else mean
        mean, spread = np.where(varies[:, None], (mean, spread), ([[0.0]], [[1.0]]))
        times = found.multiplicative[:, None]
        index = np.where(times, found.indices, 1.0)
        plus = np.where(times, 0.0, found.indices)
        shift, factor = unit * mean * index + plus, unit * spread * index
        if (shift == shift[:, :1]).all() and (factor == factor[:, :1]).all():
            shift, factor = shift[:, :1], factor[:, :1]
        return cls(shift, factor), varies, found.seasonal

    def plain(self, series: NDArray, panel: Panel) -> Self:
        """The same without centre and season for some series, which keep only their size.

        Args:
            series: which ones, bool of shape `(num_series,)`.
            panel: the series.
        """
        block = panel.block(0, panel.lengths)
        unit = unit_of(np.where(block.observed, block.values, np.nan))
        rows = series[:, None]
        return type(self)(
            np.where(rows, 0.0, self.shift), np.where(rows, unit, self.factor)
        )  # fmt: skip

    @property
    def season_length(self) -> int:
        """Phases."""
        return self.shift.shape[1]

    def inward(self, series: NDArray, phase: NDArray, values: NDArray) -> NDArray:
        """Z of values y that follow one another, `(num_rows, num_steps)`.

        Args:
            series: of each row, `(num_rows,)`.
            phase: of its first step.
            values: y.
        """
        shift, factor = self.lines(series, phase, values.shape[1])
        return (values - shift) / factor

    def outward(self, series: NDArray, phase: NDArray, values: NDArray) -> NDArray:
        """The values y of z; see `inward`."""
        shift, factor = self.lines(series, phase, values.shape[1])
        return shift + factor * values

    def lines(self, series: NDArray, phase: NDArray, num_steps: int) -> tuple[NDArray, NDArray]:
        """Shift and factor of consecutive steps, each `(num_rows, num_steps)`."""
        at = (phase[:, None] + np.arange(num_steps)) % self.season_length
        return self.shift[series[:, None], at], self.factor[series[:, None], at]

    def words(self, seasonal: NDArray) -> str:
        """Which series have a season, `(num_series,)`, in words."""
        count = int(seasonal.sum())
        if not count:
            return "no season"
        if count == len(seasonal):
            return f"season {self.season_length}"
        return f"season {self.season_length} on {count} of {len(seasonal)} series"

    @staticmethod
    def enough(panel: Panel, fewest: int) -> NDArray:
        """Which series have at least so many values, `(num_series,)`."""
        return num_values(panel) >= fewest


def _first(values: NDArray) -> NDArray:
    """First value of each row, 0 without one, `(num_rows, 1)`."""
    known = ~np.isnan(values)
    first = np.take_along_axis(values, known.argmax(axis=1)[:, None], axis=1)
    return np.where(known.any(axis=1, keepdims=True), first, 0.0)


def _moments(values: NDArray) -> tuple[NDArray, NDArray]:
    """Mean and standard deviation of each row, 0 without a value, `(num_rows, 1)` each."""
    known = ~np.isnan(values)
    count = np.maximum(known.sum(axis=1, keepdims=True), 1)
    mean = np.where(known, values, 0.0).sum(axis=1, keepdims=True) / count
    left = np.where(known, values - mean, 0.0)
    return mean, np.sqrt((left**2).sum(axis=1, keepdims=True) / count)
