"""Batches of whole series of like length, so that little is padded."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..panel import Panel
from .permutation import Permutation
from .sources import SeriesSource, require_whole
from .window_batch import WindowBatch, every_step_batch

__all__ = ["LengthBuckets"]


@dataclass(frozen=True, eq=False)
class LengthBuckets(SeriesSource):
    """Whole series in batches of like length, with targets at every step.

    Series are sorted by length and cut into batches; each is padded (right) to its longest. With a
    seed the batches come in another order in each epoch, and so do series of equal length.

    Args:
        panel: the series; channels of one system make one row together. Empty ones are left out.
        batch_size: series in a batch, at least 1.
        horizon: steps ahead of each step that are targets, at least 1.
        seed: of the order; None for short series first.
        multiple: widths are rounded up to a multiple of it, so that a compiled model sees fewer
            shapes.
        weights: as for `Windows`.

    Raises:
        TypeError: if a number is not whole.
        ValueError: if a number is too small or all series are empty.

    Example:
        >>> import pandas as pd
        >>> from ..frames.frame import read_frame
        >>> frame = pd.DataFrame({"unique_id": list("aaab"), "ds": [1, 2, 3, 1]})
        >>> frame["y"] = [1.0, 2.0, 3.0, 4.0]
        >>> buckets = LengthBuckets(read_frame(frame).panel, batch_size=1)
        >>> [batch.values.shape for batch in buckets]
        [(1, 1), (1, 3)]
    """

    panel: Panel
    batch_size: int
    horizon: int = 1
    seed: int | None = None
    multiple: int = 1
    weights: ArrayLike | None = None

    def __post_init__(self) -> None:
        """Refuse settings that make no batch."""
        for name in ("batch_size", "horizon", "multiple"):
            require_whole(name, getattr(self, name), 1)
        if self.seed is not None:
            require_whole("seed", self.seed, 0)
        self._refuse_nothing()

    def __len__(self) -> int:
        """Batches of an epoch."""
        return -(-int(np.count_nonzero(self.tape.lengths)) // self.batch_size)

    @property
    def num_rows(self) -> int | None:
        """Rows of every batch; None where one is smaller."""
        return None if np.count_nonzero(self.tape.lengths) % self.batch_size else self.batch_size

    @property
    def width(self) -> None:
        """Batches are as wide as their longest series."""
        return None

    @property
    def is_padded(self) -> bool:
        """Whether a series may be shorter than its batch."""
        lengths = np.unique(self.tape.lengths[self.tape.lengths > 0])
        return len(lengths) > 1 or bool(lengths[0] % self.multiple)

    def _batch(self, number: int, epoch: int) -> WindowBatch:
        if self.seed is not None:
            number = int(Permutation(len(self), self.seed, epoch)(np.array([number]))[0])
        rows = slice(number * self.batch_size, (number + 1) * self.batch_size)
        series = self.order_of(epoch)[rows]
        lengths = self.tape.lengths[series]
        width = -(-int(lengths.max()) // self.multiple) * self.multiple
        first = np.zeros_like(series)
        return every_step_batch(self.tape, series, first, lengths, width, self.horizon)

    def _ordered(self, epoch: int) -> NDArray:
        """Numbers of the series that have steps, short ones first."""
        series = np.flatnonzero(self.tape.lengths)
        if self.seed is not None:
            series = series[Permutation(len(series), self.seed, epoch)(np.arange(len(series)))]
        return series[np.argsort(self.tape.lengths[series], kind="stable")]
