"""The pooled autoregression in tensors, all steps of a block at once."""

from __future__ import annotations

from typing import Any

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from forecast.baselines.pooled.features import CYCLES, Features
from forecast.baselines.pooled.model import PooledARModel
from forecast.io.export.served import Tensors, learned
from forecast.io.export.window import ServedWindow

__all__ = ["ServedPooled"]


class ServedPooled(ServedWindow):
    """See `PooledARModel`: `level + sum_k a_k (y[t-k] - level) + means + scale * constant`.

    In the model every column is divided by the scale and the sum multiplied by it again; only the
    constant keeps it.

    Args:
        model: the model, without covariates.
    """

    remembered = ("window", "total", "size", "clock", "series")

    def __init__(self, model: PooledARModel) -> None:
        """Lay the coefficients out by lag and by mean."""
        features = model.features
        super().__init__(features.window_length, model.block_length, model.power)
        groups = [_groups(features, step + 1) for step in range(model.block_length)]
        of_lags, of_means, of_rest = _layout(features, model.coefficients)
        self._features, self._groups = features, learned(np.stack(groups))
        self._of_lags, self._of_means = learned(of_lags), learned(of_means)
        self._of_rest = learned(of_rest)

    def emit(self, state: Tensors, num_steps: int) -> Any:
        """See `ServedModel`."""
        window, span = state["window"], self._features.span
        known = tf.cast(~tf.math.is_nan(window), tf.float64)
        level = _mean_of_known(window[:, -span:], known[:, -span:], window[:, -1])
        moved = tf.where(known > 0.0, window - level[:, None], 0.0)
        everything = state["total"] / _steps(state) - level
        of_lags, of_means, of_rest = self._coefficients(state, num_steps)
        groups = self._groups[:num_steps]
        sums = tf.einsum("nl,kgl->nkg", moved, groups)
        counts = tf.maximum(tf.einsum("nl,kgl->nkg", known, groups), 1.0)
        linear = tf.linalg.matvec(of_lags, moved)
        linear += tf.reduce_sum(sums / counts * of_means, axis=2)
        linear += everything[:, None] * of_rest[:, :, 0]
        scale = self._scale(state, level, moved, known)
        return level[:, None] + linear + scale[:, None] * of_rest[:, :, 1]

    def _coefficients(self, state: Tensors, num_steps: int) -> list[Any]:
        """Those of lags, of means, and of the mean of everything and the constant.

        A set for each row, or one for all where all share the pool's.
        """
        arrays = (self._of_lags, self._of_means, self._of_rest)
        first = [array[:, :num_steps] for array in arrays]
        if self._of_lags.shape[0] == 1:
            return first
        return [tf.gather(array, state["series"] + 1) for array in first]

    def _scale(self, state: Tensors, level: Any, moved: Any, known: Any) -> Any:
        """See `Features.scale`."""
        if self._features.scale == "none":
            return tf.ones_like(level)
        if self._features.scale == "causal":
            size = state["size"] / _steps(state)
        else:
            span = self._features.span
            size = _mean_of_known(tf.abs(moved)[:, -span:], known[:, -span:], tf.zeros_like(level))
        return tf.maximum(size, 1e-9 * tf.maximum(tf.abs(level), 1.0))


def _layout(features: Features, coefficients: NDArray) -> tuple[NDArray, NDArray, NDArray]:
    """Coefficients by lag, oldest first, by mean, and of the mean of everything and the constant.

    Each `(num_sets, block_length, ...)`.
    """
    shape, num_lags = coefficients.shape[:2], len(features.lags)
    of_lags, of_rest = np.zeros((*shape, features.window_length)), np.zeros((*shape, 2))
    of_lags[:, :, -np.array(features.lags)] = coefficients[:, :, :num_lags]
    of_means, of_rest[:, :, 1] = coefficients[:, :, num_lags:-1], coefficients[:, :, -1]
    if features.level_means:  # those over 2 and 3 spans and everything come first
        of_rest[:, :, 0] = of_means[:, :, 2]
        of_means = np.delete(of_means, 2, axis=2)
    return of_lags, of_means, of_rest


def _groups(features: Features, step: int) -> NDArray:
    """1 where a value of the window belongs to a mean for the forecast `step` steps ahead.

    The level means of 2 and 3 spans, then of each season the last 1, 2, 3 and 8 cycles; a row a
    mean, `(num_means, window_length)`.
    """
    lags = []
    if features.level_means:
        lags += [np.arange(1, width * features.span + 1) for width in (2, 3)]
    for season in features.seasons if features.season_means else ():
        newest = season * -(-step // season) - step + 1
        lags += [newest + season * np.arange(cycles) for cycles in CYCLES]
    back = np.arange(features.window_length, 0, -1)
    return np.array([np.isin(back, own) for own in lags]).reshape(-1, len(back)).astype(float)


def _steps(state: Tensors) -> Any:
    return tf.cast(tf.maximum(state["clock"], 1), tf.float64)


def _mean_of_known(values: Any, known: Any, otherwise: Any) -> Any:
    count = tf.reduce_sum(known, axis=1)
    total = tf.reduce_sum(tf.where(known > 0.0, values, 0.0), axis=1)
    return tf.where(count > 0.0, total / tf.maximum(count, 1.0), otherwise)
