"""The loop over time around cells whose output is not simply their first state."""

from __future__ import annotations

from typing import Any

from keras import ops
from keras.src.backend import rnn

from forecast.layers.composite_cell import output_of
from forecast.layers.recurrent import RecurrentLayer, widen


class HeldLayer(RecurrentLayer):
    """Base of the layers around any cell: its states may have axes, its output may be a network.

    The loop of Keras takes the first state for the output at a masked step on JAX, and zeros before
    the first unmasked step. Here the mask goes through the loop beside the inputs, and the output
    is always the one that belongs to the state that is held.
    """

    def _run_plain(
        self, sequences: Any, initial_state: list[Any], mask: Any, training: bool
    ) -> tuple[Any, Any, list[Any]]:
        """The loop of Keras, with the mask beside the inputs."""
        if mask is None:
            return super()._run_plain(sequences, initial_state, None, training)

        def step(inputs: Any, states: Any) -> tuple[Any, list[Any]]:
            values, valid = inputs[0], inputs[1][:, 0]
            _, new_states = self.cell(values, list(states), training=training)
            states = [
                ops.where(widen(valid, len(old.shape)), new, old)
                for new, old in zip(new_states, states, strict=True)
            ]
            return self._masked_output(states, valid), states

        last, outputs, states = rnn(
            step,
            (sequences, mask[:, :, None]),
            initial_state,
            go_backwards=self.go_backwards,
            unroll=self.unroll,
            input_length=sequences.shape[1],
            return_all_outputs=self.return_sequences,
        )
        return (last if self.return_sequences else output_of(self.cell, states)), outputs, states

    def _masked_output(self, states: list[Any], valid: Any) -> Any:
        """Return the output at a step; zero at a masked one if that is asked for."""
        output = output_of(self.cell, states)
        if not self.zero_output_for_mask:
            return output
        return ops.where(widen(valid, len(output.shape)), output, ops.zeros_like(output))
