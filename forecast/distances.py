"""Steps between times of one grid, and times put among others."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from forecast.pipelines import Frequency

__all__ = ["distances", "in_zone_of", "with_entries"]


def distances(frequency: Frequency, origins: pd.Index, times: pd.Index) -> NDArray:
    """Steps from each origin to each time, negative where it lies before.

    Args:
        frequency: distance between two steps.
        origins: times, `(n,)`; at least one.
        times: times on the grid of their origin, `(n,)`.

    Returns:
        `(n,)`.

    Raises:
        ValueError: if a time does not lie on the grid of its origin.

    Example:
        >>> distances(Frequency(2), pd.Index([5, 6]), pd.Index([1, 8])).tolist()
        [-2, 1]
    """
    first = min(origins.min(), times.min())
    before, after = frequency.locate(origins, first), frequency.locate(times, first)
    if (before >= 0).all() and (after >= 0).all():
        return after - before
    # Series on grids of their own, such as every second day from an odd or an even one.
    pairs: list[tuple[Any, Any]] = list(zip(origins, times, strict=True))
    steps = {pair: _distance(frequency, *pair) for pair in set(pairs)}
    return np.array([steps[pair] for pair in pairs], dtype=np.int64)


def _distance(frequency: Frequency, origin: Any, time: Any) -> int:
    if time < origin:
        return -int(frequency.position(pd.Index([origin]), time)[0])
    return int(frequency.position(pd.Index([time]), origin)[0])


def with_entries(times: pd.Index, rows: NDArray, entries: pd.Index) -> pd.Index:
    """A copy of `times` in which `rows` hold `entries`, in the time zone of the others.

    Args:
        times: `(n,)`.
        rows: positions, `(m,)`.
        entries: `(m,)`.

    Example:
        >>> with_entries(pd.Index([5, 6, 7]), np.array([1]), pd.Index([9])).tolist()
        [5, 9, 7]
    """
    source = np.arange(len(times))
    source[rows] = len(times) + np.arange(len(rows))
    return times.append(in_zone_of(times, entries)).take(source)


def in_zone_of(times: pd.Index, entries: pd.Index) -> pd.Index:
    """The same moments as `entries`, in the time zone of `times`."""
    zone = getattr(times, "tz", None)
    return entries if zone is None else pd.DatetimeIndex(entries).tz_convert(zone)
