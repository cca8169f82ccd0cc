"""Topologies of a reservoir: which unit hears which, drawn with a seed, and the product with it."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
from keras import ops

from forecast.layers.initializers import SpectralRadius

__all__ = [
    "TOPOLOGIES",
    "check_topology",
    "draw_recurrent",
    "recur",
    "recurrent_matrix",
    "recurrent_shape",
]

TOPOLOGIES = ("sparse", "orthogonal", "cycle", "delay_line")
_CHAINS = ("cycle", "delay_line")


def check_topology(topology: str) -> str:
    """Return `topology`; raise ValueError unless it is a known one."""
    if topology not in TOPOLOGIES:
        raise ValueError(
            f"topology={topology!r}: expected one of {', '.join(map(repr, TOPOLOGIES))}."
        )
    return topology


def recurrent_shape(topology: str, units: int) -> tuple[int, ...]:
    """Shape of the recurrent weights: a matrix, or of a chain the weight of each unit's link."""
    return (units,) if topology in _CHAINS else (units, units)


def draw_recurrent(
    topology: str, units: int, spectral_radius: float, connectivity: float, seed: int
) -> Callable[[Any], Any]:
    """The recurrent weights of any dtype; drawn in float64 by NumPy, the same on every backend.

    Args:
        topology: one of `TOPOLOGIES`.
        units: size of the reservoir.
        spectral_radius: largest absolute eigenvalue; of a delay line, the weight of its links.
        connectivity: share of nonzero entries of a sparse matrix.
        seed: of the draws of a matrix.

    Example:
        >>> draw_recurrent("delay_line", 3, 0.5, 1.0, seed=0)("float32").numpy().tolist()
        [0.0, 0.5, 0.5]
    """
    if topology == "sparse":
        radius = SpectralRadius(spectral_radius, connectivity, seed)
        return partial(radius, (units, units))
    if topology == "orthogonal":
        values = spectral_radius * _orthogonal(units, seed)
    else:
        values = np.full(units, spectral_radius)
        values[0] *= topology == "cycle"
    return partial(ops.convert_to_tensor, values)


def recur(states: Any, recurrent_kernel: Any) -> Any:
    """What each unit hears of the others, `W x`.

    A matrix is multiplied with. Of a chain, unit i hears unit i - 1 with the weight of its link,
    and unit 0 the last one: no product is needed.

    Args:
        states: x, shape (batch, units).
        recurrent_kernel: W transposed, shape (units, units); or the links, shape (units,).

    Example:
        >>> import numpy as np
        >>> recur(np.array([[1.0, 2.0, 3.0]]), np.array([0.0, 0.5, 0.5])).numpy().tolist()
        [[0.0, 0.5, 1.0]]
    """
    if len(recurrent_kernel.shape) == 2:
        return ops.matmul(states, recurrent_kernel)
    return recurrent_kernel * ops.roll(states, 1, axis=-1)


def recurrent_matrix(recurrent_kernel: np.ndarray) -> np.ndarray:
    """The matrix by which `recur` multiplies, (units, units), of either form of weights."""
    if recurrent_kernel.ndim == 2:
        return recurrent_kernel
    return np.roll(np.eye(len(recurrent_kernel)), 1, axis=1) * recurrent_kernel


def _orthogonal(units: int, seed: int) -> np.ndarray:
    """A draw from all orthogonal matrices alike; their eigenvalues lie on the unit circle.

    Source: Mezzadri (2007), "How to generate random matrices from the classical compact groups".
    """
    normal = np.random.default_rng(seed).standard_normal((units, units))
    basis, upper = np.linalg.qr(normal)
    return basis * np.sign(np.diagonal(upper))
