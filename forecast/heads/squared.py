"""Squared errors: the forecast is the mean."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from keras import ops

from forecast.heads.head import PointHead

__all__ = ["Squared"]


@dataclass(frozen=True)
class Squared(PointHead):
    """A point that minimises `(y - f)^2`: the mean, in the unit in which the network works.

    Of a panel without negative values that unit is the logarithm; decoded, the mean of logarithms
    lies below the mean.

    Example:
        >>> Squared().num_outputs
        1
    """

    def losses(self, raw: Any, target: Any) -> Any:
        """`(y - f)^2`."""
        return ops.square(target - raw)
