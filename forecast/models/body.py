"""The recurrent layers and the readout of a network, on arrays."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
from keras import ops
from numpy.typing import NDArray

from forecast.models.compiled import compiled

__all__ = ["Body", "RecurrentStack"]


class RecurrentStack(keras.layers.Layer):
    """Recurrent layers one above the other, and a linear readout that starts at zero.

    Args:
        layers: recurrent layers with `return_sequences` and `return_state`.
        reads_input: whether the readout sees the input beside the last layer's output.
    """

    def __init__(self, layers: Sequence[keras.layers.Layer], reads_input: bool = False) -> None:
        super().__init__()
        self.recurrent_layers = list(layers)
        self.reads_input = reads_input
        self.readout = keras.layers.Dense(1, kernel_initializer="zeros", name="readout")

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        """Create all weights for inputs `(batch, time, features)`."""
        shape = tuple(input_shape)
        num_features = shape[-1]
        for layer in self.recurrent_layers:
            layer.build(shape)
            shape = (*shape[:2], layer.cell.output_size)
        read = shape[-1] + num_features if self.reads_input else shape[-1]
        self.readout.build((*shape[:2], read))
        self.built = True

    def hidden(self, features: Any, mask: Any, states: list[Any]) -> tuple[Any, list[Any]]:
        """What the readout sees, `(batch, time, width)`, and the states of all layers."""
        outputs, final = features, []
        for layer in self.recurrent_layers:
            count = _num_states(layer)
            own, states = states[:count], states[count:]
            outputs, *after = layer(outputs, initial_state=own, mask=mask)
            final += after
        return self._read(outputs, features), final

    def call(self, features: Any, mask: Any, states: list[Any]) -> tuple[Any, list[Any]]:
        """Corrections, `(batch, time)`, and the states of all layers after the last step."""
        outputs, final = self.hidden(features, mask, states)
        return ops.squeeze(self.readout(outputs), axis=-1), final

    def step(self, features: Any, states: list[Any]) -> tuple[Any, list[Any]]:
        """Corrections, `(batch,)`, after one step of `(batch, features)`."""
        outputs, final = features, []
        for layer in self.recurrent_layers:
            count = _num_states(layer)
            own, states = states[:count], states[count:]
            outputs, after = layer.cell(outputs, own)
            final += list(after)
        return ops.squeeze(self.readout(self._read(outputs, features)), axis=-1), final

    def _read(self, outputs: Any, features: Any) -> Any:
        return ops.concatenate([outputs, features], axis=-1) if self.reads_input else outputs


class Body:
    """A `RecurrentStack` called with NumPy arrays, compiled once for any number of rows and steps.

    Args:
        stack: the layers; built for `num_features` inputs.
        num_features: width of the input.
    """

    def __init__(self, stack: RecurrentStack, num_features: int) -> None:
        """Build the layers and prepare the compiled functions."""
        self.stack = stack
        self.num_features = num_features
        if not stack.built:
            stack.build((None, None, num_features))
        sizes = [(None, units) for units in self.state_sizes]
        self._encode = compiled(
            lambda features, mask, *states: _flat(stack(features, mask, list(states))),
            [((None, None, num_features), "float32"), ((None, None), "bool"), *_floats(sizes)],
        )
        self._hidden = compiled(
            lambda features, mask, *states: _flat(stack.hidden(features, mask, list(states))),
            [((None, None, num_features), "float32"), ((None, None), "bool"), *_floats(sizes)],
        )
        self._step = compiled(
            lambda features, *states: _flat(stack.step(features, list(states))),
            [((None, num_features), "float32"), *_floats(sizes)],
        )

    @property
    def state_sizes(self) -> list[int]:
        """Units of each state, layer after layer."""
        sizes: list[int] = []
        for layer in self.stack.recurrent_layers:
            own = layer.cell.state_size
            sizes += [own] if isinstance(own, int) else list(own)
        return sizes

    def initial_state(self, num_rows: int) -> list[NDArray]:
        """Zero states."""
        return [np.zeros((num_rows, units), dtype=np.float32) for units in self.state_sizes]

    def encode(
        self, features: NDArray, valid: NDArray, states: list[NDArray]
    ) -> tuple[NDArray, list[NDArray]]:
        """Corrections after each step, `(rows, steps)`; states stand still at invalid steps."""
        corrections, *states = self._encode(features, valid, *states)
        return corrections.astype(np.float64), states

    def hidden(self, features: NDArray, valid: NDArray, states: list[NDArray]) -> NDArray:
        """What the readout sees after each step, `(rows, steps, width)`."""
        return self._hidden(features, valid, *states)[0]

    def step(self, features: NDArray, states: list[NDArray]) -> tuple[NDArray, list[NDArray]]:
        """Corrections after one step, `(rows,)`, and the states there."""
        corrections, *states = self._step(features, *states)
        return corrections.astype(np.float64), states

    def get_weights(self) -> list[NDArray]:
        """All weights, in the order of the layers."""
        return [np.asarray(weight) for weight in self.stack.get_weights()]

    def set_weights(self, weights: Sequence[NDArray]) -> None:
        """Put weights in the order of `get_weights`."""
        self.stack.set_weights(list(weights))


def _num_states(layer: keras.layers.Layer) -> int:
    size = layer.cell.state_size
    return 1 if isinstance(size, int) else len(size)


def _floats(shapes: list[tuple[int | None, int]]) -> list[tuple[tuple[int | None, ...], str]]:
    return [(shape, "float32") for shape in shapes]


def _flat(result: tuple[Any, list[Any]]) -> tuple[Any, ...]:
    first, rest = result
    return (first, *rest)
