"""The picture of forecasts: the end of a history, and what was forecast from its origins."""

from __future__ import annotations

from collections.abc import Hashable
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from forecast.evaluation.drawing import (
    INK,
    RULE,
    TEXT,
    axis_values,
    colours,
    concise_dates,
    contestants,
    quiet,
    short_name,
)  # fmt: skip
from forecast.evaluation.names import CUTOFF
from forecast.evaluation.significance import overlap
from forecast.output import interval_names

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from forecast.evaluation.comparison import Comparison

__all__ = ["draw_forecasts"]


def draw_forecasts(axes: Axes, comparison: Comparison, alias: str, series: Hashable) -> None:
    """Draws the end of the history and the forecasts of the last origins that do not overlap."""
    columns, backtest = comparison.backtest.columns, comparison.backtest
    colour = colours(comparison)[alias]
    rows = backtest.frame[backtest.frame[columns.id] == series].sort_values([CUTOFF, columns.time])
    cutoffs = (
        rows[CUTOFF]
        .drop_duplicates()
        .tolist()[:: -overlap(backtest.horizon, backtest.step_size)][:3]
    )
    history = _history(comparison, series, min(cutoffs))
    axes.plot(
        axis_values(history[columns.time]),
        history[columns.target],
        color=INK,
        linewidth=1.2,
        zorder=4,
        label="actual",
    )
    for number, cutoff in enumerate(cutoffs):
        part = rows[rows[CUTOFF] == cutoff]
        _draw_fan(axes, part, comparison, alias, colour, labelled=number == 0)
        axes.axvline(axis_values(pd.Series([cutoff]))[0], color=RULE, linewidth=1.0, zorder=0)
    shown = rows[rows[CUTOFF].isin(cutoffs)]
    names = list(dict.fromkeys((alias, *contestants(comparison))))
    levels = backtest.levels
    bounds = [name for model in names for level in levels for name in interval_names(model, level)]
    _keep_in_view(axes, [history[columns.target], *(shown[n] for n in names)], shown[bounds])
    concise_dates(axes)
    quiet(axes, short_name(alias), colour, pad=22.0)
    axes.legend(
        loc="lower left",
        bbox_to_anchor=(-0.01, 0.99),
        ncols=2 + len(backtest.levels),
        frameon=False,
        fontsize=TEXT,
        handlelength=1.4,
        columnspacing=1.2,
        borderaxespad=0.2,
    )


def _history(comparison: Comparison, series: Hashable, first_cutoff: Any) -> pd.DataFrame:
    """Actual values from two horizons (at least 24 steps) before the first shown origin."""
    columns = comparison.backtest.columns
    history = comparison.material.history
    rows = history[history[columns.id] == series].sort_values(columns.time)
    known = int((rows[columns.time] <= first_cutoff).sum())
    return rows.iloc[max(known - max(2 * comparison.backtest.horizon, 24), 0) :]


def _draw_fan(
    axes: Axes, part: pd.DataFrame, comparison: Comparison, alias: str, colour: str, labelled: bool
) -> None:
    times = axis_values(part[comparison.backtest.columns.time])
    for rank, level in enumerate(sorted(comparison.backtest.levels, reverse=True)):
        low, high = (part[name] for name in interval_names(alias, level))
        label = f"{level:g} %" if labelled else ""
        shade = min(0.14 + 0.14 * rank, 0.5)
        if len(part) > 1:
            axes.fill_between(times, low, high, color=colour, alpha=shade, linewidth=0, label=label)
        else:
            axes.vlines(times, low, high, color=colour, alpha=2 * shade, linewidth=5, label=label)
    label = "forecast" if labelled else ""
    axes.plot(
        times,
        part[alias],
        "o-" if len(part) == 1 else "-",
        color=colour,
        linewidth=1.8,
        markersize=3.5,
        zorder=5,
        label=label,
    )


def _keep_in_view(axes: Axes, values: list[pd.Series], bounds: pd.DataFrame) -> None:
    """One range for all contestants; wide intervals may leave it, values and forecasts not."""
    centre = np.concatenate([each.to_numpy(np.float64) for each in values])
    extent = np.concatenate([centre, bounds.to_numpy(np.float64).ravel()])
    low, high = np.nanmin(centre), np.nanmax(centre)
    room = 0.5 * (high - low) or 1.0
    bottom, top = max(np.nanmin(extent), low - room), min(np.nanmax(extent), high + room)
    margin = 0.05 * (top - bottom) or 1.0
    axes.set_ylim(bottom - margin, top + margin)
