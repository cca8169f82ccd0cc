"""Conjugate gradients on `B x = b`, which end when they no longer pay."""

from __future__ import annotations

from collections.abc import Callable
from math import ceil

import numpy as np
from numpy.typing import NDArray

__all__ = ["conjugate_gradients"]

# The progress of the last iterations is looked at: a tenth of all, at least ten.
_FEWEST, _SHARE = 10, 0.1
# Iterates are kept at 1, 2, 3, 4, 6, 8, 10, ...: each about 1.3 times the one before.
_GROWTH = 1.3


def conjugate_gradients(
    product: Callable[[NDArray], NDArray],
    target: NDArray,
    start: NDArray,
    max_iterations: int,
    tolerance: float,
) -> list[NDArray]:
    """Iterates that lower `phi(x) = x'Bx / 2 - b'x`, some along the way and the last.

    They end at iteration i where `phi(i) < 0` and the last k = max(10, i / 10) lowered it by less
    than `k tolerance phi(i)`; or where nothing is left to lower.

    Args:
        product: `B v` of a vector, B symmetric and positive definite.
        target: b, `(n,)`.
        start: x to begin with, `(n,)`.
        max_iterations: at least 1.
        tolerance: see above.

    Returns:
        Vectors `(n,)`, oldest first, at least one.

    Example:
        >>> import numpy as np
        >>> matrix = np.array([[2.0, 1.0], [1.0, 3.0]])
        >>> found = conjugate_gradients(matrix.__matmul__, np.ones(2), np.zeros(2), 9, 0.0)
        >>> found[-1].round(6).tolist()
        [0.4, 0.2]

    Source: Martens (2010), Deep learning via Hessian-free optimization, ICML, sections 4.4 and 4.6.
    """
    point, residual = start, product(start) - target
    direction, square = -residual, float(residual @ residual)
    least = square * np.finfo(np.float64).eps ** 2
    values: list[float] = []
    kept, due = [], 1
    for iteration in range(1, max_iterations + 1):
        curved = product(direction)
        curvature = float(direction @ curved)
        if not curvature > 0.0:  # rounding: nothing is left in this direction
            break
        length = square / curvature
        point, residual = point + length * direction, residual + length * curved
        if iteration == due:
            kept.append(point)
            due = ceil(_GROWTH * due)
        values.append(0.5 * float(point @ (residual - target)))
        before, square = square, float(residual @ residual)
        if square <= least or _is_idle(values, tolerance):
            break
        direction = square / before * direction - residual
    return kept if kept and kept[-1] is point else [*kept, point]


def _is_idle(values: list[float], tolerance: float) -> bool:
    """Whether the last iterations lowered the value by a negligible share of it."""
    count = len(values)
    span = max(_FEWEST, int(_SHARE * count))
    if count <= span or values[-1] >= 0.0:
        return False
    return (values[-1] - values[-1 - span]) / values[-1] < span * tolerance
