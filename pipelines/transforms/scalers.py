"""Scalers: each series less a centre, divided by a scale."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from ..panel import Panel
from .base import Transform, View, statistics_by_series

__all__ = ["MeanAbsoluteScaler", "MinMaxScaler", "RobustScaler", "StandardScaler"]

# A spread below this share of the largest value is rounding: the series counts as constant.
_SMALLEST_SHARE = 1e-12


class _Scaler(Transform):
    """`z = (y - centre) / scale`, both of each series' training part."""

    linear: ClassVar[bool] = True

    def fit(self, panel: Panel, season_length: int) -> dict[str, np.ndarray]:  # noqa: ARG002
        """See `Transform`."""
        centre, scale = statistics_by_series(panel, self._of_known)
        return {"centre": centre, "scale": scale}

    def forward(self, values: np.ndarray, view: View) -> np.ndarray:
        """See `Transform`."""
        return (values - view.column("centre")) / view.column("scale")

    def inverse(self, values: np.ndarray, view: View) -> np.ndarray:
        """See `Transform`."""
        return values * view.column("scale") + view.column("centre")

    def _of_known(self, known: np.ndarray) -> tuple[float, float]:
        """Centre and scale; a series without spread is divided by its size, zeros by 1."""
        size = float(np.abs(known).max()) or 1.0
        centre, *spreads = self._of_unit(known / size)  # squares of huge values would overflow
        scale = next((spread for spread in spreads if spread > _SMALLEST_SHARE), 1.0)
        return centre * size, scale * size

    @abstractmethod
    def _of_unit(self, known: np.ndarray) -> tuple[float, ...]:
        """Centre and spread (the next where one is 0) of values between -1 and 1."""


@dataclass(frozen=True, repr=False)
class StandardScaler(_Scaler):
    """Each series less its mean, in standard deviations: `z = (y - mean) / deviation`.

    Example:
        >>> import forecast as fc
        >>> fc.Pipeline([fc.StandardScaler(), fc.AR()]).name
        'StandardScaler+AR'
    """

    def _of_unit(self, known: np.ndarray) -> tuple[float, ...]:
        if known.min() == known.max():
            return float(known[0]), 0.0  # the mean of equal numbers may be off by a rounding
        return float(known.mean()), float(known.std())


@dataclass(frozen=True, repr=False)
class RobustScaler(_Scaler):
    """Each series less its median, in interquartile ranges: `z = (y - median) / IQR`.

    Where half of the values are equal, the standard deviation stands in for the range.

    Example:
        >>> import forecast as fc
        >>> fc.Pipeline([fc.RobustScaler(), fc.AR()]).name
        'RobustScaler+AR'
    """

    def _of_unit(self, known: np.ndarray) -> tuple[float, ...]:
        low, middle, high = np.percentile(known, [25.0, 50.0, 75.0])
        return float(middle), float(high - low), float(known.std())


@dataclass(frozen=True, repr=False)
class MeanAbsoluteScaler(_Scaler):
    """Each series in units of its mean size: `z = y / mean|y|`; zero stays zero.

    Example:
        >>> import forecast as fc
        >>> fc.Pipeline([fc.MeanAbsoluteScaler(), fc.AR()]).name
        'MeanAbsoluteScaler+AR'
    """

    def _of_unit(self, known: np.ndarray) -> tuple[float, ...]:
        return 0.0, float(np.abs(known).mean())


@dataclass(frozen=True, repr=False)
class MinMaxScaler(_Scaler):
    """Each series from 0 to 1 over its training part: `z = (y - min) / (max - min)`.

    Later values may lie outside.

    Example:
        >>> import forecast as fc
        >>> fc.Pipeline([fc.MinMaxScaler(), fc.AR()]).name
        'MinMaxScaler+AR'
    """

    def _of_unit(self, known: np.ndarray) -> tuple[float, ...]:
        return float(known.min()), float(known.max() - known.min())
