"""Hidden Markov models of symbols: the state is the posterior over the hidden states."""

from __future__ import annotations

from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from forecast.baselines.markov.chain import HiddenChain
from forecast.baselines.markov.emissions import Categorical, Seen, logarithm
from forecast.baselines.markov.recursions import forward, log_sum
from forecast.pipelines import Block
from forecast.protocol import StateBatch, Static
from forecast.symbols.model import SymbolModel

__all__ = ["HiddenModel"]


class HiddenModel(SymbolModel):
    """A chain of hidden states, each with its distribution of the symbol.

    The state holds the log-probabilities of the hidden states before the next symbol; a missing
    one moves them on by the transition.

    Args:
        chain: one chain with a categorical emission.
        end: code of the end mark; None without one.
    """

    def __init__(self, chain: HiddenChain, end: int | None) -> None:
        """Store the chain."""
        self.chain = chain
        super().__init__(chain.emission.classes.shape[2], end)  # type: ignore[attr-defined]

    def init_state(self, num_rows: int, static: Static) -> StateBatch:  # noqa: ARG002
        """See `SymbolModel`."""
        nothing = np.zeros(num_rows, dtype=np.int64)
        belief = np.repeat(logarithm(self.chain.start), num_rows, axis=0)
        return StateBatch({"belief": belief}, nothing, nothing.copy())

    def ahead(self, state: StateBatch) -> NDArray[np.float64]:
        """See `SymbolModel`."""
        return self._told(state.arrays["belief"])

    def walk(self, state: StateBatch, block: Block) -> tuple[StateBatch, NDArray[np.float64]]:
        """See `SymbolModel`; the forward recursion."""
        of_row = np.zeros(state.num_rows, dtype=np.intp)
        seen = Seen(block.values, block.observed, block.valid)
        beliefs = forward(self.chain, of_row, state.arrays["belief"], seen).ahead
        told = self._told(beliefs[:-1]).swapaxes(0, 1)
        return state.advance({"belief": beliefs[-1]}, block), told

    def distributions(self, state: StateBatch, horizon: int) -> NDArray[np.float64]:
        """See `Exact`: `P(s[h+1]) = A^T (P(s[h]) (1 - b_end))`, b_end what ends in each state."""
        reached, found = _shares(state.arrays["belief"]), []
        for _ in range(horizon):
            told = reached @ self._classes
            going = reached
            if self.end is not None:
                told[:, self.end] += 1.0 - reached.sum(axis=1)
                going = reached * (1.0 - self._classes[:, self.end])
            found.append(told)
            reached = going @ self.chain.transition[0]
        return np.stack(found, axis=1)

    def to_saved(self) -> tuple[dict[str, Any], dict[str, NDArray]]:
        """See `SymbolModel`."""
        chain = self.chain
        arrays = {"start": chain.start, "transition": chain.transition, "classes": self._classes}
        return {"end": self.end}, arrays

    @classmethod
    def from_saved(cls, settings: dict[str, Any], arrays: dict[str, NDArray]) -> Self:
        """See `SymbolModel`."""
        emission = Categorical(arrays["classes"][None])
        return cls(HiddenChain(arrays["start"], arrays["transition"], emission), **settings)

    @property
    def _classes(self) -> NDArray[np.float64]:
        """Probability of each code in each state, `(num_states, num_codes)`."""
        return self.chain.emission.classes[0]  # type: ignore[attr-defined]

    def _told(self, belief: NDArray) -> NDArray[np.float64]:
        return logarithm(_shares(belief) @ self._classes)


def _shares(belief: NDArray) -> NDArray[np.float64]:
    """Probabilities of logarithms along the last axis."""
    return np.exp(belief - log_sum(belief, -1)[..., None])
