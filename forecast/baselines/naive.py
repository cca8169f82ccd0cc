"""The naive family: last value, last season, last value plus drift."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from forecast.baselines.window import Past, WindowModel

__all__ = ["DriftModel", "NaiveModel", "SeasonalNaiveModel"]


class NaiveModel(WindowModel):
    """The last value for ever: `y[t+h] = y[t]`."""

    def __init__(self) -> None:
        """A window of one value."""
        super().__init__(window_length=1, block_length=1)

    def emit(self, past: Past, num_steps: int, future: NDArray) -> NDArray:  # noqa: ARG002
        """See `WindowModel`."""
        return np.repeat(past.last[:, None], num_steps, axis=1)


class SeasonalNaiveModel(WindowModel):
    """The last season for ever: `y[t+h] = y[t+h-m*ceil(h/m)]`.

    Args:
        season_length: m, steps in a season, at least 1.
    """

    saved_settings: ClassVar[tuple[str, ...]] = ("season_length",)

    def __init__(self, season_length: int) -> None:
        """A window of one season, emitted at once."""
        super().__init__(window_length=season_length, block_length=season_length)
        self.season_length = season_length

    def emit(self, past: Past, num_steps: int, future: NDArray) -> NDArray:  # noqa: ARG002
        """See `WindowModel`; before a whole season was seen, the last value stands in."""
        season = past.window[:, :num_steps]
        return np.where(np.isnan(season), past.last[:, None], season)


class DriftModel(WindowModel):
    """The last value plus the mean change: `y[t+h] = y[t] + h (y[t] - y[1]) / (t - 1)`."""

    def __init__(self) -> None:
        """A window of one value; the first value is a running quantity of the state."""
        super().__init__(window_length=1, block_length=1)

    def emit(self, past: Past, num_steps: int, future: NDArray) -> NDArray:  # noqa: ARG002
        """See `WindowModel`."""
        drift = (past.last - past.first) / np.maximum(past.clock - 1, 1)
        return past.last[:, None] + drift[:, None] * np.arange(1, num_steps + 1)
