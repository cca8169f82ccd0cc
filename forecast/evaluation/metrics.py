"""Accuracy metrics: a pointwise statistic and an aggregation, as in GluonTS' ``ev``.

Everywhere ``error = actual - forecast``, and NaN in ``actual`` means "not observed": such a step
is skipped.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array = NDArray[np.float64]
Axis = int | tuple[int, ...] | None


def mean(values: ArrayLike, axis: Axis = None) -> Array:
    """Mean over the values that are not NaN; NaN, without a warning, where there is none.

    Args:
        values: any shape, NaN where nothing was observed.
        axis: axis or axes to average over; ``None`` is all of them.

    Returns:
        The means, ``values`` without the averaged axes.

    Example:
        >>> mean([[1.0, float("nan")], [2.0, 4.0]], axis=1)
        array([1., 3.])
    """
    array = np.asarray(values, dtype=np.float64)
    observed = ~np.isnan(array)
    count = observed.sum(axis=axis)
    total = np.where(observed, array, 0.0).sum(axis=axis)
    return np.asarray(np.where(count > 0, total / np.maximum(count, 1), np.nan))[()]


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
    """Pointwise 1.0 where ``low <= actual <= high``, 0.0 where not, NaN where the actual is NaN.

    Example:
        >>> covered([1.0, 5.0, float("nan")], [0.0, 0.0, 0.0], [2.0, 2.0, 2.0])
        array([ 1.,  0., nan])
    """
    values = np.asarray(actual, np.float64)
    inside = (values >= np.asarray(low, np.float64)) & (values <= np.asarray(high, np.float64))
    return np.where(np.isnan(values), np.nan, inside.astype(np.float64))


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
    if season_length < 1:
        raise ValueError(f"season_length is {season_length}; it must be 1 or more steps")
    values = np.asarray(history, dtype=np.float64)
    return float(mean(np.abs(values[season_length:] - values[:-season_length])))


def scaled(errors: ArrayLike, denominator: ArrayLike) -> Array:
    """Errors over the MASE denominator, NaN where the denominator is 0 or NaN.

    Example:
        >>> scaled([2.0, 3.0], [4.0, 0.0])
        array([0.5, nan])
    """
    scale = np.asarray(denominator, dtype=np.float64)
    usable = np.where(scale > 0.0, scale, np.nan)
    return np.asarray(errors, dtype=np.float64) / usable


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


def owa(smape_score: float, mase_score: float, naive2_smape: float, naive2_mase: float) -> float:
    """Overall weighted average of M4, ``(sMAPE / sMAPE_Naive2 + MASE / MASE_Naive2) / 2``.

    The four numbers are averages over the set of series; ratios of single series are never
    averaged.

    Example:
        >>> round(owa(9.328, 0.893, 18.383, 2.395), 3)  # ES-RNN, M4 hourly
        0.44
    """
    return 0.5 * (smape_score / naive2_smape + mase_score / naive2_mase)


def coverage(actual: ArrayLike, low: ArrayLike, high: ArrayLike, axis: Axis = None) -> Array:
    """Share of the actuals, 0 to 1, that lie inside their interval.

    Example:
        >>> float(coverage([1.0, 5.0], [0.0, 0.0], [2.0, 2.0]))
        0.5
    """
    return mean(covered(actual, low, high), axis)
