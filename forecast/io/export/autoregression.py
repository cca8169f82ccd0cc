"""The autoregression of each series in tensors, its exact filter through gaps included."""

from __future__ import annotations

from typing import Any

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from forecast.baselines.autoregression.model import ARModel
from forecast.baselines.autoregression.terms import Deterministic
from forecast.baselines.power import Power
from forecast.io.export.served import ServedModel, StateArray, Tensors, learned
from forecast.protocol import StateBatch

__all__ = ["ServedAR"]


class ServedAR(ServedModel):
    """See `ARModel` and `GapFilter`: one equation a series.

    Args:
        model: the model.
    """

    def __init__(self, model: ARModel) -> None:
        """Lay the parameters out by lag and by phase."""
        form, parameters = model.form, model.parameters
        super().__init__(Power(0.0 if form.logarithm else 1.0))
        self._length, self._slots = model.window_length, form.num_slots
        polynomial = np.zeros((len(model.coefficients), self._length))
        polynomial[:, model.lags - 1] = model.coefficients
        slopes, levels = _terms(Deterministic(form.trend, form.period), parameters.deterministic)
        self._polynomial, self._centres = learned(polynomial), learned(parameters.centres)
        self._slopes, self._levels = learned(slopes), learned(levels)
        self._variances = learned(parameters.variances)

    def state_arrays(self) -> dict[str, StateArray]:
        """See `ServedModel`."""
        return {
            "window": StateArray((self._length,), initial=float("nan")),
            "ages": StateArray((self._slots,), dtype="int64"),
            "covariance": StateArray((self._slots * (self._slots + 1) // 2,)),
            "series": StateArray(dtype="int64"),
            "offset": StateArray(dtype="int64"),
            "clock": StateArray(dtype="int64"),
        }

    def of_state(self, state: StateBatch) -> dict[str, NDArray]:
        """See `ServedModel`."""
        arrays = {**state.arrays, "clock": state.clock}
        return {name: np.asarray(arrays[name]) for name in self.state_arrays()}

    def emit(self, state: Tensors, num_steps: int) -> Any:  # noqa: ARG002 (always 1)
        """See `ServedModel`."""
        return self._next(state)[:, None]

    def _next(self, state: Tensors) -> Any:
        """`d'z[t] + sum_k a_k y[t-k]`, `(num_rows,)`."""
        series = state["series"]
        weights = tf.reverse(tf.gather(self._polynomial, series), axis=[1])
        lagged = tf.reduce_sum(self._known(state) * weights, axis=1)
        time = state["clock"] + state["offset"]
        slope = tf.gather(self._slopes, series) * tf.cast(time + 1, tf.float64)
        places = tf.stack([series, time % self._levels.shape[1]], axis=1)
        return lagged + slope + tf.gather_nd(self._levels, places)

    def observe(self, state: Tensors, values: Any) -> dict[str, Any]:
        """See `ServedModel` and `GapFilter`.

        The forecast is f with variance `S = a'Pa + sigma^2`. A value moves the unknown ones by
        `(Pa / S) (y - f)`; a missing one takes a slot with mean f, variance S, covariances Pa.
        """
        forecast, missing, ages = self._next(state), tf.math.is_nan(values), state["ages"]
        covariance = _unpacked(state["covariance"], self._slots)
        shared, spread = self._shared(state, covariance)
        gain = tf.math.divide_no_nan(shared, spread[:, None])
        gain = tf.where(missing[:, None], tf.zeros_like(gain), gain)
        error = tf.where(missing, tf.zeros_like(values), values - forecast)
        window = _moved(state["window"], ages, gain * error[:, None])
        covariance -= gain[:, :, None] * shared[:, None, :]
        slot = _slot(ages) & missing[:, None]
        covariance = _remembered(covariance, slot, tf.where(slot, spread[:, None], shared))
        ages = tf.where(slot, tf.ones_like(ages), tf.where(ages > 0, ages + 1, 0))
        ages = tf.where(ages > self._length, tf.zeros_like(ages), ages)
        covariance = tf.where(_pairs(ages > 0), covariance, tf.zeros_like(covariance))
        after = self.feed({**state, "window": window}, tf.where(missing, forecast, values)[:, None])
        return {**after, "ages": ages, "covariance": _packed(covariance, self._slots)}

    def _shared(self, state: Tensors, covariance: Any) -> tuple[Any, Any]:
        """Pa, `(num_rows, num_slots)`, and S, `(num_rows,)`."""
        by_age = tf.pad(tf.gather(self._polynomial, state["series"]), [[0, 0], [1, 0]])
        weights = tf.gather(by_age, state["ages"], batch_dims=1)
        shared = tf.linalg.matvec(covariance, weights)
        variances = tf.gather(self._variances, state["series"])
        return shared, tf.reduce_sum(shared * weights, axis=1) + variances

    def feed(self, state: Tensors, values: Any) -> dict[str, Any]:
        """See `ServedModel`; what was unknown stays as it is."""
        window = tf.concat([state["window"], values], axis=1)[:, 1:]
        return {**state, "window": window, "clock": state["clock"] + 1}

    def _known(self, state: Tensors) -> Any:
        """The window with the mean where the series had not begun."""
        window = state["window"]
        centres = tf.gather(self._centres, state["series"])[:, None]
        return tf.where(tf.math.is_nan(window), centres, window)


def _terms(terms: Deterministic, coefficients: NDArray) -> tuple[NDArray, NDArray]:
    """Slope of each series, `(num_series,)`, and level of each phase, `(num_series, period)`."""
    start, at = np.zeros(len(coefficients), dtype=np.int64), int("c" in terms.trend)
    if "t" not in terms.trend:
        return np.zeros(len(coefficients)), terms.level(coefficients, start, terms.period)
    flat = coefficients.copy()
    flat[:, at] = 0.0
    return coefficients[:, at], terms.level(flat, start, terms.period)


def _moved(window: Any, ages: Any, shifts: Any) -> Any:
    """The window with the values of each age shifted, `(num_rows, num_slots)`."""
    length = window.shape[1]
    rows = tf.broadcast_to(tf.range(tf.shape(ages, tf.int64)[0])[:, None], tf.shape(ages))
    places = tf.stack([rows, tf.minimum(length - ages, length - 1)], axis=-1)
    return tf.tensor_scatter_nd_add(window, places, tf.where(ages > 0, shifts, 0.0))


def _slot(ages: Any) -> Any:
    """The slot that a new unknown value takes: the first free one, else that of the oldest."""
    num_slots, before_all = ages.shape[1], tf.constant(-(2**32), ages.dtype)
    order = tf.where(ages > 0, -ages, before_all)
    distinct = order * num_slots + tf.range(num_slots, dtype=ages.dtype)
    return distinct == tf.reduce_min(distinct, axis=1, keepdims=True)


def _remembered(covariance: Any, slot: Any, shared: Any) -> Any:
    """The covariance with row and column of the slot replaced."""
    covariance = tf.where(slot[:, :, None], shared[:, None, :], covariance)
    return tf.where(slot[:, None, :], shared[:, :, None], covariance)


def _pairs(taken: Any) -> Any:
    return taken[:, :, None] & taken[:, None, :]


def _unpacked(packed: Any, num_slots: int) -> Any:
    """The symmetric matrices of which `packed` is the lower triangle."""
    places = np.zeros((num_slots, num_slots), dtype=np.int64)
    low, high = np.tril_indices(num_slots)
    places[low, high] = places[high, low] = np.arange(len(low))
    return tf.gather(packed, places, axis=1)


def _packed(matrices: Any, num_slots: int) -> Any:
    """The lower triangle of each matrix."""
    low, high = np.tril_indices(num_slots)
    flat = tf.reshape(matrices, [-1, num_slots * num_slots])
    return tf.gather(flat, low * num_slots + high, axis=1)
