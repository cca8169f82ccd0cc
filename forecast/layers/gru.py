"""The gated recurrent unit: one step and the loop over it."""

from __future__ import annotations

from typing import Any, Unpack

import keras
from keras import ops

from forecast.layers.options import (
    Activation,
    CellOptions,
    Initializer,
    LayerOptions,
    split_options,
)
from forecast.layers.recurrent import RecurrentLayer
from forecast.layers.recurrent_cell import RecurrentCell, masked_product


@keras.saving.register_keras_serializable(package="keras_forecast")
class GRUCell(RecurrentCell):
    """One step of the gated recurrent unit.

        z  = recurrent_activation(W_z x + U_z h + b_z)    share of the old state that is kept
        r  = recurrent_activation(W_r x + U_r h + b_r)    reset gate
        g  = activation(W_h x + U_h (r * h) + b_h)        new content
        h' = z * h + (1 - z) * g

    With `reset_after=True`, cuDNN's form: g = activation(W_h x + b_h + r * (U_h h + d_h)), and the
    recurrent products of z and r have a bias d of their own too.

    The lecture notes write the gate of the new content, 1 - z; as 1 - sigmoid(a) = sigmoid(-a),
    theirs is this one with the sign of W_z, U_z and b_z turned.

    Weights as in `keras.layers.GRUCell`, gates in the order z, r, h: kernel (features, 3 * units),
    recurrent_kernel (units, 3 * units), bias (3 * units,), or (2, 3 * units) = (b, d) with
    `reset_after=True`.

    Args:
        units: number of hidden units, at least 1.
        activation: function of the new content; a name, a callable or None (linear).
        recurrent_activation: function of the gates.
        use_bias: whether a bias is added.
        kernel_initializer: initializer of W.
        recurrent_initializer: initializer of U.
        bias_initializer: initializer of the bias.
        reset_after: apply the reset gate after the recurrent product. Keras' own default is True.
        kernel_regularizer, recurrent_regularizer, bias_regularizer: penalties on W, U and b.
        kernel_constraint, recurrent_constraint, bias_constraint: projections of W, U and b
            after a step of the optimizer.
        dropout: share of the inputs that is dropped in training, in [0, 1).
        recurrent_dropout: share of the hidden units that is dropped in training, in [0, 1).
        seed: of the dropout masks, an integer of at least 0 or None.
        **options: name, dtype, trainable, as in `keras.layers.Layer`.

    Raises:
        ValueError: `units` is not an integer of at least 1, or a rate is not in [0, 1).

    Example:
        >>> import numpy as np
        >>> cell = GRUCell(3)
        >>> output, states = cell(np.ones((2, 4), "float32"), cell.get_initial_state(2))
        >>> tuple(output.shape), len(states)
        ((2, 3), 1)

    Source: Cho et al. (2014), "Learning phrase representations using RNN encoder-decoder".
    """

    num_gates = 3
    gate_names = ("update", "reset")

    def __init__(
        self,
        units: int,
        activation: Activation = "tanh",
        recurrent_activation: Activation = "sigmoid",
        use_bias: bool = True,
        kernel_initializer: Initializer = "glorot_uniform",
        recurrent_initializer: Initializer = "orthogonal",
        bias_initializer: Initializer = "zeros",
        reset_after: bool = False,
        **options: Unpack[CellOptions],
    ) -> None:
        super().__init__(
            units,
            activation=activation,
            use_bias=use_bias,
            kernel_initializer=kernel_initializer,
            recurrent_initializer=recurrent_initializer,
            bias_initializer=bias_initializer,
            **options,
        )
        self.recurrent_activation = keras.activations.get(recurrent_activation)
        self.reset_after = reset_after

    @property
    def bias_shape(self) -> tuple[int, ...]:
        """Shape of the bias: a second row for the recurrent products with `reset_after`."""
        return (2, 3 * self.units) if self.reset_after else (3 * self.units,)

    def gates(self, inputs: Any, states: list[Any]) -> list[Any]:
        """Return z and r at a step."""
        total = self.input_product(inputs, False) + self.recurrent_product(states[0], False)
        if self.use_bias:
            total = total + (self.bias[0] + self.bias[1] if self.reset_after else self.bias)
        return ops.split(self.recurrent_activation(total[:, : 2 * self.units]), 2, axis=-1)

    def call(self, inputs: Any, states: list[Any], training: bool = False) -> tuple[Any, list[Any]]:
        """Return the output (batch, units) and the new states [h].

        Args:
            inputs: x, shape (batch, features).
            states: [h], shape (batch, units).
            training: whether the dropout masks are on.
        """
        hidden = states[0]
        projected = self.input_product(inputs, training)
        if self.use_bias:
            projected = projected + (self.bias[0] if self.reset_after else self.bias)
        candidate = self._reset_after if self.reset_after else self._reset_before
        keep, content = candidate(projected, hidden, training)
        hidden = keep * hidden + (1 - keep) * content
        return hidden, [hidden]

    def _reset_before(self, projected: Any, hidden: Any, training: bool) -> tuple[Any, Any]:
        """Return z and g of the notes' form, given W x + b."""
        masks = self.get_recurrent_dropout_mask(hidden) if training else None
        kernel = self.recurrent_kernel[:, : 2 * self.units]
        gates, content = projected[:, : 2 * self.units], projected[:, 2 * self.units :]
        gates = gates + masked_product(ops.matmul, hidden, kernel, masks and masks[:2])
        keep, reset = ops.split(self.recurrent_activation(gates), 2, axis=-1)
        heard = reset * (hidden * masks[2] if masks else hidden)
        recurrent = ops.matmul(heard, self.recurrent_kernel[:, 2 * self.units :])
        return keep, self.activation(content + recurrent)

    def _reset_after(self, projected: Any, hidden: Any, training: bool) -> tuple[Any, Any]:
        """Return z and g of cuDNN's form, given W x + b."""
        recurrent = self.recurrent_product(hidden, training)
        if self.use_bias:
            recurrent = recurrent + self.bias[1]
        gates = self.recurrent_activation((projected + recurrent)[:, : 2 * self.units])
        keep, reset = ops.split(gates, 2, axis=-1)
        content = projected[:, 2 * self.units :] + reset * recurrent[:, 2 * self.units :]
        return keep, self.activation(content)

    def get_config(self) -> dict[str, Any]:
        """Return the constructor arguments."""
        return {
            **super().get_config(),
            "recurrent_activation": keras.activations.serialize(self.recurrent_activation),
            "reset_after": self.reset_after,
        }


