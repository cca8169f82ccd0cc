"""Drawing on one axes: forecasts, error per step, skill."""

from __future__ import annotations

from collections.abc import Hashable
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from forecast.evaluation.backtest import CUTOFF
from forecast.evaluation.significance import overlap
from forecast.output import interval_names

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from forecast.evaluation.comparison import Comparison

INK, MUTED, RULE = "#1f2933", "#66717d", "#d9dee3"
# Okabe and Ito's colour-blind-safe hues, darkened until text in them is readable on white.
NETWORK_COLOURS = ("#0072b2", "#b8500a", "#00805d", "#7a5c00", "#a23b78", "#4b4bb0")
LINEAR_COLOURS = ("#6a3d9a", "#8560b0", "#8560b0")
CLASSICAL_COLOURS = ("#8a4b3c", "#a5674f")
NAIVE_COLOURS = ("#66717d",)
FAR_BEHIND = -100.0  # percent of skill beyond which a model is named at the edge, not drawn
LINES = {"network": "-", "linear": "--", "classical": "-.", "naive": ":", "other": "-."}


def colours(comparison: Comparison) -> dict[str, str]:
    """A colour for each alias: violet for linear, brown for classical, grey for naive models."""
    palettes = {
        "naive": NAIVE_COLOURS,
        "linear": LINEAR_COLOURS,
        "classical": CLASSICAL_COLOURS,
    }
    used = dict.fromkeys(palettes, 0) | {"hues": 0}
    chosen = {}
    names = (
        comparison.reference,
        *(a for a in comparison.backtest.aliases if a != comparison.reference),
    )
    for alias in names:
        role = comparison.protocol.roles[alias]
        key = role if role in palettes else "hues"
        palette = palettes.get(role, NETWORK_COLOURS)
        chosen[alias] = palette[used[key] % len(palette)]
        used[key] += 1
    return chosen


def contestants(comparison: Comparison) -> tuple[str, str]:
    """The two models set side by side: best network (else the model to use) and reference."""
    networks = [
        a for a in comparison.aliases() if comparison.protocol.roles[a] in ("network", "other")
    ]
    best = comparison.best()
    if networks:
        return (best if best in networks else networks[0]), comparison.reference
    rivals = [alias for alias in comparison.aliases() if alias != best]
    return best, (comparison.reference if best != comparison.reference else (rivals or [best])[0])


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
    title = alias if backtest.num_series == 1 else f"{alias}, series {series}"
    quiet(axes, title, colour, pad=22.0)
    axes.legend(
        loc="lower left",
        bbox_to_anchor=(-0.01, 0.99),
        ncols=4,
        frameon=False,
        fontsize=8.5,
        handlelength=1.4,
        columnspacing=1.2,
        borderaxespad=0.2,
    )


def draw_steps(axes: Axes, comparison: Comparison, pad: float = 8.0) -> None:
    """Draws the MASE of each step ahead, a line a model."""
    by_step, hues = comparison.by_step, colours(comparison)
    for alias in reversed(list(by_step.columns)):
        role = comparison.protocol.roles[alias]
        width = 2.2 if alias in contestants(comparison) else 1.4
        axes.plot(
            by_step.index,
            by_step[alias],
            LINES[role],
            color=hues[alias],
            linewidth=width,
            **markers(len(by_step)),
        )
    quiet(axes, "MASE per step ahead", pad=pad)
    axes.set_xlabel("steps ahead")
    axes.locator_params(axis="x", integer=True)
    axes.margins(x=0.02)
    axes.set_ylim(0.0, _top(comparison))
    label_ends(axes, by_step, hues)


def _top(comparison: Comparison) -> float:
    """Room for every model, but a naive one far off may leave the picture: its label says so."""
    by_step = comparison.by_step
    far = float(np.nanmax(by_step.to_numpy(), initial=0.0))
    shown = [alias for alias in by_step.columns if comparison.protocol.roles[alias] != "naive"]
    near = float(np.nanmax(by_step[shown].to_numpy(), initial=0.0))
    return 1.06 * min(far, 1.6 * near) or 1.0


