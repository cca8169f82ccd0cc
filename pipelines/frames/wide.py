"""Wide frames: a column for each series, times as the index."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from ..columns import Columns
from .parsing import parse_numbers, parse_times
from .rows import Rows


def is_wide(data: pd.DataFrame, columns: Columns) -> bool:
    """A frame without id and time columns whose index can be time and its columns series."""
    if {columns.id, columns.time} & set(data.columns) or columns.id in data.index.names:
        return False
    if isinstance(data.index, pd.DatetimeIndex):
        return True
    default = isinstance(data.index, pd.RangeIndex) and data.index.equals(pd.RangeIndex(len(data)))
    numeric = all(pd.api.types.is_numeric_dtype(dtype) for dtype in data.dtypes)
    # Rows that are merely counted are times only where nothing hints at a long frame.
    is_time = not default or (numeric and columns.target not in data.columns)
    return pd.api.types.is_integer_dtype(data.index.dtype) and is_time


def wide_rows(data: pd.DataFrame) -> Rows:
    """The rows of all columns, one column after the other.

    Args:
        data: frame with sorted times as its index.

    Returns:
        Rows of data.shape[1] series.

    Raises:
        ValueError: for a column that occurs twice or holds text, and times that are unsorted.

    Example:
        >>> wide_rows(pd.DataFrame({"a": [1.0, 2.0], "b": [3.0, 4.0]})).values.tolist()
        [1.0, 2.0, 3.0, 4.0]
    """
    times, names = _wide_times(data), data.columns
    if not names.is_unique:
        twice = names[names.duplicated()][0]
        raise ValueError(f"column {twice!r} occurs more than once; keep one for each series.")
    values = [_wide_values(data.iloc[:, i], name) for i, name in enumerate(names)]
    codes = np.repeat(np.arange(len(names)), len(times))
    every = times.take(np.tile(np.arange(len(times)), len(names)))
    return Rows(np.asarray(names, dtype=object), codes, every, np.concatenate(values))


def _wide_values(column: pd.Series, name: Any) -> np.ndarray:
    """Numbers of one column."""
    return parse_numbers(column, lambda row: f"column {name!r}, time {column.index[row]},")


def _wide_times(data: pd.DataFrame) -> pd.Index:
    """Times of a wide frame; they must ascend."""
    index = data.index
    if not isinstance(index, pd.DatetimeIndex) and not pd.api.types.is_integer_dtype(index.dtype):
        raise ValueError(
            f"a wide frame or a Series needs a DatetimeIndex or an integer index; got "
            f"{type(index).__name__} of {index.dtype}. Set it: df.index = pd.to_datetime(df.index)."
        )
    times = parse_times(index, index.name or "index")
    if not times.is_monotonic_increasing:
        odd = int(np.argmax(np.asarray(times[1:] < times[:-1]))) + 1
        raise ValueError(
            f"the index is not sorted: {times[odd]} comes after {times[odd - 1]}, in the columns "
            f"of all series ({', '.join(map(repr, data.columns[:5]))}). Call sort_index()."
        )
    return times
