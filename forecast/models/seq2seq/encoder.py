"""The encoder: a window in, a state for every step of it out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
from keras import ops

from forecast.models.seq2seq.cells import recurrent_layers

__all__ = ["Encoder"]

_REACH = 3  # steps that a convolution sees


class Encoder(keras.layers.Layer):
    """Causal convolutions, then recurrent layers one above the other, forwards or both ways.

    Args:
        cell: its name or configuration, see `forecast.models.seq2seq.cells`.
        units: of each layer in each direction, and of the convolutions.
        num_layers: recurrent layers.
        bidirectional: whether each layer also reads from the end to the beginning.
        convolutions: number of convolutions.
        seed: of the initial weights.
    """

    def __init__(
        self, cell: str, units: int, num_layers: int, bidirectional: bool, convolutions: int,
        seed: int,
    ) -> None:  # fmt: skip
        super().__init__()
        self.units = units
        seeds = [int(one) for one in np.random.SeedSequence(seed).generate_state(2 + convolutions)]
        self.convolutions = [
            keras.layers.Conv1D(
                units, _REACH, padding="causal", activation="relu",
                kernel_initializer=keras.initializers.GlorotUniform(one),
            )
            for one in seeds[2:]
        ]  # fmt: skip
        self.forward = recurrent_layers(cell, units, num_layers, seeds[0])
        self.backward = recurrent_layers(cell, units, num_layers, seeds[1]) if bidirectional else []

    def build(self, features_shape: tuple[int | None, ...]) -> None:
        """Create all weights for `(batch, steps, num_features)`."""
        shape = tuple(features_shape)
        for convolution in self.convolutions:
            convolution.build(shape)
            shape = (*shape[:2], convolution.filters)
        for index, layer in enumerate(self.forward):
            both = [layer, *self.backward[index : index + 1]]
            for one in both:
                one.build(shape)
            shape = (*shape[:2], len(both) * self.units)
        self.built = True

    def call(self, features: Any, mask: Any) -> tuple[Any, list[list[Any]]]:
        """Outputs at every step, `(batch, steps, width)`, and the last states of each layer.

        Args:
            features: `(batch, steps, num_features)`, 0 where masked.
            mask: False where a step is padding, `(batch, steps)`.
        """
        outputs, states = features, []
        known = ops.cast(mask, features.dtype)[:, :, None]
        for convolution in self.convolutions:
            outputs = known * convolution(outputs)
        for index, layer in enumerate(self.forward):
            below = outputs
            outputs, *after = layer(below, mask=mask)
            if self.backward:
                backward = self.backward[index](ops.flip(below, 1), mask=ops.flip(mask, 1))
                outputs, after = _joined(outputs, after, *backward)
            states.append(list(after))
        return known * outputs, states


def _joined(
    outputs: Any, after: Sequence[Any], others: Any, *other_after: Any
) -> tuple[Any, list[Any]]:
    """Outputs and last states of both directions side by side."""
    outputs = ops.concatenate([outputs, ops.flip(others, 1)], axis=2)
    return outputs, [ops.concatenate(pair, axis=1) for pair in zip(after, other_after, strict=True)]
