"""Where the series of a file begin and end."""

from __future__ import annotations

from dataclasses import dataclass, field, fields, replace

import numpy as np

__all__ = ["Extents"]

_LATEST, _EARLIEST = np.iinfo(np.int64).max, np.iinfo(np.int64).min


def _none(fill: int) -> np.ndarray:
    return np.full(0, fill, dtype=np.int64)


@dataclass(frozen=True, eq=False)
class Extents:
    """First and last row of each series, of all its rows and of those with a value.

    Args:
        first: stamp of the first row, int64 of shape (num_series,).
        last: stamp of the last row.
        first_value: stamp of the first row with a value, later than `last_value` without any.
        last_value: stamp of the last row with a value.
        counts: number of rows.

    Example:
        >>> extents = Extents().seen(np.array([0, 0]), np.array([7, 5]), np.array([True, False]), 1)
        >>> int(extents.first[0]), int(extents.first_value[0]), int(extents.counts[0])
        (5, 7, 2)
    """

    first: np.ndarray = field(default_factory=lambda: _none(_LATEST))
    last: np.ndarray = field(default_factory=lambda: _none(_EARLIEST))
    first_value: np.ndarray = field(default_factory=lambda: _none(_LATEST))
    last_value: np.ndarray = field(default_factory=lambda: _none(_EARLIEST))
    counts: np.ndarray = field(default_factory=lambda: _none(0))

    @property
    def has_value(self) -> np.ndarray:
        """Whether each series has a value, bool of shape (num_series,)."""
        return self.first_value <= self.last_value

    def seen(
        self, codes: np.ndarray, stamps: np.ndarray, known: np.ndarray, num_series: int
    ) -> Extents:
        """The extents after some more rows.

        Args:
            codes: the series of each row, int64 of shape (n,).
            stamps: its time as a whole number, int64 of shape (n,).
            known: whether it has a value, bool of shape (n,).
            num_series: number of series so far.
        """
        grown = self._grown(num_series)
        np.minimum.at(grown.first, codes, stamps)
        np.maximum.at(grown.last, codes, stamps)
        np.minimum.at(grown.first_value, codes[known], stamps[known])
        np.maximum.at(grown.last_value, codes[known], stamps[known])
        grown.counts[:] += np.bincount(codes, minlength=num_series)
        return grown

    def take(self, order: np.ndarray) -> Extents:
        """The extents of the series in another order."""
        return Extents(**{part.name: getattr(self, part.name)[order] for part in fields(self)})

    def _grown(self, num_series: int) -> Extents:
        """The same with room for more series."""
        more = num_series - len(self.first)
        fills = {"first": _LATEST, "last": _EARLIEST, "first_value": _LATEST,
                 "last_value": _EARLIEST, "counts": 0}  # fmt: skip
        return replace(self, **{
            name: np.concatenate([getattr(self, name), np.full(more, fill, dtype=np.int64)])
            for name, fill in fills.items()
        })  # fmt: skip
