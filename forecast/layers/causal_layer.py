"""What layers share that compute all steps side by side, each from itself and the steps before."""

from __future__ import annotations

from abc import abstractmethod
from typing import Any

import keras
from keras import ops

__all__ = ["CausalLayer", "hold", "pack"]


def pack(sequences: Any, mask: Any) -> Any:
    """Return the sequences with the unmasked steps of each row in front, and zeros behind.

    Args:
        sequences: shape (batch, steps, features); anything, NaN included, at masked steps.
        mask: bool, shape (batch, steps).

    Example:
        >>> import numpy as np
        >>> values, mask = np.array([[[1.0], [2.0], [3.0]]]), np.array([[False, True, True]])
        >>> keras.ops.convert_to_numpy(pack(values, mask))[0, :, 0].tolist()
        [2.0, 3.0, 0.0]
    """
    steps, num_steps = ops.arange(ops.shape(mask)[1]), ops.shape(mask)[1]
    order = ops.argsort(ops.where(mask, steps, steps + num_steps), axis=1)
    valid = ops.take_along_axis(mask, order, axis=1)[:, :, None]
    moved = ops.take_along_axis(sequences, order[:, :, None], axis=1)
    return ops.where(valid, moved, ops.zeros_like(moved))


def hold(outputs: Any, mask: Any) -> Any:
    """Return outputs of packed steps at their places; a masked step holds the one before it.

    Args:
        outputs: shape (batch, steps, width), those of the unmasked steps in front.
        mask: bool, shape (batch, steps).

    Returns:
        Shape (batch, steps, width); zeros before the first unmasked step.
    """
    taken = ops.cumsum(ops.cast(mask, "int32"), axis=1)[:, :, None]
    held = ops.take_along_axis(outputs, ops.maximum(taken - 1, 0), axis=1)
    return ops.where(taken > 0, held, ops.zeros_like(held))


class CausalLayer(keras.layers.Layer):
    """Base of layers over time whose output at a step depends on the last steps up to it.

    A masked step is as if it was not there, as in a recurrent layer: the others are moved together,
    computed, and moved back. The output at a masked step is that of the step before it, zero at the
    start of a row.

    Args:
        **kwargs: name, dtype, trainable, as in `keras.layers.Layer`.

    Call arguments:
        sequences: shape (batch, steps, features).
        mask: bool, shape (batch, steps), False at steps to be left out. Pass it explicitly.
        training: whether dropout is on.
    """

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.supports_masking = True

    @property
    @abstractmethod
    def receptive_field(self) -> int:
        """Number of steps that an output depends on, its own included."""

    @abstractmethod
    def run(self, sequences: Any, training: bool) -> Any:
        """Return the outputs (batch, steps, width) of sequences without a masked step."""

    def call(self, sequences: Any, training: bool = False, mask: Any = None) -> Any:
        """Return the output at every step, shape (batch, steps, width)."""
        if mask is None:
            return self.run(sequences, training)
        mask = ops.cast(mask, "bool")
        return hold(self.run(pack(sequences, mask), training), mask)
