"""Attention that knows how far apart two steps are."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

__all__ = ["RotaryAttention", "rotate"]

# The longest wave of the rotation, in steps over 2 pi; as in the source.
_LONGEST = 10_000.0


def rotate(vectors: Any) -> Any:
    """Turn each vector by angles that grow with its step.

        (u, v) -> (u cos(a t) - v sin(a t), u sin(a t) + v cos(a t)),   a = 10000^(-2 i / width)

    So the product of two turned vectors depends on their steps through the distance alone.

    Args:
        vectors: shape (batch, steps, heads, width), `width` even: the halves are u and v.
    """
    half = vectors.shape[-1] // 2
    steps = ops.cast(ops.arange(ops.shape(vectors)[1]), vectors.dtype)
    rates = ops.cast(_LONGEST, vectors.dtype) ** (-ops.cast(ops.arange(half), vectors.dtype) / half)
    angles = (steps[:, None] * rates)[None, :, None]
    sine, cosine = ops.sin(angles), ops.cos(angles)
    first, second = vectors[..., :half], vectors[..., half:]
    return ops.concatenate(
        [first * cosine - second * sine, first * sine + second * cosine], axis=-1
    )


class RotaryAttention(keras.layers.MultiHeadAttention):
    """`keras.layers.MultiHeadAttention` of a sequence to itself, queries and keys turned by steps.

    Source: Su et al. (2021), "RoFormer: enhanced transformer with rotary position embedding".
    """

    def _compute_attention(
        self, query: Any, key: Any, value: Any, *arguments: Any, **options: Any
    ) -> Any:
        """See Keras, which names this function as the place to change."""
        return super()._compute_attention(rotate(query), rotate(key), value, *arguments, **options)