@keras.saving.register_keras_serializable(package="keras_forecast")
class GRU(RecurrentLayer):
    """The gated recurrent unit over time: `GRUCell` at every step.

    Args:
        units: number of hidden units, at least 1.
        activation: function of the new content; a name, a callable or None (linear).
        recurrent_activation: function of the gates.
        use_bias: whether a bias is added.
        kernel_initializer: initializer of the input weights.
        recurrent_initializer: initializer of the recurrent weights.
        bias_initializer: initializer of the bias.
        reset_after: apply the reset gate after the recurrent product. Keras' own default is True.
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
        >>> tuple(GRU(3, return_sequences=True)(np.ones((2, 5, 4), "float32")).shape)
        (2, 5, 3)

    Source: Cho et al. (2014), "Learning phrase representations using RNN encoder-decoder".
    """

    def __init__(
        self,
        units: int,
        activation: Activation = "tanh",
        recurrent_activation: Activation = "sigmoid",
        use_bias: bool = True,
        kernel_initializer: Initializer = "glorot_uniform",
        recurrent_initializer: Initializer = "orthogonal",
        bias_initializer: Initializer = "zeros",
        reset_after: bool = False,
        **options: Unpack[LayerOptions],
    ) -> None:
        own, loop = split_options(options)
        cell = GRUCell(
            units,
            activation=activation,
            recurrent_activation=recurrent_activation,
            use_bias=use_bias,
            kernel_initializer=kernel_initializer,
            recurrent_initializer=recurrent_initializer,
            bias_initializer=bias_initializer,
            reset_after=reset_after,
            **own,
        )
        super().__init__(cell, **loop)
