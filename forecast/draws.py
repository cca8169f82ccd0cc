"""Random draws that do not depend on batching, and the feedback of a rollout."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

__all__ = ["Bounds", "Draws", "FeedBack", "Prepared", "keyed_uniforms", "series_key"]

# Increment and multipliers of the SplitMix64 generator (Steele, Lea and Flood, 2014).
_INCREMENT = np.uint64(0x9E3779B97F4A7C15)
_FIRST_MULTIPLIER = np.uint64(0xBF58476D1CE4E5B9)
_SECOND_MULTIPLIER = np.uint64(0x94D049BB133111EB)


def _mix(key: NDArray, value: NDArray) -> NDArray:
    """One round of SplitMix64 on `key` advanced by `value` (integers modulo 2^64)."""
    state = key ^ (value * _INCREMENT + _INCREMENT)
    state = (state ^ (state >> np.uint64(30))) * _FIRST_MULTIPLIER
    state = (state ^ (state >> np.uint64(27))) * _SECOND_MULTIPLIER
    return state ^ (state >> np.uint64(31))


def keyed_uniforms(*keys) -> NDArray[np.float64]:
    """Uniform numbers in [0, 1), each a pure function of its keys.

    Args:
        *keys: integers or integer arrays that broadcast against each other.

    Returns:
        Array of the broadcast shape.

    Example:
        >>> bool(keyed_uniforms(1, [5, 6])[1] == keyed_uniforms(1, [6])[0])
        True
    """
    mixed = np.zeros(1, dtype=np.uint64)
    for key in keys:
        mixed = _mix(mixed, np.atleast_1d(np.asarray(key)).astype(np.uint64))
    return (mixed >> np.uint64(11)).astype(np.float64) * 2.0**-53


def series_key(ids: Iterable[object]) -> NDArray[np.uint64]:
    """A 64-bit hash of each series id, the same in every process; 1 and "1" have different ones."""
    digests = [hashlib.blake2b(_label(name).encode(), digest_size=8).digest() for name in ids]
    return np.frombuffer(b"".join(digests), dtype="<u8").astype(np.uint64)


def _label(name: object) -> str:
    """The id as text, with a mark before one that is not text, also as part of a channel's id."""
    return f"{name}" if isinstance(getattr(name, "series", name), str) else f"\0{name}"


def text_keys(ids: Iterable[object]) -> list[str]:
    """`series_key` as text: what settled choices of a series are filed under, also in bundles."""
    return [str(key) for key in series_key(ids)]


@dataclass(frozen=True, eq=False)
class Bounds:
    """The explosion guard: forecasts stay in the history's range plus one range on each side.

    Args:
        low: smallest value allowed for each row, `(num_rows,)`; 0 for a history without negatives.
        high: largest value allowed for each row, `(num_rows,)`.
    """

    low: NDArray
    high: NDArray

    @staticmethod
    def of_range(minimum: NDArray, maximum: NDArray) -> Bounds:
        """Bounds from the smallest and the largest value of each history."""
        span = maximum - minimum
        low = minimum - span
        return Bounds(np.where(minimum >= 0, np.maximum(low, 0.0), low), maximum + span)

    def clip(self, values: NDArray) -> NDArray:
        """`values`, `(num_rows, ...)`, moved to the nearest allowed value."""
        shape = (-1,) + (1,) * (values.ndim - 1)
        return np.clip(values, self.low.reshape(shape), self.high.reshape(shape))


