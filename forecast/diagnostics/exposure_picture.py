"""The picture of exposure bias: both errors at each step ahead, and their ratio."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from forecast.evaluation.drawing import INK, by_step, draw_lines, hues_of, label_ends, quiet
from forecast.figures import new_figure

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["exposure_figure"]

_FED = ", forced"


def exposure_figure(table: pd.DataFrame) -> Figure:
    """Errors at the left, teacher-forced ones dashed; their ratio at the right.

    Args:
        table: see `ExposureBias`.
    """
    figure = new_figure(11.6, 3.9)
    left, right = figure.subplots(1, 2)
    _draw_errors(left, table)
    _draw_ratios(right, table)
    for axes in (left, right):
        axes.set_xlabel("steps ahead")
        axes.locator_params(axis="x", integer=True)
        axes.margins(x=0.02)
    return figure


def _draw_errors(axes: Axes, table: pd.DataFrame) -> None:
    """Both errors of each model in one colour."""
    free, fed = by_step(table, "free_running"), by_step(table, "teacher_forced")
    hues = hues_of(free)
    fed.columns = [f"{name}{_FED}" for name in fed.columns]
    hues |= dict(zip(fed.columns, hues.values(), strict=True))
    for values, line in ((free, "-"), (fed, "--")):
        draw_lines(axes, values, line, hues)
    quiet(axes, "Scaled error per step (dashed: teacher-forced)")
    axes.set_ylim(bottom=0.0)
    label_ends(axes, pd.concat([free, fed], axis=1), hues)


def _draw_ratios(axes: Axes, table: pd.DataFrame) -> None:
    """Free-running over teacher-forced error of each model."""
    ratios = by_step(table, "ratio")
    axes.axhline(1.0, color=INK, linewidth=0.9, linestyle=(0, (2, 2)), zorder=1)
    draw_lines(axes, ratios, "-", hues_of(ratios))
    quiet(axes, "Free-running over teacher-forced error")
    label_ends(axes, ratios, hues_of(ratios))
