"""A fitted transform: its parameters, its memory, and the series that it is used on."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from .base import Transform, View

__all__ = ["Link"]

_LARGEST = np.finfo(np.float64).max


@dataclass(frozen=True, eq=False)
class Link:
    """One transform of a fitted chain.

    Args:
        transform: its settings.
        parameters: what it learned, a row a series.
        memory: steps of the past that it needs.
        active: False for a series that is left as it is, (num_series,).
    """

    transform: Transform
    parameters: dict[str, np.ndarray]
    memory: int
    active: np.ndarray

    @property
    def lead(self) -> np.ndarray:
        """Steps of each series before the first transformed one, int64 of shape (num_series,)."""
        return self.memory * self.active * (not self.transform.bridges)

    def take(self, series: np.ndarray) -> Link:
        """The link of some series, -1 for one that it was not fitted on."""
        new, at = series < 0, np.maximum(series, 0)
        parameters = {name: array[at] for name, array in self.parameters.items()}
        active = self.active[at] | new if len(self.active) else new
        return replace(self, parameters=parameters, active=active)

    def forward(self, values: np.ndarray, past: np.ndarray, clock: np.ndarray) -> np.ndarray:
        """See `Transform.forward`; NaN for what has no finite transform."""
        found = self._changed("forward", values, past, clock)
        return self._where_active(np.where(np.isfinite(found), found, np.nan), values)

    def inverse(self, values: np.ndarray, past: np.ndarray, clock: np.ndarray) -> np.ndarray:
        """See `Transform.inverse`; cut at the largest float."""
        found = self._changed("inverse", values, past, clock)
        return self._where_active(np.clip(found, -_LARGEST, _LARGEST), values)

    def _changed(
        self, way: str, values: np.ndarray, past: np.ndarray, clock: np.ndarray
    ) -> np.ndarray:
        """What the transform makes of values that it cannot overwrite."""
        given, view = values.view(), View(self.parameters, past, clock)
        given.flags.writeable = False
        with np.errstate(all="ignore"):
            found = np.asarray(getattr(self.transform, way)(given, view))
        if found.shape != values.shape:
            raise ValueError(
                f"{type(self.transform).__name__}.{way} must return the shape that it was given, "
                f"{values.shape}; got {found.shape}."
            )
        return found

    def _where_active(self, changed: np.ndarray, values: np.ndarray) -> np.ndarray:
        if self.active.all():
            return changed
        return np.where(self.active.reshape((-1,) + (1,) * (values.ndim - 1)), changed, values)
