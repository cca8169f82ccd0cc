"""Recurrent layers one above the other, as one Keras layer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras
from keras import ops

from forecast.layers import Window

__all__ = ["RecurrentStack"]


class RecurrentStack(keras.layers.Layer):
    """Recurrent layers one above the other, and a linear readout that starts at zero.

    Args:
        layers: recurrent layers with `return_sequences` and `return_state`.
        num_outputs: of the readout; 0 gives the last layer's output as it is.
        encoder: makes vectors of an input of one column of codes; None for inputs of numbers.
    """

    def __init__(
        self,
        layers: Sequence[keras.layers.Layer],
        num_outputs: int = 1,
        encoder: keras.layers.Layer | None = None,
    ) -> None:
        super().__init__()
        self.encoder = encoder
        self.recurrent_layers = list(layers)
        self.readout = None
        if num_outputs:
            zeros = {"kernel_initializer": "zeros", "name": "readout"}
            self.readout = keras.layers.Dense(num_outputs, **zeros)

    @property
    def state_sizes(self) -> list[int]:
        """Units of each state, layer after layer."""
        sizes: list[int] = []
        for layer in self.recurrent_layers:
            own = layer.cell.state_size
            sizes += [own] if isinstance(own, int) else list(own)
        return sizes

    @property
    def num_last_states(self) -> int:
        """States of the last layer; the first of them is its output."""
        return _num_states(self.recurrent_layers[-1])

    def zero_states(self, features: Any) -> list[Any]:
        """States of all layers before the first of the steps `(batch, time, features)`."""
        num_rows = ops.shape(features)[0]
        return [ops.zeros((num_rows, units)) for units in self.state_sizes]

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        """Create all weights for inputs `(batch, time, features)`."""
        shape = tuple(input_shape)
        if self.encoder is not None:
            self.encoder.build(shape[:2])
            shape = (*shape[:2], self.encoder.compute_output_shape((1, 1))[-1])
        for layer in self.recurrent_layers:
            layer.build(shape)
            shape = (*shape[:2], layer.cell.output_size)
        if self.readout is not None:
            self.readout.build(shape)
        self.built = True

    def call(self, features: Any, mask: Any, states: list[Any] | None) -> tuple[Any, list[Any]]:
        """Outputs after each step, and the states of all layers after the last one.

        One output is `(batch, time)`, several are `(batch, time, num_outputs)`. No states are
        zeros.
        """
        is_blank = states is None
        if states is None:
            states = self.zero_states(features)
        outputs, final = self._encoded(features), []
        for layer in self.recurrent_layers:
            count = _num_states(layer)
            own, states = states[:count], states[count:]
            # A window that is given none knows that it is empty, and computes less.
            given = None if is_blank and isinstance(layer, Window) else own
            outputs, *after = layer(outputs, initial_state=given, mask=mask)
            final += after
        return self._read(outputs), final

    def step(self, features: Any, states: list[Any]) -> tuple[Any, list[Any]]:
        """Outputs after one step of `(batch, features)`, `(batch,)` or `(batch, num_outputs)`."""
        outputs, final = self._encoded(features), []
        for layer in self.recurrent_layers:
            count = _num_states(layer)
            own, states = states[:count], states[count:]
            outputs, after = layer.cell(outputs, own)
            final += list(after)
        return self._read(outputs), final

    def gates(self, features: Any, states: list[Any]) -> list[Any]:
        """Activities of the gates at one step, `(batch, units)`, layer after layer."""
        outputs, found = self._encoded(features), []
        for layer in self.recurrent_layers:
            count = _num_states(layer)
            own, states = states[:count], states[count:]
            found += layer.cell.gates(outputs, own)
            outputs, _ = layer.cell(outputs, own)
        return found

    def read(self, states: list[Any]) -> Any:
        """Outputs for the step after these states; what is read is the last layer's first one."""
        return self._read(states[-self.num_last_states])

    def _encoded(self, features: Any) -> Any:
        """What the first layer sees."""
        if self.encoder is None:
            return features
        return self.encoder(ops.cast(features[..., 0], "int32"))

    def _read(self, outputs: Any) -> Any:
        if self.readout is None:
            return outputs
        read = self.readout(outputs)
        return ops.squeeze(read, axis=-1) if self.readout.units == 1 else read


def _num_states(layer: keras.layers.Layer) -> int:
    size = layer.cell.state_size
    return 1 if isinstance(size, int) else len(size)
