"""What a network is built from: the recurrent layers, their size and their seeds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import keras
import numpy as np

from forecast.layers import GRU, LSTM, EchoState, SimpleRNN

__all__ = ["Blueprint"]

_TRAINED = {"SimpleRNN": SimpleRNN, "LSTM": LSTM, "GRU": GRU}


@dataclass(frozen=True)
class Blueprint:
    """Recurrent layers, to be built anew from these numbers alone.

    Args:
        layer: "SimpleRNN", "LSTM", "GRU", or "EchoState" for an untrained reservoir.
        units: units of each layer.
        num_layers: layers one above the other.
        num_features: width of the input.
        seed: of the initial weights.
        options: further arguments of the layer, such as `leak_rate`.

    Example:
        >>> Blueprint("LSTM", 8, 1, 5, seed=0).has_readout
        True
    """

    layer: str
    units: int
    num_layers: int
    num_features: int
    seed: int
    options: Mapping[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Refuse a layer that is not in the list."""
        if self.layer not in (*_TRAINED, "EchoState"):
            known = ", ".join([*_TRAINED, "EchoState"])
            raise ValueError(f"`layer` must be one of {known}; got {self.layer!r}.")

    @property
    def has_readout(self) -> bool:
        """Whether a trained readout belongs to the layers; a reservoir is read in closed form."""
        return self.layer in _TRAINED

    def layers(self) -> list[keras.layers.Layer]:
        """New layers with seeded weights."""
        seeds = np.random.SeedSequence(self.seed).generate_state(2 * self.num_layers)
        pairs = [(int(seeds[2 * index]), int(seeds[2 * index + 1]))
                 for index in range(self.num_layers)]  # fmt: skip
        return [self._layer(*pair) for pair in pairs]

    def _layer(self, kernel_seed: int, recurrent_seed: int) -> keras.layers.Layer:
        outputs = {"return_sequences": True, "return_state": True}
        if self.layer == "EchoState":
            return EchoState(self.units, seed=kernel_seed, **self.options, **outputs)
        return _TRAINED[self.layer](
            self.units,
            kernel_initializer=keras.initializers.GlorotUniform(kernel_seed),
            recurrent_initializer=keras.initializers.Orthogonal(seed=recurrent_seed),
            **self.options,
            **outputs,
        )
