"""Gaps filled from the past, as they come."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from ..panel import Panel
from .base import Transform, View

__all__ = ["FillGaps"]

_POLICIES = ("forward", "seasonal")
_LOOKING_AHEAD = ("backward", "bfill", "interpolate", "linear", "nearest", "spline")


@dataclass(frozen=True, repr=False)
class FillGaps(Transform):
    """A missing value is the last one, or that of a season ago; what follows takes it for real.

    Forecasters of this library need no such step: at a gap they go on with their own forecast, or
    filter exactly. It says what a gap means where you know it, such as a price that has not moved.
    What is kept in the state is the last value or season; nothing later is looked at.

    Args:
        policy: "forward" (the last value) or "seasonal" (that of a season ago).

    Raises:
        ValueError: for another policy; one that looks ahead cannot be a step of a pipeline.

    Example:
        >>> import forecast as fc
        >>> fc.Pipeline([fc.FillGaps("forward"), fc.AR()]).name
        'FillGaps+AR'
    """

    policy: str = "forward"
    bridges: ClassVar[bool] = True
    linear: ClassVar[bool] = True

    def __post_init__(self) -> None:
        """Refuse what is no policy, or looks ahead."""
        if self.policy in _LOOKING_AHEAD:
            raise ValueError(
                f"policy={self.policy!r} looks at values after the gap, which a forecast must not. "
                "Take 'forward' or 'seasonal', or fill the frame before, with fc.fill_gaps(df)."
            )
        if self.policy not in _POLICIES:
            raise ValueError(f"`policy` must be 'forward' or 'seasonal'; got {self.policy!r}.")

    @property
    def per_series(self) -> bool:
        """Nothing is learned."""
        return False

    def memory(self, season_length: int) -> int:
        """See `Transform`."""
        return season_length if self.policy == "seasonal" else 1

    def suits(self, panel: Panel, season_length: int) -> np.ndarray:  # noqa: ARG002
        """See `Transform`; any length does."""
        return np.ones(panel.num_series, dtype=bool)

    def fit(self, panel: Panel, season_length: int) -> dict[str, np.ndarray]:  # noqa: ARG002
        """See `Transform`."""
        return {}

    def forward(self, values: np.ndarray, view: View) -> np.ndarray:
        """See `Transform`; a season that has not passed yet gives way to the last value."""
        memory = view.past.shape[-1]
        joined = np.concatenate([view.past, values], axis=-1)
        missing = np.isnan(values)
        for step in np.flatnonzero(missing.any(axis=tuple(range(values.ndim - 1)))):
            before, last = joined[..., step], joined[..., memory + step - 1]
            filled = np.where(np.isnan(before), last, before)
            known = joined[..., memory + step]
            joined[..., memory + step] = np.where(np.isnan(known), filled, known)
        return joined[..., memory:]

    def inverse(self, values: np.ndarray, view: View) -> np.ndarray:  # noqa: ARG002
        """See `Transform`."""
        return values
