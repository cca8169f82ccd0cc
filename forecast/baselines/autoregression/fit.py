"""Fitting one autoregression a series, all series of a panel in batches."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial

import numpy as np
from numpy.typing import NDArray

from forecast.baselines.algebra.gram import Gram
from forecast.baselines.algebra.lag_gram import LagDesign, lag_grams
from forecast.baselines.autoregression.absolute import least_absolute
from forecast.baselines.autoregression.found import ARFit, Found
from forecast.baselines.autoregression.memory import ARMemory
from forecast.baselines.autoregression.missing import Expectation
from forecast.baselines.autoregression.plan import ARPlan
from forecast.baselines.autoregression.regression import Columns, about_zero, given_lags, regress
from forecast.baselines.autoregression.stability import allowed_root, is_growing, stabilise
from forecast.baselines.autoregression.yule_walker import yule_walker
from forecast.pipelines import Panel

__all__ = [
    "SPARE_ROWS",
    "columns_of",
    "extra_columns",
    "fit_series",
    "series_batches",
    "solve_sums",
]

SPARE_ROWS = 4
"""A fit needs this many rows beyond its coefficients; a shorter series gets fewer lags."""
# Numbers in the Gram matrices, or in the further columns, of one batch of series.
_BATCH_NUMBERS = 4_000_000
# A series that keeps fewer than this share of its rows learns from the others by expectation.
_COMPLETE_SHARE = 0.5
_CONVERGED = 1e-4


def fit_series(panel: Panel, plan: ARPlan) -> ARFit:
    """Fit every series of a panel, in the unit that the panel is in.

    Args:
        panel: training series, transformed already.
        plan: what is to be fitted.

    Returns:
        The fit; `num_rows` is 0 for series too short for any lag.
    """
    fit = ARFit.blank(panel.num_series, plan, panel.num_covariates)
    for places, rows in plan.groups(panel.num_series):
        pending = rows[panel.lengths[rows] > 0]
        kept = len(places)
        while len(pending):
            pending = _fit_some(panel, plan, fit, places[:kept], pending)
            fit.shortened[pending] = True
            if kept <= min(1, len(places)):
                break
            kept = max(1, kept // 2)
    fit.growing[:] = is_growing(plan.lags, fit.slopes) & ~fit.explosive
    return fit


def _fit_some(
    panel: Panel, plan: ARPlan, fit: ARFit, places: NDArray, rows: NDArray
) -> NDArray:  # fmt: skip
    """Fit `rows` with the lags at `places`; returns the rows that are too short for these."""
    if plan.estimation.method == "yule-walker":
        return _fit_yule_walker(panel, plan, fit, places, rows)
    columns, left = columns_of(panel, plan, len(places)), []
    for part in series_batches(panel, rows, columns):
        design = LagDesign(
            plan.lags[places], plan.estimation.hold_back or 0, extra_columns(panel, plan, part)
        )
        gram = _sums(panel, part, design)
        if isinstance(fit.memory, ARMemory):
            fit.memory.store(part, places, gram)
        few = _incomplete(panel, part, gram, design, columns)
        enough = ~few & (gram.weight >= columns.number + SPARE_ROWS)
        if enough.any():
            rows_of = partial(_rows_of, panel, plan, part[enough], design)
            found = solve_sums(_of(gram, enough), plan, columns, design.lags, rows_of)
            fit.store(part[enough], places, columns, found)
        if few.any():
            _expect(panel, plan, fit, places, part[few])
        left.append(part[~enough & ~few])
    return np.concatenate(left) if left else rows[:0]


def columns_of(panel: Panel, plan: ARPlan, num_lags: int) -> Columns:
    """What the columns of the regression are."""
    terms = plan.deterministic
    return Columns(num_lags, terms.num_regressors, panel.num_covariates, terms.spans_constant)


def series_batches(panel: Panel, rows: NDArray, columns: Columns) -> Iterator[NDArray]:
    """Rows in parts whose Gram matrices and further columns fit into bounded memory."""
    extra = columns.num_terms + columns.num_covariates
    longest = int(panel.lengths[rows].max(initial=1))
    size = max((columns.number + 1) ** 2, extra * longest, 1)
    step = max(1, _BATCH_NUMBERS // size)
    for start in range(0, len(rows), step):
        yield rows[start : start + step]


def extra_columns(panel: Panel, plan: ARPlan, rows: NDArray) -> NDArray | None:
    """Terms and covariates at every step of `rows`, one series after the other; None for none."""
    lengths = panel.lengths[rows]
    if not plan.deterministic.num_regressors + panel.num_covariates:
        return None
    steps = np.arange(lengths.sum()) - np.repeat(np.cumsum(lengths) - lengths, lengths)
    source = steps + np.repeat(panel.offsets[rows], lengths)
    terms = plan.deterministic.regressors(steps)
    return np.concatenate([terms, panel.covariates.future[source]], axis=1)


def _sums(panel: Panel, rows: NDArray, design: LagDesign) -> Gram:
    if design.extra is None:
        return lag_grams(panel.values, panel.offsets[rows], panel.offsets[rows + 1], design)
    part = panel.take(rows)
    return lag_grams(part.values, part.offsets[:-1], part.offsets[1:], design)


def _rows_of(
    panel: Panel, plan: ARPlan, rows: NDArray, design: LagDesign
) -> tuple[Panel, LagDesign]:
    """The series themselves, with the further columns at their steps."""
    return panel.take(rows), replace(design, extra=extra_columns(panel, plan, rows))


def _of(gram: Gram, rows: NDArray) -> Gram:
    return Gram(gram.weight[rows], gram.mean[rows], gram.second[rows])


def _incomplete(
    panel: Panel, rows: NDArray, gram: Gram, design: LagDesign, columns: Columns
) -> NDArray:
    """Series with enough values, of which gaps leave too few rows with all lags observed."""
    known = np.concatenate([[0], np.cumsum(panel.observed)])
    num_known = known[panel.offsets[rows + 1]] - known[panel.offsets[rows]]
    possible = num_known - design.first
    gaps = num_known < panel.lengths[rows]
    ample = possible >= 2 * columns.number + SPARE_ROWS
    return gaps & ample & (gram.weight < _COMPLETE_SHARE * possible) & (columns.num_lags > 0)


def solve_sums(
    gram: Gram,
    plan: ARPlan,
    columns: Columns,
    lags: NDArray,
    rows_of: Callable[[], tuple[Panel, LagDesign]] | None = None,
) -> Found:
    """Coefficients; where these are explosive, shrunk lags and the rest fitted again.

    Least absolute deviations need the rows; without them, as in expected sums, squares are taken.
    """
    gram = gram if columns.intercept else about_zero(gram)
    linear = regress(gram, columns, plan.estimation)
    if plan.estimation.method == "absolute" and rows_of is not None:
        linear = least_absolute(*rows_of(), linear, columns.intercept)
    slopes, explosive = stabilise(
        lags, linear.coefficients[:, : columns.num_lags, 0], allowed_root(plan.horizon)
    )
    if explosive.any():
        again = given_lags(_of(gram, explosive), columns, slopes[explosive])
        linear.coefficients[explosive] = again.coefficients
        linear.intercepts[explosive] = again.intercepts
    squares = gram.residual_sum(linear)[:, 0]
    # What is left of a perfect fit is rounding.
    squares = np.where(squares > 1e-14 * gram.second[:, -1, -1], squares, 0.0)
    return Found(linear, squares / np.maximum(gram.weight, 1.0), gram.weight, explosive)


def _expect(panel: Panel, plan: ARPlan, fit: ARFit, places: NDArray, rows: NDArray) -> None:
    """Expectation and maximisation for series whose gaps leave too few complete rows."""
    columns, lags = columns_of(panel, plan, len(places)), plan.lags[places]
    part = panel.take(rows)
    block = part.block(0, part.lengths)
    values = np.where(block.observed, block.values, np.nan)
    steps = np.arange(block.num_steps)
    terms = np.broadcast_to(
        plan.deterministic.regressors(steps), (len(rows), len(steps), columns.num_terms)
    )
    extra = np.concatenate([terms, block.covariates], axis=2)
    hold_back = plan.estimation.hold_back or 0
    expected = Expectation(
        values, part.lengths, lags, hold_back, extra if extra.shape[2] else None
    )  # fmt: skip
    gram = expected.start()
    found, rounds = solve_sums(gram, plan, columns, lags), 0
    while rounds < plan.rounds:
        before = found.linear.coefficients[..., 0]
        base = np.einsum("nte,ne->nt", extra, before[:, len(lags) :]) + found.linear.intercepts
        gram = expected(before[:, : len(lags)], found.variances, base)
        found, rounds = solve_sums(gram, plan, columns, lags), rounds + 1
        change = np.abs(found.linear.coefficients[..., 0] - before)[:, : len(lags)]
        if change.max() < _CONVERGED:
            break
    fit.store(rows, places, columns, found)
    if isinstance(fit.memory, ARMemory):
        fit.memory.store(rows, places, gram)
    fit.rounds[rows] = rounds


def _fit_yule_walker(
    panel: Panel, plan: ARPlan, fit: ARFit, places: NDArray, rows: NDArray
) -> NDArray:
    """Yule-Walker estimates; returns the rows that are too short."""
    columns = columns_of(panel, plan, len(places))
    left = []
    for part in series_batches(panel, rows, columns):
        block = panel.take(part).block(0, panel.lengths[part])
        found = yule_walker(block, plan.lags[places], columns.intercept)
        enough = found.num_values >= columns.number + SPARE_ROWS
        slopes, explosive = stabilise(plan.lags[places], found.slopes, allowed_root(plan.horizon))
        good = part[enough]
        fit.slopes[good[:, None], places] = slopes[enough]
        fit.intercepts[good] = (found.means * (1.0 - slopes.sum(axis=1)))[enough]
        fit.variances[good] = found.variances[enough]
        fit.num_rows[good] = found.num_values[enough]
        fit.num_parameters[good] = columns.number
        fit.rank[good] = columns.number
        fit.explosive[good] = explosive[enough]
        left.append(part[~enough])
    return np.concatenate(left) if left else rows[:0]
