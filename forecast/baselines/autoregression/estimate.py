"""From a panel and a plan to a model: transforms, the fit, series that are too short."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from forecast.baselines.autoregression.fit import SPARE_ROWS, fit_series
from forecast.baselines.autoregression.memory import ARMemory
from forecast.baselines.autoregression.model import ARModel
from forecast.baselines.autoregression.parameters import STATISTICS, ARForm, ARParameters
from forecast.baselines.autoregression.plan import ARPlan, differenced, in_logarithms, undifferenced
from forecast.pipelines import Panel

__all__ = ["estimate_ar", "fixed_ar"]

# Slots for unknown values in the state: at least these, more where the data have more gaps.
_FEWEST_SLOTS, _SPARE_SLOTS, _MOST_SLOTS = 16, 8, 64
# Share of the series whose training gaps all have slots.
_SERVED = 0.99


def estimate_ar(panel: Panel, plan: ARPlan) -> tuple[ARModel, NDArray]:
    """Fit each series.

    A series too short for its lags gets fewer of them, in the last resort its last value.

    Args:
        panel: training series.
        plan: what is to be fitted.

    Returns:
        The model, and the positions of the series that were too short.
    """
    encoded = in_logarithms(panel) if plan.logarithm else panel
    fit = fit_series(differenced(encoded, plan.difference) if plan.difference else encoded, plan)
    lags, coefficients = undifferenced(fit.lags, fit.slopes, plan.difference)
    deterministic = plan.deterministic.named(fit.intercepts, fit.terms)
    constant, count = _constant(panel)
    last = constant | (fit.num_rows == 0)
    if isinstance(fit.memory, ARMemory):
        fit.memory.constant[:] = constant
    if last.any() or not len(lags):
        lags, coefficients = _with_first_lag(lags, coefficients)
    coefficients[last], deterministic[last], fit.covariates[last] = 0.0, 0.0, 0.0
    coefficients[last, :1] = 1.0
    fit.variances[last] = _mean_squared_change(encoded.take(np.flatnonzero(last)))
    fit.explosive[last] = fit.growing[last] = False
    short = (fit.shortened | (fit.num_rows == 0)) & ~(constant & (count > SPARE_ROWS))
    fit.shortened[:] = short
    parameters = ARParameters(
        lags, coefficients, deterministic, fit.covariates, fit.variances, _means(encoded),
        np.stack([getattr(fit, name) for name in STATISTICS], axis=1).astype(np.float64),
    )  # fmt: skip
    form = ARForm(
        plan.deterministic.trend, plan.deterministic.period, plan.logarithm,
        _num_slots(panel, int(lags.max())),
    )  # fmt: skip
    return ARModel(form, parameters, fit.memory), np.flatnonzero(short)


def fixed_ar(panel: Panel, lag: int) -> tuple[ARModel, NDArray]:
    """The value `lag` steps before, for ever: naive (1) or seasonal naive, as an autoregression.

    Args:
        panel: training series.
        lag: steps back.

    Returns:
        The model, and the positions of series too short for the lag: these get their last value.
    """
    num_series, count = panel.num_series, _constant(panel)[1]
    short = count <= lag
    lags, coefficients = np.array([lag]), np.where(short, 0.0, 1.0)[:, None]
    if short.any():
        lags, coefficients = _with_first_lag(lags, coefficients)
        coefficients[short, 0] = 1.0
    statistics = np.zeros((num_series, len(STATISTICS)))
    statistics[:, STATISTICS.index("shortened")] = short
    parameters = ARParameters(
        lags, coefficients, np.zeros((num_series, 0)), np.zeros((num_series, panel.num_covariates)),
        _mean_squared_change(panel, lag), _means(panel), statistics,
    )  # fmt: skip
    model = ARModel(ARForm("n", 1, False, _num_slots(panel, lag)), parameters)
    return model, np.flatnonzero(short)


def _with_first_lag(lags: NDArray, coefficients: NDArray) -> tuple[NDArray, NDArray]:
    """With lag 1 among them: the last value is lag 1, whatever lags were asked for."""
    if len(lags) and lags[0] == 1:
        return lags, coefficients
    return np.insert(lags, 0, 1), np.insert(coefficients, 0, 0.0, axis=1)


def _constant(panel: Panel) -> tuple[NDArray, NDArray]:
    """Series that never change, and the number of values of each."""
    low = _by_series(panel, np.fmin, panel.values, np.inf)
    high = _by_series(panel, np.fmax, panel.values, -np.inf)
    return high <= low, _by_series(panel, np.add, panel.observed.astype(np.int64), 0)


def _means(panel: Panel) -> NDArray:
    count = _by_series(panel, np.add, panel.observed.astype(np.int64), 0)
    return _by_series(panel, np.add, np.nan_to_num(panel.values), 0.0) / np.maximum(count, 1)


def _by_series(panel: Panel, reduction: np.ufunc, values: NDArray, empty: float) -> NDArray:
    """A reduction over the steps of each series, `(num_series,)`."""
    found = np.full(panel.num_series, empty, dtype=values.dtype)
    there = panel.lengths > 0
    if there.any():
        found[there] = reduction.reduceat(values, panel.offsets[:-1][there])
    return found


def _mean_squared_change(panel: Panel, lag: int = 1) -> NDArray:
    """Mean of `(y[t] - y[t-lag])^2` where both are known, `(num_series,)`; 0 where none is."""
    changes = differenced(panel, lag)
    changes.values[:] = changes.values**2
    return _means(changes)


def _num_slots(panel: Panel, window_length: int) -> int:
    """Somewhat more than were ever missing in one window, of all but the gappiest series.

    Every state has these slots: a few odd series of many must not make all of them large.
    """
    usual, gaps = 0, ~panel.observed
    if gaps.any():
        missing = np.concatenate([[0], np.cumsum(gaps)])
        ends = np.arange(1, panel.num_rows + 1)
        begins = np.maximum(ends - window_length, panel.offsets[panel.codes])
        most = _by_series(panel, np.maximum, missing[ends] - missing[begins], 0)
        usual = int(np.quantile(most, _SERVED, method="higher"))
    return int(min(window_length, np.clip(usual + _SPARE_SLOTS, _FEWEST_SLOTS, _MOST_SLOTS)))
