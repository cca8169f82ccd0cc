"""What a network is built from: its layers, their size and their seeds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import keras
import numpy as np

from forecast.context import CAUSAL
from forecast.layers import GRU, LSTM, EchoState, EchoStateCell, SimpleRNN, Window
from forecast.layers.recurrent import RecurrentLayer
from forecast.models.causal import causal_network
from forecast.models.encoder import SymbolInput
from forecast.models.stack import RecurrentStack

__all__ = ["TRAINED", "Blueprint"]

_OUTPUTS: dict[str, Any] = {"return_sequences": True, "return_state": True}
TRAINED = {"SimpleRNN": SimpleRNN, "LSTM": LSTM, "GRU": GRU}


@dataclass(frozen=True)
class Blueprint:
    """Recurrent layers, to be built anew from these numbers alone.

    Args:
        layer: "SimpleRNN", "LSTM", "GRU"; "EchoState" for an untrained reservoir; or
            "TemporalConvolution" or "CausalTransformer", whose state is a window.
        units: units of each layer.
        num_layers: recurrent layers one above the other; 1 around a window.
        num_features: width of the input.
        seed: of the initial weights.
        options: further arguments of the layer, such as `leak_rate`; of a window its
            `context_length`, in steps.
        num_outputs: of the readout, for each step of time; 0 for trained layers without one.
        symbols: how the layers see an input of one column of codes; None for numbers.

    Example:
        >>> Blueprint("LSTM", 8, 1, 5, seed=0).has_readout
        True
    """

    layer: str
    units: int
    num_layers: int
    num_features: int
    seed: int
    options: Mapping[str, Any] = field(default_factory=dict)
    num_outputs: int = 1
    symbols: SymbolInput | None = None

    def __post_init__(self) -> None:
        """Refuse a layer that is not in the list."""
        if self.layer not in (*TRAINED, *CAUSAL, "EchoState"):
            known = ", ".join([*TRAINED, *CAUSAL, "EchoState"])
            raise ValueError(f"`layer` must be one of {known}; got {self.layer!r}.")

    @property
    def has_readout(self) -> bool:
        """Whether a readout belongs to the layers; others are read in closed form."""
        return self.layer != "EchoState" and self.num_outputs > 0

    @property
    def without_readout(self) -> Blueprint:
        """The same layers, to be read in closed form."""
        return replace(self, num_outputs=0) if self.has_readout else self

    @property
    def num_read(self) -> int:
        """Outputs of the readout that belongs to the layers; 0 without one."""
        return self.num_outputs if self.has_readout else 0

    @property
    def words(self) -> str:
        """Size of the layers."""
        if self.layer in CAUSAL:
            return f"{self.units} units that see {self.options['context_length']} steps"
        return f"{self.num_layers} x {self.units} units"

    def encoder(self) -> keras.layers.Layer | None:
        """A new layer before the others that makes vectors of codes; None for numbers."""
        return None if self.symbols is None else self.symbols.layer(self.seed)

    def stack(self, blank: bool = False) -> Any:
        """New layers and their readout as one layer, built.

        Args:
            blank: with zeros for weights, for others to take their place; else with seeded ones.
        """
        layers = self.blank_layers() if blank else self.layers()
        stack = RecurrentStack(layers, self.num_read, self.encoder())
        stack.build((None, None, self.num_features))
        return stack

    def layers(self) -> list[keras.layers.Layer]:
        """New layers with seeded weights."""
        seeds = np.random.SeedSequence(self.seed).generate_state(2 * self.num_layers)
        pairs = [(int(seeds[2 * index]), int(seeds[2 * index + 1]))
                 for index in range(self.num_layers)]  # fmt: skip
        return [self._drawn(*pair) for pair in pairs]

    def blank_layers(self) -> list[keras.layers.Layer]:
        """New layers whose weights are zeros, for others to take their place.

        To draw them would cost minutes: a reservoir of thousands of units needs all eigenvalues.
        """
        return [self._blank() for _ in range(self.num_layers)]

    def _drawn(self, kernel_seed: int, recurrent_seed: int) -> keras.layers.Layer:
        if self.layer in CAUSAL:
            network = causal_network(self.layer, self.units, seed=kernel_seed, **self.options)
            return Window(network, **_OUTPUTS)
        if self.layer == "EchoState":
            return EchoState(self.units, seed=kernel_seed, **self.options, **_OUTPUTS)
        return self._trained(
            keras.initializers.GlorotUniform(kernel_seed),
            keras.initializers.Orthogonal(seed=recurrent_seed),
        )

    def _blank(self) -> keras.layers.Layer:
        if self.layer in CAUSAL:
            return self._drawn(0, 0)
        if self.layer == "EchoState":
            return RecurrentLayer(BlankReservoir(self.units, seed=0, **self.options), **_OUTPUTS)
        return self._trained("zeros", "zeros")

    def _trained(self, kernel: Any, recurrent: Any) -> keras.layers.Layer:
        """A layer with these initializers."""
        return TRAINED[self.layer](
            self.units, kernel_initializer=kernel, recurrent_initializer=recurrent,
            **self.options, **_OUTPUTS,
        )  # fmt: skip


class BlankReservoir(EchoStateCell):
    """A reservoir of zeros."""

    def add_weight(self, *args: Any, **kwargs: Any) -> Any:
        """As of any layer, but nothing is drawn."""
        return super().add_weight(*args, **(kwargs | {"initializer": "zeros"}))
