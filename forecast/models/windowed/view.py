"""What a window network sees of a past: the newest steps in the unit of the window.

Everything is a deviation from the level of the newest lags, in units of their mean absolute
deviation, both as for the linear highway. Training and serving go through the same functions.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from forecast.baselines.window import Past
from forecast.models.highway_model import HighwayModel
from forecast.models.inputs import LARGEST_INPUT

__all__ = ["Anchor", "WindowInputs", "WindowView"]


@dataclass(frozen=True, eq=False)
class Anchor:
    """Where a network stands: what its numbers are relative to.

    Args:
        level: mean of the newest lags, `(n,)`.
        unit: size of a correction of 1, `(n,)`; positive.
        base: linear forecasts of the next steps, `(n, num_steps)`.
    """

    level: NDArray
    unit: NDArray
    base: NDArray


@dataclass(frozen=True, eq=False)
class WindowInputs:
    """What the layers are given of `n` pasts.

    Args:
        features: of the newest steps, oldest first: value and place, float32
            `(n, context_length, num_features)`; 0 where there was none yet.
        mask: False before the series began, `(n, context_length)`.
        ahead: of the steps to forecast: linear forecast, place, value of the same phase of the last
            season, for each season, and covariates, float32 `(n, num_steps, num_ahead)`.
    """

    features: NDArray
    mask: NDArray
    ahead: NDArray


@dataclass(frozen=True)
class WindowView:
    """How the newest `context_length` steps and the steps ahead become inputs.

    Args:
        highway: the linear forecaster that is corrected, for as many steps as are emitted at once.
        context_length: newest steps that are read, at least 1.
    """

    highway: HighwayModel
    context_length: int

    @property
    def window_length(self) -> int:
        """Values that must be remembered."""
        needed = self.context_length, self.highway.window_length, *self.highway.features.seasons
        return max(needed)

    @property
    def num_features(self) -> int:
        """Numbers of each step that is read."""
        return 2

    @property
    def num_ahead(self) -> int:
        """Numbers of each step to forecast."""
        seasons = len(self.highway.features.seasons)
        return 2 + seasons + self.highway.num_future_covariates

    def anchor(self, past: Past, num_steps: int, future: NDArray) -> Anchor:
        """Level, unit and linear forecasts of pasts.

        Args:
            past: `n` pasts.
            num_steps: steps ahead, at most the block length.
            future: covariates of these steps, `(n, num_steps, num_covariates)`.
        """
        level, unit = self.highway.scale_of(past)
        return Anchor(level, unit, self.highway.emit(past, num_steps, future))

    def inputs(self, window: NDArray, anchor: Anchor, covariates: NDArray) -> WindowInputs:
        """The inputs of the layers.

        Args:
            window: newest values, `(n, window_length)`; NaN before the series began.
            anchor: of the same pasts.
            covariates: of the steps ahead, in standard deviations, `(n, num_steps, num_columns)`.
        """
        values = window[:, window.shape[1] - self.context_length :]
        steps = np.arange(anchor.base.shape[1])
        seasonal = [self._same_phase(window, season, steps) for season in self._seasons]
        place = (steps + 1) / self.highway.block_length
        beside = [anchor.base, *seasonal]
        relative = [_relative(part, anchor) for part in beside]
        relative.insert(1, np.broadcast_to(place, anchor.base.shape))
        ahead = np.concatenate([np.stack(relative, axis=2), _cut(covariates)], axis=2)
        places = np.arange(1 - self.context_length, 1) / self.context_length
        known = ~np.isnan(values)
        read = [_relative(values, anchor), np.where(known, places, 0.0)]
        features = np.stack(read, axis=2)
        return WindowInputs(features.astype(np.float32), known, ahead.astype(np.float32))

    @property
    def _seasons(self) -> tuple[int, ...]:
        return self.highway.features.seasons

    @staticmethod
    def _same_phase(window: NDArray, season: int, steps: NDArray) -> NDArray:
        """The value in the last season that each step ahead falls on."""
        return window[:, window.shape[1] - season + steps % season]


def _relative(values: NDArray, anchor: Anchor) -> NDArray:
    """Deviations from the level in units of the window, cut; 0 where unknown."""
    return _cut((values - anchor.level[:, None]) / anchor.unit[:, None])


def _cut(values: NDArray) -> NDArray:
    return np.clip(np.nan_to_num(values), -LARGEST_INPUT, LARGEST_INPUT)
