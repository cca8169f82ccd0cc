"""Lags: as users give them, by default, and in words."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from forecast.baselines.lag_selection import schwert_lags
from forecast.checks import check_positive_integer
from forecast.pipelines import Panel, Season

__all__ = [
    "candidate_seasons",
    "default_lags",
    "default_num_lags",
    "lag_array",
    "lag_ranges",
    "seasons_of",
]


def seasons_of(season: Season) -> tuple[int, ...]:
    """The seasons longer than a step, shortest first."""
    lengths = (season.length, season.long or 1)
    return tuple(length for length in lengths if length > 1)


def candidate_seasons(panel: Panel, season: Season) -> tuple[int, ...]:
    """The seasons, and the usual one of the frequency though it was not found significant.

    A regression can leave a season alone that is not there; it cannot find one that it is not
    shown. Three cycles of it are needed in half of the series.

    Args:
        panel: training series.
        season: as it was chosen or given.
    """
    seasons = seasons_of(season)
    if seasons or season.given:
        return seasons
    usual = panel.frequency.season_lengths[:1]
    return tuple(m for m in usual if m > 1 and np.mean(panel.lengths >= 3 * m) >= 0.5)


def default_num_lags(panel: Panel, seasons: tuple[int, ...]) -> int:
    """The longest season (two of it if that is short), at most a third of a typical series.

    A long season also needs ten rows of the panel for each lag; else two of the short one do.
    """
    wanted = max(seasons, default=12)
    if wanted > 24 and panel.num_rows < 10 * wanted:
        wanted = min(seasons)
    wanted = 2 * wanted if wanted <= 24 else wanted
    return int(np.clip(np.median(panel.lengths) // 3, 1, wanted))


def default_lags(panel: Panel, season: Season) -> NDArray:
    """Lags 1 to m + 1, and m' - 1 to m' + 1 of a longer season m'; cut where series are short.

    Without a season, as many as Schwert's rule says.
    """
    typical = float(np.median(panel.lengths))
    num_lags = season.length + 1 if season.length > 1 else schwert_lags(typical)
    num_lags = int(np.clip(typical // 4, 1, max(num_lags, 1)))
    lags = np.arange(1, num_lags + 1)
    if season.long and season.long + 1 <= typical // 3:
        lags = np.union1d(lags, [season.long - 1, season.long, season.long + 1])
    return lags


def lag_array(lags: Any) -> NDArray | None:
    """Lags as given, as an increasing array."""
    if lags is None:
        return None
    if isinstance(lags, Iterator):
        raise ValueError(f"`lags` must be a number or a list; got a {type(lags).__name__}.")
    if isinstance(lags, str):
        raise ValueError(
            f"`lags` must be a number, a list or a LagSelection; got {lags!r}. To choose lags by a "
            "criterion, write lags=fc.LagSelection('aic')."
        )
    listed = list(lags) if isinstance(lags, Iterable) else None
    if listed is not None and not listed:
        raise ValueError("`lags` is empty; give a number p for lags 1 to p, or a list of lags.")
    for lag in [lags] if listed is None else listed:
        check_positive_integer("lags", lag)
    return np.arange(1, lags + 1) if listed is None else np.unique(listed)


def lag_ranges(lags: NDArray) -> str:
    """Lags in words.

    Example:
        >>> lag_ranges(np.array([1, 2, 3, 12]))
        '1-3, 12'
    """
    runs = np.split(lags, np.flatnonzero(np.diff(lags) > 1) + 1)
    return ", ".join(f"{run[0]}-{run[-1]}" if len(run) > 1 else str(run[0]) for run in runs)
