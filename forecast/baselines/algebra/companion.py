"""The companion matrix of an autoregression: its largest root, and how to shrink it."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

__all__ = ["TOLERANCE", "damping", "spectral_radius"]

# Roots up to 1.01 are left as they are: on training folds of the public panels, 0.005 to 0.02
# lost to neither less nor more.
TOLERANCE = 0.01
_BATCH_NUMBERS = 4_000_000


def spectral_radius(coefficients: NDArray) -> NDArray:
    """Largest modulus of the eigenvalues of the companion matrix; below 1 where a fit is stable.

    Args:
        coefficients: A of the lags 1 to p, `(num_systems, p, num_channels, num_channels)`; an
            autoregression of one series has one channel.

    Returns:
        `(num_systems,)`; 0 without lags.

    Example:
        >>> import numpy as np
        >>> halves = np.full((1, 2, 1, 1), 0.5)
        >>> spectral_radius(halves).round(6).tolist()
        [1.0]

    Source: Luetkepohl, New Introduction to Multiple Time Series Analysis, 2.1.
    """
    num_systems, num_lags, num_channels, _ = coefficients.shape
    found, size = np.zeros(num_systems), num_lags * num_channels
    rows = coefficients.transpose(0, 2, 1, 3).reshape(num_systems, num_channels, size)
    chunk = max(1, _BATCH_NUMBERS // max(size, 1) ** 2)
    for start in range(0, num_systems if size else 0, chunk):
        part = rows[start : start + chunk]
        companion = np.tile(np.eye(size, k=-num_channels), (len(part), 1, 1))
        companion[:, :num_channels] = part
        found[start : start + chunk] = np.abs(np.linalg.eigvals(companion)).max(axis=1)
    return found


def damping(radii: ArrayLike, lags: NDArray) -> NDArray:
    """Factors `r^-k` of the coefficients of lag k: they move every root towards 0 by 1 / r.

    Args:
        radii: r, above 0, `(num_systems,)`.
        lags: 1-based lags, `(num_lags,)`.

    Returns:
        `(num_systems, num_lags)`.

    Example:
        >>> import numpy as np
        >>> damping([2.0], np.array([1, 2])).tolist()
        [[0.5, 0.25]]
    """
    return np.asarray(radii, dtype=np.float64)[:, None] ** -np.asarray(lags, dtype=np.float64)
