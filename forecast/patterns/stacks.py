"""Stacks that are called as `RecurrentStack` is: without memory, and in both directions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

import keras
from keras import ops

from forecast.models.stack import RecurrentStack

__all__ = ["BidirectionalStack", "FeedForwardStack"]


class _Stateless(keras.layers.Layer):
    """Base of stacks that carry nothing from one call to the next."""

    state_sizes: ClassVar[list[int]] = []
    num_last_states: ClassVar[int] = 0


class FeedForwardStack(_Stateless):
    """Dense layers applied to each step alone: `h = tanh(W x + b)`, `out = V h + c`.

    Args:
        units: of each layer.
        num_layers: layers one above the other.
        num_outputs: of the readout, which starts at zero.
        seed: of the initial weights.
    """

    def __init__(self, units: int, num_layers: int, num_outputs: int, seed: int) -> None:
        super().__init__()
        draws = [keras.initializers.GlorotUniform(seed + index) for index in range(num_layers)]
        self.hidden = [keras.layers.Dense(units, "tanh", kernel_initializer=draw) for draw in draws]
        self.readout = keras.layers.Dense(num_outputs, kernel_initializer="zeros")

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        """Create all weights for inputs `(batch, time, features)`."""
        shape = tuple(input_shape)
        for layer in (*self.hidden, self.readout):
            layer.build(shape)
            shape = (*shape[:-1], layer.units)
        self.built = True

    def call(self, features: Any, mask: Any, states: Any) -> tuple[Any, list[Any]]:  # noqa: ARG002
        """Outputs of each step, `(batch, time, num_outputs)`; there is no state."""
        for layer in self.hidden:
            features = layer(features)
        outputs = self.readout(features)
        return (outputs[..., 0] if self.readout.units == 1 else outputs), []


class BidirectionalStack(_Stateless):
    """One stack reads from the start, one from the end: `out_t = V [h_t; g_t] + c`.

    h_t has seen the steps up to t, g_t those from t on. The second stack reads each series from
    its own last step: padding moves nothing.

    Args:
        forward: recurrent layers that read from the start.
        backward: recurrent layers that read from the end.
        num_outputs: of the readout, which starts at zero.

    Source:
        Schuster and Paliwal (1997), Bidirectional recurrent neural networks, IEEE Transactions on
        Signal Processing 45.
    """

    def __init__(
        self,
        forward: Sequence[keras.layers.Layer],
        backward: Sequence[keras.layers.Layer],
        num_outputs: int,
    ) -> None:
        super().__init__()
        self.directions = [RecurrentStack(layers, 0) for layers in (forward, backward)]
        self.readout = keras.layers.Dense(num_outputs, kernel_initializer="zeros")

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        """Create all weights for inputs `(batch, time, features)`."""
        for stack in self.directions:
            stack.build(input_shape)
        width = sum(stack.recurrent_layers[-1].cell.output_size for stack in self.directions)
        self.readout.build((*input_shape[:2], width))
        self.built = True

    def call(self, features: Any, mask: Any, states: Any) -> tuple[Any, list[Any]]:  # noqa: ARG002
        """Outputs of each step, `(batch, time, num_outputs)`; there is no state."""
        forward, backward = self.directions
        zeros = [ops.zeros((ops.shape(features)[0], units)) for units in forward.state_sizes]
        order = _from_the_end(mask)
        ahead, _ = forward(features, mask, zeros)
        behind, _ = backward(_ordered(features, order), mask, zeros)
        read = ops.concatenate([ahead, _ordered(behind, order)], axis=-1)
        outputs = self.readout(read)
        return (outputs[..., 0] if self.readout.units == 1 else outputs), []


def _from_the_end(mask: Any) -> Any:
    """The steps of each row from its last valid one to its first; padding stays, `(batch, time)`.

    The order is its own inverse.
    """
    steps = ops.arange(ops.shape(mask)[1])[None, :]
    lengths = ops.sum(ops.cast(mask, "int32"), axis=1, keepdims=True)
    return ops.where(steps < lengths, lengths - 1 - steps, steps)


def _ordered(values: Any, order: Any) -> Any:
    """The steps of `(batch, time, features)` in another order."""
    index = ops.broadcast_to(order[..., None], ops.shape(values))
    return ops.take_along_axis(values, index, axis=1)
