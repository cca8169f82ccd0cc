"""One array as the bytes of a `.npy` file, and its header back without evaluating anything."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from forecast.archive.errors import BundleError

__all__ = ["PREFIX_LENGTH", "ArrayHeader", "array_data", "header_length"]

_MAGIC = b"\x93NUMPY\x01\x00"
PREFIX_LENGTH = 10
"""Bytes that tell how long a header is: the magic string, the version, the length."""
_ALIGNMENT = 64
_DTYPES = frozenset(
    ("|b1", "|i1", "|u1", "<i2", "<u2", "<i4", "<u4", "<i8", "<u8", "<f2", "<f4", "<f8")
)
_TEXT = re.compile(
    r"\{'descr': '([^']*)', 'fortran_order': (True|False), 'shape': \(([\d, ]*)\), \} *\n"
)
_LARGEST = 2**62


@dataclass(frozen=True)
class ArrayHeader:
    """What is known of an array before memory is taken for it.

    Args:
        dtype: of plain little-endian numbers.
        shape: lengths of its axes.
        is_fortran: whether the first axis is the fastest.

    Example:
        >>> ArrayHeader.of(np.zeros((2, 3))).num_bytes
        48
    """

    dtype: np.dtype[Any]
    shape: tuple[int, ...]
    is_fortran: bool = False

    @staticmethod
    def of(array: NDArray) -> ArrayHeader:
        """The header that an array is written with."""
        fortran = array.flags.f_contiguous and not array.flags.c_contiguous
        return ArrayHeader(array.dtype.newbyteorder("<"), array.shape, fortran)

    @property
    def holds_numbers(self) -> bool:
        """Whether the dtype is one of those that a bundle may hold."""
        return self.dtype.str in _DTYPES

    @property
    def num_bytes(self) -> int:
        """Bytes of the data."""
        return math.prod(self.shape) * self.dtype.itemsize

    def to_bytes(self) -> bytes:
        """The beginning of the file: the same bytes for the same header, whatever wrote them."""
        text = repr({"descr": self.dtype.str, "fortran_order": self.is_fortran,
                     "shape": self.shape})[:-1] + ", }"  # fmt: skip
        text += " " * (-(PREFIX_LENGTH + len(text) + 1) % _ALIGNMENT) + "\n"
        return _MAGIC + len(text).to_bytes(2, "little") + text.encode("ascii")

    @staticmethod
    def of_bytes(name: str, data: bytes) -> ArrayHeader:
        """The header of the member `name`, whose file begins with `data`.

        Raises:
            BundleError: for anything that `to_bytes` would not have written.
        """
        found = _TEXT.fullmatch(data[PREFIX_LENGTH:].decode("latin-1"))
        if not found:
            raise BundleError(f"member {name!r} is no .npy array of this library.")
        descr, fortran, axes = found.groups()
        if descr not in _DTYPES:
            kind = "object" if descr == "|O" else descr
            raise BundleError(f"member {name!r} is of dtype {kind}; a bundle holds numbers only.")
        shape = tuple(int(axis) for axis in axes.split(",") if axis.strip())
        header = ArrayHeader(np.dtype(descr), shape, fortran == "True")
        # An empty array must not claim axes that no memory could hold.
        if math.prod(max(axis, 1) for axis in shape) > _LARGEST or header.to_bytes() != data:
            raise BundleError(f"member {name!r} has a header that this library would not write.")
        return header

    def blank(self) -> NDArray:
        """Memory for the data, in the order of the file, `(num_entries,)`."""
        return np.empty(math.prod(self.shape), dtype=self.dtype)

    def shaped(self, entries: NDArray) -> NDArray:
        """The array, given what `blank` was filled with."""
        return entries.reshape(self.shape, order="F" if self.is_fortran else "C")


def header_length(name: str, prefix: bytes) -> int:
    """Bytes of a whole header, given its first `PREFIX_LENGTH`.

    Raises:
        BundleError: if these are not the beginning of a `.npy` file of version 1.0.
    """
    if prefix[:6] != _MAGIC[:6] or len(prefix) < PREFIX_LENGTH:
        raise BundleError(f"member {name!r} is no .npy array.")
    if prefix[:8] != _MAGIC:
        raise BundleError(f"member {name!r} is of an unknown version of .npy.")
    return PREFIX_LENGTH + int.from_bytes(prefix[8:], "little")


def array_data(array: NDArray) -> memoryview:
    """The entries of an array as bytes, in the order that `ArrayHeader.of` names; not copied
    where they lie side by side.
    """  # noqa: D205
    little = array.astype(array.dtype.newbyteorder("<"), copy=False)
    flat = little.ravel(order="F" if ArrayHeader.of(array).is_fortran else "C")
    return memoryview(flat.view(np.uint8))  # type: ignore[arg-type]
