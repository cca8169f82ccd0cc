"""Initializers of recurrent weights: a given spectral radius, a scaled identity; uniform draws."""

from __future__ import annotations

import math
from collections.abc import Sequence
from numbers import Integral
from typing import Any

import keras
import numpy as np
from keras import ops
from scipy.sparse import csr_array
from scipy.sparse.linalg import ArpackError, eigs

# Where the Krylov iteration is worth it: below, all eigenvalues take a fraction of a second.
_LEAST_UNITS, _LARGEST_SHARE = 500, 0.3
# Largest absolute eigenvalues by draw, a number each: who tries radii, scalings or leak rates with
# one seed has the same draw every time.
_RADII: dict[tuple[type, int, float, int], float] = {}
_MOST_RADII = 1024


def check_scale(name: str, value: float) -> float:
    """Return `value` as a float; raise ValueError unless it is finite and not negative."""
    if not (math.isfinite(value) and value >= 0):
        raise ValueError(f"{name}={value!r}: expected a finite number of at least 0.")
    return float(value)


def check_share(name: str, value: float) -> float:
    """Return `value` as a float; raise ValueError unless it lies in (0, 1]."""
    if not 0 < value <= 1:
        raise ValueError(f"{name}={value!r}: expected a number above 0 and at most 1.")
    return float(value)


def check_seed(seed: int | None) -> int | None:
    """Return `seed` as an int or None; raise ValueError for anything else, and below 0."""
    if seed is None:
        return None
    if isinstance(seed, bool) or not isinstance(seed, Integral) or seed < 0:
        raise ValueError(f"seed={seed!r}: expected an integer of at least 0, or None.")
    return int(seed)


def derive_seeds(seed: int | None, num_seeds: int) -> list[int]:
    """Return `num_seeds` unrelated seeds that follow from one.

    Args:
        seed: an integer of at least 0; None takes a new one by Keras' own rule, so that
            `keras.utils.set_random_seed` holds.
        num_seeds: how many.

    Example:
        >>> len(set(derive_seeds(0, 3)))
        3
    """
    entropy = keras.initializers.RandomUniform().seed if seed is None else seed
    return [int(word) for word in np.random.SeedSequence(entropy).generate_state(num_seeds)]


def largest_absolute_eigenvalue(matrix: np.ndarray) -> float:
    """Return max |lambda| of a square matrix, from a Krylov space if it is large and sparse.

    The eigenvalues of a random matrix crowd near the largest one, so an iteration for that one
    alone often stops at another (at 500 units up to 0.5 % short). With twelve of them in a space
    of a hundred it did not in any of 76 matrices; it takes a tenth of the time of all eigenvalues.
    """
    share = np.count_nonzero(matrix) / matrix.size
    if len(matrix) > _LEAST_UNITS and share < _LARGEST_SHARE:
        try:
            return _krylov_radius(matrix)
        except ArpackError:  # did not converge
            pass
    return float(np.abs(np.linalg.eigvals(matrix)).max())


def _krylov_radius(matrix: np.ndarray) -> float:
    """Return max |lambda| by the implicitly restarted Arnoldi method, from a fixed start."""
    start = np.random.default_rng(0).standard_normal(len(matrix))
    largest = eigs(csr_array(matrix), k=12, ncv=100, v0=start, tol=1e-9, return_eigenvectors=False)
    return float(np.abs(largest).max())


def draw_uniform(shape: Sequence[int], scale: float, seed: int) -> np.ndarray:
    """Return float64 draws from the uniform distribution on [-scale, scale)."""
    return np.random.default_rng(seed).uniform(-1.0, 1.0, tuple(shape)) * scale


