"""What the pooled autoregression sees of a past: lags, same-season means and level means.

All are linear in the past, taken relative to the mean level of the last lags and divided by a
scale, so one regression serves series of any size.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from forecast.baselines.window import Past

__all__ = ["Features", "View"]

_CYCLES = (1, 2, 3, 8)


@dataclass(frozen=True, eq=False)
class View:
    """A past in the terms of the regression.

    Args:
        level: mean of the last lags, `(n,)`.
        scale: what deviations from the level are divided by, `(n,)`; positive.
        columns: lags and level means, `(n, num_lags + 3)`.
        past: the past itself.
    """

    level: NDArray
    scale: NDArray
    columns: NDArray
    past: Past


@dataclass(frozen=True)
class Features:
    """The columns of the pooled regression.

    Args:
        num_lags: L, newest values used, at least 1.
        seasons: season lengths, in steps; may be empty.
        relative: divide by the mean absolute deviation of the lags; False for logarithms, whose
            differences are relative already.
        window_length: values remembered; at least `num_lags`.
    """

    num_lags: int
    seasons: tuple[int, ...]
    relative: bool
    window_length: int

    @property
    def num_columns(self) -> int:
        """Columns of `design`, the constant included."""
        return self.num_lags + 3 + len(_CYCLES) * len(self.seasons) + 1

    def view(self, past: Past) -> View:
        """Level, scale and the columns that are the same for every step ahead."""
        window, num_lags = past.window, self.num_lags
        lags = window[:, -num_lags:]
        level = _mean_of_known(lags, past.last)
        deviations = lags - level[:, None]
        columns = np.empty((len(window), num_lags + 3))
        columns[:, :num_lags] = deviations
        for position, width in enumerate((2 * num_lags, 3 * num_lags)):
            columns[:, num_lags + position] = _mean_of_known(window[:, -width:], level) - level
        columns[:, num_lags + 2] = past.total / np.maximum(past.clock, 1) - level
        scale = self._scale(deviations, level)
        columns /= scale[:, None]
        return View(level, scale, np.nan_to_num(columns, copy=False), past)

    def design(self, view: View, step: int) -> NDArray:
        """All columns for the forecast `step >= 1` steps ahead, `(n, num_columns)`."""
        seasonal = [self._season_means(view, season, step) for season in self.seasons]
        constant = np.ones((len(view.level), 1))
        return np.concatenate([view.columns, *seasonal, constant], axis=1)

    def _scale(self, deviations: NDArray, level: NDArray) -> NDArray:
        if not self.relative:
            return np.ones(len(level))
        size = _mean_of_known(np.abs(deviations), np.zeros(len(level)))
        return np.maximum(size, 1e-9 * np.maximum(np.abs(level), 1.0))

    def _season_means(self, view: View, season: int, step: int) -> NDArray:
        """Means over the last 1, 2, 3 and 8 cycles of the season that `step` falls into."""
        newest = self.window_length - 1 + step - season * -(-step // season)
        positions = newest - season * np.arange(max(_CYCLES))
        values = view.past.window[:, positions[positions >= 0]]
        known = ~np.isnan(values)
        sums = np.cumsum(np.where(known, values - view.level[:, None], 0.0), axis=1)
        counts = np.cumsum(known, axis=1)
        means = np.zeros((len(view.level), len(_CYCLES)))
        for position, cycles in enumerate(_CYCLES):
            at = min(cycles, sums.shape[1]) - 1
            if at >= 0:
                means[:, position] = sums[:, at] / np.maximum(counts[:, at], 1)
        return means / view.scale[:, None]


def _mean_of_known(values: NDArray, otherwise: NDArray) -> NDArray:
    """Row means over what is not NaN; `otherwise` where all is."""
    known = ~np.isnan(values)
    count = known.sum(axis=1)
    total = np.where(known, values, 0.0).sum(axis=1)
    return np.where(count > 0, total / np.maximum(count, 1), otherwise)
