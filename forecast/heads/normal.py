"""The normal distribution."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from keras import ops
from numpy.typing import NDArray
from scipy import special

from forecast.heads.arithmetic import inverse_softplus, softplus
from forecast.heads.head import Distribution

__all__ = ["SMALLEST_SCALE", "Normal", "scale_of"]

SMALLEST_SCALE = 1e-3
"""In units of the window: no forecast is more certain than that."""


@dataclass(frozen=True)
class Normal(Distribution):
    """`y ~ N(m, s^2)` with `m = raw_0`, `s = 0.001 + softplus(raw_1)`.

    Example:
        >>> Normal().quantile(np.array([[2.0, 0.0]]), np.array([0.5])).tolist()
        [2.0]
    """

    @property
    def num_outputs(self) -> int:
        """Location and scale."""
        return 2

    def log_likelihood(self, raw: Any, target: Any) -> Any:
        """`-z^2 / 2 - log s - log(2 pi) / 2`, `z = (y - m) / s`."""
        scale = scale_of(raw[..., 1])
        deviation = (target - raw[..., 0]) / scale
        return -0.5 * ops.square(deviation) - ops.log(scale) - 0.5 * float(np.log(2.0 * np.pi))

    def quantile(self, raw: NDArray, uniform: NDArray | float) -> NDArray:
        """See `Distribution`."""
        return raw[..., 0] + scale_of(raw[..., 1]) * special.ndtri(uniform)

    def mean(self, raw: NDArray) -> NDArray:
        """The location, m."""
        return raw[..., 0]

    def start(self, raw: NDArray, target: NDArray, weight: NDArray) -> NDArray:  # noqa: ARG002
        """The root of the mean square as scale."""
        size = np.sqrt(np.average(np.square(target), weights=weight))
        return np.array([0.0, inverse_softplus(max(size - SMALLEST_SCALE, SMALLEST_SCALE))])


def scale_of(raw: Any) -> Any:
    """`0.001 + softplus(raw)`."""
    return SMALLEST_SCALE + softplus(raw)
