"""Origins before the cutoff: where forecasts are tried on training series, and how many."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from forecast.pipelines import Origins

__all__ = ["calibration_origins", "filled_origins", "spread_origins"]

_MOST_ORIGINS = 24
_MOST_SPREAD_ORIGINS = 200
_ENOUGH_RESIDUALS = 600
# A few series are tried over at least so much of the longest.
_LEAST_SHARE = 0.1


def calibration_origins(lengths: NDArray, horizon: int, season: int) -> Origins:
    """Origins in the last part of the training data: many for one series, few for a large panel.

    Of a few series they lie over at least the last tenth: neighbouring origins have nearly the same
    errors, and those of the last steps alone say little of a year with its holidays. At most a
    third of the longest series is held out. The horizon is cut where it leaves no room.

    Args:
        lengths: steps of each series.
        horizon: steps ahead that intervals are wanted for.
        season: steps in a season.
    """
    longest = int(lengths.max())
    horizon = int(np.clip(longest // 4, 1, horizon))
    wanted = int(np.clip(_ENOUGH_RESIDUALS // len(lengths), 3, _MOST_ORIGINS))
    room = max(0, longest // 3 - horizon)
    least = int(_LEAST_SHARE * longest) if wanted == _MOST_ORIGINS else 0
    spread = min(room, max(2 * season, horizon, wanted, least))
    step = _out_of_step(max(1, spread // wanted), season)
    return _counted_back(lengths, horizon, step, min(wanted, room // step))


def _counted_back(lengths: NDArray, horizon: int, step: int, number: int) -> Origins:
    """The last origin of each series and so many before it; none before half of a series."""
    ends = lengths - horizon - np.arange(number, -1, -1)[:, None] * step
    usable = ends >= np.maximum(lengths // 2, 2)
    return Origins(np.where(usable, ends, -1), horizon, step)


def _out_of_step(step: int, season: int) -> int:
    """A distance, or one less where all origins would lie at one place in the season."""
    return step - 1 if season > 1 and step % season == 0 else step


def spread_origins(lengths: NDArray, origins: Origins) -> Origins | None:
    """More origins, over all of the last third of a few long series.

    Neighbouring origins have nearly the same errors far ahead, and few of them give widths that
    jump from step to step.

    Args:
        lengths: steps of each series.
        origins: those of `calibration_origins`.

    Returns:
        Origins at most a horizon apart; None where the others reach as far back, or where many
        series share them.
    """
    if len(origins.ends) <= _MOST_ORIGINS:
        return None
    room = int(lengths.max()) // 3 - origins.horizon
    wanted = _most_origins(lengths)
    step = int(np.clip(room // wanted, 1, origins.horizon))
    number = min(wanted, room // step)
    if number * step <= (len(origins.ends) - 1) * origins.step_size:
        return None
    return _counted_back(lengths, origins.horizon, step, number)


def filled_origins(lengths: NDArray, origins: Origins) -> Origins:
    """Origins between those of a few long series as well, where there is room.

    Origins k steps apart meet other values at each of k neighbouring steps ahead, and the same
    ones at every k-th: widths of few of them go up and down with that period.

    Args:
        lengths: steps of each series.
        origins: those of `calibration_origins`; none is added before the first of them.
    """
    span = (len(origins.ends) - 1) * origins.step_size
    step = -(-span // _most_origins(lengths))
    if len(origins.ends) <= _MOST_ORIGINS or step >= origins.step_size:
        return origins
    return _counted_back(lengths, origins.horizon, step, span // step)


def _most_origins(lengths: NDArray) -> int:
    """Origins of a few long series at most."""
    return int(np.clip(_ENOUGH_RESIDUALS // len(lengths), _MOST_ORIGINS, _MOST_SPREAD_ORIGINS))
