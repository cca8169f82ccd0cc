"""Losses of two simulated forecasters, equally good or one worse by a known share.

The error of forecaster m on series i, j steps after an origin, sums innovations of those steps:

    e_m[i, j] = (1 + g_m) sum_{t <= j} (shared[t] + shock * common_m[t] + own_m[i, t])

`shared` is the same for both forecasters, `common_m` for all series of one: a shock of the period
that hits the forecasters differently. Steps lie in time, so origins nearer than a horizon share
innovations: their losses are dependent.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["Design"]


@dataclass(frozen=True)
class Design:
    """How large a simulated comparison is.

    Args:
        num_origins: origins.
        num_series: series.
        horizon: steps ahead.
        step_size: steps from one origin to the next.
        shock: size of the shocks that hit all series of one forecaster.
        worse: share by which the errors of the second forecaster are larger.
        num_models: forecasters.
    """

    num_origins: int
    num_series: int = 1
    horizon: int = 4
    step_size: int = 4
    shock: float = 0.5
    worse: float = 0.0
    num_models: int = 2

    @property
    def overlap(self) -> int:
        """Origins that one horizon reaches over."""
        return -(-self.horizon // self.step_size)

    @property
    def skill(self) -> float:
        """Share of the second forecaster's error that the first saves."""
        return self.worse / (1.0 + self.worse)

    def losses(self, generator: np.random.Generator) -> list[NDArray]:
        """Of each forecaster, the (origins, series) mean over steps of the absolute error."""
        steps = (self.num_origins - 1) * self.step_size + self.horizon
        shared = generator.normal(size=steps)
        found = []
        for model in range(self.num_models):
            common = self.shock * generator.normal(size=steps)
            own = generator.normal(size=(self.num_series, steps))
            sums = np.cumsum(shared + common + own, axis=1)
            scale = 1.0 + (self.worse if model else 0.0)
            found.append(scale * self._means(np.pad(sums, ((0, 0), (1, 0)))))
        return found

    def _means(self, sums: NDArray) -> NDArray:
        starts = np.arange(self.num_origins) * self.step_size
        ahead = starts[:, None] + np.arange(1, self.horizon + 1)
        errors = sums[:, ahead] - sums[:, starts][:, :, None]
        return np.abs(errors).mean(axis=2).T
