"""Scores of quantiles and intervals: a pointwise statistic, averaged over any axes."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from forecast.evaluation.metrics.averaging import Array, Axis, mean, total
from forecast.evaluation.metrics.pointwise import covered, quantile_loss, scaled, winkler_score

__all__ = ["coverage", "interval_score", "msis", "pinball", "weighted_quantile_loss"]


def coverage(actual: ArrayLike, low: ArrayLike, high: ArrayLike, axis: Axis = None) -> Array:
    """Share of the actuals, 0 to 1, that lie inside their interval.

    Example:
        >>> float(coverage([1.0, 5.0], [0.0, 0.0], [2.0, 2.0]))
        0.5
    """
    return mean(covered(actual, low, high), axis)


def pinball(
    actual: ArrayLike, forecast: ArrayLike, quantile: ArrayLike, axis: Axis = None
) -> Array:
    """Mean pinball (quantile) loss, ``mean max(q (y - f), (q - 1) (y - f))``.

    Example:
        >>> round(float(pinball([1.0, 5.0], [2.0, 2.0], quantile=0.9)), 3)
        1.4
    """
    return mean(quantile_loss(actual, forecast, quantile), axis)


def weighted_quantile_loss(
    actual: ArrayLike, forecast: ArrayLike, quantile: ArrayLike, axis: Axis = None
) -> Array:
    """Quantile loss over the size of the series, ``2 sum QL_q / sum |y|``; ND at q = 0.5.

    Example:
        >>> round(float(weighted_quantile_loss([1.0, 5.0], [2.0, 2.0], quantile=0.9)), 6)
        0.933333

    Source:
        Salinas, Flunkert, Gasthaus and Januschowski (2020), DeepAR, IJF 36 (rho-risk).
    """
    losses = quantile_loss(actual, forecast, quantile)
    sizes = np.where(np.isnan(losses), np.nan, np.abs(np.asarray(actual, np.float64)))
    return scaled(2.0 * total(losses, axis), total(sizes, axis))


def interval_score(
    actual: ArrayLike, low: ArrayLike, high: ArrayLike, level: int | float, axis: Axis = None
) -> Array:
    """Mean interval (Winkler) score: width plus a fine of ``2 / a`` a unit outside.

    Example:
        >>> float(interval_score([1.0, 5.0], [0.0, 0.0], [2.0, 2.0], level=80))
        17.0
    """
    return mean(winkler_score(actual, low, high, level), axis)


def msis(
    actual: ArrayLike,
    low: ArrayLike,
    high: ArrayLike,
    level: int | float,
    denominator: ArrayLike,
    axis: Axis = None,
) -> Array:
    """Mean scaled interval score of M4, the interval score over the MASE denominator.

    Args:
        actual: any shape.
        low: lower ends.
        high: upper ends.
        level: percent that the intervals shall hold; M4: 95.
        denominator: q of :func:`mase_denominator`, broadcast against ``actual``.
        axis: axis or axes to average over; ``None`` is all of them.

    Returns:
        The score; series whose q is 0 do not count.

    Example:
        >>> float(msis([1.0, 5.0], [0.0, 0.0], [2.0, 2.0], level=80, denominator=4.0))
        4.25
    """
    return mean(scaled(winkler_score(actual, low, high, level), denominator), axis)
