"""The Poisson distribution of counts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from keras import ops
from numpy.typing import NDArray

from forecast.heads.arithmetic import softplus
from forecast.heads.gamma_function import stirling_error
from forecast.heads.head import Distribution

__all__ = ["Poisson", "expected_count", "log_factorial_rest"]

# Below some tenths a mean is made positive smoothly; above it is the output itself.
_SHARPNESS = 10.0
_SMALLEST_MEAN = 1e-6


@dataclass(frozen=True)
class Poisson(Distribution):
    """`P(y) = m^y exp(-m) / y!`, `m = 1e-6 + softplus(10 raw) / 10`.

    Example:
        >>> Poisson().quantile(np.array([[4.0]]), np.array([0.5])).tolist()
        [4.0]
    """

    of_counts = True

    @property
    def num_outputs(self) -> int:
        """The mean."""
        return 1

    def log_likelihood(self, raw: Any, target: Any) -> Any:
        """`y log m - m - log y!`, as `-(y log(y / m) + m - y)` and what Stirling's formula adds."""
        mean = expected_count(raw)
        ratio = ops.log(ops.maximum(target, 1.0) / mean)
        return -(target * ratio + mean - target) - log_factorial_rest(target)

    def quantile(self, raw: NDArray, uniform: NDArray | float) -> NDArray:
        """See `Distribution`; whole numbers."""
        from scipy import stats  # a second to import

        return stats.poisson.ppf(uniform, expected_count(raw))

    def mean(self, raw: NDArray) -> NDArray:
        """The mean, m."""
        return expected_count(raw)

    def start(self, raw: NDArray, target: NDArray, weight: NDArray) -> NDArray:  # noqa: ARG002
        """Nothing: the mean is all there is."""
        return np.zeros(1)


def expected_count(raw: Any) -> Any:
    """The mean of a count, above 0: `raw_0` itself, smoothly bent where it comes near 0."""
    return _SMALLEST_MEAN + softplus(_SHARPNESS * raw[..., 0]) / _SHARPNESS


def log_factorial_rest(count: Any) -> Any:
    """`log y! - (y log y - y)`, a tensor; 0 for y = 0."""
    positive = ops.maximum(count, 1.0)
    rest = 0.5 * ops.log(2.0 * np.pi * positive) + stirling_error(positive)
    return ops.where(count > 0.5, rest, ops.zeros_like(rest))