@dataclass(frozen=True, eq=False)
class Draws:
    """Residuals drawn for sample paths, keyed by (seed, series, origin, path, step).

    Any subset, batch, order or worker therefore gives the same path. The residuals of a block of
    steps, of all channels of a system, are drawn jointly: as one row of the pool, by the key of
    the system's first row.

    Args:
        seed: integer chosen by the user.
        series: hash of each row's series id, `(num_rows,)`.
        origin: clock of each row when the rollout starts, `(num_rows,)`.
        pool: scaled residuals of past forecasts, channel after channel,
            `(num_residuals, num_channels * block_length)`.
        scale: size of the one-step errors of each row, in the unit of the series, `(num_rows,)`.
        num_channels: consecutive rows that are channels of one system, at least 1.
    """

    seed: int
    series: NDArray
    origin: NDArray
    pool: NDArray
    scale: NDArray
    num_channels: int = 1

    @property
    def block_length(self) -> int:
        """Steps that are drawn jointly."""
        return self.pool.shape[1] // self.num_channels

    def residuals(self, num_paths: int, step: int) -> NDArray:
        """Residuals to add at `step`, `(num_rows, num_paths, block_length)`."""
        return self._scaled(num_paths, np.array([step]))

    def along(self, num_paths: int, horizon: int) -> NDArray:
        """Residuals of all steps of a rollout, `(num_rows, num_paths, horizon)`."""
        return self._scaled(num_paths, np.arange(0, horizon, self.block_length))[:, :, :horizon]

    def uniforms(self, num_paths: int, step: int) -> NDArray:
        """Uniform numbers in [0, 1) for a model that draws itself.

        Those of the steps of a block go together as past residuals did: `(r_j + v_j) / n`, r_j the
        rank of the residual of step j in one row of the pool, the same row for all steps, v_j
        uniform and n the number of rows (a Schaake shuffle).

        Returns:
            `(num_rows, num_paths, block_length)`.

        Source:
            Clark et al. (2004), The Schaake shuffle, Journal of Hydrometeorology 5.
        """
        keys = self.seed, self.series[:, None, None], self.origin[:, None, None]
        paths = np.arange(num_paths)[:, None]
        if self.block_length == 1:
            return keyed_uniforms(*keys, paths, np.array([step]))
        # A further key: the row of the pool was drawn by the others.
        within = keyed_uniforms(*keys, paths, step, 1 + np.arange(self.block_length))
        ranks = self._drawn(self._ranks, num_paths, np.array([step]))
        return (ranks + within) / len(self.pool)

    def rows(self, rows: slice) -> Draws:
        """The draws of consecutive rows, those of whole systems."""
        series, origin, scale = self.series[rows], self.origin[rows], self.scale[rows]
        return replace(self, series=series, origin=origin, scale=scale)

    @cached_property
    def _ranks(self) -> NDArray:
        """Ranks from 0 in each column of the pool; equal residuals in an order of its own."""
        rows, columns = np.arange(len(self.pool))[:, None], np.arange(self.pool.shape[1])
        order = np.lexsort((keyed_uniforms(columns, rows), self.pool), axis=0)
        return np.argsort(order, axis=0)

    def _scaled(self, num_paths: int, steps: NDArray) -> NDArray:
        """Residuals of the blocks that start at `steps`, in the unit of each row."""
        return self._drawn(self.pool, num_paths, steps) * self.scale[:, None, None]

    def _drawn(self, pool: NDArray, num_paths: int, steps: NDArray) -> NDArray:
        """Rows of a table like the pool for the blocks that start at `steps`, side by side."""
        first = slice(None, None, self.num_channels)
        series, origin = self.series[first, None, None], self.origin[first, None, None]
        paths = np.arange(num_paths)[:, None]
        uniforms = keyed_uniforms(self.seed, series, origin, paths, steps)
        rows = (uniforms * len(pool)).astype(np.intp)
        drawn = pool[rows].reshape(*rows.shape, self.num_channels, -1)
        return np.moveaxis(drawn, 3, 1).reshape(len(self.series), num_paths, -1)


@dataclass(frozen=True, eq=False)
class Prepared:
    """A feedback as arrays: what a path is fed is `clip(emitted + noise, low, high)`.

    Args:
        noise: to add at each step, `(num_rows, num_paths, horizon)`.
        low: smallest value allowed for each row, `(num_rows,)`.
        high: largest value allowed for each row, `(num_rows,)`.
    """

    noise: NDArray
    low: NDArray
    high: NDArray


@dataclass(eq=False)
class FeedBack:
    """What a model is fed during a rollout: its own output, plus draws, within bounds.

    Args:
        bounds: the explosion guard of each row.
        num_paths: paths rolled forward for each row.
        draws: residuals to add; None feeds the point forecast back.
        num_clipped: values that the guard has moved so far, those of constant series apart.
    """

    bounds: Bounds
    num_paths: int = 1
    draws: Draws | None = None
    num_clipped: int = 0

    def __call__(self, emitted: NDArray, step: int) -> NDArray:
        """See `forecast.protocol.Feedback`."""
        if self.draws is not None:
            noise = self.draws.residuals(self.num_paths, step)
            emitted = emitted + noise[:, :, : emitted.shape[2]]
        return self.bounded(emitted)

    def uniforms(self, step: int) -> NDArray | None:
        """See `forecast.protocol.Drawing`."""
        return None if self.draws is None else self.draws.uniforms(self.num_paths, step)

    def bounded(self, values: NDArray) -> NDArray:
        """See `forecast.protocol.Drawing`."""
        inside = self.bounds.clip(values)
        self.count_clipped((inside != values).sum(axis=(1, 2)))
        return inside

    def prepared(self, horizon: int, rows: slice) -> Prepared:
        """The feedback of consecutive rows (whole systems) as arrays, for a compiled rollout."""
        low, high = self.bounds.low[rows], self.bounds.high[rows]
        if self.draws is None:
            return Prepared(np.zeros((len(low), self.num_paths, horizon)), low, high)
        return Prepared(self.draws.rows(rows).along(self.num_paths, horizon), low, high)

    def count_clipped(self, clipped: NDArray) -> None:
        """Note how many values of each row the guard has moved, `(num_rows,)`."""
        moving = self.bounds.high > self.bounds.low
        self.num_clipped += int(clipped[moving].sum())
