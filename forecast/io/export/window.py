"""Models whose state is a window, in tensors: the naive family (see `WindowModel`)."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from forecast.baselines.power import Power
from forecast.io.export.served import ServedModel, StateArray, Tensors
from forecast.protocol import StateBatch

__all__ = ["ServedDrift", "ServedNaive", "ServedWindow"]

_NAN = float("nan")
_UNCHANGED = Power(1.0)


class ServedWindow(ServedModel):
    """A model that forecasts from its newest values and running sums.

    Args:
        window_length: newest values that forecasts depend on.
        block_length: see `ServedModel`.
        power: see `ServedModel`.
    """

    remembered: ClassVar[tuple[str, ...]] = ("window", "clock")
    """The arrays of `Past` that forecasts depend on."""

    def __init__(self, window_length: int, block_length: int, power: Power = _UNCHANGED) -> None:
        """Store the lengths."""
        super().__init__(power, block_length)
        self._length = window_length

    def state_arrays(self) -> dict[str, StateArray]:
        """See `ServedModel`."""
        arrays = {
            "window": StateArray((self._length,), initial=_NAN),
            "total": StateArray(),
            "size": StateArray(),
            "first": StateArray(initial=_NAN),
            "clock": StateArray(dtype="int64"),
            "series": StateArray(dtype="int64"),
        }
        return {name: arrays[name] for name in self.remembered}

    def of_state(self, state: StateBatch) -> dict[str, NDArray]:
        """See `ServedModel`."""
        arrays = {**state.arrays, "clock": state.clock}
        arrays["window"] = arrays["window"][:, -self._length :]
        return {name: np.asarray(arrays[name]) for name in self.remembered}

    def observe(self, state: Tensors, values: Any) -> dict[str, Any]:
        """See `ServedModel`: a missing value is the forecast of it."""
        values = tf.where(tf.math.is_nan(values), self.emit(state, 1)[:, 0], values)
        return self.feed(state, values[:, None])

    def feed(self, state: Tensors, values: Any) -> dict[str, Any]:
        """See `ServedModel`."""
        num_steps = values.shape[1]
        after = {
            **state,
            "window": tf.concat([state["window"], values], axis=1)[:, num_steps:],
            "clock": state["clock"] + num_steps,
        }
        if "total" in state:
            after["total"] = state["total"] + tf.reduce_sum(values, axis=1)
        if "size" in state:
            after["size"] = state["size"] + tf.reduce_sum(tf.abs(values), axis=1)
        if "first" in state:
            first = state["first"]
            after["first"] = tf.where(tf.math.is_nan(first), values[:, 0], first)
        return after


class ServedNaive(ServedWindow):
    """See `NaiveModel` and `SeasonalNaiveModel`."""

    def emit(self, state: Tensors, num_steps: int) -> Any:
        """See `ServedModel`; before a whole season was seen, the last value stands in."""
        season = state["window"][:, :num_steps]
        return tf.where(tf.math.is_nan(season), state["window"][:, -1:], season)


class ServedDrift(ServedWindow):
    """See `DriftModel`."""

    remembered = ("window", "clock", "first")

    def emit(self, state: Tensors, num_steps: int) -> Any:
        """See `ServedModel`: the last value plus the mean change."""
        last = state["window"][:, -1]
        changes = tf.cast(tf.maximum(state["clock"] - 1, 1), tf.float64)
        drift = (last - state["first"]) / changes
        return last[:, None] + drift[:, None] * tf.range(1, num_steps + 1, dtype=tf.float64)
