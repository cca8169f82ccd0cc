"""Sample paths of the pooled autoregression, without a window for each of them.

The paths of a series share its history and differ in what they were fed since. All that the
regression sees but the scale is linear in the past, so it becomes one weight for each value of the
window; what the weights make of the shared history is worked out once for all paths.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from forecast.baselines.past import Past
from forecast.baselines.pooled.features import Features, smallest_scale
from forecast.protocol import StateBatch

if TYPE_CHECKING:
    from forecast.baselines.pooled.model import PooledARModel

__all__ = ["SharedPaths", "window_weights"]

# Numbers that are worked on in one go: they stay in the cache of a core.
_CHUNK_ELEMENTS = 200_000


@dataclass(frozen=True, eq=False)
class SharedPaths:
    """`m` paths of each of `n` series; see `forecast.rolling.Paths`.

    Values are kept as deviations from a centre, the mean of the newest ones, oldest first.

    Args:
        model: the pooled autoregression.
        past: the pasts before the rollout, `n` rows.
        centre: `(n,)`.
        shared: the windows before the rollout, 0 where unknown, `(n, window_length)`.
        known: 1 where `shared` is known, else 0.
        own: values of each path since then, with room for more, `(n, horizon, m)`.
        total: sum of all values so far, `(n, m)`.
        size: sum of their absolute values, `(n, m)`.
        memory: of past covariates, `(n, num_columns)`.
        step: steps fed so far.
    """

    model: PooledARModel
    past: Past
    centre: NDArray
    shared: NDArray
    known: NDArray
    own: NDArray
    total: NDArray
    size: NDArray
    memory: NDArray
    step: int = 0

    @staticmethod
    def of(model: PooledARModel, state: StateBatch, num_paths: int, horizon: int) -> SharedPaths:
        """The paths of a state, with room for `horizon` steps."""
        features = model.features
        past = Past.of_state(state).newest(features.window_length)
        known = ~np.isnan(past.window)
        newest = np.where(known, past.window, 0.0)[:, -features.span :]
        centre = newest.sum(axis=1) / np.maximum(known[:, -features.span :].sum(axis=1), 1)
        shared = np.where(known, past.window - centre[:, None], 0.0)
        own = np.empty((state.num_rows, horizon, num_paths))
        total = np.repeat(past.total[:, None], num_paths, axis=1)
        size = np.repeat(past.size[:, None], num_paths, axis=1)
        return SharedPaths(
            model, past, centre, shared, known.astype(np.float64), own, total, size, past.covariates
        )

    @property
    def block_length(self) -> int:
        """See `forecast.rolling.Paths`."""
        return self.model.block_length

    def emit(self, future: NDArray) -> NDArray:
        """See `forecast.rolling.Paths`; some rows at a time."""
        num_rows, _, num_paths = self.own.shape
        emitted = np.empty((num_rows, num_paths, self.block_length))
        for rows in self._chunks():
            emitted[rows] = self._part(rows)._emitted(future[rows]).swapaxes(1, 2)
        return self.model.decode(emitted)

    def fed(self, values: NDArray) -> SharedPaths:
        """See `forecast.rolling.Paths`."""
        encoded, memory = self.model.encode(values), self.memory
        after = self.step + values.shape[2]
        self.own[:, self.step : after] = (encoded - self.centre[:, None, None]).swapaxes(1, 2)
        if self.model.memory is not None:
            memory = self.model.memory.ahead(memory, values.shape[2])[:, -1]
        total, size = self.total + encoded.sum(axis=2), self.size + np.abs(encoded).sum(axis=2)
        return replace(self, total=total, size=size, memory=memory, step=after)

    def _chunks(self) -> Iterator[slice]:
        num_rows, _, num_paths = self.own.shape
        features = self.model.features
        numbers = features.span * num_paths + features.window_length * (self.block_length + 2)
        size = max(1, _CHUNK_ELEMENTS // numbers)
        for start in range(0, num_rows, size):
            yield slice(start, start + size)

    def _part(self, rows: slice) -> SharedPaths:
        """The paths of consecutive rows."""
        names = ("centre", "shared", "known", "own", "total", "size", "memory")
        arrays = {name: getattr(self, name)[rows] for name in names}
        return replace(self, past=self.past.take(rows), **arrays)

    def _emitted(self, future: NDArray) -> NDArray:
        """The next steps in the unit of the window, `(n, block_length, m)`."""
        features, coefficients = self.model.features, self.model.of_series(self.past)
        known, shared, own = self._window()
        weights, kept = window_weights(features, coefficients, known), shared.shape[1]
        moved = weights[:, :, :kept] @ shared[:, :, None] + weights[:, :, kept:] @ own
        level, linear = moved[:, :1], self.centre[:, None, None] + moved[:, 1:]
        everything = self.total / self._clock - self.centre[:, None]
        linear += _of_everything(features, coefficients)[:, :, None] * everything[:, None]
        return linear + self._scale(level) * self._constant(coefficients, future)

    @property
    def _clock(self) -> NDArray:
        """Number of steps so far, at least 1, `(n, 1)`."""
        return np.maximum(self.past.clock + self.step, 1)[:, None]

    def _window(self, length: int | None = None) -> tuple[NDArray, NDArray, NDArray]:
        """What is known of the newest `length` values, those shared and each path's own."""
        length = self.model.features.window_length if length is None else length
        own = self.own[:, max(self.step - length, 0) : self.step]
        kept = slice(self.shared.shape[1] - length + own.shape[1], None)
        known = np.concatenate([self.known[:, kept], np.ones(own.shape[:2])], axis=1)
        return known, self.shared[:, kept], own

    def _constant(self, coefficients: NDArray, future: NDArray) -> NDArray:
        """The constant and what covariates add to it, `(n, block_length, 1)`."""
        covariates = coefficients[:, :, self.model.features.num_columns - 1 : -1]
        seen = [self.model.standard(now, self.memory) for now in np.moveaxis(future, 1, 0)]
        added = (covariates * np.stack(seen, axis=1)).sum(axis=2)
        return (coefficients[:, :, -1] + added)[:, :, None]

    def _scale(self, level: NDArray) -> NDArray | float:
        """What deviations from the level, `(n, 1, m)`, are divided by."""
        features = self.model.features
        if features.scale == "none":
            return 1.0
        if features.scale == "causal":
            size = (self.size / self._clock)[:, None]
        else:
            known, shared, own = self._window(features.span)
            size = known[:, None, : shared.shape[1]] @ np.abs(shared[:, :, None] - level)
            size += np.abs(own - level).sum(axis=1, keepdims=True)
            size /= np.maximum(known.sum(axis=1), 1.0)[:, None, None]
        return np.maximum(size, smallest_scale(self.centre[:, None, None] + level))


