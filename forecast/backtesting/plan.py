"""What every forecaster of a backtest is given: the data, and the origins in them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from forecast.backtesting.guests.guest import Guest, Participant
from forecast.backtesting.sampling import Sampling
from forecast.checks import check_levels, check_positive_integer, check_refit
from forecast.intervals import check_intervals
from forecast.pipelines import Columns, Origins, Panel, Reading, Split, read_weighted

__all__ = ["FEWEST_STEPS", "Plan", "make_plan"]

# Before an origin: one step can be forecast from, two show how a series moves.
FEWEST_STEPS = 2


@dataclass(frozen=True, eq=False)
class Plan:
    """What every forecaster of a backtest is given.

    Args:
        reading: the data.
        origins: where forecasts are made.
        split: the settings that these origins come from.
        levels: interval levels in percent.
        refit: True refits at every origin, False never, k at every k-th; None lets closed forms
            be refitted and networks fitted once.
        scoring_season: season by which all are scored before the first origin; each its own by
            default.
        sampling: sample paths that are scored beside the forecasts; none by default.
        intervals: kind of intervals, see `predict`; each forecaster's own by default.
    """

    reading: Reading
    origins: Origins
    split: Split
    levels: tuple[float, ...] = ()
    refit: bool | int | None = None
    scoring_season: int | None = None
    sampling: Sampling | None = None
    intervals: str | None = None

    def refit_every(self, forecaster: Participant) -> int:
        """Origins between two fits; 0 fits once. What cannot move on is fitted at every origin."""
        if isinstance(forecaster, Guest):
            slides = self.split.max_train_size is not None
            if slides or not forecaster.can_update:
                return 1
        return int(forecaster.closed_form if self.refit is None else self.refit)

    def folds(self, forecaster: Participant, once: bool = False) -> list[slice]:
        """The origins that share a fit, fit after fit; all of them in one where fitted `once`."""
        num_windows = self.origins.num_windows
        every = 0 if once else self.refit_every(forecaster)
        every = every or num_windows
        return [slice(first, first + every) for first in range(0, num_windows, every)]

    def rows(self, window: int) -> NDArray:
        """Positions in the panel of the series that have an origin here."""
        return np.flatnonzero(self.origins.ends[window] >= 0)

    def training_part(self, window: int = 0) -> Panel:
        """What is known at an origin, of the series that have it."""
        ends = self.origins.ends[window]
        rows = self.rows(window)
        known = self.reading.panel.take(rows).head(ends[rows])
        starts = self.origins.starts
        return known if starts is None else known.tail(starts[window][rows])

    @property
    def first_cutoffs(self) -> pd.Index:
        """Time of the last step known at the first origin of each series that has one."""
        panel = self.reading.panel
        rows = np.flatnonzero((self.origins.ends >= 0).any(axis=0))
        known = self.origins.first_ends(panel.lengths)[rows]
        return panel.frequency.shift(panel.starts.take(rows), known - 1)

    def since(self, time: Any) -> Plan:
        """The plan with the origins of which no cutoff is earlier than a time; all if none is."""
        panel, kept = self.reading.panel, []
        for window, ends in enumerate(self.origins.ends):
            rows = self.rows(window)
            cutoffs = panel.frequency.shift(panel.starts.take(rows), ends[rows] - 1)
            kept += [window] if cutoffs.min() >= time else []
        return replace(self, origins=self.origins.windows(kept)) if kept else self

    @property
    def notes(self) -> tuple[str, ...]:
        """What was done to the data, and how the origins of several series lie in time."""
        panel, notes = self.reading.panel, list(self.reading.notes)
        if not self.split.of_calendar and panel.ends.nunique() > 1:
            notes.append(
                "Series end at different times. Origins are counted from each series' own end, so "
                "a model pooled over series may have learned from later dates of other series "
                "(align='calendar' puts every origin at one moment)."
            )
        absent = panel.ids[(self.origins.ends < 0).all(axis=0)]
        if len(absent):
            names = ", ".join(map(str, absent[:5]))
            notes.append(f"{len(absent)} series without an origin, not scored: {names}.")
        lost = (self.split.n_windows or 0) - self.origins.num_windows
        if lost > 0:
            notes.append(f"{lost} origins left out, at which no series can be forecast and scored.")
        return tuple(notes)


def make_plan(
    df: Any,
    columns: Columns,
    horizon: int,
    split: Split,
    *,
    freq: Any = None,
    level: Any = None,
    refit: bool | int | None = None,
    sampling: Sampling | None = None,
    intervals: str | None = None,
    weights: Sequence[str] = (),
) -> Plan:
    """Read a frame and lay the origins: how `cross_validation` and `compare` begin.

    Args:
        df: long, wide or single series, as for `fit`.
        columns: names of its columns.
        horizon: steps scored at each origin, at least 1.
        split: settings of the origins.
        freq: pandas alias or integer step; inferred by default.
        level: percentages of intervals.
        refit: see `Plan`.
        sampling: see `Plan`.
        intervals: see `Plan`.
        weights: columns that say what each row counts in a training.

    Raises:
        ValueError: for data, horizon or origins that do not work; the message says why.
    """
    check_positive_integer("horizon", horizon)
    check_refit(refit)
    levels = check_levels(level)
    if intervals is not None:
        check_intervals(intervals)
    reading = read_weighted(df, columns, freq, weights)
    origins = split.origins(reading.panel, horizon, FEWEST_STEPS)
    return Plan(reading, origins, split, levels, refit, sampling=sampling, intervals=intervals)
