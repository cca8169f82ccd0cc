"""What a forecaster says at one origin."""

from __future__ import annotations

from dataclasses import dataclass

from numpy.typing import NDArray

__all__ = ["Emitted"]


@dataclass(frozen=True, eq=False)
class Emitted:
    """What a forecaster says at one origin.

    Args:
        columns: forecasts, limits and scores by column name, each `(num_rows, horizon)`.
        seconds: time spent since the origin before.
        clipped: forecasts stopped by the explosion guard, of the origins rolled out with this one.
    """

    columns: dict[str, NDArray]
    seconds: float = 0.0
    clipped: int = 0
