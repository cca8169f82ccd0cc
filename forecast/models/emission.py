"""From the outputs of the layers to forecasts and draws, in the unit of the series.

What a network says of the steps after a past is its outlook: the array that its state keeps. Of a
point head that is the corrected linear forecast itself, in the highway's terms; of a distribution
the linear forecast, the unit and the outputs, from which every quantile follows.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from forecast.baselines.power import Power
from forecast.heads import Distribution, Head, PointHead

__all__ = [
    "CountEmission",
    "Emission",
    "PointEmission",
    "RealEmission",
    "emission_of",
    "largest_mean",
]

# Uniform numbers come from [0, 1); the smallest that a quantile is asked for, and the largest.
_SMALLEST, _LARGEST = 2.0**-54, 1.0 - 2.0**-53
_LARGEST_COUNT = 1e11


@dataclass(frozen=True)
class Emission(ABC):
    """What follows from outputs `raw` beside a linear forecast and the unit of the window.

    Args:
        head: what the outputs mean.
        power: the highway's transform.
        block_length: steps that are emitted at once.
    """

    head: Head
    power: Power
    block_length: int = 1

    @property
    @abstractmethod
    def shape(self) -> tuple[int, ...]:
        """Shape of an outlook of one past."""

    @abstractmethod
    def outlook(self, base: NDArray, unit: NDArray, raw: NDArray) -> NDArray:
        """The outlook of pasts, `(..., *shape)`.

        Args:
            base: linear forecasts, `(...)`, of a block `(..., block_length)`.
            unit: size of a correction of 1, `(...)`.
            raw: outputs, `(...)` where there is one, else `(..., num_outputs)`.
        """

    @abstractmethod
    def first(self, outlook: NDArray) -> NDArray:
        """The point forecast of the next step in the highway's terms, `(...)`."""

    def points(self, outlook: NDArray) -> NDArray:
        """Point forecasts in the unit of the series, `(..., block_length)`."""
        return self.power.decode(self.first(outlook))[..., None]


@dataclass(frozen=True)
class PointEmission(Emission):
    """`base + unit * raw`."""

    head: PointHead

    @property
    def shape(self) -> tuple[int, ...]:
        """See `Emission`."""
        return () if self.block_length == 1 else (self.block_length,)

    def outlook(self, base: NDArray, unit: NDArray, raw: NDArray) -> NDArray:
        """See `Emission`."""
        return base + (unit if self.block_length == 1 else unit[..., None]) * raw

    def first(self, outlook: NDArray) -> NDArray:
        """See `Emission`."""
        return outlook if self.block_length == 1 else outlook[..., 0]

    def points(self, outlook: NDArray) -> NDArray:
        """See `Emission`."""
        values = self.power.decode(outlook)
        return values[..., None] if self.block_length == 1 else values


@dataclass(frozen=True)
class RealEmission(Emission):
    """`base + unit * x`, x distributed as the head says; the outlook is base, unit, outputs."""

    head: Distribution

    @property
    def shape(self) -> tuple[int, ...]:
        """See `Emission`."""
        return (2 + self.head.num_outputs,)

    def outlook(self, base: NDArray, unit: NDArray, raw: NDArray) -> NDArray:
        """See `Emission`."""
        raw = raw[..., None] if self.head.num_outputs == 1 else raw
        return np.concatenate([base[..., None], unit[..., None], raw], axis=-1)

    def first(self, outlook: NDArray) -> NDArray:
        """See `Emission`; the median."""
        return outlook[..., 0] + outlook[..., 1] * self.head.median(outlook[..., 2:])

    def drawn(self, outlook: NDArray, uniform: NDArray) -> NDArray:
        """Draws of the next step in the unit of the series, `(...)`, of uniform numbers."""
        standard = self.head.quantile(outlook[..., 2:], np.clip(uniform, _SMALLEST, _LARGEST))
        return self.power.decode(outlook[..., 0] + outlook[..., 1] * standard)


@dataclass(frozen=True)
class CountEmission(RealEmission):
    """Counts as the head says, the mean a corrected linear forecast: `decode(base + unit * x)`."""

    def first(self, outlook: NDArray) -> NDArray:
        """See `Emission`; the median."""
        return self.power.encode(self.head.median(self._located(outlook)))

    def drawn(self, outlook: NDArray, uniform: NDArray) -> NDArray:
        """See `RealEmission`."""
        return self.head.quantile(self._located(outlook), np.clip(uniform, _SMALLEST, _LARGEST))

    def _located(self, outlook: NDArray) -> NDArray:
        """The outputs with the corrected forecast in the place of its correction."""
        corrected = outlook[..., 0] + outlook[..., 1] * outlook[..., 2]
        values = self.power.decode(np.minimum(corrected, largest_mean(self.power)))
        return np.concatenate([values[..., None], outlook[..., 3:]], axis=-1)


def largest_mean(power: Power) -> float:
    """The largest mean of a count, in the highway's terms.

    Beyond, squares of gradients are no float32 any more.
    """
    return float(power.encode(np.array(_LARGEST_COUNT)))


def emission_of(head: Head, power: Power, block_length: int = 1) -> Emission:
    """The emission of a head.

    Raises:
        ValueError: for a distribution of several steps at once.

    Example:
        >>> from forecast.heads import Normal
        >>> emission_of(Normal(), Power(1.0)).shape
        (4,)
    """
    if isinstance(head, PointHead):
        return PointEmission(head, power, block_length)
    if not isinstance(head, Distribution):
        raise TypeError(f"a head is expected; got {head!r}.")
    if block_length > 1:
        raise ValueError(
            f"{head!r} says how one step is distributed, and a path needs the steps of a block "
            f"together: take block_length=1 with it, or a point head; got {block_length}."
        )
    return (CountEmission if head.of_counts else RealEmission)(head, power)
