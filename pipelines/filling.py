"""Gaps of a user's frame, made explicit and filled."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import narwhals.stable.v2 as nw
import numpy as np
import pandas as pd

from .columns import Columns
from .frames.frame import Reading, read_frame
from .frames.panel_frame import panel_frame
from .frames.row_numbers import beside
from .gaps import fill_panel, series_gaps

OBSERVED = "observed"


def fill_gaps(
    df: Any,
    policy: str = "mask",
    *,
    season_length: int | None = None,
    freq: Any = None,
    id_col: str = "unique_id",
    time_col: str = "ds",
    target_col: str | Sequence[str] = "y",
) -> Any:
    """Give each step without a row its row, and fill the gaps between values by a named policy.

    With the last value before a gap at step s, the next one after it at step u, and season m, the
    policies give to step t, with s < t < u::

        mask         y[t] stays missing: the forecasters here take gaps as they are
        forward      y[t] = y[s]
        interpolate  y[t] = y[s] + (y[u] - y[s]) (t - s) / (u - s)
        seasonal     y[t] = y[t - k m], the nearest season before that has a value; if none has,
                     the nearest after; if none of these has, as by interpolate

    **Before a backtest**, mind what a policy sees. "interpolate" looks at the value after the gap,
    and "seasonal" may where no season before has a value. A gap that a cutoff falls into is then
    filled, before the cutoff, with what came after it: the history gives the future away, and
    scores look better than they are. Filled steps are scored, too, as if they had been observed.
    "mask" and "forward" look back only. For scores, leave the gaps.

    Args:
        df: long frame (`unique_id`, `ds`, `y`), wide frame (a column a series) or Series.
        policy: "mask", "forward", "interpolate" or "seasonal".
        season_length: m of "seasonal", at least 1; from the frequency and the data by default.
        freq: pandas alias or integer step; inferred by default.
        id_col: name of the id column.
        time_col: name of the time column.
        target_col: name of the value column, or of several.

    Returns:
        A frame of the shape of `df`, with the id, time and target columns. A long one has the
        column "observed" (bool; "observed_load", ... for several targets): False where the value
        was missing or its row was not there. Rows before the first and after the last value of a
        series are left out: nothing is invented there. All other columns follow, missing in rows
        that were not there. What was done is told in plain sentences in `attrs["notes"]` (pandas).

    Raises:
        ValueError: for a frame that cannot be read, an unknown policy, "seasonal" without a
            season, or a target called "observed".

    Example:
        >>> df = pd.DataFrame({"unique_id": "a", "ds": [1, 2, 4], "y": [10.0, 20.0, 40.0]})
        >>> fill_gaps(df, "interpolate")
          unique_id  ds     y  observed
        0         a   1  10.0      True
        1         a   2  20.0      True
        2         a   3  30.0     False
        3         a   4  40.0      True
    """
    columns = Columns.named(id_col, time_col, target_col)
    reading = read_frame(df, columns, freq)
    panel, filled = fill_panel(reading.panel, policy, season_length)
    notes = (*reading.notes, _note(reading, policy, int(filled.sum())))
    done = Reading(panel, reading.layout, reading.left_out)
    single = reading.layout.kind in ("wide", "series")
    frame = panel_frame(done) if single else _with_observed(done, reading)
    if reading.layout.kind == "long":
        frame, made = beside(df, reading, frame)
        notes = (*notes, *made)
    if isinstance(frame, (pd.DataFrame, pd.Series)):
        frame.attrs["notes"] = notes
    return frame


def _note(reading: Reading, policy: str, filled: int) -> str:
    """What was filled, in a sentence."""
    gaps = series_gaps(reading.panel)
    missing = sum(entry.missing for entry in gaps)
    found = "1 series" if len(gaps) == 1 else f"{len(gaps):,} series"
    steps = "1 step" if missing == 1 else f"{missing:,} steps"
    return f"{filled:,} of {steps} without a value in {found} filled by policy {policy!r}."


def _with_observed(done: Reading, reading: Reading) -> Any:
    """The long frame with a column for each target that says what was observed."""
    columns = reading.layout.columns
    targets = columns.channels or (columns.target,)
    every = np.arange(reading.panel.num_series).reshape(-1, len(targets))
    named = {name: f"{OBSERVED}_{name}" if columns.channels else OBSERVED for name in targets}
    taken = set(named.values()) & {columns.id, columns.time, *targets}
    if taken:
        raise ValueError(f"column {min(taken)!r} is needed for the result; rename it in the frame.")
    flags = {
        named[name]: reading.panel.take(every[:, position]).observed
        for position, name in enumerate(targets)
    }
    frame = panel_frame(done)
    if isinstance(frame, pd.DataFrame):
        return frame.assign(**flags)
    added = [nw.new_series(name, flag, backend="polars") for name, flag in flags.items()]
    return nw.from_native(frame).with_columns(*added).to_native()