def draw_skill(axes: Axes, comparison: Comparison, names: list[str]) -> None:
    """Draws a dot and an interval a model; right of zero is better than the reference."""
    hues = colours(comparison)
    quiet(axes, f"Skill against {comparison.reference}, 95 % interval")
    for row, alias in enumerate(names):
        value, interval = 100.0 * comparison.skill(alias), comparison.skill_interval(alias)
        if value < FAR_BEHIND:
            axes.text(
                0.01,
                row,
                f"← −{-value:,.0f} %",
                transform=axes.get_yaxis_transform(),
                color=hues[alias],
                fontsize=8.5,
                va="center",
                bbox={"facecolor": "white", "edgecolor": "none", "pad": 1.5},
            )
            continue
        if interval is not None:
            ends = [max(100.0 * interval.low, 1.1 * FAR_BEHIND), 100.0 * interval.high]
            axes.plot(ends, [row, row], color=hues[alias], linewidth=2.0)
        axes.plot([value], [row], "o", color=hues[alias], markersize=6.5)
    axes.axvline(0.0, color=INK, linewidth=1.0, zorder=0)
    axes.set_yticks(range(len(names)), names)
    axes.set_ylim(max(len(names), 1) - 0.5, -0.5)
    axes.set_xlabel(f"MASE saved against {comparison.reference}, % (right is better)")


def quiet(axes: Axes, title: str, colour: str = INK, pad: float = 8.0) -> None:
    """Title at the left, no box, faint horizontal rules."""
    axes.set_title(title, loc="left", fontsize=10.5, fontweight="bold", color=colour, pad=pad)
    for side in ("top", "right", "left"):
        axes.spines[side].set_visible(False)
    axes.spines["bottom"].set_color(MUTED)
    axes.tick_params(labelsize=8.5, colors=MUTED, labelcolor=INK, length=3)
    axes.tick_params(axis="y", length=0)
    axes.xaxis.label.set(size=9, color=INK)
    axes.grid(axis="y", color=RULE, linewidth=0.7)
    axes.set_axisbelow(True)


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
        label = f"{level:g} % interval" if labelled else ""
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


def axis_values(times: pd.Series) -> np.ndarray:
    """Times as matplotlib draws them: integers, or datetimes without their zone."""
    if isinstance(times.dtype, pd.DatetimeTZDtype):
        times = times.dt.tz_localize(None)
    return times.to_numpy()


def concise_dates(axes: Axes) -> None:
    """Short labels where the x-axis is of dates."""
    from matplotlib.dates import AutoDateLocator, ConciseDateFormatter

    locator = axes.xaxis.get_major_locator()
    if isinstance(locator, AutoDateLocator):
        axes.xaxis.set_major_formatter(ConciseDateFormatter(locator))


def markers(count: int) -> dict[str, Any]:
    """Points on lines of few steps."""
    return {"marker": "o", "markersize": 3.2} if count <= 12 else {}


def label_ends(axes: Axes, by_step: pd.DataFrame, hues: dict[str, str]) -> None:
    """Writes each model's name beside its line's end, moved apart where names would overlap."""
    last = by_step.iloc[-1].dropna().sort_values()
    bottom, top = axes.get_ylim()
    figure = axes.get_figure(root=True)
    inches = float(figure.get_size_inches()[1]) if figure is not None else 3.5
    gap = 0.205 * (top - bottom) / inches
    places = spread(np.minimum(last.to_numpy(), top), gap, bottom, top)
    for alias, value, place in zip(map(str, last.index), last, places, strict=True):
        inside = value <= top
        if inside:
            axes.plot(
                [1.005, 1.035],
                [value, place],
                color=hues[alias],
                linewidth=0.7,
                transform=axes.get_yaxis_transform(),
                clip_on=False,
            )
        text = alias if inside else f"{alias} ↑ {value:.3g}"
        axes.annotate(
            text,
            xy=(1.045, place),
            xycoords=("axes fraction", "data"),
            color=hues[alias],
            fontsize=8.5,
            va="center",
            annotation_clip=False,
        )


def spread(values: np.ndarray, gap: float, low: float, high: float) -> np.ndarray:
    """Positions at least ``gap`` apart, as near as possible (least squares) to sorted values.

    Example:
        >>> spread(np.array([1.0, 1.0, 5.0]), gap=1.0, low=0.0, high=9.0)
        array([0.5, 1.5, 5. ])
    """
    from scipy.optimize import isotonic_regression

    steps = gap * np.arange(len(values))
    if len(values) < 2:
        return np.asarray(values, np.float64)
    free = isotonic_regression(np.asarray(values, np.float64) - steps).x
    return np.clip(free, low, max(low, high - steps[-1])) + steps
