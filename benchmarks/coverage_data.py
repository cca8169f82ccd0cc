"""Series of known laws for the benchmark of coverage."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["PROCESSES", "SHIFTS", "scores_of"]

_WARM_UP = 60
_STEPS, _CHANGE = 500, 250


def autoregressions(rng: np.random.Generator, num_series: int, steps: int) -> NDArray:
    """AR(2) series `y_t = 0.5 y_(t-1) + 0.3 y_(t-2) + e_t`, each of a size and level of its own."""
    noise = rng.normal(size=(num_series, steps + _WARM_UP))
    values = np.zeros_like(noise)
    for step in range(2, noise.shape[1]):
        values[:, step] = 0.5 * values[:, step - 1] + 0.3 * values[:, step - 2] + noise[:, step]
    return _sizes(rng, num_series) * (50.0 + values[:, _WARM_UP:])


def random_walks(rng: np.random.Generator, num_series: int, steps: int) -> NDArray:
    """Random walks, each of a size of its own, some of which cross zero."""
    walks = 20.0 + rng.normal(size=(num_series, steps)).cumsum(axis=1)
    return _sizes(rng, num_series) * walks


def counts(rng: np.random.Generator, num_series: int, steps: int) -> NDArray:
    """Negative binomial counts of 2 successes, each series with a mean of its own, 4 on average."""
    means = rng.gamma(2.0, 2.0, size=(num_series, 1))
    return rng.negative_binomial(2.0, 2.0 / (2.0 + means), size=(num_series, steps)).astype(float)


PROCESSES = {
    "AR(2)": autoregressions,
    "random walk": random_walks,
    "negative binomial": counts,
}

_TIMES = np.arange(_STEPS)
# Standard deviation of the noise at each step.
SHIFTS = {
    "steady": np.ones(_STEPS),
    "variance doubles": np.where(_TIMES < _CHANGE, 1.0, np.sqrt(2.0)),
    "deviation doubles": np.where(_TIMES < _CHANGE, 1.0, 2.0),
    "deviation halves": np.where(_TIMES < _CHANGE, 1.0, 0.5),
    "drifts to three times": 1.0 + 2.0 * np.clip((_TIMES - _CHANGE) / _CHANGE, 0.0, 1.0),
}


def scores_of(rng: np.random.Generator, deviations: NDArray, num_series: int) -> NDArray:
    """Absolute errors over their mean so far, `(num_series, num_steps)`; NaN at the first."""
    errors = np.abs(rng.normal(size=(num_series, len(deviations))) * deviations)
    means = errors.cumsum(axis=1) / np.arange(1, len(deviations) + 1)
    scores = errors / np.roll(means, 1, axis=1)
    scores[:, 0] = np.nan
    return scores


def _sizes(rng: np.random.Generator, num_series: int) -> NDArray:
    return np.exp(rng.normal(size=(num_series, 1)))
