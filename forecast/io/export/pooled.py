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
        features, coefficients = model.features, model.coefficients
        super().__init__(features.window_length, model.block_length, model.power)
        num_lags, num_level = len(features.lags), 3 * features.level_means
        of_lags = np.zeros((*coefficients.shape[:2], features.window_length))
        of_lags[:, :, -np.array(features.lags)] = coefficients[:, :, :num_lags]
        of_means = coefficients[:, :, num_lags + num_level : -1]
        of_rest = np.zeros((*coefficients.shape[:2], 2))
        of_rest[:, :, 1] = coefficients[:, :, -1]
        if features.level_means:
            level = coefficients[:, :, num_lags : num_lags + 3]
            of_means = np.concatenate([level[:, :, :2], of_means], axis=2)
            of_rest[:, :, 0] = level[:, :, 2]
        groups = [_groups(features, step + 1) for step in range(model.block_length)]
        self._features = features
        self._groups = learned(np.stack(groups))
        self._of_lags, self._of_means = learned(of_lags), learned(of_means)
        self._of_rest = learned(of_rest)

    def emit(self, state: Tensors, num_steps: int) -> Any:
        """See `ServedModel`."""
        window, span = state["window"], self._features.span
        known = tf.cast(~tf.math.is_nan(window), tf.float64)
        level = _mean_of_known(window[:, -span:], known[:, -span:], window[:, -1])
        moved = tf.where(known > 0.0, window - level[:, None], 0.0)
        clock = tf.cast(tf.maximum(state["clock"], 1), tf.float64)
        everything, scale = state["total"] / clock - level, self._scale(state, level, moved, known)
        sets = state["series"] + 1 if self._of_lags.shape[0] > 1 else tf.zeros_like(state["series"])
        groups = self._groups[:num_steps]
        sums = tf.einsum("nl,kgl->nkg", moved, groups)
        counts = tf.maximum(tf.einsum("nl,kgl->nkg", known, groups), 1.0)
        of_lags = tf.gather(self._of_lags[:, :num_steps], sets)
        of_means = tf.gather(self._of_means[:, :num_steps], sets)
        of_rest = tf.gather(self._of_rest[:, :num_steps], sets)
        linear = tf.einsum("nl,nkl->nk", moved, of_lags)
        linear += tf.reduce_sum(sums / counts * of_means, axis=2)
        linear += everything[:, None] * of_rest[:, :, 0]
        return level[:, None] + linear + scale[:, None] * of_rest[:, :, 1]

    def _scale(self, state: Tensors, level: Any, moved: Any, known: Any) -> Any:
        """See `Features.scale`."""
        if self._features.scale == "none":
            return tf.ones_like(level)
        if self._features.scale == "causal":
            size = state["size"] / tf.cast(tf.maximum(state["clock"], 1), tf.float64)
        else:
            span = self._features.span
            size = _mean_of_known(tf.abs(moved)[:, -span:], known[:, -span:], tf.zeros_like(level))
        return tf.maximum(size, 1e-9 * tf.maximum(tf.abs(level), 1.0))


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


def _mean_of_known(values: Any, known: Any, otherwise: Any) -> Any:
    count = tf.reduce_sum(known, axis=1)
    total = tf.reduce_sum(tf.where(known > 0.0, values, 0.0), axis=1)
    return tf.where(count > 0.0, total / tf.maximum(count, 1.0), otherwise)
