"""Checked rows of all series, and the panel they make."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pandas as pd

from .block import no_covariates
from .covariate_table import CovariateTable
from .covariates import carried_note, lay_covariates, leading_rows
from .frequency import Frequency
from .infer import frequency_of
from .panel import Panel

# A wrong year in one row must not ask for a terabyte of explicit gaps.
_MOST_STEPS_PER_ROW = 1000
_FEWEST_STEPS_REFUSED = 10_000_000


@dataclass(frozen=True, eq=False)
class Rows:
    """Rows of all series, sorted by series and time.

    Args:
        ids: object array of shape (num_series,).
        codes: int64 of shape (n,): the series of each row, ascending.
        times: Index of shape (n,), ascending within each series.
        values: float64 of shape (n,), NaN where missing.
        covariates: float64 of shape (n, num_covariates), NaN only beside a missing value.

    Raises:
        ValueError: if a series has one time twice, or a value is infinite.

    Example:
        >>> rows = Rows(np.array(["a"], object), np.zeros(2, int), pd.Index([1, 2]), np.ones(2))
        >>> len(rows.times)
        2
    """

    ids: np.ndarray
    codes: np.ndarray
    times: pd.Index
    values: np.ndarray
    covariates: np.ndarray = field(default_factory=no_covariates)

    def __post_init__(self) -> None:
        """Refuse repeated times and infinite values."""
        repeated = (self.codes[1:] == self.codes[:-1]) & np.asarray(
            self.times[1:] == self.times[:-1], dtype=bool
        )
        if repeated.any():
            raise ValueError(
                f"{self.place(int(np.argmax(repeated)))} occurs more than once "
                f"({int(repeated.sum())} repeated rows in all). Keep one row for each series "
                "and time, for example with drop_duplicates or groupby(...).mean()."
            )
        infinite = np.isinf(self.values)
        if infinite.any():
            raise ValueError(
                f"the target is infinite in {int(infinite.sum())} rows, first at "
                f"{self.place(int(np.argmax(infinite)))}. Replace inf by NaN (missing) or a number."
            )

    def place(self, row: int) -> str:
        """A row in words: its series and time."""
        return f"series {self.ids[self.codes[row]]!r}, time {self.times[row]}"

    def where(self, keep: np.ndarray) -> Rows:
        """The rows where `keep` (bool of shape (n,)) is True; all series stay numbered."""
        if keep.all():
            return self
        covariates = self.covariates[keep] if self.covariates.shape[-1] else self.covariates
        return Rows(self.ids, self.codes[keep], self.times[keep], self.values[keep], covariates)


def make_panel(
    rows: Rows, freq: Any = None, begun: Any = None
) -> tuple[Panel, tuple[Any, ...], tuple[str, ...]]:
    """The panel of the rows: gaps become steps without a value, ends without values are trimmed.

    Args:
        rows: checked rows.
        freq: as in `infer_frequency`.
        begun: ids of series whose earlier steps were read before, see `read_frame`; None where
            all series begin here.

    Returns:
        The panel, the ids of the series left out (no value at all), and notes in plain sentences
        on what was done.

    Raises:
        ValueError: if no row has a value, or times do not follow one frequency.
    """
    frequency = frequency_of(rows.codes, rows.times, freq)
    keep = ~np.isnan(rows.values)
    if not keep.any():
        return _no_values(rows, frequency, begun), tuple(rows.ids), ()
    if begun is not None and rows.covariates.shape[-1]:
        keep = keep | leading_rows(rows, keep, begun)
    kept = rows.where(keep)
    positions = _positions(rows, frequency)
    if freq is None:
        _refuse_two_frequencies(rows, positions, frequency)
    panel = _fill(kept, positions[keep], frequency)
    left_out = tuple(np.delete(rows.ids, np.unique(kept.codes)))
    notes = _notes(rows, kept, panel, left_out)
    if not rows.covariates.shape[-1]:
        return panel, left_out, notes
    laid, carried = lay_covariates(rows, positions, panel)
    table = CovariateTable(laid)
    return replace(panel, covariates=table), left_out, (*notes, *carried_note(carried))


def _no_values(rows: Rows, frequency: Frequency, begun: Any) -> Panel:
    """The panel of no series, where series began earlier: steps without a value tell nothing."""
    if begun is None:
        raise ValueError("no series has a value: every entry of the target is missing.")
    offsets = np.zeros(1, dtype=np.int64)
    return Panel(rows.ids[:0], np.zeros(0), offsets, rows.times[:0], frequency)


def _positions(rows: Rows, frequency: Frequency) -> np.ndarray:
    """Step of each row on one grid for all series."""
    start = rows.times.min()
    positions = frequency.locate(rows.times, start)
    if np.any(positions < 0):
        odd = int(np.argmax(positions < 0))
        raise ValueError(
            f"irregular time: {rows.place(odd)} is not on the grid of freq={frequency.alias!r} "
            f"that starts at {start} (series {rows.ids[rows.codes[rows.times.argmin()]]!r}). "
            "Correct the time, resample to equal steps, or pass the freq= that the times follow; "
            "read series of different frequencies apart."
        )
    return positions


def _refuse_two_frequencies(rows: Rows, positions: np.ndarray, frequency: Frequency) -> None:
    """Refuse a series that always steps by the same multiple of the frequency."""
    inside = rows.codes[1:] == rows.codes[:-1]
    steps, codes = np.diff(positions)[inside], rows.codes[1:][inside]
    if not len(steps):
        return
    series, first, counts = np.unique(codes, return_index=True, return_counts=True)
    least, most = np.minimum.reduceat(steps, first), np.maximum.reduceat(steps, first)
    # 28 to 31 days are one month; four equal steps by chance are rare in a gappy series.
    other = (counts >= 4) & (least >= 2) & (most <= 1.15 * least)
    if other.any():
        odd = int(np.argmax(other))
        raise ValueError(
            f"two freqs: series {rows.ids[series[odd]]!r} never moves by less than {least[odd]} "
            f"steps of freq={frequency.alias!r}, the most common one. Read series of different "
            f"frequencies apart, or pass freq={frequency.alias!r} to read the steps between as "
            "missing."
        )


def _fill(rows: Rows, positions: np.ndarray, frequency: Frequency) -> Panel:
    """Panel from rows that all have a value."""
    series, first, counts = np.unique(rows.codes, return_index=True, return_counts=True)
    last = first + counts - 1
    lengths = positions[last] - positions[first] + 1
    total = int(lengths.sum())
    if total > max(_FEWEST_STEPS_REFUSED, _MOST_STEPS_PER_ROW * len(rows.codes)):
        widest = int(np.argmax(lengths))
        raise ValueError(
            f"irregular time: series {rows.ids[series[widest]]!r} has {counts[widest]} values on "
            f"{lengths[widest]} steps of freq={frequency.alias!r}. Correct its times, or pass a "
            "coarser freq=."
        )
    offsets = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
    values = np.full(total, np.nan)
    values[positions + np.repeat(offsets[:-1] - positions[first], counts)] = rows.values
    starts = rows.times.take(first).rename(None)
    if isinstance(starts, pd.DatetimeIndex):
        starts = starts.as_unit("us") if starts.unit in ("s", "ms") else starts
    return Panel(rows.ids[series], values, offsets, starts, frequency)


def _notes(rows: Rows, kept: Rows, panel: Panel, left_out: tuple[Any, ...]) -> tuple[str, ...]:
    """What was done to the data, in plain sentences."""
    missing = len(rows.values) - len(kept.values)
    lost = int(np.isin(rows.codes, np.unique(kept.codes), invert=True).sum())
    inside = _inside(rows, kept)
    gaps = int((~panel.observed).sum()) - inside
    notes = []
    if gaps:
        notes.append(f"{_many(gaps, 'step')} without a row made explicit as missing.")
    if inside:
        notes.append(f"{_many(inside, 'missing value')} between observations kept as missing.")
    if missing - lost - inside:
        notes.append(f"{_many(missing - lost - inside, 'missing value')} at the start or the end "
                     "of series trimmed.")  # fmt: skip
    if left_out:
        names = ", ".join(repr(name) for name in left_out[:5])
        more = ", ..." if len(left_out) > 5 else ""
        notes.append(f"{len(left_out)} series without any value left out: {names}{more}.")
    return tuple(notes)


def _inside(rows: Rows, kept: Rows) -> int:
    """Number of rows without a value between two values of their series."""
    has = ~np.isnan(rows.values)
    seen = np.cumsum(has)
    series, first, counts = np.unique(rows.codes, return_index=True, return_counts=True)
    before = np.repeat(seen[first] - has[first], counts)
    total = np.repeat(np.bincount(kept.codes, minlength=len(rows.ids))[series], counts)
    return int((~has & (seen > before) & (seen < before + total)).sum())


def _many(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"
