"""Wide frames: a column for each series, times as the index."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
import pandas as pd

from ..columns import Columns
from .hints import index_fix
from .parsing import parse_numbers, parse_times
from .rows import Rows

# What pandas calls objects that may be numbers.
_NUMBERS = {"boolean", "decimal", "empty", "floating", "integer", "mixed", "mixed-integer-float"}


def is_wide(data: pd.DataFrame, columns: Columns) -> bool:
    """A frame without id and time columns whose index can be time and its columns series."""
    if {columns.id, columns.time} & set(data.columns) or columns.id in data.index.names:
        return False
    has_target, plain = columns.target in data.columns, not _has_labels(data)
    if isinstance(data.index, pd.DatetimeIndex):
        return plain or not has_target
    # Rows that are merely counted are times only where nothing hints at a long frame.
    is_time = plain and not (has_target and is_counted(data.index))
    return pd.api.types.is_any_real_numeric_dtype(data.index.dtype) and is_time


def is_counted(index: pd.Index) -> bool:
    """Whether rows are merely counted from 0."""
    return isinstance(index, pd.RangeIndex) and index.equals(pd.RangeIndex(len(index)))


def counted_note(data: pd.DataFrame) -> tuple[str, ...]:
    """How a wide frame without times was read, in a sentence: a column may be no series."""
    if not is_counted(data.index):
        return ()
    names = ", ".join(map(repr, data.columns[:5])) + (", ..." if data.shape[1] > 5 else "")
    return (f"no id and time columns: rows are counted from 0, and each column ({names}) is a "
            "series. Name the time column (time_col=) or drop a column that is none.",)  # fmt: skip


def _has_labels(data: pd.DataFrame) -> bool:
    """Whether a column holds text, categories or times, as those beside a target do."""
    return any(
        not pd.api.types.is_numeric_dtype(dtype)
        and pd.api.types.infer_dtype(data.iloc[:, i]) not in _NUMBERS
        for i, dtype in enumerate(data.dtypes)
    )


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
    values = _wide_values(data)
    codes = np.repeat(np.arange(len(names)), len(times))
    every = times.take(np.tile(np.arange(len(times)), len(names)))
    return Rows(np.asarray(names, dtype=object), codes, every, values)


def _wide_values(data: pd.DataFrame) -> np.ndarray:
    """Numbers of one column after the other, in new memory."""
    if all(isinstance(dtype, np.dtype) and dtype.kind in "biuf" for dtype in data.dtypes):
        return data.to_numpy(dtype=np.float64).flatten(order="F")

    def place(row: int, name: Any) -> str:
        return f"column {name!r}, time {data.index[row]},"

    columns = enumerate(data.columns)
    read = [parse_numbers(data.iloc[:, i], partial(place, name=name)) for i, name in columns]
    return np.concatenate(read)


def _wide_times(data: pd.DataFrame) -> pd.Index:
    """Times of a wide frame; they must ascend."""
    index = data.index
    is_number = pd.api.types.is_any_real_numeric_dtype(index.dtype)
    if not isinstance(index, pd.DatetimeIndex) and not is_number:
        raise ValueError(
            f"a wide frame or a Series needs a DatetimeIndex or an integer index; got "
            f"{type(index).__name__} of {index.dtype}. Set it: {index_fix(index)}."
        )
    times = parse_times(index, index.name or "index")
    if not times.is_monotonic_increasing:
        odd = int(np.argmax(np.asarray(times[1:] < times[:-1]))) + 1
        raise ValueError(
            f"the index is not sorted: {times[odd]} comes after {times[odd - 1]}, in the columns "
            f"of all series ({', '.join(map(repr, data.columns[:5]))}). Call sort_index()."
        )
    return times
