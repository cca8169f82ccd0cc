"""Averages that skip what was not observed."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

__all__ = ["Array", "Axis", "mean", "total"]

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


def total(values: ArrayLike, axis: Axis = None) -> Array:
    """Sum of the values that are not NaN; NaN where there is none.

    Args:
        values: any shape, NaN where nothing was observed.
        axis: axis or axes to sum over; ``None`` is all of them.

    Returns:
        The sums, ``values`` without the summed axes.

    Example:
        >>> total([[1.0, float("nan")], [2.0, 4.0]], axis=1)
        array([1., 6.])
    """
    array = np.asarray(values, dtype=np.float64)
    observed = ~np.isnan(array)
    summed = np.where(observed, array, 0.0).sum(axis=axis)
    return np.asarray(np.where(observed.any(axis=axis), summed, np.nan))[()]
