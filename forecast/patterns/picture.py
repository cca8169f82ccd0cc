"""The picture of a network beside simple models on series held out."""

from __future__ import annotations

from textwrap import fill
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from forecast.evaluation.drawing import INK, MUTED, NETWORK_COLOURS, TEXT, quiet, short_name
from forecast.figures import new_figure
from forecast.pipelines import evenly_spread

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from forecast.patterns.held_out import HeldOut
    from forecast.patterns.trials import Trial

__all__ = ["held_out_figure"]

_MOST_CURVES, _MOST_CLASSES, _MOST_POINTS = 6, 12, 2000
_LINES = ("-", "--", "-.", ":")


def held_out_figure(result: HeldOut) -> Figure:
    """Confusion matrices; curves of new series; or forecasts against what came.

    Args:
        result: what to draw.
    """
    if result.trial.kind == "labels":
        return _confusions(result)
    if result.trial.steps.max(initial=0) and _is_cold(result.trial):
        return _curves(result)
    return _scatter(result)


def _is_cold(trial: Trial) -> bool:
    return "mean curve" in trial.said


def _pair(result: HeldOut) -> list[str]:
    """The network, and the best model beside it."""
    network = result.trial.network
    names = map(str, result.table.index)
    return [network, next(name for name in names if name != network)]


def _figure(width: float, height: float, title: str) -> Figure:
    figure = new_figure(width, height)
    figure.suptitle(fill(title, int(14 * width)), x=0.01, ha="left", fontsize=10, color=INK)
    return figure


def _confusions(result: HeldOut) -> Figure:
    """Share of each true class that was given each label, of the network and the best rival."""
    trial, names = result.trial, _pair(result)
    size = min(len(trial.classes), _MOST_CLASSES)
    figure = _figure(2 * (2.6 + 0.34 * size), 2.5 + 0.34 * size, result.verdict)
    for axes, name in zip(figure.subplots(1, 2), names, strict=True):
        said = trial.said[name].argmax(axis=1)
        counts = np.zeros((len(trial.classes),) * 2)
        np.add.at(counts, (trial.actual, said), 1)
        _draw_confusion(axes, counts[:size, :size], [str(one) for one in trial.classes[:size]])
        accuracy = float(result.table["accuracy"][name])
        axes.set_title(f"{short_name(name)}: accuracy {accuracy:.1%}", loc="left", fontsize=TEXT)
    return figure


def _draw_confusion(axes: Axes, counts: NDArray, classes: list[str]) -> None:
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    axes.imshow(shares, cmap="Blues", vmin=0.0, vmax=1.0)
    for (row, column), share in np.ndenumerate(shares):
        colour = "white" if share > 0.55 else INK
        text = f"{share:.0%}\n({counts[row, column]:.0f})"
        axes.text(column, row, text, ha="center", va="center", fontsize=TEXT - 1, color=colour)
    labels: dict[str, Any] = {"labels": [short_name(one) for one in classes], "fontsize": TEXT}
    axes.set_xticks(range(len(classes)), rotation=0 if len(classes) < 5 else 60, **labels)
    axes.set_yticks(range(len(classes)), **labels)
    axes.set_xlabel("label given", fontsize=TEXT)
    axes.set_ylabel("true label", fontsize=TEXT)
    axes.tick_params(length=0)


def _curves(result: HeldOut) -> Figure:
    """What came of some new series, and what each model said before they began."""
    trial = result.trial
    rows = evenly_spread(len(trial.ids), _MOST_CURVES)
    columns = min(3, len(rows))
    height = -(-len(rows) // columns)
    figure = _figure(3.3 * columns, 1.2 + 2.2 * height, result.verdict)
    grid = np.ravel(figure.subplots(height, columns, sharex=True, squeeze=False))
    for axes, row in zip(grid, rows.tolist(), strict=False):
        own = trial.series == row
        axes.plot(trial.steps[own], trial.actual[own], "o", ms=3, color=MUTED, label="what came")
        for place, (name, said) in enumerate(trial.said.items()):
            axes.plot(
                trial.steps[own], said[own], _LINES[place % 4], lw=1.5, label=name,
                color=NETWORK_COLOURS[place % len(NETWORK_COLOURS)],
            )  # fmt: skip
        quiet(axes, f"series {short_name(trial.ids[row])}")
        axes.set_xlabel("steps since its beginning")
    for axes in grid[len(rows) :]:
        axes.set_visible(False)
    handles, labels = grid[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower left", ncols=3, frameon=False, fontsize=TEXT)
    return figure


def _scatter(result: HeldOut) -> Figure:
    """Forecasts against what came, of the network and the best rival."""
    trial, names = result.trial, _pair(result)
    at = evenly_spread(len(trial.actual), _MOST_POINTS)
    figure = _figure(8.0, 4.2, result.verdict)
    low, high = float(trial.actual.min()), float(trial.actual.max())
    for axes, name in zip(figure.subplots(1, 2, sharex=True, sharey=True), names, strict=True):
        axes.plot([low, high], [low, high], color=MUTED, lw=0.8)
        axes.plot(trial.said[name][at], trial.actual[at], ".", ms=3, color=NETWORK_COLOURS[0])
        error = float(result.table["mae"][name])
        quiet(axes, f"{short_name(name)}: mae {error:.3g}")
        axes.set_xlabel("forecast")
    figure.axes[0].set_ylabel("what came")
    return figure
