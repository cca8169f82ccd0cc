"""Several recurrent states in series within one step."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras

from forecast.layers.composite_cell import (
    CompositeCell,
    build_once,
    deserialize_all,
    output_of,
    output_size_of,
    serialize_all,
)


@keras.saving.register_keras_serializable(package="keras_forecast")
class SeriesCell(CompositeCell):
    """Several recurrent states in series within one step: each cell is fed by the one before it.

        h1' = cell_1(x, h1),   h2' = cell_2(h1', h2),   ...,   output = that of the last cell

    One of the three ways to depth in the notes; the others are stacked layers (a loop over time for
    each, so that one may run backwards) and `DeepOutputCell`. As `keras.layers.StackedRNNCells`,
    but the states are one flat list.

    Args:
        cells: the cells, first to last.
        **kwargs: name, dtype, trainable, as in `keras.layers.Layer`.

    Raises:
        ValueError: there is no cell.

    Example:
        >>> import numpy as np
        >>> from forecast.layers import RNN, GRUCell, LSTMCell
        >>> layer = RNN(SeriesCell([LSTMCell(8), GRUCell(3)]), return_state=True)
        >>> [tuple(part.shape) for part in layer(np.ones((2, 5, 4), "float32"))]
        [(2, 3), (2, 8), (2, 8), (2, 3)]

    Source: Schmidhuber (1992), "Learning complex, extended sequences using the principle of history
    compression"; Pascanu et al. (2014), "How to construct deep recurrent neural networks".
    """

    def __init__(self, cells: Sequence[keras.layers.Layer], **kwargs: Any) -> None:
        if not cells:
            raise ValueError("SeriesCell got no cells: expected a list of at least one cell.")
        super().__init__(cells, **kwargs)

    @property
    def cells(self) -> list[keras.layers.Layer]:
        """The cells, first to last."""
        return self._inner

    def build(self, input_shape: Sequence[int | None]) -> None:
        """Create the weights of all cells for inputs of shape (batch, features)."""
        for cell in self.cells:
            build_once(cell, input_shape)
            input_shape = (input_shape[0], output_size_of(cell))

    def call(self, inputs: Any, states: list[Any], training: bool = False) -> tuple[Any, list[Any]]:
        """Return the output of the last cell and the new states of all of them.

        Args:
            inputs: x, shape (batch, features).
            states: those of the first cell, then of the second, and so on.
            training: whether the dropout masks are on.
        """
        new_states: list[Any] = []
        for cell, own in zip(self.cells, self.split_states(states), strict=True):
            inputs, own = cell(inputs, own, training=training)
            new_states.extend(own)
        return inputs, new_states

    def output_of(self, states: list[Any]) -> Any:
        """Return the output that belongs to the states."""
        return output_of(self.cells[-1], self.split_states(states)[-1])

    def get_config(self) -> dict[str, Any]:
        """Return the constructor arguments."""
        return {**super().get_config(), "cells": serialize_all(self.cells)}

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: Any = None) -> SeriesCell:
        """Build the cell from what `get_config` returned."""
        cells = deserialize_all(config["cells"], custom_objects)
        return cls(**{**config, "cells": cells})
