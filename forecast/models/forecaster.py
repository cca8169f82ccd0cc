"""The base of the networks that correct a linear forecast."""

from __future__ import annotations

from typing import ClassVar

from forecast.baselines.autoregression.lags import default_num_lags, seasons_of
from forecast.baselines.pooled.fit import Design, PooledSettings, estimate_pooled
from forecast.baselines.pooled.model import PooledARModel
from forecast.baselines.pooled.regression import Regression
from forecast.fitting import Task
from forecast.forecaster import Forecaster

__all__ = ["NetworkForecaster"]

_HIGHWAY = (
    Design(0.0, "none", "window", level_means=True, season_means=True, covariates=False),
    Regression("absolute", ridge=1e-3, shrinkage=100.0, metric_weights=True),
)


class NetworkForecaster(Forecaster):
    """Base of the networks: a linear highway, and recurrent layers that correct it."""

    role: ClassVar[str] = "network"

    season_length: int | None
    seed: int

    def _highway(self, task: Task, block_length: int = 1) -> PooledARModel:
        """The pooled autoregression, so many steps ahead, on the training series."""
        seasons = seasons_of(task.season)
        lags = tuple(range(1, default_num_lags(task.panel, seasons) + 1))
        found = estimate_pooled(task.panel, PooledSettings(lags, seasons, block_length, *_HIGHWAY))
        # Without the sums: of a network the correction learns from newer rows, not the highway.
        return PooledARModel(found.features, found.coefficients, found.power)
