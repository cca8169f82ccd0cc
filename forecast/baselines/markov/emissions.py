"""What hidden states emit: normal values, or classes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol, Self

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr

__all__ = ["Categorical", "Emission", "Gaussian", "Seen", "added", "logarithm"]

# In standard deviations: beyond it a value is as unlikely as there.
_FURTHEST = 1e6
# Of the deviation of a series: a state around a value that is repeated does not shrink to it.
_LEAST_DEVIATION = 0.02
_LEAST_PROBABILITY = 1e-300
_BISECTIONS = 50
_LOG_ROOT = 0.5 * np.log(2.0 * np.pi)


@dataclass(frozen=True, eq=False)
class Seen:
    """Values of several series.

    Args:
        values: `(num_rows, num_steps)`; anything where not observed.
        observed: which of them are known.
        valid: which steps exist, the others at the end of a row.
    """

    values: NDArray
    observed: NDArray
    valid: NDArray

    @staticmethod
    def of(values: NDArray) -> Seen:
        """Values with NaN where missing, all steps of which exist."""
        known = ~np.isnan(values)
        return Seen(np.where(known, values, 0.0), known, np.ones(values.shape, dtype=bool))

    def take(self, rows: NDArray | slice) -> Seen:
        """Some of the rows."""
        return Seen(self.values[rows], self.observed[rows], self.valid[rows])

    def steps(self, begin: int, end: int) -> Seen:
        """Some of the steps."""
        part = slice(begin, end)
        return Seen(self.values[:, part], self.observed[:, part], self.valid[:, part])


class Emission(Protocol):
    """The distribution of a value in each hidden state of one or more chains."""

    @property
    def num_free(self) -> int:
        """Free parameters of one state."""
        ...

    def log_density(self, of_row: NDArray, seen: Seen) -> NDArray:
        """Of every value in every state, 0 where not observed, `(num_rows, num_steps, K)`."""
        ...

    def maximised(self, of_row: NDArray, seen: Seen, posterior: NDArray) -> Self:
        """The parameters of the largest expected log-likelihood, given `posterior` of its shape."""
        ...

    def point(self, of_row: NDArray, probabilities: NDArray) -> NDArray:
        """Point forecast of each row from the probabilities of its states, `(num_rows,)`."""
        ...

    def ordered(self) -> tuple[Self, NDArray]:
        """States in ascending order of their mean, and their old places, `(num_chains, K)`."""
        ...


@dataclass(frozen=True, eq=False)
class Gaussian:
    """Normal values; the point forecast is the median of the mixture.

    Args:
        means: of each state, `(num_chains, num_states)`.
        deviations: likewise, above 0.

    Example:
        >>> two = Gaussian(np.array([[0.0, 4.0]]), np.array([[1.0, 1.0]]))
        >>> two.point(np.array([0]), np.array([[0.5, 0.5]])).round(6).tolist()
        [2.0]
    """

    means: NDArray
    deviations: NDArray

    @property
    def num_free(self) -> int:
        """Mean and deviation."""
        return 2

    def log_density(self, of_row: NDArray, seen: Seen) -> NDArray:
        """See `Emission`."""
        means, sizes = (part[of_row][:, None] for part in (self.means, self.deviations))
        apart = np.clip((seen.values[:, :, None] - means) / sizes, -_FURTHEST, _FURTHEST)
        found = -0.5 * apart**2 - np.log(sizes) - _LOG_ROOT
        return np.where(seen.observed[:, :, None], found, 0.0)

    def maximised(self, of_row: NDArray, seen: Seen, posterior: NDArray) -> Gaussian:
        """See `Emission`; a deviation below 2 % of the series' own is not allowed."""
        weights = posterior * seen.observed[:, :, None]
        values = np.where(seen.observed, seen.values, 0.0)
        count = added(weights.sum(axis=1), of_row, len(self.means))
        some = count > 1e-12
        total = added(np.einsum("ntk,nt->nk", weights, values), of_row, len(self.means))
        means = np.where(some, total / np.where(some, count, 1.0), self.means)
        left = values[:, :, None] - means[of_row][:, None]
        squares = added(np.einsum("ntk,ntk->nk", weights, left**2), of_row, len(means))
        sizes = np.maximum(np.sqrt(squares / np.where(some, count, 1.0)), _LEAST_DEVIATION)
        return Gaussian(means, np.where(some, sizes, self.deviations))

    def point(self, of_row: NDArray, probabilities: NDArray) -> NDArray:
        """The median, between the smallest and the largest mean, by bisection."""
        means, sizes = self.means[of_row], self.deviations[of_row]
        low, high = means.min(axis=1), means.max(axis=1)
        for _ in range(_BISECTIONS if means.shape[1] > 1 else 0):
            middle = 0.5 * (low + high)
            below = (probabilities * ndtr((middle[:, None] - means) / sizes)).sum(axis=1) < 0.5
            low, high = np.where(below, middle, low), np.where(below, high, middle)
        return 0.5 * (low + high)

    def ordered(self) -> tuple[Gaussian, NDArray]:
        """See `Emission`."""
        places = np.argsort(self.means, axis=1, kind="stable")
        parts = (np.take_along_axis(part, places, axis=1) for part in (self.means, self.deviations))
        return Gaussian(*parts), places


