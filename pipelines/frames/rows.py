"""Checked rows of all series, and the panel they make."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pandas as pd

from ..calendar.frequency import Frequency
from ..calendar.infer import frequency_of
from ..columns import Columns
from ..covariates.reading import carried_note, lay_covariates, leading_rows
from ..covariates.rows import RowCovariates, category_notes
from ..panel import Panel
from .hints import irregular_hint, repeated_hint
from .ordering import runs
from .written_dates import refuse_numbered_dates

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
        covariates: what is known beside the values, n rows; nothing by default.
        columns: names for messages; None where each series is a column.

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
    covariates: RowCovariates = field(default_factory=RowCovariates.none)
    columns: Columns | None = None

    def __post_init__(self) -> None:
        """Refuse repeated times and infinite values."""
        repeated = (self.codes[1:] == self.codes[:-1]) & np.asarray(
            self.times[1:] == self.times[:-1], dtype=bool
        )
        if repeated.any():
            raise ValueError(
                f"{self.place(int(np.argmax(repeated)))} occurs more than once "
                f"({int(repeated.sum())} repeated rows in all). Keep one row for each series "
                f"and time, for example with {self._fix_of_repeats()}."
                f"{repeated_hint(self.times[1:][repeated], self.columns)}"
            )
        infinite = np.isinf(self.values)
        if infinite.any():
            raise ValueError(
                f"the target is infinite in {int(infinite.sum())} rows{self.of('target')}, first "
                f"at {self.place(int(np.argmax(infinite)))}. Replace inf by NaN (missing) or a "
                "number."
            )

    def place(self, row: int) -> str:
        """A row in words: its series and time."""
        return f"series {self.ids[self.codes[row]]!r}, time {self.times[row]}"

    def of(self, kind: str) -> str:
        """The column of a kind ("id", "time", "target") in words, nothing where there is none."""
        return "" if self.columns is None else f" of column {getattr(self.columns, kind)!r}"

    def _fix_of_repeats(self) -> str:
        if self.columns is None:
            return "df[~df.index.duplicated()]"
        keys = [self.columns.id, self.columns.time]
        return f"df.drop_duplicates({keys}) or df.groupby({keys}).mean()"

    def where(self, keep: np.ndarray) -> Rows:
        """The rows where `keep` (bool of shape (n,)) is True; all series stay numbered."""
        if keep.all():
            return self
        return replace(
            self, codes=self.codes[keep], times=self.times[keep], values=self.values[keep],
            covariates=self.covariates.take(keep),
        )  # fmt: skip


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
    if freq is None:
        refuse_numbered_dates(rows.times, rows.of("time"))
    frequency = frequency_of(rows.codes, rows.times, freq)
    keep = ~np.isnan(rows.values)
    if not keep.any():
        return _no_values(rows, frequency, begun), tuple(rows.ids), ()
    if begun is not None and not rows.covariates.is_empty:
        keep = keep | leading_rows(rows, keep, begun)
    kept = rows.where(keep)
    positions = grid_positions(rows, frequency)
    if freq is None:
        refuse_two_frequencies(rows, positions, frequency)
    panel = _fill(kept, positions[keep], frequency)
    left_out = tuple(np.delete(rows.ids, runs(kept.codes)[0]))
    notes = _notes(rows, kept, panel, left_out)
    if rows.covariates.is_empty:
        return panel, left_out, notes
    table, carried = lay_covariates(rows, positions, panel)
    notes = (*notes, *carried_note(carried), *category_notes(table.schema))
    return replace(panel, covariates=table), left_out, notes


def _no_values(rows: Rows, frequency: Frequency, begun: Any) -> Panel:
    """The panel of no series, where series began earlier: steps without a value tell nothing."""
    if begun is None:
        raise ValueError("no series has a value: every entry of the target is missing.")
    offsets = np.zeros(1, dtype=np.int64)
    return Panel(rows.ids[:0], np.zeros(0), offsets, rows.times[:0], frequency)


def grid_positions(rows: Rows, frequency: Frequency) -> np.ndarray:
    """Step of each row on one grid for all series."""
    start = rows.times.min()
    positions = frequency.locate(rows.times, start)
    if np.any(positions < 0):
        odd, first = int(np.argmax(positions < 0)), int(rows.times.argmin())
        begun = f" that starts at {start} (series {rows.ids[rows.codes[first]]!r})"
        raise ValueError(
            f"irregular time: {rows.place(odd)} is not on the grid of freq={frequency.alias!r}"
            f"{begun if rows.times[odd] != start else ''}. "
            f"Correct the time{rows.of('time')}, resample to equal steps, or pass the freq= that "
            "the times follow; "
            "read series of different frequencies apart."
            f"{irregular_hint(rows.times, rows.columns and rows.columns.time)}"
        )
    return positions


def refuse_two_frequencies(rows: Rows, positions: np.ndarray, frequency: Frequency) -> None:
    """Refuse a series that always steps by the same multiple of the frequency."""
    inside = rows.codes[1:] == rows.codes[:-1]
    steps, codes = np.diff(positions)[inside], rows.codes[1:][inside]
    if not len(steps):
        return
    series, first, counts = runs(codes)
    least, most = np.minimum.reduceat(steps, first), np.maximum.reduceat(steps, first)
    # 28 to 31 days are one month; four equal steps by chance are rare in a gappy series.
    other = (counts >= 4) & (least >= 2) & (most <= 1.15 * least)
    if other.any():
        odd = int(np.argmax(other))
        raise ValueError(
            f"two freqs: series {rows.ids[series[odd]]!r} never moves by less than {least[odd]} "
            f"steps of freq={frequency.alias!r}, the most common one{rows.of('time')}. Read series "
            f"of different frequencies apart, or pass freq={frequency.alias!r} to read the steps "
            "between as missing."
        )


def refuse_sparse(ids: np.ndarray, counts: np.ndarray, lengths: np.ndarray, grid: str) -> None:
    """Refuse `lengths` steps for `counts` rows of each series where that is a wrong year.

    Raises:
        ValueError: naming the longest series and the `grid`.
    """
    if lengths.sum() <= max(_FEWEST_STEPS_REFUSED, _MOST_STEPS_PER_ROW * int(counts.sum())):
        return
    widest = int(np.argmax(lengths))
    raise ValueError(
        f"irregular time: series {ids[widest]!r} has {counts[widest]} values on {lengths[widest]} "
        f"steps of {grid}. Correct its times, or pass a coarser freq=."
    )


def _fill(rows: Rows, positions: np.ndarray, frequency: Frequency) -> Panel:
    """Panel from rows that all have a value."""
    series, first, counts = runs(rows.codes)
    last = first + counts - 1
    lengths = positions[last] - positions[first] + 1
    refuse_sparse(rows.ids[series], counts, lengths, f"freq={frequency.alias!r}{rows.of('time')}")
    offsets = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
    values = rows.values
    if offsets[-1] > len(values):
        values = np.full(offsets[-1], np.nan)
        values[positions + np.repeat(offsets[:-1] - positions[first], counts)] = rows.values
    starts = rows.times.take(first).rename(None)
    if isinstance(starts, pd.DatetimeIndex):
        starts = starts.as_unit("us") if starts.unit in ("s", "ms") else starts
    return Panel(rows.ids[series], values, offsets, starts, frequency)


def _notes(rows: Rows, kept: Rows, panel: Panel, left_out: tuple[Any, ...]) -> tuple[str, ...]:
    """What was done to the data, in plain sentences."""
    missing = len(rows.values) - len(kept.values)
    values = np.bincount(kept.codes, minlength=len(rows.ids))
    lost = int((values[rows.codes] == 0).sum()) if missing else 0
    inside = _inside(rows, values) if missing else 0
    gaps = int((~panel.observed).sum()) - inside
    return reading_notes(gaps, inside, missing - lost - inside, left_out)


def reading_notes(
    gaps: int, inside: int, trimmed: int, left_out: tuple[Any, ...]
) -> tuple[str, ...]:
    """What reading did to the data, in plain sentences.

    Args:
        gaps: steps between values that had no row.
        inside: rows without a value between values.
        trimmed: rows without a value before the first or after the last value.
        left_out: ids of the series without any value.
    """
    notes = []
    if gaps:
        notes.append(f"{_many(gaps, 'step')} without a row made explicit as missing.")
    if inside:
        notes.append(f"{_many(inside, 'missing value')} between observations kept as missing.")
    if trimmed:
        notes.append(
            f"{_many(trimmed, 'missing value')} at the start or the end of series trimmed."
        )
    if left_out:
        names = ", ".join(repr(name) for name in left_out[:5])
        more = ", ..." if len(left_out) > 5 else ""
        notes.append(f"{len(left_out)} series without any value left out: {names}{more}.")
    return tuple(notes)


def _inside(rows: Rows, values: np.ndarray) -> int:
    """Number of rows without a value between two values of their series."""
    has = ~np.isnan(rows.values)
    seen = np.cumsum(has)
    _, first, counts = runs(rows.codes)
    before = np.repeat(seen[first] - has[first], counts)
    total = values[rows.codes]
    return int((~has & (seen > before) & (seen < before + total)).sum())


def _many(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"
