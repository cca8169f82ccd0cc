"""Chunks of series for training with a state that is carried from batch to batch."""

from __future__ import annotations

import heapq
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..panel import Panel
from .permutation import Permutation
from .sources import SeriesSource, require_whole
from .window_batch import WindowBatch, every_step_batch

__all__ = ["Streams"]


@dataclass(frozen=True, eq=False)
class Streams(SeriesSource):
    """Chunk t of each series follows its chunk t - 1 in the same row of the next batch.

    For truncated back-propagation with a carried state (Keras: ``stateful=True``): every step of
    every series comes exactly once, in order. When a series has ended, the next one begins in its
    row with the next batch, and ``inputs["begins"]`` says that the state of this row is to be
    reset. Longer series are placed first, each in the row that is free first, so that rows end
    together; a row that has ended is padding with ``series`` -1.

    With ``together=True`` all rows begin together, `batch_size` series of like length at a time:
    more padding, but a plain ``reset_state()`` does.

    Args:
        panel: the series; channels of one system make one row together.
        chunk_length: steps of a chunk, at least 1.
        batch_size: rows, at least 1; every batch has as many.
        horizon: steps ahead of each step that are targets, at least 1.
        seed: of the order of series of a like number of chunks; None for the panel's order.
        together: whether all rows begin together.
        weights: as for `Windows`.

    Raises:
        TypeError: if a number is not whole.
        ValueError: if a number is too small or all series are empty.

    Example:
        >>> import pandas as pd
        >>> from ..frames.frame import read_frame
        >>> frame = pd.DataFrame({"unique_id": list("aaab"), "ds": [1, 2, 3, 1]})
        >>> frame["y"] = [1.0, 2.0, 3.0, 4.0]
        >>> streams = Streams(read_frame(frame).panel, chunk_length=2, batch_size=1)
        >>> [batch.values.tolist() for batch in streams]
        [[[1.0, 2.0]], [[3.0, 0.0]], [[4.0, 0.0]]]
        >>> [batch.inputs["begins"].tolist() for batch in streams]
        [[True], [False], [True]]
    """

    panel: Panel
    chunk_length: int
    batch_size: int
    horizon: int = 1
    seed: int | None = None
    together: bool = False
    weights: ArrayLike | None = None

    is_ordered = True

    def __post_init__(self) -> None:
        """Refuse settings that make no batch."""
        for name in ("chunk_length", "batch_size", "horizon"):
            require_whole(name, getattr(self, name), 1)
        if self.seed is not None:
            require_whole("seed", self.seed, 0)
        self._refuse_nothing()

    def __len__(self) -> int:
        """Batches of an epoch; the same for every epoch."""
        return self._placed[2]

    @property
    def num_rows(self) -> int:
        """Rows of every batch."""
        return self.batch_size

    @property
    def width(self) -> int:
        """Steps of every batch."""
        return self.chunk_length

    @property
    def is_padded(self) -> bool:
        """Whether a chunk is not full, or a row ends before the others."""
        return self.panel.num_rows < len(self) * self.batch_size * self.chunk_length * (
            self.panel.num_channels
        )

    def _batch(self, number: int, epoch: int) -> WindowBatch:
        places, starts = self._slots
        now = np.arange(self.batch_size) * len(self) + number
        slot = np.maximum(np.searchsorted(starts, now, side="right") - 1, 0)
        series = self.order_of(epoch)[places[slot]]
        chunk = now - starts[slot]
        runs = (chunk >= 0) & (chunk < self._chunks[series])
        first = np.where(runs, chunk * self.chunk_length, 0)
        known = np.minimum(self.tape.lengths[series] - first, self.chunk_length)
        known = np.where(runs, known, 0)
        batch = every_step_batch(self.tape, series, first, known, self.chunk_length, self.horizon)
        batch.inputs["begins"] = runs & (chunk == 0)
        return replace(batch, series=np.where(runs, series, -1))

    def _ordered(self, epoch: int) -> NDArray:
        """Numbers of the series that have steps, those of many chunks first."""
        series = np.flatnonzero(self._chunks)
        if self.seed is not None:
            series = series[Permutation(len(series), self.seed, epoch)(np.arange(len(series)))]
        return series[np.argsort(-self._chunks[series], kind="stable")]

    @cached_property
    def _slots(self) -> tuple[NDArray, NDArray]:
        """Who stands where: places in the order, and row * num_batches + first batch, ascending."""
        rows, begins, _ = self._placed
        starts = rows * len(self) + begins
        places = np.argsort(starts)
        return places, starts[places]

    @cached_property
    def _placed(self) -> tuple[NDArray, NDArray, int]:
        """Row and first batch of each place in the order, and the batches there are."""
        place = _in_groups if self.together else _packed
        # Many chunks first, in every epoch: the places are the same, only who takes them is not.
        sizes = np.sort(self._chunks[self._chunks > 0])[::-1]
        rows, begins = place(sizes, self.batch_size)
        return rows, begins, int((begins + sizes).max())

    @cached_property
    def _chunks(self) -> NDArray:
        """Chunks of each series."""
        return -(-self.tape.lengths // self.chunk_length)


def _in_groups(sizes: NDArray, num_rows: int) -> tuple[NDArray, NDArray]:
    """Row and begin of each place: `num_rows` at a time, all beginning together."""
    places = np.arange(len(sizes))
    longest = sizes[::num_rows]
    return places % num_rows, (np.cumsum(longest) - longest)[places // num_rows]


def _packed(sizes: NDArray, num_rows: int) -> tuple[NDArray, NDArray]:
    """Row and begin of each place: each in the row that is free first."""
    free = [(0, row) for row in range(num_rows)]
    placed = np.empty((2, len(sizes)), dtype=np.int64)
    for place, size in enumerate(sizes.tolist()):
        begin, row = free[0]
        placed[:, place] = row, begin
        heapq.heapreplace(free, (begin + size, row))
    return placed[0], placed[1]
