"""Covariates: numbers that are known ahead, read beside the values and laid on the same steps."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from .columns import Columns
from .parsing import parse_numbers

if TYPE_CHECKING:
    from .panel import Panel
    from .rows import Rows


def require_covariates(present: list[Any], columns: Columns) -> None:
    """Refuse a long frame that lacks a covariate or has one twice.

    Args:
        present: columns of the frame.
        columns: names that were asked for.

    Raises:
        ValueError: naming the covariate.
    """
    for name in columns.future:
        if present.count(name) > 1:
            raise ValueError(f"covariate {name!r} occurs {present.count(name)} times; keep one.")
        if name not in present:
            raise ValueError(
                f"missing covariate {name!r}; the frame has "
                f"{', '.join(map(repr, present[:10]))}. Every frame needs the columns that fit "
                "was given as future_covariates."
            )


def refuse_wide_covariates(columns: Columns, shape: str) -> None:
    """Refuse covariates for a frame whose columns are all series.

    Args:
        columns: names that were asked for.
        shape: what the user gave, in words.

    Raises:
        ValueError: saying which long frame to give.
    """
    if columns.future:
        raise ValueError(
            f"future covariates {list(columns.future)} need a long frame; got {shape}, whose "
            f"columns are series. Give a frame with the columns {list(columns.all_names)}, for one "
            f"series df.rename_axis({columns.time!r}).reset_index().assign({columns.id}='name')."
        )


def read_covariates(
    data: pd.DataFrame, columns: Columns, values: np.ndarray, place: Callable[[str, int], str]
) -> np.ndarray:
    """The covariates of all rows, float64 of shape (n, num_covariates).

    Args:
        data: long frame with the columns.
        columns: names.
        values: the target of each row, NaN where missing, shape (n,).
        place: says in words where a column and a row stand, for messages.

    Returns:
        Numbers; NaN only where the target is missing too.

    Raises:
        ValueError: for text, infinity, or a covariate missing where the target is known.
    """
    covariates = np.empty((len(values), len(columns.future)))
    for position, name in enumerate(columns.future):
        column = parse_numbers(data[name], partial(place, name))
        refuse_infinite(column, partial(place, name))
        missing = np.isnan(column) & ~np.isnan(values)
        if missing.any():
            raise ValueError(
                f"covariate missing: {place(name, int(np.argmax(missing)))} is empty in "
                f"{int(missing.sum())} rows that have a value of {columns.target!r}. Fill it, for "
                f"example df[{name!r}] = df.groupby({columns.id!r})[{name!r}].ffill(), or make "
                f"{columns.target!r} missing there."
            )
        covariates[:, position] = column
    return covariates


def refuse_infinite(column: np.ndarray, place: Callable[[int], str]) -> None:
    """Refuse infinity in a covariate.

    Raises:
        ValueError: naming column, series and time.
    """
    infinite = np.isinf(column)
    if infinite.any():
        raise ValueError(
            f"{place(int(np.argmax(infinite)))} is infinite; give a number that the model can use."
        )


def leading_rows(rows: Rows, has_value: np.ndarray, begun: Any) -> np.ndarray:
    """Rows before the first value of a series that began earlier, with covariates to keep.

    Args:
        rows: sorted rows.
        has_value: whether each row has a value, bool of shape (n,).
        begun: ids of series whose earlier steps were seen already.

    Returns:
        bool of shape (n,).
    """
    known = ~np.isnan(rows.covariates).any(axis=1)
    first = np.full(len(rows.ids), -1)
    at = np.flatnonzero(has_value)[::-1]
    first[rows.codes[at]] = at
    is_begun = pd.Index(rows.ids).isin(pd.Index(begun))
    earlier = np.arange(len(has_value)) < first[rows.codes]
    return known & earlier & is_begun[rows.codes]


def lay_covariates(rows: Rows, positions: np.ndarray, panel: Panel) -> tuple[np.ndarray, int]:
    """Covariates on the steps of a panel; a step without them takes those of the step before.

    Args:
        rows: all rows, those without a value too.
        positions: step of each row on the grid of all series, int64 of shape (n,).
        panel: series laid out from these rows; the first step of each has covariates.

    Returns:
        float64 of shape (total_steps, num_covariates), and the number of steps carried forward.
    """
    series = pd.Index(panel.ids).get_indexer(pd.Index(rows.ids))[rows.codes]
    known = ~np.isnan(rows.covariates).any(axis=1) & (series >= 0)
    starts = panel.frequency.locate(panel.starts, rows.times.min())
    steps = positions - starts[series]
    inside = known & (steps >= 0) & (steps < panel.lengths[series])
    laid = np.full((panel.num_rows, rows.covariates.shape[1]), np.nan)
    laid[(panel.offsets[series] + steps)[inside]] = rows.covariates[inside]
    carried = np.isnan(laid[:, 0])
    source = np.maximum.accumulate(np.where(carried, 0, np.arange(len(laid))))
    return (laid[source] if carried.any() else laid), int(carried.sum())


def carried_note(count: int) -> tuple[str, ...]:
    """What was done to steps without covariates, if there were any."""
    if not count:
        return ()
    steps = "1 step takes" if count == 1 else f"{count} steps take"
    return (f"{steps} the covariates of the step before, having none of {_own(count)} own.",)


def _own(count: int) -> str:
    return "its" if count == 1 else "their"
