"""The decoder: step after step from the states of an encoder, fed with its own output."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
from keras import ops

from forecast.models.seq2seq.attention import StateAttention
from forecast.models.seq2seq.cells import recurrent_layers
from forecast.models.seq2seq.form import Seq2SeqForm
from forecast.models.stack import RecurrentStack

__all__ = ["Decoder", "DecoderCell"]


class DecoderCell(keras.layers.Layer):
    """`s_i = g([y_(i-1), z_i, C, c_i], s_(i-1))`, `y_i = W [s_i, c_i] + b`; see `Seq2SeqDesign`.

    Args:
        form: of the whole network.
        seed: of the initial weights; those of W are zeros.
    """

    def __init__(self, form: Seq2SeqForm, seed: int) -> None:
        super().__init__()
        design, units = form.design, form.units
        self.units, self.width, self.num_ahead = units, form.width, form.num_ahead
        seeds = [int(one) for one in np.random.SeedSequence(seed).generate_state(3)]
        layers = recurrent_layers(design.cell, units, form.num_layers, seeds[0])
        self.stack = RecurrentStack(layers, num_outputs=0)
        self.is_reminded = design.context in ("input", "both")
        self.attention = (
            StateAttention(design.attention, units, seeds[1]) if design.attention else None
        )
        self.hidden = None
        if design.dense:
            drawn = keras.initializers.GlorotUniform(seeds[2])
            self.hidden = keras.layers.Dense(design.dense, "relu", kernel_initializer=drawn)
        self.readout = keras.layers.Dense(1, kernel_initializer="zeros", name="readout")
        # What `keras.layers.RNN` asks for; the sizes of what the encoder gives are open.
        self.state_size = [1, *self.stack.state_sizes]

    def build(self, input_shape: tuple[int | None, ...]) -> None:  # noqa: ARG002 (it is known)
        """Create all weights for inputs `(batch, num_ahead + 2)`."""
        size, seen = self.num_ahead + 1, 0
        if self.attention is not None:
            seen = self.width
            self.attention.build((None, self.units), (None, None, self.width))
        self.stack.build((None, None, size + self.is_reminded * self.width + seen))
        shape: tuple[int | None, ...] = (None, self.units + seen)
        if self.hidden is not None:
            self.hidden.build(shape)
            shape = (None, self.hidden.units)
        self.readout.build(shape)
        self.built = True

    def call(self, inputs: Any, states: Sequence[Any]) -> tuple[Any, list[Any]]:
        """One step.

        Args:
            inputs: z_i, what may be fed to the step after in the place of the output, and 1 where
                it is, `(batch, num_ahead + 2)`.
            states: what is fed, `(batch, 1)`; the encoder's outputs, what attention looks for in
                them, `(batch, steps, ...)` each, and their mask, `(batch, steps)`; C; then s.

        Returns:
            Output and weights of attention, `(batch, 1 + steps)`, and the states after it.
        """
        fed, memory, keys, mask, context, *own = states
        known, truth, forced = inputs[:, :-2], inputs[:, -2:-1], inputs[:, -1:]
        parts, seen, weights = [known, fed], [], ops.zeros_like(mask)
        if self.is_reminded:
            parts.append(context)
        if self.attention is not None:
            last = own[-self.stack.num_last_states]
            attended, weights = self.attention(last, memory, mask > 0, keys)
            seen = [attended]
        top, own = self.stack.step(ops.concatenate([*parts, *seen], axis=1), own)
        output = self._read(ops.concatenate([top, *seen], axis=1))
        fed = forced * truth + (1.0 - forced) * ops.stop_gradient(output)
        after = [fed, memory, keys, mask, context, *own]
        return ops.concatenate([output, weights], axis=1), after

    def _read(self, seen: Any) -> Any:
        """`(batch, 1)`."""
        return self.readout(seen if self.hidden is None else self.hidden(seen))


class Decoder(keras.layers.Layer):
    """The cell at every step ahead, begun with what the encoder has found.

    Args:
        form: of the whole network.
        seed: of the initial weights.
    """

    def __init__(self, form: Seq2SeqForm, seed: int) -> None:
        super().__init__()
        seeds = [int(one) for one in np.random.SeedSequence(seed).generate_state(2)]
        self.cell = DecoderCell(form, seeds[0])
        self.loop = keras.layers.RNN(self.cell, return_sequences=True)
        self.is_started = form.design.context in ("state", "both")
        self.bridge: list[keras.layers.Layer] = []
        if form.design.bidirectional and self.is_started:
            self.bridge = self._bridge(seeds[1])
        self.start = self.add_weight(shape=(1,), initializer="zeros", name="start")

    def build(self, ahead_shape: tuple[int | None, ...]) -> None:
        """Create all weights for `(batch, num_steps, num_ahead)`."""
        self.loop.build((*ahead_shape[:2], self.cell.num_ahead + 2))
        for layer in self.bridge:
            layer.build((None, self.cell.width))
        self.built = True

    def _bridge(self, seed: int) -> list[keras.layers.Layer]:
        """Linear maps from the states of both directions to the first ones of the decoder."""
        sizes = self.cell.stack.state_sizes
        seeds = np.random.SeedSequence(seed).generate_state(len(sizes))
        return [
            keras.layers.Dense(size, kernel_initializer=keras.initializers.GlorotUniform(int(one)))
            for size, one in zip(sizes, seeds, strict=True)
        ]

    def call(
        self, encoded: tuple[Any, list[list[Any]]], mask: Any, ahead: Any, truth: Any, forced: Any
    ) -> tuple[Any, Any]:
        """Outputs of the steps ahead, `(batch, num_steps)`, and what each attended to.

        Args:
            encoded: outputs and last states of the encoder.
            mask: False where a step of the window is padding, `(batch, steps)`.
            ahead: z, `(batch, num_steps, num_ahead)`.
            truth: what may be fed in the place of an output, `(batch, num_steps)`.
            forced: where it is, `(batch, num_steps)`.

        Returns:
            Outputs, and the weights of attention, `(batch, num_steps, steps)`.
        """
        memory, states = encoded
        keys = memory if self.cell.attention is None else self.cell.attention.keys(memory)
        context = states[-1][0]
        fed = ops.zeros_like(context[:, :1]) + self.start
        begun = [fed, memory, keys, ops.cast(mask, memory.dtype), context, *self._first(states)]
        forced = ops.cast(forced, ahead.dtype)
        inputs = ops.concatenate([ahead, truth[:, :, None], forced[:, :, None]], axis=2)
        found = self.loop(inputs, initial_state=begun)
        return found[:, :, 0], found[:, :, 1:]

    def _first(self, states: list[list[Any]]) -> list[Any]:
        """s_0."""
        flat = [state for layer in states for state in layer]
        if not self.is_started:
            blank = ops.zeros_like(flat[0][:, :1])
            return [blank * ops.zeros((1, size)) for size in self.cell.stack.state_sizes]
        if self.bridge:
            return [layer(state) for layer, state in zip(self.bridge, flat, strict=True)]
        return flat
