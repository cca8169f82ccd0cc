"""The parameters of linear dynamical systems."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

__all__ = ["LinearSystem", "stationary"]


@dataclass(frozen=True, eq=False)
class LinearSystem:
    """`x[t+1] = A x[t] + W v[t]`, `y[t] = C x[t] + u[t]`: normal noise, independent over time.

    Several systems of one size stand side by side along the first axis.

    Args:
        transition: A, `(num_systems, state_size, state_size)`.
        readout: C, `(num_systems, num_channels, state_size)`.
        state_noise: Q = W W', covariance of what moves the state, of the shape of A.
        output_noise: R, covariance of u, `(num_systems, num_channels, num_channels)`.
        start_mean: mean of the state at the first step, `(num_systems, state_size)`.
        start_covariance: its covariance, of the shape of A.

    Raises:
        ValueError: if the shapes do not fit together.

    Example:
        >>> LinearSystem.autoregression([0.5, 0.2], variance=1.0).state_size
        2

    Source: Shumway, Stoffer, "Time Series Analysis and Its Applications", chapter 6.
    """

    transition: NDArray
    readout: NDArray
    state_noise: NDArray
    output_noise: NDArray
    start_mean: NDArray
    start_covariance: NDArray

    def __post_init__(self) -> None:
        """Refuse shapes that do not belong together."""
        if np.ndim(self.readout) != 3:
            raise ValueError(
                "`readout` must be of the shape (num_systems, num_channels, state_size); got "
                f"{np.shape(self.readout)}."
            )
        count, channels, size = self.readout.shape
        wanted = {
            "transition": (count, size, size),
            "state_noise": (count, size, size),
            "output_noise": (count, channels, channels),
            "start_mean": (count, size),
            "start_covariance": (count, size, size),
        }
        for name, shape in wanted.items():
            if getattr(self, name).shape != shape:
                raise ValueError(
                    f"`{name}` must be of the shape {shape}, as `readout` {self.readout.shape} "
                    f"asks for; got {getattr(self, name).shape}."
                )

    @classmethod
    def autoregression(cls, coefficients: ArrayLike, variance: float) -> Self:
        """AR(p) as a system whose state is the last p values, from its stationary distribution.

        `y[t] = sum_k a_k y[t-k] + e[t]`; A is the companion matrix, C picks the newest value,
        only that is moved by noise, and R = 0.

        Args:
            coefficients: a of the lags 1 to p, `(p,)`.
            variance: of e, above 0.

        Raises:
            ValueError: for roots on or outside the unit circle, which have no such distribution.
        """
        weights = np.asarray(coefficients, dtype=np.float64)
        size = len(weights)
        companion = np.eye(size, k=-1)
        companion[0] = weights
        noise, readout = np.zeros((size, size)), np.zeros((1, 1, size))
        noise[0, 0], readout[0, 0, 0] = variance, 1.0
        start = stationary(companion[None], noise[None])
        return cls(
            companion[None], readout, noise[None], np.zeros((1, 1, 1)), np.zeros((1, size)), start
        )

    @property
    def num_systems(self) -> int:
        """Systems side by side."""
        return len(self.readout)

    @property
    def num_channels(self) -> int:
        """Values at each step."""
        return self.readout.shape[1]

    @property
    def state_size(self) -> int:
        """Entries of the hidden vector."""
        return self.readout.shape[2]

    @property
    def radius(self) -> NDArray:
        """Largest modulus of the eigenvalues of A, `(num_systems,)`."""
        return np.abs(np.linalg.eigvals(self.transition)).max(axis=1)

    def take(self, systems: NDArray) -> Self:
        """Some of the systems, in the order of `systems`."""
        return type(self)(*(getattr(self, field.name)[systems] for field in fields(self)))


def stationary(transition: NDArray, noise: NDArray) -> NDArray:
    """`P = A P A' + Q`, of each system.

    Args:
        transition: A, `(num_systems, state_size, state_size)`.
        noise: Q, of the same shape.

    Raises:
        ValueError: where an eigenvalue of A is not inside the unit circle.
    """
    count, size, _ = transition.shape
    radius = np.abs(np.linalg.eigvals(transition)).max(initial=0.0)
    if radius >= 1.0:
        raise ValueError(
            f"the system has an eigenvalue of modulus {radius:.4g}: only below 1 does it have a "
            "stationary distribution. Give a stable transition."
        )
    both = np.einsum("sij,skl->sikjl", transition, transition).reshape(count, size**2, size**2)
    flat = np.linalg.solve(np.eye(size**2) - both, noise.reshape(count, -1, 1))
    found = flat.reshape(noise.shape)
    return 0.5 * (found + found.swapaxes(1, 2))
