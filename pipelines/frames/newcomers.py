"""Series of which no value is known yet: what is static of them, and where they begin."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pandas as pd

from ..calendar.frequency import Frequency
from ..columns import Columns, CovariateColumns
from ..panel import Panel
from .frame import polars_frame, read_frame
from .layout import from_polars


def read_newcomers(data: Any, columns: Columns, frequency: Frequency, start: Any) -> Panel:
    """Read a frame of one row a series that begins later.

    Args:
        data: pandas or polars frame with the id and the static columns, one row a series, and
            the time column for the first step of each, if they do not all begin at `start`.
        columns: names.
        frequency: distance between two steps.
        start: time of the first step where the frame has no time column.

    Returns:
        A panel in which each series has one step, its first, with the value 0 in place of one
        that nobody knows, and static covariates as read.

    Raises:
        TypeError: if `data` is no frame.
        ValueError: for no rows, a missing column, two rows of one series, or an entry that cannot
            be used.

    Example:
        >>> data = pd.DataFrame({"unique_id": ["a", "b"], "kind": ["x", "z"]})
        >>> columns = Columns(more=CovariateColumns(static=["kind"]))
        >>> read_newcomers(data, columns, Frequency(1), 7).starts.tolist()
        [7, 7]
    """
    static: Any = columns.more.static
    needed = [columns.id, *static]
    frame: Any = data if isinstance(data, pd.DataFrame) else polars_frame(data)
    present = list(frame.columns)
    missing = [name for name in needed if name not in present]
    if missing:
        raise ValueError(
            f"static_df lacks the column {missing[0]!r}; it has "
            f"{', '.join(map(repr, present[:10]))}. Give one row a series with the columns "
            f"{needed}, as named in fit, and {columns.time!r} for the first step of each."
        )
    kept = [*needed, columns.time] if columns.time in present else needed
    rows = frame[kept].copy() if isinstance(data, pd.DataFrame) else from_polars(frame, kept)
    _refuse_twice(rows, columns)
    if columns.time not in present:
        rows[columns.time] = start
    rows[columns.target] = 0.0
    plain = replace(columns, future=(), more=CovariateColumns(static=static))
    return read_frame(rows, plain, frequency.alias).panel


def _refuse_twice(rows: pd.DataFrame, columns: Columns) -> None:
    if not len(rows):
        raise ValueError("static_df has no rows; give one row a series.")
    twice = rows[columns.id].duplicated()
    if twice.any():
        raise ValueError(
            f"series {rows[columns.id][twice].iloc[0]!r} has more than one row in static_df, one "
            f"row a series is expected; keep one, for example with "
            f"drop_duplicates({columns.id!r})."
        )
