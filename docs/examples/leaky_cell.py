"""A cell from scratch: a plain recurrent network whose units leak."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops


@keras.saving.register_keras_serializable(package="guide")
class LeakyCell(keras.layers.Layer):
    """One step of leaky units: `h' = (1 - a) h + a tanh(W x + U h + b)`.

    Args:
        units: number of hidden units, at least 1.
        leak_rate: a, above 0 and at most 1.
        **kwargs: name, dtype, trainable, as in `keras.layers.Layer`.
    """

    def __init__(self, units: int, leak_rate: float = 0.5, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.units = units
        self.leak_rate = leak_rate
        self.state_size = units
        self.output_size = units

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        """Create the weights for inputs (batch, features)."""
        self.kernel = self.add_weight(shape=(input_shape[-1], self.units), name="kernel")
        self.recurrent_kernel = self.add_weight(
            shape=(self.units, self.units), name="recurrent_kernel", initializer="orthogonal"
        )
        self.bias = self.add_weight(shape=(self.units,), name="bias", initializer="zeros")

    def call(self, inputs: Any, states: list[Any], training: bool = False) -> tuple[Any, list[Any]]:
        """Return the output (batch, units) and the new states [h]."""
        (hidden,) = states
        total = ops.matmul(inputs, self.kernel) + ops.matmul(hidden, self.recurrent_kernel)
        content = ops.tanh(total + self.bias)
        hidden = (1.0 - self.leak_rate) * hidden + self.leak_rate * content
        return hidden, [hidden]

    def output_of(self, states: list[Any]) -> Any:
        """Return the output that belongs to the states: what is shown at a masked step."""
        return states[0]

    def get_initial_state(self, batch_size: Any = None) -> list[Any]:
        """Return the zero state."""
        return [ops.zeros((batch_size, self.units), dtype=self.compute_dtype)]

    def get_config(self) -> dict[str, Any]:
        """Return the constructor arguments."""
        return {**super().get_config(), "units": self.units, "leak_rate": self.leak_rate}
