"""The fixed-interval smoother: what the whole series tells of every hidden state."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from forecast.baselines.state_space.filter import Filtered, Observations, apply
from forecast.baselines.state_space.system import LinearSystem

__all__ = ["Smoothed", "smooth"]


@dataclass(frozen=True, eq=False)
class Smoothed:
    """The states given all observations; time comes first.

    Args:
        groups: the group of each row, as in `Filtered`.
        means: `(num_steps, num_rows, state_size)`.
        covariances: `(num_steps, num_groups, state_size, state_size)`.
        neighbours: `Cov(x[t+1], x[t])`, likewise; that of a row's last step reaches one beyond it.
    """

    groups: NDArray
    means: NDArray
    covariances: NDArray
    neighbours: NDArray


def smooth(system: LinearSystem, filtered: Filtered, seen: Observations) -> Smoothed:
    """Rauch, Tung and Striebel's smoother, in the form that inverts no covariance of the state.

    Backwards in time, `L = A - A K C`, e the one-step errors and S their covariance:

        r[t-1] = C' S^-1 e[t] + L' r[t],   N[t-1] = C' S^-1 C + L' N[t] L
        E x[t] = m[t] + P[t] r[t-1],       Var x[t] = P[t] - P[t] N[t-1] P[t]
        Cov(x[t+1], x[t]) = (I - P[t+1] N[t]) L P[t]

    so that states without noise (such as the lags of an autoregression) do no harm.

    Args:
        system: the parameters.
        filtered: the walk of `kalman_filter`.
        seen: what it saw.

    Source: Bryson, Frazier (1963); Durbin, Koopman, section 4.4; de Jong, Mackinnon (1988).
    """
    groups, walk = filtered.groups, filtered.walk
    closed = system.transition[walk.of_group] - walk.gains @ walk.readouts
    # Transposed once: products of small matrices that do not lie in order take twice as long.
    backwards = np.ascontiguousarray(closed.swapaxes(2, 3))
    told = np.ascontiguousarray(walk.readouts.swapaxes(2, 3)) @ walk.precisions
    weights = _weights(closed, backwards, told @ walk.readouts, seen.valid[walk.first].T)
    pulls = _pulls(backwards, told, filtered, seen.valid.T)
    spread = walk.covariances
    shares, moved_on = spread @ weights, closed @ spread[:-1]
    covariances = spread[:-1] - shares[:-1] @ spread[:-1]
    neighbours = moved_on - shares[1:] @ moved_on
    if len(walk.first) == 1:
        moved = pulls @ spread[:-1, 0]
    else:
        of_rows = spread if len(walk.first) == len(groups) else spread[:, groups]
        moved = (of_rows[:-1] @ pulls[..., None])[..., 0]
    return Smoothed(groups, filtered.means[:-1] + moved, covariances, neighbours)


def _weights(closed: NDArray, backwards: NDArray, told: NDArray, valid: NDArray) -> NDArray:
    """The sums N before each step and after the last, `(num_steps + 1, num_groups, size, size)`."""
    found = np.zeros((len(closed) + 1, *closed.shape[1:]))
    for step in range(len(closed) - 1, -1, -1):
        after = found[step + 1]
        before = told[step] + backwards[step] @ after @ closed[step]
        found[step] = np.where(valid[step][:, None, None], before, after)
    return found


def _pulls(backwards: NDArray, told: NDArray, filtered: Filtered, valid: NDArray) -> NDArray:
    """The sums r before each step, `(num_steps, num_rows, size)`."""
    groups = filtered.groups
    found = np.zeros((len(backwards) + 1, *filtered.means.shape[1:]))
    for step in range(len(backwards) - 1, -1, -1):
        after = found[step + 1]
        before = apply(told[step], groups, filtered.errors[step])
        before = before + apply(backwards[step], groups, after)
        found[step] = np.where(valid[step][:, None], before, after)
    return found[:-1]
