"""The roles of a head: outputs of a network in, losses, points and draws out.

`raw` are the outputs of a network for one step, in the terms of the head: deviations from a linear
forecast in units of its window, or of a count the count itself before it is made positive. Losses
and likelihoods are tensors (`keras.ops`), for training; medians, means and quantiles are arrays.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any, ClassVar

import numpy as np
from keras import ops
from numpy.typing import NDArray

__all__ = ["Distribution", "Head", "PointHead"]


class Head(ABC):
    """What a network says of one step."""

    is_distribution: ClassVar[bool] = False
    """Whether draws come from the head itself."""
    of_counts: ClassVar[bool] = False
    """Whether it is made for counts: whole numbers of at least 0."""

    @property
    @abstractmethod
    def num_outputs(self) -> int:
        """Outputs of the network for each step, K."""

    @abstractmethod
    def losses(self, raw: Any, target: Any) -> Any:
        """The loss of each step, a tensor of the shape of `target`."""

    def loss(self, raw: Any, target: Any, weight: Any) -> Any:
        """`sum w l / sum w`, a scalar tensor.

        Args:
            raw: outputs; of a distribution `(..., K)`, of a point head as `target`.
            target: what came, `(...)`.
            weight: at least 0, `(...)`.
        """
        return ops.sum(self.losses(raw, target) * weight) / ops.maximum(ops.sum(weight), 1e-6)


class PointHead(Head):
    """A head of one output, the forecast itself."""

    @property
    def num_outputs(self) -> int:
        """See `Head`."""
        return 1


class Distribution(Head):
    """A head that says how likely every value is."""

    is_distribution: ClassVar[bool] = True

    @abstractmethod
    def log_likelihood(self, raw: Any, target: Any) -> Any:
        """Logarithm of the density, or of the probability of a count, a tensor.

        Args:
            raw: outputs, `(..., K)`.
            target: what came, `(...)`.
        """

    @abstractmethod
    def quantile(self, raw: NDArray, uniform: NDArray | float) -> NDArray:
        """The value below which a share lies; of uniform numbers, draws.

        Args:
            raw: outputs, `(..., K)`.
            uniform: above 0 and below 1, `(...)`.

        Returns:
            `(...)`; NaN where `raw` is.
        """

    @abstractmethod
    def mean(self, raw: NDArray) -> NDArray:
        """The expected value, `(...)`."""

    @abstractmethod
    def start(self, raw: NDArray, target: NDArray, weight: NDArray) -> NDArray:
        """What to add to outputs that know nothing, so that they fit values on the whole.

        Args:
            raw: outputs before the training, `(n, K)`.
            target: what came, `(n,)`.
            weight: of each, at least 0 and not all 0, `(n,)`.

        Returns:
            `(K,)`.
        """

    def losses(self, raw: Any, target: Any) -> Any:
        """The negative log-likelihood."""
        return -self.log_likelihood(raw, target)

    def median(self, raw: NDArray) -> NDArray:
        """The value with half of the probability on each side, `(...)`."""
        return self.quantile(raw, np.full(raw.shape[:-1], 0.5))