@dataclass(frozen=True, eq=False)
class Categorical:
    """Classes 0 to C - 1; the point forecast is the most probable one.

    A value that is no such class (one that training never saw) tells nothing.

    Args:
        classes: probability of each class in each state, `(num_chains, num_states, num_classes)`.

    Example:
        >>> coins = Categorical(np.array([[[0.9, 0.1], [0.3, 0.7]]]))
        >>> coins.point(np.array([0]), np.array([[0.2, 0.8]])).tolist()
        [1.0]
    """

    classes: NDArray

    @property
    def num_free(self) -> int:
        """A probability for all but one class."""
        return self.classes.shape[2] - 1

    def log_density(self, of_row: NDArray, seen: Seen) -> NDArray:
        """See `Emission`."""
        at, known = self._places(seen)
        found = logarithm(self.classes)[of_row[:, None], :, at]
        return np.where(known[:, :, None], found, 0.0)

    def maximised(self, of_row: NDArray, seen: Seen, posterior: NDArray) -> Categorical:
        """See `Emission`."""
        at, known = self._places(seen)
        hits = (at[:, :, None] == np.arange(self.classes.shape[2])) & known[:, :, None]
        counts = np.einsum("ntk,ntc->nkc", posterior, hits.astype(float))
        counts = added(counts, of_row, len(self.classes))
        total = counts.sum(axis=2, keepdims=True)
        some = total > 1e-12
        return Categorical(np.where(some, counts / np.where(some, total, 1.0), self.classes))

    def point(self, of_row: NDArray, probabilities: NDArray) -> NDArray:
        """The most probable class."""
        return self.mixed(of_row, probabilities).argmax(axis=1).astype(float)

    def mixed(self, of_row: NDArray, probabilities: NDArray) -> NDArray:
        """Probability of each class, `(num_rows, num_classes)`."""
        return (probabilities[:, None] @ self.classes[of_row])[:, 0]

    def ordered(self) -> tuple[Categorical, NDArray]:
        """See `Emission`."""
        means = self.classes @ np.arange(self.classes.shape[2])
        places = np.argsort(means, axis=1, kind="stable")
        return Categorical(np.take_along_axis(self.classes, places[:, :, None], axis=1)), places

    def _places(self, seen: Seen) -> tuple[NDArray, NDArray]:
        """The class of each value, 0 where it is none, and where it is one."""
        whole = np.rint(np.where(seen.observed, seen.values, -1.0))
        fits = (whole >= 0) & (whole < self.classes.shape[2]) & (whole == seen.values)
        known = seen.observed & fits
        return np.where(known, whole, 0.0).astype(np.intp), known


def logarithm(probabilities: NDArray) -> NDArray:
    """Logarithm of probabilities; 0 counts as 1e-300."""
    return np.log(np.maximum(probabilities, _LEAST_PROBABILITY))


def added(values: NDArray, places: NDArray, count: int) -> NDArray:
    """Sums of the rows that belong to each place."""
    if count == 1:
        return values.sum(axis=0, keepdims=True)
    found = np.zeros((count, *values.shape[1:]))
    np.add.at(found, places, values)
    return found
