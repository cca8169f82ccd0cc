"""The picture of a split: what is known and what is scored at each origin of each series."""

from __future__ import annotations

from textwrap import fill
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from forecast.evaluation.drawing import INK, MUTED, RULE, axis_values, concise_dates, quiet
from forecast.evaluation.formatting import counted, split_words
from forecast.pipelines import Origins, Panel, Split

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["draw_origins", "picture_height", "segments"]

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
    bands = np.arange(panel.num_series) * (number + 1.0)
    lanes = bands + np.arange(number)[:, None]
    for name, (first, last) in segments(panel, origins).items():
        shown = first < last
        left, right = (_edges(panel, steps, shown) for steps in (first, last))
        if shown.any():
            axes.barh(lanes[shown], right - left, _HEIGHT, left, color=_COLOURS[name], label=name)
    if split.of_calendar:
        _draw_moments(axes, panel, origins)
    words = f"{counted(number, 'origin')} {counted(origins.step_size, 'step')} apart, "
    words += f"{counted(origins.horizon, 'step')} ahead{split_words(split)}"
    quiet(axes, fill(words, _WIDEST_TITLE), pad=22.0)
    axes.grid(visible=False)
    axes.set_yticks(bands + (number - 1) / 2.0, [str(name) for name in panel.ids])
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
