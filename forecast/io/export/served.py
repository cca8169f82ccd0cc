"""What a model must say of itself in tensors, so that it can be served by TensorFlow alone."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from forecast.baselines.power import Power
from forecast.models.tensor_power import decoded, encoded
from forecast.protocol import StateBatch

__all__ = ["ServedModel", "StateArray", "Tensors", "learned"]

Tensors = Mapping[str, Any]


@dataclass(frozen=True)
class StateArray:
    """One array of a state.

    Args:
        shape: of one row.
        dtype: "float64", "float32" or "int64".
        initial: every entry before the first step.
    """

    shape: tuple[int, ...] = ()
    dtype: str = "float64"
    initial: float = 0.0

    def spec(self, name: str) -> tf.TensorSpec:
        """The tensor of any number of rows."""
        return tf.TensorSpec((None, *self.shape), self.dtype, name=name)

    def blank(self, num_rows: Any) -> Any:
        """Rows before their first step."""
        value = tf.constant(np.asarray(self.initial, dtype=self.dtype))
        return tf.fill(tf.concat([num_rows[None], self.shape], axis=0), value)


class ServedModel(tf.Module, ABC):
    """A model as pure functions of tensors; the numbers that were learned are its variables.

    A state is a mapping of tensors with one row a series: the arrays of the model, among them
    `clock`, the steps so far, and beside them those of the record (see `record`), which a model
    hands on as they are.

    Args:
        power: transform between the unit of the series and that of the model.
        block_length: steps emitted at once.
    """

    def __init__(self, power: Power, block_length: int = 1) -> None:
        """Store both."""
        super().__init__()
        self.power = power
        self.block_length = block_length

    @abstractmethod
    def state_arrays(self) -> dict[str, StateArray]:
        """The arrays of a state by name."""

    @abstractmethod
    def of_state(self, state: StateBatch) -> dict[str, NDArray]:
        """These arrays of the library's own state."""

    @abstractmethod
    def emit(self, state: Tensors, num_steps: int) -> Any:
        """Forecasts of the next steps in the unit of the model, `(num_rows, num_steps)`.

        Args:
            state: where to forecast from.
            num_steps: at least 1, at most `block_length`.
        """

    @abstractmethod
    def observe(self, state: Tensors, values: Any) -> dict[str, Any]:
        """The state after one step.

        Args:
            state: the state before.
            values: in the unit of the model, `(num_rows,)`, NaN where the step has no value.
        """

    @abstractmethod
    def feed(self, state: Tensors, values: Any) -> dict[str, Any]:
        """The state after a block of forecasts, `(num_rows, block_length)`, that are fed back."""

    def one_step(self, state: Tensors) -> Any:
        """Forecast of the next step in the unit of the series, without guard, `(num_rows,)`."""
        return self.decode(self.emit(state, 1)[:, 0])

    def encode(self, values: Any) -> Any:
        """See `Power.encode`; what is missing stays so."""
        return _of_known(encoded, values, self.power.exponent)

    def decode(self, values: Any) -> Any:
        """See `Power.decode`; what is missing stays so."""
        return _of_known(decoded, values, self.power.exponent)


def _of_known(function: Callable[[Any, float], Any], values: Any, exponent: float) -> Any:
    """`function` of what is not NaN: a maximum would not hand it on."""
    missing = tf.math.is_nan(values)
    known = tf.where(missing, tf.zeros_like(values), values)
    return tf.where(missing, values, function(known, exponent))


def learned(array: Any, dtype: Any = np.float64) -> tf.Variable:
    """Numbers that were learned: stored beside the graph, not inside it."""
    return tf.Variable(np.asarray(array, dtype=dtype), trainable=False)
