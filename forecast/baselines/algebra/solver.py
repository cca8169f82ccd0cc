"""Least squares in closed form: ridge on Gram matrices, and least absolute deviations on top.

One solver for every linear fit: the autoregressions and the echo-state readout.
"""

from __future__ import annotations

from contextlib import AbstractContextManager
from functools import cache

import numpy as np
from numpy.typing import NDArray
from scipy import linalg
from threadpoolctl import ThreadpoolController  # type: ignore[import-untyped]

__all__ = ["absolute_weights", "one_thread", "solve_gram", "solve_ridge"]

# Each rung adds this much of the mean diagonal to a Gram matrix that is not positive definite.
_JITTER_LADDER = (0.0, 1e-12, 1e-10, 1e-8)


def solve_gram(gram: NDArray, moment: NDArray, penalty: NDArray | float = 0.0) -> NDArray:
    """Solve `(G + diag(penalty)) B = c` for a symmetric positive semi-definite G.

    Cholesky with a ladder of jitter; the minimum-norm solution where that fails.

    Args:
        gram: G = X'WX, `(num_columns, num_columns)`.
        moment: c = X'Wy, `(num_columns,)` or `(num_columns, num_targets)`.
        penalty: ridge added to the diagonal, a number or one per column, at least 0.

    Returns:
        B, of the shape of `moment`.

    Example:
        >>> import numpy as np
        >>> solve_gram(np.diag([2.0, 4.0]), np.array([2.0, 2.0]))
        array([1. , 0.5])
    """
    if not len(gram):  # no column varies, as on a constant series
        return np.zeros_like(moment)
    gram = gram + np.diag(np.broadcast_to(penalty, len(gram)))
    # Threads cost more than they save on matrices of this size, above all beside TensorFlow's.
    with one_thread():
        return _solve(gram, moment)


def _solve(gram: NDArray, moment: NDArray) -> NDArray:
    unit = np.trace(gram) / len(gram)
    for jitter in _JITTER_LADDER:
        try:
            factor = linalg.cho_factor(gram + jitter * unit * np.eye(len(gram)))
        except linalg.LinAlgError:
            continue
        return linalg.cho_solve(factor, moment)
    return linalg.lstsq(gram, moment)[0]


def one_thread() -> AbstractContextManager[object]:
    """Keep linear algebra to one thread inside a `with` block: for many small products."""
    return _linear_algebra_threads().limit(limits=1, user_api="blas")


@cache
def _linear_algebra_threads() -> ThreadpoolController:
    return ThreadpoolController()


def solve_ridge(
    design: NDArray, target: NDArray, ridge: float, weights: NDArray | None = None
) -> tuple[NDArray, NDArray]:
    """Ridge regression with an unpenalised intercept, on centred and scaled columns.

    `min_B,b  sum_i w_i (y_i - x_i B - b)^2 + ridge * sum_i w_i * sum_j (s_j B_j)^2`, s_j the
    standard deviation of column j: the penalty is a share of the variance, free of units.

    Args:
        design: X, `(num_samples, num_columns)`.
        target: y, `(num_samples,)` or `(num_samples, num_targets)`.
        ridge: penalty, at least 0; 0 is ordinary least squares.
        weights: w, `(num_samples,)`, at least 0; all 1 by default.

    Returns:
        B, `(num_columns,)` or `(num_columns, num_targets)`, and b, a scalar or `(num_targets,)`.

    Example:
        >>> import numpy as np
        >>> design = np.array([[0.0], [1.0], [2.0]])
        >>> slope, intercept = solve_ridge(design, np.array([1.0, 3.0, 5.0]), ridge=0.0)
        >>> round(float(slope[0]), 6), round(float(intercept), 6)
        (2.0, 1.0)
    """
    weights = np.ones(len(design)) if weights is None else weights
    share = weights / weights.sum()
    centre, target_centre = share @ design, share @ target
    centred = design - centre
    spread = np.sqrt(share @ centred**2)
    # A column without spread beyond rounding says nothing: it gets the coefficient 0.
    useful = spread > 1e-12 * (np.abs(centre) + spread.max(initial=0.0) + 1e-300)
    scaled = centred[:, useful] / spread[useful]
    weighted = scaled.T * share
    coefficients = np.zeros((design.shape[1], *target.shape[1:]))
    solution = solve_gram(weighted @ scaled, weighted @ (target - target_centre), ridge)
    coefficients[useful] = (solution.T / spread[useful]).T
    return coefficients, target_centre - centre @ coefficients


def absolute_weights(residuals: NDArray, weights: NDArray, smoothing: float = 0.02) -> NDArray:
    """Weights with which least squares approaches least absolute deviations.

    `w_i / max(|r_i|, smoothing * mean |r|)`: iterated, the fit minimises `sum_i w_i |r_i|`
    (iteratively reweighted least squares; Schlossmacher, 1973).

    Args:
        residuals: r of the fit so far, `(num_samples,)`.
        weights: w, `(num_samples,)`.
        smoothing: residuals below this share of their mean size count as that size.

    Returns:
        Weights of the next fit, `(num_samples,)`.
    """
    size = np.abs(residuals)
    floor = smoothing * np.average(size, weights=weights) if weights.any() else 0.0
    return weights / np.maximum(size, max(floor, 1e-12))
