"""The pool's recursive least squares: every new value is a target of every step ahead."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from forecast.baselines.past import Past
from forecast.baselines.pooled.features import View
from forecast.baselines.pooled.sums import PoolSums
from forecast.baselines.pooled.weights import metric_weights
from forecast.protocol import Block, StateBatch

if TYPE_CHECKING:
    from forecast.baselines.pooled.model import PooledARModel

__all__ = ["learn_pool"]


def learn_pool(
    model: PooledARModel, sums: PoolSums, state: StateBatch, block: Block
) -> tuple[NDArray, PoolSums]:
    """Coefficients and sums after a block; those given are not changed.

    Args:
        model: the fit so far.
        sums: its sums.
        state: states before the block, their windows long enough for every step ahead.
        block: newer steps, all of whose values are targets.
    """
    walk, sums = _Origins.of(model, state, block), sums.copy()
    pool = model.coefficients[0].copy()
    moments = sums.moments(pool)
    added = np.zeros(model.block_length, dtype=bool)
    for target in range(block.num_steps):
        fresh = np.zeros(model.block_length, dtype=bool)
        for step in range(model.block_length):
            rows = walk.rows(target, step, sums)
            if len(rows[0]):
                sums.add(step, moments, rows, pool[step])
                fresh[step] = True
        added |= fresh
        # Weights of absolute errors follow from the coefficients so far, step after step.
        if sums.is_absolute:
            _solve(sums, moments, pool, fresh)
    if not sums.is_absolute:
        _solve(sums, moments, pool, added)
    return model.coefficients + (pool - model.coefficients[0]), sums


def _solve(sums: PoolSums, moments: NDArray, pool: NDArray, steps: NDArray) -> None:
    for step in np.flatnonzero(steps).tolist():
        pool[step] = sums.solve(step, moments)


@dataclass(eq=False)
class _Origins:
    """What was known at the origins before and in a block, looked at in the order of time.

    Args:
        model: says what is seen of a past.
        past: before the block.
        joined: window and block, gaps filled by forecasts, `(num_rows, n)`.
        targets: the block's values in the unit of the window, NaN where none was observed.
        covariates: of the block.
        memory: of past covariates, before each step of the block.
        views: those made so far that are needed again.
    """

    model: PooledARModel
    past: Past
    joined: NDArray
    targets: NDArray
    covariates: NDArray
    memory: NDArray
    views: dict[int, View]

    @staticmethod
    def of(model: PooledARModel, state: StateBatch, block: Block) -> _Origins:
        """Before anything was looked at."""
        past, values, memory = model.seen(state, block)
        known = np.where(block.observed & (past.series >= 0)[:, None], values, np.nan)
        first = np.where(np.isnan(past.first), values[:, 0], past.first)
        joined = np.concatenate([past.window, values], axis=1)
        past = replace(past, first=first)
        return _Origins(model, past, joined, known, block.covariates, memory, {})

    def rows(self, target: int, step: int, sums: PoolSums) -> tuple[NDArray, ...]:
        """Columns, targets and weights of what is forecast `step + 1` steps ahead as `target`."""
        origin = target - step
        clock = self.past.clock + origin
        least = np.minimum(self.model.features.span, (self.past.clock + target) // 2)
        used = ~np.isnan(self.targets[:, target]) & (clock >= np.maximum(least, 1))
        if not used.any():
            return (np.zeros(0), np.zeros(0), np.zeros(0))
        view = self._view(origin)
        weights = self._weights(view, sums)
        used &= weights > 0
        beside = self.covariates[:, [target] * (step + 1)]
        design = self.model.design(view, step, beside)
        scaled = (self.targets[:, target] - view.level) / view.scale
        return design[used], scaled[used], weights[used]

    def _weights(self, view: View, sums: PoolSums) -> NDArray:
        if not sums.regression.metric_weights:
            return np.where(view.is_flat, 0.0, 1.0)
        slope = self.model.power.slope(view.level) * view.scale
        denominators = sums.denominators[np.maximum(self.past.series, 0)]
        return np.minimum(metric_weights(slope, denominators, np.inf), sums.most)

    def _view(self, origin: int) -> View:
        """The past that many steps after the block's beginning (before it, if negative)."""
        for old in [one for one in self.views if one <= origin - self.model.block_length]:
            del self.views[old]
        if origin not in self.views:
            self.views[origin] = self.model.features.view(self._past(origin))
        return self.views[origin]

    def _past(self, origin: int) -> Past:
        end, length = self.model.window_length + origin, self.model.features.window_length
        between = self.joined[:, min(end, self.model.window_length) :]
        between = np.nan_to_num(between[:, : abs(origin)]) * (1 if origin > 0 else -1)
        return replace(
            self.past,
            window=self.joined[:, end - length : end],
            total=self.past.total + between.sum(axis=1),
            size=self.past.size + np.sign(origin) * np.abs(between).sum(axis=1),
            clock=self.past.clock + origin,
            covariates=self.memory[:, max(origin, 0)],
        )
