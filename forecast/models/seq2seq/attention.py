"""Attention of a decoder over the states of an encoder."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
from keras import ops

__all__ = ["StateAttention"]


class StateAttention(keras.layers.Layer):
    """`c = sum_t a_t h_t`, `a = softmax(score(s, h))` over the steps that are not masked.

    Additive: `score(s, h_t) = v tanh(W s + U h_t)`; dot-product:
    `score(s, h_t) = (W s) (U h_t) / sqrt(units)`. Masked steps have the weight 0, exactly; where
    all steps are masked all weights are 0, and so is c.

    Args:
        kind: "additive" or "dot".
        units: rows of W and U, at least 1.
        seed: of the initial weights.

    Example:
        >>> attention = StateAttention("dot", units=3, seed=0)
        >>> memory, mask = np.ones((2, 5, 4), "float32"), np.ones((2, 5), bool)
        >>> context, weights = attention(np.ones((2, 6), "float32"), memory, mask)
        >>> tuple(context.shape), tuple(weights.shape)
        ((2, 4), (2, 5))

    Source:
        Bahdanau, Cho and Bengio (2015); Luong, Pham and Manning (2015).
    """

    def __init__(self, kind: str, units: int, seed: int) -> None:
        super().__init__()
        seeds = [int(one) for one in np.random.SeedSequence(seed).generate_state(3)]
        self.units, self.seed = units, seeds[2]
        self.query, self.key = (
            keras.layers.Dense(
                units, use_bias=False, kernel_initializer=keras.initializers.GlorotUniform(one)
            )
            for one in seeds[:2]
        )
        self.factor = units**-0.5 if kind == "dot" else 1.0
        self.score: keras.layers.Layer = (
            keras.layers.Attention() if kind == "dot" else keras.layers.AdditiveAttention()
        )

    def build(
        self, state_shape: tuple[int | None, ...], memory_shape: tuple[int | None, ...]
    ) -> None:
        """Create W and U, and v, for states `(batch, size)` and a memory."""
        self.query.build(state_shape)
        self.key.build(memory_shape)
        looked_for = (None, None, self.units)
        self.score.build([looked_for, memory_shape, looked_for])
        if isinstance(self.score, keras.layers.AdditiveAttention):
            # Keras draws v without a seed.
            drawn = keras.initializers.GlorotUniform(self.seed)
            self.score.scale.assign(drawn((self.units,)))
        self.built = True

    def keys(self, memory: Any) -> Any:
        """`U h`, the same for every step of the decoder, `(batch, steps, units)`."""
        return self.key(memory)

    def call(self, state: Any, memory: Any, mask: Any, keys: Any = None) -> tuple[Any, Any]:
        """What is attended to, `(batch, width)`, and the weights, `(batch, steps)`.

        Args:
            state: s, `(batch, size)`.
            memory: h, `(batch, steps, width)`.
            mask: False where a step is padding, `(batch, steps)`.
            keys: `U h` where it is known.
        """
        keys = self.keys(memory) if keys is None else keys
        query = self.factor * self.query(state)[:, None]
        context, weights = self.score(
            [query, memory, keys], mask=[None, mask], return_attention_scores=True
        )
        # The softmax of nothing but padding is no weight of anything.
        some = ops.cast(ops.any(mask, axis=1, keepdims=True), context.dtype)
        return some * context[:, 0], some * weights[:, 0]
