"""Fitted transforms one after the other, on arrays."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from .link import Link
from .position import Position, settled

__all__ = ["Links"]


@dataclass(frozen=True, eq=False)
class Links:
    """Fitted transforms on the rows of some series: pure functions of values and a position.

    Values are (rows, steps) or (rows, paths, steps), NaN where missing.

    Args:
        links: the fitted transforms.
        series: position of each row among the fitted series, -1 for a new one, (rows,).
    """

    links: tuple[Link, ...]
    series: np.ndarray

    @property
    def num_rows(self) -> int:
        """Number of rows."""
        return len(self.series)

    @property
    def has_memory(self) -> bool:
        """Whether a transform needs the past."""
        return any(link.memory for link in self.links)

    @cached_property
    def leads(self) -> np.ndarray:
        """Steps before each transform has its first input, and before the first output.

        int64 of shape (num_links + 1, rows).
        """
        leads = np.array([link.lead for link in self.links], dtype=np.int64)
        zeros = np.zeros((1, self.num_rows), dtype=np.int64)
        return np.cumsum(np.concatenate([zeros, leads.reshape(-1, self.num_rows)]), axis=0)

    @property
    def fell_back(self) -> np.ndarray:
        """Positions of rows that are too short for one of the transforms."""
        short = [~link.active for link in self.links]
        return np.flatnonzero(np.any(short, axis=0)) if short else np.zeros(0, dtype=np.int64)

    def of_series(self, series: np.ndarray) -> Links:
        """The links on other rows; these must be of all fitted series.

        Args:
            series: position of each row among the fitted series, -1 for a new one.
        """
        series = np.asarray(series, dtype=np.int64)
        return Links(tuple(link.take(series) for link in self.links), series)

    def begin(self, offset: np.ndarray | None = None) -> Position:
        """The position before the first step.

        Args:
            offset: steps from the first step of the fitted series to that of these, (rows,).
        """
        zeros = np.zeros(self.num_rows, dtype=np.int64)
        pasts = tuple(np.full((self.num_rows, link.memory), np.nan) for link in self.links)
        return Position(pasts, zeros, zeros if offset is None else offset)

    def levels(self, values: np.ndarray, position: Position) -> list[np.ndarray]:
        """The inputs of every transform, `values` first, and the output."""
        found = [values]
        for index, link in enumerate(self.links):
            clock = self._clock(index, position, values)
            found.append(link.forward(found[-1], position.pasts[index], clock))
        return found

    def inverse(self, values: np.ndarray, position: Position) -> np.ndarray:
        """The values of a whole path of outputs, each step on the steps of the path before it."""
        for index, link in reversed(list(enumerate(self.links))):
            clock = self._clock(index, position, values)
            values = link.inverse(values, settled(position.pasts[index]), clock)
        return values

    def one_step(
        self, outputs: np.ndarray, levels: list[np.ndarray], position: Position
    ) -> np.ndarray:
        """The values of outputs, each step on what was really there before it.

        Args:
            outputs: one-step forecasts of the output, (rows, steps).
            levels: what really came, see `levels`.
            position: before these steps.
        """
        values = outputs[:, :, None]  # steps take the place of paths, each with a past of its own
        for index, link in reversed(list(enumerate(self.links))):
            clock = self._clock(index, position, outputs)[:, :, None]
            pasts = np.empty((*outputs.shape, 0))
            if link.memory:
                joined = np.concatenate([position.pasts[index], levels[index]], axis=1)
                pasts = sliding_window_view(joined[:, :-1], link.memory, axis=1)
            values = link.inverse(values, pasts, clock)
        return values[:, :, 0]

    def undefined(self, levels: list[np.ndarray], position: Position) -> np.ndarray:
        """Steps that should have an output and have none, bool of shape (rows, steps)."""
        clock = position.clock[:, None] + np.arange(levels[0].shape[1])
        found = np.zeros(levels[0].shape, dtype=bool)
        for level, lead in zip(levels[1:], self.leads[1:], strict=True):
            found |= np.isnan(level) & (clock >= lead[:, None])
        return found

    def no_change(self, values: np.ndarray, position: Position) -> np.ndarray:
        """Outputs that say "as before": the transform of a difference of 0, shaped as `values`."""
        found = np.zeros(values.shape)
        last = max((i for i, link in enumerate(self.links) if link.memory), default=len(self.links))
        for index, link in enumerate(self.links[last + 1 :], start=last + 1):
            clock = self._clock(index, position, values)
            found = np.nan_to_num(link.forward(found, position.pasts[index], clock))
        return found

    def begun(self, outputs: np.ndarray, first: np.ndarray, position: Position) -> np.ndarray:
        """Outputs with "as before" for a `first` one that is missing: no series begins unknown."""
        if not self.has_memory:
            return outputs
        lacking = first & np.isnan(outputs)
        return np.where(lacking, self.no_change(outputs, position), outputs)

    def _clock(self, index: int, position: Position, values: np.ndarray) -> np.ndarray:
        """Steps since the first fitted input of a transform; broadcasts against `values`."""
        start = position.clock + position.offset - self.leads[index]
        steps = start[:, None] + np.arange(values.shape[-1])
        return steps if values.ndim == 2 else steps[:, None]
