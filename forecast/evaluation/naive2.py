"""Naive2, the benchmark that M4's overall weighted average divides by."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from forecast.evaluation.metrics import Array, mean

CRITICAL_VALUE = 1.645  # of M4's test: 90 %, two-sided


def is_seasonal(history: ArrayLike, season_length: int) -> bool:
    """M4's test: ``|acf_m| > 1.645 sqrt((1 + 2 sum_{i<m} acf_i^2) / n)`` and n >= 3 m.

    Args:
        history: (steps,) one series, NaN where nothing was observed.
        season_length: m, in steps.

    Returns:
        True where the series is to be adjusted; always False for m = 1, below 3 m steps, or
        without variation.

    Example:
        >>> is_seasonal([1.0, 3.0, 2.0, 5.0] * 5, season_length=4)
        True

    Source:
        M4 competition, ``Benchmarks and Evaluation.R``, ``SeasonalityTest``.
    """
    values = np.asarray(history, dtype=np.float64)
    if season_length <= 1 or len(values) < 3 * season_length:
        return False
    deviation = values - mean(values)
    centred = np.where(np.isnan(deviation), 0.0, deviation)
    variance = float(centred @ centred)
    if variance == 0.0:
        return False
    lags = range(1, season_length + 1)
    acf = np.array([centred[lag:] @ centred[:-lag] for lag in lags]) / variance
    count = int((~np.isnan(values)).sum())
    limit = CRITICAL_VALUE * np.sqrt((1.0 + 2.0 * np.sum(acf[:-1] ** 2)) / count)
    return bool(abs(acf[-1]) > limit)


def seasonal_indices(history: ArrayLike, season_length: int) -> Array:
    """Classical decomposition: mean ratio to the centred moving average, per phase.

    Args:
        history: (steps,) one positive series of at least two seasons, NaN where nothing was
            observed.
        season_length: m, in steps.

    Returns:
        (m,) indices with mean 1, by phase counted from the first step; all ones where a phase has
        no positive index.

    Example:
        >>> seasonal_indices([1.0, 3.0] * 4, season_length=2)
        array([0.5, 1.5])

    Source:
        R's ``decompose(type = "multiplicative")``, which M4 calls.
    """
    values = np.asarray(history, dtype=np.float64)
    weights = np.ones(season_length)
    if season_length % 2 == 0:
        weights = np.r_[0.5, np.ones(season_length - 1), 0.5]
    trend = np.full(len(values), np.nan)
    side = len(weights) // 2
    trend[side : len(values) - side] = np.convolve(values, weights, "valid") / season_length
    ratios = values / np.where(trend > 0.0, trend, np.nan)
    phases = [mean(ratios[phase::season_length]) for phase in range(season_length)]
    indices = np.asarray(phases) / np.mean(phases)
    return indices if np.all(indices > 0.0) else np.ones(season_length)


def naive2(history: ArrayLike, horizon: int, season_length: int) -> Array:
    """Last value of the seasonally adjusted series, with the season put back.

    Args:
        history: (steps,) one series, NaN where nothing was observed, at least one value.
        horizon: steps to forecast, at least 1.
        season_length: m, in steps.

    Returns:
        (horizon,) forecasts.

    Raises:
        ValueError: a history without a value, or a horizon below 1.

    Example:
        >>> naive2([1.0, 3.0, 2.0, 5.0] * 5, horizon=4, season_length=4)
        array([1., 3., 2., 5.])
    """
    values = np.asarray(history, dtype=np.float64)
    observed = np.flatnonzero(~np.isnan(values))
    if horizon < 1:
        raise ValueError(f"horizon is {horizon}; it must be 1 or more steps")
    if len(observed) == 0:
        raise ValueError("the history has no value; Naive2 needs at least one")
    last = observed[-1]
    if not is_seasonal(values, season_length):
        return np.full(horizon, values[last])
    indices = seasonal_indices(values, season_length)
    ahead = np.arange(len(values), len(values) + horizon) % season_length
    return values[last] / indices[last % season_length] * indices[ahead]
