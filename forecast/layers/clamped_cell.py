"""Clamped units: some units of the state are given at every step."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras
from keras import ops

from forecast.layers.composite_cell import (
    CompositeCell,
    build_once,
    deserialize_all,
    output_of,
    serialize_all,
    sizes_of,
)


def overwrite(values: Any, given: Any) -> Any:
    """Return `given`, and `values` where it is NaN; no gradient is NaN."""
    free = ops.isnan(given)
    # The gradient of `where` at a NaN that was not selected is NaN.
    return ops.where(free, values, ops.where(free, ops.zeros_like(given), given))


@keras.saving.register_keras_serializable(package="keras_forecast")
class ClampedCell(CompositeCell):
    """Clamped units: at every step the given values overwrite units of the state.

        h' = given where it is not NaN, else cell(x, h)

    The notes name it the most natural way to model sequential data: specify the states of the same
    subset of units at every time step. The inputs of a step are x and, beside it, one column for
    every unit that can be clamped; NaN leaves the unit free.

    Args:
        cell: the recurrent cell.
        num_states: how many of its states can be clamped, first to last: 1 is h, 2 is h and c of an
            LSTM.
        **kwargs: name, dtype, trainable, as in `keras.layers.Layer`.

    Raises:
        ValueError: `num_states` is not between 1 and the number of states of the cell, or the
            inputs have no column beside the clamps.

    Example:
        >>> import numpy as np
        >>> from forecast.layers import RNN, SimpleRNNCell
        >>> clamps = np.full((2, 5, 3), np.nan, "float32")
        >>> clamps[:, :, 0] = 0.25
        >>> inputs = np.concatenate([np.ones((2, 5, 4), "float32"), clamps], axis=-1)
        >>> layer = RNN(ClampedCell(SimpleRNNCell(3)), return_sequences=True)
        >>> bool((np.asarray(layer(inputs))[:, :, 0] == 0.25).all())
        True

    Source: Hinton (2012), "Neural networks for machine learning", lecture 7.
    """

    def __init__(self, cell: keras.layers.Layer, num_states: int = 1, **kwargs: Any) -> None:
        if not 1 <= num_states <= len(sizes_of(cell)):
            raise ValueError(
                f"num_states={num_states!r}: expected an integer from 1 to {len(sizes_of(cell))}, "
                "the number of states of the cell."
            )
        super().__init__([cell], **kwargs)
        self.num_states = num_states
        self.num_clamps = sum(self.state_size[:num_states])

    @property
    def cell(self) -> keras.layers.Layer:
        """The recurrent cell."""
        return self._inner[0]

    def build(self, input_shape: Sequence[int | None]) -> None:
        """Create the weights of the cell for inputs of shape (batch, features + clamps)."""
        width = input_shape[-1]
        if width is None or width <= self.num_clamps:
            raise ValueError(
                f"ClampedCell got inputs of {width} columns: expected the features and, after "
                f"them, {self.num_clamps} columns of clamps, one for each unit."
            )
        build_once(self.cell, (input_shape[0], width - self.num_clamps))

    def call(self, inputs: Any, states: list[Any], training: bool = False) -> tuple[Any, list[Any]]:
        """Return the output and the new states of the cell after the clamped units are set.

        Args:
            inputs: x and the clamps side by side, shape (batch, features + clamps).
            states: those of the cell.
            training: whether the dropout masks are on.
        """
        features, clamps = inputs[:, : -self.num_clamps], inputs[:, -self.num_clamps :]
        _, states = self.cell(features, states, training=training)
        start = 0
        for place, size in enumerate(self.state_size[: self.num_states]):
            given = clamps[:, start : start + size]
            states = [*states[:place], overwrite(states[place], given), *states[place + 1 :]]
            start += size
        return self.output_of(states), states

    def output_of(self, states: list[Any]) -> Any:
        """Return the output that belongs to the states."""
        return output_of(self.cell, states)

    def get_config(self) -> dict[str, Any]:
        """Return the constructor arguments."""
        (cell,) = serialize_all([self.cell])
        return {**super().get_config(), "cell": cell, "num_states": self.num_states}

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: Any = None) -> ClampedCell:
        """Build the cell from what `get_config` returned."""
        (cell,) = deserialize_all([config["cell"]], custom_objects)
        return cls(**{**config, "cell": cell})
