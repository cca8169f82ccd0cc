"""The linear forecast that a network corrects: which pooled autoregression, chosen on folds."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from forecast.baselines.autoregression.lags import default_num_lags, seasons_of
from forecast.baselines.pooled.choice import Way, score_ways
from forecast.baselines.pooled.fit import Design, PooledSettings
from forecast.baselines.pooled.regression import Regression
from forecast.baselines.selection import selection_folds
from forecast.fitting import Task

__all__ = ["choose_highway"]

_DESIGN = Design(0.0, "none", "window", level_means=True, season_means=True, covariates=False)
_ROBUST = Regression("absolute", ridge=1e-3, shrinkage=100.0, metric_weights=True)
_STIFF = replace(_ROBUST, ridge=0.1)
# The usual one first. Not among them: least squares without a penalty. What it leaves of a series
# that follows its past nearly exactly is too small and too unlike the series to be corrected well.
_WAYS = ((0.0, _ROBUST), (0.0, _STIFF), (1.0, _ROBUST), (1.0, _STIFF))


def choose_highway(task: Task) -> PooledSettings:
    """The settings of the recursive pooled autoregression that forecasts best on rolling folds.

    Without steps ahead to look at (`task.ahead`), the usual settings.

    Args:
        task: the training series.
    """
    seasons = seasons_of(task.season)
    lags = tuple(range(1, default_num_lags(task.panel, seasons) + 1))
    usual = PooledSettings(lags, seasons, 1, _DESIGN, _ROBUST)
    if task.ahead is None:
        return usual
    folds = selection_folds(task.ahead[0], task.horizon, task.season.length)
    if not folds.panel.num_series:
        return usual
    tried = [
        replace(usual, design=replace(_DESIGN, power=power), regression=regression)
        for power, regression in _WAYS
        if power == 1.0 or np.nanmin(task.panel.values) >= 0  # else it is never transformed
    ]
    scores, _ = score_ways([Way("", settings) for settings in tried], folds)
    return tried[scores.best]
