"""Autoregression of each series on its own lags, in closed form."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from forecast.baselines.solver import solve_ridge
from forecast.baselines.window import Past, WindowModel
from forecast.pipelines import Panel

__all__ = ["ARModel", "estimate_ar"]

# A fit needs this many rows beyond its coefficients; a shorter series falls back to its last value.
_SPARE_ROWS = 4


class ARModel(WindowModel):
    """`y[t+1] = b + sum_k a_k y[t+1-lag_k]`, one set of coefficients a series, recursive.

    Args:
        lags: 1-based lags, increasing.
        coefficients: a, `(num_series, num_lags)`.
        intercepts: b, `(num_series,)`.
        centres: mean of each series; stands in for lags before the series began, `(num_series,)`.
    """

    saved_arrays: ClassVar[tuple[str, ...]] = ("lags", "coefficients", "intercepts", "centres")

    def __init__(
        self, lags: NDArray, coefficients: NDArray, intercepts: NDArray, centres: NDArray
    ) -> None:
        """Store the fit."""
        super().__init__(window_length=int(max(lags)), block_length=1)
        self.lags = np.asarray(lags, dtype=np.int64)
        self.coefficients = coefficients
        self.intercepts = intercepts
        self.centres = centres

    def emit(self, past: Past, num_steps: int) -> NDArray:  # noqa: ARG002 (always 1)
        """See `WindowModel`."""
        lagged = past.window[:, self.window_length - self.lags]
        centred = np.nan_to_num(lagged - self.centres[past.series, None])
        forecast = np.einsum("nl,nl->n", centred, self.coefficients[past.series])
        return (forecast + self.intercepts[past.series])[:, None]


def estimate_ar(panel: Panel, lags: NDArray, ridge: float) -> tuple[ARModel, NDArray]:
    """Fit each series on the rows whose target and lags are all observed.

    A series with too few such rows falls back to its last value (coefficient 1 on lag 1).

    Args:
        panel: training series.
        lags: 1-based lags, increasing.
        ridge: penalty as a share of the variance, at least 0.

    Returns:
        The model, and the positions of the series that fell back.
    """
    num_series = panel.num_series
    coefficients = np.zeros((num_series, len(lags)))
    intercepts, centres = np.zeros(num_series), np.zeros(num_series)
    fell_back = []
    for index in range(num_series):
        values = panel.row(index)
        centres[index] = np.nanmean(values) if len(values) else 0.0
        centred = values - centres[index]
        design, target = _lag_rows(centred, lags)
        if len(target) < len(lags) + 1 + _SPARE_ROWS:
            fell_back.append(index)
            intercepts[index] = centres[index]
            continue
        coefficients[index], intercept = solve_ridge(design, target, ridge)
        intercepts[index] = intercept + centres[index]
    if fell_back and lags[0] > 1:  # the last value is lag 1, whatever lags were asked for
        lags, coefficients = np.insert(lags, 0, 1), np.insert(coefficients, 0, 0.0, axis=1)
    coefficients[fell_back, 0] = 1.0
    return ARModel(lags, coefficients, intercepts, centres), np.array(fell_back, dtype=np.int64)


def _lag_rows(values: NDArray, lags: NDArray) -> tuple[NDArray, NDArray]:
    """Rows `(y[t-lag_1], ...)` and targets `y[t]` without a missing value among them."""
    longest = int(max(lags))
    if len(values) <= longest:
        return np.empty((0, len(lags))), np.empty(0)
    windows = sliding_window_view(values, longest + 1)
    rows = windows[:, longest - lags]
    known = ~(np.isnan(rows).any(axis=1) | np.isnan(windows[:, -1]))
    return rows[known], windows[known, -1]
