"""Pictures of the networks: how much of them is linear, and how they learned."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from forecast.evaluation.drawing import (
    INK,
    LINEAR_COLOURS,
    NETWORK_COLOURS,
    RULE,
    TEXT,
    colours,
    quiet,
    short_name,
)  # fmt: skip
from forecast.evaluation.error_picture import legend_above

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from forecast.evaluation.comparison import Comparison

__all__ = ["best_checks", "draw_curves", "draw_linear_shares", "first_seeds"]

_DASHES = ("-", "--", "-.", ":")


def draw_linear_shares(axes: Axes, shares: pd.DataFrame) -> None:
    """Draws a bar a network: its linear part, then its correction."""
    rows = np.arange(len(shares))
    linear, correction = shares["linear %"].to_numpy(), shares["correction %"].to_numpy()
    axes.barh(rows, linear, 0.62, color=LINEAR_COLOURS[0], label="linear part")
    axes.barh(
        rows, correction, 0.62, linear, color=NETWORK_COLOURS[0], hatch="///", edgecolor="white",
        label="correction",
    )  # fmt: skip
    for row, share in enumerate(linear):
        inside = share > 25.0
        axes.text(
            1.0 if inside else share + 2.0, row, f"{share:.0f} % linear", fontsize=TEXT,
            va="center", color="white" if inside else INK,
            bbox=None if inside else {"facecolor": "white", "edgecolor": "none", "pad": 1.0},
        )  # fmt: skip
    quiet(axes, "What the networks' forecasts are made of", pad=22.0)
    axes.grid(visible=False)
    axes.set_xlim(0.0, 100.0)
    axes.set_xlabel("% of the way from the last known value")
    axes.set_yticks(rows, [short_name(name) for name in shares["model"]])
    axes.set_ylim(max(len(shares), 1) - 0.5, -0.5)
    legend_above(axes, 2)


def draw_curves(upper: Axes, lower: Axes, comparison: Comparison) -> None:
    """Draws the training loss above the error on held-out origins; a ring is what was kept."""
    hues, curves = colours(comparison), first_seeds(comparison, comparison.run.curves)
    for place, (name, curve) in enumerate(curves.groupby("model", sort=False)):
        colour = hues.get(str(name), NETWORK_COLOURS[place % len(NETWORK_COLOURS)])
        line = _DASHES[place % len(_DASHES)]
        for axes, column in ((upper, "loss"), (lower, "validation")):
            axes.plot(
                curve["step"], curve[column], line, color=colour, linewidth=1.8, marker=".",
                label=short_name(name),
            )  # fmt: skip
        kept = best_checks(curve)
        if len(kept):
            lower.plot(
                kept["step"], kept["validation"], "o", color=colour, markersize=9.0,
                fillstyle="none", markeredgewidth=1.6,
            )  # fmt: skip
    quiet(upper, "Training: loss on single steps", pad=22.0)
    quiet(lower, "Validation: MASE of whole forecasts")
    lower.set_xlabel("weight updates")
    lower.locator_params(axis="x", integer=True)
    for axes in (upper, lower):
        axes.locator_params(axis="y", nbins=4)
        axes.grid(axis="y", color=RULE)
    legend_above(upper, 3)


def first_seeds(comparison: Comparison, frame: pd.DataFrame) -> pd.DataFrame:
    """The rows of a frame with a ``model`` that are not of a further seed of one."""
    further = {name for names in comparison.backtest.replicates.values() for name in names}
    return frame[~frame["model"].isin(list(further))] if len(frame) else frame


def best_checks(curves: pd.DataFrame) -> pd.DataFrame:
    """The check of each network whose weights were kept: the lowest validation error."""
    known = curves.dropna(subset=["validation"])
    return curves.loc[known.groupby("model", sort=False)["validation"].idxmin()]
