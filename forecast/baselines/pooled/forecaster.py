"""The strong linear forecaster."""

from __future__ import annotations

from typing import ClassVar

from forecast.baselines.lags import default_num_lags, seasons_of
from forecast.baselines.pooled_ar import Regression
from forecast.baselines.pooled_fit import PooledSettings, estimate_pooled
from forecast.checks import check_positive_integer, check_share
from forecast.fitting import Estimate, Task
from forecast.forecaster import Forecaster

__all__ = ["PooledAR"]


class PooledAR(Forecaster):
    """The strong linear forecaster: one direct regression per step ahead, shared by all series.

    `y[t+h] = level + scale * (x[t,h] B_h)`: x holds the last `lags` values, the means of the same
    season over 1, 2, 3 and 8 cycles and longer level means, all less the mean level of the last
    `lags`; in logarithms where no series has a negative value. Origins are weighted by what their
    errors cost in MASE, `sum_i w_i |e_i|` is minimised by reweighting, and each series'
    coefficients are drawn towards the pool's.

    Args:
        lags: L, newest values used; from the seasons by default.
        block_length: steps with a regression of their own; by default the horizon that `fit`,
            `compare` or `cross_validation` names, else two seasons. A longer horizon feeds
            blocks back.
        shrinkage: kappa, rows of the pool that a series' own rows are weighed against; above 0,
            `float("inf")` gives all series the same coefficients.
        ridge: penalty as a share of each column's variance, at least 0.
        season_length: steps in a season, at least 1; from the frequency and the data by default.
        alias: name of the forecast column; the class by default.
    """

    role: ClassVar[str] = "linear"

    def __init__(
        self,
        lags: int | None = None,
        block_length: int | None = None,
        shrinkage: float = 100.0,
        ridge: float = 1e-3,
        season_length: int | None = None,
        alias: str | None = None,
    ) -> None:
        """Store the arguments."""
        check_positive_integer("lags", lags, optional=True)
        check_positive_integer("block_length", block_length, optional=True)
        check_share("shrinkage", shrinkage, low=1e-9)
        check_share("ridge", ridge)
        check_positive_integer("season_length", season_length, optional=True)
        self.lags = lags
        self.block_length = block_length
        self.shrinkage = shrinkage
        self.ridge = ridge
        self.season_length = season_length
        self.alias = alias

    def _estimate(self, task: Task) -> Estimate:
        seasons = seasons_of(task.season)
        settings = PooledSettings(
            num_lags=self.lags or default_num_lags(task.panel, seasons),
            seasons=seasons,
            block_length=self.block_length or task.horizon,
            regression=Regression(self.ridge, self.shrinkage, reweightings=6),
        )
        model = estimate_pooled(task.panel, settings)
        scale = "logarithm" if model.logarithm else "relative to the level"
        choices = f"lags 1-{model.features.num_lags}, {model.block_length} steps direct, {scale}"
        return Estimate.closed_form(model, choices)
