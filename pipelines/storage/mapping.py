"""Arrays that stay on the disk: opened, and named in a pickle, without reading their values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

__all__ = ["MappedArray", "by_name", "opened"]


@dataclass(frozen=True)
class MappedArray:
    """Where a read-only array lies in a file; it stands for the array in a pickle.

    Args:
        path: absolute path of the file.
        dtype: NumPy name of the numbers.
        shape: shape of the array, which lies there in C order.
        start: first byte.

    Example:
        >>> MappedArray.of(np.ones(3)) is None
        True
    """

    path: str
    dtype: str
    shape: tuple[int, ...]
    start: int

    @staticmethod
    def of(array: np.ndarray) -> MappedArray | None:
        """Where an array lies, None if it is in memory, can be written to or has strides."""
        root = _root(array)
        if root is None or not array.size or not array.flags.c_contiguous:
            return None
        start = root.offset + _address(array) - _address(root)
        path = str(Path(str(root.filename)).resolve())
        return MappedArray(path, array.dtype.str, array.shape, start)

    def open(self) -> np.ndarray:
        """The array, read-only; its values are read when they are looked at.

        Raises:
            FileNotFoundError: if the file is gone.
            ValueError: if it is too short.
        """
        if not Path(self.path).is_file():
            raise FileNotFoundError(
                f"there is no file {self.path}, in which the values of a panel lie. A pickle of a "
                "memory-mapped panel holds the place of the values, not the values: keep the "
                "folder where it was, or save the panel again and open it from there."
            )
        # A plain array on top: results of computations are never taken for maps.
        return np.asarray(np.memmap(self.path, self.dtype, "r", self.start, self.shape))


def _root(array: np.ndarray) -> np.memmap | None:
    """The read-only map of a file behind an array and the views between, None if there is none."""
    found: np.memmap | None = None
    base: Any = array
    while isinstance(base, np.ndarray):
        found = base if isinstance(base, np.memmap) else found
        base = base.base
    # Other modes: what was changed in memory may not be in the file.
    return found if found is not None and found.filename and found.mode == "r" else None


def _address(array: np.ndarray) -> int:
    return int(array.__array_interface__["data"][0])


def by_name(parts: Mapping[str, Any]) -> dict[str, Any]:
    """The state of an object for a pickle: arrays in files by their place, all else as it is."""
    return {
        name: (MappedArray.of(part) or part) if isinstance(part, np.ndarray) else part
        for name, part in parts.items()
    }


def opened(parts: Mapping[str, Any]) -> dict[str, Any]:
    """The state that `by_name` gave, with the arrays in files opened."""
    return {
        name: part.open() if isinstance(part, MappedArray) else part for name, part in parts.items()
    }
