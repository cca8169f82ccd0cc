"""The moments of a backtest for a forecaster that looks at all series as one system."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from forecast.backtesting.plan import FEWEST_STEPS
from forecast.pipelines import Origins, Panel, first_values, steps_behind

__all__ = ["joint_origins", "shown_rows"]


def joint_origins(panel: Panel, origins: Origins, seen: Panel) -> Origins:
    """The origins of a panel on the steps of a panel made of it.

    Args:
        panel: the series as they came.
        origins: their origins.
        seen: the series as a forecaster looks at them: `panel` itself, or all of them as the
            channels of one system.

    Returns:
        `origins` where the steps are the same; else an origin of all channels wherever one has it,
        whose sliding window begins with the first step there at which all have a value.

    Raises:
        ValueError: if an origin is not one moment for all series, or lies before the system has
            begun.
    """
    if _same_steps(panel, seen):
        return origins
    taken = origins.ends >= 0
    whole = panel.lengths + steps_behind(panel)
    back = np.where(taken, whole - origins.ends, -1).max(axis=1)
    if np.any(taken & (whole - origins.ends != back[:, None])):
        _refuse_other_ends(panel)
    length = int(seen.lengths[0])
    known, begun = length - back, np.zeros_like(back)
    if origins.starts is not None:
        begun = length - np.where(taken, whole - origins.starts, length).min(axis=1)
        begun = first_values(seen, _of_all(np.maximum(begun, 0), seen))[:, 0]
    if np.any(known - begun < FEWEST_STEPS):
        first = int(np.argmax(known - begun < FEWEST_STEPS))
        raise ValueError(
            f"all {seen.num_series} channels have values together from {seen.starts[0]} on, "
            f"{length} steps before the end; of these, {max(known[first] - begun[first], 0)} are "
            f"known at the origin {back[first]} steps before it. Use fewer origins (n_windows), "
            "a larger max_train_size, or leave out the channels that begin late."
        )
    starts = None if origins.starts is None else _of_all(begun, seen)
    return replace(origins, ends=_of_all(known, seen), starts=starts)


def _of_all(steps: NDArray, seen: Panel) -> NDArray:
    """Steps at each origin, for every channel, `(num_windows, num_series)`."""
    return np.repeat(steps[:, None], seen.num_series, axis=1)


def shown_rows(panel: Panel, origins: Origins, seen: Panel) -> list[NDArray]:
    """The series of `seen` that have an origin of their own, in the order of `panel`.

    Returns:
        Positions in `seen` at each origin.
    """
    places = {name: place for place, name in enumerate(seen.ids)}
    return [
        np.array([places[name] for name in panel.ids[ends >= 0]], dtype=np.int64)
        for ends in origins.ends
    ]


def _same_steps(panel: Panel, seen: Panel) -> bool:
    return (
        np.array_equal(panel.ids, seen.ids)
        and np.array_equal(panel.lengths, seen.lengths)
        and panel.starts.equals(seen.starts)
    )


def _refuse_other_ends(panel: Panel) -> None:
    end = panel.ends.max()
    odd = int(np.argmax(panel.ends != end))
    raise ValueError(
        f"series {panel.ids[odd]!r} ends at {panel.ends[odd]}, others at {end}: origins are "
        "counted from each series' own end, but a joint model needs one time for all its "
        "channels. Use align='calendar', cut all series at the same time, or leave the joint model "
        "out."
    )
