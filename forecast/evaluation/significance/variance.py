"""Variance of a mean over origins whose horizons overlap."""

from __future__ import annotations

import math

import numpy as np

from forecast.evaluation.metrics import Array

__all__ = ["bartlett_variance", "long_run_variance", "overlap", "rectangular_variance"]


def overlap(horizon: int, step_size: int) -> int:
    """Number of successive origins that one horizon reaches over, ``ceil(horizon / step_size)``.

    Example:
        >>> overlap(horizon=12, step_size=12), overlap(horizon=12, step_size=5)
        (1, 3)
    """
    if horizon < 1 or step_size < 1:
        raise ValueError(
            f"horizon is {horizon} and step_size is {step_size}; both must be 1 or more steps"
        )
    return math.ceil(horizon / step_size)


def rectangular_variance(differences: Array, num_lags: int) -> float:
    """Long-run variance, ``g_0 + 2 sum_{j<=L} g_j``: unbiased in large samples, may be negative.

    Example:
        >>> rectangular_variance(np.array([1.0, -1.0, 1.0, -1.0]), num_lags=1)
        -0.5
    """
    return _weighted(differences, np.ones(num_lags))


def bartlett_variance(differences: Array, num_lags: int) -> float:
    """Long-run variance, ``g_0 + 2 sum_{j<=L} (1 - j/(L+1)) g_j``; never negative.

    Example:
        >>> bartlett_variance(np.array([1.0, -1.0, 1.0, -1.0]), num_lags=0)
        1.0
    """
    return _weighted(differences, 1.0 - np.arange(1, num_lags + 1) / (num_lags + 1))


def long_run_variance(differences: Array, num_lags: int) -> float:
    """The rectangular variance, Bartlett's where that is not positive.

    Example:
        >>> long_run_variance(np.array([1.0, -1.0, 1.0, -1.0]), num_lags=1)
        0.25
    """
    rectangular = rectangular_variance(differences, num_lags)
    return rectangular if rectangular > 0.0 else bartlett_variance(differences, num_lags)


def _weighted(differences: Array, weights: Array) -> float:
    """``g_0 + 2 sum_j w_j g_j`` of the autocovariances ``g_j``, each over all n values."""
    deviation = differences - differences.mean()
    variance = deviation @ deviation
    for lag, weight in enumerate(weights, start=1):
        variance += 2.0 * weight * (deviation[lag:] @ deviation[:-lag])
    return float(variance / len(deviation))
