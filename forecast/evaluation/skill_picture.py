"""Pictures of skill: of every model against the reference, and of one over the series."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from forecast.evaluation.breakdown import series_skill
from forecast.evaluation.drawing import (
    INK,
    MARKERS,
    MUTED,
    RULE,
    TEXT,
    colours,
    contestants,
    narrow,
    quiet,
    short_name,
)  # fmt: skip

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from forecast.evaluation.comparison import Comparison

__all__ = ["FEWEST_COUNTED", "draw_series_skill", "draw_skill", "skill_counts"]

FAR_BEHIND = -100.0  # percent of skill beyond which a model is named at the edge, not drawn
FEWEST_COUNTED = 12  # series from which on bars of counts replace a row a series
_WIDTHS = (1, 2, 5, 10, 20)
_MOST_BARS = 20


def draw_skill(axes: Axes, comparison: Comparison, names: list[str]) -> None:
    """Draws a mark and an interval a model; right of zero is better than the reference.

    A mark is filled if its model is in the 95 % confidence set.
    """
    hues, included = colours(comparison), _included(comparison)
    quiet(axes, narrow(f"Skill against {short_name(comparison.reference)}"))
    for row, alias in enumerate(names):
        value, interval = 100.0 * comparison.skill(alias), comparison.skill_interval(alias)
        if value < FAR_BEHIND:
            _name_at_edge(axes, row, value, hues[alias])
            continue
        if interval is not None and alias != comparison.reference:
            ends = [max(100.0 * interval.low, 1.1 * FAR_BEHIND), 100.0 * interval.high]
            axes.plot(ends, [row, row], color=hues[alias], linewidth=2.0)
        axes.plot(
            [value], [row], MARKERS[comparison.protocol.roles[alias]].replace("x", "v"),
            color=hues[alias], markersize=6.5, markeredgewidth=1.6,
            markerfacecolor=hues[alias] if alias in included else "white",
        )  # fmt: skip
    axes.axvline(0.0, color=INK, linewidth=1.0, zorder=0)
    axes.set_yticks(range(len(names)), [short_name(name) for name in names])
    axes.set_ylim(max(len(names), 1) - 0.5, -0.5)
    is_tested = comparison.significance.basis != "none"
    words = ", and 95 % interval\nright is better; filled: may be the best" if is_tested else ""
    axes.set_xlabel(f"MASE saved, %{words}")
    axes.locator_params(axis="x", nbins=6)


def _included(comparison: Comparison) -> set[str]:
    """The models of the 95 % confidence set; all of them where there is no test."""
    found = comparison.confidence_set()
    return set(found.loc[found["included"], "model"])


def draw_series_skill(axes: Axes, comparison: Comparison) -> None:
    """Draws the skill of the first contestant against the second over the series.

    A bar a range of skill with the number of series in it; a row a series where they are few.
    """
    skill = series_skill(comparison).dropna()
    subject, against = contestants(comparison)
    hues = colours(comparison)
    quiet(axes, narrow(f"{short_name(subject)} against {short_name(against)}, by series"))
    if len(skill) < FEWEST_COUNTED:
        _draw_rows(axes, skill.sort_values(ascending=False), hues[subject], hues[against])
    else:
        _draw_counts(axes, skill_counts(skill), hues[subject], hues[against])
    axes.axvline(0.0, color=INK, linewidth=1.0)
    axes.set_xlabel(f"← {short_name(against)} better   %   {short_name(subject)} better →")


def skill_counts(skill: pd.Series) -> pd.Series:
    """Number of series in each range of skill, by its lower end; the outer ranges hold the rest.

    Ranges are 1, 2, 5, 10 or 20 percent wide, 0 always is an end of two, and -100 and 100 percent
    are the outer ends.
    """
    clipped = skill.clip(-99.999, 99.999)
    low, high = min(float(clipped.min()), 0.0), max(float(clipped.max()), 0.0)
    fitting = [width for width in _WIDTHS if (high - low) / width <= _MOST_BARS]
    width = (fitting or [_WIDTHS[-1]])[0]
    first, last = np.floor(low / width), max(np.ceil(high / width), 1.0)
    ends = width * np.arange(first, last + 1)
    counts, _ = np.histogram(clipped, ends)
    return pd.Series(counts, index=pd.Index(ends[:-1], name="from %"), name="series")


def _draw_counts(axes: Axes, counts: pd.Series, better: str, worse: str) -> None:
    width = float(counts.index[1] - counts.index[0]) if len(counts) > 1 else 1.0
    hues = [better if low >= 0.0 else worse for low in counts.index]
    bars = axes.bar(
        counts.index, counts, width=0.94 * width, align="edge", color=hues, edgecolor="white"
    )
    for bar, low in zip(bars, counts.index, strict=True):
        bar.set_hatch("" if low >= 0.0 else "///")
    axes.set_ylabel("series")
    axes.locator_params(axis="y", integer=True, nbins=6)


def _draw_rows(axes: Axes, skill: pd.Series, better: str, worse: str) -> None:
    shown = skill.clip(FAR_BEHIND, -FAR_BEHIND)
    for row, (value, real) in enumerate(zip(shown, skill, strict=True)):
        hue = better if value >= 0.0 else worse
        axes.plot([0.0, value], [row, row], color=hue, linewidth=2.0)
        axes.plot([value], [row], "o" if value >= 0.0 else "s", color=hue, markersize=5.5)
        if real != value:
            axes.annotate(
                f"{real:,.0f} %".replace("-", "−"), (value, row), color=hue, fontsize=TEXT,
                va="center", xytext=(8, 0) if value < 0.0 else (-8, 0), textcoords="offset points",
                ha="left" if value < 0.0 else "right",
                bbox={"facecolor": "white", "edgecolor": "none", "pad": 1.0},
            )  # fmt: skip
    axes.set_yticks(range(len(shown)), [short_name(name) for name in shown.index])
    axes.set_ylim(max(len(shown), 1) - 0.5, -0.5)
    axes.grid(axis="x", color=RULE, linewidth=0.7)
    axes.spines["bottom"].set_color(MUTED)


def _name_at_edge(axes: Axes, row: int, value: float, colour: str) -> None:
    axes.text(
        0.01, row, f"← −{-value:,.0f} %", transform=axes.get_yaxis_transform(), color=colour,
        fontsize=TEXT, va="center", bbox={"facecolor": "white", "edgecolor": "none", "pad": 1.5},
    )  # fmt: skip
