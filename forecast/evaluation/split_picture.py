"""The picture of a split: what is known and what is scored at each origin of each series."""

from __future__ import annotations

from collections.abc import Sequence
from textwrap import fill
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from forecast.evaluation.backtest import Backtest
from forecast.evaluation.drawing import (
    INK,
    MUTED,
    RULE,
    axis_values,
    concise_dates,
    quiet,
    short_name,
)  # fmt: skip
from forecast.evaluation.formatting import counted, origin_words, split_words
from forecast.evaluation.names import CUTOFF
from forecast.pipelines import Origins, Panel, Split

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["draw_origins", "draw_split", "picture_height", "segments"]

# Okabe and Ito's blue and vermilion stay apart for every eye and in grey.
_COLOURS = {"not used": "#e6eaee", "known": "#0072b2", "gap": "#b9c2cb", "scored": "#d55e00"}
_HEIGHT = 0.82
_WIDEST_TITLE = 76


def segments(panel: Panel, origins: Origins) -> dict[str, tuple[NDArray, NDArray]]:
    """First step, and the step after the last, of each part of each series at each origin.

    Args:
        panel: the series.
        origins: their origins.

    Returns:
        By the name of the part, two arrays of shape (num_windows, num_series); both are equal
        where the part is empty.
    """
    ends, taken = np.maximum(origins.ends, 0), origins.ends >= 0
    starts = np.zeros_like(ends) if origins.starts is None else origins.starts
    scored = np.minimum(ends + origins.gap, panel.lengths)
    after = np.minimum(scored + origins.horizon, panel.lengths)
    parts = {"known": (starts, ends), "gap": (ends, scored), "scored": (scored, after)}
    parts = {name: (first, np.where(taken, last, first)) for name, (first, last) in parts.items()}
    whole = np.broadcast_to(panel.lengths, ends.shape)
    return {"not used": (np.zeros_like(ends), whole), **parts}


def draw_origins(axes: Axes, panel: Panel, origins: Origins, split: Split) -> None:
    """Draws a band a series, in it a lane an origin, the earliest at the top.

    Args:
        axes: where to draw.
        panel: the series.
        origins: their origins.
        split: the settings that they come from.
    """
    number = origins.num_windows
    for name, (first, last) in segments(panel, origins).items():
        shown = first < last
        left, right = (_edges(panel, steps, shown) for steps in (first, last))
        _draw_bars(axes, name, _lanes(panel.num_series, number)[shown], left, right)
    if split.of_calendar:
        _draw_moments(axes, panel, origins)
    words = f"{origin_words(number, origins.step_size)}, "
    words += f"{counted(origins.horizon, 'step')} ahead{split_words(split)}"
    quiet(axes, fill(words, _WIDEST_TITLE), pad=22.0)
    _finish(axes, panel.ids, number)


def draw_split(axes: Axes, backtest: Backtest, history: pd.DataFrame, ids: Sequence[Any]) -> None:
    """Draws the same of a backtest that has been run, from its frames.

    Args:
        axes: where to draw.
        backtest: its forecasts.
        history: of all its series, every step a row.
        ids: the series to draw.
    """
    number, columns = backtest.num_origins, backtest.columns
    lanes = _lanes(len(ids), number)
    for column, name in enumerate(ids):
        times = history.loc[history[columns.id] == name, columns.time].sort_values()
        cutoffs = backtest.frame.loc[backtest.frame[columns.id] == name, CUTOFF]
        cutoffs = axis_values(cutoffs.drop_duplicates().sort_values())
        ends, places = (
            np.searchsorted(axis_values(times), cutoffs, "right"),
            _places(backtest, cutoffs),
        )
        for part, (first, last) in _spans(ends, len(times), backtest).items():
            shown = first < last
            left, right = (_moments(times, steps[shown]) for steps in (first, last))
            _draw_bars(axes, part, lanes[places, column][shown], left, right)
    quiet(axes, "What is known and what is scored", pad=22.0)
    _finish(axes, ids, number)


