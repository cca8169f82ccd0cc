"""What expectation-maximisation needs to know of the hidden states: sums of their moments."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Self

import numpy as np
from numpy.typing import NDArray

from forecast.baselines.state_space.filter import Belief, Filtered, Observations, kalman_filter
from forecast.baselines.state_space.smoother import Smoothed, smooth
from forecast.baselines.state_space.system import LinearSystem

__all__ = ["Moments"]

# Numbers of one array of the smoother that are held at a time.
_CHUNK_NUMBERS = 4_000_000


@dataclass(frozen=True, eq=False)
class Moments:
    """Sums over the rows and steps of each system, given its observations.

    Args:
        num_rows: rows of each system, `(num_systems,)`.
        start: E x of the first steps, `(num_systems, size)`.
        start_square: E x x' of them, `(num_systems, size, size)`.
        num_moves: pairs of neighbouring steps, `(num_systems,)`.
        square_before: E x[t] x[t]' over them, `(num_systems, size, size)`.
        square_after: E x[t+1] x[t+1]', likewise.
        product: E x[t+1] x[t]', likewise.
        num_values: observed values of each channel, `(num_systems, num_channels)`.
        square_seen: E x x' where a channel was observed,
            `(num_systems, num_channels, size, size)`.
        told: y E x there, `(num_systems, num_channels, size)`.
        power: y^2 there, `(num_systems, num_channels)`.
        log_likelihood: of all observations of a system, `(num_systems,)`.
    """

    num_rows: NDArray
    start: NDArray
    start_square: NDArray
    num_moves: NDArray
    square_before: NDArray
    square_after: NDArray
    product: NDArray
    num_values: NDArray
    square_seen: NDArray
    told: NDArray
    power: NDArray
    log_likelihood: NDArray

    @classmethod
    def of(cls, system: LinearSystem, of_row: NDArray, seen: Observations) -> Self:
        """The expectations under a system, a bounded number of rows at a time.

        Args:
            system: the parameters.
            of_row: the system of each row, `(num_rows,)`.
            seen: the observations.
        """
        num_rows, num_steps, _ = seen.values.shape
        chunk = max(1, _CHUNK_NUMBERS // max(1, num_steps * system.state_size**2))
        pieces = [slice(begin, begin + chunk) for begin in range(0, num_rows, chunk)]
        parts = [cls._of_some(system, of_row[piece], seen.rows(piece)) for piece in pieces]
        names = [field.name for field in fields(cls)]
        return cls(*(np.sum([getattr(part, name) for part in parts], axis=0) for name in names))

    @classmethod
    def _of_some(cls, system: LinearSystem, of_row: NDArray, seen: Observations) -> Self:
        filtered = kalman_filter(system, of_row, Belief.before(system, of_row), seen)
        found = smooth(system, filtered, seen)
        sums = _Sums(found, filtered, of_row, system.num_systems)
        valid, values = seen.valid.T.astype(float), seen.values.swapaxes(0, 1)
        moves = valid[1:]
        first = np.zeros_like(valid)
        first[0] = valid[0]
        before, after = (np.zeros_like(valid) for _ in range(2))
        before[:-1], after[1:] = moves, moves
        known = seen.observed.swapaxes(0, 1).astype(float)
        filled = np.where(known > 0.0, values, 0.0)
        channels = range(values.shape[2])
        return cls(
            sums.count(first),
            sums.mean(first),
            sums.square(first),
            sums.count(before),
            sums.square(before),
            sums.square(after),
            sums.product(before),
            np.stack([sums.count(known[:, :, i]) for i in channels], axis=1),
            np.stack([sums.square(known[:, :, i]) for i in channels], axis=1),
            np.stack([sums.mean(filled[:, :, i]) for i in channels], axis=1),
            np.stack([sums.count(filled[:, :, i] ** 2) for i in channels], axis=1),
            sums.by_system(filtered.log_likelihood),
        )


class _Sums:
    """Weighted sums over the steps of the rows of each system."""

    def __init__(
        self, found: Smoothed, filtered: Filtered, of_row: NDArray, num_systems: int
    ) -> None:
        """Store the smoothed states."""
        self._found, self._of_row, self._num_systems = found, of_row, num_systems
        self._of_group, self._groups = filtered.walk.of_group, filtered.groups

    def by_system(self, of_each: NDArray) -> NDArray:
        """Sums over the rows of each system."""
        return _added(of_each, self._of_row, self._num_systems)

    def count(self, weights: NDArray) -> NDArray:
        """Sums of the weights, `(num_steps, num_rows)`."""
        return self.by_system(weights.sum(axis=0))

    def mean(self, weights: NDArray) -> NDArray:
        """Sums of `w E x`."""
        return self.by_system(np.einsum("tn,tnd->nd", weights, self._found.means))

    def square(self, weights: NDArray) -> NDArray:
        """Sums of `w E x x'`."""
        means = self._found.means.swapaxes(0, 1)
        own = self.by_system((means * weights.T[:, :, None]).swapaxes(1, 2) @ means)
        return own + self._spread(weights, self._found.covariances)

    def product(self, weights: NDArray) -> NDArray:
        """Sums of `w E x[t+1] x[t]'`; the weight of the last step is 0."""
        means = self._found.means.swapaxes(0, 1)
        moved = (means[:, 1:] * weights.T[:, :-1, None]).swapaxes(1, 2)
        own = self.by_system(moved @ means[:, :-1])
        return own + self._spread(weights, self._found.neighbours)

    def _spread(self, weights: NDArray, covariances: NDArray) -> NDArray:
        """Sums of weighted covariances, which the rows of a group share."""
        shared = _added(weights.T, self._groups, len(self._of_group))
        by_group = np.einsum("gt,tgde->gde", shared, covariances)
        return _added(by_group, self._of_group, self._num_systems)


def _added(values: NDArray, places: NDArray, count: int) -> NDArray:
    """Sums of the rows that belong to each place."""
    if count == 1:
        return values.sum(axis=0, keepdims=True)
    found = np.zeros((count, *values.shape[1:]))
    np.add.at(found, places, values)
    return found
