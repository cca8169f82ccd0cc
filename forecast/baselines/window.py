"""Models whose state is a window: the newest values of each series and a few running sums.

Naive, seasonal naive, drift and every linear autoregression forecast from this one state; they
differ in `emit` only. The window holds NaN before a series began.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, ClassVar, Self

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from forecast.protocol import Block, Feedback, StateBatch, Static

__all__ = ["Past", "WindowModel", "along"]

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

    @staticmethod
    def blank(window_length: int, series: NDArray) -> Past:
        """Pasts before the first step of `series`."""
        n = len(series)
        window, first = np.full((n, window_length), np.nan), np.full(n, np.nan)
        clock = np.zeros(n, dtype=np.int64)
        return Past(window, np.zeros(n), clock, first, np.asarray(series, dtype=np.int64))

    @staticmethod
    def of_state(state: StateBatch) -> Past:
        """The pasts that a state remembers, a row a series."""
        arrays = state.arrays
        window, total = arrays["window"], arrays["total"]
        return Past(window, total, state.clock, arrays["first"], arrays["series"])

    def arrays(self) -> dict[str, NDArray]:
        """What a state keeps of these pasts, besides the clock."""
        return {
            "window": self.window,
            "total": self.total,
            "first": self.first,
            "series": self.series,
        }

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

    def absorb(self, values: NDArray, valid: NDArray) -> Past:
        """The pasts after the valid steps of right-padded `values`, `(n, num_steps)`."""
        num_valid = valid.sum(axis=1)
        joined = np.concatenate([self.window, values], axis=1)
        columns = num_valid[:, None] + np.arange(self.window.shape[1])
        began = np.isnan(self.first) & (num_valid > 0)
        return Past(
            np.take_along_axis(joined, columns, axis=1),
            self.total + np.where(valid, values, 0.0).sum(axis=1),
            self.clock + num_valid,
            np.where(began, values[:, 0], self.first),
            self.series,
        )


def along(past: Past, values: NDArray) -> Iterator[tuple[NDArray, Past]]:
    """The pasts before each step of `values`, `(num_rows, num_steps)`, some steps at a time.

    Yields:
        Steps, and the pasts before each of them: `num_rows * len(steps)` rows, step fastest.
    """
    num_rows, num_steps = values.shape
    window_length = past.window.shape[1]
    window = np.concatenate([past.window, values], axis=1)[:, :-1]
    windows = sliding_window_view(window, window_length, axis=1)
    known = np.nan_to_num(values)
    totals = past.total[:, None] + np.cumsum(known, axis=1) - known
    first = np.where(np.isnan(past.first), values[:, 0], past.first)
    chunk = max(1, _CHUNK_ELEMENTS // (num_rows * window_length))
    for start in range(0, num_steps, chunk):
        steps = np.arange(start, min(start + chunk, num_steps))
        yield (
            steps,
            Past(
                windows[:, steps].reshape(-1, window_length),
                totals[:, steps].ravel(),
                (past.clock[:, None] + steps).ravel(),
                np.repeat(first, len(steps)),
                np.repeat(past.series, len(steps)),
            ),
        )


class WindowModel(ABC):
    """A model that forecasts from the last `window_length` values and running sums.

    Args:
        window_length: number of values remembered, at least 1.
        block_length: number of steps emitted at once, at least 1.
    """

    saved_settings: ClassVar[tuple[str, ...]] = ()
    """Constructor arguments that are numbers, text or truth values."""
    saved_arrays: ClassVar[tuple[str, ...]] = ()
    """Constructor arguments that are arrays."""

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
        past = Past.blank(self.window_length, static.series)
        return StateBatch(past.arrays(), past.clock, np.zeros(num_rows, dtype=np.int64))

    def observe(self, state: StateBatch, block: Block) -> tuple[StateBatch, NDArray]:
        """See `forecast.protocol.Model`; all steps at once, gaps one after the other."""
        past = Past.of_state(state)
        values = self.encode(np.where(block.observed, block.values, np.nan))
        values = self.fill(past, values, block.valid & ~block.observed)
        one_step = self._one_step(past, values)
        return self._advance(state, past, values, block), one_step

    def rollout(self, state: StateBatch, horizon: int, feedback: Feedback) -> NDArray:
        """See `forecast.protocol.Model`; block after block."""
        num_rows, num_paths = state.num_rows, feedback.num_paths
        past = Past.of_state(state).take(np.repeat(np.arange(num_rows), num_paths))
        blocks = []
        for step in range(0, horizon, self.block_length):
            emitted = self.decode(self.emit(past, self.block_length))
            values = feedback(emitted.reshape(num_rows, num_paths, -1), step)
            blocks.append(values)
            past = past.append(self.encode(values.reshape(num_rows * num_paths, -1)))
        return np.concatenate(blocks, axis=2)[:, :, :horizon]

    def to_saved(self) -> tuple[dict[str, Any], dict[str, NDArray]]:
        """What a bundle keeps of the model: settings for JSON, and arrays."""
        settings = {name: getattr(self, name) for name in self.saved_settings}
        return settings, {name: getattr(self, name) for name in self.saved_arrays}

    @classmethod
    def from_saved(cls, settings: dict[str, Any], arrays: dict[str, NDArray]) -> Self:
        """The model that `to_saved` gave the settings and arrays of."""
        arguments: dict[str, Any] = {**settings, **arrays}
        return cls(**arguments)

    def fill(self, past: Past, values: NDArray, gaps: NDArray) -> NDArray:
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
        forecasts = np.empty(values.shape)
        for steps, before in along(past, values):
            forecasts[:, steps] = self.emit(before, 1).reshape(len(values), -1)
        forecasts[past.clock == 0, 0] = np.nan
        return self.decode(forecasts)

    @staticmethod
    def _advance(state: StateBatch, past: Past, values: NDArray, block: Block) -> StateBatch:
        """The state after the valid steps of the block."""
        return state.advance(past.absorb(values, block.valid).arrays(), block)
