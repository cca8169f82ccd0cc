"""Markov chains of any order: the state is the longest context that training has seen."""

from __future__ import annotations

from functools import cached_property
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from forecast.pipelines import Block
from forecast.protocol import StateBatch, Static
from forecast.symbols.contexts import ROOT
from forecast.symbols.model import SymbolModel

__all__ = ["ChainModel"]

_MOST_NUMBERS = 4_000_000
# Missing symbols in a row after which nothing is known of what was before.
_LONGEST_GAP = 200
_LEAST = 1e-300


class ChainModel(SymbolModel):
    """A finite automaton: each context says what is next, and each symbol leads to another context.

    The state is the context and the number of missing symbols since. Through a gap the contexts
    are followed exactly, each by its probability; the first symbol after it begins a new context.

    Args:
        probabilities: of each code after each context, `(num_contexts, num_codes)`.
        successor: the context after each symbol, `(num_contexts, num_symbols)`.
        start: the context before the first symbol.

    Raises:
        ValueError: if the shapes do not fit together, or a context is not in the table.
    """

    def __init__(self, probabilities: NDArray, successor: NDArray, start: int) -> None:
        """Store the table."""
        num_codes, num_symbols = probabilities.shape[1], successor.shape[1]
        if len(successor) != len(probabilities) or num_codes - num_symbols not in (0, 1):
            raise ValueError(
                f"`successor` {successor.shape} does not fit `probabilities` {probabilities.shape}."
            )
        if not 0 <= min(successor.min(), start) <= max(successor.max(), start) < len(successor):
            raise ValueError(f"a context is not among the {len(successor)} of the chain.")
        super().__init__(num_codes, num_symbols if num_codes > num_symbols else None)
        self.probabilities = probabilities
        self.successor = successor
        self.start = start

    def init_state(self, num_rows: int, static: Static) -> StateBatch:  # noqa: ARG002
        """See `SymbolModel`."""
        nothing = np.zeros(num_rows, dtype=np.int64)
        arrays = {"context": np.full(num_rows, self.start, dtype=np.int64), "gap": nothing}
        return StateBatch(arrays, nothing.copy(), nothing.copy())

    def check_state(self, state: StateBatch) -> None:
        """See `SymbolModel`."""
        context, gap = state.arrays["context"], state.arrays["gap"]
        if ((context < 0) | (context >= len(self.successor))).any():
            raise ValueError(f"a context is not among the {len(self.successor)} of the chain.")
        if ((gap < 0) | (gap > _LONGEST_GAP)).any():
            raise ValueError(f"a gap is not from 0 to {_LONGEST_GAP} symbols.")

    def ahead(self, state: StateBatch) -> NDArray[np.float64]:
        """See `SymbolModel`."""
        return self._ahead(state.arrays["context"], state.arrays["gap"])

    def walk(self, state: StateBatch, block: Block) -> tuple[StateBatch, NDArray[np.float64]]:
        """See `SymbolModel`."""
        context, gap = state.arrays["context"], state.arrays["gap"]
        codes = block.values.astype(np.intp)
        found = np.empty((*block.values.shape, self.num_codes))
        for step in range(block.num_steps):
            found[:, step] = self._ahead(context, gap)
            seen, valid = block.observed[:, step], block.valid[:, step]
            before = np.where(gap > 0, ROOT, context)
            context = np.where(seen, self.successor[before, codes[:, step]], context)
            gap = np.where(seen, 0, gap + valid)
            lost = gap > _LONGEST_GAP
            context, gap = np.where(lost, ROOT, context), np.where(lost, 0, gap)
        return state.advance({"context": context, "gap": gap}, block), found

    def distributions(self, state: StateBatch, horizon: int) -> NDArray[np.float64]:
        """See `Exact`; all contexts that may be reached, each with its probability."""
        found = np.empty((state.num_rows, horizon, self.num_codes))
        size = max(1, _MOST_NUMBERS // len(self.successor))
        for begin in range(0, state.num_rows, size):
            rows = slice(begin, begin + size)
            reached = self._reached(state.arrays["context"][rows], state.arrays["gap"][rows])
            for step in range(horizon):
                found[rows, step] = reached @ self.probabilities
                if self.end is not None:
                    found[rows, step, self.end] += 1.0 - reached.sum(axis=1)
                reached = self._moved(reached)
        return found

    def to_saved(self) -> tuple[dict[str, Any], dict[str, NDArray]]:
        """See `SymbolModel`."""
        arrays = {"probabilities": self.probabilities, "successor": self.successor}
        return {"start": self.start}, arrays

    @classmethod
    def from_saved(cls, settings: dict[str, Any], arrays: dict[str, NDArray]) -> Self:
        """See `SymbolModel`."""
        return cls(arrays["probabilities"], arrays["successor"], **settings)

    def _ahead(self, context: NDArray, gap: NDArray) -> NDArray[np.float64]:
        told = self.probabilities[context]
        rows = np.flatnonzero(gap)
        if len(rows):
            told[rows] = self._reached(context[rows], gap[rows]) @ self.probabilities
        return np.log(np.maximum(told, _LEAST))

    def _reached(self, context: NDArray, gap: NDArray) -> NDArray[np.float64]:
        """Probability of each context after the missing symbols, `(num_rows, num_contexts)`."""
        reached = np.zeros((len(context), len(self.successor)))
        reached[np.arange(len(context)), context] = 1.0
        for passed in range(int(gap.max(initial=0))):
            rows = np.flatnonzero(gap > passed)
            moved = self._moved(reached[rows])  # a step came, so it has not ended
            reached[rows] = moved / np.maximum(moved.sum(axis=1, keepdims=True), _LEAST)
        return reached

    def _moved(self, reached: NDArray) -> NDArray[np.float64]:
        """The contexts one symbol later, those that have ended left out."""
        return (self._moves.T @ reached.T).T

    @cached_property
    def _moves(self) -> Any:
        """Probability of each context after each, sparse."""
        count, num_symbols = self.successor.shape
        before = np.repeat(np.arange(count), num_symbols)
        shares = self.probabilities[:, :num_symbols].ravel()
        return sparse.csr_matrix((shares, (before, self.successor.ravel())), (count, count))
