"""Pictures of where the errors are: per step ahead, per cutoff, by length of history."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from forecast.evaluation.breakdown import (
    coverage_by_step,
    known_lengths,
    pooled_steps,
    scaled_widths,
)
from forecast.evaluation.drawing import (
    INK,
    LINES,
    MARKERS,
    MUTED,
    TEXT,
    axis_values,
    colours,
    concise_dates,
    contestants,
    label_ends,
    markers,
    narrow,
    quiet,
    short_name,
    shown_in_lines,
)  # fmt: skip

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from forecast.evaluation.comparison import Comparison

__all__ = [
    "draw_coverage", "draw_cutoffs", "draw_lengths", "draw_step_tests", "draw_steps", "draw_widths",
]  # fmt: skip

_MOST_POINTS = 400  # series drawn as points; beyond, the medians alone
_FEWEST_BINNED = 20  # series from which on medians say something


def draw_steps(axes: Axes, comparison: Comparison, pad: float = 8.0) -> None:
    """Draws the MASE of each step ahead, a line a model."""
    shown = comparison.by_step[shown_in_lines(comparison)]
    _draw_scores(axes, comparison, shown)
    quiet(axes, "MASE per step ahead", pad=pad)
    axes.set_xlabel("steps ahead")
    _label(axes, comparison, shown)


def draw_step_tests(axes: Axes, comparison: Comparison) -> None:
    """Draws the difference of the contestants' MASE per step, in a band that holds all at once."""
    subject, against = contestants(comparison)
    tests, colour = comparison.step_tests(subject, against), colours(comparison)[subject]
    axes.fill_between(
        tests["step"], tests["low"], tests["high"], color=colour, alpha=0.16, linewidth=0,
        label="95 % band, all steps at once",
    )  # fmt: skip
    axes.axhline(0.0, color=INK, linewidth=1.1)
    axes.plot(tests["step"], tests["difference"], color=colour, linewidth=1.8)
    for told, face in ((True, colour), (False, "white")):
        part = tests[tests["significant"] == told]
        axes.plot(
            part["step"], part["difference"], "o", color=colour, markerfacecolor=face,
            markersize=5.0, label="beyond chance" if told and len(part) else "",
        )  # fmt: skip
    quiet(axes, narrow(f"MASE of {short_name(subject)} less {short_name(against)}"), pad=22.0)
    axes.set_xlabel(f"steps ahead (below 0: {short_name(subject)} is better)")
    axes.locator_params(axis="x", integer=True)
    legend_above(axes, 2)


def draw_cutoffs(axes: Axes, comparison: Comparison) -> None:
    """Draws the MASE of each origin at the latest of its cutoffs, a line a model."""
    shown = comparison.by_cutoff[shown_in_lines(comparison)]
    shown = shown.set_axis(axis_values(shown.index.to_series()), axis=0)
    _draw_scores(axes, comparison, shown)
    quiet(axes, "MASE per cutoff")
    _label(axes, comparison, shown)
    concise_dates(axes)
    axes.set_xlabel("cutoff")


def draw_lengths(axes: Axes, comparison: Comparison) -> None:
    """Draws the MASE of each series against its length, a mark a model, and medians of tenths."""
    lengths = known_lengths(comparison).to_numpy()
    for alias in reversed(list(dict.fromkeys(contestants(comparison)))):
        role, colour = comparison.protocol.roles[alias], colours(comparison)[alias]
        scores = comparison.backtest.series_scores(alias)
        look: dict[str, Any] = {
            "marker": MARKERS[role], "color": colour, "markersize": 4.5,
            "markerfacecolor": colour if role == "network" else "none",
        }  # fmt: skip
        if len(scores) <= _MOST_POINTS:
            axes.plot(lengths, scores, linestyle="none", alpha=0.8, **look)
        medians = length_medians(lengths, scores)
        axes.plot(
            medians.index, medians, LINES[role], linewidth=2.0,
            label=f"{short_name(alias)}{', median' if len(medians) else ''}", **look,
        )  # fmt: skip
    quiet(axes, "MASE against length of history", pad=22.0)
    _stretch(axes, lengths)
    axes.set_xlabel("values known before the first cutoff")
    axes.set_ylim(bottom=0.0, top=_near(comparison))
    legend_above(axes, 2)


def length_medians(lengths: np.ndarray, scores: np.ndarray) -> pd.Series:
    """Median score of each tenth of the series, by the median length in it.

    Empty with fewer than twenty series, or of a single length.
    """
    known = ~np.isnan(scores)
    table = pd.DataFrame({"length": lengths[known], "score": scores[known]})
    if len(table) < _FEWEST_BINNED or table["length"].nunique() < 3:
        return pd.Series(dtype=np.float64)
    tenth = pd.qcut(table["length"], 10, labels=False, duplicates="drop")
    middle = table.groupby(tenth).median()
    return pd.Series(middle["score"].to_numpy(), index=middle["length"].to_numpy())


