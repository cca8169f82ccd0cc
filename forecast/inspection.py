"""A look at the data before anything is fitted."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from forecast.checks import check_positive_integer
from forecast.pipelines import Columns, DataSummary, check_data, read_frame

__all__ = ["Inspection", "check"]

_SECONDS_PER_ROW = 60.0 / 100_000


@dataclass(frozen=True)
class Inspection:
    """What `check` found; print it.

    Args:
        data: sizes, frequency, season, odd series, origins.
        most_seconds: wall time that a network takes at most with its default training, on 2 cores.
    """

    data: DataSummary
    most_seconds: float

    def __str__(self) -> str:
        """One fact a line."""
        limit = f"at most {max(self.most_seconds, 1.0):.0f} s for each network on 2 cores"
        return f"{self.data}\n{'time':<10} {limit}; baselines take seconds"


def check(
    df: Any,
    horizon: int,
    *,
    freq: Any = None,
    season_length: int | None = None,
    id_col: str = "unique_id",
    time_col: str = "ds",
    target_col: str = "y",
) -> Inspection:
    """Look at a frame: series, lengths, frequency, season and why, gaps, origins, time to fit.

    Args:
        df: long frame (`unique_id`, `ds`, `y`), wide frame (a column a series) or Series.
        horizon: steps to forecast, at least 1.
        freq: pandas alias or integer step; inferred by default.
        season_length: steps in a season, at least 1; from the frequency and the data by default.
        id_col: name of the id column.
        time_col: name of the time column.
        target_col: name of the value column.

    Returns:
        A summary that prints as one fact a line.

    Raises:
        ValueError: if the frame, the horizon or the season cannot be used; the message says why.

    Example:
        >>> import forecast as fc
        >>> fc.check(fc.load_dataset("co2"), horizon=52).data.season.length
        52
    """
    check_positive_integer("horizon", horizon)
    check_positive_integer("season_length", season_length, optional=True)
    reading = read_frame(df, Columns(id_col, time_col, target_col), freq)
    summary = check_data(reading, horizon, season_length)
    return Inspection(summary, _SECONDS_PER_ROW * reading.panel.num_rows)
