"""Softplus and running sums, of NumPy arrays when serving and of tensors when training."""

from __future__ import annotations

from typing import Any

import numpy as np
from keras import ops
from numpy.typing import NDArray

__all__ = ["inverse_softplus", "running_sum", "softplus", "stacked"]


def softplus(values: Any) -> Any:
    """`log(1 + exp(x))` of an array or a tensor: positive, and x itself where x is large.

    Example:
        >>> softplus(np.array([0.0, 1e3])).round(3).tolist()
        [0.693, 1000.0]
    """
    if isinstance(values, np.ndarray):
        return np.maximum(values, 0.0) + np.log1p(np.exp(-np.abs(values)))
    return ops.softplus(values)


def inverse_softplus(values: Any) -> NDArray[np.float64]:
    """The x with `softplus(x)` equal to `values`, which must be positive.

    Example:
        >>> inverse_softplus(np.log(2.0)).round(9) == 0.0
        np.True_
    """
    values = np.asarray(values, dtype=np.float64)
    return values + np.log(-np.expm1(-values))


def running_sum(values: Any) -> Any:
    """Sums along the last axis of an array or a tensor, each with all before it."""
    array = isinstance(values, np.ndarray)
    return np.cumsum(values, axis=-1) if array else ops.cumsum(values, axis=-1)


def stacked(parts: list[Any]) -> Any:
    """Arrays or tensors beside each other along their last axis."""
    array = isinstance(parts[0], np.ndarray)
    return np.concatenate(parts, axis=-1) if array else ops.concatenate(parts, axis=-1)
