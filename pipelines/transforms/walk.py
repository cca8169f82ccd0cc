"""The walk of a chain over a block: where values are missing, forecasts fill the memories."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from .links import Links
from .position import Position

__all__ = ["Told", "Walk", "walk"]

Told = Callable[[np.ndarray, np.ndarray, np.ndarray, Position], np.ndarray]
"""Is told some steps of each row: the number of the first, (rows,), their outputs (NaN where
missing) and which of them exist, both (rows, steps) and right-padded, and the position before them;
gives the one-step forecasts of these outputs, NaN where there is none."""


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
    links: Links, values: np.ndarray, valid: np.ndarray, position: Position, told: Told,
    num_channels: int = 1,
) -> Walk:  # fmt: skip
    """Transform a block, in as few pieces as its gaps allow.

    Without memories it is one piece. With them, a piece of a row ends with a step without a value:
    the memories take the forecast of it in the value's stead. Each row goes on at its own pace, so
    that a gap of one does not stop the others. A value that has no transform counts as missing.

    Args:
        links: fitted transforms of these rows.
        values: (rows, steps), NaN where missing and at padding.
        valid: whether each step exists, (rows, steps), right-padded.
        position: before the block.
        told: see `Told`; called once a piece.
        num_channels: consecutive rows that go on together.
    """
    values, one_step = values.copy(), np.full(values.shape, np.nan)
    outside, start = np.zeros((2, len(values)), dtype=np.int64)
    lengths = valid.sum(axis=1)
    while (start < lengths).any():
        stop = _stops(links, valid & np.isnan(values), start, lengths, num_channels)
        there, rows, steps = _steps(start, stop)
        piece = np.full(there.shape, np.nan)
        piece[there] = values[rows, steps]
        levels = links.levels(piece, position)
        odd = there & ~np.isnan(piece) & links.undefined(levels, position)
        if links.has_memory and odd.any():
            odd &= np.cumsum(odd, axis=1) == 1  # what follows the first may have a transform then
            values[rows, steps] = np.where(odd, np.nan, piece)[there]
            outside += odd.any(axis=1)
            continue  # a step that counts as missing ends its piece
        outside += odd.sum(axis=1)
        forecasts = told(start, levels[-1], there, position)
        one_step[rows, steps] = links.one_step(forecasts, levels, position)[there]
        position = _after(links, levels, forecasts, position, there)
        start = stop
    return Walk(one_step, position, outside)


def _stops(
    links: Links, missing: np.ndarray, start: np.ndarray, lengths: np.ndarray, num_channels: int
) -> np.ndarray:
    """The end of the piece of each row that begins at `start`, (rows,)."""
    ahead = missing & (np.arange(missing.shape[1]) >= start[:, None])
    if not (links.has_memory and ahead.any()):
        return lengths
    stop = np.where(ahead.any(axis=1), ahead.argmax(axis=1) + 1, lengths)
    steps = np.repeat((stop - start).reshape(-1, num_channels).min(axis=1), num_channels)
    # A piece is as wide as its longest row: a few long ones wait rather than pad all the others.
    return start + np.minimum(steps, int(np.ceil(steps[start < lengths].mean())))


def _steps(start: np.ndarray, stop: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Which steps of a piece exist, (rows, steps), and of these the rows and the places."""
    there = np.arange((stop - start).max()) < (stop - start)[:, None]
    rows, steps = np.nonzero(there)
    return there, rows, start[rows] + steps


def _after(
    links: Links, levels: list[np.ndarray], forecasts: np.ndarray, position: Position,
    there: np.ndarray,
) -> Position:  # fmt: skip
    """The position after a piece, with what was forecast where its last step has no value."""
    count = there.sum(axis=1)
    if not links.has_memory or not np.isnan(levels[0][there]).any():
        return position.after(levels, count)
    but_last = np.maximum(count - 1, 0)
    before = position.after(levels, but_last)
    *own, ahead = (np.take_along_axis(x, but_last[:, None], axis=1) for x in (*levels, forecasts))
    return before.after(_filled(links, own, ahead, before), count - but_last)


def _filled(
    links: Links, levels: list[np.ndarray], forecasts: np.ndarray, position: Position
) -> list[np.ndarray]:
    """The levels of one step with what was forecast, or "as before", where nothing was known."""
    unknown = np.isnan(forecasts)
    outputs = np.where(unknown, links.no_change(forecasts, position), forecasts)
    outputs = np.where(np.isnan(levels[-1]), outputs, levels[-1])  # filled by a transform itself
    known = ~np.isnan(levels[0])
    return links.levels(np.where(known, levels[0], links.inverse(outputs, position)), position)
