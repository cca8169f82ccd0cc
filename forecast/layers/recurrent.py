"""What all recurrent layers share: the loop over time around a cell."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

from forecast.layers.options import cell_options
from forecast.layers.recurrent_cell import check_units

__all__ = ["RecurrentLayer", "cell_options", "check_units"]


def _of_cell(name: str) -> property:
    """Return a property that reads the attribute of the layer's cell, as the layers of Keras do."""
    return property(lambda layer: getattr(layer.cell, name), doc=f"{name} of the cell.")


class RecurrentLayer(keras.layers.RNN):
    """Base of the layers: `keras.layers.RNN` around one cell whose output is its first state.

    Two things are stricter than in `keras.layers.RNN`. Values at masked steps, NaN included, reach
    neither outputs nor gradients. And the output at a masked step is the state that is held there:
    before the first unmasked step, and for a row without one, that is the initial state.
    """

    units = _of_cell("units")
    dropout = _of_cell("dropout")
    recurrent_dropout = _of_cell("recurrent_dropout")

    def __init__(self, cell: keras.layers.Layer, **kwargs: Any) -> None:
        super().__init__(cell, **kwargs)
        # Keras 3.16 turns this off in RNN; here a mask is passed on in every version.
        self.supports_masking = True

    def inner_loop(
        self, sequences: Any, initial_state: list[Any], mask: Any, training: bool = False
    ) -> tuple[Any, Any, list[Any]]:
        """Run the cell over time; return the last output, all outputs and the last states."""
        if mask is None:
            return super().inner_loop(sequences, initial_state, None, training=training)
        mask = ops.cast(mask, "bool")
        # The loop selects with `where`, whose gradient at a NaN that was not selected is NaN.
        sequences = ops.where(mask[:, :, None], sequences, ops.zeros_like(sequences))
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
        return {**self.cell.get_config(), **config}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> RecurrentLayer:
        """Build the layer from what `get_config` returned."""
        return cls(**config)