@keras.saving.register_keras_serializable(package="keras_forecast")
class SpectralRadius(keras.initializers.Initializer):
    """Sparse random square matrix whose largest absolute eigenvalue is `spectral_radius`.

        W = spectral_radius * S / max |lambda(S)|

    Every column of S, the inputs of one unit, has max(1, round(connectivity * units)) standard
    normal entries; the rest is zero. So each unit hears another one, the graph has a cycle, and
    the largest eigenvalue is never zero. Drawn in float64 by NumPy: the same seed gives the same
    matrix on every backend, rounded to the dtype that is asked for.

    Args:
        spectral_radius: largest absolute eigenvalue, at least 0. Below 1 a tanh reservoir forgets
            its start in practice.
        connectivity: share of nonzero entries, in (0, 1].
        seed: an integer of at least 0 (the same matrix at every call), or None for a new one.

    Raises:
        ValueError: an argument is out of its range, or the shape asked for is not square.

    Example:
        >>> import keras, numpy as np
        >>> matrix = keras.ops.convert_to_numpy(SpectralRadius(0.8, 0.2, seed=1)((50, 50)))
        >>> round(float(np.abs(np.linalg.eigvals(matrix)).max()), 5)
        0.8
        >>> int((matrix != 0).sum())
        500

    Source: Jaeger (2001), "The echo state approach"; Lukosevicius (2012), "A practical guide to
    applying echo state networks".
    """

    def __init__(
        self, spectral_radius: float = 0.9, connectivity: float = 0.1, seed: int | None = None
    ) -> None:
        self.spectral_radius = check_scale("spectral_radius", spectral_radius)
        self.connectivity = check_share("connectivity", connectivity)
        self.seed = check_seed(seed)
        self._own_seed = derive_seeds(self.seed, 1)[0]

    def __call__(self, shape: Sequence[int], dtype: Any = None) -> Any:
        """Return the matrix as a tensor of shape (units, units)."""
        if len(shape) != 2 or shape[0] != shape[1]:
            raise ValueError(
                f"SpectralRadius got shape {tuple(shape)}: expected a square one, (units, units); "
                "eigenvalues exist for square matrices only."
            )
        sparse = self._draw_sparse(shape[0])
        matrix = sparse * (self.spectral_radius / self._radius_of(sparse))
        return ops.convert_to_tensor(matrix, dtype=dtype or keras.config.floatx())

    def _draw_sparse(self, units: int) -> np.ndarray:
        """Return the unscaled matrix: the same number of normal entries in every column."""
        generator = np.random.default_rng(self._own_seed)
        fan_in = max(1, round(self.connectivity * units))
        order = np.argsort(generator.random((units, units)), axis=0)[:fan_in]
        matrix = np.zeros((units, units))
        np.put_along_axis(matrix, order, generator.standard_normal(order.shape), axis=0)
        return matrix

    def _radius_of(self, sparse: np.ndarray) -> float:
        """Return max |lambda| of the unscaled matrix, found once for each draw."""
        draw = (type(self), len(sparse), self.connectivity, self._own_seed)
        found = _RADII.get(draw)
        if found is None:
            found = largest_absolute_eigenvalue(sparse)
            if len(_RADII) >= _MOST_RADII:
                _RADII.clear()
            _RADII[draw] = found
        return found

    def get_config(self) -> dict[str, Any]:
        """Return the constructor arguments."""
        return {
            "spectral_radius": self.spectral_radius,
            "connectivity": self.connectivity,
            "seed": self.seed,
        }


@keras.saving.register_keras_serializable(package="keras_forecast")
class ScaledIdentity(keras.initializers.Initializer):
    """Scaled identity for recurrent weights: at the start a unit hears itself and nobody else.

        U = scale * (I | I | ... | I), one (units, units) block for every gate

    With scale 1, a bias of 0 and ReLU a network copies its state until it learns otherwise (IRNN);
    a smaller scale forgets faster.

    Args:
        scale: weight of a unit on itself, at least 0.

    Raises:
        ValueError: `scale` is negative or not finite, or the shape asked for is not a row of
            square blocks.

    Example:
        >>> import keras
        >>> keras.ops.convert_to_numpy(ScaledIdentity(0.5)((2, 4))).tolist()
        [[0.5, 0.0, 0.5, 0.0], [0.0, 0.5, 0.0, 0.5]]

    Source: Le, Jaitly and Hinton (2015), "A simple way to initialize recurrent networks of
    rectified linear units".
    """

    def __init__(self, scale: float = 1.0) -> None:
        self.scale = check_scale("scale", scale)

    def __call__(self, shape: Sequence[int], dtype: Any = None) -> Any:
        """Return the matrix as a tensor of shape (units, num_gates * units)."""
        if len(shape) != 2 or shape[1] % shape[0]:
            raise ValueError(
                f"ScaledIdentity got shape {tuple(shape)}: expected (units, num_gates * units), "
                "that of recurrent weights; use it as `recurrent_initializer`."
            )
        matrix = np.tile(self.scale * np.eye(shape[0]), shape[1] // shape[0])
        return ops.convert_to_tensor(matrix, dtype=dtype or keras.config.floatx())

    def get_config(self) -> dict[str, Any]:
        """Return the constructor arguments."""
        return {"scale": self.scale}
