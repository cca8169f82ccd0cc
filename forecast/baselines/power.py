"""The power transform: logarithm, Box-Cox, or none."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["LARGEST_LOGARITHM", "Power"]

LARGEST_LOGARITHM = 600.0
"""Far beyond any history the exponential is cut, not infinite."""


@dataclass(frozen=True)
class Power:
    """`z = ((1 + y)^p - 1) / p`; `log(1 + y)` for p = 0, y itself for p = 1.

    Args:
        exponent: p, from 0 to 1. Below 1 values must not be negative: one that is counts as 0.

    Example:
        >>> import numpy as np
        >>> Power(0.5).decode(Power(0.5).encode(np.array([0.0, 3.0])))
        array([0., 3.])

    Source: Box and Cox (1964), "An analysis of transformations", with their shift of 1.
    """

    exponent: float

    @property
    def is_logarithm(self) -> bool:
        """Whether differences of z are relative changes of y."""
        return self.exponent == 0.0

    @property
    def words(self) -> str:
        """The transform in words."""
        if self.exponent == 1.0:
            return "untransformed"
        return "logarithm" if self.is_logarithm else f"Box-Cox {self.exponent:g}"

    def encode(self, values: NDArray) -> NDArray:
        """The transform of values."""
        if self.exponent == 1.0:
            return values
        logarithm = np.log1p(np.maximum(values, 0.0))
        return logarithm if self.is_logarithm else self._of_logarithm(logarithm)

    def decode(self, values: NDArray) -> NDArray:
        """The values of a transform."""
        if self.exponent == 1.0:
            return values
        return np.expm1(np.minimum(self._logarithm(values), LARGEST_LOGARITHM))

    def slope(self, values: NDArray) -> NDArray:
        """`dy/dz = (1 + y)^(1 - p)` at z: what an error in z costs in y."""
        if self.exponent == 1.0:
            return np.ones_like(values)
        logarithm = np.minimum(self._logarithm(values), LARGEST_LOGARITHM)
        return np.exp((1.0 - self.exponent) * logarithm)

    def _of_logarithm(self, logarithm: NDArray) -> NDArray:
        return np.expm1(self.exponent * logarithm) / self.exponent

    def _logarithm(self, values: NDArray) -> NDArray:
        """`log(1 + y)` of z; z below the smallest possible one counts as it."""
        if self.is_logarithm:
            return values
        return np.log1p(np.maximum(self.exponent * values, -1.0 + 1e-12)) / self.exponent
