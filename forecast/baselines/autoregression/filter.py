"""Exact filtering of an autoregression through gaps: the companion-form Kalman filter.

The state of an autoregression with gaps is the mean and the covariance of its last values. Values
that were observed have no variance, so only those that were not take part in the covariance: each
has a slot with its age, and a step costs `O(num_slots^2)` for the rows that have one, else nothing.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["GapFilter", "Uncertainty"]


@dataclass(frozen=True, eq=False)
class Uncertainty:
    """Which of the last values are not known, and how they vary together.

    Args:
        ages: steps back of each unknown value, 1 the newest, `(num_rows, num_slots)`; 0 where a
            slot is free.
        covariance: of these values, `(num_rows, num_slots, num_slots)`; 0 in free slots.
    """

    ages: NDArray
    covariance: NDArray

    @staticmethod
    def none(num_rows: int, num_slots: int) -> Uncertainty:
        """Nothing is unknown."""
        return Uncertainty(
            np.zeros((num_rows, num_slots), dtype=np.int64),
            np.zeros((num_rows, num_slots, num_slots)),
        )

    @staticmethod
    def of_packed(ages: NDArray, packed: NDArray) -> Uncertainty:
        """What `packed` was taken of."""
        num_slots = ages.shape[1]
        low, high = np.tril_indices(num_slots)
        covariance = np.zeros((len(ages), num_slots, num_slots))
        covariance[:, low, high] = covariance[:, high, low] = packed
        return Uncertainty(ages, covariance)

    @property
    def packed(self) -> NDArray:
        """Lower triangle of the covariance, `(num_rows, num_slots (num_slots + 1) / 2)`."""
        low, high = np.tril_indices(self.ages.shape[1])
        return self.covariance[:, low, high]

    def widened(self, num_slots: int) -> Uncertainty:
        """The same with free slots added."""
        more = max(0, num_slots - self.ages.shape[1])
        ages = np.pad(self.ages, ((0, 0), (0, more)))
        return Uncertainty(ages, np.pad(self.covariance, ((0, 0), (0, more), (0, more))))


class GapFilter:
    """The walk over known and unknown steps.

    `y[t] = base[t] + sum_k a_k y[t-k] + e[t]`, `Var e = sigma^2`

    Before step t the last values have mean m and covariance P. The forecast is `f = base + a'm`
    with variance `S = a'Pa + sigma^2`. An observation moves the unknown values by
    `(Pa / S) (y - f)` and takes `(Pa)(Pa)' / S` from P; a missing one takes a slot of its own, with
    mean f, variance S and covariances Pa. Where all slots are taken, the oldest value counts as
    known from then on.

    Args:
        polynomial: a of the lags 1 to the window's length, `(num_rows, window_length)`.
        variances: sigma^2, `(num_rows,)`.
        series: window and the steps to come, `(num_rows, window_length + num_steps)`; NaN where
            unknown among the latter. Changed in place: unknown values get their means.
        before: what is unknown in the window.
        base: what is added to the lags, `(num_rows, num_steps)`.

    Source: Harvey, "Forecasting, Structural Time Series Models and the Kalman Filter" (1989), 3.4.
    """

    def __init__(
        self,
        polynomial: NDArray,
        variances: NDArray,
        series: NDArray,
        before: Uncertainty,
        base: NDArray,
    ) -> None:
        """Begin before the first step."""
        num_rows, self._length = polynomial.shape
        # By age, with a zero for free slots, and by column of the window.
        self._by_age = np.concatenate([np.zeros((num_rows, 1)), polynomial], axis=1)
        self._by_column = polynomial[:, ::-1]
        self._variances, self._base = variances, base
        self.series = series
        taken = before.ages > 0
        self._columns = np.where(taken, self._length - before.ages, -1)
        self._covariance = before.covariance.copy()
        self.forecasts = np.full(base.shape, np.nan)
        """Forecast of each step, NaN where nothing in the window was unknown."""
        self.spreads = np.full(base.shape, np.nan)
        """Their variances."""
        self.dropped: NDArray | None = None
        """If set, `(num_rows, window_length + 1)`: sums of covariances by distance in time."""

    def run(self, valid: NDArray) -> Uncertainty:
        """Walk over all steps.

        Args:
            valid: which steps exist, `(num_rows, num_steps)`; the others lie at the end of a row.

        Returns:
            What is unknown after the last valid step of each row.
        """
        unknown = np.isnan(self.series[:, self._length :]) & valid
        slots = np.asarray(np.any(self._columns >= 0, axis=1))
        for step in range(valid.shape[1]):
            rows = np.flatnonzero(valid[:, step] & (slots | unknown[:, step]))
            if len(rows):
                self._leave(rows, step)
                self._move(rows, step, unknown[rows, step])
                slots[rows] = (self._columns[rows] >= 0).any(axis=1)
        ends = self._length + valid.sum(axis=1)[:, None]
        ages = np.where(self._columns >= 0, ends - self._columns, 0)
        gone = ages > self._length
        covariance = np.where(gone[:, :, None] | gone[:, None, :], 0.0, self._covariance)
        return Uncertainty(np.where(gone, 0, ages), covariance)

    def _leave(self, rows: NDArray, step: int) -> None:
        """Free the slots of values that have left the window."""
        old = (self._columns[rows] >= 0) & (self._columns[rows] < step)
        if old.any():
            where, slots = np.nonzero(old)
            self._free(rows[where], slots)

    def _free(self, rows: NDArray, slots: NDArray) -> None:
        if self.dropped is not None:
            columns = self._columns[rows]
            apart = np.abs(columns - self._columns[rows, slots][:, None])
            counted = (columns >= 0) & (apart <= self._length)
            shares = np.where(counted, self._covariance[rows, slots], 0.0)
            apart = np.where(counted, apart, 0)
            np.add.at(self.dropped, (rows[:, None], apart), shares)
        self._columns[rows, slots] = -1
        self._covariance[rows, slots] = 0.0
        self._covariance[rows, :, slots] = 0.0

    def _move(self, rows: NDArray, step: int, unknown: NDArray) -> None:
        """Forecast one step, then learn from it or remember that it is unknown."""
        every = slice(None) if len(rows) == len(self.series) else rows
        window = self.series[every, step : step + self._length]
        forecast = self._base[every, step] + np.einsum("nw,nw->n", window, self._by_column[every])
        columns, covariance = self._columns[every], self._covariance[every]
        taken = columns >= 0
        ages = np.where(taken, self._length + step - columns, 0)
        weights = self._by_age[rows[:, None], ages]
        shared = (covariance @ weights[:, :, None])[:, :, 0]
        spread = np.einsum("ni,ni->n", shared, weights) + self._variances[every]
        self.forecasts[every, step], self.spreads[every, step] = forecast, spread
        learns = (shared != 0.0) & ~unknown[:, None]
        gain = np.divide(shared, spread[:, None], out=np.zeros(shared.shape), where=learns)
        errors = np.where(unknown, 0.0, self.series[every, self._length + step] - forecast)
        where, slots = (learns & taken).nonzero()
        self.series[rows[where], columns[where, slots]] += gain[where, slots] * errors[where]
        covariance -= gain[:, :, None] * shared[:, None, :]
        self._covariance[every] = covariance
        self._remember(rows[unknown], step, forecast[unknown], shared[unknown], spread[unknown])

    def _remember(self, rows, step, forecast, shared, spread) -> None:
        if not len(rows):
            return
        self.series[rows, self._length + step] = forecast
        # A free slot has column -1: the smallest is a free one, or else the oldest value.
        slots = self._columns[rows].argmin(axis=1)
        taken = self._columns[rows, slots] >= 0
        self._free(rows[taken], slots[taken])
        each = np.arange(len(rows))
        shared[each, slots] = spread
        self._columns[rows, slots] = self._length + step
        self._covariance[rows, slots] = shared
        self._covariance[rows, :, slots] = shared
