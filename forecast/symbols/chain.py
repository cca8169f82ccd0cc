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

_Reached = dict[tuple[int, int], NDArray]


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
        context, gap = state.arrays["context"], state.arrays["gap"]
        return self._ahead(context, gap, self._followed({}, context, gap))

    def walk(self, state: StateBatch, block: Block) -> tuple[StateBatch, NDArray[np.float64]]:
        """See `SymbolModel`."""
        context, gap = state.arrays["context"], state.arrays["gap"]
        codes = block.values.astype(np.intp)
        found = np.empty((*block.values.shape, self.num_codes))
        reached: _Reached = {}
        for step in range(block.num_steps):
            reached = self._followed(reached, context, gap)
            found[:, step] = self._ahead(context, gap, reached)
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

    def _ahead(self, context: NDArray, gap: NDArray, reached: _Reached) -> NDArray[np.float64]:
        told = self.probabilities[context]
        for row in np.flatnonzero(gap):
            told[row] = reached[int(context[row]), int(gap[row])] @ self.probabilities
        return np.log(np.maximum(told, _LEAST))

    def _followed(self, before: _Reached, context: NDArray, gap: NDArray) -> _Reached:
        """Probability of each context after gaps, by the last one seen and the length of the gap.

        Args:
            before: the same one step earlier, as far as it is known.
            context: the last context seen of each row.
            gap: missing symbols since.
        """
        rows = np.flatnonzero(gap)
        pairs = set(zip(context[rows].tolist(), gap[rows].tolist(), strict=True))
        found = {}
        for last, length in pairs:
            known = before.get((last, length - 1))
            begin, reached = (length - 1, known) if known is not None else (0, self._at(last))
            for _ in range(begin, length):
                moved = self._moved(reached[None])[0]  # a step came, so it has not ended
                reached = moved / max(moved.sum(), _LEAST)
            found[last, length] = reached
        return found

    def _at(self, context: int) -> NDArray[np.float64]:
        """Certainty of a context, `(num_contexts,)`."""
        reached = np.zeros(len(self.successor))
        reached[context] = 1.0
        return reached

    def _reached(self, context: NDArray, gap: NDArray) -> NDArray[np.float64]:
        """Probability of each context of each row now, `(num_rows, num_contexts)`."""
        followed = self._followed({}, context, gap)
        pairs = zip(context.tolist(), gap.tolist(), strict=True)
        return np.stack([followed[pair] if pair[1] else self._at(pair[0]) for pair in pairs])

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
