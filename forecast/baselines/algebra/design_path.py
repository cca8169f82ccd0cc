"""Ridge regressions at every penalty from the singular values of the rows themselves.

Sums of squares lose half of the digits: of columns that are nearly dependent, as the states of a
reservoir are, `forecast.baselines.algebra.ridge_path` cannot tell small penalties apart.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import linalg

from forecast.baselines.algebra.solver import one_thread, useful_columns

__all__ = ["DesignPath", "design_path"]


@dataclass(frozen=True, eq=False)
class DesignPath:
    """Singular values and vectors of scaled columns: any ridge costs `O(k^2)` from here.

    Args:
        values: singular values over the root of the number of rows, `(k,)`.
        basis: right singular vectors over each column's deviation, `(num_columns, k)`.
        moments: left singular vectors' means with the targets, `(k, num_targets)`.
        centres: mean of each column, `(num_columns,)`.
        means: mean of each target, `(num_targets,)`.
    """

    values: NDArray
    basis: NDArray
    moments: NDArray
    centres: NDArray
    means: NDArray

    def solve(self, ridge: float) -> NDArray:
        """Coefficients of the columns, then the constant, `(num_columns + 1, num_targets)`.

        Args:
            ridge: penalty as a share of each column's variance, at least 0.
        """
        noise = len(self.values) * np.finfo(np.float64).eps * self.values.max(initial=0.0)
        sound = self.values > noise
        factors = np.where(sound, self.values / np.where(sound, self.values**2 + ridge, 1.0), 0.0)
        slopes = self.basis @ (factors[:, None] * self.moments)
        return np.concatenate([slopes, (self.means - self.centres @ slopes)[None]])


def design_path(columns: NDArray, targets: NDArray) -> DesignPath:
    """Factorise once.

    Args:
        columns: one row for each equation, without a constant, `(n, num_columns)`.
        targets: `(n, num_targets)`.

    Example:
        >>> import numpy as np
        >>> columns = np.random.default_rng(0).normal(size=(50, 3))
        >>> path = design_path(columns, columns @ np.array([[1.0], [2.0], [3.0]]) + 4.0)
        >>> path.solve(0.0)[:, 0].round(6).tolist()
        [1.0, 2.0, 3.0, 4.0]

    Source:
        Hastie, Tibshirani and Friedman (2009), "The elements of statistical learning", 3.4.1.
    """
    centres, means = columns.mean(axis=0), targets.mean(axis=0)
    centred = columns - centres
    spread = np.sqrt(np.square(centred).mean(axis=0))
    scale = np.where(useful_columns(spread, centres), 1.0 / np.where(spread > 0, spread, 1.0), 0.0)
    with one_thread():
        left, values, right = linalg.svd(centred * scale, full_matrices=False, check_finite=False)
    root = np.sqrt(len(columns))
    moments = left.T @ (targets - means) / root
    return DesignPath(values / root, scale[:, None] * right.T, moments, centres, means)
