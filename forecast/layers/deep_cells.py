"""Cells with a network inside: between state and output, or between a state and the next one."""

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


class NetworkCell(CompositeCell):
    """Base of the cells with a network: a cell, and layers that are applied to its output.

    Args:
        cell: the recurrent cell.
        network: layers from (batch, width) to (batch, width), first to last, such as Dense and
            LayerNormalization; none that draws random numbers.
        **kwargs: name, dtype, trainable, as in `keras.layers.Layer`.

    Raises:
        ValueError: there is no layer.
    """

    def __init__(
        self, cell: keras.layers.Layer, network: Sequence[keras.layers.Layer], **kwargs: Any
    ) -> None:
        if not network:
            raise ValueError(
                f"{type(self).__name__} got no layers: expected a list such as "
                'network=[keras.layers.Dense(16, "tanh")].'
            )
        super().__init__([cell], **kwargs)
        self.network = list(network)

    @property
    def cell(self) -> keras.layers.Layer:
        """The recurrent cell."""
        return self._inner[0]

    def build(self, input_shape: Sequence[int | None]) -> None:
        """Create the weights of cell and network for inputs of shape (batch, features)."""
        build_once(self.cell, input_shape)
        shape: tuple[int | None, ...] = (input_shape[0], output_size_of(self.cell))
        for layer in self.network:
            build_once(layer, shape)
            shape = layer.compute_output_shape(shape)
        self.check_width(shape[-1])

    def check_width(self, width: int | None) -> None:
        """Refuse a network that returns the wrong number of columns."""

    def apply_network(self, values: Any) -> Any:
        """Return what the network makes of values (batch, width)."""
        for layer in self.network:
            values = layer(values)
        return values

    def get_config(self) -> dict[str, Any]:
        """Return the constructor arguments."""
        (cell,) = serialize_all([self.cell])
        return {**super().get_config(), "cell": cell, "network": serialize_all(self.network)}

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: Any = None) -> NetworkCell:
        """Build the cell from what `get_config` returned."""
        cell, *network = deserialize_all([config["cell"], *config["network"]], custom_objects)
        return cls(**{**config, "cell": cell, "network": network})


@keras.saving.register_keras_serializable(package="keras_forecast")
class DeepOutputCell(NetworkCell):
    """Deep output: a network between the state and the output; the state does not hear of it.

        h' = cell(x, h),   output = network(h')

    Args:
        cell: the recurrent cell.
        network: layers from (batch, width) to (batch, width), first to last, such as Dense and
            LayerNormalization; none that draws random numbers.
        output_size: width of the output, that of the last layer.
        **kwargs: name, dtype, trainable, as in `keras.layers.Layer`.

    Raises:
        ValueError: there is no layer, or the last one is not `output_size` wide.

    Example:
        >>> import keras, numpy as np
        >>> from forecast.layers import RNN, GRUCell
        >>> network = [keras.layers.Dense(16, "relu"), keras.layers.Dense(1)]
        >>> layer = RNN(DeepOutputCell(GRUCell(8), network, output_size=1), return_sequences=True)
        >>> tuple(layer(np.ones((2, 5, 4), "float32")).shape)
        (2, 5, 1)

    Source: Pascanu et al. (2014), "How to construct deep recurrent neural networks".
    """

    def __init__(
        self,
        cell: keras.layers.Layer,
        network: Sequence[keras.layers.Layer],
        output_size: int,
        **kwargs: Any,
    ) -> None:
        super().__init__(cell, network, **kwargs)
        self.output_size = output_size

    def check_width(self, width: int | None) -> None:
        """Refuse a network that is not `output_size` wide at its end."""
        if width != self.output_size:
            raise ValueError(
                f"output_size={self.output_size}: the last layer of the network returns {width} "
                f"columns; give output_size={width} or change the layer."
            )

    def call(self, inputs: Any, states: list[Any], training: bool = False) -> tuple[Any, list[Any]]:
        """Return network(h') and the new states of the cell.

        Args:
            inputs: x, shape (batch, features).
            states: those of the cell.
            training: whether the dropout masks are on.
        """
        output, states = self.cell(inputs, states, training=training)
        return self.apply_network(output), states

    def output_of(self, states: list[Any]) -> Any:
        """Return the output that belongs to the states."""
        return self.apply_network(output_of(self.cell, states))

    def get_config(self) -> dict[str, Any]:
        """Return the constructor arguments."""
        return {**super().get_config(), "output_size": self.output_size}


@keras.saving.register_keras_serializable(package="keras_forecast")
class DeepTransitionCell(NetworkCell):
    """Deep transition: a network between a state and the next one, within one recurrence.

        h' = network(cell(x, h)),   output = h'

    The first state of the cell is what the network returns; others, such as c of an LSTM, stay.

    Args:
        cell: the recurrent cell; its output has to be its first state.
        network: layers from (batch, units) to (batch, units), first to last, such as Dense and
            LayerNormalization; none that draws random numbers.
        **kwargs: name, dtype, trainable, as in `keras.layers.Layer`.

    Raises:
        ValueError: there is no layer, or the last one is not as wide as the state.

    Example:
        >>> import keras, numpy as np
        >>> from forecast.layers import RNN, SimpleRNNCell
        >>> cell = DeepTransitionCell(SimpleRNNCell(8), [keras.layers.Dense(8, "tanh")])
        >>> tuple(RNN(cell)(np.ones((2, 5, 4), "float32")).shape)
        (2, 8)

    Source: Pascanu et al. (2014), "How to construct deep recurrent neural networks".
    """

    def check_width(self, width: int | None) -> None:
        """Refuse a network that is not as wide as the state at its end."""
        units = self.state_size[0]
        if width != units:
            raise ValueError(
                f"The last layer of the network returns {width} columns: expected {units}, as many "
                "as the cell has units, because it is the next state."
            )

    def call(self, inputs: Any, states: list[Any], training: bool = False) -> tuple[Any, list[Any]]:
        """Return network(h') twice: as the output and as the first of the new states.

        Args:
            inputs: x, shape (batch, features).
            states: those of the cell.
            training: whether the dropout masks are on.
        """
        output, states = self.cell(inputs, states, training=training)
        hidden = self.apply_network(output)
        return hidden, [hidden, *states[1:]]

    def output_of(self, states: list[Any]) -> Any:
        """Return the output that belongs to the states: the first of them."""
        return states[0]
