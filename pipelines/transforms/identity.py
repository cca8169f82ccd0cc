"""The transform that changes nothing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from ..panel import Panel
from .base import Transform, View

__all__ = ["Identity"]


@dataclass(frozen=True, repr=False)
class Identity(Transform):
    """`z = y`: takes the place of a transform that is left out (`Pipeline.without`).

    Example:
        >>> import forecast as fc
        >>> fc.Pipeline([fc.Log1p(), fc.AR()]).without("Log1p")
        Pipeline(steps=[Identity(), AR()])
    """

    linear: ClassVar[bool] = True

    @property
    def per_series(self) -> bool:
        """Nothing is learned."""
        return False

    def fit(self, panel: Panel, season_length: int) -> dict[str, np.ndarray]:  # noqa: ARG002
        """See `Transform`."""
        return {}

    def forward(self, values: np.ndarray, view: View) -> np.ndarray:  # noqa: ARG002
        """See `Transform`."""
        return values

    def inverse(self, values: np.ndarray, view: View) -> np.ndarray:  # noqa: ARG002
        """See `Transform`."""
        return values
