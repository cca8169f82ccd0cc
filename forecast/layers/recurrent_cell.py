"""What all trained recurrent cells share."""

from __future__ import annotations

from collections.abc import Sequence
from numbers import Integral
from typing import Any

import keras
from keras import ops

# Not exported by Keras, whose RNN draws the masks before its loop for cells of this class alone.
from keras.src.layers.rnn.dropout_rnn_cell import DropoutRNNCell

from forecast.layers.initializers import check_seed
from forecast.layers.options import (
    Activation,
    Constraint,
    Initializer,
    Regularizer,
    check_rate,
)


def check_units(units: int) -> int:
    """Return `units` as an int; raise ValueError unless it is an integer of at least 1."""
    if isinstance(units, bool) or not isinstance(units, Integral) or units < 1:
        raise ValueError(
            f"units={units!r}: expected an integer of at least 1; "
            "give the number of hidden units, for example units=64."
        )
    return int(units)


class RecurrentCell(DropoutRNNCell, keras.layers.Layer):
    """Base of the trained cells: `units`, `num_gates` blocks of weights, biases and their config.

    The blocks stand side by side along the last axis, so that one product serves all gates:
    kernel (features, num_gates * units), recurrent_kernel (units, num_gates * units) and
    bias (num_gates * units,).

    In training `dropout` multiplies the inputs, and `recurrent_dropout` the hidden units, by a mask
    of zeros and 1 / (1 - rate), for every gate one of its own if `recurrent_dropout` is on. A mask
    is drawn once a sequence: it is the same at all of its steps. With a seed the masks are those
    that the cell of Keras draws with this seed. Where a cell is called by hand, its masks stay
    until `reset_dropout_mask()` and `reset_recurrent_dropout_mask()`.

    Args:
        units: number of hidden units, at least 1.
        activation: function of the new content; a name, a callable or None (linear).
        use_bias: whether a bias is added.
        kernel_initializer: initializer of the input weights.
        recurrent_initializer: initializer of the recurrent weights.
        bias_initializer: initializer of the bias.
        kernel_regularizer, recurrent_regularizer, bias_regularizer: penalties on the weights.
        kernel_constraint, recurrent_constraint, bias_constraint: projections of the weights after
            a step of the optimizer.
        dropout: share of the inputs that is dropped in training, in [0, 1).
        recurrent_dropout: share of the hidden units that is dropped in training, in [0, 1).
        seed: of the dropout masks, an integer of at least 0 or None.
        **kwargs: options of `keras.layers.Layer`: name, dtype, trainable.

    Raises:
        ValueError: `units` is not an integer of at least 1, or a rate is not in [0, 1).
    """

    num_gates: int = 1
    gate_names: tuple[str, ...] = ()

    def __init__(
        self,
        units: int,
        activation: Activation = "tanh",
        use_bias: bool = True,
        kernel_initializer: Initializer = "glorot_uniform",
        recurrent_initializer: Initializer = "orthogonal",
        bias_initializer: Initializer = "zeros",
        kernel_regularizer: Regularizer = None,
        recurrent_regularizer: Regularizer = None,
        bias_regularizer: Regularizer = None,
        kernel_constraint: Constraint = None,
        recurrent_constraint: Constraint = None,
        bias_constraint: Constraint = None,
        dropout: float = 0.0,
        recurrent_dropout: float = 0.0,
        seed: int | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.units = check_units(units)
        self.activation = keras.activations.get(activation)
        self.use_bias = use_bias
        self.kernel_initializer = keras.initializers.get(kernel_initializer)
        self.recurrent_initializer = keras.initializers.get(recurrent_initializer)
        self.bias_initializer = keras.initializers.get(bias_initializer)
        self.kernel_regularizer = keras.regularizers.get(kernel_regularizer)
        self.recurrent_regularizer = keras.regularizers.get(recurrent_regularizer)
        self.bias_regularizer = keras.regularizers.get(bias_regularizer)
        self.kernel_constraint = keras.constraints.get(kernel_constraint)
        self.recurrent_constraint = keras.constraints.get(recurrent_constraint)
        self.bias_constraint = keras.constraints.get(bias_constraint)
        self.dropout = check_rate("dropout", dropout)
        self.recurrent_dropout = check_rate("recurrent_dropout", recurrent_dropout)
        self.seed = check_seed(seed)
        if self.dropout or self.recurrent_dropout:
            self.seed_generator = keras.random.SeedGenerator(self.seed)
        self.state_size: int | list[int] = self.units
        self.output_size = self.units

    @property
    def bias_shape(self) -> tuple[int, ...]:
        """Shape of the bias."""
        return (self.num_gates * self.units,)

    def initial_bias(self, shape: Sequence[int], dtype: Any = None) -> Any:
        """Return the values that the bias starts with."""
        return self.bias_initializer(shape, dtype=dtype)

    @property
    def dropout_mask_count(self) -> int | None:
        """How many masks Keras draws for the gates; None is one for them all."""
        return self.num_gates if self.recurrent_dropout and self.num_gates > 1 else None

    def build(self, input_shape: Sequence[int | None]) -> None:
        """Create the weights for inputs of shape (batch, features)."""
        width = self.num_gates * self.units
        self._add_weights((input_shape[-1], width), (self.units, width))

    def _add_weights(self, kernel: Sequence[int | None], recurrent: Sequence[int]) -> None:
        """Create the weights, given the shapes of the kernels."""
        self.kernel = self.add_weight(
            shape=kernel,
            name="kernel",
            initializer=self.kernel_initializer,
            regularizer=self.kernel_regularizer,
            constraint=self.kernel_constraint,
        )
        self.recurrent_kernel = self.add_weight(
            shape=recurrent,
            name="recurrent_kernel",
            initializer=self.recurrent_initializer,
            regularizer=self.recurrent_regularizer,
            constraint=self.recurrent_constraint,
        )
        self.bias: Any = None
        if self.use_bias:
            self.bias = self.add_weight(
                shape=self.bias_shape,
                name="bias",
                initializer=self.initial_bias,
                regularizer=self.bias_regularizer,
                constraint=self.bias_constraint,
            )

    def input_product(self, inputs: Any, training: bool) -> Any:
        """Return W x of all gates; in training under the dropout masks."""
        masks = self.get_dropout_mask(inputs) if training else None
        return masked_product(self.multiply_inputs, inputs, self.kernel, masks)

    def recurrent_product(self, hidden: Any, training: bool) -> Any:
        """Return U h of all gates; in training under the recurrent dropout masks."""
        masks = self.get_recurrent_dropout_mask(hidden) if training else None
        return masked_product(self.multiply_hidden, hidden, self.recurrent_kernel, masks)

    def multiply_inputs(self, inputs: Any, kernel: Any) -> Any:
        """Return the product of inputs and input weights."""
        return ops.matmul(inputs, kernel)

    def multiply_hidden(self, hidden: Any, kernel: Any) -> Any:
        """Return the product of hidden units and recurrent weights."""
        return ops.matmul(hidden, kernel)

    def gates(self, inputs: Any, states: list[Any]) -> list[Any]:  # noqa: ARG002
        """Return how open each gate of `gate_names` is at a step, (batch, units) of 0 to 1."""
        return []

    def output_of(self, states: list[Any]) -> Any:
        """Return the output that belongs to the states: h."""
        return states[0]

    def get_initial_state(self, batch_size: Any = None) -> list[Any]:
        """Return the zero state: one (batch_size, units) tensor for each state."""
        sizes = [self.state_size] if isinstance(self.state_size, int) else self.state_size
        return [ops.zeros((batch_size, size), dtype=self.compute_dtype) for size in sizes]

    def get_config(self) -> dict[str, Any]:
        """Return the constructor arguments."""
        return {
            **super().get_config(),
            "units": self.units,
            "activation": keras.activations.serialize(self.activation),
            "use_bias": self.use_bias,
            "kernel_initializer": keras.initializers.serialize(self.kernel_initializer),
            "recurrent_initializer": keras.initializers.serialize(self.recurrent_initializer),
            "bias_initializer": keras.initializers.serialize(self.bias_initializer),
            "kernel_regularizer": keras.regularizers.serialize(self.kernel_regularizer),
            "recurrent_regularizer": keras.regularizers.serialize(self.recurrent_regularizer),
            "bias_regularizer": keras.regularizers.serialize(self.bias_regularizer),
            "kernel_constraint": keras.constraints.serialize(self.kernel_constraint),
            "recurrent_constraint": keras.constraints.serialize(self.recurrent_constraint),
            "bias_constraint": keras.constraints.serialize(self.bias_constraint),
            "dropout": self.dropout,
            "recurrent_dropout": self.recurrent_dropout,
            "seed": self.seed,
        }


def masked_product(product: Any, values: Any, kernel: Any, masks: Any) -> Any:
    """Return product(values, kernel) under dropout: no mask, one for all gates, or one for each."""
    if masks is None:
        return product(values, kernel)
    if not isinstance(masks, list):
        return product(values * masks, kernel)
    blocks = ops.split(kernel, len(masks), axis=-1)
    gates = [product(values * mask, block) for mask, block in zip(masks, blocks, strict=True)]
    return ops.concatenate(gates, axis=-1)
