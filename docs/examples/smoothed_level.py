"""A forecaster from scratch: simple exponential smoothing, one weight for all series."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from forecast.fitting import Estimate, Task
from forecast.forecaster import Forecaster
from forecast.protocol import Block, Feedback, StateBatch, Static

WEIGHTS = np.linspace(0.05, 1.0, 20)


class LevelModel:
    """A level that follows the values: `l[t] = l[t-1] + a (y[t] - l[t-1])`, `y[t+1] = l[t]`.

    Args:
        weight: a, above 0 and at most 1.
    """

    block_length = 1

    def __init__(self, weight: float) -> None:
        self.weight = weight

    def init_state(self, num_rows: int, static: Static) -> StateBatch:
        """No level yet: NaN until the first value."""
        counts = np.zeros(num_rows, dtype=np.int64)
        return StateBatch({"level": np.full(num_rows, np.nan)}, counts, counts)

    def observe(self, state: StateBatch, block: Block) -> tuple[StateBatch, NDArray]:
        """Absorb a block; the forecast of each step is the level before it."""
        level = state.arrays["level"]
        one_step = np.empty(block.values.shape)
        for step in range(block.num_steps):
            one_step[:, step] = level
            moved = self.moved(level, block.values[:, step])
            # A missing value is replaced by its forecast, the level; padding is no step at all.
            level = np.where(block.observed[:, step], moved, level)
        return state.advance({"level": level}, block), one_step

    def rollout(
        self, state: StateBatch, horizon: int, feedback: Feedback, future: NDArray
    ) -> NDArray:
        """Feed every path what `feedback` makes of the forecast: itself, or with a draw."""
        level = np.repeat(state.arrays["level"][:, None], feedback.num_paths, axis=1)
        steps = []
        for step in range(horizon):
            values = feedback(level[:, :, None], step)[:, :, 0]
            level = self.moved(level, values)
            steps.append(values)
        return np.stack(steps, axis=2)

    def moved(self, level: NDArray, values: NDArray) -> NDArray:
        """The level after values; the first value is the first level."""
        return np.where(np.isnan(level), values, level + self.weight * (values - level))


class SmoothedLevel(Forecaster):
    """Simple exponential smoothing; the weight has the smallest squared one-step error.

    Args:
        alias: name of the forecast column; the class by default.
    """

    role: ClassVar[str] = "classical"

    def __init__(self, alias: str | None = None) -> None:
        self.alias = alias

    def _estimate(self, task: Task) -> Estimate:
        panel = task.panel
        block = panel.block(np.zeros_like(panel.lengths), panel.lengths)
        weight = float(min(WEIGHTS, key=lambda weight: squared_error(weight, block)))
        return Estimate.closed_form(LevelModel(weight), f"weight {weight:.2f}")


def squared_error(weight: float, block: Block) -> float:
    """Mean squared one-step error, each series in units of its mean absolute value."""
    model, num_rows = LevelModel(weight), len(block.values)
    state = model.init_state(num_rows, Static(np.arange(num_rows)))
    _, one_step = model.observe(state, block)
    values = np.where(block.observed, block.values, np.nan)
    scale = np.nanmean(np.abs(values), axis=1, keepdims=True)
    return float(np.nanmean(((values - one_step) / np.maximum(scale, 1e-9)) ** 2))
