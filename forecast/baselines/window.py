"""Models whose state is a window: the newest values of each series and a few running sums.

Naive, seasonal naive, drift and every linear autoregression forecast from this one state; they
differ in `emit` only. The window holds NaN before a series began.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from forecast.baselines.covariate_memory import CovariateMemory
from forecast.baselines.past import Past, along
from forecast.baselines.row_paths import RowPaths
from forecast.dynamics import Dynamics
from forecast.protocol import Block, Feedback, StateBatch, Static
from forecast.rolling import Paths, rolled

__all__ = ["Past", "WindowModel", "along"]


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
    num_channels: int = 1
    """Consecutive rows that are channels of one system, which `emit` is given side by side."""
    memory: CovariateMemory | None = None
    """What is remembered of past covariates; None where the model does not use them."""
    dynamics: ClassVar[Dynamics] = Dynamics(("window",))

    def __init__(self, window_length: int, block_length: int) -> None:
        """Store both lengths."""
        self.window_length = window_length
        self.block_length = block_length

    @abstractmethod
    def emit(self, past: Past, num_steps: int, future: NDArray) -> NDArray:
        """Forecast the next steps of `n` pasts.

        Args:
            past: `n` pasts.
            num_steps: steps ahead, at least 1, at most `block_length`.
            future: covariates of these steps, `(n, num_steps, num_covariates)`.

        Returns:
            Values in the unit of the window, `(n, num_steps)`.
        """

    def encode(self, values: NDArray) -> NDArray:
        """Values of the series in the unit of the window (the identity here)."""
        return values

    def decode(self, values: NDArray) -> NDArray:
        """Values of the window in the unit of the series (the identity here)."""
        return values

    def init_state(self, num_rows: int, static: Static) -> StateBatch:
        """See `forecast.protocol.Model`."""
        past = Past.blank(self.window_length, static.series, static.offset)
        past = past if self.memory is None else past.beside(self.memory.blank(num_rows))
        return StateBatch(past.arrays(), past.clock, np.zeros(num_rows, dtype=np.int64))

    def observe(self, state: StateBatch, block: Block) -> tuple[StateBatch, NDArray]:
        """See `forecast.protocol.Model`; all steps at once, gaps one after the other."""
        past, memory = Past.of_state(state), self._memories(state, block)
        values = self._filled(past, block, memory)
        one_step = self._one_step(past, values, block.covariates, memory)
        return self._advance(state, past, values, block, memory), one_step

    def absorb(self, state: StateBatch, block: Block) -> StateBatch:
        """The state of `observe` without its one-step forecasts."""
        past, memory = Past.of_state(state), self._memories(state, block)
        return self._advance(state, past, self._filled(past, block, memory), block, memory)

    def rollout(
        self, state: StateBatch, horizon: int, feedback: Feedback, future: NDArray
    ) -> NDArray:
        """See `forecast.protocol.Model`; block after block."""
        return rolled(self.paths(state, feedback.num_paths, horizon), horizon, feedback, future)

    def paths(self, state: StateBatch, num_paths: int, horizon: int) -> Paths:
        """See `forecast.rolling.Rolls`."""
        return RowPaths.of(self, state, num_paths, horizon)

    def to_saved(self) -> tuple[dict[str, Any], dict[str, NDArray]]:
        """What a bundle keeps of the model: settings for JSON, and arrays."""
        settings = {name: getattr(self, name) for name in self.saved_settings}
        return settings, {name: getattr(self, name) for name in self.saved_arrays}

    @classmethod
    def from_saved(cls, settings: dict[str, Any], arrays: dict[str, NDArray]) -> Self:
        """The model that `to_saved` gave the settings and arrays of."""
        arguments: dict[str, Any] = {**settings, **arrays}
        return cls(**arguments)

    def fill(self, past: Past, values: NDArray, block: Block, memory: NDArray) -> NDArray:
        """Put the model's own one-step forecast at every gap of the block, in the order of time."""
        gaps = block.valid & ~block.observed
        if not gaps.any():
            return values
        gappy = np.flatnonzero(self._of_systems(gaps.any(axis=1)))
        part, gaps, reached, before = values[gappy], gaps[gappy], 0, past.take(gappy)
        for step in np.flatnonzero(gaps.any(axis=0)):
            before = before.append(part[:, reached:step]) if step > reached else before
            rows = np.flatnonzero(self._of_systems(gaps[:, step]))
            future = block.covariates[gappy[rows], step : step + 1]
            pasts = before.take(rows).beside(memory[gappy[rows], step])
            known = part[rows, step]
            part[rows, step] = self.completed(pasts, self.emit(pasts, 1, future)[:, 0], known)
            reached = int(step)
        values = values.copy()
        values[gappy] = part
        return values

    def completed(self, past: Past, forecasts: NDArray, values: NDArray) -> NDArray:  # noqa: ARG002
        """The values of the step after `past`, its forecasts where they are missing, `(n,)`."""
        return np.where(np.isnan(values), forecasts, values)

    def _memories(self, state: StateBatch, block: Block) -> NDArray:
        """Memory of past covariates before each step of the block and after the last one."""
        if self.memory is None:
            return np.zeros((block.num_rows, block.num_steps + 1, 0))
        before = state.arrays["covariates"]
        if not block.past_covariates.shape[2]:  # steps ahead of an origin, as a median is fed back
            return self.memory.ahead(before, block.num_steps)
        return self.memory.along(before, block.past_covariates)

    def followed(self, past: Past, values: NDArray, window: NDArray) -> Past:
        """The pasts after `values`, `(n, num_steps)`, which were forecast and end the window."""
        after = past.followed(values, window)
        if self.memory is None:
            return after
        return after.beside(self.memory.ahead(past.covariates, values.shape[1])[:, -1])

    def _filled(self, past: Past, block: Block, memory: NDArray) -> NDArray:
        """Values of the block in the unit of the window, without gaps."""
        values = self.encode(np.where(block.observed, block.values, np.nan))
        return self.fill(past, values, block, memory)

    def _one_step(
        self, past: Past, values: NDArray, covariates: NDArray, memory: NDArray
    ) -> NDArray:
        """Forecasts of every step of `values` from the steps before it, in series units."""
        forecasts = np.empty(values.shape)
        for steps, before in along(past, values, memory):
            future = covariates[:, steps].reshape(len(before.clock), 1, covariates.shape[2])
            emitted = self.emit_systems(len(values), before, 1, future)
            forecasts[:, steps] = emitted.reshape(len(values), -1)
        forecasts[past.clock == 0, 0] = np.nan
        return self.decode(forecasts)

    def emit_systems(
        self, num_rows: int, past: Past, num_steps: int, future: NDArray
    ) -> NDArray:  # fmt: skip
        """`emit` for the same number of pasts of each row, channels brought side by side."""
        if self.num_channels == 1:
            return self.emit(past, num_steps, future)
        rows = np.arange(len(past.clock)).reshape(num_rows // self.num_channels, -1)
        order = rows.reshape(len(rows), self.num_channels, -1).swapaxes(1, 2).ravel()
        emitted = np.empty((len(order), num_steps))
        emitted[order] = self.emit(past.take(order), num_steps, future[order])
        return emitted

    def _of_systems(self, rows: NDArray) -> NDArray:
        """Whether any channel of each row's system is among `rows`, `(num_rows,)` of truths."""
        return np.repeat(rows.reshape(-1, self.num_channels).any(axis=1), self.num_channels)

    @staticmethod
    def _advance(
        state: StateBatch, past: Past, values: NDArray, block: Block, memory: NDArray
    ) -> StateBatch:
        """The state after the valid steps of the block."""
        after = memory[np.arange(len(memory)), block.valid.sum(axis=1)]
        return state.advance(past.absorb(values, block.valid).beside(after).arrays(), block)
