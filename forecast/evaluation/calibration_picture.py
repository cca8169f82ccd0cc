"""The picture of a calibration: coverage per step ahead beside what it costs in width."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from forecast.evaluation.calibration import calibration
from forecast.evaluation.drawing import (
    INK,
    MUTED,
    by_step,
    draw_lines,
    hues_of,
    label_ends,
    quiet,
)
from forecast.evaluation.formatting import counted
from forecast.figures import new_figure

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["plot_calibration"]

_SMALL: dict[str, Any] = {"fontsize": 8.5, "color": MUTED}
# The normal quantile of a 95 % band.
_BAND = 1.96
_LINES = ("-", "--", "-.", ":")


def plot_calibration(
    cv: Any, *, id_col: str = "unique_id", time_col: str = "ds", target_col: str = "y"
) -> Figure:
    """Coverage at each step ahead against the level, and CRPS or widths beside it.

    A grey band holds the coverage of calibrated intervals in 95 of 100 cases, were all values
    that are counted independent: `level +- 1.96 sqrt(level (100 - level) / count)`. Origins that
    overlap, or series that move together, tell less than their number.

    Args:
        cv: output of `cross_validation(..., level=)`, with `num_paths=` for the CRPS.
        id_col: name of the id column.
        time_col: name of the time column.
        target_col: name of the value column.

    Returns:
        A new figure; `figure.savefig("calibration.png")` writes it.

    Raises:
        ImportError: if matplotlib is not installed.
        ValueError: as of `calibration`.

    Example:
        >>> import forecast as fc
        >>> df = fc.load_dataset("sunspots")
        >>> cv = fc.cross_validation(fc.AR(lags=9), df, horizon=4, n_windows=5, level=[80, 95])
        >>> [axes.get_title(loc="left") for axes in plot_calibration(cv).axes]
        ['Coverage per step ahead, %', 'Width per step ahead']
    """
    table = calibration(cv, id_col=id_col, time_col=time_col, target_col=target_col)
    panels = [_draw_coverage, _draw_widths] if _levels(table) else []
    panels += [_draw_crps] if "CRPS" in table else []
    figure = new_figure(1.0 + 4.7 * len(panels), 3.9)
    for axes, draw in zip(np.ravel(figure.subplots(1, len(panels))), panels, strict=True):
        draw(axes, table)
        axes.set_xlabel("steps ahead")
        axes.locator_params(axis="x", integer=True)
        axes.margins(x=0.02)
    return figure


def _draw_coverage(axes: Axes, table: pd.DataFrame) -> None:
    """Coverage of each model and level, on the band of what is calibrated."""
    steps = table.groupby("step")["count"].max()
    for level, line in _styles(table).items():
        band = _BAND * np.sqrt(level * (100.0 - level) / steps.clip(lower=1))
        low, high = level - band, (level + band).clip(upper=100.0)
        axes.fill_between(steps.index, low, high, color=MUTED, alpha=0.16, linewidth=0)
        axes.axhline(level, color=INK, linewidth=0.9, linestyle=(0, (2, 2)), zorder=1)
        draw_lines(axes, by_step(table, f"coverage {level:g} %"), line)
    quiet(axes, "Coverage per step ahead, %")
    axes.set_ylim(top=min(100.0, axes.get_ylim()[1]) + 0.3)
    values = f"{counted(int(steps.max()), 'value')} a step"
    axes.text(0.01, 0.015, f"grey: calibrated, {values}", **_SMALL, transform=axes.transAxes)
    last = by_step(table, f"coverage {_levels(table)[0]:g} %")
    label_ends(axes, last, hues_of(last))


def _draw_widths(axes: Axes, table: pd.DataFrame) -> None:
    """Mean width of each model, a kind of line a level, the widest level on top."""
    styles = _styles(table)
    for level, line in styles.items():
        draw_lines(axes, by_step(table, f"width {level:g} %"), line)
        axes.plot([], [], line, color=MUTED, label=f"{level:g} %")
    quiet(axes, "Width per step ahead")
    axes.set_ylim(bottom=0.0, top=1.15 * axes.get_ylim()[1])  # the legend stands above the lines
    words = {"frameon": False, "fontsize": 8.5, "labelcolor": MUTED, "ncols": len(styles)}
    axes.legend(loc="upper left", **words)
    widest = by_step(table, f"width {max(styles):g} %")
    label_ends(axes, widest, hues_of(widest))


def _draw_crps(axes: Axes, table: pd.DataFrame) -> None:
    """CRPS of each model."""
    scores = by_step(table, "CRPS")
    draw_lines(axes, scores, "-")
    quiet(axes, "CRPS per step ahead")
    axes.set_ylim(bottom=0.0)
    label_ends(axes, scores, hues_of(scores))


def _levels(table: pd.DataFrame) -> list[float]:
    names = [name for name in table.columns if str(name).startswith("coverage ")]
    return sorted(float(name.split()[1]) for name in names)


def _styles(table: pd.DataFrame) -> dict[float, str]:
    """Kind of line of each level, the widest first and drawn through."""
    levels = _levels(table)[::-1]
    return dict(zip(levels, _LINES * len(levels), strict=False))
