"""What all cells that are made of other cells share."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras
from keras import ops
from keras.src.layers.rnn.dropout_rnn_cell import DropoutRNNCell


def sizes_of(cell: keras.layers.Layer) -> list[int]:
    """Return the number of units of every state of a cell."""
    return [cell.state_size] if isinstance(cell.state_size, int) else list(cell.state_size)


def output_size_of(cell: keras.layers.Layer) -> int:
    """Return the number of outputs of a cell; that of its first state if it names none."""
    return getattr(cell, "output_size", None) or sizes_of(cell)[0]


def output_of(cell: keras.layers.Layer, states: list[Any]) -> Any:
    """Return the output that belongs to the states: the first one if the cell names none."""
    return cell.output_of(states) if hasattr(cell, "output_of") else states[0]


def build_once(layer: keras.layers.Layer, input_shape: Sequence[int | None]) -> None:
    """Build a layer for inputs of this shape unless it is built."""
    if not layer.built:
        layer.build(input_shape)


class CompositeCell(DropoutRNNCell, keras.layers.Layer):
    """Base of the cells made of other cells: their states side by side, their dropout masks.

    Args:
        cells: the inner cells.
        **kwargs: options of `keras.layers.Layer`: name, dtype, trainable; the dtype is that of the
            first cell by default.
    """

    def __init__(self, cells: Sequence[keras.layers.Layer], **kwargs: Any) -> None:
        super().__init__(**{"dtype": cells[0].dtype_policy, **kwargs})
        self._inner = list(cells)
        self.state_size = [size for cell in cells for size in sizes_of(cell)]
        self.output_size = output_size_of(cells[-1])

    def get_initial_state(self, batch_size: Any = None) -> list[Any]:
        """Return the initial states of the inner cells, one after the other."""
        states = (cell.get_initial_state(batch_size=batch_size) for cell in self._inner)
        return [part for state in states for part in (state if _is_list(state) else [state])]

    def split_states(self, states: Sequence[Any]) -> list[list[Any]]:
        """Return the states of every inner cell."""
        counts = [len(sizes_of(cell)) for cell in self._inner]
        ends = [sum(counts[: place + 1]) for place in range(len(counts))]
        return [list(states[e - c : e]) for c, e in zip(counts, ends, strict=True)]

    def get_dropout_mask(self, step_input: Any) -> None:
        """Have the inner cells draw their masks, which they do in a step in training."""
        if any(_drops(cell) for cell in self._inner):
            self(step_input, self.get_initial_state(ops.shape(step_input)[0]), training=True)

    def get_recurrent_dropout_mask(self, state: Any) -> None:
        """Nothing is left to draw, see `get_dropout_mask`."""

    def reset_dropout_mask(self) -> None:
        """Have the inner cells forget their masks."""
        for cell in self._inner:
            if isinstance(cell, DropoutRNNCell):
                cell.reset_dropout_mask()

    def reset_recurrent_dropout_mask(self) -> None:
        """Have the inner cells forget their masks of hidden units."""
        for cell in self._inner:
            if isinstance(cell, DropoutRNNCell):
                cell.reset_recurrent_dropout_mask()


def _is_list(state: Any) -> bool:
    return isinstance(state, (list, tuple))


def _drops(cell: keras.layers.Layer) -> bool:
    """Return whether a cell, or one inside it, has dropout."""
    if isinstance(cell, CompositeCell):
        return any(_drops(inner) for inner in cell._inner)
    return bool(getattr(cell, "dropout", 0) or getattr(cell, "recurrent_dropout", 0))


def serialize_all(layers: Sequence[keras.layers.Layer]) -> list[dict[str, Any]]:
    """Return the configs of the layers."""
    return [keras.saving.serialize_keras_object(layer) for layer in layers]


def deserialize_all(configs: Sequence[Any], custom_objects: Any = None) -> list[Any]:
    """Return the layers of the configs."""
    return [
        keras.saving.deserialize_keras_object(config, custom_objects=custom_objects)
        for config in configs
    ]
