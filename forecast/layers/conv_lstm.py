"""Convolutional long short-term memory: one step and the loop over it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras
from keras import ops

from forecast.layers.held_layer import HeldLayer
from forecast.layers.lstm import LSTMCell
from forecast.layers.options import Activation, Initializer, WeightOptions, split_options

# The length along every axis, or one number for all of them.
Lengths = int | Sequence[int]


class LSTMOptions(WeightOptions, total=False):
    """What `ConvLSTM` hands on to its cell and that to `LSTMCell`."""

    activation: Activation
    recurrent_activation: Activation
    use_bias: bool
    kernel_initializer: Initializer
    recurrent_initializer: Initializer
    bias_initializer: Initializer
    unit_forget_bias: bool
    output_gate: bool


def spread(name: str, lengths: Lengths, rank: int) -> tuple[int, ...]:
    """Return one length for every axis; raise ValueError unless there are `rank` of them."""
    spread_out = (lengths,) * rank if isinstance(lengths, int) else tuple(lengths)
    if len(spread_out) != rank or any(length < 1 for length in spread_out):
        raise ValueError(
            f"{name}={lengths!r}: expected an integer of at least 1, or {rank} of them "
            f"(rank={rank})."
        )
    return spread_out


@keras.saving.register_keras_serializable(package="keras_forecast")
class ConvLSTMCell(LSTMCell):
    """One step of convolutional long short-term memory: `LSTMCell`, its products convolutions.

        i, f, o = recurrent_activation(W * x + U * h + b)
        c'      = f c + i activation(W_c * x + U_c * h + b_c)
        h'      = o activation(c')

    Every filter is a little LSTM cell that slides over the input and sees its neighbours. Weights
    as in `keras.layers.ConvLSTM1D` and `ConvLSTM2D`, gates in the order i, f, c, o: kernel
    `(*kernel_size, channels, 4 * filters)`, recurrent_kernel
    `(*kernel_size, filters, 4 * filters)`, bias `(4 * filters,)`.

    Args:
        filters: number of filters, at least 1.
        kernel_size: length of the window along every axis.
        rank: number of axes of the input beside channels: 1 for a line of sensors, 2 for images.
        strides: steps of the window over the input.
        padding: "valid" or "same"; the state is always padded to its own size.
        dilation_rate: distance between the places of the window in the input.
        **options: those of `LSTMCell`: activation, recurrent_activation, use_bias,
            kernel_initializer, recurrent_initializer, bias_initializer, unit_forget_bias,
            output_gate, regularizers, constraints, dropout, recurrent_dropout, seed; name, dtype,
            trainable.

    Raises:
        ValueError: a length is below 1, or there are not `rank` of them; the axes of the input have
            no fixed length.

    Example:
        >>> import numpy as np
        >>> cell = ConvLSTMCell(3, kernel_size=2, rank=1)
        >>> cell.build((None, 6, 4))
        >>> output, states = cell(np.ones((2, 6, 4), "float32"), cell.get_initial_state(2))
        >>> tuple(output.shape), len(states)
        ((2, 5, 3), 2)

    Source: Shi et al. (2015), "Convolutional LSTM network".
    """

    def __init__(
        self,
        filters: int,
        kernel_size: Lengths,
        rank: int = 2,
        strides: Lengths = 1,
        padding: str = "valid",
        dilation_rate: Lengths = 1,
        **options: Any,
    ) -> None:
        super().__init__(filters, **options)
        self.rank = rank
        self.kernel_size = spread("kernel_size", kernel_size, rank)
        self.strides = spread("strides", strides, rank)
        self.dilation_rate = spread("dilation_rate", dilation_rate, rank)
        if padding not in ("valid", "same"):
            raise ValueError(f'padding={padding!r}: expected "valid" or "same".')
        self.padding = padding
        # As in Keras: the sizes are known once the cell is built.
        self.state_size = [-1, -1]

    @property
    def filters(self) -> int:
        """Number of filters."""
        return self.units

    @property
    def dropout_mask_count(self) -> int:
        """How many masks Keras draws: here always one for each gate."""
        return self.num_gates

    def build(self, input_shape: Sequence[int | None]) -> None:
        """Create the weights for inputs of shape `(batch, *lengths, channels)`."""
        if len(input_shape) != self.rank + 2 or None in input_shape[1:]:
            raise ValueError(
                f"ConvLSTMCell got inputs of shape {tuple(input_shape)}: expected (batch, "
                f"{'length, ' * self.rank}channels), all but batch fixed (rank={self.rank})."
            )
        width = self.num_gates * self.units
        kernel = (*self.kernel_size, input_shape[-1], width)
        self._add_weights(kernel, (*self.kernel_size, self.units, width))
        self.state_shape = self._convolved_shape(input_shape)

    def _convolved_shape(self, input_shape: Sequence[int | None]) -> tuple[int, ...]:
        """Return (*lengths, filters) of a state."""
        inputs = keras.KerasTensor((1, *input_shape[1:]))
        kernel = keras.KerasTensor((*self.kernel_size, input_shape[-1], self.units))
        return tuple(self.multiply_inputs(inputs, kernel).shape[1:])

    def get_initial_state(self, batch_size: Any = None) -> list[Any]:
        """Return the zero states [h, c] of shape `(batch_size, *lengths, filters)`."""
        return [ops.zeros((batch_size, *self.state_shape), dtype=self.compute_dtype)] * 2

    def multiply_inputs(self, inputs: Any, kernel: Any) -> Any:
        """Return the convolution of inputs and input weights."""
        return ops.conv(
            inputs,
            kernel,
            strides=self.strides,
            padding=self.padding,
            data_format="channels_last",
            dilation_rate=self.dilation_rate,
        )

    def multiply_hidden(self, hidden: Any, kernel: Any) -> Any:
        """Return the convolution of the hidden state and recurrent weights, of the same size."""
        return ops.conv(hidden, kernel, padding="same", data_format="channels_last")

    def get_config(self) -> dict[str, Any]:
        """Return the constructor arguments."""
        config = super().get_config()
        return {
            "filters": config.pop("units"),
            "kernel_size": self.kernel_size,
            "rank": self.rank,
            "strides": self.strides,
            "padding": self.padding,
            "dilation_rate": self.dilation_rate,
            **config,
        }


@keras.saving.register_keras_serializable(package="keras_forecast")
class ConvLSTM(HeldLayer):
    """Convolutional long short-term memory over time: `ConvLSTMCell` at every step.

    Args:
        filters: number of filters, at least 1.
        kernel_size: length of the window along every axis.
        rank: number of axes of the input beside steps and channels: 1 or 2.
        strides: steps of the window over the input.
        padding: "valid" or "same"; the state is always padded to its own size.
        dilation_rate: distance between the places of the window in the input.
        **options: those of `LSTM`.

    Call arguments:
        sequences: shape `(batch, steps, *lengths, channels)`.
        initial_state: [h, c], each of shape `(batch, *lengths, filters)`; zeros by default.
        mask: bool, shape (batch, steps), False where a row stands still. Pass it explicitly.

    Raises:
        ValueError: a length is below 1, or there are not `rank` of them; the axes of the input have
            no fixed length.

    Example:
        >>> import numpy as np
        >>> layer = ConvLSTM(3, kernel_size=2, rank=1, return_sequences=True)
        >>> tuple(layer(np.ones((2, 5, 6, 4), "float32")).shape)
        (2, 5, 5, 3)

    Source: Shi et al. (2015), "Convolutional LSTM network".
    """

    def __init__(
        self,
        filters: int,
        kernel_size: Lengths,
        rank: int = 2,
        strides: Lengths = 1,
        padding: str = "valid",
        dilation_rate: Lengths = 1,
        **options: Any,
    ) -> None:
        own, loop = split_options(options, LSTMOptions.__annotations__)
        cell = ConvLSTMCell(
            filters,
            kernel_size,
            rank=rank,
            strides=strides,
            padding=padding,
            dilation_rate=dilation_rate,
            **own,
        )
        super().__init__(cell, **loop)

    def compute_output_shape(self, sequences_shape: Any, initial_state_shape: Any = None) -> Any:  # noqa: ARG002
        """Return the shape of the output, and of the states with `return_state`."""
        state = (sequences_shape[0], *self.cell._convolved_shape(sequences_shape[1:]))
        output = (state[0], sequences_shape[1], *state[1:]) if self.return_sequences else state
        return (output, state, state) if self.return_state else output
