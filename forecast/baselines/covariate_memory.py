"""What a window state remembers of covariates that are not known ahead."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.signal import lfilter

__all__ = ["CovariateMemory"]


@dataclass(frozen=True)
class CovariateMemory:
    """The newest value of each past covariate and its exponentially weighted mean.

    `x'` is the value of a step, or the one before where it is missing, and
    `m' = m + 2 (x' - m) / (span + 1)`. Both stand still where nothing more is known: ahead of an
    origin they are as old as the origin. They are NaN before the first value.

    Args:
        num_covariates: number of past covariates, P.
        span: steps that the mean reaches back, at least 1 (the span of pandas' `ewm`).

    Example:
        >>> memory = CovariateMemory(1, span=3)
        >>> memory.along(memory.blank(1), np.array([[[4.0], [np.nan], [8.0]]]))[0, 1:].tolist()
        [[4.0, 4.0], [4.0, 4.0], [8.0, 6.0]]
    """

    num_covariates: int
    span: int

    def blank(self, num_rows: int) -> NDArray:
        """The memory before the first step, `(num_rows, 2 P)`."""
        return np.full((num_rows, 2 * self.num_covariates), np.nan)

    def along(self, before: NDArray, covariates: NDArray) -> NDArray:
        """The memory before each step, and after the last one.

        Args:
            before: memory before the first step, `(n, 2 P)`: newest values, then means.
            covariates: `(n, num_steps, P)`, NaN where missing; of no column where none is known.

        Returns:
            `(n, num_steps + 1, 2 P)`.
        """
        newest, mean = np.split(before[:, None], 2, axis=2)
        if not covariates.shape[2]:
            covariates = np.full((*covariates.shape[:2], self.num_covariates), np.nan)
        values = _carried(np.concatenate([newest, covariates], axis=1))
        first = np.argmax(~np.isnan(values), axis=1)[:, None]
        start = np.where(np.isnan(mean), np.take_along_axis(values, first, axis=1), mean)
        weight = 2.0 / (self.span + 1.0)
        known = np.where(np.isnan(values), start, values)[:, 1:]
        means, _ = lfilter([weight], [1.0, weight - 1.0], known, axis=1, zi=(1 - weight) * start)
        means = np.where(np.isnan(values), np.nan, np.concatenate([mean, means], axis=1))
        return np.concatenate([values, means], axis=2)


def _carried(values: NDArray) -> NDArray:
    """Missing values replaced by the one before them, `(n, num_steps, P)`."""
    steps = np.arange(values.shape[1])[:, None]
    source = np.maximum.accumulate(np.where(np.isnan(values), 0, steps), axis=1)
    return np.take_along_axis(values, source, axis=1)
