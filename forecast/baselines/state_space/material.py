"""Series as linear dynamical systems see them: about zero, of size one, the odd ones apart."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Self

import numpy as np
from numpy.typing import NDArray

from forecast.baselines.phase_scale import PhaseScale
from forecast.baselines.smoothing.adjustment import num_values
from forecast.baselines.state_space.filter import Observations
from forecast.pipelines import Panel

__all__ = ["FEWEST_VALUES", "Material", "in_systems"]

FEWEST_VALUES = 5
"""A series with fewer values is forecast by its last one."""
_MOST_STEPS = 1000


def in_systems(values: NDArray, num_channels: int) -> NDArray:
    """Rows of channels as rows of systems, `(num_rows, num_steps, num_channels)`."""
    return values.reshape(-1, num_channels, values.shape[1]).swapaxes(1, 2)


@dataclass(frozen=True, eq=False)
class Material:
    """A panel and its scales.

    Args:
        panel: the series.
        scale: shift and factor of each by phase.
        seasonal: which series have a season, `(num_series,)`.
        varies: which systems have a channel that is not constant, `(num_systems,)`.
        short: which systems have a channel of too few values, `(num_systems,)`.
    """

    panel: Panel
    scale: PhaseScale
    seasonal: NDArray
    varies: NDArray
    short: NDArray

    @classmethod
    def of(cls, panel: Panel, season_length: int, centre: str = "mean") -> Self:
        """The scales of a panel; those that cannot be learned from keep only their size.

        Args:
            panel: the series.
            season_length: m; 1 is none.
            centre: see `PhaseScale.of`.
        """
        scale, varies, seasonal = PhaseScale.of(panel, season_length, centre)
        channels = panel.num_channels
        enough = scale.enough(panel, FEWEST_VALUES).reshape(-1, channels)
        short = np.asarray(~enough.all(axis=1))
        varies = np.asarray(varies.reshape(-1, channels).any(axis=1))
        odd = np.repeat(short | ~varies, channels)
        return cls(panel, scale.plain(odd, panel), seasonal & ~odd, varies, short)

    @property
    def usable(self) -> NDArray:
        """Positions of the systems to learn from."""
        return np.flatnonzero(self.varies & ~self.short)

    def shortened(self, systems: NDArray) -> Material:
        """The same where some more systems are too short.

        Args:
            systems: which ones, bool of shape `(num_systems,)`.
        """
        odd = np.repeat(systems, self.panel.num_channels)
        return replace(
            self,
            scale=self.scale.plain(odd, self.panel),
            seasonal=self.seasonal & ~odd,
            short=self.short | systems,
        )

    @property
    def num_values(self) -> NDArray:
        """Values of the channel of each system that has the fewest, `(num_systems,)`."""
        return num_values(self.panel).reshape(-1, self.panel.num_channels).min(axis=1)

    def observations(self, systems: NDArray, most_steps: int = _MOST_STEPS) -> Observations:
        """The last steps of some systems.

        Args:
            systems: their positions.
            most_steps: so many at most.
        """
        channels = self.panel.num_channels
        series = (systems[:, None] * channels + np.arange(channels)).ravel()
        skipped = np.maximum(self.panel.lengths - most_steps, 0)
        block = self.panel.block(skipped, self.panel.lengths)
        everything = np.arange(self.panel.num_series)
        values = self.scale.inward(everything, skipped, block.values)[series]
        return Observations(
            in_systems(np.where(block.observed[series], values, 0.0), channels),
            in_systems(block.observed[series], channels),
            block.valid[series[::channels]],
        )
