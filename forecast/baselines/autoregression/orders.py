"""Orders of autoregressions by information criteria: all orders of all series from one pass."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from forecast.baselines.algebra.gram import Gram
from forecast.baselines.algebra.lag_gram import LagDesign, lag_grams
from forecast.baselines.autoregression.fit import (
    SPARE_ROWS,
    columns_of,
    extra_columns,
    series_batches,
)
from forecast.baselines.autoregression.missing import interpolated
from forecast.baselines.autoregression.plan import ARPlan
from forecast.baselines.autoregression.regression import about_zero
from forecast.baselines.lag_selection import criterion_penalty
from forecast.pipelines import Panel

__all__ = ["information_criterion", "nested_variances", "select_orders"]

# Relative to the diagonal: lets a factorisation of collinear columns go on.
_JITTERS = (1e-13, 1e-10, 1e-7)
_COMPLETE_SHARE = 0.5


def information_criterion(
    criterion: str, variances: NDArray, num_rows: NDArray, num_parameters: NDArray
) -> NDArray:
    """AIC, BIC or HQIC of a Gaussian regression, the variance counted as a parameter.

    `n (log(2 pi sigma^2) + 1) + c (k + 1)` with c = 2, log n or 2 log log n: smaller is better.

    Args:
        criterion: "aic", "bic" or "hqic".
        variances: sigma^2, mean squared residual.
        num_rows: n.
        num_parameters: k, coefficients.

    Returns:
        Array of the broadcast shape; minus infinity for a perfect fit, NaN without rows.
    """
    rows = np.asarray(num_rows, dtype=np.float64)
    with np.errstate(divide="ignore", invalid="ignore"):
        price = criterion_penalty(criterion, rows)
        fit = rows * (np.log(2.0 * np.pi * variances) + 1.0)
        return np.where(rows > 1, fit + price * (num_parameters + 1.0), np.nan)


def select_orders(
    panel: Panel, plan: ARPlan, max_lags: int, criterion: str
) -> NDArray:  # fmt: skip
    """The order of each series: lags 1 to p, besides the lags of the plan that are always in.

    All orders of a series are compared on the same rows. A short series is tried with fewer lags:
    three rows a coefficient.

    Args:
        panel: training series, in the unit of the equation.
        plan: terms, rows held back, and the lags that are always in.
        max_lags: largest p.
        criterion: "aic", "bic" or "hqic".

    Returns:
        p, `(num_series,)`, from 0 to `max_lags`.
    """
    orders = np.zeros(panel.num_series, dtype=np.int64)
    fixed = columns_of(panel, plan, len(plan.lags)).number
    known = np.bincount(panel.codes[panel.observed], minlength=panel.num_series)
    most = np.clip(known // 3 - fixed - 1, 0, max_lags)
    for number in np.unique(most[most > 0]):
        rows = np.flatnonzero(most == number)
        for part in series_batches(panel, rows, columns_of(panel, plan, int(number))):
            orders[part] = _select(panel, plan, part, int(number), criterion)
    return orders


def _select(panel: Panel, plan: ARPlan, rows: NDArray, most: int, criterion: str) -> NDArray:
    always = plan.lags[plan.lags > most]
    lags = np.concatenate([always, np.arange(1, most + 1)])
    hold_back = plan.estimation.hold_back or 0
    design = LagDesign(lags, hold_back, extra_columns(panel, plan, rows))
    part = panel.take(rows)
    gram = lag_grams(part.values, part.offsets[:-1], part.offsets[1:], design)
    possible = np.maximum(part.lengths - design.first, 0)
    few = np.flatnonzero(gram.weight < _COMPLETE_SHARE * possible)
    if len(few):
        filled = replace(part, values=part.values.copy())
        for row in few.tolist():
            filled.row(row)[:] = interpolated(filled.row(row))
        gram = lag_grams(filled.values, part.offsets[:-1], part.offsets[1:], design)
    intercept = plan.deterministic.spans_constant
    gram = gram if intercept else about_zero(gram)
    # Nested: terms and covariates first, then the lags that are always in, then 1, 2, ...
    extra = np.arange(len(lags), gram.num_columns)
    variances = nested_variances(gram.select(np.concatenate([extra, np.arange(len(lags))])))
    first = len(extra) + len(always)
    numbers = first + intercept + np.arange(most + 1)
    scores = information_criterion(
        criterion, variances[:, first:], gram.weight[:, None], numbers
    )  # fmt: skip
    scores[gram.weight[:, None] < numbers + SPARE_ROWS] = np.inf
    scores[np.isnan(scores)] = np.inf
    return scores.argmin(axis=1)


def nested_variances(gram: Gram) -> NDArray:
    """Mean squared residual of the regressions on the first 0, 1, 2, ... columns.

    With the Cholesky factor of the sums of columns and target, its last row is z and the residual
    sum on the first j columns is `yy - z_1^2 - ... - z_j^2`.

    Args:
        gram: sums of each series, `(num_series, ...)`, one target.

    Returns:
        `(num_series, num_columns + 1)`.
    """
    diagonal = np.diagonal(gram.second, axis1=1, axis2=2)
    spread = np.sqrt(np.where(diagonal > 0, diagonal, 1.0))
    scaled = gram.second / spread[:, :, None] / spread[:, None, :]
    places = np.arange(scaled.shape[1])
    scaled[:, places, places] = 1.0
    last = _factor(scaled)[:, -1, :-1]
    left = 1.0 - np.concatenate([np.zeros((len(last), 1)), np.cumsum(last**2, axis=1)], axis=1)
    # Below this, what is left is rounding: a larger order explains no more of it.
    left = np.maximum(left, 1e-12) * diagonal[:, -1:]
    return left / np.maximum(gram.weight, 1.0)[:, None]


def _factor(scaled: NDArray) -> NDArray:
    """Lower factors; what has none even with jitter explains nothing."""
    identity = np.eye(scaled.shape[1])
    for jitter in _JITTERS:
        try:
            return np.linalg.cholesky(scaled + jitter * identity)
        except np.linalg.LinAlgError:
            continue
    if len(scaled) == 1:
        return identity[None]
    half = len(scaled) // 2
    return np.concatenate([_factor(scaled[:half]), _factor(scaled[half:])])
