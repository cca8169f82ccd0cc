"""The plain recurrent network: one step and the loop over it."""

from __future__ import annotations

from typing import Any, Unpack

import keras

from forecast.layers.options import (
    Activation,
    Initializer,
    LayerOptions,
    split_options,
)
from forecast.layers.recurrent import RecurrentLayer
from forecast.layers.recurrent_cell import RecurrentCell


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
        kernel_regularizer, recurrent_regularizer, bias_regularizer: penalties on W, U and b.
        kernel_constraint, recurrent_constraint, bias_constraint: projections of W, U and b
            after a step of the optimizer.
        dropout: share of the inputs that is dropped in training, in [0, 1).
        recurrent_dropout: share of the hidden units that is dropped in training, in [0, 1).
        seed: of the dropout masks, an integer of at least 0 or None.
        **kwargs: name, dtype, trainable, as in `keras.layers.Layer`.

    Raises:
        ValueError: `units` is not an integer of at least 1, or a rate is not in [0, 1).

    Example:
        >>> import numpy as np
        >>> cell = SimpleRNNCell(3)
        >>> output, states = cell(np.ones((2, 4), "float32"), cell.get_initial_state(2))
        >>> tuple(output.shape), len(states)
        ((2, 3), 1)

    Source: Elman (1990), "Finding structure in time".
    """

    def call(self, inputs: Any, states: list[Any], training: bool = False) -> tuple[Any, list[Any]]:
        """Return the output (batch, units) and the new states [h].

        Args:
            inputs: x, shape (batch, features).
            states: [h], shape (batch, units).
            training: whether the dropout masks are on.
        """
        total = self.input_product(inputs, training) + self.recurrent_product(states[0], training)
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
        kernel_regularizer, recurrent_regularizer, bias_regularizer: penalties on the weights.
        kernel_constraint, recurrent_constraint, bias_constraint: projections of the weights
            after a step of the optimizer.
        dropout: share of the inputs that is dropped in training, in [0, 1).
        recurrent_dropout: share of the hidden units that is dropped in training, in [0, 1).
        seed: of the dropout masks, an integer of at least 0 or None.
        **options: activity_regularizer, return_sequences, return_state, go_backwards, stateful,
            unroll, zero_output_for_mask, name, dtype, trainable, as in `keras.layers.RNN`;
            implementation and chunk_length, see `RecurrentLayer`.

    Call arguments:
        sequences: shape (batch, steps, features).
        initial_state: [h], shape (batch, units); zeros by default.
        mask: bool, shape (batch, steps), False where a row stands still. Pass it explicitly.

    Raises:
        ValueError: `units` is not an integer of at least 1, or a rate is not in [0, 1).

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
        **options: Unpack[LayerOptions],
    ) -> None:
        own, loop = split_options(options)
        cell = SimpleRNNCell(
            units,
            activation=activation,
            use_bias=use_bias,
            kernel_initializer=kernel_initializer,
            recurrent_initializer=recurrent_initializer,
            bias_initializer=bias_initializer,
            **own,
        )
        super().__init__(cell, **loop)
