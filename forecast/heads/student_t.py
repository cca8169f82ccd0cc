"""Student's t distribution: like the normal one, with heavier tails."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from keras import ops
from numpy.typing import NDArray
from scipy import special

from forecast.checks import is_number
from forecast.heads.arithmetic import inverse_softplus, softplus
from forecast.heads.gamma_function import log_gamma_half
from forecast.heads.head import Distribution
from forecast.heads.normal import SMALLEST_SCALE, scale_of

__all__ = ["StudentT"]

# Degrees of freedom that an untrained network begins with, and those beyond which quantiles are
# those of the normal distribution (a part in a million).
_FIRST_DEGREES = 5.0
_NORMAL_DEGREES = 1e8


@dataclass(frozen=True)
class StudentT(Distribution):
    """`(y - m) / s ~ t_v`: `m = raw_0`, `s = 0.001 + softplus(raw_1)`, `v = 2 + softplus(raw_2)`.

    Args:
        degrees_of_freedom: v, above 2 (so that there is a variance); None learns it, step by step.

    Raises:
        ValueError: for a number that is not above 2.

    Example:
        >>> StudentT().num_outputs, StudentT(degrees_of_freedom=4).num_outputs
        (3, 2)
    """

    degrees_of_freedom: float | None = None

    def __post_init__(self) -> None:
        """Refuse degrees of freedom without a variance."""
        given = self.degrees_of_freedom
        if given is not None and not (is_number(given) and 2.0 < given < np.inf):
            raise ValueError(
                f"`degrees_of_freedom` must be a number above 2, or None to learn it; got "
                f"{given!r}."
            )

    @property
    def num_outputs(self) -> int:
        """Location, scale, and degrees of freedom where these are learned."""
        return 3 if self.degrees_of_freedom is None else 2

    def log_likelihood(self, raw: Any, target: Any) -> Any:
        """`log G((v+1)/2) - log G(v/2) - log(v pi) / 2 - log s - (v+1)/2 log(1 + z^2 / v)`."""
        scale, degrees = scale_of(raw[..., 1]), self._degrees(raw)
        deviation = (target - raw[..., 0]) / scale
        constant = log_gamma_half(0.5 * degrees) - 0.5 * ops.log(degrees * np.pi)
        spread = 0.5 * (degrees + 1.0) * ops.log1p(ops.square(deviation) / degrees)
        return constant - ops.log(scale) - spread

    def quantile(self, raw: NDArray, uniform: NDArray | float) -> NDArray:
        """See `Distribution`."""
        degrees = np.broadcast_to(self._degrees(raw), raw.shape[:-1])
        heavy = special.stdtrit(np.minimum(degrees, _NORMAL_DEGREES), uniform)
        standard = np.where(degrees < _NORMAL_DEGREES, heavy, special.ndtri(uniform))
        return raw[..., 0] + scale_of(raw[..., 1]) * standard

    def mean(self, raw: NDArray) -> NDArray:
        """The location, m."""
        return raw[..., 0]

    def start(self, raw: NDArray, target: NDArray, weight: NDArray) -> NDArray:  # noqa: ARG002
        """The scale from the mean absolute value, which few large values do not rule."""
        degrees = self.degrees_of_freedom or _FIRST_DEGREES
        ratio = special.gammaln(0.5 * (degrees + 1.0)) - special.gammaln(0.5 * degrees)
        unit_size = 2.0 * np.sqrt(degrees / np.pi) * np.exp(ratio) / (degrees - 1.0)
        size = np.average(np.abs(target), weights=weight) / unit_size
        found = [0.0, inverse_softplus(max(size - SMALLEST_SCALE, SMALLEST_SCALE))]
        found += [inverse_softplus(degrees - 2.0)] if self.degrees_of_freedom is None else []
        return np.array(found)

    def _degrees(self, raw: Any) -> Any:
        given = self.degrees_of_freedom
        if given is None:
            return 2.0 + softplus(raw[..., 2])
        return given + 0.0 * raw[..., 0]  # of the shape and kind of number of the outputs
