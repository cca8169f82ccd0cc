"""Stability of autoregressions: is a fit explosive, and the nearest one that is not."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from forecast.baselines.algebra.companion import TOLERANCE, damping, spectral_radius

__all__ = ["allowed_root", "is_growing", "is_stable", "stabilise"]

_SMALLEST = 1e-6
_MOST_GROWTH = 4.0
_BISECTIONS = 20


def allowed_root(horizon: int) -> float:
    """The largest root that is left as it is: 1.01, less where that would grow fourfold.

    `max(1 + 1e-6, min(1.01, 4^(1 / horizon)))`: estimates of a random walk scatter beyond 1, and
    long lags would be shrunk to nothing for a growth that hardly shows.

    Args:
        horizon: steps ahead that matter, at least 1.

    Example:
        >>> allowed_root(24), round(allowed_root(1000), 5)
        (1.01, 1.00139)
    """
    return max(1.0 + _SMALLEST, min(1.0 + TOLERANCE, _MOST_GROWTH ** (1.0 / horizon)))


def is_stable(coefficients: NDArray) -> NDArray:
    """Whether all roots of `z^p - a_1 z^(p-1) - ... - a_p` lie within the unit circle.

    They do where `sum |a_k| < 1`, and do not where `sum a_k >= 1` (a real root at 1 or beyond). All
    others are asked by the step-down recursion: the roots lie within if and only if every
    reflection coefficient does, `a_j <- (a_j + k a_(m-j)) / (1 - k^2)` with `k = a_m`, for
    m = p, ..., 1.

    Args:
        coefficients: a of the lags 1 to p, `(num_series, p)`.

    Returns:
        `(num_series,)`.

    Example:
        >>> is_stable(np.array([[0.5, 0.3], [0.5, 0.6], [-0.9, 0.3]])).tolist()
        [True, False, False]

    Source: Kay, "Modern Spectral Estimation" (1988), section 6.3.
    """
    coefficients = np.asarray(coefficients, dtype=np.float64)
    stable = np.abs(coefficients).sum(axis=1) < 1.0
    unclear = np.flatnonzero(~stable & (coefficients.sum(axis=1) < 1.0))
    stable[unclear] = _stepped_down(coefficients[unclear])
    return stable


def _stepped_down(rest: NDArray) -> NDArray:
    """`is_stable` by the recursion alone."""
    stable = np.ones(len(rest), dtype=bool)
    for order in range(rest.shape[1], 0, -1):
        last = rest[:, order - 1]
        stable &= np.abs(last) < 1.0
        if not stable.any():
            break
        last = np.where(stable, last, 0.0)[:, None]
        lower = np.where(stable[:, None], rest[:, : order - 1], 0.0)
        rest = (lower + last * lower[:, ::-1]) / (1.0 - last**2)
    return stable


def is_growing(lags: NDArray, coefficients: NDArray) -> NDArray:
    """Whether a root lies beyond 1, rounding apart, `(num_series,)`.

    Args:
        lags: 1-based lags, `(num_lags,)`.
        coefficients: a of these lags, `(num_series, num_lags)`.

    Example:
        >>> is_growing(np.array([1]), np.array([[1.005], [1.0]])).tolist()
        [True, False]
    """
    return ~is_stable(_scaled(lags, coefficients, 1.0 + _SMALLEST))


def stabilise(
    lags: NDArray, coefficients: NDArray, allowed: float = 1.0 + TOLERANCE
) -> tuple[NDArray, NDArray]:
    """Draw explosive fits towards the last value until no root lies beyond what is allowed.

    `a <- (1 - s) a + s e_1`, e_1 the random walk's coefficients and s the smallest share that
    does: what grew goes on from its last value. Without lag 1 every root is moved towards 0
    instead, `a_k <- a_k r^k` with `r = 1 / modulus`.

    Args:
        lags: 1-based lags, `(num_lags,)`.
        coefficients: a of these lags, `(num_series, num_lags)`.
        allowed: roots up to this modulus are left as they are (see `allowed_root`).

    Returns:
        Coefficients of the same shape, and which series were explosive, `(num_series,)`.

    Example:
        >>> shrunk, explosive = stabilise(np.array([1]), np.array([[1.25], [0.9]]))
        >>> shrunk.round(3).tolist(), explosive.tolist()
        ([[1.01], [0.9]], [True, False])
    """
    explosive = np.zeros(len(coefficients), dtype=bool)
    # The recursion is quick and, near 1, only nearly right: eigenvalues decide.
    suspects = np.flatnonzero(~is_stable(_scaled(lags, coefficients, allowed)))
    moduli = spectral_radius(_scaled(lags, coefficients[suspects], 1.0)[:, :, None, None])
    beyond = moduli > allowed
    explosive[suspects[beyond]] = True
    shrunk = coefficients.copy()
    if not explosive.any():
        return shrunk, explosive
    if 1 in lags:
        shrunk[explosive] = _towards_last_value(lags, shrunk[explosive], allowed)
    else:
        shrunk[explosive] *= damping(moduli[beyond], lags)
    return shrunk, explosive


def _towards_last_value(lags: NDArray, coefficients: NDArray, allowed: float) -> NDArray:
    """The nearest mixtures with the random walk whose roots are allowed, by bisection."""
    walk = (lags == 1).astype(np.float64)
    low, high = np.zeros((len(coefficients), 1)), np.ones((len(coefficients), 1))
    for _ in range(_BISECTIONS):
        middle = (low + high) / 2.0
        mixed = (1.0 - middle) * coefficients + middle * walk
        fine = is_stable(_scaled(lags, mixed, allowed))[:, None]
        low, high = np.where(fine, low, middle), np.where(fine, middle, high)
    return (1.0 - high) * coefficients + high * walk


def _scaled(lags: NDArray, coefficients: NDArray, radius: float) -> NDArray:
    """Coefficients of all lags, with every root divided by a radius."""
    polynomial = np.zeros((len(coefficients), int(lags.max(initial=0))))
    polynomial[:, lags - 1] = coefficients * radius ** -lags.astype(np.float64)
    return polynomial
