"""Least squares in closed form: ridge on Gram matrices, one or many at once.

One solver for every linear fit: the autoregressions and the echo-state readout.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import linalg

from forecast.baselines.algebra.threads import one_thread

__all__ = [
    "Solution",
    "absolute_weights",
    "one_thread",
    "scale_columns",
    "solve_centred",
    "solve_gram",
    "solve_grams",
    "solve_scaled",
    "useful_columns",
]

# Each rung adds this much of the mean diagonal to a Gram matrix that is not positive definite.
_JITTER_LADDER = (0.0, 1e-12, 1e-10, 1e-8)
# Up to this size NumPy's batched elimination beats a substitution called for each matrix.
_LARGEST_IN_BATCH = 64


@dataclass(frozen=True, eq=False)
class Solution:
    """Solutions of a batch of systems, and how each was found.

    Args:
        coefficients: B, of the shape of the moments.
        rank: numerical rank of each matrix with its penalty, `(batch,)`.
        jitter: share of the mean diagonal that was added to each, `(batch,)`; 0 where Cholesky
            needed none, and NaN where none helped and the solution of minimum norm was taken.
    """

    coefficients: NDArray
    rank: NDArray
    jitter: NDArray


def solve_grams(grams: NDArray, moments: NDArray, penalty: NDArray | float = 0.0) -> Solution:
    """Solve `(G_i + diag(penalty_i)) B_i = c_i` for many positive semi-definite matrices.

    Cholesky with a ladder of jitter; the solution of minimum norm where that fails. What a
    system gets does not depend on the others of the batch, to the last bit.

    Args:
        grams: G, `(batch, num_columns, num_columns)`, columns of comparable scale.
        moments: c, `(batch, num_columns)` or `(batch, num_columns, num_targets)`.
        penalty: ridge added to the diagonal, at least 0: a number, `(num_columns,)` or
            `(batch, num_columns)`.

    Returns:
        Coefficients, ranks and jitter. A system that is not finite has rank 0 and coefficients 0.

    Example:
        >>> import numpy as np
        >>> grams = np.stack([np.diag([2.0, 4.0]), np.ones((2, 2))])
        >>> solution = solve_grams(grams, np.ones((2, 2)))
        >>> solution.coefficients.round(6).tolist(), solution.rank.tolist()
        ([[0.5, 0.25], [0.5, 0.5]], [2, 1])
    """
    columns = moments if moments.ndim == grams.ndim else moments[..., None]
    systems = _penalised(np.asarray(grams, dtype=np.float64), penalty)
    finite = np.isfinite(systems).all(axis=(1, 2)) & np.isfinite(columns).all(axis=(1, 2))
    num_columns = systems.shape[1]
    solution = Solution(
        np.zeros(columns.shape), np.where(finite, num_columns, 0), np.where(finite, 0.0, np.nan)
    )
    # Threads cost more than they save on matrices of this size, above all beside TensorFlow's.
    with one_thread():
        pending = np.flatnonzero(finite) if num_columns else np.arange(0)
        for jitter in _JITTER_LADDER:
            pending = _climb(solution, systems, columns, pending, jitter)
        for index in pending:
            solution.coefficients[index] = _minimum_norm(systems[index], columns[index])
    solution.jitter[pending] = np.nan
    return Solution(solution.coefficients.reshape(moments.shape), solution.rank, solution.jitter)


def _penalised(grams: NDArray, penalty: NDArray | float) -> NDArray:
    """The matrices with the penalty on their diagonals."""
    systems = grams.copy()
    diagonal = np.arange(grams.shape[-1])
    systems[:, diagonal, diagonal] += penalty
    return systems


def _climb(
    solution: Solution, systems: NDArray, columns: NDArray, pending: NDArray, jitter: float
) -> NDArray:
    """Solve what can be solved on this rung, in place; returns what is left."""
    if not len(pending):
        return pending
    if len(pending) == len(systems) and not jitter:  # the usual case needs no copy
        rung, moments = systems, columns
    else:
        rung, moments = systems[pending], columns[pending]
        # Copied: summed in the same order whatever the size of the batch.
        unit = np.diagonal(rung, axis1=1, axis2=2).copy().sum(axis=1) / rung.shape[1]
        rung = _penalised(rung, jitter * unit[:, None])
    factors = _cholesky(rung)
    pivots = np.diagonal(factors, axis1=1, axis2=2) ** 2
    scales = np.diagonal(rung, axis1=1, axis2=2)
    # A pivot that is rounding noise gives coefficients that are noise: not positive definite.
    safe = (pivots > rung.shape[1] * np.finfo(np.float64).eps * scales).all(axis=1)
    done = pending[safe]
    if not safe.all():
        rung, factors, moments = rung[safe], factors[safe], moments[safe]
    solution.coefficients[done] = _solve(rung, factors, moments)
    solution.jitter[done] = jitter
    if not jitter:
        for index in pending[~safe]:
            solution.rank[index] = _rank(np.linalg.eigvalsh(systems[index]))
    return pending[~safe]


def _cholesky(grams: NDArray) -> NDArray:
    """Lower factors; NaN where a matrix has none. Halves a batch until the failures are alone."""
    try:
        return np.linalg.cholesky(grams)
    except np.linalg.LinAlgError:
        if len(grams) == 1:
            return np.full_like(grams, np.nan)
    half = len(grams) // 2
    return np.concatenate([_cholesky(grams[:half]), _cholesky(grams[half:])])


def _solve(systems: NDArray, factors: NDArray, moments: NDArray) -> NDArray:
    """Solve positive definite systems whose lower factors are known."""
    if systems.shape[1] <= _LARGEST_IN_BATCH:
        return np.linalg.solve(systems, moments)
    pairs = zip(factors, moments, strict=True)
    solved = [linalg.cho_solve((lower, True), moment) for lower, moment in pairs]
    return np.array(solved).reshape(moments.shape)  # also where no system is left


def _minimum_norm(gram: NDArray, moment: NDArray) -> NDArray:
    values, vectors = np.linalg.eigh(gram)
    kept = slice(len(values) - _rank(values), None)
    return vectors[:, kept] @ ((vectors[:, kept].T @ moment) / values[kept, None])


def _rank(eigenvalues: NDArray) -> int:
    """Number of eigenvalues (increasing) that are more than rounding noise."""
    noise = len(eigenvalues) * np.finfo(np.float64).eps * max(eigenvalues[-1], 0.0)
    return int((eigenvalues > noise).sum())


def solve_gram(gram: NDArray, moment: NDArray, penalty: NDArray | float = 0.0) -> NDArray:
    """Solve `(G + diag(penalty)) B = c` for a symmetric positive semi-definite G.

    One system of `solve_grams`.

    Args:
        gram: G = X'WX, `(num_columns, num_columns)`.
        moment: c = X'Wy, `(num_columns,)` or `(num_columns, num_targets)`.
        penalty: ridge added to the diagonal, a number or one per column, at least 0.

    Returns:
        B, of the shape of `moment`.

    Raises:
        ValueError: a number is NaN or infinite.

    Example:
        >>> import numpy as np
        >>> solve_gram(np.diag([2.0, 4.0]), np.array([2.0, 2.0]))
        array([1. , 0.5])
    """
    if not (np.isfinite(gram).all() and np.isfinite(moment).all()):
        raise ValueError(
            "The Gram matrix or the moments hold NaN or infinite numbers; expected finite ones. "
            "Give missing rows the weight 0, and scale values so that their squares are finite."
        )
    return solve_grams(gram[None], moment[None], penalty).coefficients[0]


def solve_scaled(gram: NDArray, moment: NDArray, penalty: NDArray) -> NDArray:
    """`solve_gram` on columns scaled to the same size, so that units cost no accuracy.

    With `D = diag(G)`: `(D^-1/2 G D^-1/2 + diag(penalty) D^-1) D^1/2 B = D^-1/2 c`.

    Args:
        gram: G = X'WX, `(num_columns, num_columns)`.
        moment: c = X'Wy, `(num_columns,)` or `(num_columns, num_targets)`.
        penalty: added to the diagonal of G, `(num_columns,)`, at least 0.

    Returns:
        B, of the shape of `moment`; 0 for a column of zeros.

    Example:
        >>> import numpy as np
        >>> solve_scaled(np.diag([1e8, 4.0]), np.array([1e8, 2.0]), np.array([0.0, 4.0]))
        array([1.  , 0.25])
    """
    squares = np.diagonal(gram)
    used = squares > 0.0
    inverse = np.where(used, 1.0 / np.sqrt(np.where(used, squares, 1.0)), 0.0)
    scaled = gram * inverse[:, None] * inverse
    np.fill_diagonal(scaled, 1.0)  # exactly; a column of zeros is alone and has no moment
    return (solve_gram(scaled, (moment.T * inverse).T, penalty * inverse**2).T * inverse).T


def useful_columns(spread: NDArray, centre: NDArray) -> NDArray:
    """Which columns vary by more than rounding.

    Args:
        spread: standard deviations, `(..., num_columns)`.
        centre: means, `(..., num_columns)`.

    Returns:
        Booleans, `(..., num_columns)`.
    """
    largest = spread.max(axis=-1, keepdims=True, initial=0.0)
    return spread > 1e-12 * (np.abs(centre) + largest + 1e-300)


def scale_columns(covariance: NDArray, centre: NDArray) -> tuple[NDArray, NDArray]:
    """Correlations, and one over each standard deviation: 0 for columns that do not vary.

    Args:
        covariance: `(..., num_columns, num_columns)`.
        centre: means of the columns, `(..., num_columns)`; they say what counts as rounding.
    """
    # Cancellation may leave a variance of nothing a little below 0.
    spread = np.sqrt(np.maximum(np.diagonal(covariance, axis1=-2, axis2=-1), 0.0))
    useful = useful_columns(spread, centre)
    inverse = np.where(useful, 1.0 / np.where(useful, spread, 1.0), 0.0)
    return covariance * inverse[..., :, None] * inverse[..., None, :], inverse


def solve_centred(
    covariance: NDArray, cross: NDArray, centre: NDArray, ridge: NDArray | float
) -> Solution:
    """Ridge on scaled columns, given covariances.

    `min_B  E (y - x B)^2 + ridge * sum_j (s_j B_j)^2` for centred x and y, s_j the standard
    deviation of column j. A column without spread beyond rounding gets the coefficient 0.

    Args:
        covariance: of the columns, `(batch, num_columns, num_columns)`.
        cross: covariances with the targets, `(batch, num_columns, num_targets)`.
        centre: means of the columns, `(batch, num_columns)`; they say what counts as rounding.
        ridge: penalty as a share of the variance, at least 0: a number or `(batch,)`.

    Returns:
        Coefficients on the columns as they came; ranks count useful columns only.
    """
    scaled, inverse = scale_columns(covariance, centre)
    diagonal = np.arange(covariance.shape[-1])
    scaled[:, diagonal, diagonal] = 1.0  # a useless column is alone and has no moment
    penalty = np.asarray(ridge, dtype=np.float64).reshape(-1, 1)
    found = solve_grams(scaled, cross * inverse[:, :, None], penalty)
    rank = np.maximum(found.rank - (inverse == 0).sum(axis=1), 0)
    return Solution(found.coefficients * inverse[:, :, None], rank, found.jitter)


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
