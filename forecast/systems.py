"""The moments of a backtest for a forecaster that looks at all series as one system."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from forecast.pipelines import Origins, Panel

__all__ = ["joint_origins", "shown_rows"]

_FEWEST_STEPS = 2


def joint_origins(panel: Panel, origins: Origins, seen: Panel) -> Origins:
    """The origins of a panel on the steps of a panel made of it.

    Args:
        panel: the series as they came.
        origins: their origins.
        seen: the series as a forecaster looks at them: `panel` itself, or all of them as the
            channels of one system.

    Returns:
        `origins` where the steps are the same; else an origin of all channels wherever one has it.

    Raises:
        ValueError: if the series end at different times, or an origin lies before the system has
            begun.
    """
    if _same_steps(panel, seen):
        return origins
    _refuse_other_ends(panel, seen)
    ahead = np.where(origins.ends >= 0, panel.lengths - origins.ends, -1).max(axis=1)
    length = int(seen.lengths[0])
    known = np.where(ahead >= 0, length - ahead, -1)
    if np.any((ahead >= 0) & (known < _FEWEST_STEPS)):
        raise ValueError(
            f"all {seen.num_series} channels have values together from {seen.starts[0]} on, "
            f"{length} steps before the end; the first origin lies {ahead.max()} steps before it. "
            "Use fewer origins (n_windows), or leave out the channels that begin late."
        )
    ends = np.repeat(known[:, None], seen.num_series, axis=1)
    return Origins(ends, origins.horizon, origins.step_size)


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


def _refuse_other_ends(panel: Panel, seen: Panel) -> None:
    end = seen.ends[0]
    apart = np.asarray(panel.ends != end)
    if apart.any():
        odd = int(np.argmax(apart))
        raise ValueError(
            f"series {panel.ids[odd]!r} ends at {panel.ends[odd]}, others at {end}: origins are "
            "counted from each series' own end, but a joint model needs one time for all its "
            "channels. Cut all series at the same time, or leave the joint model out."
        )
