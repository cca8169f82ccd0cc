"""The loop over time around any cell of this package."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras

from forecast.layers.composite_cell import deserialize_all
from forecast.layers.held_layer import HeldLayer
from forecast.layers.recurrent import RecurrentLayer
from forecast.layers.series_cell import SeriesCell


@keras.saving.register_keras_serializable(package="keras_forecast")
class RNN(HeldLayer):
    """The loop over time around a cell: `keras.layers.RNN` with exact masks.

        output_t, h_t = cell(x_t, h_{t-1})

    Values at masked steps, NaN included, reach neither outputs nor gradients; the output at a
    masked step is the one that belongs to the state that is held there.

    Args:
        cell: a cell with a method `output_of(states)`, as all cells of this package; or a list of
            cells, which become a `SeriesCell`.
        **kwargs: return_sequences, return_state, go_backwards, stateful, unroll,
            zero_output_for_mask, activity_regularizer, name, dtype (that of the cell by default),
            trainable, as in `keras.layers.RNN`; implementation and chunk_length, see
            `RecurrentLayer`.

    Call arguments:
        sequences: shape (batch, steps, features).
        initial_state: the states of the cell, each of shape (batch, units); zeros by default.
        mask: bool, shape (batch, steps), False where a row stands still. Pass it explicitly.

    Raises:
        ValueError: the cell has no method `output_of`.

    Example:
        >>> import numpy as np
        >>> from forecast.layers import GRUCell
        >>> tuple(RNN([GRUCell(8), GRUCell(3)])(np.ones((2, 5, 4), "float32")).shape)
        (2, 3)

    Source: Elman (1990), "Finding structure in time".
    """

    def __init__(
        self, cell: keras.layers.Layer | Sequence[keras.layers.Layer], **kwargs: Any
    ) -> None:
        one: Any = SeriesCell(cell) if isinstance(cell, (list, tuple)) else cell
        if not hasattr(one, "output_of"):
            raise ValueError(
                f"{type(one).__name__} has no method output_of(states), which returns the output "
                "at a masked step: give it one, or use keras.layers.RNN."
            )
        super().__init__(one, **{"dtype": one.dtype_policy, **kwargs})

    def get_config(self) -> dict[str, Any]:
        """Return the constructor arguments."""
        loop = {"implementation": self.implementation, "chunk_length": self.chunk_length}
        return {**super(RecurrentLayer, self).get_config(), **loop}

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: Any = None) -> RNN:
        """Build the layer from what `get_config` returned."""
        (cell,) = deserialize_all([config["cell"]], custom_objects)
        return cls(**{**config, "cell": cell})
