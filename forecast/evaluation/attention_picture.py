"""The picture of an attention: which past steps the forecast of each step ahead looked at."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from forecast.evaluation.drawing import MUTED, quiet
from forecast.figures import new_figure

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["plot_attention"]

_HUE, _SMALL = "Blues", 8.5


def plot_attention(
    weights: pd.DataFrame,
    series: Any = None,
    *,
    id_col: str = "unique_id",
    time_col: str = "ds",
) -> Figure:
    """A heat map of attention: a row for each step ahead, a column for each step looked at.

    Args:
        weights: output of `Seq2SeqForecaster.explain`.
        series: id of the series to draw; the first one by default.
        id_col: name of the id column.
        time_col: name of the time column.

    Returns:
        A new figure; `figure.savefig("attention.png")` writes it.

    Raises:
        ImportError: if matplotlib is not installed.
        ValueError: for a frame that is no explanation, or a series that is not in it.

    Example:
        >>> import pandas as pd
        >>> rows = {"unique_id": "a", "ds": [4, 4, 5, 5], "attended": [2, 3, 2, 3]}
        >>> frame = pd.DataFrame(rows | {"weight": [0.1, 0.9, 0.7, 0.3]})
        >>> plot_attention(frame).axes[0].get_title(loc="left")
        'What the forecast of a looked at'
    """
    table, name = _table(weights, series, id_col, time_col)
    figure = new_figure(6.4, 3.9)
    axes = figure.subplots()
    quiet(axes, f"What the forecast of {name} looked at")
    axes.grid(visible=False)
    high = float(np.nanmax(table.to_numpy()))
    drawn = axes.pcolormesh(
        _edges(table.columns), _edges(table.index), table.to_numpy(), cmap=_HUE, vmin=0.0, vmax=high
    )
    _show_times(axes, table)
    bar = figure.colorbar(drawn, ax=axes, fraction=0.04, pad=0.02)
    bar.set_label("weight of the step", color=MUTED)
    bar.ax.tick_params(labelsize=_SMALL, colors=MUTED)
    bar.outline.set_visible(False)
    return figure


def _show_times(axes: Axes, table: pd.DataFrame) -> None:
    """Both axes in time, the first step ahead on top."""
    axes.invert_yaxis()
    axes.set_xlabel("step looked at")
    axes.set_ylabel("step forecast")
    if not isinstance(table.columns, pd.DatetimeIndex):
        axes.locator_params(integer=True)
        return
    from matplotlib.dates import AutoDateLocator, ConciseDateFormatter

    for axis, ticks in ((axes.xaxis, 7), (axes.yaxis, 5)):
        locator = AutoDateLocator(maxticks=ticks)
        axis.set_major_locator(locator)
        axis.set_major_formatter(ConciseDateFormatter(locator))


def _table(
    weights: pd.DataFrame, series: Any, id_col: str, time_col: str
) -> tuple[pd.DataFrame, Any]:
    """The weights of one series, steps ahead down and steps looked at across, and its id."""
    needed = [id_col, time_col, "attended", "weight"]
    missing = [name for name in needed if name not in weights]
    if missing or not len(weights):
        raise ValueError(
            f"the output of explain() is expected, with the columns {needed} and some rows; "
            f"got {len(weights)} rows of {list(weights.columns)}."
        )
    ids = weights[id_col].unique()
    name = ids[0] if series is None else series
    if name not in ids:
        raise ValueError(f"series {name!r} is not among those explained: {list(ids[:5])}.")
    part = weights[weights[id_col] == name]
    return part.pivot(index=time_col, columns="attended", values="weight"), name


def _edges(times: pd.Index) -> Any:
    """Where the cells of steps begin and end: halfway between them."""
    if len(times) == 1:
        half = pd.Timedelta("12h") if isinstance(times, pd.DatetimeIndex) else 0.5
        return pd.Index([times[0] - half, times[0] + half])
    gaps = (times[1:] - times[:-1]) / 2
    inner = times[:-1] + gaps
    return inner.insert(0, times[0] - gaps[0]).append(pd.Index([times[-1] + gaps[-1]]))
