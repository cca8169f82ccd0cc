"""A column of numbers in a file, written in pieces, in any order."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

__all__ = ["Slots"]

_WIDTH = 1 << 19  # slots of the file in memory at a time


@dataclass(frozen=True)
class Slots:
    """The slots 0 to ``count - 1`` of a .npy file, all filled with one number at first.

    Args:
        path: the .npy file.
        dtype: NumPy name of the numbers.
        count: number of slots.
        start: byte at which they begin.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     slots = Slots.create(Path(folder) / "y.npy", 4, np.nan)
        ...     before = slots.exchange(np.array([1, 3]), np.array([5.0, 7.0]))
        ...     np.load(slots.path).tolist()
        [nan, 5.0, nan, 7.0]
    """

    path: Path
    dtype: np.dtype
    count: int
    start: int

    @staticmethod
    def create(path: Path, count: int, fill: Any) -> Slots:
        """A new file of `count` slots that hold `fill`."""
        filled = np.asarray(fill)
        header = {"descr": filled.dtype.str, "fortran_order": False, "shape": (count,)}
        with path.open("wb") as file:
            np.lib.format.write_array_header_1_0(file, header)
            start = file.tell()
            for first in range(0, count, _WIDTH):
                np.full(min(_WIDTH, count - first), filled).tofile(file)
        return Slots(path, filled.dtype, count, start)

    def exchange(self, slots: np.ndarray, values: Any) -> np.ndarray:
        """Put values into slots.

        Args:
            slots: positions, int64 of shape (n,), ascending.
            values: of shape (n,), or one for all.

        Returns:
            What was there before, of shape (n,).
        """
        before = np.empty(len(slots), dtype=self.dtype)
        values = np.broadcast_to(values, slots.shape)
        for first, rows in self._windows(slots):
            window = self._map(first, "r+")
            inside = slots[rows] - first
            before[rows] = window[inside]
            window[inside] = values[rows]
        return before

    def windows(self) -> Iterator[tuple[int, np.ndarray]]:
        """The numbers of all slots, piece by piece, each with the position of its first."""
        for first in range(0, self.count, _WIDTH):
            yield first, np.asarray(self._map(first, "r"))

    def _windows(self, slots: np.ndarray) -> Iterator[tuple[int, slice]]:
        """First slot of each piece of the file, and which of the slots lie in it."""
        position = 0
        while position < len(slots):
            first = int(slots[position]) // _WIDTH * _WIDTH
            stop = int(np.searchsorted(slots, first + _WIDTH))
            yield first, slice(position, stop)
            position = stop

    def _map(self, first: int, mode: Any) -> np.memmap:
        """A piece of the file; its memory is free again when the map is dropped."""
        start, shape = self.start + first * self.dtype.itemsize, min(_WIDTH, self.count - first)
        return np.memmap(self.path, self.dtype, mode, start, (shape,))
