"""The categorical distribution of classes, by a softmax."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from keras import ops
from numpy.typing import NDArray

from forecast.checks import check_positive_integer
from forecast.heads.head import Head

__all__ = ["Categorical", "log_softmax"]

# Added to the count of each class where a training starts.
_PRIOR = 0.5


@dataclass(frozen=True)
class Categorical(Head):
    """`P(y = k) = exp(raw_k) / sum_j exp(raw_j)`, for classes k from 0: symbols, not numbers.

    Args:
        num_classes: classes, at least 1.

    Raises:
        ValueError: for fewer.

    Example:
        >>> Categorical(2).probabilities(np.log([[3.0, 1.0]])).round(6).tolist()
        [[0.75, 0.25]]
    """

    num_classes: int

    def __post_init__(self) -> None:
        """Refuse a number that is none."""
        check_positive_integer("num_classes", self.num_classes)

    @property
    def num_outputs(self) -> int:
        """One for each class."""
        return self.num_classes

    def log_likelihood(self, raw: Any, target: Any) -> Any:
        """`raw_y - log sum_j exp(raw_j)`, a tensor of the shape of `target`.

        Args:
            raw: outputs, `(..., num_classes)`.
            target: classes as whole numbers of any dtype, `(...)`.
        """
        classes = ops.one_hot(ops.cast(target, "int32"), self.num_classes, dtype=raw.dtype)
        return ops.sum(classes * log_softmax(raw), axis=-1)

    def losses(self, raw: Any, target: Any) -> Any:
        """The negative log-likelihood: the cross-entropy."""
        return -self.log_likelihood(raw, target)

    def probabilities(self, raw: NDArray) -> NDArray:
        """Of each class, an array of the shape of `raw`."""
        return np.exp(log_softmax(raw))

    def start(self, target: NDArray, weight: NDArray) -> NDArray:
        """Outputs that know nothing but how often each class came, `(num_classes,)`.

        Args:
            target: classes, `(n,)`.
            weight: of each, at least 0, `(n,)`.
        """
        places = np.asarray(target, dtype=np.intp)
        counts = np.bincount(places, np.asarray(weight), self.num_classes) + _PRIOR
        return np.log(counts / counts.sum())


def log_softmax(raw: Any) -> Any:
    """`raw - log sum exp(raw)` along the last axis, of an array or a tensor, without overflow.

    Example:
        >>> log_softmax(np.array([1e4, 0.0])).tolist()
        [0.0, -10000.0]
    """
    if not isinstance(raw, np.ndarray):
        return ops.log_softmax(raw, axis=-1)
    below = raw - raw.max(axis=-1, keepdims=True)
    return below - np.log(np.exp(below).sum(axis=-1, keepdims=True))
