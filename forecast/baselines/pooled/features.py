"""What the pooled autoregression sees of a past: lags, same-season means and level means.

All are linear in the past, taken relative to the mean level of the newest values and divided by a
scale, so one regression serves series of any size.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from forecast.baselines.past import Past

__all__ = ["CYCLES", "Features", "View", "smallest_scale"]

CYCLES = (1, 2, 3, 8)
"""Cycles of a season that are averaged."""


@dataclass(frozen=True, eq=False)
class View:
    """A past in the terms of the regression.

    Args:
        level: mean of the newest values, `(n,)`.
        scale: what deviations from the level are divided by, `(n,)`; positive.
        columns: lags and level means, `(n, num_lags + 3)`, or `(n, num_lags)` without means.
        past: the past itself.
    """

    level: NDArray
    scale: NDArray
    columns: NDArray
    past: Past

    @property
    def is_flat(self) -> NDArray:
        """Whether the newest values are all alike, so that a stand-in is the scale, `(n,)`."""
        return self.scale <= 1.01 * smallest_scale(self.level)


@dataclass(frozen=True)
class Features:
    """The columns of the pooled regression.

    Args:
        lags: 1-based lags used, increasing.
        span: newest values whose mean is the level, at least the largest lag.
        seasons: season lengths, in steps; may be empty.
        scale: "window" divides by the mean absolute deviation of the newest `span` values,
            "causal" by the mean absolute value of everything so far, "none" by nothing (for
            logarithms, whose differences are relative already).
        level_means: use the means over the newest 2 and 3 spans and over everything.
        season_means: use the means of the same season over the last 1, 2, 3 and 8 cycles.
        window_length: values remembered; at least `span`.
    """

    lags: tuple[int, ...]
    span: int
    seasons: tuple[int, ...]
    scale: Literal["window", "causal", "none"]
    level_means: bool
    season_means: bool
    window_length: int

    @property
    def num_columns(self) -> int:
        """Columns of `design`, the constant included, covariates not."""
        seasonal = len(CYCLES) * len(self.seasons) if self.season_means else 0
        return len(self.lags) + 3 * self.level_means + seasonal + 1

    @property
    def same_season(self) -> int | None:
        """Column of the value one cycle of the first season before the target, if it is there."""
        if not (self.seasons and self.season_means):
            return None
        return len(self.lags) + 3 * self.level_means

    def view(self, past: Past) -> View:
        """Level, scale and the columns that are the same for every step ahead."""
        past = past.newest(self.window_length)
        newest = past.window[:, -self.span :]
        level = _mean_of_known(newest, past.last)
        lagged = past.window[:, self.window_length - np.array(self.lags)]
        columns = [lagged - level[:, None], *self._level_means(past, level)]
        scale = self._scale(past, newest - level[:, None], level)
        joined = np.concatenate(columns, axis=1) / scale[:, None]
        return View(level, scale, np.nan_to_num(joined, copy=False), past)

    def design(self, view: View, step: int, covariates: NDArray | None = None) -> NDArray:
        """All columns for the forecast `step >= 1` steps ahead, the constant last.

        Args:
            view: the pasts, `n` rows.
            step: steps ahead.
            covariates: columns known of the step itself, `(n, num_covariates)`; none by default.

        Returns:
            `(n, num_columns + num_covariates)`.
        """
        seasons = self.seasons if self.season_means else ()
        parts = [view.columns, *(self._season_means(view, season, step) for season in seasons)]
        parts += [] if covariates is None else [covariates]
        return np.concatenate([*parts, np.ones((len(view.level), 1))], axis=1)

    def _level_means(self, past: Past, level: NDArray) -> list[NDArray]:
        if not self.level_means:
            return []
        spans = (2 * self.span, 3 * self.span)
        means = [_mean_of_known(past.window[:, -width:], level) for width in spans]
        means.append(past.total / np.maximum(past.clock, 1))
        return [(mean - level)[:, None] for mean in means]

    def _scale(self, past: Past, deviations: NDArray, level: NDArray) -> NDArray:
        if self.scale == "none":
            return np.ones(len(level))
        if self.scale == "causal":
            size = past.size / np.maximum(past.clock, 1)
        else:
            size = _mean_of_known(np.abs(deviations), np.zeros(len(level)))
        return np.maximum(size, smallest_scale(level))

    def season_places(self, step: int) -> list[NDArray]:
        """Places in the window of the values that are averaged, for each season and its cycles."""
        seasons = self.seasons if self.season_means else ()
        return [self._cycles(season, step)[:cycles] for season in seasons for cycles in CYCLES]

    def _cycles(self, season: int, step: int) -> NDArray:
        """Places in the window of the season that `step` falls into, newest first."""
        newest = self.window_length - 1 + step - season * -(-step // season)
        positions = newest - season * np.arange(max(CYCLES))
        return positions[positions >= 0]

    def _season_means(self, view: View, season: int, step: int) -> NDArray:
        """Means over the last 1, 2, 3 and 8 cycles of the season that `step` falls into."""
        values = view.past.window[:, self._cycles(season, step)]
        known = ~np.isnan(values)
        sums = np.cumsum(np.where(known, values - view.level[:, None], 0.0), axis=1)
        counts = np.cumsum(known, axis=1)
        means = np.zeros((len(view.level), len(CYCLES)))
        for position, cycles in enumerate(CYCLES):
            at = min(cycles, sums.shape[1]) - 1
            if at >= 0:
                means[:, position] = sums[:, at] / np.maximum(counts[:, at], 1)
        return means / view.scale[:, None]


def smallest_scale(level: NDArray) -> NDArray:
    """The scale of a past that does not vary."""
    return 1e-9 * np.maximum(np.abs(level), 1.0)


def _mean_of_known(values: NDArray, otherwise: NDArray) -> NDArray:
    """Row means over what is not NaN; `otherwise` where all is."""
    known = ~np.isnan(values)
    count = known.sum(axis=1)
    total = np.where(known, values, 0.0).sum(axis=1)
    return np.where(count > 0, total / np.maximum(count, 1), otherwise)
