"""A look at the data before anything is fitted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from forecast.checks import check_positive_integer
from forecast.pipelines import Columns, DataSummary, check_data, read_frame

__all__ = ["check"]

# What the default training of a network costs at most on 2 cores.
_SECONDS_PER_ROW = 60.0 / 100_000


def check(
    df: Any,
    horizon: int,
    *,
    freq: Any = None,
    season_length: int | None = None,
    id_col: str = "unique_id",
    time_col: str = "ds",
    target_col: str | Sequence[str] = "y",
) -> DataSummary:
    """Look at a frame: series, lengths, frequency, season and why, gaps, origins, time to fit.

    Args:
        df: long frame (`unique_id`, `ds`, `y`), wide frame (a column a series) or Series.
        horizon: steps to forecast, at least 1.
        freq: pandas alias or integer step; inferred by default.
        season_length: steps in a season, at least 1; from the frequency and the data by default.
        id_col: name of the id column.
        time_col: name of the time column.
        target_col: name of the value column, or of several: the channels of each series.

    Returns:
        A summary that prints as one fact a line; its last note is the time that fitting takes.

    Raises:
        ValueError: if the frame, the horizon or the season cannot be used; the message says why.

    Example:
        >>> import forecast as fc
        >>> fc.check(fc.load_dataset("co2"), horizon=52).season.length
        52
    """
    check_positive_integer("horizon", horizon)
    check_positive_integer("season_length", season_length, optional=True)
    reading = read_frame(df, Columns.named(id_col, time_col, target_col), freq)
    summary = check_data(reading, horizon, season_length)
    return replace(summary, notes=(*summary.notes, _fit_time(reading.panel.num_rows)))


def _fit_time(num_rows: int) -> str:
    """How long fitting takes at most, in words."""
    seconds = max(10, round(_SECONDS_PER_ROW * num_rows))
    return f"A network takes about {seconds} s to train by default on 2 cores, a baseline less."
