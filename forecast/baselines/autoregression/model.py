"""Autoregression of each series on its own lags: the model and its state."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from forecast.baselines.autoregression.filter import GapFilter, Uncertainty
from forecast.baselines.autoregression.terms import Deterministic
from forecast.protocol import Block, Feedback, StateBatch, Static

__all__ = ["STATISTICS", "ARForm", "ARModel", "ARParameters"]

STATISTICS = ("num_rows", "num_parameters", "rank", "explosive", "shortened", "rounds")
"""What is kept of how each series was fitted."""
# Numbers that are worked on in one go.
_BATCH_NUMBERS = 250_000
_FILTER_NUMBERS = 8_000_000


@dataclass(frozen=True)
class ARForm:
    """What the equation looks like.

    Args:
        trend: see `Terms`.
        period: phases with a dummy; 1 for none.
        logarithm: the equation is in `log(1 + y)`.
        num_slots: unknown values of a window whose covariance is kept.
    """

    trend: str
    period: int
    logarithm: bool
    num_slots: int


@dataclass(frozen=True, eq=False)
class ARParameters:
    """The numbers of the equation, a row a series.

    Args:
        lags: 1-based lags, increasing, `(num_lags,)`; at least one.
        coefficients: a, `(num_series, num_lags)`.
        deterministic: d, of the terms in `Deterministic.names`, `(num_series, num_terms)`.
        covariates: b, `(num_series, num_covariates)`.
        variances: of the innovations, `(num_series,)`.
        centres: mean of each series; stands in for lags before the series began, `(num_series,)`.
        statistics: see `STATISTICS`, `(num_series, len(STATISTICS))`.
    """

    lags: NDArray
    coefficients: NDArray
    deterministic: NDArray
    covariates: NDArray
    variances: NDArray
    centres: NDArray
    statistics: NDArray


class ARModel:
    """`y[t] = d'z[t] + sum_k a_k y[t-lag_k] + b'x[t] + e[t]`, one equation a series, recursive.

    The state is the window of the newest values. Where some were not observed, it holds their
    conditional means, and their covariance beside it (see `GapFilter`).

    Args:
        form: what the equation looks like.
        parameters: its numbers.
    """

    block_length = 1

    def __init__(self, form: ARForm, parameters: ARParameters) -> None:
        """Store the fit."""
        self.form, self.parameters = form, parameters
        self.window_length = int(parameters.lags.max())
        self._terms = Deterministic(form.trend, form.period)

    @property
    def lags(self) -> NDArray:
        """1-based lags, `(num_lags,)`."""
        return self.parameters.lags

    @property
    def coefficients(self) -> NDArray:
        """Coefficients of the lags, `(num_series, num_lags)`."""
        return self.parameters.coefficients

    def statistic(self, name: str) -> NDArray:
        """One of `STATISTICS`, `(num_series,)`."""
        return self.parameters.statistics[:, STATISTICS.index(name)]

    def encode(self, values: NDArray) -> NDArray:
        """Values of the series in the unit of the window; below 0 counts as 0 in logarithms."""
        return np.log1p(np.maximum(values, 0.0)) if self.form.logarithm else values

    def decode(self, values: NDArray) -> NDArray:
        """Values of the window in the unit of the series; the exponential is cut, not infinite."""
        return np.expm1(np.minimum(values, 600.0)) if self.form.logarithm else values

    def init_state(self, num_rows: int, static: Static) -> StateBatch:
        """See `forecast.protocol.Model`."""
        window = np.full((num_rows, self.window_length), np.nan)
        nothing = Uncertainty.none(num_rows, self.form.num_slots)
        arrays = _arrays(window, np.asarray(static.series, dtype=np.int64), nothing)
        return StateBatch(arrays, *np.zeros((2, num_rows), dtype=np.int64))

    def observe(self, state: StateBatch, block: Block) -> tuple[StateBatch, NDArray]:
        """See `forecast.protocol.Model`; all steps at once, rows with gaps through the filter."""
        window, rows = state.arrays["window"], state.arrays["series"]
        values = self.encode(np.where(block.observed, block.values, np.nan))
        series = np.concatenate([self._known(window, rows), values], axis=1)
        base = self._base(state, block.num_steps, block.covariates)
        unknown = Uncertainty(state.arrays["ages"], state.arrays["covariance"])
        gaps = unknown.any | (block.valid & ~block.observed).any(axis=1)
        one_step = np.full(base.shape, np.nan)
        for part in _parts(np.flatnonzero(gaps), series.shape[1] + self.form.num_slots**2):
            walk = self._filter(rows[part], series[part], unknown.take(part), base[part])
            unknown = unknown.put(part, walk.run(block.valid[part]))
            series[part], one_step[part] = walk.series, walk.forecasts
        self._fill(one_step, rows, series, base)
        one_step[state.clock == 0, 0] = np.nan
        newest = block.valid.sum(axis=1)[:, None] + np.arange(self.window_length)
        series[:, : self.window_length][np.isnan(window)] = np.nan
        arrays = _arrays(np.take_along_axis(series, newest, axis=1), rows, unknown)
        return state.advance(arrays, block), self.decode(one_step)

    def rollout(
        self, state: StateBatch, horizon: int, feedback: Feedback, future: NDArray
    ) -> NDArray:
        """See `forecast.protocol.Model`; step after step."""
        rows, num_paths, length = state.arrays["series"], feedback.num_paths, self.window_length
        base = self._base(state, horizon, future)
        weights = self.coefficients[rows]
        series = np.empty((len(rows), num_paths, length + horizon))
        series[:, :, :length] = self._known(state.arrays["window"], rows)[:, None]
        values = np.empty((len(rows), num_paths, horizon))
        for step in range(horizon):
            lagged = series[:, :, length + step - self.lags]
            emitted = np.einsum("npl,nl->np", lagged, weights) + base[:, step, None]
            fed = feedback(self.decode(emitted)[:, :, None], step)
            values[:, :, step : step + 1] = fed
            series[:, :, length + step] = self.encode(fed)[:, :, 0]
        return values

    def deviations(self, state: StateBatch, horizon: int) -> NDArray:
        """Standard deviation of the forecast error at each step, `(num_rows, horizon)`.

        `sigma^2 (1 + psi_1^2 + ... + psi_(h-1)^2)`, the psi weights of the moving average that the
        equation stands for; where values of the window are unknown, their covariance besides.
        Coefficients count as known. In the unit of the window (see `encode`).
        """
        rows = state.arrays["series"]
        weights, psi = self.coefficients[rows], np.zeros((len(rows), horizon))
        psi[:, 0] = 1.0
        for step in range(1, horizon):
            near = self.lags <= step
            psi[:, step] = (psi[:, step - self.lags[near]] * weights[:, near]).sum(axis=1)
        spread = self.parameters.variances[rows, None] * np.cumsum(psi**2, axis=1)
        unknown = Uncertainty(state.arrays["ages"], state.arrays["covariance"])
        slots = min(self.window_length, self.form.num_slots + horizon)
        for part in _parts(np.flatnonzero(unknown.any), slots**2 + horizon):
            ahead = np.full((len(part), self.window_length + horizon), np.nan)
            ahead[:, : self.window_length] = 0.0
            before = unknown.take(part).widened(slots)
            walk = self._filter(rows[part], ahead, before, np.zeros((len(part), horizon)))
            walk.run(np.ones((len(part), horizon), dtype=bool))
            known = np.isnan(walk.spreads)
            spread[part] = np.where(
                known, self.parameters.variances[rows[part], None], walk.spreads
            )
        return np.sqrt(spread)

    def to_saved(self) -> tuple[dict[str, Any], dict[str, NDArray]]:
        """What a bundle keeps of the model: settings for JSON, and arrays."""
        return asdict(self.form), dict(vars(self.parameters))

    @classmethod
    def from_saved(cls, settings: dict[str, Any], arrays: dict[str, NDArray]) -> Self:
        """The model that `to_saved` gave the settings and arrays of."""
        return cls(ARForm(**settings), ARParameters(**arrays))

    def _known(self, window: NDArray, rows: NDArray) -> NDArray:
        """The window with the mean where the series had not begun."""
        return np.where(np.isnan(window), self.parameters.centres[rows, None], window)

    def _base(self, state: StateBatch, num_steps: int, covariates: NDArray) -> NDArray:
        """Terms and covariates at the next steps, `(num_rows, num_steps)`."""
        rows = state.arrays["series"]
        level = self._terms.level(self.parameters.deterministic[rows], state.clock, num_steps)
        if not self.parameters.covariates.shape[1]:
            return level
        return level + np.einsum("nsc,nc->ns", covariates, self.parameters.covariates[rows])

    def _filter(self, rows, series, before: Uncertainty, base) -> GapFilter:
        polynomial = np.zeros((len(rows), self.window_length))
        polynomial[:, self.lags - 1] = self.coefficients[rows]
        return GapFilter(polynomial, self.parameters.variances[rows], series, before, base)

    def _fill(self, one_step: NDArray, rows: NDArray, series: NDArray, base: NDArray) -> None:
        """Forecasts that the filter has not made, in place: lag after lag over whole rows."""
        length, num_steps = self.window_length, base.shape[1]
        for part in _parts(np.arange(len(rows)), length + num_steps, _BATCH_NUMBERS):
            weights, known = self.coefficients[rows[part]], series[part]
            total = base[part].copy()
            for lag, weight in zip(self.lags, weights.T, strict=True):
                total += weight[:, None] * known[:, length - lag : length - lag + num_steps]
            one_step[part] = np.where(np.isnan(one_step[part]), total, one_step[part])


def _arrays(window: NDArray, series: NDArray, unknown: Uncertainty) -> dict[str, NDArray]:
    return {
        "window": window,
        "series": series,
        "ages": unknown.ages,
        "covariance": unknown.covariance,
    }


def _parts(rows: NDArray, numbers: int, most: int = _FILTER_NUMBERS) -> list[NDArray]:
    """Rows in parts of at most that many numbers."""
    step = max(1, most // max(numbers, 1))
    return [rows[start : start + step] for start in range(0, len(rows), step)]
