"""Paths of window models, each with a window of its own."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from forecast.baselines.past import Past
from forecast.protocol import StateBatch

if TYPE_CHECKING:
    from forecast.baselines.window import WindowModel

__all__ = ["RowPaths"]


@dataclass(frozen=True, eq=False)
class RowPaths:
    """See `forecast.rolling.Paths`: paths with a window each, for any `emit`.

    Args:
        model: says what follows a past.
        num_rows: series.
        past: the past of each path, path after path of each series.
        line: windows before the rollout and what was fed since, with room for what follows.
        step: steps fed so far.
    """

    model: WindowModel
    num_rows: int
    past: Past
    line: NDArray
    step: int = 0

    @staticmethod
    def of(model: WindowModel, state: StateBatch, num_paths: int, horizon: int) -> RowPaths:
        """The paths of a state, with room for `horizon` steps."""
        past = Past.of_state(state).take(np.repeat(np.arange(state.num_rows), num_paths))
        return RowPaths(model, state.num_rows, past, _with_room(past.window, horizon))

    @property
    def block_length(self) -> int:
        """See `forecast.rolling.Paths`."""
        return self.model.block_length

    def emit(self, future: NDArray) -> NDArray:
        """See `forecast.rolling.Paths`."""
        num_paths = len(self.past.clock) // self.num_rows
        # All paths of a series are alike until the first draws are fed back.
        past = self.past if self.step else self.past.take(slice(None, None, num_paths))
        later = np.repeat(future, num_paths, axis=0) if self.step else future
        emitted = self.model.emit_systems(self.num_rows, past, self.block_length, later)
        values = self.model.decode(emitted).reshape(self.num_rows, -1, emitted.shape[1])
        return values if self.step else np.repeat(values, num_paths, axis=1)

    def fed(self, values: NDArray) -> RowPaths:
        """See `forecast.rolling.Paths`."""
        own = self.model.encode(values.reshape(len(self.past.clock), -1))
        length, after = self.model.window_length, self.step + own.shape[1]
        self.line[:, length + self.step : length + after] = own
        past = self.model.followed(self.past, own, self.line[:, after : length + after])
        return replace(self, past=past, step=after)


def _with_room(window: NDArray, num_steps: int) -> NDArray:
    """Values with room for those that follow, so that every later window is a part of it."""
    num_rows, length = window.shape
    line = np.empty((num_rows, length + num_steps))
    line[:, :length] = window
    return line
