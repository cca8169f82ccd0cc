"""Causal layers as recurrent ones: their state is a window of the last steps."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras
from keras import ops

from forecast.layers.causal_layer import CausalLayer, pack
from forecast.layers.composite_cell import build_once, deserialize_all, serialize_all
from forecast.layers.recurrent import RecurrentLayer

__all__ = ["Window", "WindowCell"]


@keras.saving.register_keras_serializable(package="keras_forecast")
class WindowCell(keras.layers.Layer):
    """One step of a causal layer whose state is a window: the output, and the last steps.

        output = network(window, x)[last],   window' = (window, x) without its first step

    The state is [output, window]: the output of the last step, of shape (batch, width), and the
    receptive_field - 1 steps that the next output will see, oldest first, of shape (batch, steps *
    (features + 1)); beside the features of a step stands 1 where there is one, 0 before the first.

    Args:
        network: a causal layer of this package with a receptive field of at least 2 steps.
        **kwargs: name, dtype (that of the network by default), trainable, as in
            `keras.layers.Layer`.

    Raises:
        ValueError: the network is no causal layer, or sees a single step.

    Example:
        >>> import numpy as np
        >>> from forecast.layers import TemporalConvolution
        >>> cell = WindowCell(TemporalConvolution(3, kernel_size=2, dilations=(1,)))
        >>> cell.build((None, 4))
        >>> output, states = cell(np.ones((2, 4), "float32"), cell.get_initial_state(2))
        >>> tuple(output.shape), [tuple(state.shape) for state in states]
        ((2, 3), [(2, 3), (2, 10)])

    Source: van den Oord et al. (2016), "WaveNet": generation one step after another.
    """

    def __init__(self, network: CausalLayer, **kwargs: Any) -> None:
        if not isinstance(network, CausalLayer) or network.receptive_field < 2:
            raise ValueError(
                f"network={network!r}: expected a causal layer of forecast.layers that sees at "
                "least 2 steps, such as TemporalConvolution(16)."
            )
        super().__init__(**{"dtype": network.dtype_policy, **kwargs})
        self.network = network
        # As in Keras: the sizes are known once the cell is built.
        self.state_size = [-1, -1]

    @property
    def num_steps(self) -> int:
        """Number of steps in the window."""
        return self.network.receptive_field - 1

    def build(self, input_shape: Sequence[Any]) -> None:
        """Create the weights of the network for inputs of shape (batch, features)."""
        batch, features = input_shape
        build_once(self.network, (batch, None, features))
        self.state_size = self.sizes_for(features)
        self.output_size = self.state_size[0]

    def sizes_for(self, features: int) -> list[int]:
        """Return the widths of the states for inputs of so many features."""
        width = self.network.compute_output_shape((None, None, features))[-1]
        return [width, self.num_steps * (features + 1)]

    def get_initial_state(self, batch_size: Any = None) -> list[Any]:
        """Return an output of zeros, and a window without a step."""
        return [ops.zeros((batch_size, size), self.compute_dtype) for size in self.state_size]

    def call(self, inputs: Any, states: list[Any], training: bool = False) -> tuple[Any, list[Any]]:
        """Return the output (batch, width) and the new states [output, window].

        Args:
            inputs: x, shape (batch, features).
            states: [output, window].
            training: whether dropout is on.
        """
        outputs, states = self.run(inputs[:, None], states, None, training)
        return outputs[:, 0], states

    def run(
        self, sequences: Any, states: list[Any] | None, mask: Any, training: bool
    ) -> tuple[Any, list[Any]]:
        """Return the outputs after all steps at once, and the states after the last one.

        Args:
            sequences: shape (batch, steps, features); finite at masked steps.
            states: [output, window] before the first step; None for an empty window, which the
                network is then spared.
            mask: bool, shape (batch, steps), or None.
            training: whether dropout is on.
        """
        valid = ops.ones(ops.shape(sequences)[:2], "bool") if mask is None else mask
        rows = ops.concatenate([sequences, ops.ones_like(sequences[:, :, :1])], axis=-1)
        if states is None:
            outputs = self.network(sequences, mask=mask, training=training)
            blank = (ops.shape(rows)[0], self.num_steps, rows.shape[-1])
            before = ops.zeros(blank, rows.dtype)
            return outputs, [outputs[:, -1], self._moved(before, rows, valid)]
        output, window = states
        before = ops.reshape(window, (-1, self.num_steps, rows.shape[-1]))
        after = ops.concatenate([before, rows], axis=1)
        known = ops.concatenate([_known(before[:, :, -1]), valid], axis=1)
        outputs = self.network(after[:, :, :-1], mask=known, training=training)
        outputs = outputs[:, self.num_steps :]
        started = ops.cumsum(ops.cast(valid, "int32"), axis=1)
        outputs = ops.where(started[:, :, None] > 0, outputs, output[:, None])
        return outputs, [outputs[:, -1], self._moved(before, rows, valid)]

    def _moved(self, before: Any, rows: Any, valid: Any) -> Any:
        """Return the window after the valid rows, as many of its oldest steps left out."""
        count = ops.sum(ops.cast(valid, "int32"), axis=1)
        kept = count[:, None] + ops.arange(self.num_steps)
        everything = ops.concatenate([before, pack(rows, valid)], axis=1)
        window = ops.take_along_axis(everything, kept[:, :, None], axis=1)
        return ops.reshape(window, (-1, self.num_steps * rows.shape[-1]))

    def get_config(self) -> dict[str, Any]:
        """Return the constructor arguments."""
        (network,) = serialize_all([self.network])
        return {**super().get_config(), "network": network}

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: Any = None) -> WindowCell:
        """Build the cell from what `get_config` returned."""
        (network,) = deserialize_all([config["network"]], custom_objects)
        return cls(**{**config, "network": network})


def _known(marks: Any) -> Any:
    """Return which steps of windows there are: those after the last mark that is not positive."""
    unbroken = ops.cumprod(ops.cast(ops.flip(marks, axis=1) > 0, "int32"), axis=1)
    return ops.flip(unbroken, axis=1) > 0


@keras.saving.register_keras_serializable(package="keras_forecast")
class Window(RecurrentLayer):
    """A causal layer as a recurrent one: its state is a window of the last steps.

    It keeps the contract of the recurrent layers (states given and returned, exact masks), so that
    a convolution or a transformer can stand wherever an LSTM can; all steps are computed at once.
    A window that is carried from call to call gives what one call of the whole gives.

    Args:
        network: a causal layer of this package with a receptive field of at least 2 steps.
        **kwargs: return_sequences, return_state, go_backwards, stateful, unroll,
            zero_output_for_mask, activity_regularizer, name, dtype (that of the network by
            default), trainable, as in `keras.layers.RNN`; implementation ("plain" calls the cell at
            every step) and chunk_length, see `RecurrentLayer`.

    Call arguments:
        sequences: shape (batch, steps, features).
        initial_state: [output, window], see `WindowCell`; an empty window by default.
        mask: bool, shape (batch, steps), False where a row stands still. Pass it explicitly.

    Raises:
        ValueError: the network is no causal layer, or sees a single step.

    Example:
        >>> import numpy as np
        >>> from forecast.layers import TemporalConvolution
        >>> layer = Window(TemporalConvolution(3), return_sequences=True)
        >>> tuple(layer(np.ones((2, 5, 4), "float32")).shape)
        (2, 5, 3)

    Source: Bai, Kolter and Koltun (2018), "An empirical evaluation of generic convolutional and
    recurrent networks for sequence modeling".
    """

    def __init__(self, network: CausalLayer, **kwargs: Any) -> None:
        cell = WindowCell(network)
        super().__init__(cell, **{"dtype": cell.dtype_policy, **kwargs})

    def call(
        self,
        sequences: Any,
        initial_state: list[Any] | None = None,
        mask: Any = None,
        training: bool = False,
    ) -> Any:
        """Return the output, and the states with `return_state`; see the class.

        From no state the steps of a window that does not exist are not computed: half of the work
        of a training on sequences as long as the window.
        """
        if initial_state is not None or self.stateful or self._is_looped:
            return super().call(sequences, initial_state, mask, training)
        last, outputs, states = self._run(sequences, None, mask, training)
        shown = outputs if self.return_sequences else last
        return (shown, *states) if self.return_state else shown

    @property
    def _is_looped(self) -> bool:
        return self.implementation == "plain" or self.unroll

    def _run(
        self, sequences: Any, initial_state: list[Any] | None, mask: Any, training: bool
    ) -> tuple[Any, Any, list[Any]]:
        """All steps at once, but where the loop over the cell is asked for."""
        if self._is_looped and initial_state is not None:
            return self._run_plain(sequences, initial_state, mask, training)
        if self.go_backwards:
            sequences = ops.flip(sequences, axis=1)
            mask = None if mask is None else ops.flip(mask, axis=1)
        outputs, states = self.cell.run(sequences, initial_state, mask, training)
        if mask is not None and self.zero_output_for_mask:
            outputs = ops.where(mask[:, :, None], outputs, ops.zeros_like(outputs))
        return states[0], outputs, states

    def compute_output_shape(self, sequences_shape: Any, initial_state_shape: Any = None) -> Any:  # noqa: ARG002
        """Return the shape of the output, and of the states with `return_state`."""
        batch, steps, features = sequences_shape
        states = [(batch, size) for size in self.cell.sizes_for(features)]
        output = (batch, steps, states[0][1]) if self.return_sequences else states[0]
        return (output, *states) if self.return_state else output

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: Any = None) -> Window:
        """Build the layer from what `get_config` returned."""
        (network,) = deserialize_all([config["network"]], custom_objects)
        return cls(**{**config, "network": network})
