"""Autoregression of each series as a forecaster."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from forecast.baselines.ar import estimate_ar
from forecast.baselines.lags import default_lags, lag_array, lag_ranges
from forecast.checks import check_positive_integer, check_share
from forecast.fitting import Estimate, Task
from forecast.forecaster import Forecaster

__all__ = ["AR"]


class AR(Forecaster):
    """Autoregression of each series on its own lags, by least squares, forecast recursively.

    `y[t+1] = b + sum_k a_k y[t+1-lag_k]`

    Args:
        lags: a number p (lags 1..p) or a list of 1-based lags; by default one season and a step,
            with the neighbours of a longer season, cut to what the series' length supports.
        ridge: penalty as a share of the variance, at least 0.
        season_length: steps in a season, at least 1; from the frequency and the data by default.
        alias: name of the forecast column; the class by default.

    Example:
        >>> import forecast as fc
        >>> AR(lags=9).fit(fc.load_dataset("sunspots")).predict(horizon=3).shape
        (3, 3)
    """

    role: ClassVar[str] = "linear"
    takes_new_series: ClassVar[bool] = False

    def __init__(
        self,
        lags: int | Iterable[int] | None = None,
        ridge: float = 1e-6,
        season_length: int | None = None,
        alias: str | None = None,
    ) -> None:
        """Store the arguments."""
        lag_array(lags)
        check_share("ridge", ridge)
        check_positive_integer("season_length", season_length, optional=True)
        self.lags = lags
        self.ridge = ridge
        self.season_length = season_length
        self.alias = alias

    def _estimate(self, task: Task) -> Estimate:
        lags = lag_array(self.lags)
        lags = default_lags(task.panel, task.season) if lags is None else lags
        model, fell_back = estimate_ar(task.panel, lags, self.ridge)
        return Estimate.closed_form(model, f"lags {lag_ranges(lags)}", fell_back)
