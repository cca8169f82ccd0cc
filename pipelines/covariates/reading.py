"""Covariates: read beside the values of a long frame, and laid on the steps of its panel."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from ..columns import Columns
from .rows import KINDS, MISSING_LABEL, RowCovariates, labels_or_none, read_column, shown
from .table import Covariate, CovariateSchema, CovariateTable

if TYPE_CHECKING:
    from ..frames.rows import Rows
    from ..panel import Panel


def require_covariates(present: list[Any], columns: Columns) -> None:
    """Refuse a long frame that lacks a covariate or has one twice.

    Args:
        present: columns of the frame.
        columns: names that were asked for.

    Raises:
        ValueError: naming the covariate.
    """
    kinds = {name: kind for kind in KINDS for name in getattr(columns, kind)}
    for name, kind in kinds.items():
        if present.count(name) > 1:
            raise ValueError(f"covariate {name!r} occurs {present.count(name)} times; keep one.")
        if name not in present:
            raise ValueError(
                f"missing covariate {name!r}; the frame has "
                f"{', '.join(map(repr, present[:10]))}. Every frame needs the columns that fit "
                f"was given as {kind}_covariates."
            )


def refuse_wide_covariates(columns: Columns, shape: str) -> None:
    """Refuse covariates for a frame whose columns are all series.

    Args:
        columns: names that were asked for.
        shape: what the user gave, in words.

    Raises:
        ValueError: saying which long frame to give.
    """
    for kind in KINDS:
        names = getattr(columns, kind)
        if names:
            raise ValueError(
                f"{kind} covariates {list(names)} need a long frame; got {shape}, whose columns "
                f"are series. Give a frame with the columns {list(columns.all_names)}, for one "
                f"series df.rename_axis({columns.time!r}).reset_index()"
                f".assign({columns.id}='name')."
            )


def read_covariates(
    data: pd.DataFrame, columns: Columns, values: np.ndarray, place: Callable[[str, int], str]
) -> RowCovariates:
    """The covariates of all rows.

    Args:
        data: long frame with the columns.
        columns: names.
        values: the target of each row, NaN where missing, shape (n,).
        place: says in words where a column and a row stand, for messages.

    Returns:
        Numbers and labels; of what is known ahead, NaN only where the target is missing too.

    Raises:
        ValueError: for text among numbers, infinity, or a number known ahead that is missing where
            the target is known.
    """
    numbers = np.empty((len(values), len(columns.covariates)))
    read: dict[str, list[Covariate]] = {kind: [] for kind in KINDS}
    position = 0
    for kind in KINDS:
        for name in getattr(columns, kind):
            column, labels = read_column(data[name], partial(place, name))
            if kind == "future":
                column, labels = _known_ahead(column, labels, values, partial(place, name), columns)
            numbers[:, position] = column
            read[kind].append(Covariate(name, labels))
            position += 1
    return RowCovariates(numbers, CovariateSchema(**{k: tuple(v) for k, v in read.items()}))


def _known_ahead(
    column: np.ndarray, labels: Any, values: np.ndarray, place: Callable[[int], str], names: Columns
) -> tuple[np.ndarray, Any]:
    """A column that every row with a value must have: a missing label is one of its own."""
    missing = np.isnan(column) & ~np.isnan(values)
    labels = labels_or_none(column, labels)
    if labels is not None:
        return np.where(missing, MISSING_LABEL, column), labels
    if missing.any():
        raise ValueError(
            f"covariate missing: {place(int(np.argmax(missing)))} is empty in "
            f"{int(missing.sum())} rows that have a value of {names.target!r}. Fill it, for "
            f"example by groupby({names.id!r}) and ffill(), make {names.target!r} missing there, "
            "or name it among the past_covariates, which may have gaps."
        )
    return column, None


def leading_rows(rows: Rows, has_value: np.ndarray, begun: Any) -> np.ndarray:
    """Rows before the first value of a series that began earlier, with covariates to keep.

    Args:
        rows: sorted rows.
        has_value: whether each row has a value, bool of shape (n,).
        begun: ids of series whose earlier steps were seen already.

    Returns:
        bool of shape (n,).
    """
    future, past = rows.covariates.of("future"), rows.covariates.of("past")
    known = ~np.isnan(past).all(axis=1)
    known |= bool(future.shape[1]) & ~np.isnan(future).any(axis=1)
    first = np.full(len(rows.ids), -1)
    at = np.flatnonzero(has_value)[::-1]
    first[rows.codes[at]] = at
    is_begun = pd.Index(rows.ids).isin(pd.Index(begun))
    earlier = np.arange(len(has_value)) < first[rows.codes]
    return known & earlier & is_begun[rows.codes]


def lay_covariates(rows: Rows, positions: np.ndarray, panel: Panel) -> tuple[CovariateTable, int]:
    """Covariates on the steps of a panel.

    A step without what is known ahead takes it from the step before; what is past stays unknown.

    Args:
        rows: all rows, those without a value too.
        positions: step of each row on the grid of all series, int64 of shape (n,).
        panel: series laid out from these rows. Leading steps may lack what is known ahead (NaN)
            where the series began earlier.

    Returns:
        The table, and the number of steps carried forward.

    Raises:
        ValueError: for a static covariate that varies within a series or is missing.
    """
    series = pd.Index(panel.ids).get_indexer(pd.Index(rows.ids))[rows.codes]
    starts = panel.frequency.locate(panel.starts, rows.times.min())
    steps = positions - starts[series]
    inside = (series >= 0) & (steps >= 0) & (steps < panel.lengths[series])
    slots = panel.offsets[series] + steps
    future, past = rows.covariates.of("future"), rows.covariates.of("past")
    laid, carried = _carried(_laid(future, slots, inside, panel, whole=True), panel)
    table = CovariateTable(
        laid, _laid(past, slots, inside, panel), static_of(rows, panel), rows.covariates.schema
    )
    return table, carried


def _laid(
    columns: np.ndarray, slots: np.ndarray, inside: np.ndarray, panel: Panel, whole: bool = False
) -> np.ndarray:
    """Rows on their steps, NaN elsewhere; with `whole`, rows that lack no column only."""
    keep = inside & ~np.isnan(columns).any(axis=1) if whole else inside
    laid = np.full((panel.num_rows, columns.shape[1]), np.nan)
    laid[slots[keep]] = columns[keep]
    return laid


def _carried(laid: np.ndarray, panel: Panel) -> tuple[np.ndarray, int]:
    """Each step with the row of the last one of its series that has one, and how many took it."""
    lacking = np.isnan(laid[:, 0]) if laid.shape[1] else np.zeros(0, dtype=bool)
    if not lacking.any():
        return laid, 0
    first = np.repeat(panel.offsets[:-1], panel.lengths)
    source = np.maximum.accumulate(np.where(lacking, first, np.arange(len(laid))))
    return laid[source], int(lacking.sum())


def static_of(rows: Rows, panel: Panel) -> np.ndarray:
    """One row a series, float64 of shape (num_series, num_static).

    Raises:
        ValueError: if a column has two entries within a series, or a number none.
    """
    columns, schema = rows.covariates.of("static"), rows.covariates.schema.static
    found = np.empty((panel.num_series, len(schema)))
    places = pd.Index(rows.ids).get_indexer(pd.Index(panel.ids))
    for position, covariate in enumerate(schema):
        entries = _one_a_series(rows, columns[:, position], covariate)[places]
        missing = np.isnan(entries)
        if covariate.is_categorical:
            entries[missing] = MISSING_LABEL
        elif missing.any():
            raise ValueError(
                f"static covariate {covariate.name!r} is missing in all rows of series "
                f"{panel.ids[int(np.argmax(missing))]!r} ({int(missing.sum())} such series). Give "
                "each series one."
            )
        found[:, position] = entries
    return found


def _one_a_series(rows: Rows, column: np.ndarray, covariate: Covariate) -> np.ndarray:
    """The entry of each series in `rows.ids`, NaN where it has none."""
    known = np.flatnonzero(~np.isnan(column))
    entries, first = np.full(len(rows.ids), np.nan), np.zeros(len(rows.ids), dtype=np.int64)
    entries[rows.codes[known[::-1]]] = column[known[::-1]]  # the first row is written last
    first[rows.codes[known[::-1]]] = known[::-1]
    other = known[column[known] != entries[rows.codes[known]]]
    if len(other):
        row = int(other[0])
        before = int(first[rows.codes[row]])
        raise ValueError(
            f"static covariate {covariate.name!r} varies within series "
            f"{rows.ids[rows.codes[row]]!r}: {shown(column[before], covariate)} at "
            f"{rows.times[before]}, {shown(column[row], covariate)} at {rows.times[row]}. Keep one "
            "of them, or name the column among the future_covariates or the past_covariates."
        )
    return entries


def carried_note(count: int) -> tuple[str, ...]:
    """What was done to steps without covariates, if there were any."""
    if not count:
        return ()
    steps = "1 step takes" if count == 1 else f"{count} steps take"
    return (f"{steps} the covariates of the step before, having none of {_own(count)} own.",)


def _own(count: int) -> str:
    return "its" if count == 1 else "their"
