"""What the network of a pattern is built from."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from forecast.models.blueprint import Blueprint
from forecast.patterns.stacks import BidirectionalStack, FeedForwardStack

__all__ = ["LAYERS", "PatternForm"]

LAYERS = ("LSTM", "GRU", "SimpleRNN", "Dense")
"""Layers of a pattern; "Dense" has no memory: a step's output is made of that step's inputs."""


@dataclass(frozen=True)
class PatternForm(Blueprint):
    """Layers of a pattern, to be built anew from these numbers alone.

    Args:
        bidirectional: whether a second stack reads each series from its end.

    Raises:
        ValueError: for an unknown layer, or layers without memory in two directions.

    Example:
        >>> PatternForm("Dense", 8, 1, 5, seed=0, num_outputs=3).has_readout
        True
    """

    bidirectional: bool = False

    def __post_init__(self) -> None:
        """Refuse what cannot be built."""
        if self.layer not in LAYERS:
            raise ValueError(f"`layer` must be one of {', '.join(LAYERS)}; got {self.layer!r}.")
        if self.bidirectional and self.layer == "Dense":
            raise ValueError(
                "layer='Dense' looks at one step at a time and has no direction: take "
                "bidirectional=False with it, or a recurrent layer such as 'LSTM'."
            )

    @property
    def has_readout(self) -> bool:
        """A readout belongs to every pattern."""
        return True

    def stack(self, blank: bool = False) -> Any:
        """See `Blueprint`."""
        if self.layer == "Dense":
            stack: Any = FeedForwardStack(self.units, self.num_layers, self.num_outputs, self.seed)
        elif self.bidirectional:
            seed = int(np.random.SeedSequence([self.seed, 1]).generate_state(1)[0])
            forward, backward = (
                one.blank_layers() if blank else one.layers()
                for one in (self, replace(self, seed=seed))
            )
            stack = BidirectionalStack(forward, backward, self.num_outputs)
        else:
            return super().stack(blank)
        stack.build((None, None, self.num_features))
        return stack
