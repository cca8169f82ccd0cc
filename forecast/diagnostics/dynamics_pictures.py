"""Pictures of the dynamics of a state: spectrum, gradients, exponents, memory."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from forecast.evaluation.drawing import (
    INK,
    MUTED,
    NETWORK_COLOURS,
    RULE,
    axis_values,
    concise_dates,
    hues_of,
    label_ends,
    quiet,
    short_name,
)
from forecast.figures import new_figure

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["exponent_figure", "gradient_figure", "recall_figure", "spectrum_figure"]

_DASHED: dict[str, Any] = {"color": INK, "linewidth": 0.9, "linestyle": (0, (2, 2)), "zorder": 1}
# What is smaller is drawn there: a logarithmic axis has no zero.
_SMALLEST, _LARGEST = 1e-12, 1e12
_MOST_POINTS = 4000


def spectrum_figure(table: pd.DataFrame, spectrum: pd.DataFrame) -> Figure:
    """Norm and spectral radius over time at the left, eigenvalues at the right.

    Args:
        table: see `JacobianSpectrum`.
        spectrum: see `JacobianSpectrum`.
    """
    figure, (left, right) = _figure(2)
    first = table["unique_id"].iloc[0]
    shown = table[table["unique_id"] == first]
    times = axis_values(shown["ds"])
    for name, colour in zip(("norm", "radius"), NETWORK_COLOURS, strict=False):
        left.plot(times, shown[name], color=colour, linewidth=1.6, label=_WORDS[name])
    left.axhline(1.0, **_DASHED)
    _titled(left, "Jacobian of a step", "" if _is_single(table) else f" ({short_name(first)})")
    left.set_ylim(bottom=0.0, top=1.2 * max(left.get_ylim()[1], 1.0))
    _legend(left)
    concise_dates(left)
    _draw_eigenvalues(right, spectrum)
    return figure


def gradient_figure(table: pd.DataFrame) -> Figure:
    """Size of a gradient by distance; the band holds the middle half of where it begins.

    Args:
        table: see `GradientFlow`.
    """
    figure, (axes,) = _figure(1)
    values = _wide(table, "distance", "gradient").clip(_SMALLEST, _LARGEST)
    hues = hues_of(values)
    low, high = (
        _wide(table, "distance", name).clip(_SMALLEST, _LARGEST) for name in ("low", "high")
    )
    for name, hue in hues.items():
        axes.fill_between(values.index, low[name], high[name], color=hue, alpha=0.15, linewidth=0)
        axes.plot(values.index, values[name], color=hue, linewidth=1.6)
    axes.set_yscale("log")
    axes.axhline(1.0, **_DASHED)
    bottom, top = axes.get_ylim()
    axes.set_ylim(max(min(bottom, 0.1), 0.3 * _SMALLEST), max(top, 10.0))
    _titled(axes, "Length of a gradient of 1, further back")
    axes.set_xlabel("steps back in time")
    axes.locator_params(axis="x", integer=True)
    _names(axes, values, hues)
    return figure


def exponent_figure(table: pd.DataFrame) -> Figure:
    """The mean growth of a difference as it settles.

    Args:
        table: see `LyapunovExponent`.
    """
    figure, (axes,) = _figure(1)
    values = _wide(table, "step", "exponent").replace([np.inf, -np.inf], np.nan)
    hues = hues_of(values)
    for name in values.columns:
        axes.plot(values.index, values[name], color=hues[name], linewidth=1.6)
    axes.axhline(0.0, **_DASHED)
    _titled(axes, "Largest Lyapunov exponent, mean growth so far")
    axes.set_xlabel("steps of the free run")
    axes.set_ylabel("per step")
    _names(axes, values, hues)
    return figure


def recall_figure(table: pd.DataFrame) -> Figure:
    """The forgetting curve of each series.

    Args:
        table: see `MemoryCapacity`.
    """
    figure, (axes,) = _figure(1)
    values = _wide(table, "lag", "recall")
    hues = hues_of(values)
    for name in values.columns:
        axes.fill_between(
            values.index, 0.0, values[name], color=hues[name], alpha=0.12, linewidth=0
        )
        axes.plot(values.index, values[name], color=hues[name], linewidth=1.6)
    axes.set_ylim(0.0, 1.05)
    axes.set_xlim(left=1)
    sums = " to ".join(f"{total:.3g}" for total in sorted({values.sum().min(), values.sum().max()}))
    _titled(axes, f"Memory of an input: capacity {sums}")
    axes.set_xlabel("lag, 1 is the newest value")
    axes.set_ylabel("share of its variance in the state")
    _names(axes, values, hues)
    return figure


_WORDS = {"norm": "norm (largest singular value)", "radius": "spectral radius"}


def _draw_eigenvalues(axes: Axes, spectrum: pd.DataFrame) -> None:
    """All eigenvalues of all steps in the complex plane, and the unit circle."""
    around = np.linspace(0.0, 2.0 * np.pi, 200)
    axes.plot(np.cos(around), np.sin(around), color=INK, linewidth=0.9, linestyle=(0, (2, 2)))
    for line in (axes.axhline, axes.axvline):
        line(0.0, color=RULE, linewidth=0.7, zorder=0)
    step = -(-len(spectrum) // _MOST_POINTS)
    shown = spectrum.iloc[::step]
    axes.scatter(
        shown["real"], shown["imaginary"], s=9, color=NETWORK_COLOURS[0], alpha=0.35, linewidths=0
    )
    axes.set_aspect("equal")
    _titled(axes, "Eigenvalues and the unit circle")
    axes.grid(visible=False)
    axes.set_xlabel("real part")
    axes.set_ylabel("imaginary part")


def _figure(count: int) -> tuple[Figure, list[Axes]]:
    figure = new_figure(1.6 + 4.6 * count, 3.9)
    return figure, list(np.ravel(figure.subplots(1, count)))


def _titled(axes: Axes, title: str, more: str = "") -> None:
    quiet(axes, f"{title}{more}")
    axes.margins(x=0.02)


def _wide(table: pd.DataFrame, index: str, name: str) -> pd.DataFrame:
    """One measure by step (rows) and series (columns), in the order of the series."""
    wide = table.pivot(index=index, columns="unique_id", values=name)
    return wide[list(dict.fromkeys(table["unique_id"]))]


def _names(axes: Axes, values: pd.DataFrame, hues: dict[str, str]) -> None:
    """Names beside the lines, where there are several."""
    if len(values.columns) > 1 and axes.get_yscale() == "linear":
        label_ends(axes, values, hues)
    elif len(values.columns) > 1:  # beside ends on a logarithmic axis names cannot be spread
        for name in values.columns:
            axes.plot([], [], color=hues[name], label=short_name(name))
        _legend(axes)


def _legend(axes: Axes) -> None:
    axes.legend(frameon=False, fontsize=8.5, labelcolor=MUTED, loc="best")


def _is_single(table: pd.DataFrame) -> bool:
    return table["unique_id"].nunique() == 1
