"""Long short-term memory: one step and the loop over it."""

from __future__ import annotations

from collections.abc import Sequence
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
from forecast.layers.recurrent_cell import RecurrentCell


@keras.saving.register_keras_serializable(package="keras_forecast")
class LSTMCell(RecurrentCell):
    """One step of long short-term memory.

        i, f, o = recurrent_activation(W x + U h + b)     input, forget and output gate
        g       = activation(W_c x + U_c h + b_c)         new content
        c'      = f * c + i * g
        h'      = o * activation(c')

    With `output_gate=False` the gated unit of the notes: h' = activation(c'), without o.

    Weights as in `keras.layers.LSTMCell`, gates in the order i, f, c, o: kernel
    (features, 4 * units), recurrent_kernel (units, 4 * units), bias (4 * units,); the block of o
    is missing with `output_gate=False`.

    Args:
        units: number of hidden units, at least 1.
        activation: function of the new content and of the cell state; a name, a callable or None.
        recurrent_activation: function of the gates.
        use_bias: whether b is added.
        kernel_initializer: initializer of W.
        recurrent_initializer: initializer of U.
        bias_initializer: initializer of b.
        unit_forget_bias: start the bias of the forget gate at 1, so that the cell remembers.
        output_gate: whether there is a gate o between c and h.
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
        >>> cell = LSTMCell(3)
        >>> output, states = cell(np.ones((2, 4), "float32"), cell.get_initial_state(2))
        >>> tuple(output.shape), len(states)
        ((2, 3), 2)

    Source: Hochreiter and Schmidhuber (1997); forget gate: Gers et al. (2000); forget bias of 1:
    Jozefowicz et al. (2015).
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
        unit_forget_bias: bool = True,
        output_gate: bool = True,
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
        self.unit_forget_bias = unit_forget_bias
        self.output_gate = output_gate
        self.state_size = [self.units, self.units]

    @property
    def num_gates(self) -> int:  # type: ignore[override]
        """Blocks of weights: i, f, c, and o if there is an output gate."""
        return 4 if self.output_gate else 3

    def initial_bias(self, shape: Sequence[int], dtype: Any = None) -> Any:
        """Return the values that the bias starts with: 1 for the forget gate if asked for."""
        values = ops.convert_to_tensor(super().initial_bias(shape, dtype))
        if not self.unit_forget_bias:
            return values
        ones = ops.ones((self.units,), dtype=values.dtype)
        return ops.concatenate([values[: self.units], ones, values[2 * self.units :]])

    @property
    def gate_names(self) -> tuple[str, ...]:  # type: ignore[override]
        """Input, forget and, if there is one, output gate."""
        return ("input", "forget", "output")[: self.num_gates - 1]

    def gates(self, inputs: Any, states: list[Any]) -> list[Any]:
        """Return i, f and o at a step."""
        total = self._total(inputs, states[0], training=False)
        input_gate, forget_gate, _, *output_gate = ops.split(total, self.num_gates, axis=-1)
        return [self.recurrent_activation(one) for one in (input_gate, forget_gate, *output_gate)]

    def _total(self, inputs: Any, hidden: Any, training: bool) -> Any:
        """W x + U h + b of all gates and the content."""
        total = self.input_product(inputs, training) + self.recurrent_product(hidden, training)
        return total + self.bias if self.use_bias else total

    def call(self, inputs: Any, states: list[Any], training: bool = False) -> tuple[Any, list[Any]]:
        """Return the output (batch, units) and the new states [h, c].

        Args:
            inputs: x, shape (batch, features).
            states: [h, c], each of shape (batch, units).
            training: whether the dropout masks are on.
        """
        hidden, carry = states
        total = self._total(inputs, hidden, training)
        input_gate, forget_gate, content, *output_gate = ops.split(total, self.num_gates, axis=-1)
        carry = self.recurrent_activation(forget_gate) * carry + self.recurrent_activation(
            input_gate
        ) * self.activation(content)
        hidden = self.activation(carry)
        if output_gate:
            hidden = self.recurrent_activation(output_gate[0]) * hidden
        return hidden, [hidden, carry]

    def get_config(self) -> dict[str, Any]:
        """Return the constructor arguments."""
        return {
            **super().get_config(),
            "recurrent_activation": keras.activations.serialize(self.recurrent_activation),
            "unit_forget_bias": self.unit_forget_bias,
            "output_gate": self.output_gate,
        }


@keras.saving.register_keras_serializable(package="keras_forecast")
class LSTM(RecurrentLayer):
    """Long short-term memory over time: `LSTMCell` at every step.

    Args:
        units: number of hidden units, at least 1.
        activation: function of the new content and of the cell state; a name, a callable or None.
        recurrent_activation: function of the gates.
        use_bias: whether a bias is added.
        kernel_initializer: initializer of the input weights.
        recurrent_initializer: initializer of the recurrent weights.
        bias_initializer: initializer of the bias.
        unit_forget_bias: start the bias of the forget gate at 1.
        output_gate: whether there is a gate between c and h; without it h = activation(c).
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
        initial_state: [h, c], each of shape (batch, units); zeros by default.
        mask: bool, shape (batch, steps), False where a row stands still. Pass it explicitly.

    Raises:
        ValueError: `units` is not an integer of at least 1, or a rate is not in [0, 1).

    Example:
        >>> import numpy as np
        >>> tuple(LSTM(3, return_sequences=True)(np.ones((2, 5, 4), "float32")).shape)
        (2, 5, 3)

    Source: Hochreiter and Schmidhuber (1997); Gers et al. (2000).
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
        unit_forget_bias: bool = True,
        output_gate: bool = True,
        **options: Unpack[LayerOptions],
    ) -> None:
        own, loop = split_options(options)
        cell = LSTMCell(
            units,
            activation=activation,
            recurrent_activation=recurrent_activation,
            use_bias=use_bias,
            kernel_initializer=kernel_initializer,
            recurrent_initializer=recurrent_initializer,
            bias_initializer=bias_initializer,
            unit_forget_bias=unit_forget_bias,
            output_gate=output_gate,
            **own,
        )
        super().__init__(cell, **loop)