def _places(backtest: Backtest, cutoffs: NDArray) -> NDArray:
    """Number of each origin of a series among those of all: by its moment, or from its end."""
    if backtest.split.of_calendar:
        moments = axis_values(backtest.frame[CUTOFF].drop_duplicates().sort_values())
        return np.searchsorted(moments, cutoffs)
    return np.arange(backtest.num_origins - len(cutoffs), backtest.num_origins)


def _spans(ends: NDArray, length: int, backtest: Backtest) -> dict[str, tuple[NDArray, NDArray]]:
    """First step, and the step after the last, of each part of one series at each origin."""
    split, most = backtest.split, backtest.split.max_train_size
    starts = np.zeros_like(ends) if most is None else np.maximum(ends - most, 0)
    scored = np.minimum(ends + split.gap, length)
    after = np.minimum(scored + backtest.horizon, length)
    whole = np.full_like(ends, length)
    return {
        "not used": (np.zeros_like(ends), whole), "known": (starts, ends), "gap": (ends, scored),
        "scored": (scored, after),
    }  # fmt: skip


def _moments(times: pd.Series, steps: NDArray) -> NDArray:
    """Where steps begin in time; the end of a series is a step after its last."""
    moments = axis_values(times)
    step = moments[-1:] - moments[-2:-1] if len(moments) > 1 else moments[-1:] - moments[-1:]
    return np.concatenate([moments, moments[-1:] + step])[steps]


def _lanes(num_series: int, num_windows: int) -> NDArray:
    """Height of each origin (row) of each series (column)."""
    return np.arange(num_windows)[:, None] + np.arange(num_series) * (num_windows + 1.0)


def _draw_bars(axes: Axes, name: str, lanes: NDArray, left: NDArray, right: NDArray) -> None:
    if len(lanes):
        known = axes.get_legend_handles_labels()[1]
        label = "" if name in known else name
        axes.barh(lanes, right - left, _HEIGHT, left, color=_COLOURS[name], label=label)


def _finish(axes: Axes, ids: Sequence[Any] | NDArray, num_windows: int) -> None:
    lanes = _lanes(len(ids), num_windows)
    axes.grid(visible=False)
    axes.set_yticks(lanes.mean(axis=0), [short_name(name) for name in ids])
    axes.set_ylim(lanes.max() + 0.7, -0.7)
    concise_dates(axes)
    _add_legend(axes)


def picture_height(num_series: int, num_windows: int) -> float:
    """Height of a figure in inches."""
    return float(np.clip(1.2 + 0.13 * num_series * (num_windows + 1), 2.0, 9.0))


def _edges(panel: Panel, steps: NDArray, shown: NDArray) -> NDArray:
    """Where the steps that are shown begin in time."""
    series = np.nonzero(shown)[1]
    times = panel.frequency.shift(panel.starts.take(series), steps[shown])
    return axis_values(pd.Series(times))


def _draw_moments(axes: Axes, panel: Panel, origins: Origins) -> None:
    """Draws the moment of each origin through all series."""
    one = np.argmax(origins.ends >= 0, axis=1)
    steps = origins.ends[np.arange(origins.num_windows), one]
    for moment in axis_values(pd.Series(panel.frequency.shift(panel.starts.take(one), steps))):
        axes.axvline(moment, color=INK, linewidth=0.7, linestyle=(0, (2, 2)), zorder=3)


def _add_legend(axes: Axes) -> None:
    options: dict[str, Any] = {"frameon": False, "fontsize": 8.5, "labelcolor": MUTED}
    axes.legend(
        loc="lower left", bbox_to_anchor=(-0.01, 0.99), ncols=len(_COLOURS), handlelength=1.2,
        columnspacing=1.4, borderaxespad=0.2, edgecolor=RULE, **options,
    )  # fmt: skip
