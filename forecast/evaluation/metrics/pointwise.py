"""Pointwise statistics: one number for each actual value and what was forecast of it.

Everywhere ``error = actual - forecast``, and NaN in ``actual`` means "not observed": such a step
is NaN here and skipped by every average.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from forecast.evaluation.metrics.averaging import Array

__all__ = [
    "absolute_error",
    "covered",
    "quantile_loss",
    "scaled",
    "squared_error",
    "symmetric_percentage_error",
    "winkler_score",
]


def absolute_error(actual: ArrayLike, forecast: ArrayLike) -> Array:
    """Pointwise ``|actual - forecast|``, NaN where the actual is NaN.

    Example:
        >>> absolute_error([1.0, 5.0], [2.0, 2.0])
        array([1., 3.])
    """
    return np.abs(np.asarray(actual, np.float64) - np.asarray(forecast, np.float64))


def squared_error(actual: ArrayLike, forecast: ArrayLike) -> Array:
    """Pointwise ``(actual - forecast)^2``, NaN where the actual is NaN.

    Example:
        >>> squared_error([1.0, 5.0], [2.0, 2.0])
        array([1., 9.])
    """
    return np.square(np.asarray(actual, np.float64) - np.asarray(forecast, np.float64))


def symmetric_percentage_error(actual: ArrayLike, forecast: ArrayLike) -> Array:
    """Pointwise ``200 |y - f| / (|y| + |f|)`` in percent, 0 to 200; 0/0 counts as 0.

    Example:
        >>> symmetric_percentage_error([1.0, 0.0, 0.0], [3.0, 0.0, 1.0])
        array([100.,   0., 200.])

    Source:
        M4 competition, ``Benchmarks and Evaluation.R``, ``smape_cal``.
    """
    size = np.abs(np.asarray(actual, np.float64)) + np.abs(np.asarray(forecast, np.float64))
    return 200.0 * absolute_error(actual, forecast) / np.where(size == 0.0, 1.0, size)


def covered(actual: ArrayLike, low: ArrayLike, high: ArrayLike) -> Array:
    """Pointwise 1.0 where ``low <= actual <= high``, 0.0 where not, NaN where one of them is NaN.

    Example:
        >>> covered([1.0, 5.0, float("nan")], [0.0, 0.0, 0.0], [2.0, 2.0, 2.0])
        array([ 1.,  0., nan])
    """
    values, below = np.asarray(actual, np.float64), np.asarray(low, np.float64)
    above = np.asarray(high, np.float64)
    inside = (values >= below) & (values <= above)
    unknown = np.isnan(values) | np.isnan(below) | np.isnan(above)
    return np.where(unknown, np.nan, inside.astype(np.float64))


def scaled(errors: ArrayLike, denominator: ArrayLike) -> Array:
    """Errors over the MASE denominator, NaN where the denominator is 0 or NaN.

    Example:
        >>> scaled([2.0, 3.0], [4.0, 0.0])
        array([0.5, nan])
    """
    scale = np.asarray(denominator, dtype=np.float64)
    usable = np.where(scale > 0.0, scale, np.nan)
    return np.asarray(errors, dtype=np.float64) / usable


def quantile_loss(actual: ArrayLike, forecast: ArrayLike, quantile: ArrayLike) -> Array:
    """Pointwise pinball loss, ``max(q (y - f), (q - 1) (y - f))``; half the absolute error at 0.5.

    Args:
        actual: any shape.
        forecast: of the quantile, broadcast against ``actual``.
        quantile: q, above 0 and below 1, broadcast against ``actual``.

    Raises:
        ValueError: a quantile that is not between 0 and 1.

    Example:
        >>> quantile_loss([1.0, 5.0], [2.0, 2.0], quantile=0.9)
        array([0.1, 2.7])

    Source:
        Koenker and Bassett (1978), Regression quantiles, Econometrica 46.
    """
    share = np.asarray(quantile, np.float64)
    if not np.all((share > 0.0) & (share < 1.0)):
        raise ValueError(f"quantile is {share}; it must lie between 0 and 1")
    error = np.asarray(actual, np.float64) - np.asarray(forecast, np.float64)
    return np.maximum(share * error, (share - 1.0) * error)


def winkler_score(actual: ArrayLike, low: ArrayLike, high: ArrayLike, level: int | float) -> Array:
    """Pointwise width of an interval and a fine for what lies outside, ``a = 1 - level / 100``.

    ``(u - l) + 2/a (l - y) [y < l] + 2/a (y - u) [y > u]``, smallest in expectation for the true
    quantiles.

    Args:
        actual: any shape.
        low: lower ends, l.
        high: upper ends, u.
        level: percent that the interval shall hold, above 0 and below 100.

    Raises:
        ValueError: a level that is not between 0 and 100.

    Example:
        >>> winkler_score([1.0, 5.0], [0.0, 0.0], [2.0, 2.0], level=80)
        array([ 2., 32.])

    Source:
        Winkler (1972), JASA 67; Gneiting and Raftery (2007), JASA 102.
    """
    if not 0.0 < level < 100.0:
        raise ValueError(f"level is {level}; it must lie between 0 and 100 percent")
    values, below = np.asarray(actual, np.float64), np.asarray(low, np.float64)
    above = np.asarray(high, np.float64)
    outside = np.maximum(below - values, 0.0) + np.maximum(values - above, 0.0)
    return above - below + 200.0 / (100.0 - level) * outside
