"""The recurrent layers and the readout of a network, on arrays."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import keras
import numpy as np
from keras import ops
from numpy.typing import NDArray

from forecast.models.blueprint import Blueprint
from forecast.models.compiled import compiled

__all__ = ["Body", "ReadBody", "RecurrentStack"]


class RecurrentStack(keras.layers.Layer):
    """Recurrent layers one above the other, and a linear readout that starts at zero.

    Args:
        layers: recurrent layers with `return_sequences` and `return_state`.
        has_readout: False gives the last layer's output as it is.
    """

    def __init__(self, layers: Sequence[keras.layers.Layer], has_readout: bool = True) -> None:
        super().__init__()
        self.recurrent_layers = list(layers)
        self.readout = None
        if has_readout:
            self.readout = keras.layers.Dense(1, kernel_initializer="zeros", name="readout")

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        """Create all weights for inputs `(batch, time, features)`."""
        shape = tuple(input_shape)
        for layer in self.recurrent_layers:
            layer.build(shape)
            shape = (*shape[:2], layer.cell.output_size)
        if self.readout is not None:
            self.readout.build(shape)
        self.built = True

    def call(self, features: Any, mask: Any, states: list[Any]) -> tuple[Any, list[Any]]:
        """Corrections, `(batch, time)`, and the states of all layers after the last step."""
        outputs, final = features, []
        for layer in self.recurrent_layers:
            count = _num_states(layer)
            own, states = states[:count], states[count:]
            outputs, *after = layer(outputs, initial_state=own, mask=mask)
            final += after
        return self._read(outputs), final

    def step(self, features: Any, states: list[Any]) -> tuple[Any, list[Any]]:
        """Corrections, `(batch,)`, after one step of `(batch, features)`."""
        outputs, final = features, []
        for layer in self.recurrent_layers:
            count = _num_states(layer)
            own, states = states[:count], states[count:]
            outputs, after = layer.cell(outputs, own)
            final += list(after)
        return self._read(outputs), final

    def _read(self, outputs: Any) -> Any:
        return outputs if self.readout is None else ops.squeeze(self.readout(outputs), axis=-1)


class Body:
    """A `RecurrentStack` called with NumPy arrays, compiled once for any number of rows and steps.

    Args:
        blueprint: what to build.
    """

    def __init__(self, blueprint: Blueprint) -> None:
        """Build the layers and prepare the compiled functions."""
        self.blueprint = blueprint
        self.num_features = num_features = blueprint.num_features
        self.stack = stack = RecurrentStack(blueprint.layers(), blueprint.has_readout)
        stack.build((None, None, num_features))
        states = [((None, units), "float32") for units in self.state_sizes]
        sequences = [((None, None, num_features), "float32"), ((None, None), "bool"), *states]
        self._encode = compiled(
            lambda features, mask, *states: _flat(stack(features, mask, list(states))), sequences
        )
        self._step = compiled(
            lambda features, *states: _flat(stack.step(features, list(states))),
            [((None, num_features), "float32"), *states],
        )

    @property
    def state_sizes(self) -> list[int]:
        """Units of each state, layer after layer."""
        sizes: list[int] = []
        for layer in self.stack.recurrent_layers:
            own = layer.cell.state_size
            sizes += [own] if isinstance(own, int) else list(own)
        return sizes

    def initial_state(self, num_rows: int) -> list[NDArray]:
        """Zero states."""
        return [np.zeros((num_rows, units), dtype=np.float32) for units in self.state_sizes]

    def encode(
        self, features: NDArray, valid: NDArray, states: list[NDArray]
    ) -> tuple[NDArray, list[NDArray]]:
        """Outputs after each step, and the states; they stand still at invalid steps.

        Args:
            features: `(rows, steps, num_features)`.
            valid: `(rows, steps)`.
            states: arrays of `(rows, units)`.

        Returns:
            Corrections `(rows, steps)`, or what the readout would see, `(rows, steps, width)`, of
            a stack without one; and the states after the last valid step of each row.
        """
        outputs, *states = self._encode(features, valid, *states)
        return outputs.astype(np.float64), states

    def step(self, features: NDArray, states: list[NDArray]) -> tuple[NDArray, list[NDArray]]:
        """Outputs after one step of `(rows, num_features)`, and the states there."""
        outputs, *states = self._step(features, *states)
        return outputs.astype(np.float64), states

    def get_weights(self) -> list[NDArray]:
        """All weights, in the order of the layers."""
        return [np.asarray(weight) for weight in self.stack.get_weights()]

    def set_weights(self, weights: Sequence[NDArray]) -> None:
        """Put weights in the order of `get_weights`.

        Raises:
            ValueError: if one is missing or has another shape.
        """
        expected = [weight.shape for weight in self.get_weights()]
        if [weight.shape for weight in weights] != expected:
            got = [weight.shape for weight in weights]
            raise ValueError(f"weights of the shapes {expected} are expected; got {got}.")
        self.stack.set_weights(list(weights))

    def arrays(self) -> dict[str, NDArray]:
        """All weights by name, for a bundle."""
        return {f"weight.{index}": weight for index, weight in enumerate(self.get_weights())}

    @staticmethod
    def of_arrays(blueprint: Blueprint, arrays: Mapping[str, NDArray]) -> Body | ReadBody:
        """The body that `arrays` and `blueprint` came from."""
        body = Body(blueprint)
        body.set_weights([arrays[f"weight.{index}"] for index in range(len(body.get_weights()))])
        return body if blueprint.has_readout else ReadBody(body, arrays["coefficients"])


class ReadBody:
    """A body without a readout of its own, read by a linear map in float64.

    The reservoir is shared by every fit of the same forecaster; only the map differs.

    Args:
        body: the recurrent layers.
        coefficients: the map: of the layers' output, then of the input, then a constant.
    """

    def __init__(self, body: Body, coefficients: NDArray) -> None:
        """Store both."""
        self.body = body
        self.coefficients = coefficients
        self.num_features = body.num_features
        self.blueprint = body.blueprint

    def arrays(self) -> dict[str, NDArray]:
        """All weights by name, for a bundle."""
        return self.body.arrays() | {"coefficients": self.coefficients}

    def initial_state(self, num_rows: int) -> list[NDArray]:
        """Zero states."""
        return self.body.initial_state(num_rows)

    def encode(
        self, features: NDArray, valid: NDArray, states: list[NDArray]
    ) -> tuple[NDArray, list[NDArray]]:
        """Corrections after each step, `(rows, steps)`, and the states."""
        outputs, states = self.body.encode(features, valid, states)
        return self._read(outputs, features), states

    def step(self, features: NDArray, states: list[NDArray]) -> tuple[NDArray, list[NDArray]]:
        """Corrections after one step, `(rows,)`, and the states."""
        outputs, states = self.body.step(features, states)
        return self._read(outputs, features), states

    def _read(self, outputs: NDArray, features: NDArray) -> NDArray:
        width = outputs.shape[-1]
        of_outputs = outputs @ self.coefficients[:width]
        return of_outputs + features @ self.coefficients[width:-1] + self.coefficients[-1]


def _num_states(layer: keras.layers.Layer) -> int:
    size = layer.cell.state_size
    return 1 if isinstance(size, int) else len(size)


def _flat(result: tuple[Any, list[Any]]) -> tuple[Any, ...]:
    first, rest = result
    return (first, *rest)
