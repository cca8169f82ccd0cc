"""Exponential smoothing: level, trend and season of each series, corrected by each error.

Naive2, Theta and ETS are this one recursion with other parameters.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import isnan
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from forecast.dynamics import Dynamics
from forecast.protocol import Block, Feedback, StateBatch, Static

__all__ = ["SmoothingModel"]

# A step of as many series costs arrays what it costs plain numbers.
_FEW_ROWS = 48
_PASSED = ("level", "trend", "phase")


class SmoothingModel:
    """Level l, damped trend b and season s, each corrected by the error of the forecast.

    With the base `p = l + phi b` and s of the step's phase, the forecast is `p + s`, or `p s`:

        x  = y - s,  or  y / s
        l' = p + alpha (x - p)
        b' = phi b + beta (x - p)
        s' = s + gamma (y - l' - s),  or  s + gamma (y / l' - s)

    A step without a value is fed its own forecast: the level moves on to p, b to `phi b`.

    Args:
        smoothing: alpha, beta, gamma and phi of each series, `(num_series, 4)`.
        start: l and b before the first step, `(num_series, 2)`; where l is NaN, the first value
            is the first level.
        season: s at the start by phase, `(num_series, season_length)`; it stays as it is where
            gamma is 0.
        multiplicative: whether s multiplies, `(num_series,)`.

    A history that begins elsewhere than the training series begins in its own phase, at its first
    value.

    Source: Hyndman, Koehler, Ord, Snyder (2008), "Forecasting with Exponential Smoothing".
    """

    block_length = 1
    dynamics = Dynamics(("level", "trend", "season"))
    uses_clock = True
    saved_arrays: ClassVar[tuple[str, ...]] = ("smoothing", "start", "season", "multiplicative")

    def __init__(
        self, smoothing: NDArray, start: NDArray, season: NDArray, multiplicative: NDArray
    ) -> None:
        """Store the fit."""
        self.smoothing = smoothing
        self.start = start
        self.season = season
        self.multiplicative = multiplicative

    @property
    def adapts(self) -> bool:
        """Whether the season of any series is corrected: then it is part of the state."""
        return bool((self.smoothing[:, 2] > 0.0).any())

    def init_state(self, num_rows: int, static: Static) -> StateBatch:
        """See `forecast.protocol.Model`."""
        series = np.asarray(static.series, dtype=np.int64)
        level, trend = self.start[series].T
        elsewhere = static.offset != 0
        # What the model expects of its slope there, before it has seen anything.
        damping = self.smoothing[series, 3] ** np.maximum(static.offset, 0)
        arrays = {
            "level": np.where(elsewhere, np.nan, level),
            "trend": trend * damping,
            "phase": static.offset % self.season.shape[1],
            "series": series,
        }
        if self.adapts:
            arrays["season"] = self.season[series]
        nothing = np.zeros(num_rows, dtype=np.int64)
        return StateBatch(arrays, nothing, nothing.copy())

    def observe(self, state: StateBatch, block: Block) -> tuple[StateBatch, NDArray]:
        """See `forecast.protocol.Model`; all series at once, or few of them one by one."""
        walked = self._one_by_one if block.num_rows <= _FEW_ROWS else self._walk
        arrays, one_step = walked(state, block)
        seen = state.count[:, None] + np.cumsum(block.observed, axis=1) - block.observed
        return state.advance(arrays, block), np.where(seen > 0, one_step, np.nan)

    def rollout(
        self,
        state: StateBatch,
        horizon: int,
        feedback: Feedback,
        future: NDArray,  # noqa: ARG002 (without a use for covariates)
    ) -> NDArray:
        """See `forecast.protocol.Model`."""
        num_rows, num_paths = state.num_rows, feedback.num_paths
        walk = _Walk(self, state.take(np.repeat(np.arange(num_rows), num_paths)))
        always = np.ones(num_rows * num_paths, dtype=bool)
        paths = []
        for step in range(horizon):
            emitted = walk.forecast().reshape(num_rows, num_paths, 1)
            paths.append(feedback(emitted, step))
            walk.absorb(paths[-1].ravel(), always, always)
        return np.concatenate(paths, axis=2)

    def _walk(self, state: StateBatch, block: Block) -> tuple[dict[str, NDArray], NDArray]:
        walk = _Walk(self, state)
        one_step = np.empty(block.values.shape)
        for step in range(block.num_steps):
            one_step[:, step] = walk.forecast()
            observed, valid = block.observed[:, step], block.valid[:, step]
            walk.absorb(block.values[:, step], observed, valid)
        return walk.arrays(), one_step

    def _one_by_one(self, state: StateBatch, block: Block) -> tuple[dict[str, NDArray], NDArray]:
        """`_walk` in plain numbers, to the same bit."""
        arrays = {name: array.copy() for name, array in state.arrays.items()}
        one_step = np.full(block.values.shape, np.nan)
        for row in range(state.num_rows):
            valid, passing = block.valid[row], self._passing(arrays, row)
            steps = zip(
                block.values[row, valid].tolist(), block.observed[row, valid].tolist(), strict=True
            )
            one_step[row, valid] = [passing.step(value, observed) for value, observed in steps]
            for name in _PASSED:
                arrays[name][row] = getattr(passing, name)
            if self.adapts:
                arrays["season"][row] = passing.season
        return arrays, one_step

    def _passing(self, arrays: dict[str, NDArray], row: int) -> _Passing:
        """A row where it stands."""
        series = arrays["series"][row]
        alpha, beta, gamma, phi = self.smoothing[series].tolist()
        season = arrays["season"][row] if self.adapts else self.season[series]
        multiplicative = bool(self.multiplicative[series])
        standing = {name: arrays[name][row].item() for name in _PASSED}
        return _Passing(alpha, beta, gamma, phi, multiplicative, season.tolist(), **standing)

    def to_saved(self) -> tuple[dict[str, Any], dict[str, NDArray]]:
        """What a bundle keeps of the model: settings for JSON, and arrays."""
        return {}, {name: getattr(self, name) for name in self.saved_arrays}

    @classmethod
    def from_saved(cls, settings: dict[str, Any], arrays: dict[str, NDArray]) -> Self:
        """The model that `to_saved` gave the settings and arrays of."""
        return cls(**settings, **arrays)


class _Walk:
    """States on their way through the steps of a block or a horizon.

    Args:
        model: the parameters.
        state: where the rows stand; not changed.
    """

    def __init__(self, model: SmoothingModel, state: StateBatch) -> None:
        self.series = series = state.arrays["series"]
        self.alpha, self.beta, self.gamma, self.phi = model.smoothing[series].T
        self.multiplicative = model.multiplicative[series]
        self.level, self.trend = state.arrays["level"], state.arrays["trend"]
        self.phase = state.arrays["phase"]
        self.adapts = model.adapts
        self.season = state.arrays["season"].copy() if self.adapts else model.season
        self.rows = np.arange(len(series)) if self.adapts else series

    def forecast(self) -> NDArray:
        """The next value of each row."""
        self.base = self.level + self.phi * self.trend
        self.now = self.season[self.rows, self.phase]
        factor = np.where(self.multiplicative, self.now, 1.0)
        return self.base * factor + np.where(self.multiplicative, 0.0, self.now)

    def absorb(self, values: NDArray, observed: NDArray, valid: NDArray) -> None:
        """Move on by the step that was forecast; a season of 0 tells nothing of the level."""
        base, season = self.base, self.now
        ratio = values / np.where(self.multiplicative & (season != 0.0), season, 1.0)
        adjusted = np.where(self.multiplicative, ratio, values - season)
        base = np.where(np.isnan(base) & observed, adjusted, base)
        error = np.where(observed, adjusted - base, 0.0)
        level = base + self.alpha * error
        if self.adapts:
            self._correct_season(values, level, observed)
        self.level = np.where(valid, level, self.level)
        self.trend = np.where(valid, self.phi * self.trend + self.beta * error, self.trend)
        self.phase = np.where(valid, (self.phase + 1) % self.season.shape[1], self.phase)

    def arrays(self) -> dict[str, NDArray]:
        """What the state keeps."""
        names = ("level", "trend", "phase", "series", *(("season",) if self.adapts else ()))
        return {name: getattr(self, name) for name in names}

    def _correct_season(self, values: NDArray, level: NDArray, observed: NDArray) -> None:
        positive = level > 0.0
        ratio = np.where(positive, values / np.where(positive, level, 1.0), self.now)
        wanted = np.where(self.multiplicative, ratio, values - level)
        change = np.where(observed, self.gamma * (wanted - self.now), 0.0)
        self.season[self.rows, self.phase] = self.now + change


@dataclass(slots=True)
class _Passing:
    """One row on its way, as `_Walk` in plain numbers.

    Args:
        alpha: of its series, as the next three.
        beta: see the model.
        gamma: see the model.
        phi: see the model.
        multiplicative: whether the season multiplies.
        season: by phase; changed.
        level: where the row stands, as the next two.
        trend: see the model.
        phase: of the next step.
    """

    alpha: float
    beta: float
    gamma: float
    phi: float
    multiplicative: bool
    season: list[float]
    level: float
    trend: float
    phase: int

    def step(self, value: float, observed: bool) -> float:
        """The forecast of a step, which is then absorbed."""
        base, season, error = self.level + self.phi * self.trend, self.season[self.phase], 0.0
        forecast = base * season if self.multiplicative else base + season
        if observed:
            adjusted = value / (season or 1.0) if self.multiplicative else value - season
            base = adjusted if isnan(base) else base
            error = adjusted - base
        self.level = base + self.alpha * error
        self.trend = self.phi * self.trend + self.beta * error
        if observed and self.gamma > 0.0:
            self._correct_season(value)
        self.phase = (self.phase + 1) % len(self.season)
        return forecast

    def _correct_season(self, value: float) -> None:
        season, wanted = self.season[self.phase], value - self.level
        if self.multiplicative:
            wanted = value / self.level if self.level > 0.0 else season
        self.season[self.phase] = season + self.gamma * (wanted - season)
