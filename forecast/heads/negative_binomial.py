"""The negative binomial distribution: counts that vary more than Poisson's."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from keras import ops
from numpy.typing import NDArray
from scipy import special

from forecast.heads.arithmetic import inverse_softplus, softplus
from forecast.heads.gamma_function import stirling_error
from forecast.heads.head import Distribution
from forecast.heads.poisson import expected_count, log_factorial_rest

__all__ = ["NegativeBinomial"]

_SMALLEST_DISPERSION = 1e-6
_LARGEST_START = 10.0
# Doublings of a count: beyond, the incomplete beta function is 1 up to rounding.
_MOST_STEPS = 40


@dataclass(frozen=True)
class NegativeBinomial(Distribution):
    """Counts of mean m and variance `m + a m^2`.

    `P(y) = G(y + r) / (G(r) y!) (r / (r + m))^r (m / (r + m))^y` with `r = 1 / a`,
    `m = 1e-6 + softplus(10 raw_0) / 10` and the dispersion `a = 1e-6 + softplus(raw_1)`.

    Example:
        >>> NegativeBinomial().mean(np.array([[4.0, -3.0]])).round(3).tolist()
        [4.0]

    Source:
        Salinas et al. (2020), "DeepAR", equation 4.
    """

    of_counts = True

    @property
    def num_outputs(self) -> int:
        """Mean and dispersion."""
        return 2

    def log_likelihood(self, raw: Any, target: Any) -> Any:
        """`log P(y)`, its gamma functions by Stirling's formula, which leaves small differences."""
        mean, size = expected_count(raw), 1.0 / _dispersion(raw)
        total = target + size
        powers = total * _log_ratio(total, size + mean)
        powers = powers - target * ops.log(ops.maximum(target, 1.0) / mean)
        rest = stirling_error(total) - stirling_error(size) - 0.5 * ops.log1p(target / size)
        return powers + rest - log_factorial_rest(target)

    def quantile(self, raw: NDArray, uniform: NDArray | float) -> NDArray:
        """See `Distribution`; whole numbers."""
        mean, size = expected_count(raw), 1.0 / _dispersion(raw)
        return _smallest_count(np.asarray(uniform), mean, size)

    def mean(self, raw: NDArray) -> NDArray:
        """The mean, m."""
        return expected_count(raw)

    def start(self, raw: NDArray, target: NDArray, weight: NDArray) -> NDArray:
        """The dispersion from squares: `sum w ((y - m)^2 - m) / sum w m^2`."""
        mean = expected_count(raw)
        excess = np.average(np.square(target - mean) - mean, weights=weight)
        found = excess / max(np.average(np.square(mean), weights=weight), _SMALLEST_DISPERSION)
        return np.array([0.0, inverse_softplus(np.clip(found, 1e-3, _LARGEST_START))])


def _dispersion(raw: Any) -> Any:
    """a, above 0."""
    return _SMALLEST_DISPERSION + softplus(raw[..., 1])


def _log_ratio(above: Any, below: Any) -> Any:
    """`log(a / b)` of positive tensors, exact where both are nearly the same."""
    change = (above - below) / below
    near = ops.log1p(ops.maximum(change, -0.5))
    return ops.where(change > -0.5, near, ops.log(above) - ops.log(below))


def _smallest_count(uniform: NDArray, mean: NDArray, size: NDArray) -> NDArray:
    """The smallest y with `P(count <= y) >= u`, by bisection: a few dozen steps in any tail.

    `P(count <= y)` is the incomplete beta function `I(r, y + 1)` at `r / (r + m)`.
    """
    uniform, mean, size = np.broadcast_arrays(uniform, mean, size)
    share = size / (size + mean)
    low, high = np.full(uniform.shape, -1.0), np.maximum(np.ceil(mean), 1.0)
    for _ in range(_MOST_STEPS):
        short = special.betainc(size, high + 1.0, share) < uniform
        if not short.any():
            break
        low, high = np.where(short, high, low), np.where(short, 2.0 * high, high)
    for _ in range(2 * _MOST_STEPS):
        apart = high - low > 1.0
        if not apart.any():
            break
        middle = np.floor(0.5 * (low + high))
        short = apart & (special.betainc(size, middle + 1.0, share) < uniform)
        low, high = np.where(short, middle, low), np.where(apart & ~short, middle, high)
    return high