def window_weights(features: Features, coefficients: NDArray, known: NDArray) -> NDArray:
    """What the level and each step ahead make of the values of a window, everything else at 0.

    Args:
        features: the columns.
        coefficients: of each row, `(n, num_steps, num_columns + num_covariates)`.
        known: 1 where the window is known, else 0, oldest first, `(n, window_length)`.

    Returns:
        `(n, 1 + num_steps, window_length)`, first the level's; NaN where it knows of nothing.
    """
    span = _marked(features.window_length, [_newest(features, features.span)])
    count = known @ span.T
    level = known * span / np.where(count > 0, count, np.nan)
    steps = range(coefficients.shape[1])
    weights = [_step_weights(features, coefficients[:, step], known, step + 1) for step in steps]
    rest = _of_everything(features, coefficients)
    others = [(1.0 - each.sum(axis=1) - rest[:, step])[:, None] * level
              for step, each in enumerate(weights)]  # fmt: skip
    return np.stack([level, *map(np.add, weights, others)], axis=1)


def _step_weights(features: Features, columns: NDArray, known: NDArray, step: int) -> NDArray:
    """Weights of deviations from the level `step >= 1` steps ahead, `(n, window_length)`."""
    of_lags = np.zeros(known.shape)
    of_lags[:, features.window_length - np.array(features.lags)] = columns[:, : len(features.lags)]
    marks = _marked(features.window_length, _groups(features, step))
    # A mean over what is known of a group; of nothing, the mean is the level.
    of_groups = _of_groups(features, columns) / np.maximum(known @ marks.T, 1.0)
    return known * (of_lags + of_groups @ marks)


def _groups(features: Features, step: int) -> list[NDArray]:
    """Places in the window of the values whose means are columns, for `step >= 1` steps ahead."""
    wide = [_newest(features, width * features.span) for width in (2, 3)]
    return wide * features.level_means + features.season_places(step)


def _of_groups(features: Features, columns: NDArray) -> NDArray:
    """Coefficients of the groups, `(n, num_groups)`."""
    first = len(features.lags)
    wide = columns[:, first : first + 2 * features.level_means]
    seasonal = columns[:, first + 3 * features.level_means : features.num_columns - 1]
    return np.concatenate([wide, seasonal], axis=1)


def _of_everything(features: Features, coefficients: NDArray) -> NDArray:
    """Coefficient of the mean of everything, `(n, num_steps)`."""
    if not features.level_means:
        return np.zeros(coefficients.shape[:2])
    return coefficients[:, :, len(features.lags) + 2]


def _newest(features: Features, width: int) -> NDArray:
    return np.arange(max(features.window_length - width, 0), features.window_length)


def _marked(window_length: int, groups: list[NDArray]) -> NDArray:
    """1 at the places of each group, else 0, `(num_groups, window_length)`."""
    marks = np.zeros((len(groups), window_length))
    for mark, places in zip(marks, groups, strict=True):
        mark[places] = 1.0
    return marks
