"""The walk of a chain over a block: where values are missing, forecasts fill the memories."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from .links import Links
from .position import Position

__all__ = ["Told", "Walk", "walk"]

Told = Callable[[slice, np.ndarray, np.ndarray, Position], np.ndarray]
"""Is told some steps, their outputs (NaN where missing), which of them exist, and the position
before them; gives the one-step forecasts of these outputs, NaN where there is none."""


@dataclass(frozen=True, eq=False)
class Walk:
    """What came of a walk.

    Args:
        one_step: forecasts of every step, in the units of the values, (rows, steps).
        position: after the block.
        outside: values of each row without a transform, which counted as missing, (rows,).
    """

    one_step: np.ndarray
    position: Position
    outside: np.ndarray


def walk(
    links: Links, values: np.ndarray, valid: np.ndarray, position: Position, told: Told
) -> Walk:
    """Transform a block, in as few pieces as its gaps allow.

    Without memories it is one piece. With them, a step at which a row has no value is a piece of
    its own: the memories take the forecast of it in the value's stead. A value that has no
    transform counts as missing.

    Args:
        links: fitted transforms of these rows.
        values: (rows, steps), NaN where missing and at padding.
        valid: whether each step exists, (rows, steps), right-padded.
        position: before the block.
        told: see `Told`; called once a piece.
    """
    values, one_step = values.copy(), np.full(values.shape, np.nan)
    outside, start = np.zeros(len(values), dtype=np.int64), 0
    while start < values.shape[1]:
        stop = _stop(links, valid & np.isnan(values), start)
        levels = links.levels(values[:, start:stop], position)
        known = valid[:, start:stop] & ~np.isnan(levels[0])
        odd = known & links.undefined(levels, position)
        if links.has_memory and odd.any():
            first = int(np.argmax(odd.any(axis=0)))
            outside += odd[:, first]
            values[odd[:, first], start + first] = np.nan
            if not first:
                continue  # the step is a piece of its own now
            stop, levels = start + first, [level[:, :first] for level in levels]
        else:
            outside += odd.sum(axis=1)
        steps = slice(start, stop)
        forecasts = told(steps, levels[-1], valid[:, steps], position)
        one_step[:, steps] = links.one_step(forecasts, levels, position)
        if links.has_memory:
            levels = _filled(links, levels, forecasts, position)
        position = position.after(levels, valid[:, steps].sum(axis=1))
        start = stop
    return Walk(one_step, position, outside)


def _stop(links: Links, missing: np.ndarray, start: int) -> int:
    """The end of the piece that begins at `start`."""
    if not links.has_memory:
        return missing.shape[1]
    gaps = np.any(missing[:, start:], axis=0)
    first = int(np.argmax(gaps))
    if not np.any(gaps):
        return missing.shape[1]
    return start + max(first, 1)


def _filled(
    links: Links, levels: list[np.ndarray], forecasts: np.ndarray, position: Position
) -> list[np.ndarray]:
    """The levels with what was forecast where nothing was known; as before, without a forecast."""
    missing = np.isnan(levels[0])
    if levels[0].shape[1] != 1 or not missing.any():
        return levels
    unknown = np.isnan(forecasts)
    outputs = np.where(unknown, links.no_change(forecasts, position), forecasts)
    outputs = np.where(np.isnan(levels[-1]), outputs, levels[-1])  # filled by a transform itself
    return links.levels(np.where(missing, links.inverse(outputs, position), levels[0]), position)
