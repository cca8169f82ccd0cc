"""Vector autoregression: the channels of a system forecast each other, with analytic errors."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from forecast.baselines.window import Past, WindowModel
from forecast.protocol import StateBatch

__all__ = ["VARModel", "error_covariances"]

# Share of the largest eigenvalue below which the innovations of two channels are the same.
_LEAST_CORRELATION = 1e-8


class VARModel(WindowModel):
    """`y[t+1] = c + d (t+1) + sum_k A_k y[t+1-k]`, y a vector of channels; one fit a system.

    A system is `num_channels` consecutive rows, its channels in order.

    Args:
        coefficients: A, `(num_systems, num_lags, num_channels, num_channels)`; `A[s, k, i, j]`
            is what lag k + 1 of channel j adds to channel i.
        intercepts: c, `(num_systems, num_channels)`.
        slopes: d, `(num_systems, num_channels)`; steps are counted from 1.
        centres: mean of each channel; stands in for lags before the system began, `(num_systems,
            num_channels)`.
        covariances: of the one-step errors, `(num_systems, num_channels, num_channels)`.
    """

    saved_arrays: ClassVar[tuple[str, ...]] = (
        "coefficients", "intercepts", "slopes", "centres", "covariances"
    )  # fmt: skip

    def __init__(
        self,
        coefficients: NDArray,
        intercepts: NDArray,
        slopes: NDArray,
        centres: NDArray,
        covariances: NDArray,
    ) -> None:
        """Store the fit."""
        super().__init__(window_length=coefficients.shape[1], block_length=1)
        self.num_channels = coefficients.shape[2]
        self.coefficients = coefficients
        self.intercepts = intercepts
        self.slopes = slopes
        self.centres = centres
        self.covariances = covariances
        self.uses_clock = bool(slopes.any())
        # Forecasts are made of deviations from the centres, so that a missing lag can be a zero.
        self._levels = intercepts + np.einsum("spij,sj->si", coefficients, centres)
        # (num_systems, num_channels * num_lags, num_channels), rows in the order of a window.
        flipped = coefficients[:, ::-1].transpose(0, 3, 1, 2)
        self._weights = flipped.reshape(len(coefficients), -1, self.num_channels)

    def emit(self, past: Past, num_steps: int, future: NDArray) -> NDArray:  # noqa: ARG002
        """See `WindowModel`; rows are systems, channel fastest."""
        systems = past.series[:: self.num_channels] // self.num_channels
        window = past.window.reshape(len(systems), self.num_channels, self.window_length)
        centred = np.nan_to_num(window - self.centres[systems, :, None])
        run = _run_length(systems)  # neighbours of one system share a product
        stacked = centred.reshape(-1, run, self.num_channels * self.window_length)
        moved = stacked @ self._weights[systems[::run]]
        clock = (past.clock + past.offset)[:: self.num_channels, None]
        levels = self._levels[systems] + self.slopes[systems] * (clock + 1)
        return (moved.reshape(levels.shape) + levels).reshape(-1, 1)

    def completed(self, past: Past, forecasts: NDArray, values: NDArray) -> NDArray:
        """See `WindowModel`; what other channels show of a step tells of the missing ones.

        `E[y_m | y_o] = f_m + S_mo S_oo^-1 (y_o - f_o)`, S the covariance of the innovations, m the
        missing and o the observed channels.
        """
        count = self.num_channels
        errors = (values - forecasts).reshape(-1, count)
        known = ~np.isnan(errors)
        partly = np.flatnonzero(known.any(axis=1) & ~known.all(axis=1))
        told = np.zeros(errors.shape)
        systems = past.series[::count][partly] // count
        told[partly] = _told(errors[partly], self.covariances[systems])
        return np.where(known.ravel(), values, forecasts + told.ravel())

    def deviations(self, state: StateBatch, horizon: int) -> NDArray:
        """Standard deviations of the forecast errors, known parameters assumed.

        `MSE[h] = sum_{i<h} Phi_i Sigma Phi_i'`, Phi the moving-average coefficients.

        Args:
            state: states of `num_rows` channels of whole systems.
            horizon: steps ahead.

        Returns:
            Array of shape `(num_rows, horizon)`.

        Source: Luetkepohl, New Introduction to Multiple Time Series Analysis, 2.2.
        """
        systems = state.arrays["series"][:: self.num_channels] // self.num_channels
        needed, back = np.unique(systems, return_inverse=True)
        covariances = error_covariances(
            self.coefficients[needed], self.covariances[needed], horizon
        )  # fmt: skip
        variances = np.diagonal(covariances, axis1=2, axis2=3).transpose(0, 2, 1)
        return np.sqrt(np.maximum(variances, 0.0))[back].reshape(-1, horizon)

    @classmethod
    def from_saved(cls, settings: dict[str, Any], arrays: dict[str, NDArray]) -> VARModel:
        """The model that `to_saved` gave the settings and arrays of; refuses other shapes."""
        systems, _, channels, inputs = arrays["coefficients"].shape
        shapes = {arrays[name].shape for name in ("intercepts", "slopes", "centres")}
        square = arrays["covariances"].shape == (systems, channels, channels)
        if shapes != {(systems, channels)} or channels != inputs or not square:
            raise ValueError("the arrays of a vector autoregression do not fit together.")
        return super().from_saved(settings, arrays)


def error_covariances(coefficients: NDArray, covariances: NDArray, horizon: int) -> NDArray:
    """Covariance of the forecast error at each step ahead.

    Args:
        coefficients: A, `(num_systems, num_lags, num_channels, num_channels)`.
        covariances: of the innovations, `(num_systems, num_channels, num_channels)`.
        horizon: steps ahead, at least 1.

    Returns:
        Array of shape `(num_systems, horizon, num_channels, num_channels)`.

    Example:
        >>> import numpy as np
        >>> half = np.full((1, 1, 1, 1), 0.5)
        >>> error_covariances(half, np.ones((1, 1, 1)), horizon=3).ravel().tolist()
        [1.0, 1.25, 1.3125]
    """
    num_systems, num_lags, num_channels, _ = coefficients.shape
    moving = np.zeros((num_systems, horizon, num_channels, num_channels))
    moving[:, 0] = np.eye(num_channels)
    for step in range(1, horizon):
        for lag in range(1, min(step, num_lags) + 1):
            moving[:, step] += moving[:, step - lag] @ coefficients[:, lag - 1]
    terms = moving @ covariances[:, None] @ moving.transpose(0, 1, 3, 2)
    return np.cumsum(terms, axis=1)


def _told(errors: NDArray, covariances: NDArray) -> NDArray:
    """Expected errors of all channels given those known, `(num_systems, num_channels)`."""
    known = ~np.isnan(errors)
    size = np.sqrt(np.diagonal(covariances, axis1=1, axis2=2))
    size = np.where(size > 0.0, size, 1.0)
    correlations = covariances / (size[:, :, None] * size[:, None, :])
    shown = correlations * (known[:, :, None] & known[:, None, :])
    weights = np.linalg.pinv(shown, rcond=_LEAST_CORRELATION, hermitian=True)
    scaled = np.where(known, errors / size, 0.0)
    return (correlations @ (weights @ scaled[:, :, None]))[:, :, 0] * size


def _run_length(systems: NDArray) -> int:
    """Longest length that every run of equal entries is a multiple of."""
    borders = np.flatnonzero(np.diff(systems)) + 1
    lengths = np.diff(np.concatenate([[0], borders, [len(systems)]]))
    return int(np.gcd.reduce(lengths)) or 1
