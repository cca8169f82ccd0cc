"""What all pictures share: colours, quiet axes, names beside lines."""

from __future__ import annotations

from textwrap import fill
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from forecast.evaluation.comparison import Comparison

INK, MUTED, RULE = "#1f2933", "#66717d", "#d9dee3"
# Okabe and Ito's colour-blind-safe hues, darkened until text in them is readable on white.
NETWORK_COLOURS = ("#0072b2", "#b8500a", "#00805d", "#7a5c00", "#a23b78", "#4b4bb0")
LINEAR_COLOURS = ("#6a3d9a", "#8560b0", "#8560b0")
CLASSICAL_COLOURS = ("#8a4b3c", "#a5674f")
NAIVE_COLOURS = ("#66717d",)
LINES = {"network": "-", "linear": "--", "classical": "-.", "naive": ":", "other": "-."}
MARKERS = {"network": "o", "linear": "s", "classical": "^", "naive": "x", "other": "D"}
MOST_LINES = 8  # in one picture; more cannot be told apart
TEXT = 9.0  # points; pictures are so narrow that this can be read on a phone
_LONGEST_NAME = 22
_LONGEST_TITLE = 38
_MOST_DATES = 7  # with fewer, some spans have no fitting step


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
    """The two models set side by side: a network, and the model to use or the reference.

    The first is the model to use if that is a network, else the network with the lowest MASE. The
    second is the model to use if that is no network, else the reference. Without a network it is
    the model to use, against the reference or the next one.
    """
    best, reference = comparison.best(), comparison.reference
    networks = [alias for alias in comparison.aliases() if comparison.is_contestant(alias)]
    if networks:
        return (best, reference) if best in networks else (networks[0], best)
    rivals = [alias for alias in comparison.aliases() if alias != best]
    return best, (reference if best != reference else (rivals or [best])[0])


def shown_in_lines(comparison: Comparison) -> list[str]:
    """At most eight models for one picture: contestants, the best of each role, then the best."""
    names = comparison.aliases()
    best = [a for a in names if a == comparison.aliases(comparison.protocol.roles[a])[0]]
    chosen = list(dict.fromkeys([*contestants(comparison), comparison.best(), *best, *names]))
    kept = chosen[:MOST_LINES]
    return [alias for alias in names if alias in kept]


def short_name(name: object) -> str:
    r"""A name that fits beside a picture; its dollar signs are no formulas.

    Example:
        >>> short_name("a series with a very long name"), short_name("$US")
        ('a series with a very …', '\\$US')
    """
    text = str(name)
    text = text if len(text) <= _LONGEST_NAME else f"{text[: _LONGEST_NAME - 1]}…"
    return text.replace("$", r"\$")


def narrow(title: str) -> str:
    r"""A title in lines that fit above a narrow picture with long names beside it.

    Example:
        >>> narrow("LSTM less a linear forecaster with a name")
        'LSTM less a linear forecaster with a\nname'
    """
    return fill(title, _LONGEST_TITLE)


def quiet(axes: Axes, title: str, colour: str = INK, pad: float = 8.0) -> None:
    """Title at the left, no box, faint horizontal rules."""
    axes.set_title(title, loc="left", fontsize=10, fontweight="bold", color=colour, pad=pad)
    for side in ("top", "right", "left"):
        axes.spines[side].set_visible(False)
    axes.spines["bottom"].set_color(MUTED)
    axes.tick_params(labelsize=TEXT, colors=MUTED, labelcolor=INK, length=3)
    axes.tick_params(axis="y", length=0)
    axes.yaxis.label.set(size=TEXT, color=INK)
    axes.xaxis.label.set(size=TEXT, color=INK)
    axes.grid(axis="y", color=RULE, linewidth=0.7)
    axes.set_axisbelow(True)


def axis_values(times: pd.Series) -> np.ndarray:
    """Times as matplotlib draws them: integers, or datetimes without their zone."""
    if isinstance(times.dtype, pd.DatetimeTZDtype):
        times = times.dt.tz_localize(None)
    return times.to_numpy()


def concise_dates(axes: Axes) -> None:
    """Few and short labels where the x-axis is of dates."""
    from matplotlib.dates import AutoDateLocator, ConciseDateFormatter

    if isinstance(axes.xaxis.get_major_locator(), AutoDateLocator):
        locator = AutoDateLocator(minticks=3, maxticks=_MOST_DATES)
        axes.xaxis.set_major_locator(locator)
        axes.xaxis.set_major_formatter(ConciseDateFormatter(locator))


def markers(count: int, role: str = "network") -> dict[str, Any]:
    """Marks on lines of few steps, one kind a role."""
    return {"marker": MARKERS[role], "markersize": 3.6} if count <= 12 else {}


def by_step(table: pd.DataFrame, name: str) -> pd.DataFrame:
    """One measure by step (rows) and model (columns), in the order of the models in a table.

    Args:
        table: with the columns `model` and `step`.
        name: column of the measure.
    """
    wide = table.pivot(index="step", columns="model", values=name)
    return wide[list(dict.fromkeys(table["model"]))]


def hues_of(values: pd.DataFrame) -> dict[str, str]:
    """A colour for each column, in turn."""
    names = enumerate(values.columns)
    return {name: NETWORK_COLOURS[place % len(NETWORK_COLOURS)] for place, name in names}


def draw_lines(
    axes: Axes, values: pd.DataFrame, line: str, hues: dict[str, str] | None = None
) -> None:
    """A line a column over the steps.

    Args:
        axes: where to draw.
        values: of `by_step`.
        line: kind of line.
        hues: colour of each column; in turn by default.
    """
    hues = hues_of(values) if hues is None else hues
    for model in values.columns:
        axes.plot(
            values.index, values[model], line, color=hues[model], linewidth=1.6,
            **markers(len(values)),
        )  # fmt: skip


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
        name = short_name(alias)
        text = name if inside else f"{name} ↑ {value:.3g}"
        axes.annotate(
            text,
            xy=(1.045, place),
            xycoords=("axes fraction", "data"),
            color=hues[alias],
            fontsize=TEXT,
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
