"""Estimation of an autoregression with many gaps: expectation and maximisation."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from forecast.baselines.algebra.gram import Gram
from forecast.baselines.algebra.lag_gram import LagDesign, lag_grams
from forecast.baselines.autoregression.filter import GapFilter, Uncertainty

__all__ = ["Expectation", "interpolated"]

_MOST_SLOTS = 64
# Values later than a gap tell of it, the less the further: up to this many are waited for.
_MOST_DELAY = 12


def interpolated(values: NDArray) -> NDArray:
    """Gaps filled on a straight line, the ends with the nearest value; 0 where nothing is known.

    Example:
        >>> interpolated(np.array([np.nan, 1.0, np.nan, 3.0])).tolist()
        [1.0, 1.0, 2.0, 3.0]
    """
    known = np.flatnonzero(~np.isnan(values))
    if not len(known):
        return np.zeros_like(values)
    return np.interp(np.arange(len(values)), known, values[known])


class Expectation:
    """The expected sums of a regression on lags, given what was observed.

    `E[z z' | observed] = z^ z^' + Cov`, z^ the row with its unknown values replaced by their
    conditional means and Cov their conditional covariance.

    Three things are approximate. Fixed-lag smoothing: a value's mean and covariance are read when
    it leaves the filter's window, so they heed the values up to as many steps later as the longest
    lag, at most 12, not the whole series. Sums by distance: covariances are added up by how far
    apart in time two values are, and every entry of the sums gets the whole total of its distance,
    also from the few rows at both ends that are no targets for that entry. Slots: of more than 64
    values unknown in one window, the oldest count as known. A series begins as if its mean had
    been observed before it.

    Args:
        block: values of the series, `(num_series, num_steps)`; NaN where unknown or beyond the end.
        lengths: steps of each series, `(num_series,)`.
        lags: 1-based lags.
        hold_back: first steps that are no targets.
        extra: further columns, `(num_series, num_steps, num_extra)`, or None.
    """

    def __init__(
        self,
        block: NDArray,
        lengths: NDArray,
        lags: NDArray,
        hold_back: int,
        extra: NDArray | None,
    ) -> None:
        """Keep the data."""
        self._block, self._lengths, self._lags = block, lengths, lags
        self._valid = np.arange(block.shape[1]) < lengths[:, None]
        self._hold_back, self._extra = hold_back, extra
        self._means = np.array([np.nanmean(row) for row in block])

    def start(self) -> Gram:
        """Sums of the series with their gaps interpolated."""
        filled = np.zeros_like(self._block)
        for row, values, length in zip(filled, self._block, self._lengths, strict=True):
            row[:length] = interpolated(values[:length])
        return self._sums(filled)

    def __call__(self, slopes: NDArray, variances: NDArray, base: NDArray) -> Gram:
        """Expected sums under a fit.

        Args:
            slopes: coefficients of the lags, `(num_series, num_lags)`.
            variances: of the innovations, `(num_series,)`.
            base: what the other terms add, `(num_series, num_steps)`.
        """
        longest = int(self._lags.max())
        length = longest + min(longest, _MOST_DELAY) + 1
        polynomial = np.zeros((len(slopes), length))
        polynomial[:, self._lags - 1] = slopes
        before = np.repeat(self._means[:, None], length, axis=1)
        series = np.concatenate([before, self._block], axis=1)
        nothing = Uncertainty.none(len(slopes), min(length, _MOST_SLOTS, self._most(length)))
        walk = GapFilter(polynomial, variances, series, nothing, base)
        walk.dropped = np.zeros((len(slopes), length + 1))
        rest = walk.run(self._valid)
        shared = walk.dropped + _by_distance(rest, length)
        gram = self._sums(np.where(self._valid, series[:, length:], 0.0))
        offsets = np.append(self._lags, 0)
        places = np.append(np.arange(len(self._lags)), gram.second.shape[1] - 1)
        apart = np.abs(offsets[:, None] - offsets)
        gram.second[:, places[:, None], places] += shared[:, apart]
        return gram

    def _most(self, length: int) -> int:
        """The most values that are unknown in one window, at least 1."""
        unknown = np.cumsum(np.isnan(self._block) & self._valid, axis=1)
        before = np.pad(unknown, ((0, 0), (length, 0)))[:, : unknown.shape[1]]
        return max(1, int((unknown - before).max()))

    def _sums(self, filled: NDArray) -> Gram:
        flat = filled[self._valid]
        stops = np.cumsum(self._lengths)
        extra = None if self._extra is None else self._extra[self._valid]
        design = LagDesign(self._lags, self._hold_back, extra)
        return lag_grams(flat, stops - self._lengths, stops, design)


def _by_distance(rest: Uncertainty, length: int) -> NDArray:
    """Covariances of the slots summed by their distance in time, `(num_rows, length + 1)`."""
    found = np.zeros((len(rest.ages), length + 1))
    taken = rest.ages > 0
    for slot in range(rest.ages.shape[1]):
        # Each pair once: with those that are as old or newer.
        pairs = taken & taken[:, [slot]] & (rest.ages <= rest.ages[:, [slot]])
        apart = np.where(pairs, rest.ages[:, [slot]] - rest.ages, 0)
        shares = np.where(pairs, rest.covariance[:, slot], 0.0)
        np.add.at(found, (np.arange(len(found))[:, None], apart), shares)
    return found
