"""Absolute errors: the forecast is the median."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from keras import ops

from forecast.heads.head import PointHead

__all__ = ["Absolute"]


@dataclass(frozen=True)
class Absolute(PointHead):
    """A point that minimises `|y - f|`: the median.

    Example:
        >>> Absolute().num_outputs
        1
    """

    def losses(self, raw: Any, target: Any) -> Any:
        """`|y - f|`."""
        return ops.abs(target - raw)
