"""Pooled regressions: weighted ridge towards least absolute deviations, shrinkage to the pool."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from forecast.baselines.algebra.absolute import Rounds, reweight, weighted_gram
from forecast.baselines.algebra.solver import one_thread, solve_scaled
from forecast.checks import check_flag, is_number

__all__ = [
    "PoolFit",
    "Regression",
    "fit_pool",
    "fit_pool_steps",
    "penalty_of",
    "shrink_to_pool",
]

# Residuals below a fiftieth of their mean size count as that: with less, the few rows that the
# pool hits by chance would make up the Gram matrices of the single series (`shrink_to_pool`).
_COLD = Rounds(10, last_smoothing=0.02)
# Of a step that starts from the coefficients of the step before it.
_WARM = Rounds(5, last_smoothing=0.02)
_SQUARED = Rounds(0, last_smoothing=0.02)


@dataclass(frozen=True)
class Regression:
    """How pooled regressions are fitted; None leaves the choice to the data.

    Args:
        loss: "absolute" or "squared" errors.
        ridge: penalty on a column's distance from what it is drawn to, at least 0, as a share of
            the column's mean square. Columns are deviations from the level, so this is not the
            share of a variance that `Estimation` takes. None on the constant.
        shrinkage: kappa, rows of the pool that a series' own rows are weighed against, above 0;
            infinite gives all series the same coefficients.
        metric_weights: weigh each origin by what its errors cost in MASE.
    """

    loss: Literal["absolute", "squared"] | None = None
    ridge: float | None = None
    shrinkage: float | None = None
    metric_weights: bool | None = None

    def __post_init__(self) -> None:
        """Refuse what cannot be fitted."""
        if self.loss not in (None, "absolute", "squared"):
            raise ValueError(f"`loss` must be 'absolute' or 'squared'; got {self.loss!r}.")
        if self.ridge is not None and not (is_number(self.ridge) and 0.0 <= self.ridge < np.inf):
            raise ValueError(f"`ridge` must be a number of at least 0; got {self.ridge!r}.")
        if self.shrinkage is not None and not (is_number(self.shrinkage) and self.shrinkage > 0.0):
            raise ValueError(f"`shrinkage` must be a number above 0; got {self.shrinkage!r}.")
        check_flag("metric_weights", self.metric_weights)


@dataclass(frozen=True, eq=False)
class PoolFit:
    """The pool's regression for one step ahead, or for several that share their columns.

    Args:
        coefficients: B, `(num_columns,)` or `(num_columns, num_steps)`.
        weights: weights of the rows in the last round, of mean 1, `(n,)`.
        unit: their mean before.
        gram: X'WX with these weights, `(num_columns, num_columns)`.
        floor: residuals below count as that size where errors are absolute.
    """

    coefficients: NDArray
    weights: NDArray
    unit: float
    gram: NDArray
    floor: float = 0.0


def fit_pool(
    design: NDArray,
    target: NDArray,
    weights: NDArray,
    regression: Regression,
    centre: NDArray,
    start: NDArray | None = None,
) -> PoolFit:
    """`min_B sum_i w_i |y_i - x_i B| + ridge sum_j g_j (B_j - c_j)^2`, or with squares for both.

    g_j is the weighted mean square of column j, so the penalty has no unit. Least absolute
    deviations are found by reweighting.

    Args:
        design: X, `(n, num_columns)`; the last column is the constant, which is not penalised.
        target: y, `(n,)`.
        weights: w, `(n,)`, at least 0.
        regression: loss and ridge.
        centre: c, what the penalty draws to, `(num_columns,)`.
        start: coefficients to begin from, `(num_columns,)`; None begins with least squares.

    Returns:
        The fit.
    """
    rounds = _COLD if start is None else _WARM
    rounds = rounds if regression.loss == "absolute" else _SQUARED
    moved = None if start is None else start - centre

    def penalty(squares: NDArray) -> NDArray:
        return penalty_of(squares, regression)

    found = reweight(design, target - design @ centre, weights, penalty, rounds, moved)
    unit, coefficients = _mean_weight(found.weights), centre + found.coefficients
    size = np.abs(target - design @ coefficients)
    floor = rounds.last_smoothing * float(np.average(size, weights=weights)) if weights.any() else 0
    return PoolFit(coefficients, found.weights / unit, unit, found.gram / unit, max(floor, 1e-12))


def fit_pool_steps(
    design: NDArray, targets: NDArray, weights: NDArray, regression: Regression, centre: NDArray
) -> PoolFit:
    """`fit_pool` with squared errors for several steps that share one design, from one matrix.

    Args:
        design: X, `(n, num_columns)`; the last column is the constant.
        targets: y of every step, `(n, num_steps)`.
        weights: w, `(n,)`, at least 0.
        regression: ridge.
        centre: what the penalty draws to, `(num_columns,)`.

    Returns:
        The fit, its coefficients `(num_columns, num_steps)`.
    """
    unit = _mean_weight(weights**2)
    current = weights**2 / unit
    gram, moment = weighted_gram(design, targets - (design @ centre)[:, None], current)
    moves = solve_scaled(gram, moment, penalty_of(np.diagonal(gram), regression))
    return PoolFit(centre[:, None] + moves, current, unit, gram)


def shrink_to_pool(
    design: NDArray,
    target: NDArray,
    starts: NDArray,
    pool: PoolFit,
    regression: Regression,
) -> NDArray:
    """Each series' coefficients, drawn towards the pool's.

    `B_i = B + (G_i + kappa G)^-1 (c_i - G_i B)`, G the pool's Gram matrix per row, with the ridge
    on its diagonal as in `fit_pool`.

    Args:
        design: X, `(n, num_columns)`, rows of a series next to each other.
        target: y, `(n,)` or `(n, num_steps)`; anything where the weight is 0.
        starts: first row of each series and the end, `(num_series + 1,)`.
        pool: the pool's fit, its weights 0 for rows without a target.
        regression: kappa and ridge.

    Returns:
        `(num_series, num_columns)`, or `(num_series, num_columns, num_steps)`.
    """
    weights = pool.weights
    root = np.sqrt(weights)
    residual = ((np.nan_to_num(target) - design @ pool.coefficients).T * root).T
    scaled = design * root[:, None]
    gram = scaled.T @ scaled
    gram[np.diag_indices_from(gram)] += penalty_of(np.diagonal(gram), regression)
    prior = (regression.shrinkage or 0.0) / max(weights.sum(), 1e-300) * gram
    factor = _whitener(prior)
    moves = np.zeros((len(starts) - 1, *pool.coefficients.shape))
    with one_thread():
        for index in np.flatnonzero(np.diff(starts)):
            rows = slice(starts[index], starts[index + 1])
            white = scaled[rows] @ factor
            moves[index] = _unit_ridge(white, residual[rows])
    return pool.coefficients + np.einsum("pq,iq...->ip...", factor, moves)


def penalty_of(squares: NDArray, regression: Regression) -> NDArray:
    """The ridge of every column, given its sum of squares; none on the constant."""
    penalty = (regression.ridge or 0.0) * squares
    penalty[-1] = 0.0
    return penalty


def _mean_weight(weights: NDArray) -> float:
    return max(float(weights.mean()), 1e-300)


def _whitener(gram: NDArray) -> NDArray:
    """F with `F F' = G^-1` on the columns that vary, 0 on the others; of columns of one size."""
    size = np.sqrt(np.diagonal(gram))
    inverse = np.where(size > 0.0, 1.0 / np.where(size > 0.0, size, 1.0), 0.0)
    values, vectors = np.linalg.eigh(gram * inverse[:, None] * inverse)
    usable = values > 1e-12 * values[-1]
    unit = np.where(usable, 1.0 / np.sqrt(np.where(usable, values, 1.0)), 0.0)
    return inverse[:, None] * vectors * unit


def _unit_ridge(design: NDArray, target: NDArray) -> NDArray:
    """`(X'X + I)^-1 X'y` by the smaller of the two equivalent systems."""
    num_rows, num_columns = design.shape
    if num_rows < num_columns:
        system = design @ design.T
        system[np.diag_indices(num_rows)] += 1.0
        return design.T @ np.linalg.solve(system, target)
    system = design.T @ design
    system[np.diag_indices(num_columns)] += 1.0
    return np.linalg.solve(system, design.T @ target)
