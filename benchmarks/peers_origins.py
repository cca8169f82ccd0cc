"""Several origins of a panel, each with its history and its future as series of their own."""

from __future__ import annotations

import pandas as pd
from catalogue import every
from panels import Panel, Parts
from peers_labels import labelled

__all__ = ["LONGEST", "futures", "histories"]

# Steps of a history, the newest. The longest that is read of it are the 720 steps and lags up to
# some 720 more of GluonTS, and the 2,160 steps of neuralforecast, both at the horizon 720; ours
# need the 2,880 steps of ETTh1 between the training part and the first origin.
LONGEST = 4_096


def histories(panel: Panel, parts: Parts) -> pd.DataFrame:
    """The newest rows before each origin: `unique_id` (series@origin), `ds`, `y`."""
    return _series(panel, parts, LONGEST, 0)


def futures(panel: Panel, parts: Parts) -> pd.DataFrame:
    """The rows that are scored at each origin, in the form of `histories`."""
    return _series(panel, parts, 0, panel.horizon)


def _series(panel: Panel, parts: Parts, before: int, after: int) -> pd.DataFrame:
    """So many steps before each origin and after it, origin by origin."""
    known, held = (dict(list(frame.groupby("unique_id", sort=False)))
                   for frame in (parts.known, parts.held))  # fmt: skip
    whole = {name: pd.concat([known[name], held[name]]) for name in held}
    cuts = []
    for number, start in enumerate(_starts(panel, len(next(iter(held.values()))))):
        for name, rows in whole.items():
            end = len(known[name]) + start
            cut = rows.iloc[max(end - before, 0) : end + after]
            cuts.append(cut.assign(unique_id=labelled(name, number)))
    return pd.concat(cuts, ignore_index=True)


def _starts(panel: Panel, num_held: int) -> range:
    """Steps of the held part before each origin."""
    starts = range(0, num_held - panel.horizon + 1, panel.stride)
    return starts[:: every(panel, len(starts))]
