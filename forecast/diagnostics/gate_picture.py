"""The picture of gates: how open each unit's are over time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from forecast.evaluation.drawing import axis_values, concise_dates, quiet, short_name
from forecast.figures import new_figure

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["gate_figure"]


def gate_figure(table: pd.DataFrame, unique_id: Any) -> Figure:
    """A heat map of each gate (columns) and layer (rows); units sorted by their mean activity.

    Args:
        table: of one series, see `GateActivity`.
        unique_id: its name.
    """
    gates, layers = list(dict.fromkeys(table["gate"])), sorted(table["layer"].unique())
    size = (1.2 + 3.6 * len(gates), 0.9 + 2.6 * len(layers))
    figure = new_figure(*size)
    grid = figure.subplots(len(layers), len(gates), squeeze=False)
    image: Any = None
    for row, layer in enumerate(layers):
        for column, gate in enumerate(gates):
            axes = grid[row, column]
            rows = table[(table["layer"] == layer) & (table["gate"] == gate)]
            wide = rows.pivot(index="unit", columns="ds", values="activity")
            wide = wide.loc[wide.mean(axis=1).sort_values().index]
            edges = _edges(axis_values(pd.Series(wide.columns)))
            image = axes.pcolormesh(
                edges, np.arange(len(wide) + 1), wide.to_numpy(), vmin=0.0, vmax=1.0,
                cmap="cividis", rasterized=True,
            )  # fmt: skip
            words = f"{gate} gate" if len(layers) == 1 else f"{gate} gate, layer {layer}"
            quiet(axes, words)
            axes.grid(visible=False)
            axes.set_yticks([])
            concise_dates(axes)
            if column == 0:
                axes.set_ylabel(f"{len(wide)} units, sorted")
    bar = figure.colorbar(image, ax=grid.ravel().tolist(), fraction=0.03, pad=0.01)
    bar.set_label(f"activity along {short_name(unique_id)}: 0 closed, 1 open", fontsize=9)
    bar.outline.set_visible(False)
    return figure


def _edges(times: np.ndarray) -> np.ndarray:
    """Times of the steps, and one more after the last."""
    distance = times[-1] - times[-2] if len(times) > 1 else np.ones(1, times.dtype)[0]
    return np.append(times, times[-1] + distance)
