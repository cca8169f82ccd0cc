"""What all recurrent cells share, and what all recurrent layers share."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from numbers import Integral
from typing import Any

import keras
from keras import ops

from forecast.layers.chunks import check_chunk_length, needs_chunks, run_in_chunks
from forecast.layers.fast_path import check_implementation, recurrence_of, run_kernel

# Anything that Keras takes as an initializer or an activation: a name, an object or a callable.
Initializer = Any
Activation = Any


def check_units(units: int) -> int:
    """Return `units` as an int; raise ValueError unless it is an integer of at least 1."""
    if isinstance(units, bool) or not isinstance(units, Integral) or units < 1:
        raise ValueError(
            f"units={units!r}: expected an integer of at least 1; "
            "give the number of hidden units, for example units=64."
        )
    return int(units)


def cell_options(layer_options: Mapping[str, Any]) -> dict[str, Any]:
    """Return those options of a layer that its cell has to share: dtype and trainable."""
    return {key: layer_options[key] for key in ("dtype", "trainable") if key in layer_options}


class RecurrentCell(keras.layers.Layer):
    """Base of the trained cells: `units`, `num_gates` blocks of weights, biases and their config.

    The blocks stand side by side along the last axis, so that one product serves all gates:
    kernel (features, num_gates * units), recurrent_kernel (units, num_gates * units) and
    bias (num_gates * units,).

    Args:
        units: number of hidden units, at least 1.
        activation: function of the new content; a name, a callable or None (linear).
        use_bias: whether a bias is added.
        kernel_initializer: initializer of the input weights.
        recurrent_initializer: initializer of the recurrent weights.
        bias_initializer: initializer of the bias.
        **kwargs: options of `keras.layers.Layer`: name, dtype, trainable.

    Raises:
        ValueError: `units` is not an integer of at least 1.
    """

    num_gates = 1

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
        super().__init__(**kwargs)
        self.units = check_units(units)
        self.activation = keras.activations.get(activation)
        self.use_bias = use_bias
        self.kernel_initializer = keras.initializers.get(kernel_initializer)
        self.recurrent_initializer = keras.initializers.get(recurrent_initializer)
        self.bias_initializer = keras.initializers.get(bias_initializer)
        self.state_size: int | list[int] = self.units
        self.output_size = self.units

    @property
    def bias_shape(self) -> tuple[int, ...]:
        """Shape of the bias."""
        return (self.num_gates * self.units,)

    def initial_bias(self, shape: Sequence[int], dtype: Any = None) -> Any:
        """Return the values that the bias starts with."""
        return self.bias_initializer(shape, dtype=dtype)

    def build(self, input_shape: Sequence[int | None]) -> None:
        """Create the weights for inputs of shape (batch, features)."""
        width = self.num_gates * self.units
        self.kernel = self.add_weight(
            shape=(input_shape[-1], width), name="kernel", initializer=self.kernel_initializer
        )
        self.recurrent_kernel = self.add_weight(
            shape=(self.units, width),
            name="recurrent_kernel",
            initializer=self.recurrent_initializer,
        )
        self.bias: Any = None
        if self.use_bias:
            self.bias = self.add_weight(
                shape=self.bias_shape, name="bias", initializer=self.initial_bias
            )

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
        }


class RecurrentLayer(keras.layers.RNN):
    """Base of the layers: `keras.layers.RNN` around one cell whose output is its first state.

    Two things are stricter than in `keras.layers.RNN`. Values at masked steps, NaN included, reach
    neither outputs nor gradients. And the output at a masked step is the state that is held there:
    before the first unmasked step, and for a row without one, that is the initial state.

    Args:
        cell: one step.
        implementation: "auto" runs a kernel of the backend where one covers the layer, and the
            loop of Keras elsewhere; "plain" always runs that loop. Both give the same values.
        chunk_length: number of steps, at least 1. In training only the states between chunks of so
            many steps are stored, and each chunk is computed again on the way back; the gradient is
            exact. None stores all. It needs a known number of steps; where that is open, all are
            stored.
        **kwargs: options of `keras.layers.RNN`.

    Raises:
        ValueError: if `implementation` or `chunk_length` is none of these.
    """

    def __init__(
        self,
        cell: keras.layers.Layer,
        implementation: str = "auto",
        chunk_length: int | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(cell, **kwargs)
        self.implementation = check_implementation(implementation)
        self.chunk_length = check_chunk_length(chunk_length)
        # Keras 3.16 turns this off in RNN; here a mask is passed on in every version.
        self.supports_masking = True

    def inner_loop(
        self, sequences: Any, initial_state: list[Any], mask: Any, training: bool = False
    ) -> tuple[Any, Any, list[Any]]:
        """Run the cell over time; return the last output, all outputs and the last states."""
        if mask is not None:
            mask = ops.cast(mask, "bool")
            # The loop selects with `where`, whose gradient at a NaN that was not selected is NaN.
            sequences = ops.where(mask[:, :, None], sequences, ops.zeros_like(sequences))
        if not needs_chunks(self, sequences):
            return self._run(sequences, initial_state, mask, training)
        return run_in_chunks(self, self._run, sequences, initial_state, mask, training)

    def _run(
        self, sequences: Any, initial_state: list[Any], mask: Any, training: bool
    ) -> tuple[Any, Any, list[Any]]:
        """`inner_loop` of what is finite at masked steps, without chunks."""
        recurrence = recurrence_of(self, [sequences, *initial_state], training)
        if recurrence is not None:
            return run_kernel(recurrence, self, sequences, initial_state, mask, training)
        if mask is None:
            return super().inner_loop(sequences, initial_state, None, training=training)
        _, outputs, states = super().inner_loop(sequences, initial_state, mask, training=training)
        if self.return_sequences and not self.zero_output_for_mask:
            outputs = self._hold_initial_state(outputs, initial_state[0], mask)
        return states[0], outputs, states

    def _hold_initial_state(self, outputs: Any, initial_state: Any, mask: Any) -> Any:
        """Put the initial state where no step has been taken yet; the loop has zeros there."""
        in_loop_order = ops.flip(mask, axis=1) if self.go_backwards else mask
        started = ops.cumsum(ops.cast(in_loop_order, "int32"), axis=1) > 0
        return ops.where(started[:, :, None], outputs, initial_state[:, None, :])

    def get_config(self) -> dict[str, Any]:
        """Return the constructor arguments: those of the cell and those of the loop."""
        config = super().get_config()
        del config["cell"]
        own = {"implementation": self.implementation, "chunk_length": self.chunk_length}
        return {**self.cell.get_config(), **config, **own}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> RecurrentLayer:
        """Build the layer from what `get_config` returned."""
        return cls(**config)
