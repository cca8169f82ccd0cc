"""How open the gates of a network are along a series."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from forecast.diagnostics.series_walk import SeriesWalk

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["GateActivity", "gate_activity"]

# A gate is called open, or closed, beyond these activities.
_CLOSED, _OPEN = 0.1, 0.9
_KEEPS = ("forget", "update")  # those that say how much of the state stays


@dataclass(frozen=True, eq=False)
class GateActivity:
    """What `fc.gate_activity` has found; printed as its verdict.

    Args:
        verdict: what was found, in sentences.
        table: a row a series, step, layer, gate and unit: `unique_id`, `ds`, `layer` (from 1),
            `gate`, `unit` (from 0), `activity` (0 closed to 1 open).
        summary: a row a layer and gate: `layer`, `gate`, `mean`, and the shares of all activities
            that are `closed` (below 0.1) and `open` (above 0.9).
    """

    verdict: str
    table: pd.DataFrame
    summary: pd.DataFrame

    def plot(self, unique_id: Any = None) -> Figure:
        """A heat map of each gate and layer over time, units sorted by their mean.

        Args:
            unique_id: the series; the first one by default.

        Returns:
            A new figure; `figure.savefig("gates.png")` writes it.

        Raises:
            ImportError: if matplotlib is not installed.
            ValueError: for a series that was not looked at.
        """
        from forecast.diagnostics.gate_picture import gate_figure

        known = list(dict.fromkeys(self.table["unique_id"]))
        chosen = known[0] if unique_id is None else unique_id
        if chosen not in known:
            raise ValueError(f"series {chosen!r} was not looked at; there are {known}.")
        return gate_figure(self.table[self.table["unique_id"] == chosen], chosen)

    def __str__(self) -> str:
        return self.verdict


def gate_activity(
    forecaster: Any, df: Any, *, num_steps: int = 100, max_series: int = 5
) -> GateActivity:
    """Activities of the gates of an LSTM or GRU along series, `sigmoid(W x + U h + b)`.

    Of an LSTM i (input), f (forget) and o (output); of a GRU z (update) and r (reset). f near 1
    keeps the cell, near 0 forgets it; so does z, which is that of Keras: 1 keeps the state. Units
    whose f stays above 0.9 remember for tens of steps, `1 / (1 - f)`.

    Args:
        forecaster: fitted `LSTMForecaster` or `GRUForecaster`, alone, in a `Pipeline` or an
            `Ensemble` (its first member).
        df: the series, histories included, of the columns given to `fit`.
        num_steps: newest steps of each series that are looked at, at least 1; at most half of the
            longest, and shorter ones are left out.
        max_series: most series, at least 1; of more, some that are spread evenly.

    Returns:
        `table` (a row a series, step, layer, gate and unit), `summary`, `verdict` (also printed),
        `plot()`.

    Raises:
        TypeError: for what is no forecaster of this library; networks of symbols are taken too.
        NotFittedError: for one that is not fitted.
        ValueError: for data that cannot be used, or a forecaster without gates.

    Example:
        >>> import forecast as fc
        >>> df = fc.load_dataset("sunspots")
        >>> training = fc.Training(num_steps=1)
        >>> model = fc.GRUForecaster(units=2, training=training).fit(df, horizon=2)
        >>> fc.gate_activity(model, df, num_steps=3).table["gate"].unique().tolist()
        ['update', 'reset']

    Source: Karpathy, Johnson and Fei-Fei (2015), Visualizing and understanding recurrent networks.
    """
    walk = SeriesWalk.of(forecaster, df, num_steps, max_series, symbols=True)
    model: Any = walk.part.model
    names = _names(model, walk.name)
    found = []
    for state, block in walk.steps("gates"):
        layers = model.gates(*walk.part.seen(state, block))
        found.append([layer[name] for layer, name in zip(_repeated(layers), names, strict=True)])
    activities = np.array(found)  # (steps, gates of all layers, series, units)
    places = [layer for layer, gates in enumerate(_gates(model), start=1) for _ in gates]
    times, parts = walk.times(), []
    for row, series in enumerate(walk.ids):
        for place, (layer, name) in enumerate(zip(places, names, strict=True)):
            values = activities[:, place, row]
            parts.append(pd.DataFrame({
                "unique_id": series, "ds": times[row].repeat(values.shape[1]), "layer": layer,
                "gate": name, "unit": np.tile(np.arange(values.shape[1]), len(values)),
                "activity": values.ravel().astype(np.float64),
            }))  # fmt: skip
    table = pd.concat(parts, ignore_index=True)
    summary = _summary(table)
    return GateActivity(_verdict(walk, summary), table, summary)


def _gates(model: Any) -> list[list[str]]:
    """Names of the gates of each layer; of anything but a network there are none."""
    body: Any = getattr(model, "body", None)
    body = getattr(body, "body", body)
    return body.program.gate_names if hasattr(body, "program") else []


def _names(model: Any, name: str) -> list[str]:
    """Names of all gates, layer after layer.

    Raises:
        ValueError: if there are none.
    """
    names = [gate for layer in _gates(model) for gate in layer]
    if not names:
        raise ValueError(
            f"{name} has no gates ({type(model).__name__}): those of an LSTMForecaster or a "
            "GRUForecaster can be looked at."
        )
    return names


def _repeated(layers: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Each layer once for each of its gates."""
    return [layer for layer in layers for _ in layer]


def _summary(table: pd.DataFrame) -> pd.DataFrame:
    marked = table.assign(
        closed=table["activity"] < _CLOSED, open=table["activity"] > _OPEN, mean=table["activity"]
    )
    groups = marked.groupby(["layer", "gate"], sort=False)[["mean", "closed", "open"]]
    return groups.mean().reset_index()


def _verdict(walk: SeriesWalk, summary: pd.DataFrame) -> str:
    words = [
        f"layer {row['layer']} {row['gate']} {row['mean']:.2f} ({row['closed']:.0%} closed, "
        f"{row['open']:.0%} open)"
        for _, row in summary.iterrows()
    ]
    keeps = summary[summary["gate"].isin(_KEEPS)]
    spans = [f"{1.0 / max(1.0 - mean, 1e-6):.3g}" for mean in keeps["mean"]]
    gate = keeps["gate"].iloc[0]
    return (
        f"{walk.part.words}: mean activity of the gates along {walk.num_steps} steps of "
        f"{len(walk.ids)} series: {'; '.join(words)}. At the mean of the {gate} gate a state lasts "
        f"about {', '.join(spans)} steps."
    )
