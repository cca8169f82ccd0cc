"""What is in the data, before anything is fitted."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from .calendar.season import Season, default_season
from .frames.frame import Reading
from .gaps import SeriesGaps, series_gaps
from .origins import rolling_origins
from .panel import Panel

_SPARSE = 0.5  # share of steps without a value from which a word is due


@dataclass(frozen=True)
class Counts:
    """Sizes of a panel.

    Args:
        series: number of series.
        steps: number of steps of all series.
        missing: number of steps without a value.
        shortest: steps of the shortest series.
        median: median number of steps.
        longest: steps of the longest series.
    """

    series: int
    steps: int
    missing: int
    shortest: int
    median: float
    longest: int


@dataclass(frozen=True)
class OddSeries:
    """Series that need care, by id.

    Args:
        constant: series with one single value throughout.
        short: series too short to hold out one horizon and still know a season (or 2 steps).
        left_out: series without any value.
        gaps: series with missing steps between values, most missing steps first.
    """

    constant: tuple[Any, ...]
    short: tuple[Any, ...]
    left_out: tuple[Any, ...]
    gaps: tuple[SeriesGaps, ...] = ()


@dataclass(frozen=True)
class DataSummary:
    """Answer of `check_data`; print it.

    Args:
        counts: sizes.
        freq: frequency alias or integer step.
        season: default season with its reason.
        odd: series that need care.
        horizon: steps to forecast.
        num_origins: rolling origins that fit, 0 if none does.
        notes: what was done to the data when it was read.
    """

    counts: Counts
    freq: str | int
    season: Season
    odd: OddSeries
    horizon: int
    num_origins: int
    notes: tuple[str, ...]

    def __str__(self) -> str:
        """One fact a line."""
        facts = [
            ("series", str(self.counts.series)),
            ("steps", f"{self.counts.steps:,}, of which {self.counts.missing:,} without a value"),
            ("length", self._lengths()),
            ("frequency", str(self.freq)),
            ("season", self._season()),
            ("origins", self._origins()),
            ("gaps", _listed(self.odd.gaps)),
            ("constant", _listed(self.odd.constant)),
            ("too short", _listed(self.odd.short)),
            ("left out", _listed(self.odd.left_out)),
            *(("note", note) for note in self.notes),
        ]
        return "\n".join(f"{name:<10} {fact}" for name, fact in facts)

    def _lengths(self) -> str:
        counts = self.counts
        if counts.shortest == counts.longest:
            return f"{counts.longest} steps each"
        return f"{counts.shortest} to {counts.longest} steps, median {counts.median:g}"

    def _season(self) -> str:
        name = str(self.season.length) if self.season.length > 1 else "none"
        longer = self.season.long
        cycles = f"; longer season {longer} (half of the series have three of it)" if longer else ""
        return f"{name} ({self.season.reason}){cycles}"

    def _origins(self) -> str:
        if not self.num_origins:
            return f"none of horizon {self.horizon} fits: every series is too short"
        plural = "" if self.num_origins == 1 else "s"
        return f"{self.num_origins} rolling origin{plural} of horizon {self.horizon} fit"


def check_data(reading: Reading, horizon: int, season_length: int | None = None) -> DataSummary:
    """Look at the data before fitting: sizes, frequency, season, odd series, origins.

    Args:
        reading: the frame, from `read_frame`.
        horizon: steps to forecast, at least 1.
        season_length: the user's season, or None for the default.

    Returns:
        A summary that prints as one fact a line.

    Raises:
        ValueError: if `horizon` or `season_length` is below 1.

    Example:
        >>> from forecast.pipelines import load_dataset, read_frame
        >>> check_data(read_frame(load_dataset("co2")), horizon=52).num_origins
        20
    """
    panel = reading.panel
    if horizon < 1:
        raise ValueError(f"horizon must be at least 1; got {horizon}.")
    season = default_season(panel, season_length)
    needed = max(season.length, 2)
    short = panel.ids[panel.lengths < horizon + needed]
    fits = len(short) < panel.num_series
    origins = rolling_origins(panel.lengths, horizon, min_length=needed).num_windows if fits else 0
    odd = OddSeries(
        tuple(panel.ids[is_constant(panel)]), tuple(short), reading.left_out, series_gaps(panel)
    )  # fmt: skip
    counts = _counts(panel)
    notes = (*reading.notes, *_sparse_note(counts))
    return DataSummary(counts, panel.frequency.alias, season, odd, horizon, origins, notes)


def _counts(panel: Panel) -> Counts:
    lengths = panel.lengths
    missing = int((~panel.observed).sum())
    return Counts(panel.num_series, panel.num_rows, missing, int(lengths.min()),
                  float(np.median(lengths)), int(lengths.max()))  # fmt: skip


def _sparse_note(counts: Counts) -> tuple[str, ...]:
    """What to do where most steps are missing, as outside of opening hours."""
    share = counts.missing / counts.steps
    if share < _SPARSE:
        return ()
    return (
        f"{share:.0%} of the steps have no value. Where nothing happens at such times (nights, "
        "weekends), number the rows instead: integers as times.",
    )


def is_constant(panel: Panel) -> np.ndarray:
    """Whether all values of each series are equal; bool of shape (num_series,).

    A series of one value alone is short, not constant.
    """
    observed = panel.observed
    codes, values = panel.codes[observed], panel.values[observed]
    low, high = np.full(panel.num_series, np.inf), np.full(panel.num_series, -np.inf)
    np.minimum.at(low, codes, values)
    np.maximum.at(high, codes, values)
    return (low == high) & (np.bincount(codes, minlength=panel.num_series) > 1)


def _listed(ids: tuple[Any, ...]) -> str:
    """Count and first names."""
    if not ids:
        return "no series"
    more = ", ..." if len(ids) > 5 else ""
    return f"{len(ids)} series: {', '.join(map(str, ids[:5]))}{more}"
