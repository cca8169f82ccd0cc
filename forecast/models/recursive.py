"""Recursive least squares: rows added to a fit whose information matrix was kept."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from forecast.baselines.algebra.absolute import weighted_gram
from forecast.baselines.algebra.solver import solve_scaled

__all__ = ["add_rows", "checked_information"]


def add_rows(
    information: NDArray, coefficients: NDArray, design: NDArray, target: NDArray, weights: NDArray
) -> tuple[NDArray, NDArray]:
    """The fit on the rows before and these: `G' = G + X'WX`, `b' = b + G'^-1 X'W (y - X b)`.

    Exact: rows added in any blocks give the fit on all of them, with the penalty of the first.

    Args:
        information: G of the fit so far, its penalty on the diagonal,
            `(num_columns, num_columns)`.
        coefficients: b so far, `(num_columns,)`.
        design: X, `(n, num_columns)`.
        target: y, `(n,)`.
        weights: W, `(n,)`, at least 0.

    Returns:
        G' and b'; G and b themselves if the rows or the sums are not finite.

    Example:
        >>> import numpy as np
        >>> add_rows(np.eye(1), np.zeros(1), np.array([[1.0]]), np.array([4.0]), np.ones(1))[1]
        array([2.])
    """
    gram, moment = weighted_gram(design, target - design @ coefficients, weights)
    information_after = information + gram
    if not (np.isfinite(information_after).all() and np.isfinite(moment).all()):
        return information, coefficients
    moved = solve_scaled(information_after, moment, np.zeros(len(moment)))
    return information_after, coefficients + moved


def checked_information(information: NDArray | None, num_columns: int) -> NDArray | None:
    """The matrix itself; raise ValueError unless it is symmetric, finite and of this size."""
    if information is None:
        return None
    expected = (num_columns, num_columns)
    if information.shape != expected or not np.isfinite(information).all():
        raise ValueError(
            f"the information of {num_columns} coefficients must be finite numbers of the shape "
            f"{expected}; got the shape {information.shape}."
        )
    if not np.array_equal(information, information.T) or (np.diagonal(information) < 0).any():
        raise ValueError(
            f"the information of {num_columns} coefficients must be symmetric, with no number "
            "below 0 on its diagonal."
        )
    return information
