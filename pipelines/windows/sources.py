"""What gives batches: epochs of them, each there whenever it is asked for."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from dataclasses import fields
from functools import cached_property, lru_cache
from numbers import Integral
from typing import Any, cast

from numpy.typing import ArrayLike, NDArray

from ..panel import Panel
from .tape import Tape, checked_weights
from .window_batch import WindowBatch

__all__ = ["BatchSource", "SeriesSource", "require_whole"]


class BatchSource(ABC):
    """Epochs of batches; batch `number` of `epoch` is the same whenever it is asked for.

    Example:
        >>> BatchSource.is_ordered
        False
    """

    is_ordered = False
    """Whether a batch goes on where the one before it ended."""

    def __getstate__(self) -> dict[str, Any]:
        """The settings only, so that little travels to a worker."""
        return {field.name: getattr(self, field.name) for field in fields(cast(Any, self))}

    @abstractmethod
    def __len__(self) -> int:
        """Batches of an epoch."""

    @property
    @abstractmethod
    def num_rows(self) -> int | None:
        """Rows of every batch; None where they differ."""

    @property
    @abstractmethod
    def width(self) -> int | None:
        """Steps of every batch; None where they differ."""

    @property
    @abstractmethod
    def is_padded(self) -> bool:
        """Whether a row may be padded."""

    @property
    @abstractmethod
    def has_gaps(self) -> bool:
        """Whether a step may be without a value."""

    @abstractmethod
    def _batch(self, number: int, epoch: int) -> WindowBatch:
        """Batch `number` of an epoch, which there is."""

    def batch(self, number: int, epoch: int = 0) -> WindowBatch:
        """Batch `number` of an epoch, from 0 to len - 1.

        Raises:
            IndexError: if there is no such batch.
        """
        if not 0 <= number < len(self):
            raise IndexError(f"there is no batch {number}: they count from 0 to {len(self) - 1}.")
        return self._batch(number, epoch)

    def epoch(self, epoch: int) -> Iterator[WindowBatch]:
        """All batches of an epoch."""
        return (self.batch(number, epoch) for number in range(len(self)))

    def __getitem__(self, number: int) -> WindowBatch:
        """Batch `number` of the first epoch; a negative one counts from the end."""
        return self.batch(range(len(self))[number])

    def __iter__(self) -> Iterator[WindowBatch]:
        return self.epoch(0)


class SeriesSource(BatchSource):
    """Batches whose rows are whole series or parts of them, in an order kept for an epoch.

    Example:
        >>> issubclass(SeriesSource, BatchSource)
        True
    """

    panel: Panel
    weights: ArrayLike | None

    @cached_property
    def tape(self) -> Tape:
        """The steps of the panel."""
        weights = None if self.weights is None else checked_weights(self.panel, self.weights)
        return Tape(self.panel, weights)

    @cached_property
    def order_of(self) -> Callable[[int], NDArray]:
        """The series in the order of an epoch; the last one is kept for its other batches."""
        return lru_cache(maxsize=1)(self._ordered)

    @abstractmethod
    def _ordered(self, epoch: int) -> NDArray:
        """Numbers of the series in the order of an epoch."""

    @property
    def has_gaps(self) -> bool:
        """Whether a step may be without a value."""
        return self.tape.has_gaps

    def _refuse_nothing(self) -> None:
        """Refuse a panel of empty series, and weights that do not fit."""
        if not self.tape.lengths.any():
            raise ValueError("the panel has no step: give at least one series that is not empty.")


def require_whole(name: str, value: Any, least: int) -> None:
    """Refuse what is no whole number of at least `least`.

    Raises:
        TypeError: if it is no whole number.
        ValueError: if it is too small.
    """
    if isinstance(value, bool) or not isinstance(value, Integral):
        raise TypeError(f"{name} must be a whole number; got {value!r}.")
    if value < least:
        raise ValueError(f"{name} must be at least {least}; got {value}.")
