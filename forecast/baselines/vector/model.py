"""Vector autoregression: the channels of a system forecast each other, with analytic errors."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from forecast.baselines.vector.sums import SystemSums, packed, unpacked
from forecast.baselines.window import Past, WindowModel
from forecast.protocol import Block, StateBatch, Static

__all__ = ["VARModel", "error_covariances"]

# Share of the largest eigenvalue below which the innovations of two channels are the same.
_LEAST_CORRELATION = 1e-8
# What learning moves, in the order of `SystemSums.solve`.
_MOVING = ("coefficients", "intercepts", "slopes", "covariances")
_SUMS = "sums."


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
        sums: what `learn` adds newer rows to, None for a system that was not fitted; or why there
            is nothing, in a sentence.
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
        sums: tuple[SystemSums | None, ...] | str = "it was not fitted here; call fit(df)",
    ) -> None:
        """Store the fit."""
        super().__init__(window_length=coefficients.shape[1], block_length=1)
        self.num_channels = coefficients.shape[2]
        self.coefficients = coefficients
        self.intercepts = intercepts
        self.slopes = slopes
        self.centres = centres
        self.covariances = covariances
        self.sums = sums
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

    def init_state(self, num_rows: int, static: Static) -> StateBatch:
        """See `WindowModel`; `run` counts the newest values that were all observed."""
        state = super().init_state(num_rows, static)
        run = np.zeros(num_rows, dtype=np.int64)
        return replace(state, arrays={**state.arrays, "run": run})

    @staticmethod
    def _advance(
        state: StateBatch, past: Past, values: NDArray, block: Block, memory: NDArray
    ) -> StateBatch:
        after = WindowModel._advance(state, past, values, block, memory)
        missing, steps = block.valid & ~block.observed, np.arange(1, block.num_steps + 1)
        last = np.where(missing, steps, 0).max(axis=1)
        before = np.where(last > 0, 0, state.arrays["run"])
        run = before + block.valid.sum(axis=1) - last
        return replace(after, arrays={**after.arrays, "run": run})

    def learn(self, state: StateBatch, block: Block) -> VARModel:
        """See `forecast.protocol.Learns`: each system's regression on all rows, old and new.

        Numbers of lags and penalties (as shares of the variance) stay as they were chosen; an
        explosive fit is damped as in the fit. Steps at which a channel or a lag was not observed
        teach nothing, and so do systems that fell back to their last value.

        Raises:
            ValueError: for a fit whose rows cannot be added to.
        """
        if isinstance(self.sums, str):
            raise ValueError(f"this VAR cannot learn from newer rows: {self.sums}.")
        sums, parts = list(self.sums), {name: getattr(self, name).copy() for name in _MOVING}
        for system, values, clock in self._systems_of(state, block):
            before = sums[system]
            lags = 0 if before is None else max(before.order, 1)
            begin = values.shape[0] - block.num_steps - lags
            after = None if before is None else before.after(values[begin:], clock - lags)
            if after is not None:
                sums[system] = after
                found = after.solve()
                parts["coefficients"][system] = 0.0
                parts["coefficients"][system, : len(found[0])] = found[0]
                for name, numbers in zip(_MOVING[1:], found[1:], strict=True):
                    parts[name][system] = numbers
        return VARModel(**parts, centres=self.centres, sums=tuple(sums))

    def _systems_of(
        self, state: StateBatch, block: Block
    ) -> Iterator[tuple[int, NDArray, int]]:  # fmt: skip
        """Each system's position, window and block, NaN where unknown, and steps before it."""
        ages = np.arange(self.window_length, 0, -1)
        known = ages <= state.arrays["run"][:, None]
        window = np.where(known, state.arrays["window"], np.nan)
        values = np.where(block.observed, block.values, np.nan)
        joined = np.concatenate([window, values], axis=1)
        time = state.clock + state.arrays["offset"]
        for first in range(0, len(joined), self.num_channels):
            system = int(state.arrays["series"][first]) // self.num_channels
            yield system, joined[first : first + self.num_channels].T, int(time[first])

    def to_saved(self) -> tuple[dict[str, Any], dict[str, NDArray]]:
        """See `WindowModel`."""
        settings, arrays = super().to_saved()
        if isinstance(self.sums, str):
            return {**settings, "sums": self.sums}, arrays
        trends = [one.trend for one in self.sums if one is not None]
        kept = {_SUMS + name: array for name, array in packed(self.sums).items()}
        return {**settings, "trend": trends[0] if trends else "n"}, {**arrays, **kept}

    @classmethod
    def from_saved(cls, settings: dict[str, Any], arrays: dict[str, NDArray]) -> VARModel:
        """The model that `to_saved` gave the settings and arrays of; refuses other shapes."""
        settings, kept = dict(settings), {}
        for name in [name for name in arrays if name.startswith(_SUMS)]:
            kept[name.removeprefix(_SUMS)] = arrays[name]
        arrays = {name: array for name, array in arrays.items() if not name.startswith(_SUMS)}
        systems, _, channels, inputs = arrays["coefficients"].shape
        shapes = {arrays[name].shape for name in ("intercepts", "slopes", "centres")}
        square = arrays["covariances"].shape == (systems, channels, channels)
        if shapes != {(systems, channels)} or channels != inputs or not square:
            raise ValueError("the arrays of a vector autoregression do not fit together.")
        if kept:
            sums = unpacked(kept, settings.pop("trend"), channels)
            longest = max((one.order for one in sums if one is not None), default=0)
            if len(sums) != systems or longest > arrays["coefficients"].shape[1]:
                raise ValueError(
                    "the sums of a vector autoregression are not those of its systems."
                )
            settings["sums"] = sums
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
