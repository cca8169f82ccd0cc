"""Least absolute deviations by least squares with changing weights."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from forecast.baselines.algebra.gram import gram_of_rows
from forecast.baselines.algebra.solver import (
    absolute_weights,
    one_thread,
    solve_grams,
    useful_columns,
)

__all__ = ["AbsoluteFit", "solve_absolute"]

# Residuals below this share of their mean count as that size; the share shrinks round by round.
_FIRST_SMOOTHING, _DECAY, _LAST_SMOOTHING = 0.02, 0.8, 1e-8


@dataclass(frozen=True, eq=False)
class AbsoluteFit:
    """A regression and how it was reached.

    Args:
        coefficients: B, `(num_columns,)`.
        intercept: b.
        num_iterations: rounds of reweighting that were made.
        converged: whether the last rounds changed the loss by less than the tolerance.
    """

    coefficients: NDArray
    intercept: float
    num_iterations: int
    converged: bool


def solve_absolute(
    design: NDArray,
    target: NDArray,
    ridge: float = 0.0,
    weights: NDArray | None = None,
    num_iterations: int = 1000,
    tolerance: float = 1e-8,
) -> AbsoluteFit:
    """The linear median: least absolute deviations with an unpenalised intercept.

    `min_B,b  sum_i w_i |y_i - x_i B - b| + ridge * sum_i w_i / (2 d) * sum_j (s_j B_j)^2`, s_j the
    standard deviation of column j and d the mean absolute deviation of y: free of units.

    Args:
        design: X, `(num_samples, num_columns)`.
        target: y, `(num_samples,)`.
        ridge: penalty, at least 0.
        weights: w, `(num_samples,)`, at least 0, not all 0; all 1 by default.
        num_iterations: most rounds of reweighting, at least 1.
        tolerance: relative change of the loss below which the rounds end.

    Returns:
        The best fit of all rounds.

    Example:
        >>> import numpy as np
        >>> design = np.arange(7.0)[:, None]
        >>> target = 2.0 * design[:, 0] + 1.0
        >>> target[3] = 100.0  # one wild value moves nothing
        >>> fit = solve_absolute(design, target)
        >>> round(float(fit.coefficients[0]), 6), round(fit.intercept, 6)
        (2.0, 1.0)

    Source:
        Schlossmacher, "An iterative technique for absolute deviations curve fitting" (1973).
    """
    given = np.ones(len(design)) if weights is None else np.asarray(weights, dtype=np.float64)
    share = given / given.sum()
    centre, middle = share @ design, float(share @ target)
    deviation = float(share @ np.abs(target - middle))
    spread = np.sqrt(share @ (design - centre) ** 2)
    useful = useful_columns(spread, centre)
    if deviation <= 1e-14 * abs(middle) or not useful.any():
        num_columns = design.shape[1]
        return AbsoluteFit(np.zeros(num_columns), _weighted_median(target, given), 0, True)
    columns = (design[:, useful] - centre[useful]) / spread[useful]
    rows = np.column_stack([columns, (target - middle) / deviation])
    with one_thread():
        slopes, offset, rounds, converged = _reweight(
            rows, given, ridge * given.sum(), num_iterations, tolerance
        )
    coefficients = np.zeros(design.shape[1])
    coefficients[useful] = deviation * slopes / spread[useful]
    intercept = middle + deviation * offset - float(centre @ coefficients)
    return AbsoluteFit(coefficients, intercept, rounds, converged)


def _reweight(
    rows: NDArray, weights: NDArray, penalty: float, num_iterations: int, tolerance: float
) -> tuple[NDArray, float, int, bool]:
    """Rounds on scaled rows; the coefficients, the intercept, how many, and whether settled."""
    current, smoothing = weights, _FIRST_SMOOTHING
    best, slopes, offset = np.inf, np.zeros(rows.shape[1] - 1), 0.0
    settled, round_ = False, 0
    while round_ < num_iterations and not settled:
        tried, shift = _weighted_fit(rows, current, penalty)
        residuals = rows[:, -1] - rows[:, :-1] @ tried - shift
        loss = float(weights @ np.abs(residuals) + 0.5 * penalty * tried @ tried)
        # A fixed smoothing settles too, at its own minimum: only a small one counts.
        settled = smoothing <= tolerance and loss >= (1.0 - tolerance) * best
        if loss < best:
            best, slopes, offset = loss, tried, shift
        current = absolute_weights(residuals, weights, smoothing)
        smoothing = max(_DECAY * smoothing, _LAST_SMOOTHING)
        round_ += 1
    return slopes, offset, round_, settled


def _weighted_fit(rows: NDArray, weights: NDArray, penalty: float) -> tuple[NDArray, float]:
    """Least squares with these weights."""
    gram = gram_of_rows(rows, weights)
    moments = gram.second[:-1, -1]
    slopes = solve_grams(gram.second[None, :-1, :-1], moments[None], penalty).coefficients[0]
    return slopes, float(gram.mean[-1] - gram.mean[:-1] @ slopes)


def _weighted_median(values: NDArray, weights: NDArray) -> float:
    order = np.argsort(values, kind="stable")
    passed = np.cumsum(weights[order])
    return float(values[order][np.searchsorted(passed, 0.5 * passed[-1])])
