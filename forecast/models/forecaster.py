"""The base of the networks that correct a linear forecast."""

from __future__ import annotations

from typing import ClassVar

from forecast.baselines.pooled.fit import PooledSettings, estimate_pooled
from forecast.baselines.pooled.model import PooledARModel
from forecast.fitting import Task
from forecast.forecaster import Forecaster

__all__ = ["NetworkForecaster"]


class NetworkForecaster(Forecaster):
    """Base of the networks: a linear highway, and recurrent layers that correct it."""

    role: ClassVar[str] = "network"

    season_length: int | None
    seed: int

    def _highway(self, task: Task, settings: PooledSettings) -> PooledARModel:
        """The pooled autoregression, one step ahead, on the training series.

        Args:
            task: the training series.
            settings: as chosen.
        """
        found = estimate_pooled(task.panel, settings)
        # Without the sums: of a network the correction learns from newer rows, not the highway.
        return PooledARModel(found.features, found.coefficients, found.power)
