"""Least absolute deviations by least squares with changing weights."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from forecast.baselines.algebra.solver import (
    absolute_weights,
    one_thread,
    solve_scaled,
    useful_columns,
)

__all__ = ["AbsoluteFit", "Reweighted", "Rounds", "reweight", "solve_absolute", "weighted_gram"]

_FIRST_SMOOTHING, _DECAY = 0.5, 0.5


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
        The fit of the last round.

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
    rows = np.column_stack([columns, np.ones(len(columns))])
    penalty = np.append(np.full(columns.shape[1], ridge * given.sum()), 0.0)
    rounds = Rounds(num_iterations, last_smoothing=tolerance, tolerance=tolerance)
    moved = (target - middle) / deviation
    with one_thread():
        found = reweight(rows, moved, given, lambda _: penalty, rounds)
    coefficients = np.zeros(design.shape[1])
    coefficients[useful] = deviation * found.coefficients[:-1] / spread[useful]
    intercept = float(middle + deviation * found.coefficients[-1] - centre @ coefficients)
    return AbsoluteFit(coefficients, intercept, found.num_rounds, found.converged)


@dataclass(frozen=True)
class Rounds:
    """How many rounds of reweighting there are, and how far they go.

    Args:
        most: rounds at most, at least 0.
        last_smoothing: residuals below this share of their mean size count as that size in the
            end; in the first round the share is one half, and half as much in each that follows.
        tolerance: relative change of the loss below which the rounds end; 0 makes all of them.
    """

    most: int
    last_smoothing: float
    tolerance: float = 0.0

    def smoothing(self, index: int) -> float:
        """The share in round `index`, counted from 0."""
        return max(_FIRST_SMOOTHING * _DECAY**index, self.last_smoothing)


@dataclass(frozen=True, eq=False)
class Reweighted:
    """What rounds of reweighting come to.

    Args:
        coefficients: B, `(num_columns,)`.
        weights: of the rows in the last least squares, `(num_samples,)`.
        num_rounds: rounds that were made.
        converged: whether they ended by the tolerance.
        gram: X'WX of the last least squares, `(num_columns, num_columns)`.
    """

    coefficients: NDArray
    weights: NDArray
    num_rounds: int
    converged: bool
    gram: NDArray


def reweight(
    design: NDArray,
    target: NDArray,
    weights: NDArray,
    penalty: Callable[[NDArray], NDArray],
    rounds: Rounds,
    start: NDArray | None = None,
) -> Reweighted:
    """Least absolute deviations: least squares, weighted again and again by `w / |residual|`.

    A large smoothing first moves far, a small one then comes near: with the same number of rounds
    the loss ends ten times closer to its least than with a small one from the beginning.

    Args:
        design: X, `(num_samples, num_columns)`.
        target: y, `(num_samples,)`.
        weights: w, `(num_samples,)`, at least 0.
        penalty: of each column, given its weighted sum of squares, both `(num_columns,)`.
        rounds: how many, and how far.
        start: coefficients whose residuals give the first weights, `(num_columns,)`; None begins
            with least squares, weighted by `w^2`.

    Returns:
        The last fit.

    Example:
        >>> import numpy as np
        >>> design, target = np.ones((5, 1)), np.array([1.0, 2.0, 3.0, 4.0, 100.0])
        >>> found = reweight(design, target, np.ones(5), np.zeros_like, Rounds(60, 1e-8))
        >>> round(float(found.coefficients[0]), 6)
        3.0
    """
    current, index, loss = weights**2, 0, np.inf
    if start is not None and rounds.most:
        current = absolute_weights(target - design @ start, weights, rounds.smoothing(0))
    while True:
        gram, moment = weighted_gram(design, target, current)
        penalties = penalty(np.diagonal(gram))
        coefficients = solve_scaled(gram, moment, penalties)
        if index == rounds.most:
            return Reweighted(coefficients, current, index, False, gram)
        residuals = target - design @ coefficients
        if rounds.tolerance:
            before, loss = loss, float(weights @ np.abs(residuals))
            loss += 0.5 * float(penalties @ coefficients**2)
            # A large smoothing settles too, at a minimum of its own: only the last one counts.
            if rounds.smoothing(index) <= rounds.last_smoothing and (
                loss >= (1.0 - rounds.tolerance) * before
            ):
                return Reweighted(coefficients, current, index + 1, True, gram)
        current = absolute_weights(residuals, weights, rounds.smoothing(index))
        index += 1


def weighted_gram(design: NDArray, target: NDArray, weights: NDArray) -> tuple[NDArray, NDArray]:
    """X'WX and X'Wy, for one target or several."""
    weighted = design * np.sqrt(weights)[:, None]
    return weighted.T @ weighted, design.T @ (target.T * weights).T


def _weighted_median(values: NDArray, weights: NDArray) -> float:
    order = np.argsort(values, kind="stable")
    passed = np.cumsum(weights[order])
    return float(values[order][np.searchsorted(passed, 0.5 * passed[-1])])
