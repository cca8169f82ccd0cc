"""What a model of symbols is: a state that tells how probable each symbol is next."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from typing import Any, Protocol, Self, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from forecast.pipelines import Block
from forecast.protocol import StateBatch, Static

__all__ = ["Exact", "SymbolModel", "pieces", "symbol_block"]

_MOST_NUMBERS = 4_000_000


class SymbolModel(ABC):
    """Learned parameters and pure functions on states (`forecast.protocol.Observes`) of codes.

    A block's values are codes. A missing symbol is a step that passes: what follows is forecast
    without it, or with the model's own forecast in its place.

    Args:
        num_codes: symbols, and the end mark where there is one.
        end: code of the end mark; None without one.
    """

    def __init__(self, num_codes: int, end: int | None) -> None:
        """Store both."""
        self.num_codes = num_codes
        self.end = end

    @abstractmethod
    def init_state(self, num_rows: int, static: Static) -> StateBatch:
        """The state before the first symbol: the start mark is all that was seen."""

    @abstractmethod
    def ahead(self, state: StateBatch) -> NDArray[np.float64]:
        """Log-probability of each code as the next one, `(num_rows, num_codes)`."""

    @abstractmethod
    def walk(self, state: StateBatch, block: Block) -> tuple[StateBatch, NDArray[np.float64]]:
        """Absorb a block.

        Args:
            state: states of `num_rows` series; not changed.
            block: codes, see `forecast.protocol.Observes` for the masks.

        Returns:
            The new state, and the log-probability of each code at every step, as it was before
            that step was seen, `(num_rows, num_steps, num_codes)`.
        """

    @abstractmethod
    def to_saved(self) -> tuple[dict[str, Any], dict[str, NDArray]]:
        """What a bundle keeps of the model: settings for JSON, and arrays."""

    @classmethod
    @abstractmethod
    def from_saved(cls, settings: dict[str, Any], arrays: dict[str, NDArray]) -> Self:
        """The model that `to_saved` gave the settings and arrays of."""

    def check_state(self, state: StateBatch) -> None:  # noqa: B027
        """Refuse states that point to what the model has not.

        Raises:
            ValueError: saying which.
        """

    def observe(self, state: StateBatch, block: Block) -> tuple[StateBatch, NDArray[np.float64]]:
        """Absorb a block; the code that was most probable at every step beside the new state."""
        found = []
        for piece in pieces(block, self.num_codes):
            state, ahead = self.walk(state, piece)
            found.append(ahead.argmax(axis=2))
        return state, np.concatenate(found, axis=1).astype(np.float64)


@runtime_checkable
class Exact(Protocol):
    """A model that knows the distribution of every step ahead in closed form."""

    def distributions(self, state: StateBatch, horizon: int) -> NDArray[np.float64]:
        """Probability of each code at each step ahead, `(num_rows, horizon, num_codes)`.

        That of the end mark is the probability to have ended there or before.
        """
        ...


def pieces(block: Block, width: int) -> Iterator[Block]:
    """A block in stretches of time that leave room for `width` numbers a step."""
    length = max(1, _MOST_NUMBERS // max(1, block.num_rows * width))
    for begin in range(0, block.num_steps, length):
        part = (slice(None), slice(begin, begin + length))
        yield Block(block.values[part], block.observed[part], block.valid[part])


def symbol_block(codes: NDArray, valid: NDArray) -> Block:
    """A block of one step.

    Args:
        codes: the next one of each row, `(num_rows,)`.
        valid: rows that have one, `(num_rows,)`.
    """
    there = valid[:, None]
    return Block(np.where(there, codes[:, None], 0.0), there, there)
