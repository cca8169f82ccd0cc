"""Models whose state is a window: the newest values of each series and a few running sums.

Naive, seasonal naive, drift and every linear autoregression forecast from this one state; they
differ in `emit` only. The window holds NaN before a series began.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from forecast.protocol import Block, Feedback, StateBatch, Static

__all__ = ["Past", "WindowModel"]

# Windows looked at in one go by `observe`: bounds the memory of a long block.
_CHUNK_ELEMENTS = 4_000_000


@dataclass(frozen=True, eq=False)
class Past:
    """What is known of `n` pasts, each a row: one origin of one series.

    Args:
        window: newest values, oldest first, `(n, window_length)`; NaN before the series began.
        total: sum of all values so far, `(n,)`.
        clock: number of steps so far, `(n,)`.
        first: first value of the series, `(n,)`; NaN before it came.
        series: position of the series among the fitted ones, -1 for a new one, `(n,)`.
    """

    window: NDArray
    total: NDArray
    clock: NDArray
    first: NDArray
    series: NDArray

    @property
    def last(self) -> NDArray:
        """Newest value, `(n,)`."""
        return self.window[:, -1]

    def take(self, rows) -> Past:
        """The pasts of `rows`."""
        return Past(
            self.window[rows], self.total[rows], self.clock[rows], self.first[rows],
            self.series[rows],
        )  # fmt: skip

    def append(self, values: NDArray) -> Past:
        """The pasts after `values`, `(n, num_steps)`, were seen too."""
        window = np.concatenate([self.window, values], axis=1)[:, values.shape[1] :]
        first = np.where(np.isnan(self.first), values[:, 0], self.first)
        clock = self.clock + values.shape[1]
        return Past(window, self.total + values.sum(axis=1), clock, first, self.series)


class WindowModel(ABC):
    """A model that forecasts from the last `window_length` values and running sums.

    Args:
        window_length: number of values remembered, at least 1.
        block_length: number of steps emitted at once, at least 1.
    """

    def __init__(self, window_length: int, block_length: int) -> None:
        """Store both lengths."""
        self.window_length = window_length
        self.block_length = block_length

    @abstractmethod
    def emit(self, past: Past, num_steps: int) -> NDArray:
        """Forecast the next `num_steps <= block_length` steps, `(n, num_steps)`."""

    def encode(self, values: NDArray) -> NDArray:
        """Values of the series in the unit of the window (the identity here)."""
        return values

    def decode(self, values: NDArray) -> NDArray:
        """Values of the window in the unit of the series (the identity here)."""
        return values

    def init_state(self, num_rows: int, static: Static) -> StateBatch:
        """See `forecast.protocol.Model`."""
        nothing = np.full(num_rows, np.nan)
        arrays = {
            "window": np.full((num_rows, self.window_length), np.nan),
            "total": np.zeros(num_rows),
            "first": nothing,
            "series": np.asarray(static.series, dtype=np.int64),
        }
        zeros = np.zeros(num_rows, dtype=np.int64)
        return StateBatch(arrays, zeros, zeros)

    def observe(self, state: StateBatch, block: Block) -> tuple[StateBatch, NDArray]:
        """See `forecast.protocol.Model`; all steps at once, gaps one after the other."""
        past = _past(state)
        values = self.encode(np.where(block.observed, block.values, np.nan))
        values = self._fill(past, values, block.valid & ~block.observed)
        one_step = self._one_step(past, values)
        return self._advance(state, past, values, block), one_step

    def rollout(self, state: StateBatch, horizon: int, feedback: Feedback) -> NDArray:
        """See `forecast.protocol.Model`; block after block."""
        num_rows, num_paths = state.num_rows, feedback.num_paths
        past = _past(state).take(np.repeat(np.arange(num_rows), num_paths))
        blocks = []
        for step in range(0, horizon, self.block_length):
            emitted = self.decode(self.emit(past, self.block_length))
            values = feedback(emitted.reshape(num_rows, num_paths, -1), step)
            blocks.append(values)
            past = past.append(self.encode(values.reshape(num_rows * num_paths, -1)))
        return np.concatenate(blocks, axis=2)[:, :, :horizon]

    def _fill(self, past: Past, values: NDArray, gaps: NDArray) -> NDArray:
        """Put the model's own one-step forecast at every gap, in the order of time."""
        values = values.copy()
        for step in np.flatnonzero(gaps.any(axis=0)):
            rows = np.flatnonzero(gaps[:, step])
            before = past.take(rows)
            if step:
                before = before.append(values[rows, :step])
            values[rows, step] = self.emit(before, 1)[:, 0]
        return values

    def _one_step(self, past: Past, values: NDArray) -> NDArray:
        """Forecasts of every step of `values` from the steps before it, in series units."""
        num_rows, num_steps = values.shape
        window = np.concatenate([past.window, values], axis=1)[:, :-1]
        windows = sliding_window_view(window, self.window_length, axis=1)
        known = np.nan_to_num(values)
        totals = past.total[:, None] + np.cumsum(known, axis=1) - known
        first = np.where(np.isnan(past.first), values[:, 0], past.first)
        forecasts = np.empty((num_rows, num_steps))
        chunk = max(1, _CHUNK_ELEMENTS // (num_rows * self.window_length))
        for start in range(0, num_steps, chunk):
            steps = np.arange(start, min(start + chunk, num_steps))
            pasts = Past(
                windows[:, steps].reshape(-1, self.window_length),
                totals[:, steps].ravel(),
                (past.clock[:, None] + steps).ravel(),
                np.repeat(first, len(steps)),
                np.repeat(past.series, len(steps)),
            )
            forecasts[:, steps] = self.emit(pasts, 1).reshape(num_rows, len(steps))
        forecasts[past.clock == 0, 0] = np.nan
        return self.decode(forecasts)

    def _advance(self, state: StateBatch, past: Past, values: NDArray, block: Block) -> StateBatch:
        """The state after the valid steps of the block."""
        num_valid = block.valid.sum(axis=1)
        joined = np.concatenate([past.window, values], axis=1)
        columns = num_valid[:, None] + np.arange(self.window_length)
        began = np.isnan(past.first) & (num_valid > 0)
        arrays = {
            "window": np.take_along_axis(joined, columns, axis=1),
            "total": past.total + np.where(block.valid, values, 0.0).sum(axis=1),
            "first": np.where(began, values[:, 0], past.first),
            "series": past.series,
        }
        return state.advance(arrays, block)


def _past(state: StateBatch) -> Past:
    arrays = state.arrays
    return Past(
        arrays["window"], arrays["total"], state.clock, arrays["first"], arrays["series"]
    )  # fmt: skip
