"""Gram matrices about the mean: what a linear regression needs to know of its rows."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from forecast.baselines.algebra.solver import Solution, solve_centred

__all__ = ["Gram", "LinearFit", "gram_of_rows"]


# Numbers of matrices that are solved together: what fits a processor's cache.
_BATCH_NUMBERS = 2**17


@dataclass(frozen=True, eq=False)
class LinearFit:
    """Regressions `y = x B + b`, one for each entry of the leading axes.

    Args:
        coefficients: B, `(..., num_columns, num_targets)`.
        intercepts: b, `(..., num_targets)`.
        rank: numerical rank of the scaled columns (with the ridge), `(...)`.
        jitter: see `solver.Solution`, `(...)`.
    """

    coefficients: NDArray
    intercepts: NDArray
    rank: NDArray
    jitter: NDArray


@dataclass(frozen=True, eq=False)
class Gram:
    """Weighted sums of rows `z = (x, y)` about their mean.

    `W = sum_i w_i`, `m = sum_i w_i z_i / W`, `S = sum_i w_i (z_i - m)(z_i - m)'`. The leading
    axes, if any, are series, each with sums of its own.

    Args:
        weight: W, `(...)`.
        mean: m, `(..., num_columns + num_targets)`; 0 where W is 0.
        second: S, `(..., num_columns + num_targets, num_columns + num_targets)`.
        num_targets: how many of the last columns are targets.
        num_rows: rows whose weight is not 0, `(...)`; None where all weights are 0 or 1, so that
            W says it.
    """

    weight: NDArray
    mean: NDArray
    second: NDArray
    num_targets: int = 1
    num_rows: NDArray | None = None

    @property
    def num_columns(self) -> int:
        """Number of columns of x."""
        return self.mean.shape[-1] - self.num_targets

    @property
    def count(self) -> NDArray:
        """Number of rows, whatever their weights, `(...)`."""
        return self.weight if self.num_rows is None else self.num_rows

    def merge(self, other: Gram) -> Gram:
        """The sums over the rows of both.

        `S = S_1 + S_2 + (W_1 W_2 / W) d d'` with `d = m_2 - m_1`: nothing cancels.

        Args:
            other: sums of other rows of the same columns.

        Returns:
            Sums of all rows.

        Source:
            Chan, Golub and LeVeque, "Updating formulae and a pairwise algorithm for computing
            sample variances" (1979).
        """
        weight = self.weight + other.weight
        share = np.divide(other.weight, weight, out=np.zeros_like(weight), where=weight > 0)
        apart = other.mean - self.mean
        apart = np.where((self.weight > 0)[..., None], apart, other.mean)
        product = apart[..., :, None] * apart[..., None, :]
        second = self.second + other.second + (self.weight * share)[..., None, None] * product
        mean = self.mean + share[..., None] * apart
        counted = self.num_rows is None and other.num_rows is None
        count = None if counted else self.count + other.count
        return Gram(weight, mean, second, self.num_targets, count)

    def select(self, columns: NDArray) -> Gram:
        """The sums of some columns of x; the targets stay.

        Args:
            columns: positions among the columns of x.

        Returns:
            Sums of the chosen columns, in the order given, and of the targets.
        """
        targets = np.arange(self.num_columns, self.mean.shape[-1])
        kept = np.concatenate([np.asarray(columns, dtype=np.int64), targets])
        second = self.second[..., kept[:, None], kept]
        return Gram(self.weight, self.mean[..., kept], second, self.num_targets, self.num_rows)

    def solve(self, ridge: NDArray | float = 0.0) -> LinearFit:
        """Ridge regression on centred and scaled columns, the intercept free.

        `min_B,b  sum_i w_i (y_i - x_i B - b)^2 + ridge * W * sum_j (s_j B_j)^2`, s_j the standard
        deviation of column j.

        Args:
            ridge: penalty as a share of the variance, at least 0: a number, or one for each
                entry of the leading axes.

        Returns:
            Coefficients and intercepts; all 0 where W is 0.

        Example:
            >>> import numpy as np
            >>> rows = np.array([[0.0, 1.0], [1.0, 3.0], [2.0, 5.0]])
            >>> fit = gram_of_rows(rows).solve()
            >>> fit.coefficients.round(6).tolist(), fit.intercepts.round(6).tolist()
            ([[2.0]], [1.0])
        """
        lead, size, split = self.weight.shape, self.mean.shape[-1], self.num_columns
        ridges = np.broadcast_to(np.asarray(ridge, dtype=np.float64), lead).ravel()
        mean, count = self.mean.reshape(-1, size), self.weight.size
        second = self.second.reshape(-1, size, size)
        flat = Gram(self.weight.ravel(), mean, second, self.num_targets)
        step = max(1, _BATCH_NUMBERS // size**2)
        parts = [slice(begin, begin + step) for begin in range(0, max(count, 1), step)]
        found = [_solve_part(flat, part, ridges[part]) for part in parts]
        slopes = np.concatenate([part.coefficients for part in found])
        carried = np.einsum("bk,bkm->bm", mean[:, :split], slopes)
        return LinearFit(
            slopes.reshape(*lead, split, self.num_targets),
            (mean[:, split:] - carried).reshape(*lead, self.num_targets),
            np.concatenate([part.rank for part in found]).reshape(lead),
            np.concatenate([part.jitter for part in found]).reshape(lead),
        )

    def residual_sum(self, fit: LinearFit) -> NDArray:
        """`sum_i w_i (y_i - x_i B - b)^2`, of these rows under any coefficients.

        `yy - 2 B'c + B'G B + W (mean(y) - mean(x) B - b)^2` with yy, c and G the blocks of S.

        Args:
            fit: coefficients and intercepts, from these rows or from others.

        Returns:
            `(..., num_targets)`, at least 0.
        """
        split = self.num_columns
        slopes = fit.coefficients
        gram, cross = self.second[..., :split, :split], self.second[..., :split, split:]
        squares = np.diagonal(self.second[..., split:, split:], axis1=-2, axis2=-1)
        explained = (slopes * (2.0 * cross - gram @ slopes)).sum(axis=-2)
        carried = (self.mean[..., :split, None] * slopes).sum(axis=-2)
        bias = self.mean[..., split:] - carried - fit.intercepts
        return np.maximum(squares - explained + self.weight[..., None] * bias**2, 0.0)


def _solve_part(gram: Gram, part: slice, ridges: NDArray) -> Solution:
    """Coefficients of some series."""
    weight, split = gram.weight[part], gram.num_columns
    covariance = gram.second[part] / np.where(weight > 0, weight, 1.0)[:, None, None]
    columns, cross = covariance[:, :split, :split], covariance[:, :split, split:]
    return solve_centred(columns, cross, gram.mean[part, :split], ridges)


def gram_of_rows(rows: NDArray, weights: NDArray | None = None, num_targets: int = 1) -> Gram:
    """Sums of rows that are all in memory, centred before they are multiplied.

    Args:
        rows: z, `(..., num_rows, num_columns + num_targets)`; any finite number where the weight
            is 0.
        weights: w, `(..., num_rows)`, at least 0; 0 masks a row. All 1 by default.
        num_targets: how many of the last columns are targets.

    Returns:
        Sums over the rows.
    """
    given = np.ones(rows.shape[:-1]) if weights is None else np.asarray(weights, dtype=np.float64)
    total = given.sum(axis=-1)
    share = given / np.where(total > 0, total, 1.0)[..., None]
    mean = (share[..., None, :] @ rows)[..., 0, :]
    root = (rows - mean[..., None, :]) * np.sqrt(given)[..., None]
    second = np.swapaxes(root, -1, -2) @ root
    count = None if weights is None else np.count_nonzero(given, axis=-1).astype(np.float64)
    return Gram(total, mean, second, num_targets, count)
