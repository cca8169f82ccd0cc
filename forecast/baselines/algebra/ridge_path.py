"""Ridge regressions at every penalty from one factorisation, and the choice among them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from forecast.baselines.algebra.gram import Gram, LinearFit
from forecast.baselines.algebra.solver import one_thread, scale_columns

__all__ = ["RidgePath", "choose_ridge", "ridge_path"]


@dataclass(frozen=True, eq=False)
class RidgePath:
    """Eigenvalues and eigenvectors of the scaled columns: any ridge costs `O(k^2)` from here.

    Args:
        gram: sums of the rows, leading axes `(...)`, k columns and m targets.
        values: eigenvalues of the correlation matrix of the columns, at least 0, `(..., k)`.
        basis: eigenvectors over each column's standard deviation, `(..., k, k)`; a column that
            does not vary has the row 0.
        moments: eigenvectors' covariances with the targets, `(..., k, m)`.
        num_free: coefficients that no penalty touches, a number or `(...)`.
    """

    gram: Gram
    values: NDArray
    basis: NDArray
    moments: NDArray
    num_free: NDArray | int = 1

    def solve(self, ridge: NDArray | float) -> LinearFit:
        """The regression at one ridge; equals `gram.solve(ridge)`.

        Args:
            ridge: penalty as a share of the variance, at least 0: a number or `(...)`.

        Returns:
            Coefficients and intercepts.
        """
        inverse, rank = self._inverse(ridge)
        slopes = self.basis @ (inverse[..., None] * self.moments)
        split = self.gram.num_columns
        carried = (self.gram.mean[..., :split, None] * slopes).sum(axis=-2)
        intercepts = self.gram.mean[..., split:] - carried
        return LinearFit(slopes, intercepts, rank, np.zeros(rank.shape))

    def degrees_of_freedom(self, ridge: NDArray | float) -> NDArray:
        """`num_free + sum_j v_j / (v_j + ridge)`: the trace of the hat matrix.

        Args:
            ridge: see `solve`.

        Returns:
            `(...)`, between num_free and num_free + k.
        """
        return self.num_free + (self.values * self._inverse(ridge)[0]).sum(axis=-1)

    def generalised_cross_validation(self, ridge: NDArray | float) -> NDArray:
        """`n * rss / (n - df)^2`, the leave-one-out error if all rows had the same leverage.

        n is the number of rows, whatever they weigh.

        Args:
            ridge: see `solve`.

        Returns:
            `(..., m)`; infinite where the fit has no degree of freedom to spare.

        Source:
            Golub, Heath and Wahba, "Generalized cross-validation as a method for choosing a
            good ridge parameter" (1979).
        """
        count = self.gram.count[..., None]
        spare = count - self.degrees_of_freedom(ridge)[..., None]
        errors = count * self.gram.residual_sum(self.solve(ridge))
        safe = np.where(spare > 0, spare, 1.0)
        return np.where(spare > 0, errors / safe**2, np.inf)

    def _inverse(self, ridge: NDArray | float) -> tuple[NDArray, NDArray]:
        """`1 / (v_j + ridge)`, 0 where that is rounding noise, and how many are not."""
        shifted = self.values + np.asarray(ridge, dtype=np.float64)[..., None]
        noise = self.values.shape[-1] * np.finfo(np.float64).eps
        sound = shifted > noise * shifted.max(axis=-1, keepdims=True, initial=0.0)
        # The basis of columns that do not vary counts in no rank.
        sound &= (self.basis != 0).any(axis=-2)
        inverse = np.where(sound, 1.0 / np.where(sound, shifted, 1.0), 0.0)
        return inverse, sound.sum(axis=-1)


def ridge_path(gram: Gram, num_free: NDArray | int = 1) -> RidgePath:
    """Factorise once.

    Args:
        gram: sums of the rows, any leading axes.
        num_free: coefficients that no penalty touches, a number or `(...)`: 1 for the intercept
            of sums about the mean, 0 for sums about zero, and one more for each column that was
            projected out of the sums before.

    Returns:
        The path.

    Example:
        >>> import numpy as np
        >>> from forecast.baselines.algebra.gram import gram_of_rows
        >>> gram = gram_of_rows(np.random.default_rng(0).normal(size=(50, 4)))
        >>> path = ridge_path(gram)
        >>> bool(np.allclose(path.solve(0.1).coefficients, gram.solve(0.1).coefficients))
        True
    """
    split = gram.num_columns
    total = np.where(gram.weight > 0, gram.weight, 1.0)[..., None, None]
    covariance = gram.second[..., :split, :split] / total
    scaled, inverse = scale_columns(covariance, gram.mean[..., :split])
    with one_thread():
        values, vectors = np.linalg.eigh(scaled)
    basis = vectors * inverse[..., :, None]
    moments = np.swapaxes(basis, -1, -2) @ (gram.second[..., :split, split:] / total)
    return RidgePath(gram, np.maximum(values, 0.0), basis, moments, num_free)


def choose_ridge(
    path: RidgePath, ridges: NDArray, validation: Gram | None = None
) -> tuple[NDArray, NDArray]:
    """The ridge with the smallest error, for each entry of the leading axes.

    Args:
        path: the factorised training rows.
        ridges: candidates, `(num_ridges,)`, at least 0.
        validation: sums of other rows of the same columns, by whose residuals the candidates
            are judged (rows after the training rows: rolling validation; add several origins'
            scores); None judges by generalised cross-validation.

    Returns:
        The best ridge, `(...)`, the larger one if equal, and all scores, `(num_ridges, ...)`,
        summed over targets.

    Example:
        >>> import numpy as np
        >>> from forecast.baselines.algebra.gram import gram_of_rows
        >>> noise = np.random.default_rng(0).normal(size=(30, 11))
        >>> best, scores = choose_ridge(ridge_path(gram_of_rows(noise)), np.array([0.0, 100.0]))
        >>> float(best)
        100.0
    """
    ridges = np.asarray(ridges, dtype=np.float64)
    scores = np.stack([_score(path, ridge, validation) for ridge in ridges])
    falling = np.argsort(-ridges)  # of equal scores the first is taken
    return ridges[falling[scores[falling].argmin(axis=0)]], scores


def _score(path: RidgePath, ridge: float, validation: Gram | None) -> NDArray:
    if validation is None:
        return path.generalised_cross_validation(ridge).sum(axis=-1)
    return validation.residual_sum(path.solve(ridge)).sum(axis=-1)
