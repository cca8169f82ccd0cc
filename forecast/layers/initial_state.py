"""Initial states: zero, learned, given for all units or for some."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras
from keras import ops

from forecast.layers.clamped_cell import overwrite
from forecast.layers.options import Initializer


@keras.saving.register_keras_serializable(package="keras_forecast")
class InitialState(keras.layers.Layer):
    """Initial states of a recurrent layer: zero or learned, given for all units or for some.

        h_0 = given where it is not NaN, else b (learned) or 0

    What it returns goes to `initial_state=` of any recurrent layer. For units that are given at
    every step, not at the start alone, see `ClampedCell`.

    Args:
        state_size: number of units of each state, `layer.state_size` or `cell.state_size`.
        learned: whether b is a trained weight; else it is zero.
        initializer: initializer of b.
        **kwargs: name, dtype, trainable, as in `keras.layers.Layer`.

    Call arguments:
        sequences: the inputs of the recurrent layer; only their number of rows counts.
        given: for each state one tensor of shape (batch, units), NaN where a unit is not given.

    Raises:
        ValueError: `given` holds another number of states.

    Example:
        >>> import numpy as np
        >>> from forecast.layers import LSTM
        >>> layer, start = LSTM(3), InitialState([3, 3], learned=True)
        >>> inputs = np.ones((2, 5, 4), "float32")
        >>> tuple(layer(inputs, initial_state=start(inputs)).shape), len(start.trainable_weights)
        ((2, 3), 2)

    Source: Hinton (2012), "Neural networks for machine learning", lecture 7; the learned state:
    Forcada and Carrasco (1995), "Learning the initial state of a second-order recurrent network".
    """

    def __init__(
        self,
        state_size: int | Sequence[int],
        learned: bool = False,
        initializer: Initializer = "zeros",
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.state_size = [state_size] if isinstance(state_size, int) else list(state_size)
        self.learned = learned
        self.initializer = keras.initializers.get(initializer)

    def build(self, sequences_shape: Any, given_shape: Any = None) -> None:  # noqa: ARG002
        """Create b if it is learned."""
        self.start = [
            self.add_weight(shape=(size,), name=f"state_{place}", initializer=self.initializer)
            for place, size in enumerate(self.state_size)
            if self.learned
        ]

    def call(self, sequences: Any, given: Any = None) -> list[Any]:
        """Return the states, each of shape (batch, units)."""
        rows = ops.shape(sequences)[0]
        states = [ops.zeros((rows, size), dtype=self.compute_dtype) for size in self.state_size]
        if self.learned:
            states = [zero + part for zero, part in zip(states, self.start, strict=True)]
        if given is None:
            return states
        given = list(given) if isinstance(given, (list, tuple)) else [given]
        if len(given) != len(states):
            raise ValueError(
                f"given holds {len(given)} states: expected {len(states)}, of "
                f"{self.state_size} units; give NaN for the units that are not given."
            )
        return [overwrite(state, value) for state, value in zip(states, given, strict=True)]

    def get_config(self) -> dict[str, Any]:
        """Return the constructor arguments."""
        return {
            **super().get_config(),
            "state_size": self.state_size,
            "learned": self.learned,
            "initializer": keras.initializers.serialize(self.initializer),
        }
