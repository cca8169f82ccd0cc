"""How a network sees a code: as a one-hot vector, or as a vector that is learned."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
from keras import ops

__all__ = ["OneHot", "SymbolInput"]

# Of the seed of an embedding, so that it is drawn apart from the layers.
_EMBEDDING = 1


@dataclass(frozen=True)
class SymbolInput:
    """How codes become vectors.

    Args:
        num_codes: codes that may come, each of 0 to `num_codes - 1`.
        embedding: size of a vector that is learned for each code; None for one-hot vectors, `e_k`
            for code k.

    Example:
        >>> SymbolInput(3).width, SymbolInput(1000, embedding=16).width
        (3, 16)
    """

    num_codes: int
    embedding: int | None = None

    @property
    def width(self) -> int:
        """Size of a vector."""
        return self.embedding or self.num_codes

    def layer(self, seed: int) -> keras.layers.Layer:
        """A new layer from codes to vectors; the seed draws those that are to be learned."""
        if self.embedding is None:
            return OneHot(self.num_codes)
        drawn = int(np.random.SeedSequence((seed, _EMBEDDING)).generate_state(1)[0])
        vectors = keras.initializers.RandomNormal(stddev=1.0, seed=drawn)
        return keras.layers.Embedding(self.num_codes, self.embedding, vectors)


class OneHot(keras.layers.Layer):
    """Codes as one-hot vectors: an embedding by the identity matrix, without weights.

    Args:
        num_codes: codes that may come.

    Example:
        >>> np.asarray(OneHot(3)(np.array([2, 0]))).tolist()
        [[0.0, 0.0, 1.0], [1.0, 0.0, 0.0]]
    """

    def __init__(self, num_codes: int) -> None:
        super().__init__()
        self.num_codes = num_codes

    def call(self, codes: Any) -> Any:
        """Vectors, `(..., num_codes)`, of whole numbers, `(...)`."""
        return ops.one_hot(codes, self.num_codes)

    def compute_output_shape(self, input_shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        """One axis more."""
        return (*input_shape, self.num_codes)
