"""The plain recurrent network: one step and the loop over it."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

from forecast.layers.recurrent import (
    Activation,
    Initializer,
    RecurrentCell,
    RecurrentLayer,
    cell_options,
)


@keras.saving.register_keras_serializable(package="keras_forecast")
class SimpleRNNCell(RecurrentCell):
    """One step of the plain recurrent network: h' = activation(W x + U h + b).

    Weights as in `keras.layers.SimpleRNNCell`: kernel (features, units), recurrent_kernel
    (units, units), bias (units,).

    Args:
        units: number of hidden units, at least 1.
        activation: a name, a callable or None (linear).
        use_bias: whether b is added.
        kernel_initializer: initializer of W.
        recurrent_initializer: initializer of U.
        bias_initializer: initializer of b.
        **kwargs: options of `keras.layers.Layer`: name, dtype, trainable.

    Raises:
        ValueError: `units` is not an integer of at least 1.

    Example:
        >>> import numpy as np
        >>> cell = SimpleRNNCell(3)
        >>> output, states = cell(np.ones((2, 4), "float32"), cell.get_initial_state(2))
        >>> tuple(output.shape), len(states)
        ((2, 3), 1)

    Source: Elman (1990), "Finding structure in time".
    """

    def call(self, inputs: Any, states: list[Any], training: bool = False) -> tuple[Any, list[Any]]:  # noqa: ARG002
        """Return the output (batch, units) and the new states [h].

        Args:
            inputs: x, shape (batch, features).
            states: [h], shape (batch, units).
            training: part of the cell contract; this cell does the same in both modes.
        """
        total = ops.matmul(inputs, self.kernel) + ops.matmul(states[0], self.recurrent_kernel)
        if self.use_bias:
            total = total + self.bias
        hidden = self.activation(total)
        return hidden, [hidden]


@keras.saving.register_keras_serializable(package="keras_forecast")
class SimpleRNN(RecurrentLayer):
    """The plain recurrent network over time: h_t = activation(W x_t + U h_{t-1} + b).

    Args:
        units: number of hidden units, at least 1.
        activation: a name, a callable or None (linear).
        use_bias: whether b is added.
        kernel_initializer: initializer of W.
        recurrent_initializer: initializer of U.
        bias_initializer: initializer of b.
        **kwargs: options of `keras.layers.RNN`: return_sequences, return_state, go_backwards,
            stateful, unroll, zero_output_for_mask; name, dtype, trainable.

    Call arguments:
        sequences: shape (batch, steps, features).
        initial_state: [h], shape (batch, units); zeros by default.
        mask: bool, shape (batch, steps), False where a row stands still. Pass it explicitly.

    Raises:
        ValueError: `units` is not an integer of at least 1.

    Example:
        >>> import numpy as np
        >>> tuple(SimpleRNN(3)(np.ones((2, 5, 4), "float32")).shape)
        (2, 3)

    Source: Elman (1990), "Finding structure in time".
    """

    def __init__(
        self,
        units: int,
        activation: Activation = "tanh",
        use_bias: bool = True,
        kernel_initializer: Initializer = "glorot_uniform",
        recurrent_initializer: Initializer = "orthogonal",
        bias_initializer: Initializer = "zeros",
        **kwargs: Any,
    ) -> None:
        cell = SimpleRNNCell(
            units,
            activation=activation,
            use_bias=use_bias,
            kernel_initializer=kernel_initializer,
            recurrent_initializer=recurrent_initializer,
            bias_initializer=bias_initializer,
            **cell_options(kwargs),
        )
        super().__init__(cell, **kwargs)
