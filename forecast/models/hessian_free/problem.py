"""A loss of a network as functions of one flat vector of weights."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from forecast.models.compiled import Signature, compiled, gauss_newton_product, value_and_gradients

__all__ = ["Problem", "problem_of"]


@dataclass(frozen=True, eq=False)
class Problem:
    """A loss, its gradient and products with its Gauss-Newton matrix, on any batch.

    Args:
        shapes: of the weights.
        loss: of weights and batch.
        gradient: loss, and gradient for each weight, of the same.
        product: `G v` for each weight, of v (a part for each weight), weights and batch.
    """

    shapes: Sequence[tuple[int, ...]]
    loss: Callable[..., list[NDArray]]
    gradient: Callable[..., list[NDArray]]
    product: Callable[..., list[NDArray]]

    def value_at(self, flat: NDArray, batch: Sequence[Any]) -> float:
        """The loss of the weights `(n,)`."""
        return float(self.loss(*self.parts(flat), *batch)[0])

    def gradient_at(self, flat: NDArray, batch: Sequence[Any]) -> tuple[float, NDArray]:
        """The loss and its gradient `(n,)`."""
        loss, *gradients = self.gradient(*self.parts(flat), *batch)
        return float(loss), flattened(gradients)

    def product_at(self, flat: NDArray, vector: NDArray, batch: Sequence[Any]) -> NDArray:
        """`G v`, `(n,)`."""
        return flattened(self.product(*self.parts(vector), *self.parts(flat), *batch))

    def parts(self, flat: NDArray) -> list[NDArray]:
        """The weights of a flat vector."""
        sizes = [int(np.prod(shape)) for shape in self.shapes]
        cut = np.split(flat, np.cumsum(sizes)[:-1])
        return [part.reshape(shape) for part, shape in zip(cut, self.shapes, strict=True)]


def problem_of(
    outputs: Callable[..., Any],
    loss: Callable[..., Any],
    shapes: Sequence[tuple[int, ...]],
    batch: Signature,
    dtype: str = "float32",
) -> Problem:
    """The problem of a network whose loss is convex in its outputs.

    With z the outputs, J their derivative by the weights, and H the second derivative of the loss
    by z, the Gauss-Newton matrix is `G = J' H J`, positive semi-definite.

    Args:
        outputs: z, a tensor, of a list of weights and of the tensors of a batch.
        loss: a scalar tensor, of z and of the tensors of a batch.
        shapes: of the weights.
        batch: shape (None where any size may come) and dtype of each part of a batch.
        dtype: of the weights.

    Example:
        >>> import numpy as np
        >>> from keras import ops
        >>> line = problem_of(
        ...     lambda weights, x, y: ops.matmul(x, weights[0]),
        ...     lambda z, x, y: ops.mean(ops.square(z - y)),
        ...     [(2,)], [((None, 2), "float64"), ((None,), "float64")], "float64",
        ... )
        >>> x, y = np.array([[1.0, 0.0], [0.0, 2.0]]), np.array([1.0, 1.0])
        >>> line.product_at(np.zeros(2), np.ones(2), [x, y]).tolist()
        [1.0, 4.0]

    Source: Schraudolph (2002), Fast curvature matrix-vector products for second-order gradient
    descent, Neural Computation 14.
    """
    count = len(shapes)
    weights = [(shape, dtype) for shape in shapes]

    def value(*parts: Any) -> tuple[Any]:
        given, batch = list(parts[:count]), parts[count:]
        return (loss(outputs(given, *batch), *batch),)

    def gradient(*parts: Any) -> tuple[Any, ...]:
        given, batch = list(parts[:count]), parts[count:]
        return value_and_gradients(lambda given: loss(outputs(given, *batch), *batch), given)

    def product(*parts: Any) -> tuple[Any, ...]:
        vector, given = list(parts[:count]), list(parts[count : 2 * count])
        batch = parts[2 * count :]
        return gauss_newton_product(
            lambda given: outputs(given, *batch), lambda z: loss(z, *batch), given, vector
        )

    return Problem(
        tuple(shapes),
        compiled(value, [*weights, *batch]),
        compiled(gradient, [*weights, *batch]),
        compiled(product, [*weights, *weights, *batch]),
    )


def flattened(parts: Sequence[NDArray]) -> NDArray:
    """All numbers side by side in float64, `(n,)`."""
    return np.concatenate([np.asarray(part, dtype=np.float64).ravel() for part in parts])
