"""The Kalman filter over many systems at once; missing values are skipped, exactly."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from forecast.baselines.state_space.covariances import CovarianceWalk, walk_covariances
from forecast.baselines.state_space.system import LinearSystem

__all__ = ["Belief", "Filtered", "Observations", "apply", "kalman_filter"]


@dataclass(frozen=True, eq=False)
class Observations:
    """What was seen of several systems.

    Args:
        values: `(num_rows, num_steps, num_channels)`; anything where not observed.
        observed: which of them are known, of the same shape.
        valid: which steps exist, the others at the end of a row, `(num_rows, num_steps)`.
    """

    values: NDArray
    observed: NDArray
    valid: NDArray

    @staticmethod
    def of(values: NDArray) -> Observations:
        """Values with NaN where missing, all steps of which exist."""
        return Observations(values, ~np.isnan(values), np.ones(values.shape[:2], dtype=bool))

    def rows(self, rows: slice) -> Observations:
        """Some of the rows."""
        return Observations(self.values[rows], self.observed[rows], self.valid[rows])

    def steps(self, begin: int, end: int) -> Observations:
        """Some of the steps."""
        part = slice(begin, end)
        return Observations(self.values[:, part], self.observed[:, part], self.valid[:, part])


@dataclass(frozen=True, eq=False)
class Belief:
    """What is believed of the hidden state before a step.

    Args:
        mean: `(num_rows, state_size)`.
        covariance: `(num_rows, state_size, state_size)`.
    """

    mean: NDArray
    covariance: NDArray

    @staticmethod
    def before(system: LinearSystem, of_row: NDArray) -> Belief:
        """Before the first step of rows, `of_row` being the system of each."""
        return Belief(system.start_mean[of_row], system.start_covariance[of_row])


@dataclass(frozen=True, eq=False)
class Filtered:
    """The walk of the filter. Time comes first: step t of `num_steps`.

    Args:
        groups: the group of each row in the walk of the covariances, `(num_rows,)`.
        walk: covariances and gains.
        means: of the state before each step and after the last,
            `(num_steps + 1, num_rows, state_size)`.
        errors: of the one-step forecasts, 0 where not observed,
            `(num_steps, num_rows, num_channels)`.
        forecasts: one step ahead, of the same shape.
        observed: what was seen, `(num_rows, num_steps, num_channels)`.
    """

    groups: NDArray
    walk: CovarianceWalk
    means: NDArray
    errors: NDArray
    forecasts: NDArray
    observed: NDArray

    @property
    def after(self) -> Belief:
        """What is believed after the last step."""
        return Belief(self.means[-1], self.walk.covariances[-1][self.groups])

    @property
    def log_likelihood(self) -> NDArray:
        """`-1/2 sum_t (n log 2 pi + log |S| + e' S^-1 e)` over what was observed, `(num_rows,)`."""
        precisions = self.walk.precisions
        unknown = np.diagonal(precisions, axis1=2, axis2=3) == 0.0
        filled = precisions + np.eye(precisions.shape[2]) * unknown[:, :, :, None]
        logs = np.linalg.slogdet(filled)[1].sum(axis=0)[self.groups]
        squares = np.zeros(len(self.groups))
        for precision, error in zip(precisions, self.errors, strict=True):
            squares += (error * apply(precision, self.groups, error)).sum(axis=1)
        count = self.observed.sum(axis=(1, 2))
        return 0.5 * (logs - squares - count * np.log(2.0 * np.pi))


def kalman_filter(
    system: LinearSystem, of_row: NDArray, before: Belief, seen: Observations
) -> Filtered:
    """Filter many rows at once.

    With the belief (m, P) before a step, the forecast is `C m` with covariance
    `S = C P C' + R`. An observation y moves the belief by the gain `K = P C' S^-1`:

        m <- m + K (y - C m),   P <- (I - K C) P (I - K C)' + K R K'   (Joseph's form)

    and the next step's is `A m`, `A P A' + Q`. Channels that were not observed are left out of C.

    Args:
        system: the parameters.
        of_row: the system of each row, `(num_rows,)`.
        before: belief before the first step.
        seen: the observations.

    Returns:
        The walk.

    Source: Durbin, Koopman, "Time Series Analysis by State Space Methods", chapter 4.
    """
    walk, groups = walk_covariances(
        system, of_row, before.covariance, seen.observed, seen.valid
    )  # fmt: skip
    means, forecasts, errors = _means(system, of_row, before.mean, seen, walk.gains, groups)
    return Filtered(groups, walk, means, errors, forecasts, seen.observed)


def apply(matrices: NDArray, of_row: NDArray, vectors: NDArray) -> NDArray:
    """The matrix of each row times its vector, `(num_rows, size)`."""
    if len(matrices) == 1:
        return vectors @ matrices[0].T
    return (matrices[of_row] @ vectors[:, :, None])[:, :, 0]


def _means(
    system: LinearSystem,
    of_row: NDArray,
    start: NDArray,
    seen: Observations,
    gains: NDArray,
    groups: NDArray,
) -> tuple[NDArray, NDArray, NDArray]:
    """The walk of the means: those before each step, the one-step forecasts, and their errors."""
    num_rows, num_steps, num_channels = seen.values.shape
    means = np.empty((num_steps + 1, num_rows, system.state_size))
    forecasts = np.empty((num_steps, num_rows, num_channels))
    errors = np.empty_like(forecasts)
    means[0] = start
    values, known = seen.values.swapaxes(0, 1), seen.observed.swapaxes(0, 1)
    valid, always = seen.valid.T[:, :, None], np.asarray(seen.valid.all(axis=0))
    for step in range(num_steps):
        mean = means[step]
        forecasts[step] = apply(system.readout, of_row, mean)
        errors[step] = np.where(known[step], values[step] - forecasts[step], 0.0)
        after = apply(system.transition, of_row, mean) + apply(gains[step], groups, errors[step])
        means[step + 1] = after if always[step] else np.where(valid[step], after, mean)
    return means, forecasts, errors
