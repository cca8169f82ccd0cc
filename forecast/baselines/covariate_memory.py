"""What a window state remembers of covariates that are not known ahead."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from forecast.pipelines import Panel

__all__ = ["CovariateMemory", "persistence_of"]


@dataclass(frozen=True, eq=False)
class CovariateMemory:
    """The newest values of each past covariate and its exponentially weighted mean.

    `x'` is the value of a step, or the one before where it is missing, and
    `m' = m + 2 (x' - m) / (span + 1)`. Ahead of an origin, where nothing more is known, the mean
    stands still and the value returns to it: `x' = m + persistence (x - m)`. All are NaN before
    the first value.

    Args:
        persistence: share of a value's distance from the mean that the next step keeps, one a
            covariate, 0 to 1, `(P,)`; 1 repeats the newest value.
        span: steps that the mean reaches back, at least 1 (the span of pandas' `ewm`).
        num_lags: newest values remembered, L, at least 1.

    Example:
        >>> memory = CovariateMemory(np.ones(1), span=3, num_lags=2)
        >>> memory.along(memory.blank(1), np.array([[[4.0], [np.nan], [8.0]]]))[0, 2:].tolist()
        [[4.0, 4.0, 4.0], [8.0, 4.0, 6.0]]
    """

    persistence: NDArray
    span: int
    num_lags: int = 1

    @property
    def num_covariates(self) -> int:
        """Number of past covariates, P."""
        return len(self.persistence)

    @property
    def num_columns(self) -> int:
        """Numbers remembered of each series: L values and a mean of each covariate."""
        return (self.num_lags + 1) * self.num_covariates

    def blank(self, num_rows: int) -> NDArray:
        """The memory before the first step, `(num_rows, num_columns)`."""
        return np.full((num_rows, self.num_columns), np.nan)

    def along(self, before: NDArray, covariates: NDArray) -> NDArray:
        """The memory before each step, and after the last one.

        Args:
            before: memory before the first step, `(n, num_columns)`: newest values, those of the
                step before, and so on, then means.
            covariates: `(n, num_steps, P)`, NaN where missing.

        Returns:
            `(n, num_steps + 1, num_columns)`.
        """
        lags, mean = self._parts(before)
        values = _carried(np.concatenate([lags, covariates], axis=1))
        return self._joined(values, self._means(mean, values[:, self.num_lags - 1 :]))

    def ahead(self, before: NDArray, num_steps: int) -> NDArray:
        """As `along`, for steps ahead of an origin, of which no covariate is known."""
        lags, mean = self._parts(before)
        powers = self.persistence ** np.arange(1, num_steps + 1)[:, None]
        values = np.concatenate([lags, mean + powers * (lags[:, -1:] - mean)], axis=1)
        return self._joined(values, np.repeat(mean, num_steps + 1, axis=1))

    def _parts(self, memory: NDArray) -> tuple[NDArray, NDArray]:
        """Values, oldest first, and means: `(n, L, P)` and `(n, 1, P)`."""
        parts = memory.reshape(len(memory), self.num_lags + 1, self.num_covariates)
        return parts[:, -2::-1], parts[:, -1:]

    def _means(self, mean: NDArray, values: NDArray) -> NDArray:
        """The mean before each step and after the last, given values from the step before on."""
        from scipy.signal import lfilter  # a second to import

        first = np.argmax(~np.isnan(values), axis=1)[:, None]
        start = np.where(np.isnan(mean), np.take_along_axis(values, first, axis=1), mean)
        weight = 2.0 / (self.span + 1.0)
        known = np.where(np.isnan(values), start, values)[:, 1:]
        means, _ = lfilter([weight], [1.0, weight - 1.0], known, axis=1, zi=(1 - weight) * start)
        return np.where(np.isnan(values), np.nan, np.concatenate([mean, means], axis=1))

    def _joined(self, values: NDArray, means: NDArray) -> NDArray:
        """The columns before each step, of values from L steps earlier on."""
        steps = means.shape[1]
        newest = range(self.num_lags - 1, -1, -1)
        return np.concatenate([*(values[:, at : at + steps] for at in newest), means], axis=2)


def persistence_of(panel: Panel) -> NDArray:
    """Autocorrelation at lag 1 of each past covariate around the mean of its series.

    `sum (x[t] - m)(x[t+1] - m) / sum (x[t] - m)^2` over all series and steps t with both known,
    from 0 to 1; 0 for one that never changes.

    Args:
        panel: training series with encoded covariates.

    Returns:
        `(P,)`.
    """
    past, codes = panel.covariates.past, panel.codes
    found = np.zeros(past.shape[1])
    inside = codes[1:] == codes[:-1]
    for column, values in enumerate(past.T):
        known = ~np.isnan(values)
        total = np.bincount(codes, np.where(known, values, 0.0), panel.num_series)
        mean = total / np.maximum(np.bincount(codes, known, panel.num_series), 1)
        moved = values - mean[codes]
        both = inside & known[1:] & known[:-1]
        size = (moved[:-1][both] ** 2).sum()
        product = (moved[:-1][both] * moved[1:][both]).sum()
        found[column] = np.clip(product / size, 0.0, 1.0) if size > 0.0 else 0.0
    return found


def _carried(values: NDArray) -> NDArray:
    """Missing values replaced by the one before them, `(n, num_steps, P)`."""
    steps = np.arange(values.shape[1])[:, None]
    source = np.maximum.accumulate(np.where(np.isnan(values), 0, steps), axis=1)
    return np.take_along_axis(values, source, axis=1)
