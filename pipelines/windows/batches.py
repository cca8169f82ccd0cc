"""Batches of windows in a seeded order, any of them at any time."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from .permutation import Permutation
from .sources import BatchSource, require_whole
from .window_batch import WindowBatch
from .windows import Windows

__all__ = ["Batches"]

# The order of so many windows is worked out at once while an epoch is walked through.
_WINDOWS_AT_ONCE = 16_384


@dataclass(frozen=True, eq=False)
class Batches(BatchSource):
    """Windows in batches, shuffled anew in each epoch.

    The order is a `Permutation` of the windows keyed by seed and epoch: no memory, the same on any
    platform, and batch 1000 of epoch 7 is there at once (to go on after an interruption, or for
    workers that each take some).

    Args:
        windows: the windows.
        batch_size: windows in a batch, at least 1.
        seed: of the order; None for windows in order, series after series.
        drop_last: leave out the last batch if it is smaller.

    Raises:
        TypeError: if windows are something else, or batch_size or seed is no whole number.
        ValueError: if batch_size is below 1, seed below 0, or no batch is left.

    Example:
        >>> import pandas as pd
        >>> frame = pd.DataFrame({"a": np.arange(9.0)}, index=pd.date_range("2024", periods=9))
        >>> batches = Batches(Windows.of_frame(frame, 3, 1), batch_size=4, seed=0)
        >>> [len(batch.values) for batch in batches]
        [4, 2]
    """

    windows: Windows
    batch_size: int
    seed: int | None = None
    drop_last: bool = False

    def __post_init__(self) -> None:
        """Refuse settings that make no batch."""
        if not isinstance(self.windows, Windows):
            raise TypeError(
                f"windows must be Windows; got {type(self.windows).__name__}. Make them of a panel "
                "or a frame: Windows(panel, context_length, horizon), Windows.of_frame(df, ...)."
            )
        require_whole("batch_size", self.batch_size, 1)
        if self.seed is not None:
            require_whole("seed", self.seed, 0)
        if not len(self):
            raise ValueError(
                f"drop_last leaves no batch: there are {len(self.windows)} windows for a batch of "
                f"{self.batch_size}. Give a smaller batch_size or drop_last=False."
            )

    def __len__(self) -> int:
        """Batches of an epoch."""
        whole, rest = divmod(len(self.windows), self.batch_size)
        return whole + bool(rest and not self.drop_last)

    @property
    def num_rows(self) -> int | None:
        """Rows of every batch; None where the last one is smaller."""
        return None if len(self) * self.batch_size > len(self.windows) else self.batch_size

    @property
    def width(self) -> int:
        """Steps of every batch."""
        return self.windows.context_length

    @property
    def is_padded(self) -> bool:
        """Whether a window has a context that is not full."""
        return self.windows.is_padded

    @property
    def has_gaps(self) -> bool:
        """Whether a step of the panel is without a value."""
        return self.windows.has_gaps

    def _batch(self, number: int, epoch: int) -> WindowBatch:
        return self.windows.gather(self.indices(number, number + 1, epoch))

    def epoch(self, epoch: int) -> Iterator[WindowBatch]:
        """All batches of an epoch."""
        step = max(1, _WINDOWS_AT_ONCE // self.batch_size)
        for number in range(0, len(self), step):
            indices = self.indices(number, min(number + step, len(self)), epoch)
            series, ends = self.windows.locate(indices)
            for start in range(0, len(indices), self.batch_size):
                rows = slice(start, start + self.batch_size)
                yield self.windows.at(series[rows], ends[rows])

    def joined(self, count: int) -> Batches:
        """The same windows in the same order, `count` batches in one; none is left out."""
        return replace(self, batch_size=count * self.batch_size, drop_last=False)

    def indices(self, start: int, stop: int, epoch: int = 0) -> NDArray:
        """Numbers of the windows in the batches from `start` to `stop` (exclusive), int64."""
        last = min(stop * self.batch_size, len(self.windows))
        positions = np.arange(start * self.batch_size, last)
        if self.seed is None:
            return positions
        return Permutation(len(self.windows), self.seed, epoch)(positions)
