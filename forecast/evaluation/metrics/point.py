"""Scores of point forecasts: a pointwise statistic, averaged over any axes."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from forecast.evaluation.metrics.averaging import Array, Axis, mean, total
from forecast.evaluation.metrics.pointwise import (
    absolute_error,
    scaled,
    squared_error,
    symmetric_percentage_error,
)

__all__ = ["mae", "mase", "nd", "nrmse", "owa", "rmse", "rmsse", "smape"]


def mae(actual: ArrayLike, forecast: ArrayLike, axis: Axis = None) -> Array:
    """Mean absolute error, ``mean |y - f|``.

    Example:
        >>> float(mae([1.0, 5.0], [2.0, 2.0]))
        2.0
    """
    return mean(absolute_error(actual, forecast), axis)


def rmse(actual: ArrayLike, forecast: ArrayLike, axis: Axis = None) -> Array:
    """Root mean squared error, ``sqrt(mean (y - f)^2)``.

    Example:
        >>> float(rmse([1.0, 7.0], [2.0, 0.0]))
        5.0
    """
    return np.sqrt(mean(squared_error(actual, forecast), axis))


def smape(actual: ArrayLike, forecast: ArrayLike, axis: Axis = None) -> Array:
    """Symmetric mean absolute percentage error (M4), ``mean 200 |y - f| / (|y| + |f|)``.

    Example:
        >>> float(smape([1.0, 0.0], [3.0, 0.0]))
        50.0
    """
    return mean(symmetric_percentage_error(actual, forecast), axis)


def mase(
    actual: ArrayLike, forecast: ArrayLike, denominator: ArrayLike, axis: Axis = None
) -> Array:
    """Mean absolute scaled error, ``mean |y - f| / q`` with q from :func:`mase_denominator`.

    Args:
        actual: any shape.
        forecast: the shape of ``actual``.
        denominator: q, broadcast against ``actual``: (series, 1) for a (series, steps) array.
        axis: axis or axes to average over; ``None`` is all of them.

    Returns:
        The score; series whose q is 0 do not count.

    Example:
        >>> float(mase([1.0, 5.0], [2.0, 2.0], denominator=4.0))
        0.5
    """
    return mean(scaled(absolute_error(actual, forecast), denominator), axis)


def rmsse(
    actual: ArrayLike, forecast: ArrayLike, denominator: ArrayLike, axis: Axis = None
) -> Array:
    """Root mean squared scaled error, ``sqrt(mean (y - f)^2 / s)``, s of :func:`rmsse_denominator`.

    Args:
        actual: any shape.
        forecast: the shape of ``actual``.
        denominator: s, broadcast against ``actual``: (series, 1) for a (series, steps) array.
        axis: axis or axes to average over before the root is taken: the steps, for a score a
            series; ``None`` is all of them.

    Returns:
        The score; series whose s is 0 do not count.

    Example:
        >>> float(rmsse([1.0, 7.0], [2.0, 0.0], denominator=4.0))
        2.5

    Source:
        M5 competition, Makridakis, Spiliotis and Assimakopoulos (2022), IJF 38.
    """
    return np.sqrt(mean(scaled(squared_error(actual, forecast), denominator), axis))


def nd(actual: ArrayLike, forecast: ArrayLike, axis: Axis = None) -> Array:
    """Normalised deviation, ``sum |y - f| / sum |y|``; NaN where every y is 0.

    Example:
        >>> float(nd([1.0, 5.0], [2.0, 2.0]))
        0.6666666666666666

    Source:
        Salinas, Flunkert, Gasthaus and Januschowski (2020), DeepAR, IJF 36.
    """
    errors = absolute_error(actual, forecast)
    return scaled(total(errors, axis), total(_sizes(actual, errors), axis))


def nrmse(actual: ArrayLike, forecast: ArrayLike, axis: Axis = None) -> Array:
    """Normalised root mean squared error, ``sqrt(mean (y - f)^2) / mean |y|``.

    Example:
        >>> float(nrmse([1.0, 7.0], [2.0, 0.0]))
        1.25

    Source:
        Salinas, Flunkert, Gasthaus and Januschowski (2020), DeepAR, IJF 36.
    """
    errors = squared_error(actual, forecast)
    return scaled(np.sqrt(mean(errors, axis)), mean(_sizes(actual, errors), axis))


def owa(smape_score: float, mase_score: float, naive2_smape: float, naive2_mase: float) -> float:
    """Overall weighted average of M4, ``(sMAPE / sMAPE_Naive2 + MASE / MASE_Naive2) / 2``.

    The four numbers are averages over the set of series; ratios of single series are never
    averaged.

    Example:
        >>> round(owa(9.328, 0.893, 18.383, 2.395), 3)  # ES-RNN, M4 hourly
        0.44
    """
    return 0.5 * (smape_score / naive2_smape + mase_score / naive2_mase)


def _sizes(actual: ArrayLike, errors: Array) -> Array:
    """``|y|`` of the steps that are scored."""
    return np.where(np.isnan(errors), np.nan, np.abs(np.asarray(actual, np.float64)))
