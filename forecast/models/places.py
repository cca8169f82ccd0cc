"""Where the sequences of a batch lie: stretches, windows, or streams with a carried state."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["Places", "Placing", "placing_of"]


@dataclass(frozen=True, eq=False)
class Places:
    """Where the sequences of one batch lie.

    Args:
        rows: series of each, `(batch_size,)`.
        starts: its first step there, `(batch_size,)`.
        counts: its steps, the rest is padding, `(batch_size,)`.
        begins: whether its state begins at zero, else at that of the batch before,
            `(batch_size,)`.
    """

    rows: NDArray
    starts: NDArray
    counts: NDArray
    begins: NDArray


Placing = Callable[[int], Places]
"""The places of batch `number`, the same whenever asked for."""


def placing_of(
    sequences: str, lengths: NDArray, taught: NDArray, size: tuple[int, int, int], seed: int
) -> Placing:
    """How the sequences of every batch are placed.

    Args:
        sequences: "stretches", "windows" or "streams", see `Truncation`.
        lengths: steps of each series, `(num_series,)`.
        taught: which steps are learned from, `(num_series, num_steps)`.
        size: number of updates, batch size, steps of a sequence.
        seed: of the draws.
    """
    rows = np.flatnonzero(taught.any(axis=1))
    if sequences == "streams":
        return _streams(lengths, rows, size, seed)
    if sequences == "windows":
        return _windows(taught, size, seed)
    return _stretches(lengths, rows, size, seed)


def _stretches(lengths: NDArray, taught: NDArray, size: tuple[int, int, int], seed: int) -> Placing:
    """Anywhere within a series, long ones more often."""
    _, batch_size, length = size
    share = lengths[taught] / lengths[taught].sum()

    def places(number: int) -> Places:
        generator = np.random.default_rng((seed, number))
        rows = generator.choice(taught, size=batch_size, p=share)
        starts = generator.integers(0, np.maximum(lengths[rows] - length, 0) + 1)
        return _from_zero(rows, starts, np.minimum(lengths[rows], length))

    return places


def _windows(taught: NDArray, size: tuple[int, int, int], seed: int) -> Placing:
    """Those that end at a step which is learned from, all of these equally often."""
    _, batch_size, length = size
    ends = np.flatnonzero(taught)

    def places(number: int) -> Places:
        drawn = np.random.default_rng((seed, number)).choice(ends, size=batch_size)
        rows, last = np.divmod(drawn, taught.shape[1])
        starts = np.maximum(last - length + 1, 0)
        return _from_zero(rows, starts, last + 1 - starts)

    return places


def _streams(lengths: NDArray, taught: NDArray, size: tuple[int, int, int], seed: int) -> Placing:
    """Chunk after chunk of one series after the other in each row.

    Series come in an order drawn anew for every pass, each in the row that is free first. The
    first series of a row begins at a chunk of it drawn at random: rows of one long series would
    otherwise all see the same.
    """
    num_updates, batch_size, length = size
    chunks = -(-lengths[taught] // length)
    generator = np.random.default_rng((seed, 0))
    queue: list[int] = []
    where = np.empty((num_updates, batch_size, 2), dtype=np.int64)
    begins = np.zeros((num_updates, batch_size), dtype=bool)
    current, chunk = np.zeros((2, batch_size), dtype=np.int64)
    left = np.zeros(batch_size, dtype=np.int64)
    for number in range(num_updates):
        for row in np.flatnonzero(left == 0):
            queue = queue or generator.permutation(len(taught)).tolist()
            current[row] = queue.pop()
            chunk[row] = generator.integers(chunks[current[row]]) if number == 0 else 0
            left[row] = chunks[current[row]] - chunk[row]
            begins[number, row] = True
        where[number] = np.stack([taught[current], chunk * length], axis=1)
        chunk, left = chunk + 1, left - 1

    def places(number: int) -> Places:
        rows, starts = where[number].T
        return Places(rows, starts, np.minimum(lengths[rows] - starts, length), begins[number])

    return places


def _from_zero(rows: NDArray, starts: NDArray, counts: NDArray) -> Places:
    return Places(rows, starts, counts, np.ones(len(rows), dtype=bool))
