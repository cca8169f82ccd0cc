"""A hidden Markov chain: which state comes first, which follows which, and what each emits."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from forecast.baselines.markov.emissions import Emission

__all__ = ["HiddenChain"]


@dataclass(frozen=True, eq=False)
class HiddenChain:
    """The parameters of one or more hidden Markov models of the same number of states.

    Args:
        start: probability of each first state, `(num_chains, num_states)`.
        transition: probability of the next state (last axis) after each,
            `(num_chains, num_states, num_states)`.
        emission: what the states emit.

    Raises:
        ValueError: if the shapes do not fit together.

    Source: Rabiner (1989), "A tutorial on hidden Markov models".
    """

    start: NDArray
    transition: NDArray
    emission: Emission

    def __post_init__(self) -> None:
        """Refuse shapes that do not belong together."""
        if self.transition.shape != (*self.start.shape, self.start.shape[-1]):
            raise ValueError(
                f"`transition` must be of the shape {(*self.start.shape, self.start.shape[-1])}, "
                f"as `start` {self.start.shape} asks for; got {self.transition.shape}."
            )

    @property
    def num_chains(self) -> int:
        """Models side by side."""
        return len(self.start)

    @property
    def num_states(self) -> int:
        """States of each."""
        return self.start.shape[1]

    @property
    def num_parameters(self) -> int:
        """Free parameters of one chain."""
        size = self.num_states
        return size - 1 + size * (size - 1) + size * self.emission.num_free

    def take(self, chains: NDArray) -> Self:
        """Some of the chains, in the order of `chains`."""
        parts = {name: part[chains] for name, part in vars(self.emission).items()}
        return type(self)(
            self.start[chains], self.transition[chains], type(self.emission)(**parts)
        )  # fmt: skip

    def ordered(self) -> Self:
        """The same with states in ascending order of their means."""
        emission, places = self.emission.ordered()
        start = np.take_along_axis(self.start, places, axis=1)
        chains = np.arange(self.num_chains)[:, None, None]
        transition = self.transition[chains, places[:, :, None], places[:, None, :]]
        return type(self)(start, transition, emission)
