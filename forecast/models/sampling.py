"""Scheduled sampling: sequences on which the network is fed some of its own forecasts."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from forecast.models.highway_model import HighwayModel
from forecast.models.lens import Lens
from forecast.models.places import Places
from forecast.models.walk import Walk

__all__ = ["Sampling", "Trail"]

_BLOCKED = 1.0  # a draw that no share of truth is above


@dataclass(frozen=True, eq=False)
class Trail:
    """What the highway saw and said along every series, right-padded, `(num_series, num_steps)`.

    Args:
        values: in its terms, gaps filled with its own forecast; NaN where nothing was known.
        observed: where there was a value.
        base: its forecast of the step after.
        unit: size of a correction of 1 there.
    """

    values: NDArray
    observed: NDArray
    base: NDArray
    unit: NDArray


class Sampling:
    """The material of walks: what is known before each sequence, what follows, and the draws.

    Args:
        trail: of the highway along the training series.
        highway: the linear forecaster inside the network.
        walk: what is walked with.
        seed: of the draws.
    """

    def __init__(self, trail: Trail, highway: HighwayModel, walk: Walk, seed: int) -> None:
        """Sum up what is known before each step, and take the bounds of each series."""
        self.trail, self.walk, self.seed = trail, walk, seed
        self.lens = Lens(highway)
        known = np.nan_to_num(trail.values)
        self._totals = np.cumsum(known, axis=1) - known
        low = np.where(trail.observed, trail.values, np.inf).min(axis=1)
        high = np.where(trail.observed, trail.values, -np.inf).max(axis=1)
        self._low, self._high = 2.0 * low - high, 2.0 * high - low

    def inputs(self, number: int, places: Places, steps: NDArray) -> dict[str, NDArray]:
        """What `Walk` needs of batch `number`.

        Args:
            number: the same draws whenever it comes.
            places: of its sequences.
            steps: of the series, `(batch_size, length)`.
        """
        rows, trail = places.rows, self.trail
        at = rows[:, None], steps
        before = places.starts[:, None] + np.arange(-self.lens.highway.window_length, 0)
        window = np.where(before >= 0, trail.values[rows[:, None], np.maximum(before, 0)], np.nan)
        draws = np.random.default_rng((self.seed, number, 1)).random(steps.shape)
        draws = np.where(trail.observed[at], draws, _BLOCKED)
        of_lags, of_groups, of_rest, scales = self.lens.coefficients(rows)
        return {
            "window": window, "total": self._totals[rows, places.starts],
            "clock": places.starts.astype(float), "values": trail.values[at], "draws": draws,
            "base": np.nan_to_num(trail.base[at]), "unit": _positive(trail.unit[at]),
            "low": self._low[rows], "high": self._high[rows],
            "of_lags": of_lags, "of_groups": of_groups, "of_rest": of_rest, "scales": scales,
        }  # fmt: skip


def _positive(unit: NDArray) -> NDArray:
    """1 where nothing was known: no such step counts."""
    return np.where(unit > 0.0, unit, 1.0)
