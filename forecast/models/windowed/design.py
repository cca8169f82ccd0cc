"""What a window network sees, how much it emits, and what stands beside it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from forecast.checks import check_positive_integer
from forecast.pipelines import Season

__all__ = ["WindowDesign"]

_LINEAR = ("combined", "highway")
# Steps of a window by default: two seasons, within these.
_SHORTEST, _LONGEST = 16, 96


@dataclass(frozen=True)
class WindowDesign:
    """The window of a network that reads the newest steps anew before each forecast.

    Args:
        context_length: newest steps that are read, at least 1; by default two seasons, 16 to 96
            steps, and at most half of the longest series.
        block_length: steps emitted at once, at least 1; None takes the horizon of the fit. A longer
            horizon feeds blocks back, a shorter one cuts.
        linear: "combined" forecasts a weighted sum of the network and of the linear forecasters
            `AR` and `PooledAR`, with weights from origins inside the training part; "highway" is
            the network alone, which corrects the linear forecast that it carries inside.

    Raises:
        ValueError: for a length below 1 or an unknown word.

    Example:
        >>> WindowDesign(context_length=24).steps_at_once(horizon=6)
        6
    """

    context_length: int | None = None
    block_length: int | None = None
    linear: Literal["combined", "highway"] = "combined"

    def __post_init__(self) -> None:
        """Refuse what has no meaning."""
        check_positive_integer("context_length", self.context_length, optional=True)
        check_positive_integer("block_length", self.block_length, optional=True)
        if self.linear not in _LINEAR:
            raise ValueError(f"`linear` must be one of {', '.join(_LINEAR)}; got {self.linear!r}.")

    def steps_at_once(self, horizon: int) -> int:
        """The block length of a fit for this horizon."""
        return self.block_length or horizon

    def steps_read(self, season: Season, longest: int) -> int:
        """The context length of a fit on series of at most `longest` steps."""
        wanted = int(np.clip(2 * season.length, _SHORTEST, _LONGEST))
        return self.context_length or max(1, min(wanted, longest // 2))
