"""The order of rows by series and time, and the runs of equal series in it, in linear time."""

from __future__ import annotations

from numbers import Real

import numpy as np
import pandas as pd

_DIGIT = 16
_CELLS_PER_ROW = 4


def instants(times: pd.Index) -> np.ndarray:
    """Times as whole numbers that rise with them; time zones count from the same instant.

    Args:
        times: DatetimeIndex or integer Index of shape (n,).

    Returns:
        int64 of shape (n,).

    Example:
        >>> instants(pd.date_range("1970-01-01", periods=2, freq="s", unit="s")).tolist()
        [0, 1]
    """
    return times.asi8 if isinstance(times, pd.DatetimeIndex) else np.asarray(times, dtype=np.int64)


def id_order(ids: np.ndarray) -> np.ndarray:
    """Positions that sort ids: numbers before text where both occur.

    Args:
        ids: different ids, object array of shape (num_series,).

    Returns:
        int64 of shape (num_series,).

    Example:
        >>> id_order(np.array(["b", 5, "a", 2.5], dtype=object)).tolist()
        [3, 1, 2, 0]
    """
    try:
        return np.argsort(ids)
    except TypeError:
        keys = [
            ("", key, "") if isinstance(key, Real) else (type(key).__name__, 0, str(key))
            for key in ids
        ]
        return np.array(sorted(range(len(keys)), key=keys.__getitem__), dtype=np.int64)


def sorting_order(codes: np.ndarray, clock: np.ndarray) -> np.ndarray:
    """Positions that sort rows by series, then by time; equal rows keep their order.

    The same as ``np.lexsort((clock, codes))``, without comparing. Times are counted in their
    greatest common step, which leaves small numbers; series on nearly the same times are then
    put in place at once, others are sorted digit by digit.

    Args:
        codes: int64 of shape (n,), at least 0.
        clock: int64 of shape (n,).

    Returns:
        int64 of shape (n,).

    Example:
        >>> sorting_order(np.array([1, 0, 1]), np.array([5, 7, 3])).tolist()
        [1, 2, 0]
    """
    counts = _counted(clock)
    return _placed(codes, counts) if _is_dense(codes, counts) else _by_digits(codes, counts)


def _is_dense(codes: np.ndarray, counts: np.ndarray) -> bool:
    """Whether a table of all series and times has not many more cells than there are rows."""
    num_series, num_times = (int(key.max(initial=0)) + 1 for key in (codes, counts))
    return num_series * num_times <= _CELLS_PER_ROW * len(codes)


def _placed(codes: np.ndarray, counts: np.ndarray) -> np.ndarray:
    """Rows put into the cells of a table of all series and times, which are then read in turn."""
    num_times = int(counts.max()) + 1
    cells = codes * num_times
    cells += counts.view(np.int64)  # far below 2^63: the table is not much larger than the frame
    narrow = np.int32 if len(codes) <= np.iinfo(np.int32).max else np.int64
    table: np.ndarray = np.full((int(codes.max()) + 1) * num_times, -1, dtype=narrow)
    table[cells] = np.arange(len(codes), dtype=narrow)
    order = table if len(table) == len(codes) and table.min() >= 0 else table[table >= 0]
    return order.astype(np.int64) if len(order) == len(codes) else _by_digits(codes, counts)


def _by_digits(codes: np.ndarray, counts: np.ndarray) -> np.ndarray:
    """Rows sorted by one digit after the other, the least first."""
    order: np.ndarray | None = None
    for key in (counts, codes.astype(np.uint64)):
        for shift in range(0, int(key.max(initial=0)).bit_length(), _DIGIT):
            digit = (key >> np.uint64(shift)).astype(np.uint16)
            # NumPy sorts numbers of 16 bits by counting them.
            by_digit = np.argsort(digit if order is None else digit[order], kind="stable")
            order = by_digit if order is None else order[by_digit]
    return np.arange(len(codes)) if order is None else order


def _counted(clock: np.ndarray) -> np.ndarray:
    """Numbers from 0 in the same order, as small as one step for all allows; uint64."""
    if not len(clock):
        return clock.astype(np.uint64)
    # Differences wrap around, as uint64 they are right for all of int64.
    beyond = clock.astype(np.uint64) - np.uint64(clock.min())
    return beyond // max(np.gcd.reduce(beyond), np.uint64(1))


def runs(codes: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The stretches of equal codes in ascending codes.

    Args:
        codes: ints of shape (n,), ascending.

    Returns:
        The code, the first row and the number of rows of each stretch, each of shape (num_runs,).

    Example:
        >>> [part.tolist() for part in runs(np.array([2, 2, 5]))]
        [[2, 5], [0, 2], [2, 1]]
    """
    changes = np.flatnonzero(codes[1:] != codes[:-1]) + 1
    first = np.concatenate([np.zeros(min(len(codes), 1), dtype=np.int64), changes])
    return codes[first], first, np.diff(first, append=len(codes))
