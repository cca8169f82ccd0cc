"""Where each series stands on its way through a chain."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

__all__ = ["Position", "settled"]


@dataclass(frozen=True, eq=False)
class Position:
    """What a chain remembers of each series: the newest inputs of every transform, and the time.

    Args:
        pasts: for each transform its last `memory` inputs, oldest first, (rows, memory) or (rows,
            paths, memory); NaN before the series began.
        clock: steps of each series so far, int64 of shape (rows,).
        offset: steps from the first fitted step to the first step of each, (rows,).
    """

    pasts: tuple[np.ndarray, ...]
    clock: np.ndarray
    offset: np.ndarray

    def take(self, rows: np.ndarray) -> Position:
        """The positions of some rows."""
        pasts = tuple(past[rows] for past in self.pasts)
        return Position(pasts, self.clock[rows], self.offset[rows])

    def on_paths(self, num_paths: int) -> Position:
        """The same position at the beginning of every path."""
        pasts = tuple(np.repeat(past[:, None], num_paths, axis=1) for past in self.pasts)
        return Position(pasts, self.clock, self.offset)

    def after(self, levels: list[np.ndarray], num_valid: np.ndarray | None = None) -> Position:
        """The position after more steps.

        Args:
            levels: inputs of every transform (and the output) at these steps.
            num_valid: steps of each row that exist; all by default.
        """
        steps = levels[0].shape[-1]
        pasts = zip(self.pasts, levels, strict=False)
        found = tuple(_newest(past, level, num_valid) for past, level in pasts)
        return Position(
            found, self.clock + (steps if num_valid is None else num_valid), self.offset
        )


def settled(past: np.ndarray) -> np.ndarray:
    """A past without holes: what is not known yet counts as the newest value, or as 0."""
    if not past.shape[-1]:
        return past
    missing = np.isnan(past)
    return np.nan_to_num(np.where(missing, past[..., -1:], past)) if missing.any() else past


def _newest(past: np.ndarray, values: np.ndarray, num_valid: np.ndarray | None) -> np.ndarray:
    """The last inputs once `values` came."""
    memory = past.shape[-1]
    if not memory:
        return past
    joined = np.concatenate([past, values], axis=-1)
    if num_valid is None:
        return joined[..., joined.shape[-1] - memory :]
    return np.take_along_axis(joined, num_valid[:, None] + np.arange(memory), axis=1)
