"""The table of a backtest: a row for each series, origin and step ahead."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from forecast import engine
from forecast.backtesting.plan import Plan

__all__ = ["Table", "origin_frame"]

_CUTOFF = "cutoff"
_ROWS_OF_A_PIECE = 65_536


@dataclass(frozen=True, eq=False)
class Table:
    """Columns of known length that are filled origin by origin, where they lie.

    Nothing is copied on the way to the frame: what a backtest takes beside it does not grow with
    the number of origins.

    Args:
        keys: id, time, cutoff and actual value of each row.
        values: forecasts, limits and scores by column name, `(num_rows,)`.
        offsets: first row of each origin, and the number of rows, `(num_windows + 1,)`.
    """

    keys: dict[str, Any]
    values: dict[str, NDArray]
    offsets: NDArray

    @staticmethod
    def of_plan(plan: Plan, names: Iterable[str]) -> Table:
        """The table of a plan, with `names` still to be filled."""
        counts = (plan.origins.ends >= 0).sum(axis=1) * plan.origins.horizon
        offsets = np.concatenate([[0], np.cumsum(counts)])
        keys = _keys(plan, offsets)
        return Table(keys, {name: np.empty(offsets[-1]) for name in names}, offsets)

    def fill(self, window: int, columns: Mapping[str, NDArray]) -> None:
        """Put in what was forecast at an origin, each column `(num_rows, horizon)`."""
        rows = slice(self.offsets[window], self.offsets[window + 1])
        for name, values in columns.items():
            self.values[name][rows] = values.ravel()

    def frame(self) -> pd.DataFrame:
        """All of it as a frame, which takes over the memory of the columns."""
        return pd.DataFrame({**self.keys, **self.values}, copy=False)


def origin_frame(plan: Plan, window: int, columns: Mapping[str, NDArray]) -> pd.DataFrame:
    """The rows of one origin as a frame of their own.

    Args:
        plan: data and origins.
        window: number of the origin.
        columns: forecasts, limits and scores by column name, each `(num_rows, horizon)`.
    """
    part = plan.origins.windows(slice(window, window + 1))
    one = Plan(plan.reading, part, plan.split)
    keys = _keys(one, np.array([0, (part.ends >= 0).sum() * part.horizon]))
    flat = {name: values.ravel() for name, values in columns.items()}
    return pd.DataFrame({**keys, **flat}, copy=False)


def _keys(plan: Plan, offsets: NDArray) -> dict[str, Any]:
    """Id, time, cutoff and actual value of each row of a table."""
    panel, origins, columns = plan.reading.panel, plan.origins, plan.reading.layout.columns
    ids = _repeated_ids(plan, offsets)  # first: on the way they take twice their room
    times, cutoffs = np.empty((2, offsets[-1]), dtype=_whole_numbers(panel.starts).dtype)
    actual = np.empty(offsets[-1])
    for window, (first, last) in enumerate(pairwise(offsets)):
        rows, part = plan.rows(window), slice(first, last)
        known = origins.ends[window][rows]
        times[part] = _stamps(panel, rows, known + origins.gap, origins.horizon)
        cutoffs[part] = _stamps(panel, rows, known - 1, 1).repeat(origins.horizon)
        actual[part] = engine.following(panel, known + origins.gap, origins.horizon, rows).ravel()
    return {
        columns.id: ids,
        columns.time: _as_times(times, panel.starts),
        _CUTOFF: _as_times(cutoffs, panel.starts),
        columns.target: actual,
    }


def _repeated_ids(plan: Plan, offsets: NDArray) -> Any:
    """The id of each row, gathered piece by piece."""
    codes = np.empty(offsets[-1], dtype=np.int32)
    for window, (first, last) in enumerate(pairwise(offsets)):
        codes[first:last] = plan.rows(window).repeat(plan.origins.horizon)
    distinct = pd.Series(plan.reading.panel.ids)
    pieces = [
        pd.Series(
            distinct.array.take(codes[first : first + _ROWS_OF_A_PIECE]), dtype=distinct.dtype
        )
        for first in range(0, len(codes), _ROWS_OF_A_PIECE)
    ]
    return pd.concat(pieces).array


def _stamps(panel: Any, rows: NDArray, known: NDArray, number: int) -> NDArray:
    """`number` times of each series from step `known` on, as whole numbers."""
    steps = known[:, None] + np.arange(number)
    starts = panel.starts.take(rows).repeat(number)
    return _whole_numbers(panel.frequency.shift(starts, steps.ravel()))


def _whole_numbers(times: pd.Index) -> NDArray:
    return times.asi8 if isinstance(times, pd.DatetimeIndex) else times.to_numpy()


def _as_times(stamps: NDArray, like: pd.Index) -> Any:
    """Whole numbers as times of the kind of `like`; nothing is copied."""
    if not isinstance(like, pd.DatetimeIndex):
        return stamps
    times = pd.DatetimeIndex(stamps.view(f"datetime64[{like.unit}]"))
    return times if like.tz is None else times.tz_localize("UTC").tz_convert(like.tz)
