"""The steps of a panel end to end, read as one stretch for each row."""

from __future__ import annotations

import mmap
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, DTypeLike, NDArray

from ..panel import Panel

__all__ = ["Tape", "checked_weights", "read_stretches"]

# Steps of a mapped file that are looked at in one go.
_PIECE = 1 << 20


def read_stretches(steps: NDArray, first: NDArray, width: int) -> NDArray:
    """Rows of consecutive steps.

    Args:
        steps: contiguous array of shape (total_steps, ...).
        first: first step of each row, int of shape (rows,), from 0 to total_steps - 1.
        width: steps of each row; beyond the last one the last one is repeated.

    Returns:
        Array of shape (rows, width, ...), a copy.

    Example:
        >>> read_stretches(np.arange(5.0), np.array([1, 3]), 2).tolist()
        [[1.0, 2.0], [3.0, 4.0]]
    """
    room = len(steps) - width
    late = np.flatnonzero(first > room)
    if len(late) == len(first):
        return steps[np.minimum(first[:, None] + np.arange(width), len(steps) - 1)]
    # A stretch is one item of raw bytes: NumPy then copies it as a whole, not number by number.
    stretch = np.dtype((np.void, width * steps.strides[0]))
    items = np.ndarray((room + 1,), stretch, buffer=steps, strides=steps.strides[:1])
    rows = items[np.minimum(first, room) if len(late) else first]
    rows = rows.view(steps.dtype).reshape(len(first), width, *steps.shape[1:])
    if len(late):
        rows[late] = read_stretches(steps, first[late], width)
    return rows


@dataclass(frozen=True, eq=False)
class Tape:
    """The steps of a panel, read by system (a series, or the channels of one) and first step.

    What is read beyond the end of a system belongs to the next one: the caller masks it. Values in
    memory are kept once more as float32, half the size of the panel's; values in a mapped file
    stay there, and only the stretches asked for are read.

    Args:
        panel: the series.
        weights: weight of each series (num_series,) or of each step (total_steps,); None for 1.
    """

    panel: Panel
    weights: NDArray | None = None

    def __getstate__(self) -> dict[str, Any]:
        """Without what can be computed again, so that little travels to a worker."""
        return {"panel": self.panel, "weights": self.weights}

    @cached_property
    def lengths(self) -> NDArray:
        """Steps of each system, int64 (num_systems,)."""
        return self.panel.lengths[:: self.panel.num_channels]

    @cached_property
    def offsets(self) -> NDArray:
        """Where each series begins, int64 (num_series,)."""
        return self.panel.offsets[:-1]

    @cached_property
    def is_mapped(self) -> bool:
        """Whether the values are in a mapped file."""
        base: Any = self.panel.values
        while getattr(base, "base", None) is not None:
            base = base.base
        return isinstance(base, mmap.mmap)

    @cached_property
    def single(self) -> NDArray:
        """The values to read float32 from."""
        dtype = np.float64 if self.is_mapped else np.float32
        return np.ascontiguousarray(self.panel.values, dtype=dtype)

    @cached_property
    def double(self) -> NDArray:
        """The values to read float64 from: the panel's own."""
        return np.ascontiguousarray(self.panel.values)

    @cached_property
    def covariates(self) -> dict[str, NDArray]:
        """The tables of covariates by kind: the panel's own."""
        table = self.panel.covariates
        return {
            "future": np.ascontiguousarray(table.future),
            "past": np.ascontiguousarray(table.past),
        }

    @cached_property
    def is_complete(self) -> bool:
        """Whether every step is known to have a value; a mapped file is not read to find out."""
        return not self.is_mapped and not np.isnan(self.single).any()

    @cached_property
    def has_gaps(self) -> bool:
        """Whether a step is without a value; a mapped file is read once, piece by piece."""
        if not self.is_mapped:
            return not self.is_complete
        pieces = range(0, self.panel.num_rows, _PIECE)
        return any(bool(np.isnan(self.panel.values[at : at + _PIECE]).any()) for at in pieces)

    def values(self, systems: NDArray, first: NDArray, width: int, dtype: DTypeLike) -> NDArray:
        """Values, NaN where there is none, (rows, width) or (rows, width, channels)."""
        source = self.single if dtype == np.float32 else self.double
        return self._read(source, systems, first, width).astype(dtype, copy=False)

    def weights_of(self, systems: NDArray, first: NDArray, width: int) -> NDArray | float:
        """Weights that broadcast to what `values` returns."""
        if self.weights is None:
            return 1.0
        if len(self.weights) == self.panel.num_rows:
            return self._read(self.weights, systems, first, width)
        return self.weights[self._rows(systems)][:, None]

    def table(self, kind: str, systems: NDArray, first: NDArray, width: int) -> NDArray:
        """The "future" or "past" covariates of the steps, (rows, width, columns)."""
        steps = self.covariates[kind]
        systems = systems * self.panel.num_channels  # channels share their covariates
        return read_stretches(steps, self.offsets[systems] + first, width)

    def static(self, systems: NDArray) -> NDArray:
        """The static covariates, (rows, columns)."""
        return self.panel.covariates.static[systems * self.panel.num_channels]

    def _rows(self, systems: NDArray) -> NDArray:
        """Numbers of the series, (rows,) or (rows, channels)."""
        channels = self.panel.num_channels
        return systems if channels == 1 else systems[:, None] * channels + np.arange(channels)

    def _read(self, steps: NDArray, systems: NDArray, first: NDArray, width: int) -> NDArray:
        series = self._rows(systems)
        if series.ndim == 1:
            return read_stretches(steps, self.offsets[series] + first, width)
        start = self.offsets[series] + first[:, None]
        rows = read_stretches(steps, start.reshape(-1), width)
        return rows.reshape(*series.shape, width).swapaxes(1, 2)


def checked_weights(panel: Panel, weights: ArrayLike) -> NDArray:
    """Weights as float32, one for each series or each step.

    Raises:
        ValueError: if their number fits neither, or one is negative, NaN or infinite.
    """
    weights = np.ascontiguousarray(weights, dtype=np.float32)
    if weights.ndim != 1 or len(weights) not in (panel.num_series, panel.num_rows):
        raise ValueError(
            f"weights must have the shape ({panel.num_series},), one for each series, or "
            f"({panel.num_rows},), one for each step; got {weights.shape}."
        )
    if not np.all(np.isfinite(weights) & (weights >= 0)):
        wrong = weights[~(np.isfinite(weights) & (weights >= 0))][0]
        raise ValueError(f"weights must be finite and at least 0; got {wrong}.")
    return weights
