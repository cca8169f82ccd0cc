"""Gaps of a panel: steps without a value between two values, counted and filled by name."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from .calendar.season import default_season
from .panel import Panel


@dataclass(frozen=True)
class SeriesGaps:
    """The gaps of one series.

    Args:
        series: id.
        missing: number of steps without a value.
        count: number of gaps, each of one or more steps in a row.
        longest: steps of the longest gap.

    Example:
        >>> str(SeriesGaps("a", 5, 2, 4))
        'a (5 steps in 2 gaps, longest 4)'
    """

    series: Any
    missing: int
    count: int
    longest: int

    def __str__(self) -> str:
        """Id, steps, gaps, longest gap."""
        steps = "1 step" if self.missing == 1 else f"{self.missing:,} steps"
        gaps = "1 gap" if self.count == 1 else f"{self.count:,} gaps, longest {self.longest:,}"
        return f"{self.series} ({steps} in {gaps})"


def series_gaps(panel: Panel) -> tuple[SeriesGaps, ...]:
    """The gaps of each series that has some, most missing steps first.

    Args:
        panel: the series.

    Returns:
        One entry for each series with a gap.

    Example:
        >>> import pandas as pd
        >>> from forecast.pipelines import read_frame
        >>> panel = read_frame(pd.Series([1.0, None, None, 4.0, None, 6.0])).panel
        >>> series_gaps(panel)
        (SeriesGaps(series='y', missing=3, count=2, longest=2),)
    """
    inside = gap_steps(panel)
    steps = np.flatnonzero(inside)
    if not len(steps):
        return ()
    begins = np.r_[True, (np.diff(steps) > 1) | (np.diff(panel.codes[steps]) > 0)]
    first = np.flatnonzero(begins)
    widths = np.diff(np.r_[first, len(steps)])
    series = panel.codes[steps[first]]
    missing = np.bincount(series, widths, panel.num_series).astype(np.int64)
    count = np.bincount(series, minlength=panel.num_series)
    longest = np.zeros(panel.num_series, dtype=np.int64)
    np.maximum.at(longest, series, widths)
    order = np.argsort(-missing, kind="stable")[: np.count_nonzero(missing)]
    return tuple(
        SeriesGaps(panel.ids[i], int(missing[i]), int(count[i]), int(longest[i])) for i in order
    )


def gap_steps(panel: Panel) -> np.ndarray:
    """Whether each step has no value but one before and one after it, bool of (total_steps,)."""
    known = panel.observed
    steps, codes = np.arange(panel.num_rows), panel.codes
    before, after = _last(known), len(steps) - 1 - _last(known[::-1])[::-1]
    same = (before >= panel.offsets[codes]) & (after < panel.offsets[codes + 1])
    return ~known & same


def _last(known: np.ndarray) -> np.ndarray:
    """Position of the last True up to each position, -1 where there is none."""
    return np.maximum.accumulate(np.where(known, np.arange(len(known)), -1))


def fill_panel(
    panel: Panel, policy: str = "mask", season_length: int | None = None
) -> tuple[Panel, np.ndarray]:
    """Fill the gaps between values; steps before the first and after the last stay as they are.

    With the last value before a gap at step s, the next one after it at step u, and season m, the
    policies give to step t, with s < t < u::

        mask         y[t] stays missing
        forward      y[t] = y[s]
        interpolate  y[t] = y[s] + (y[u] - y[s]) (t - s) / (u - s)
        seasonal     y[t] = y[t - k m], the nearest season before that has a value; if none has,
                     the nearest after; if none of these has, as by interpolate

    "interpolate" and "seasonal" may look at values after the gap.

    Args:
        panel: the series, on channels or not.
        policy: "mask", "forward", "interpolate" or "seasonal".
        season_length: m of "seasonal", at least 1; by default that of `default_season`.

    Returns:
        The filled panel, and which steps were filled, bool of shape (total_steps,).

    Raises:
        ValueError: for an unknown policy, or "seasonal" where no season is given and none found.

    Example:
        >>> import pandas as pd
        >>> from forecast.pipelines import read_frame
        >>> panel = read_frame(pd.Series([1.0, 5.0, None, None, 4.0])).panel
        >>> fill_panel(panel, "interpolate")[0].values.tolist()
        [1.0, 5.0, 4.666666666666667, 4.333333333333333, 4.0]
        >>> fill_panel(panel, "seasonal", season_length=2)[0].values.tolist()
        [1.0, 5.0, 1.0, 5.0, 4.0]
    """
    if policy not in tuple(_POLICIES):
        raise ValueError(f"policy={policy!r} is none of {', '.join(map(repr, _POLICIES))}.")
    season = _season(panel, season_length) if policy == "seasonal" else 1
    values = _POLICIES[policy](panel, season)
    filled = gap_steps(panel) & ~np.isnan(values)
    return replace(panel, values=np.where(filled, values, panel.values)), filled


def _season(panel: Panel, season_length: int | None) -> int:
    season = default_season(panel, season_length)
    if season.length == 1 and season_length is None:
        raise ValueError(
            f"policy='seasonal' needs a season, and none was found: {season.reason}. Pass "
            "season_length=, or another policy such as 'interpolate'."
        )
    return season.length


def _mask(panel: Panel, season_length: int) -> np.ndarray:  # noqa: ARG001
    return panel.values


def _forward(panel: Panel, season_length: int) -> np.ndarray:  # noqa: ARG001
    return panel.values[np.maximum(_last(panel.observed), 0)]


def _interpolate(panel: Panel, season_length: int) -> np.ndarray:  # noqa: ARG001
    known = np.flatnonzero(panel.observed)
    if not len(known):
        return panel.values
    # One line for all series: outside of gaps its values are not used.
    return np.interp(np.arange(panel.num_rows), known, panel.values[known])


def _seasonal(panel: Panel, season_length: int) -> np.ndarray:
    """Each phase of each series by itself, as one long row of values."""
    steps = np.arange(panel.num_rows) - panel.offsets[panel.codes]
    order = np.lexsort((steps, steps % season_length, panel.codes))
    group = (panel.codes * season_length + steps % season_length)[order]
    values = panel.values[order]
    for turn in (slice(None), slice(None, None, -1)):
        source = np.maximum(_last(~np.isnan(values[turn])), 0)
        found = values[turn][source]
        found[group[turn][source] != group[turn]] = np.nan
        values[turn] = found
    filled = np.empty_like(values)
    filled[order] = values
    return np.where(np.isnan(filled), _interpolate(panel, season_length), filled)


_POLICIES: dict[str, Callable[[Panel, int], np.ndarray]] = {
    "mask": _mask,
    "interpolate": _interpolate,
    "seasonal": _seasonal,
    "forward": _forward,
}
