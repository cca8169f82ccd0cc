"""Huber's loss: squared errors, of large ones the absolute value."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from keras import ops

from forecast.checks import check_share
from forecast.heads.head import PointHead

__all__ = ["Huber"]


@dataclass(frozen=True)
class Huber(PointHead):
    """A point between median and mean.

    With `e = y - f`: `e^2 / 2` where `|e| <= d`, else `d (|e| - d / 2)`.

    Args:
        delta: d, above 0, in units of the mean absolute error of the linear forecast.

    Raises:
        ValueError: for a `delta` that is not above 0.

    Example:
        >>> Huber(delta=0.5).delta
        0.5

    Source:
        Huber (1964), "Robust estimation of a location parameter".
    """

    delta: float = 1.0

    def __post_init__(self) -> None:
        """Refuse what is not above 0."""
        check_share("delta", self.delta, low=1e-9)

    def losses(self, raw: Any, target: Any) -> Any:
        """See the class."""
        error = ops.abs(target - raw)
        near = ops.minimum(error, self.delta)
        return near * (error - 0.5 * near)
