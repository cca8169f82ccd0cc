"""A look at the data before anything is fitted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from forecast.backtesting.plan import make_plan
from forecast.checks import check_positive_integer
from forecast.pipelines import Columns, DataSummary, Split, check_data, read_frame

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["check", "plot_origins"]

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


def plot_origins(
    df: Any,
    horizon: int,
    *,
    n_windows: int | None = None,
    step_size: int | None = None,
    gap: int = 0,
    max_train_size: int | None = None,
    align: str = "series",
    freq: Any = None,
    id_col: str = "unique_id",
    time_col: str = "ds",
    target_col: str | Sequence[str] = "y",
    max_series: int = 6,
) -> Axes:
    """Picture of the split that `cross_validation` and `compare` make with these arguments.

    A band a series, in it a lane an origin (``=`` known, ``-`` gap, ``>`` scored, ``.`` not used)::

        = = = - > > . . . .         . . = = = - > > . .
        = = = = = - > > . .         . . . . = = = - > >
        = = = = = = = - > >         gap=1, max_train_size=3, n_windows=2
        gap=1, n_windows=3

    Args:
        df: long, wide or single series, as for `cross_validation`.
        horizon: steps scored at each origin, at least 1.
        n_windows: origins; by default as many as fit while at least half of the longest series
            is known at the first, up to 20.
        step_size: steps between origins; the horizon by default.
        gap: steps between the last known one and the first one scored.
        max_train_size: most steps known at an origin; all by default.
        align: "series" counts origins from the end of each series, "calendar" from the latest end.
        freq: pandas alias or integer step; inferred by default.
        id_col: name of the id column.
        time_col: name of the time column.
        target_col: name of the value column, or of several: the channels of each series.
        max_series: most series shown, at least 1; of more, some that are spread evenly.

    Returns:
        Axes of a new figure; `axes.figure.savefig("split.png")` writes it.

    Raises:
        ImportError: if matplotlib is not installed.
        ValueError: for data, horizon or origins that do not work; the message says why.

    Example:
        >>> import forecast as fc
        >>> axes = fc.plot_origins(fc.load_dataset("sunspots"), horizon=5, n_windows=3, gap=2)
        >>> axes.get_title(loc="left")
        '3 origins 5 steps apart, 5 steps ahead after a gap of 2'
    """
    from forecast.evaluation.plots import origins_figure

    check_positive_integer("max_series", max_series)
    columns = Columns.named(id_col, time_col, target_col)
    split = Split(n_windows, step_size, gap, max_train_size, align)
    plan = make_plan(df, columns, horizon, split, freq=freq)
    return origins_figure(plan.reading.panel, plan.origins, split, max_series).axes[0]


def _fit_time(num_rows: int) -> str:
    """How long fitting takes at most, in words."""
    seconds = max(10, round(_SECONDS_PER_ROW * num_rows))
    return f"A network takes about {seconds} s to train by default on 2 cores, a baseline less."
