"""One-step forecasts of the pooled autoregression along whole series, without their windows.

The same numbers as `PooledARModel.emit` at every step, from running sums and shifted series: the
windows of all steps would be some hundred times the data.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from forecast.baselines.past import Past, sums_before
from forecast.baselines.pooled.features import CYCLES, Features

__all__ = ["track"]


@dataclass(frozen=True, eq=False)
class _Line:
    """Series with the window before them, relative to a centre that keeps sums exact.

    Args:
        values: 0 where unknown, `(n, window_length + num_steps)`.
        known: where a value is.
        reach: window_length.
        centre: what was subtracted, `(n, 1)`.
    """

    values: NDArray
    known: NDArray
    reach: int
    centre: NDArray

    @staticmethod
    def of(past: Past, values: NDArray) -> _Line:
        joined = np.concatenate([past.window, values], axis=1)
        known = ~np.isnan(joined)
        # The first value ever seen: forecasts must not depend on what comes after them.
        first = np.where(np.isnan(past.first), values[:, 0], past.first)
        centre = np.nan_to_num(first)[:, None]
        return _Line(np.where(known, joined - centre, 0.0), known, past.window.shape[1], centre)

    def lagged(self, lag: int) -> tuple[NDArray, NDArray]:
        """Values and masks `lag` steps before each step, `(n, num_steps)`."""
        at = slice(self.reach - lag, self.values.shape[1] - lag)
        return self.values[:, at], self.known[:, at]

    def sums(self, width: int) -> tuple[NDArray, NDArray]:
        """Sums and counts over the `width` steps before each step, within the window."""
        width = min(width, self.reach)
        parts = []
        for array in (self.values, self.known.astype(np.float64)):
            running = np.cumsum(array, axis=1)
            running = np.concatenate([np.zeros((len(array), 1)), running], axis=1)
            stop = slice(self.reach, array.shape[1])
            start = slice(self.reach - width, array.shape[1] - width)
            parts.append(running[:, stop] - running[:, start])
        return parts[0], parts[1]


def track(
    features: Features, coefficients: NDArray, past: Past, values: NDArray, covariates: NDArray
) -> NDArray:
    """Forecasts of every step from the steps before it, in the unit of the window.

    Args:
        features: the columns.
        coefficients: of one step ahead, a row a series, `(n, num_columns + num_covariates)`.
        past: what was known before, `n` pasts.
        values: `(n, num_steps)`, gaps filled; NaN only where nothing came before or after.
        covariates: in standard deviations from their mean, `(n, num_steps, num_covariates)`.

    Returns:
        `(n, num_steps)`; NaN where nothing was known.
    """
    past = past.newest(features.window_length)
    line = _Line.of(past, values)
    level = _mean(*line.sums(features.span), _last(line))
    columns = iter(coefficients.T[:, :, None])
    moved = np.zeros(level.shape)
    for lag in features.lags:
        value, known = line.lagged(lag)
        moved += next(columns) * np.where(known, value - level, 0.0)
    if features.level_means:
        for width in (2 * features.span, 3 * features.span):
            moved += next(columns) * (_mean(*line.sums(width), level) - level)
        moved += next(columns) * (_all_before(past.total, past, values) - line.centre - level)
    for season in features.seasons if features.season_means else ():
        for mean in _season_means(line, season, level):
            moved += next(columns) * mean
    constant = sum(next(columns) * covariates[..., i] for i in range(covariates.shape[2]))
    constant = constant + next(columns)
    return line.centre + level + moved + _scale(features, line, past, values, level) * constant


def _last(line: _Line) -> NDArray:
    value, known = line.lagged(1)
    return np.where(known, value, np.nan)


def _mean(total: NDArray, count: NDArray, otherwise: NDArray) -> NDArray:
    return np.where(count > 0, total / np.maximum(count, 1), otherwise)


def _all_before(start: NDArray, past: Past, values: NDArray) -> NDArray:
    """Mean of everything before each step, given the sum before the first."""
    total = sums_before(start, np.nan_to_num(values))
    return total / np.maximum(past.clock[:, None] + np.arange(values.shape[1]), 1)


def _season_means(line: _Line, season: int, level: NDArray) -> list[NDArray]:
    """Means of the same season over the last 1, 2, 3 and 8 cycles, less the level."""
    total, count = np.zeros(level.shape), np.zeros(level.shape)
    found, means = [], []
    for cycle in range(1, min(max(CYCLES), line.reach // season) + 1):
        value, known = line.lagged(cycle * season)
        total = total + np.where(known, value - level, 0.0)
        count = count + known
        found.append(total / np.maximum(count, 1))
    for cycles in CYCLES:
        at = min(cycles, len(found)) - 1
        means.append(found[at] if at >= 0 else np.zeros(level.shape))
    return means


def _scale(
    features: Features, line: _Line, past: Past, values: NDArray, level: NDArray
) -> NDArray | float:
    if features.scale == "none":
        return 1.0
    if features.scale == "causal":
        size = _all_before(past.size, past, np.abs(values))
    else:
        size, count = np.zeros(level.shape), np.zeros(level.shape)
        for lag in range(1, features.span + 1):
            value, known = line.lagged(lag)
            size += np.where(known, np.abs(value - level), 0.0)
            count += known
        size /= np.maximum(count, 1)
    return np.maximum(size, 1e-9 * np.maximum(np.abs(line.centre + level), 1.0))