def draw_coverage(axes: Axes, comparison: Comparison) -> None:
    """Draws the coverage of both contestants at each step ahead, and the level it should have."""
    table, hues = coverage_by_step(comparison), colours(comparison)
    for level in comparison.backtest.levels:
        axes.axhline(level, color=INK, linewidth=1.1, linestyle=(0, (2, 2)), zorder=1)
        axes.text(
            1.01, level, f"{level:g} %", transform=axes.get_yaxis_transform(), fontsize=TEXT,
            va="center", color=INK,
        )  # fmt: skip
    for alias in dict.fromkeys(contestants(comparison)):
        role = comparison.protocol.roles[alias]
        for place, level in enumerate(comparison.backtest.levels):
            part = table[(table["model"] == alias) & (table["level"] == level)]
            shares = pooled_steps(part.set_index("step")["coverage"])
            axes.plot(
                shares.index, shares, LINES[role], color=hues[alias], linewidth=1.2 + 0.8 * place,
                label="" if place else short_name(alias), **markers(len(shares), role),
            )  # fmt: skip
    quiet(axes, "Actual values inside the interval, %", pad=22.0)
    axes.set_xlabel("steps ahead")
    axes.locator_params(axis="x", integer=True)
    axes.set_ylim(top=min(102.0, axes.get_ylim()[1] + 1.0))
    legend_above(axes, 2)


def draw_widths(axes: Axes, comparison: Comparison) -> None:
    """Draws the mean width of the widest interval of both contestants, in units of the MASE."""
    hues, level = colours(comparison), max(comparison.backtest.levels)
    for alias in dict.fromkeys(contestants(comparison)):
        role, widths = comparison.protocol.roles[alias], scaled_widths(comparison, alias, level)
        axes.plot(
            comparison.by_step.index, widths, LINES[role],
            color=hues[alias], linewidth=1.8, label=short_name(alias), **markers(len(widths), role),
        )  # fmt: skip
    quiet(axes, f"Width of the {level:g} % interval, as MASE", pad=22.0)
    axes.set_xlabel("steps ahead")
    axes.locator_params(axis="x", integer=True)
    axes.set_ylim(bottom=0.0)
    legend_above(axes, 2)


def legend_above(axes: Axes, num_columns: int) -> None:
    """A legend without a box between title and picture."""
    axes.legend(
        loc="lower left", bbox_to_anchor=(-0.01, 0.99), ncols=num_columns, frameon=False,
        fontsize=TEXT, labelcolor=MUTED, handlelength=1.8, columnspacing=1.2, borderaxespad=0.2,
    )  # fmt: skip


def _draw_scores(axes: Axes, comparison: Comparison, shown: pd.DataFrame) -> None:
    hues = colours(comparison)
    for alias in reversed(list(shown.columns)):
        role = comparison.protocol.roles[alias]
        width = 2.2 if alias in contestants(comparison) else 1.2
        axes.plot(
            shown.index, shown[alias], LINES[role], color=hues[alias], linewidth=width,
            **markers(len(shown), role),
        )  # fmt: skip


def _label(axes: Axes, comparison: Comparison, shown: pd.DataFrame) -> None:
    if not isinstance(shown.index, pd.DatetimeIndex):
        axes.locator_params(axis="x", integer=True)
    axes.margins(x=0.02)
    axes.set_ylim(0.0, _top(comparison, shown))
    label_ends(axes, shown, colours(comparison))


def _top(comparison: Comparison, shown: pd.DataFrame) -> float:
    """Room for every model, but a naive one far off may leave the picture: its label says so."""
    far = float(np.nanmax(shown.to_numpy(), initial=0.0))
    others = [alias for alias in shown.columns if comparison.protocol.roles[alias] != "naive"]
    near = float(np.nanmax(shown[others].to_numpy(), initial=0.0))
    return 1.06 * min(far, 1.6 * near) or 1.0


def _near(comparison: Comparison) -> float:
    """Upper end of a picture of series: one far out must not press all others flat."""
    scores = np.concatenate(
        [comparison.backtest.series_scores(alias) for alias in contestants(comparison)]
    )
    known = scores[~np.isnan(scores)]
    if not len(known):
        return 1.0
    return 1.08 * float(min(known.max(), 3.0 * np.quantile(known, 0.9))) or 1.0


def _stretch(axes: Axes, lengths: np.ndarray) -> None:
    """A logarithmic axis where lengths differ tenfold."""
    from matplotlib.ticker import LogLocator, NullFormatter, StrMethodFormatter

    if lengths.min() > 0 and lengths.max() >= 10 * lengths.min():
        axes.set_xscale("log")
        axes.xaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
        axes.xaxis.set_major_formatter(StrMethodFormatter("{x:,.0f}"))
        axes.xaxis.set_minor_formatter(NullFormatter())
    else:
        axes.locator_params(axis="x", integer=True, nbins=6)
