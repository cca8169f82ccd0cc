"""Naive2, the benchmark that M4's overall weighted average divides by."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from forecast.evaluation.metrics import Array
from forecast.pipelines.calendar.season import seasonal_adjustment


def naive2(history: ArrayLike, horizon: int, season_length: int) -> Array:
    """Last value of the seasonally adjusted series, with the season put back.

    Adjusted where M4's autocorrelation test holds; see `pipelines.season.seasonal_adjustment`.

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
    indices, multiplicative = seasonal_adjustment(values, season_length)
    ahead = np.arange(len(values), len(values) + horizon) % season_length
    if multiplicative:
        return values[last] / indices[last % season_length] * indices[ahead]
    return values[last] - indices[last % season_length] + indices[ahead]
