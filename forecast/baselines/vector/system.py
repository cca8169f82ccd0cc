"""Least squares of one system of channels: constant, trend and lags, ridge where rows are few."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from forecast.baselines.algebra.companion import TOLERANCE, spectral_radius
from forecast.baselines.algebra.gram import Gram
from forecast.baselines.algebra.ridge_path import choose_ridge, ridge_path
from forecast.baselines.algebra.solver import solve_centred

__all__ = ["SystemFit", "damped", "deterministic", "fit_system", "matrices", "regression"]

# Rows a coefficient below which least squares gives way to ridge.
_FEWEST_ROWS = 2
_BISECTIONS = 12
# Ridge tried, as shares of the variance.
_RIDGES = np.logspace(-5, 2, 22)


@dataclass(frozen=True, eq=False)
class SystemFit:
    """The fit of one system.

    Args:
        coefficients: A, `(num_lags, num_channels, num_channels)`.
        intercept: c, `(num_channels,)`.
        slope: d, `(num_channels,)`.
        residuals: of the rows used, `(num_rows, num_channels)`.
        num_columns: coefficients of an equation (as many as ridge leaves free).
        ridge: the penalty used.
        radius: spectral radius as estimated, before an explosive fit was damped.
        gram: sums of the rows, see `SystemSums`.
    """

    coefficients: NDArray
    intercept: NDArray
    slope: NDArray
    residuals: NDArray
    num_columns: float
    ridge: float
    radius: float
    gram: Gram

    @property
    def damped(self) -> bool:
        """Whether the coefficients were shrunk because they would have exploded."""
        return self.radius > 1.0 + TOLERANCE

    @property
    def covariance(self) -> NDArray:
        """Covariance of the innovations, by the degrees of freedom left."""
        free = max(len(self.residuals) - self.num_columns, 1.0)
        return self.residuals.T @ self.residuals / free


def regression(values: NDArray, num_lags: int) -> tuple[NDArray, NDArray, NDArray]:
    """Rows whose target and lags are all observed.

    Args:
        values: `(num_steps, num_channels)`, NaN where missing.
        num_lags: lags in the design, at least 1.

    Returns:
        Lags, nearest first and channel fastest, `(num_rows, num_lags * num_channels)`; targets,
        `(num_rows, num_channels)`; and the step of each target, counted from 1, `(num_rows,)`.
    """
    num_steps, num_channels = values.shape
    if num_steps <= num_lags:
        return np.empty((0, num_lags * num_channels)), np.empty((0, num_channels)), np.empty(0)
    windows = sliding_window_view(values, num_lags + 1, axis=0)[:, :, ::-1].transpose(0, 2, 1)
    known = ~np.isnan(windows).any(axis=(1, 2))
    rows = windows[known].reshape(-1, (num_lags + 1) * num_channels)
    steps = np.flatnonzero(known) + num_lags + 1.0
    return rows[:, num_channels:], rows[:, :num_channels], steps


def fit_system(
    values: NDArray, num_lags: int, trend: str = "c", ridge: float | None = None
) -> SystemFit:
    """Fit one system: `min_{c,d,A} sum_t |y[t] - c - d t - sum_k A_k y[t-k]|^2`, plus ridge.

    Args:
        values: `(num_steps, num_channels)`, NaN where missing.
        num_lags: number of lags; 0 for constant and trend alone.
        trend: "n" (none), "c" (constant) or "ct" (constant and linear trend).
        ridge: penalty as a share of the variance; None for least squares, and for one chosen by
            generalised cross-validation where a coefficient has fewer than two rows.

    Returns:
        The fit; without lags its one matrix is zero.
    """
    design, target, steps = regression(values, max(num_lags, 1))
    terms = deterministic(steps, trend)
    lags = design[:, : num_lags * target.shape[1]]
    basis = np.linalg.qr(terms)[0]
    left, moved = _without(basis, lags), _without(basis, target)
    products = left.T @ left, left.T @ moved
    gram = _gram((lags, target, terms), moved, products)
    if not num_lags:
        slopes = np.zeros((design.shape[1], target.shape[1]))
        return _completed(slopes, (design, target, terms), (terms.shape[1], 0.0, 0.0), gram)
    chosen, free = _penalty(left, moved, ridge, terms.shape[1])
    slopes = _ridge((left, moved), products, np.abs(design).mean(axis=0), chosen)
    slopes, radius = damped(slopes)
    return _completed(slopes, (design, target, terms), (free, chosen, radius), gram)


def _gram(
    rows: tuple[NDArray, NDArray, NDArray], moved: NDArray, products: tuple[NDArray, NDArray]
) -> Gram:
    """Sums of lags, the step if there is a trend, and targets, from what the terms leave of them.

    About the mean where there is a constant, else about zero. What time explains is added back,
    `S = S_rest + s s' / s_tt` with s the sums with time.
    """
    (lags, target, terms), (inner, cross) = rows, products
    second = np.block([[inner, cross], [cross.T, moved.T @ moved]])
    mean = np.concatenate([lags.mean(axis=0), target.mean(axis=0)]) * bool(terms.shape[1])
    if terms.shape[1] == 2:
        at, middle = inner.shape[0], terms[:, 1].mean()
        time = terms[:, 1] - middle
        shared = np.concatenate([time @ lags, [time @ time], time @ target])
        second = np.insert(np.insert(second, at, 0.0, axis=0), at, 0.0, axis=1)
        second, mean = second + np.outer(shared, shared) / shared[at], np.insert(mean, at, middle)
    return Gram(np.array(float(len(target))), mean, second, target.shape[1])


def _completed(
    slopes: NDArray, rows: tuple[NDArray, ...], facts: tuple[float, float, float], gram: Gram
) -> SystemFit:
    """The fit with these coefficients on lags: constant and trend follow from what they leave."""
    design, target, terms = rows
    left = target - design @ slopes
    means = np.linalg.lstsq(terms, left, rcond=None)[0]
    intercept, slope = np.pad(means, ((0, 2 - len(means)), (0, 0)))
    return SystemFit(matrices(slopes), intercept, slope, left - terms @ means, *facts, gram)


def damped(slopes: NDArray) -> tuple[NDArray, float]:
    """The slopes, drawn towards the last values where they explode, and the radius before.

    `A <- (1 - s) A + s E`, E the random walk's, s the smallest share that keeps roots within 1.01.
    """
    radius = float(spectral_radius(matrices(slopes)[None])[0])
    low, high = 0.0, 0.0 if radius <= 1.0 + TOLERANCE else 1.0
    walk = np.eye(*slopes.shape)
    for _ in range(_BISECTIONS if high else 0):
        middle = (low + high) / 2.0
        mixed = matrices((1.0 - middle) * slopes + middle * walk)
        beyond = spectral_radius(mixed[None])[0] > 1.0 + TOLERANCE
        low, high = (middle, high) if beyond else (low, middle)
    return (1.0 - high) * slopes + high * walk, radius


def matrices(slopes: NDArray) -> NDArray:
    """Slopes, `(num_lags * num_channels, num_channels)`, as one matrix a lag."""
    num_channels = slopes.shape[1]
    return slopes.reshape(-1, num_channels, num_channels).transpose(0, 2, 1)


def deterministic(steps: NDArray, trend: str) -> NDArray:
    """The columns of the trend, `(num_rows, num_terms)`."""
    columns = {"n": [], "c": [np.ones(len(steps))], "ct": [np.ones(len(steps)), steps]}[trend]
    return np.stack(columns, axis=1) if columns else np.empty((len(steps), 0))


def _without(basis: NDArray, columns: NDArray) -> NDArray:
    """What an orthonormal basis leaves of the columns."""
    return columns - basis @ (basis.T @ columns)


def _ridge(
    rows: tuple[NDArray, NDArray],
    products: tuple[NDArray, NDArray],
    sizes: NDArray,
    ridge: float,
) -> NDArray:
    """Coefficients on columns without their trend; least squares are refined once.

    The second pass solves for the residuals of the first: it takes the error of a Gram matrix
    from the square of the condition number to that of an orthogonal factorisation.
    """
    (left, moved), (inner, cross) = rows, products
    covariance, slopes = (inner / len(left))[None], np.zeros(cross.shape)
    for again in range(1 if ridge else 3):
        cross = left.T @ (moved - left @ slopes) if again else cross
        found = solve_centred(covariance, (cross / len(left))[None], sizes[None], ridge)
        slopes = slopes + found.coefficients[0]
    return slopes


def _penalty(
    left: NDArray, moved: NDArray, ridge: float | None, num_terms: int
) -> tuple[float, float]:
    """The ridge, and the coefficients that it leaves free, those of the trend included."""
    num_rows, num_columns = left.shape
    plenty = num_rows >= _FEWEST_ROWS * (num_columns + num_terms)
    if ridge == 0.0 or (ridge is None and plenty):
        return 0.0, num_columns + num_terms
    sizes = np.sqrt(np.mean(moved**2, axis=0))
    rows = np.concatenate([left, moved / np.where(sizes > 0.0, sizes, 1.0)], axis=1)
    gram = Gram(np.array(float(num_rows)), np.zeros(rows.shape[1]), rows.T @ rows, moved.shape[1])
    path = ridge_path(gram, num_terms)
    if ridge is None:
        ridge = float(choose_ridge(path, _RIDGES)[0])
    return ridge, float(path.degrees_of_freedom(ridge))
