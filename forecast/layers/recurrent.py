"""What all recurrent layers share: the loop over time around a cell."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

from forecast.layers.chunks import check_chunk_length, needs_chunks, run_in_chunks
from forecast.layers.fast_path import check_implementation, recurrence_of, run_kernel
from forecast.layers.options import cell_options
from forecast.layers.recurrent_cell import check_units

__all__ = ["RecurrentLayer", "cell_options", "check_units"]


def widen(mask: Any, rank: int) -> Any:
    """Return a mask with further axes of length 1 up to this rank."""
    return ops.expand_dims(mask, tuple(range(len(mask.shape), rank)))


def _of_cell(name: str) -> property:
    """Return a property that reads the attribute of the layer's cell, as the layers of Keras do."""
    return property(lambda layer: getattr(layer.cell, name), doc=f"{name} of the cell.")


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

    units = _of_cell("units")
    dropout = _of_cell("dropout")
    recurrent_dropout = _of_cell("recurrent_dropout")

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
            valid = widen(mask, len(sequences.shape))
            sequences = ops.where(valid, sequences, ops.zeros_like(sequences))
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
        return self._run_plain(sequences, initial_state, mask, training)

    def _run_plain(
        self, sequences: Any, initial_state: list[Any], mask: Any, training: bool
    ) -> tuple[Any, Any, list[Any]]:
        """The same by the loop of Keras, which calls the cell at every step."""
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
