"""Recursive least squares: newer rows join the sums, and the coefficients follow."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from forecast.baselines.algebra.gram import Gram
from forecast.baselines.algebra.lag_gram import LagDesign, lag_grams
from forecast.baselines.autoregression.fit import SPARE_ROWS, solve_sums
from forecast.baselines.autoregression.found import ARFit
from forecast.baselines.autoregression.memory import ARMemory
from forecast.baselines.autoregression.parameters import STATISTICS, ARParameters
from forecast.baselines.autoregression.plan import ARPlan, undifferenced
from forecast.baselines.autoregression.regression import Columns
from forecast.baselines.autoregression.stability import is_growing

__all__ = ["NewRows", "learn_rows"]

_KEPT = ("shortened", "rounds")


@dataclass(frozen=True, eq=False)
class NewRows:
    """What some series have shown, in the unit of the window.

    Args:
        series: position of each among the fitted ones, `(num_rows,)`.
        values: window before the block and the block, NaN where unknown, `(num_rows, n)`.
        covariates: of the block, `(num_rows, num_steps, num_covariates)`.
        counts: steps of the block that exist, `(num_rows,)`.
        clock: steps of each series before the block, `(num_rows,)`.
        time: the same from the first step that was learned from, `(num_rows,)`.
    """

    series: NDArray
    values: NDArray
    covariates: NDArray
    counts: NDArray
    clock: NDArray
    time: NDArray

    @property
    def num_steps(self) -> int:
        """Steps of the block."""
        return self.covariates.shape[1]

    def varying(self) -> NDArray:
        """Whether two known values differ, `(num_rows,)`."""
        low = np.fmin.reduce(self.values, axis=1, initial=np.nan)
        return np.fmax.reduce(self.values, axis=1, initial=np.nan) > low

    def sums(self, plan: ARPlan, places: NDArray, at: NDArray) -> Gram:
        """The sums over the block's steps of the rows `at`, whose lags are those at `places`."""
        period, lags = plan.difference, plan.lags[places]
        values = self.values[at]
        if period:
            values = values[:, period:] - values[:, :-period]
        longest = int(lags.max(initial=0))
        values = values[:, values.shape[1] - self.num_steps - longest :]
        starts = np.arange(len(at)) * values.shape[1]
        stops = starts + longest + self.counts[at]
        held = np.maximum(period + (plan.estimation.hold_back or 0) - self.clock[at], 0)
        design = LagDesign(lags, extra=self._extra(plan, at, longest))
        return lag_grams(values.ravel(), starts + np.minimum(held, self.counts[at]), stops, design)

    def _extra(self, plan: ARPlan, at: NDArray, longest: int) -> NDArray | None:
        """Terms and covariates of every step; 0 before the block, where no target is."""
        num_terms = plan.deterministic.num_regressors
        if not num_terms + self.covariates.shape[2]:
            return None
        steps = self.time[at, None] + np.arange(self.num_steps)
        terms = plan.deterministic.regressors(steps.ravel()).reshape(*steps.shape, num_terms)
        here = np.concatenate([terms, self.covariates[at]], axis=2)
        return np.pad(here, ((0, 0), (longest, 0), (0, 0))).reshape(-1, here.shape[2])


def learn_rows(
    memory: ARMemory, parameters: ARParameters, rows: NewRows
) -> tuple[ARMemory, ARParameters]:
    """The sums with the new rows, and the least squares of all rows.

    `S <- S + S_new + (W W_new / (W + W_new)) d d'`, d the distance of the means, then the solution
    that the fit would take: O(p^2) a row and O(p^3) a block and series.

    Args:
        memory: sums of the rows before; not changed.
        parameters: of all series; not changed.
        rows: the newer ones. Targets and lags that are not all known teach nothing.

    Returns:
        Both after the rows.
    """
    memory = memory.copy()
    memory.constant[rows.series] &= ~rows.varying()
    own = replace(memory.plan, used=memory.used[rows.series])
    fit = ARFit.blank(len(rows.series), own, rows.covariates.shape[2])
    for places, at in own.groups(len(rows.series)):
        _learn_some(memory, fit, rows, places, at)
    return memory, _moved(parameters, fit, memory.plan, rows.series)


def _learn_some(
    memory: ARMemory, fit: ARFit, rows: NewRows, places: NDArray, at: NDArray
) -> None:  # fmt: skip
    """Rows that have the same lags: their sums in `memory`, their coefficients in `fit`."""
    plan, terms = memory.plan, memory.plan.deterministic
    columns = Columns(
        len(places), terms.num_regressors, rows.covariates.shape[2], terms.spans_constant
    )
    newer, series = rows.sums(plan, places, at), rows.series[at]
    gram = memory.of(series, places).merge(newer)
    memory.store(series, places, gram)
    ready = (newer.weight > 0) & (gram.weight >= columns.number + SPARE_ROWS)
    ready &= ~memory.constant[series]
    if ready.any():
        found = solve_sums(memory.of(series[ready], places), plan, columns, plan.lags[places])
        fit.store(at[ready], places, columns, found)


def _moved(parameters: ARParameters, fit: ARFit, plan: ARPlan, series: NDArray) -> ARParameters:
    """The parameters with what was fitted again; the other series keep theirs."""
    again = np.flatnonzero(fit.num_rows > 0)
    if not len(again):
        return parameters
    rows = series[again]
    fit.growing[:] = is_growing(fit.lags, fit.slopes) & ~fit.explosive
    lags, slopes = undifferenced(fit.lags, fit.slopes[again], plan.difference)
    own = np.zeros((len(again), len(parameters.lags)))
    own[:, np.searchsorted(parameters.lags, lags)] = slopes
    named = plan.deterministic.named(fit.intercepts[again], fit.terms[again])
    statistics = np.stack([getattr(fit, name)[again] for name in STATISTICS], axis=1)
    statistics = statistics.astype(np.float64)
    kept = [STATISTICS.index(name) for name in _KEPT]
    statistics[:, kept] = parameters.statistics[rows][:, kept]
    return replace(
        parameters,
        coefficients=_put(parameters.coefficients, rows, own),
        deterministic=_put(parameters.deterministic, rows, named),
        covariates=_put(parameters.covariates, rows, fit.covariates[again]),
        variances=_put(parameters.variances, rows, fit.variances[again]),
        statistics=_put(parameters.statistics, rows, statistics),
    )


def _put(old: NDArray, rows: NDArray, new: NDArray) -> NDArray:
    """A copy with other rows."""
    copy = old.copy()
    copy[rows] = new
    return copy
