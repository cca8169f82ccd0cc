"""The scales of MASE and RMSSE: how much a series changes from one season to the next."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from forecast.evaluation.metrics.averaging import Array, mean

__all__ = ["mase_denominator", "rmsse_denominator"]


def mase_denominator(history: ArrayLike, season_length: int) -> float:
    """Mean absolute seasonal difference of a history, ``q = mean |x_t - x_{t-m}|``.

    Args:
        history: (steps,) one series before the first origin, NaN where nothing was observed.
        season_length: m, in steps, at least 1. M4: yearly 1, quarterly 4, monthly 12, weekly 1,
            daily 1, hourly 24.

    Returns:
        The mean over pairs observed on both sides; NaN when there is no such pair.

    Raises:
        ValueError: ``season_length`` below 1.

    Example:
        >>> mase_denominator([1.0, 2.0, float("nan"), 4.0, 8.0], season_length=1)
        2.5

    Source:
        Hyndman and Koehler (2006), Another look at measures of forecast accuracy, IJF 22.
    """
    return float(mean(np.abs(_seasonal_differences(history, season_length))))


def rmsse_denominator(history: ArrayLike, season_length: int) -> float:
    """Mean squared seasonal difference of a history, ``s = mean (x_t - x_{t-m})^2``.

    Args:
        history: (steps,) one series before the first origin, NaN where nothing was observed.
        season_length: m, in steps, at least 1. M5: 1.

    Returns:
        The mean over pairs observed on both sides; NaN when there is no such pair.

    Raises:
        ValueError: ``season_length`` below 1.

    Example:
        >>> rmsse_denominator([1.0, 2.0, float("nan"), 4.0, 8.0], season_length=1)
        8.5
    """
    return float(mean(np.square(_seasonal_differences(history, season_length))))


def _seasonal_differences(history: ArrayLike, season_length: int) -> Array:
    if season_length < 1:
        raise ValueError(f"season_length is {season_length}; it must be 1 or more steps")
    values = np.asarray(history, dtype=np.float64)
    return values[season_length:] - values[:-season_length]
