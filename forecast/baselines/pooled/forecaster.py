"""The strong linear forecaster."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from functools import partial
from typing import ClassVar

import numpy as np

from forecast.baselines.algebra.threads import map_threads
from forecast.baselines.autoregression.lags import (
    candidate_seasons,
    default_lags,
    default_num_lags,
    lag_array,
)
from forecast.baselines.pooled.choice import Way, Ways, choose_ways, list_ways, middle
from forecast.baselines.pooled.fit import Design
from forecast.baselines.pooled.regression import Regression
from forecast.baselines.selection import selection_folds
from forecast.checks import check_kind, check_positive_integer
from forecast.fitting import Estimate, Task
from forecast.forecaster import Forecaster
from forecast.pipelines import Panel

__all__ = ["PooledAR"]

_MANY_LAGS = 200
# A leading indicator is looked for so many steps back, with so many columns at most.
_MOST_COVARIATE_LAGS, _MOST_COVARIATE_COLUMNS = 12, 30
# Nothing given: everything is chosen.
_DESIGN, _REGRESSION = Design(), Regression()


class PooledAR(Forecaster):
    """The strong linear forecaster: one regression per step ahead, shared by all series.

    `z[t+h] = level + scale * (x[t,h] B_h)`: z is the value or a power of it; x holds the newest
    values, the means of the same season over 1, 2, 3 and 8 cycles and longer level means, all less
    the mean level, the future covariates of the step, the newest values of the past ones and their
    mean. Ahead of the origin these return to the mean as their autocorrelation says. Origins are
    weighted by what their errors cost in MASE, absolute errors are minimised by reweighting, and
    each series' coefficients are drawn towards the pool's:
    `B_i = B + (G_i + kappa G)^-1 (c_i - G_i B)`.

    What is not given is chosen on rolling folds of the training part (three for many series, up to
    24 for one), once: lags, transform, differences, means, scale, loss, ridge, shrinkage, weights,
    and whether one step is forecast and fed back or every step has a regression of its own. Naive
    forecasts are among the choices.
    The forecast is the median of the best five at most, of those within 5 % of the best;
    `choices_` names them.

    `update(rows, learn=True)` moves the pool's coefficients by recursive least squares, of absolute
    errors with each new row weighed once; each series keeps its distance from the pool. It needs
    `block_length * columns^2` numbers, kept where these are at most 2^20; beyond, of past
    covariates with `block_length` above 1, and where naive forecasts alone were chosen, it refuses.

    Args:
        lags: a number L (lags 1..L) or a list of 1-based lags; chosen by default.
        block_length: steps with a regression of their own; 1 is recursive. By default both 1 and
            the horizon that `fit`, `compare` or `cross_validation` names (else two seasons) are
            tried. A longer horizon feeds blocks back.
        design: what the regressions see; parts that are None are chosen.
        regression: how they are fitted; parts that are None are chosen.
        season_length: steps in a season, at least 1; from the frequency and the data by default.
        alias: name of the forecast column; the class by default.

    Example:
        >>> import forecast as fc
        >>> model = PooledAR(lags=9, regression=fc.Regression(loss="squared"))
        >>> model.fit(fc.load_dataset("sunspots"), horizon=3).predict().shape
        (3, 3)
    """

    role: ClassVar[str] = "linear"
    shares_fits: ClassVar[bool] = True
    uses_covariates: ClassVar[bool] = True
    uses_past_covariates: ClassVar[bool] = True
    uses_static_covariates: ClassVar[bool] = True

    def __init__(
        self,
        lags: int | Iterable[int] | None = None,
        block_length: int | None = None,
        design: Design = _DESIGN,
        regression: Regression = _REGRESSION,
        season_length: int | None = None,
        alias: str | None = None,
    ) -> None:
        """Store the arguments."""
        lag_array(lags)
        check_positive_integer("block_length", block_length, optional=True)
        check_positive_integer("season_length", season_length, optional=True)
        check_kind("design", design, Design)
        check_kind("regression", regression, Regression)
        self.lags = lags
        self.block_length = block_length
        self.design = design
        self.regression = regression
        self.season_length = season_length
        self.alias = alias

    def _estimate(self, task: Task) -> Estimate:
        ways = task.settled or self._choose(task)
        models = map_threads(partial(Way.estimate, panel=task.panel), ways.members)
        model = middle(models, self.block_length or task.horizon)
        short = np.flatnonzero(task.panel.lengths <= 2)
        return Estimate.closed_form(model, ways.words, short, settled=ways)

    def _choose(self, task: Task) -> Ways:
        panel = task.panel if task.ahead is None else task.ahead[0]
        seasons = candidate_seasons(task.panel, task.season)
        direct = self.block_length or task.horizon
        recursive = self.block_length or 1
        design = self.design
        if np.nanmin(panel.values) < 0:  # such a panel is never transformed
            design = replace(design, power=1.0)
        if not (panel.num_covariates or panel.covariates.past.shape[1]):
            design = replace(design, covariates=True)
        lags = self._lag_sets(task, seasons)
        ways = list_ways(
            lags, seasons, (direct, recursive), (design, self.regression),
            _covariate_lags(panel, lags[0][-1]),
        )  # fmt: skip
        return choose_ways(ways, selection_folds(panel, task.horizon, task.season.length))

    def _lag_sets(self, task: Task, seasons: tuple[int, ...]) -> list[tuple[int, ...]]:
        """The lags given, or the usual ones, twice as many, and few with those of the seasons."""
        given = lag_array(self.lags)
        if given is not None:
            return [tuple(int(lag) for lag in given)]
        usual = default_num_lags(task.panel, seasons)
        longest = int(np.median(task.panel.lengths) // 2)
        few = tuple(int(lag) for lag in default_lags(task.panel, task.season))
        many = max(usual, min(2 * usual, longest, _MANY_LAGS))
        sets = [tuple(range(1, usual + 1)), tuple(range(1, many + 1)), few]
        return list(dict.fromkeys(sets))


def _covariate_lags(panel: Panel, longest: int) -> int:
    """Newest values of past covariates that are tried: as many as lags, but few columns in all."""
    count = panel.covariates.past.shape[1]
    most = min(_MOST_COVARIATE_LAGS, longest)
    return int(np.clip(_MOST_COVARIATE_COLUMNS // count, 1, most)) if count else 1
