"""What is kept of every series beside its model's state, in tensors (see `forecast.record`)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from forecast.io.export.served import StateArray, Tensors

__all__ = ["RANGE", "RECORD", "guarded", "limits", "of_record", "ranged", "recorded", "scale"]

_NAN = float("nan")

RANGE = {"minimum": StateArray(initial=_NAN), "maximum": StateArray(initial=_NAN)}
"""Smallest and largest value so far."""
RECORD = {**RANGE, "error_sum": StateArray(), "error_count": StateArray(dtype="int64")}
"""Beside them the sum and the number of the absolute one-step errors."""


def of_record(record: Mapping[str, NDArray]) -> dict[str, NDArray]:
    """These arrays of the library's own record."""
    return {name: np.asarray(record[name]) for name in RECORD}


def recorded(state: Tensors, values: Any, one_step: Any) -> dict[str, Any]:
    """The record after one step; see `forecast.record.recorded`.

    Args:
        state: the state before.
        values: `(num_rows,)`, NaN where the step has no value.
        one_step: their forecasts, NaN where there was no history.
    """
    error = tf.abs(values - one_step)
    known = ~tf.math.is_nan(error)
    return {
        **ranged(state, values),
        "error_sum": state["error_sum"] + tf.where(known, error, tf.zeros_like(error)),
        "error_count": state["error_count"] + tf.cast(known, tf.int64),
    }


def ranged(state: Tensors, values: Any) -> dict[str, Any]:
    """Smallest and largest value after one step."""
    return {
        "minimum": _of_known(tf.minimum, state["minimum"], values),
        "maximum": _of_known(tf.maximum, state["maximum"], values),
    }


def scale(state: Tensors, default: float) -> Any:
    """Mean absolute one-step error of each series so far; see `Calibration.scale`."""
    count = state["error_count"]
    mean = state["error_sum"] / tf.cast(tf.maximum(count, 1), tf.float64)
    return tf.where(count > 0, mean, tf.constant(default, tf.float64))


def limits(state: Tensors) -> tuple[Any, Any]:
    """Lowest and highest value of the explosion guard, each `(num_rows,)`; see `Bounds`."""
    low, high = state["minimum"], state["maximum"]
    span = high - low
    return tf.where(low >= 0.0, tf.maximum(low - span, 0.0), low - span), high + span


def guarded(state: Tensors, values: Any) -> Any:
    """Values `(num_rows, num_steps)` within the limits; NaN without any."""
    low, high = (limit[:, None] for limit in limits(state))
    values = tf.where((values < low) | tf.math.is_nan(low), low, values)
    return tf.where(values > high, high, values)


def _of_known(function: Any, before: Any, values: Any) -> Any:
    """`function` of both where both are known, else the one that is."""
    both = tf.where(tf.math.is_nan(values), before, function(before, values))
    return tf.where(tf.math.is_nan(before), values, both)
