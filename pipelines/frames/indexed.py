"""Frames and Series whose rows are named by a MultiIndex of id and time."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pandas as pd

from ..columns import Columns
from .layout import Layout


def has_levels(data: pd.DataFrame | pd.Series, columns: Columns) -> bool:
    """Whether id and time are looked for in a MultiIndex, being no columns.

    Args:
        data: the user's frame.
        columns: names of the id and time columns.

    Example:
        >>> long = pd.DataFrame({"unique_id": ["a"], "ds": [1], "y": [2.0]})
        >>> has_levels(long, Columns()), has_levels(long.set_index(["unique_id", "ds"]), Columns())
        (False, True)
    """
    if not isinstance(data.index, pd.MultiIndex):
        return False
    return isinstance(data, pd.Series) or not {columns.id, columns.time} & set(data.columns)


def from_levels(data: pd.DataFrame | pd.Series, columns: Columns) -> tuple[pd.DataFrame, Columns]:
    """The long frame of one with a MultiIndex, and its names.

    Args:
        data: frame or Series with an index of two levels, id and time, in this order; the values
            of a Series are the target.
        columns: names; those of the levels replace the id's and the time's where they have names.

    Returns:
        The frame with the levels as columns, and the names of its columns.

    Raises:
        ValueError: if the index has not two levels, the time comes first, or a level has the name
            of a column.

    Example:
        >>> index = pd.MultiIndex.from_tuples([("a", 1), ("a", 2)], names=["shop", None])
        >>> frame, columns = from_levels(pd.Series([3.0, 4.0], index=index), Columns())
        >>> list(frame.columns), columns.names
        (['shop', 'ds', 'y'], ('shop', 'ds', 'y'))
    """
    _require_two_levels(data.index, columns)
    named = zip(data.index.names, (columns.id, columns.time), strict=True)
    levels: list[Any] = [default if name is None else name for name, default in named]
    frame = data.to_frame(columns.target) if isinstance(data, pd.Series) else data
    for level in levels:
        if level in frame.columns:
            raise ValueError(
                f"{level!r} is a level of the index and a column too; rename one of them, for "
                f"example with df.rename_axis(['id', 'time'])."
            )
    return frame.reset_index(names=levels), replace(columns, id=levels[0], time=levels[1])


def _require_two_levels(index: Any, columns: Columns) -> None:
    """Refuse another number of levels, and the time before the id."""
    names = list(index.names)
    if index.nlevels != 2:
        raise ValueError(
            f"the index has {index.nlevels} levels {names}; two are expected, id and time. Join "
            "the levels that make the id into one, or call reset_index() and say which columns to "
            "use (id_col=, time_col=, target_col=)."
        )
    dates = [isinstance(level, pd.DatetimeIndex) for level in index.levels]
    if dates == [True, False] or names[0] == columns.time or names[1] == columns.id:
        raise ValueError(
            f"the index has the levels {names}: the time comes before the id. Call swaplevel()."
        )


def with_levels(layout: Layout, data: pd.DataFrame | pd.Series) -> Layout:
    """The layout of a long frame that was made of `data` by `from_levels`."""
    index: Any = data.index
    levels = tuple(index.names)
    # reset_index makes text of a level of objects.
    layout = replace(layout, id_dtype=index.levels[0].dtype)
    if isinstance(data, pd.Series):
        return replace(layout, kind="series", names=pd.Index([data.name]), levels=levels)
    return replace(layout, levels=levels)
