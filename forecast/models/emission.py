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
            raw: outputs, `(...)` where there is one, else `(..., num_outputs)`, those of each step
                of a block together.
        """

    @abstractmethod
    def inner(self, outlook: NDArray) -> NDArray:
        """Point forecasts in the highway's terms, `(..., block_length)`."""

    def first(self, outlook: NDArray) -> NDArray:
        """The point forecast of the next step in the highway's terms, `(...)`."""
        return self.inner(outlook)[..., 0]

    def points(self, outlook: NDArray) -> NDArray:
        """Point forecasts in the unit of the series, `(..., block_length)`."""
        return self.power.decode(self.inner(outlook))

    def _of_block(self, unit: NDArray) -> NDArray:
        """The unit beside the forecasts of each step."""
        return unit if self.block_length == 1 else unit[..., None]


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
        return base + self._of_block(unit) * raw.reshape(base.shape)

    def inner(self, outlook: NDArray) -> NDArray:
        """See `Emission`."""
        return outlook[..., None] if self.block_length == 1 else outlook


@dataclass(frozen=True)
class RealEmission(Emission):
    """`base + unit * x`, x distributed as the head says.

    The outlook is base, unit and outputs, of each step of a block.
    """

    head: Distribution

    @property
    def shape(self) -> tuple[int, ...]:
        """See `Emission`."""
        width = 2 + self.head.num_outputs
        return (width,) if self.block_length == 1 else (self.block_length, width)

    def outlook(self, base: NDArray, unit: NDArray, raw: NDArray) -> NDArray:
        """See `Emission`."""
        raw = raw.reshape(*base.shape, self.head.num_outputs)
        unit = np.broadcast_to(self._of_block(unit), base.shape)
        return np.concatenate([base[..., None], unit[..., None], raw], axis=-1)

    def inner(self, outlook: NDArray) -> NDArray:
        """See `Emission`; the medians."""
        laws = self._laws(outlook)
        return laws[..., 0] + laws[..., 1] * self.head.median(laws[..., 2:])

    def drawn(self, outlook: NDArray, uniform: NDArray) -> NDArray:
        """Draws in the unit of the series, of uniform numbers `(..., block_length)` as they are."""
        laws = self._laws(outlook)
        standard = self.head.quantile(laws[..., 2:], np.clip(uniform, _SMALLEST, _LARGEST))
        return self.power.decode(laws[..., 0] + laws[..., 1] * standard)

    def _laws(self, outlook: NDArray) -> NDArray:
        """Base, unit and outputs of each step, `(..., block_length, width)`."""
        return outlook[..., None, :] if self.block_length == 1 else outlook


@dataclass(frozen=True)
class CountEmission(RealEmission):
    """Counts as the head says, the mean a corrected linear forecast: `decode(base + unit * x)`."""

    def inner(self, outlook: NDArray) -> NDArray:
        """See `Emission`; the medians."""
        return self.power.encode(self.head.median(self._located(outlook)))

    def drawn(self, outlook: NDArray, uniform: NDArray) -> NDArray:
        """See `RealEmission`."""
        return self.head.quantile(self._located(outlook), np.clip(uniform, _SMALLEST, _LARGEST))

    def _located(self, outlook: NDArray) -> NDArray:
        """The outputs with the corrected forecast in the place of its correction."""
        laws = self._laws(outlook)
        corrected = laws[..., 0] + laws[..., 1] * laws[..., 2]
        values = self.power.decode(np.minimum(corrected, largest_mean(self.power)))
        return np.concatenate([values[..., None], laws[..., 3:]], axis=-1)


def largest_mean(power: Power) -> float:
    """The largest mean of a count, in the highway's terms.

    Beyond, squares of gradients are no float32 any more.
    """
    return float(power.encode(np.array(_LARGEST_COUNT)))


def emission_of(head: Head, power: Power, block_length: int = 1) -> Emission:
    """The emission of a head.

    Raises:
        TypeError: for what is no head.

    Example:
        >>> from forecast.heads import Normal
        >>> emission_of(Normal(), Power(1.0)).shape
        (4,)
    """
    if isinstance(head, PointHead):
        return PointEmission(head, power, block_length)
    if not isinstance(head, Distribution):
        raise TypeError(f"a head is expected; got {head!r}.")
    return (CountEmission if head.of_counts else RealEmission)(head, power, block_length)
