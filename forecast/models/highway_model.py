"""The linear forecaster inside a network, and the scale in which the network sees a past."""

from __future__ import annotations

from copy import copy
from dataclasses import replace
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from forecast.baselines.pooled.features import smallest_scale
from forecast.baselines.pooled.model import PooledARModel
from forecast.baselines.power import Power
from forecast.baselines.window import Past
from forecast.pipelines import Panel

__all__ = ["WINDOW_SCALE", "HighwayModel", "level_and_unit", "series_scales"]

WINDOW_SCALE = np.zeros((1, 2))
"""Of `HighwayModel`: every past is seen in the scale of its newest lags."""


class HighwayModel(PooledARModel):
    """A pooled autoregression, with level and unit of the deviations that a network sees.

    Where nothing else is said these are mean and mean absolute deviation of the newest lags: a
    network then sees a series that grew as it saw the small one. But a process that stays within
    its bounds is another function of such numbers in every window.

    Args:
        *parts: of `PooledARModel`, as the others.
        scales: level and unit of a new series, then of each series, `(1 + num_series, 2)`, or
            `(1, 2)` of all; a unit of 0 for those of the newest lags.
        **others: see `PooledARModel`.
    """

    def __init__(self, *parts: Any, scales: NDArray = WINDOW_SCALE, **others: Any) -> None:
        """Store the parts."""
        super().__init__(*parts, **others)
        self.scales = scales

    def to_saved(self) -> tuple[dict[str, Any], dict[str, NDArray]]:
        """See `WindowModel`; scales are kept where there are some."""
        settings, arrays = super().to_saved()
        if not self.knows_scales:
            return settings, arrays
        return {**settings, "knows_scales": True}, {**arrays, "scales": self.scales}

    @classmethod
    def from_saved(cls, settings: dict[str, Any], arrays: dict[str, NDArray]) -> Self:
        """See `WindowModel`.

        Raises:
            ValueError: for a unit below 0.
        """
        found = super().from_saved(settings, arrays)
        if (found.scales[:, 1] < 0.0).any():
            raise ValueError("the units in which a network sees its series must be at least 0.")
        return found

    @property
    def knows_scales(self) -> bool:
        """Whether some series are seen in a scale of their own."""
        return bool(self.scales[:, 1].any())

    @classmethod
    def of(cls, pooled: PooledARModel) -> HighwayModel:
        """A pooled autoregression inside a network.

        It comes without its sums: the correction learns from newer rows, not what is corrected.
        """
        return cls(
            pooled.features, pooled.coefficients, pooled.power, pooled.covariate_centres,
            pooled.covariate_spreads,
        )  # fmt: skip

    def seen_in(self, scales: NDArray) -> HighwayModel:
        """The same linear forecaster, of pasts that the network sees in other scales."""
        other = copy(self)
        other.scales = scales
        return other

    def is_like(self, other: HighwayModel) -> bool:
        """Whether the other one has the same columns, and coefficients of as many series."""
        remembered = other.features.window_length  # of a longer panel it may reach back further
        own = replace(self.features, window_length=remembered), self.power
        shapes = self.coefficients.shape, self.covariate_centres.shape
        others = other.coefficients.shape, other.covariate_centres.shape
        return own == (other.features, other.power) and shapes == others

    def mean_with(self, other: HighwayModel) -> HighwayModel:
        """`(b + b_other) / 2`, the mean of two linear forecasts of the same lags and covariates.

        Args:
            other: whose window and scales, and means and spreads of covariates, stay.
        """
        num_covariates, own = len(self.covariate_centres), self.coefficients.copy()
        columns = slice(-1 - num_covariates, -1)  # the constant is the last
        slopes = own[..., columns] / self.covariate_spreads
        own[..., columns] = slopes * other.covariate_spreads
        own[..., -1] += slopes @ (other.covariate_centres - self.covariate_centres)
        mean = copy(other)
        mean.coefficients = (own + other.coefficients) / 2
        return mean

    def take(self, series: NDArray) -> HighwayModel:
        """The forecaster of some of its series, by position."""
        taken, sets = copy(self), np.concatenate([[0], series + 1])
        taken.coefficients = self.coefficients[sets[: len(self.coefficients)]]
        taken.scales = self.scales[sets[: len(self.scales)]]
        return taken

    def scales_of(self, series: NDArray) -> NDArray:
        """Level and unit of each row, a unit of 0 for those of its newest lags, `(n, 2)`.

        Args:
            series: position of each row among the fitted series, -1 for a new one, `(n,)`.
        """
        return self.scales[series + 1 if len(self.scales) > 1 else np.zeros_like(series)]

    def scale_of(self, past: Past) -> tuple[NDArray, NDArray]:
        """Level and unit of pasts, each `(n,)`."""
        level, unit = self.scales_of(past.series).T
        newest = unit == 0.0
        if newest.any():
            found = level_and_unit(past.window[:, -self.features.span :])
            level, unit = np.where(newest, found[0], level), np.where(newest, found[1], unit)
        return level, unit


def level_and_unit(lags: NDArray) -> tuple[NDArray, NDArray]:
    """Mean and mean absolute deviation, never 0, of the newest values `(n, span)`, each `(n,)`."""
    known = ~np.isnan(lags)
    count = np.maximum(known.sum(axis=1), 1)
    level = np.where(known, lags, 0.0).sum(axis=1) / count
    size = np.where(known, np.abs(lags - level[:, None]), 0.0).sum(axis=1) / count
    return level, np.maximum(size, smallest_scale(level))


def series_scales(panel: Panel, power: Power) -> NDArray:
    """`HighwayModel.scales` of mean and mean absolute deviation of each whole series.

    Args:
        panel: training series. A new one, and one that never changes, has those of its newest lags.
        power: the transform of the values.
    """
    block = panel.block(0, panel.lengths)
    values = power.encode(np.where(block.observed, block.values, np.nan))
    level, unit = level_and_unit(values)
    varies = unit > 1.01 * smallest_scale(level)
    own = np.where(varies[:, None], np.stack([level, unit], axis=1), 0.0)
    return np.concatenate([WINDOW_SCALE, own])
