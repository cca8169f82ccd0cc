"""The covariances and gains of the filter, which depend on what was observed, not on its values."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from forecast.baselines.state_space.system import LinearSystem

__all__ = ["CovarianceWalk", "alike", "walk_covariances"]

# Change of a covariance, relative to it, from which on it is taken as steady.
_STEADY = 1e-14


@dataclass(frozen=True, eq=False)
class CovarianceWalk:
    """Covariances and gains of groups of rows, time first.

    Args:
        first: a row of each group, `(num_groups,)`.
        of_group: the system of each group, `(num_groups,)`.
        covariances: of the state before each step and after the last,
            `(num_steps + 1, num_groups, state_size, state_size)`.
        readouts: C, zero for what was not observed,
            `(num_steps, num_groups, num_channels, state_size)`.
        gains: A K, `(num_steps, num_groups, state_size, num_channels)`.
        precisions: S^-1, zero for what was not observed,
            `(num_steps, num_groups, num_channels, num_channels)`.
    """

    first: NDArray
    of_group: NDArray
    covariances: NDArray
    readouts: NDArray
    gains: NDArray
    precisions: NDArray


def walk_covariances(
    system: LinearSystem, of_row: NDArray, before: NDArray, observed: NDArray, valid: NDArray
) -> tuple[CovarianceWalk, NDArray]:
    """Walk over all steps; rows that are alike in all but values are one group.

    Args:
        system: the parameters.
        of_row: the system of each row, `(num_rows,)`.
        before: covariance before the first step, `(num_rows, state_size, state_size)`.
        observed: `(num_rows, num_steps, num_channels)`.
        valid: `(num_rows, num_steps)`.

    Returns:
        The walk, and the group of each row.
    """
    first, groups = alike(of_row, before, observed, valid)
    of_group = of_row[first]
    walker = _Walker(system.take(of_group), before[first], observed[first], valid[first])
    walker.run()
    walk = CovarianceWalk(
        first, of_group, walker.covariances, walker.readouts, walker.gains, walker.precisions
    )
    return walk, groups


def alike(*arrays: NDArray) -> tuple[NDArray, NDArray]:
    """The first of all rows that are equal bit for bit, and the group of each row.

    Example:
        >>> first, groups = alike(np.array([3, 5, 3]), np.array([True, True, True]))
        >>> int(groups[0]) == int(groups[2]) != int(groups[1])
        True
    """
    count = len(arrays[0])
    parts = [np.ascontiguousarray(array).reshape(count, -1).view(np.uint8) for array in arrays]
    keys = np.concatenate([part.reshape(count, -1) for part in parts], axis=1)
    if not count:
        return np.zeros(0, dtype=np.intp), np.zeros(0, dtype=np.intp)
    as_one = np.ascontiguousarray(keys).view([("", np.void, keys.shape[1])]).ravel()
    if (keys == keys[:1]).all():
        return np.zeros(1, dtype=np.intp), np.zeros(count, dtype=np.intp)
    _, first, groups = np.unique(as_one, return_index=True, return_inverse=True)
    if len(first) == count:  # in their own order, so that nothing need be gathered
        return np.arange(count), np.arange(count)
    return first, groups.reshape(-1)


class _Walker:
    """The walk of the covariances, which knows masks only."""

    def __init__(
        self, system: LinearSystem, start: NDArray, observed: NDArray, valid: NDArray
    ) -> None:
        """Begin before the first step."""
        num_steps, (num_groups, num_channels, size) = valid.shape[1], system.readout.shape
        self._system = system
        self._known = np.ascontiguousarray((observed & valid[:, :, None]).swapaxes(0, 1))
        self._valid = valid.T[:, :, None, None]
        self._all_valid = np.asarray(valid.all(axis=0))
        self._has_gap = (valid.T[:, :, None] & ~self._known).any(axis=(1, 2))
        self._incomplete = np.flatnonzero(self._has_gap)
        # Transposed once: products of small matrices that do not lie in order take twice as long.
        self._transition, self._readout = (
            np.ascontiguousarray(part.swapaxes(1, 2))
            for part in (system.transition, system.readout)
        )
        self.covariances = np.empty((num_steps + 1, num_groups, size, size))
        self.covariances[0] = start
        self.readouts = system.readout * self._known[:, :, :, None]
        self.gains = np.empty((num_steps, num_groups, size, num_channels))
        self.precisions = np.empty((num_steps, num_groups, num_channels, num_channels))

    def run(self) -> None:
        """Walk over all steps; once nothing changes any more, they are alike."""
        step, num_steps = 0, len(self.gains)
        while step < num_steps:
            before, after = self.covariances[step], self._moved(step)
            self.covariances[step + 1] = after
            step += 1
            if self._has_gap[step - 1]:
                continue
            largest = np.abs(before).max(initial=0.0)
            if np.abs(after - before).max(initial=0.0) <= _STEADY * largest:
                step = self._repeat(step)

    def _repeat(self, step: int) -> int:
        """Fill in the steps up to the next one with a gap; the step that follows them."""
        later = np.searchsorted(self._incomplete, step - 1)
        end = self._incomplete[later] if later < len(self._incomplete) else len(self.gains)
        if end <= step:
            return step
        self.covariances[step + 1 : end + 1] = self.covariances[step]
        self.gains[step:end] = self.gains[step - 1]
        self.precisions[step:end] = self.precisions[step - 1]
        return int(end)

    def _moved(self, step: int) -> NDArray:
        """`L P L' + A K R (A K)' + Q` with `L = A - A K C`: Joseph's form, moved on.

        K is zero for what is not observed, and so leaves it out of all products.
        """
        system, before = self._system, self.covariances[step]
        shared = before @ self._readout
        precision = _inverse(system.readout @ shared + system.output_noise, self._known[step])
        gain = system.transition @ shared @ precision
        backwards = np.ascontiguousarray(gain.swapaxes(1, 2))
        closed = system.transition - gain @ system.readout
        after = closed @ before @ (self._transition - self._readout @ backwards)
        after += gain @ system.output_noise @ backwards + system.state_noise
        self.gains[step], self.precisions[step] = gain, precision
        after = 0.5 * (after + after.swapaxes(1, 2))
        return after if self._all_valid[step] else np.where(self._valid[step], after, before)


def _inverse(spread: NDArray, known: NDArray) -> NDArray:
    """Inverse among the known channels, zero beside them; a channel without spread counts as none.

    Args:
        spread: S, `(num_groups, num_channels, num_channels)`.
        known: `(num_groups, num_channels)`.
    """
    diagonal = np.diagonal(spread, axis1=1, axis2=2)
    used = known & (diagonal > 0.0)
    if spread.shape[1] == 1:
        return np.where(used, 1.0 / np.where(used, diagonal, 1.0), 0.0)[:, :, None]
    pairs = used[:, :, None] & used[:, None, :]
    filled = np.where(pairs, spread, np.eye(spread.shape[1]))
    return np.where(pairs, np.linalg.inv(filled), 0.0)
