"""Autoregression of each series as a forecaster."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any, ClassVar

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from forecast.baselines.autoregression.choice import (
    Choice,
    Configuration,
    choose_configuration,
    configuration_orders,
    estimate_configuration,
)
from forecast.baselines.autoregression.estimate import estimate_ar
from forecast.baselines.autoregression.lags import lag_array, lag_ranges
from forecast.baselines.autoregression.model import ARModel
from forecast.baselines.autoregression.plan import ARPlan
from forecast.baselines.autoregression.settings import Estimation, Terms
from forecast.baselines.autoregression.tables import coefficient_table, statistics_table
from forecast.baselines.autoregression.terms import Deterministic
from forecast.baselines.lag_selection import LagSelection, default_max_lags
from forecast.checks import check_kind, check_positive_integer
from forecast.draws import text_keys
from forecast.fitting import Estimate, Task
from forecast.forecaster import Forecaster
from forecast.intervals import check_intervals
from forecast.pipelines import Panel

__all__ = ["AR"]

_TERMS, _ESTIMATION = Terms(), Estimation()
# How lags may be chosen; the first by default.
_CRITERIA = ("rolling", "aic", "bic", "hqic")


class AR(Forecaster):
    """Autoregression of each series on its own lags, forecast recursively.

    `y[t] = d'z[t] + sum_k a_k y[t-k] + b'x[t] + e[t]`: z the deterministic terms (a constant by
    default), x the covariates named to `fit`.

    Rows whose target, lags and covariates are all known are learned from; a series with too few of
    them for its gaps is estimated by expectation and maximisation. In the state, values that were
    not observed are filtered exactly. A fit with a root beyond 1.01 (less where the horizon is so
    long that this would grow fourfold) is shrunk until it is at 1 (`stabilised_`). A series too
    short for its lags gets fewer, in the last resort its last value (`fell_back_`).

    Where lags are not given, a configuration is chosen for all series on rolling folds of the
    training part, three for many series and up to 24 for one: short and seasonal lags, orders by
    AIC, differences (not beside covariates), logarithms, penalties, and the naive forecasts
    (`choices_` says what and why).

    `update(rows, learn=True)` adds the rows to the regression by recursive least squares: with
    given lags and estimation "ols" or "ridge" the coefficients are those of a fit on all rows, old
    and new. What was chosen (lags, transform) stays. It needs `(columns + 1)^2` numbers a series,
    kept where that makes at most 2^20 in all; beyond, and where a naive forecast was chosen, it
    refuses.

    Args:
        lags: a number p (lags 1..p), a list of 1-based lags, or how to choose them; by default
            `LagSelection("rolling")`.
        terms: trend, seasonal dummies, seasonal lags.
        estimation: method, ridge, rows held back.
        intervals: "conformal" from errors at past origins, "adaptive" to follow the newest
            errors too, "analytic" from the equation, "paths" of `sample`.
        season_length: steps in a season, at least 1; from the frequency and the data by default.
        alias: name of the forecast column; the class by default.

    Raises:
        ValueError: for lags below 1, or terms that the estimation method does not know.

    Example:
        >>> import forecast as fc
        >>> ar = AR(lags=2).fit(fc.load_dataset("sunspots"))
        >>> ar.coefficients_.round(3)["value"].tolist()
        [14.907, 1.392, -0.69]

    Source: Hamilton, "Time Series Analysis" (1994), chapters 3 and 5.
    """

    role: ClassVar[str] = "linear"
    point: ClassVar[str] = "mean"
    shares_fits: ClassVar[bool] = True
    takes_new_series: ClassVar[bool] = False
    uses_covariates: ClassVar[bool] = True

    def __init__(
        self,
        lags: int | Iterable[int] | LagSelection | None = None,
        terms: Terms = _TERMS,
        estimation: Estimation = _ESTIMATION,
        intervals: str = "conformal",
        season_length: int | None = None,
        alias: str | None = None,
    ) -> None:
        """Store the arguments."""
        if isinstance(lags, LagSelection):
            lags.resolved("AR", _CRITERIA)
        else:
            lag_array(lags)
        check_kind("terms", terms, Terms)
        check_kind("estimation", estimation, Estimation)
        _check_together(terms, estimation)
        check_intervals(intervals)
        check_positive_integer("season_length", season_length, optional=True)
        self.lags = lags
        self.terms = terms
        self.estimation = estimation
        self.intervals = intervals
        self.season_length = season_length
        self.alias = alias

    @property
    def coefficients_(self) -> pd.DataFrame:
        """Coefficients: `unique_id`, `term` (named as in statsmodels' `AutoReg`), `value`."""
        fitted = self._require_fitted()
        return coefficient_table(self._model, fitted.ids, self.layout_.columns)

    @property
    def statistics_(self) -> pd.DataFrame:
        """A row a series: rows used, `sigma2`, `aic`, `bic`, `hqic`, rank, how it was fitted.

        `sigma2` is the mean squared residual, whatever was minimised. The criteria are those of
        least squares, NaN where it is 0 (constant series) or nothing was fitted.
        """
        return statistics_table(self._model, self._require_fitted().ids, self.layout_.columns)

    @property
    def stabilised_(self) -> list[Any]:
        """Ids of series whose fit was explosive and was drawn to the last value."""
        return self._flagged(self._model.statistic("explosive") > 0)

    @property
    def rank_deficient_(self) -> list[Any]:
        """Ids of series whose columns are collinear; they got the solution of minimum norm."""
        model = self._model
        return self._flagged(model.statistic("rank") < model.statistic("num_parameters"))

    @property
    def _model(self) -> ARModel:
        return self._require_fitted().model  # type: ignore[return-value]

    def _flagged(self, flags: NDArray) -> list[Any]:
        return list(self._require_fitted().ids[flags])

    def _estimate(self, task: Task) -> Estimate:
        if self.estimation.method == "yule-walker" and task.panel.num_covariates:
            raise ValueError(
                f"method='yule-walker' takes no covariates; {task.panel.num_covariates} are named. "
                "Leave future_covariates out, or take Estimation('ols')."
            )
        season = task.season.length
        count = self.terms.seasonal_lags if season > 1 else 0
        always = season * np.arange(1, count + 1)
        plan = ARPlan(always, Deterministic.of(self.terms, season), self.estimation)
        plan = replace(plan, horizon=task.horizon)
        given = None if isinstance(self.lags, LagSelection) else lag_array(self.lags)
        if given is not None:
            lags = np.union1d(given, always)
            model, fell_back = estimate_ar(task.panel, replace(plan, lags=lags))
            return _said(model, f"lags {lag_ranges(lags)}", fell_back)
        choice = None if task.settled is None else Choice.of_saved(task.settled)
        return self._estimate_chosen(task, plan, choice)

    def _estimate_chosen(self, task: Task, plan: ARPlan, choice: Choice | None) -> Estimate:
        """Fit what was settled; choose on all that may be looked at where nothing was."""
        if choice is None:
            panel = task.panel if task.ahead is None else task.ahead[0]
            configuration, words = self._configuration(task, panel, plan)
            choice = Choice(configuration, words)
            if configuration.criterion:
                orders = configuration_orders(panel, configuration, plan)
                by_key = dict(zip(text_keys(panel.ids), orders.tolist(), strict=True))
                choice = Choice(configuration, words + _spread(orders), by_key)
        own = choice.orders_of(task.panel.ids) if choice.configuration.criterion else None
        model, fell_back = estimate_configuration(task.panel, choice.configuration, plan, own)
        return _said(model, choice.words, fell_back, choice.to_saved())

    def _configuration(self, task: Task, panel: Panel, plan: ARPlan) -> tuple[Configuration, str]:
        given = self.lags if isinstance(self.lags, LagSelection) else LagSelection()
        selection = given.resolved("AR", _CRITERIA)
        typical = float(np.median(panel.lengths))
        most = selection.max_lags or default_max_lags(typical, task.season.length)
        if selection.criterion == "rolling":
            return choose_configuration(panel, task.season, task.horizon, plan, most)
        criterion = str(selection.criterion)
        return Configuration(tuple(range(1, most + 1)), criterion), criterion.upper()


def _said(
    model: ARModel, words: str, fell_back: NDArray, settled: dict[str, Any] | None = None
) -> Estimate:
    """The estimate, with what was done to some series among the choices."""
    shrunk = int((model.statistic("explosive") > 0).sum())
    growing = int((model.statistic("growing") > 0).sum())
    filled = int((model.statistic("rounds") > 0).sum())
    words += f"; explosive fits drawn to the last value: {shrunk}" if shrunk else ""
    words += f"; roots just beyond 1 left as they are: {growing}" if growing else ""
    words += f"; series with many gaps, fitted by expectation: {filled}" if filled else ""
    return Estimate.closed_form(model, words, fell_back, settled)


def _spread(orders: NDArray) -> str:
    """The orders of the series, in words."""
    low, middle, high = (int(x) for x in np.percentile(orders, [0, 50, 100], method="nearest"))
    return f" ({low} lags)" if low == high else f" ({low} to {high} lags, median {middle})"


def _check_together(terms: Terms, estimation: Estimation) -> None:
    """Refuse terms that autocovariances do not know."""
    if estimation.method != "yule-walker":
        return
    if terms.trend not in ("n", "c") or terms.seasonal or estimation.hold_back is not None:
        raise ValueError(
            "method='yule-walker' takes trend 'n' or 'c', no seasonal dummies and no hold_back; "
            f"got {terms!r} and {estimation!r}. Take Estimation('ols') for these."
        )
