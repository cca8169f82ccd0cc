"""The steps between what was seen of a series and newer rows of it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from ..panel import Panel
from .calendar_features import with_calendar


def with_gaps(panel: Panel, gaps: np.ndarray, carried: np.ndarray, calendar: Any = ()) -> Panel:
    """Newer rows of series, after the steps without a row that lie before them.

    Args:
        panel: the rows, with encoded covariates.
        gaps: steps before each series, int of shape (num_series,).
        carried: what was known ahead at the last step seen, shape (num_series, num_covariates):
            it stands at the gaps, and where the first rows lack it (NaN).
        calendar: features that are computed of every step, and not carried.

    Returns:
        The panel with the gaps as steps without a value; past covariates are unknown there.

    Example:
        >>> import pandas as pd
        >>> from ..calendar.frequency import Frequency
        >>> rows = Panel(np.array(["a"], object), np.ones(1), np.array([0, 1]), pd.Index([5]),
        ...              Frequency(1))
        >>> with_gaps(rows, np.array([2]), np.zeros((1, 0))).values
        array([nan, nan,  1.])
    """
    lengths = panel.lengths + gaps
    offsets = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
    moved = np.arange(panel.num_rows) + np.repeat(
        offsets[:-1] + gaps - panel.offsets[:-1], panel.lengths
    )
    table, total = panel.covariates, int(offsets[-1])
    values, past = np.full(total, np.nan), np.full((total, table.past.shape[1]), np.nan)
    values[moved], past[moved] = panel.values, table.past
    future = np.repeat(carried, lengths, axis=0)
    future[moved] = np.where(np.isnan(table.future), future[moved], table.future)
    led = Panel(
        panel.ids, values, offsets, panel.frequency.shift(panel.starts, -gaps), panel.frequency,
        replace(table, future=future, past=past), panel.num_channels,
    )  # fmt: skip
    return with_calendar(led, calendar)
