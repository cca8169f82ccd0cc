"""Autoregression of each series on its own lags: the model and its state."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from forecast.baselines.autoregression.filter import GapFilter, Uncertainty
from forecast.baselines.autoregression.learning import NewRows, learn_rows
from forecast.baselines.autoregression.memory import ARMemory
from forecast.baselines.autoregression.parameters import STATISTICS, ARForm, ARParameters
from forecast.baselines.autoregression.terms import Deterministic
from forecast.baselines.power import Power
from forecast.dynamics import Dynamics
from forecast.protocol import Block, Feedback, StateBatch, Static

__all__ = ["ARModel"]

# Numbers that are worked on in one go.
_BATCH_NUMBERS = 64_000
_FILTER_NUMBERS = 8_000_000
_MEMORY = "memory."


class ARModel:
    """`y[t] = d'z[t] + sum_k a_k y[t-lag_k] + b'x[t] + e[t]`, one equation a series, recursive.

    The state is the window of the newest values. Where some were not observed, it holds their
    conditional means, and the lower triangle of their covariance beside it (see `GapFilter`).

    Args:
        form: what the equation looks like.
        parameters: its numbers.
        memory: sums of the rows that the fit has seen; or why there are none, in a sentence (empty
            where nothing was fitted, as in a naive forecast).
    """

    block_length = 1
    dynamics = Dynamics(("window",))

    def __init__(
        self, form: ARForm, parameters: ARParameters, memory: ARMemory | str = ""
    ) -> None:  # fmt: skip
        """Store the fit."""
        self.form, self.parameters, self.memory = form, parameters, memory
        self.window_length = int(parameters.lags.max())
        self._terms = Deterministic(form.trend, form.period)
        self.uses_clock = self._terms.num_regressors > 0
        self.can_learn = memory != ""
        self._power = Power(0.0 if form.logarithm else 1.0)

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
        return self._power.encode(values)

    def decode(self, values: NDArray) -> NDArray:
        """Values of the window in the unit of the series; the exponential is cut, not infinite."""
        return self._power.decode(values)

    def init_state(self, num_rows: int, static: Static) -> StateBatch:
        """See `forecast.protocol.Model`."""
        window = np.full((num_rows, self.window_length), np.nan)
        nothing = Uncertainty.none(num_rows, self.form.num_slots)
        arrays = {
            "window": window,
            "series": np.asarray(static.series, dtype=np.int64),
            "offset": static.offset,
            "ages": nothing.ages,
            "covariance": nothing.packed,
        }
        return StateBatch(arrays, *np.zeros((2, num_rows), dtype=np.int64))

    def observe(self, state: StateBatch, block: Block) -> tuple[StateBatch, NDArray]:
        """See `forecast.protocol.Model`; all steps at once, rows with gaps through the filter."""
        one_step = np.empty(block.values.shape)
        after = self._walk(state, block, one_step)
        one_step[state.clock == 0, 0] = np.nan
        return after, self.decode(one_step)

    def absorb(self, state: StateBatch, block: Block) -> StateBatch:
        """See `forecast.protocol.Absorbs`: only rows with gaps need the equation."""
        return self._walk(state, block, None)

    def rollout(
        self, state: StateBatch, horizon: int, feedback: Feedback, future: NDArray
    ) -> NDArray:
        """See `forecast.protocol.Model`; step after step."""
        rows, num_paths, length = state.arrays["series"], feedback.num_paths, self.window_length
        base = self._base(rows, _time(state), future)
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
        unknown = (state.arrays["ages"] > 0).any(axis=1)
        slots = min(self.window_length, self.form.num_slots + horizon)
        for part in _parts(np.flatnonzero(unknown), slots**2 + horizon):
            ahead = np.full((len(part), self.window_length + horizon), np.nan)
            ahead[:, : self.window_length] = 0.0
            before = _unknown(state.arrays, part).widened(slots)
            walk = self._filter(rows[part], ahead, before, np.zeros((len(part), horizon)))
            walk.run(np.ones((len(part), horizon), dtype=bool))
            known = np.isnan(walk.spreads)
            spread[part] = np.where(
                known, self.parameters.variances[rows[part], None], walk.spreads
            )
        return np.sqrt(spread)

    def learn(self, state: StateBatch, block: Block) -> ARModel:
        """See `forecast.protocol.Learns`: the regression on all rows, old and new.

        Lags, transform and penalty as a share (by generalised cross-validation, the penalty
        itself) stay as they were chosen; an explosive fit is shrunk as in the fit. Rows whose
        target or lags were not observed teach nothing, also in series that were estimated by
        expectation. (Of more unknown values than the state has slots the oldest count as known.)

        Raises:
            ValueError: for a fit whose rows cannot be added to.
        """
        if isinstance(self.memory, str):
            if self.memory:
                raise ValueError(f"this AR cannot learn from newer rows: {self.memory}.")
            return self
        window = state.arrays["window"].copy()
        rows, slots = np.nonzero(state.arrays["ages"])
        window[rows, self.window_length - state.arrays["ages"][rows, slots]] = np.nan
        values = self.encode(np.where(block.observed, block.values, np.nan))
        covariates = block.covariates[..., : self.parameters.covariates.shape[1]]
        newer = NewRows(
            state.arrays["series"], np.concatenate([window, values], axis=1), covariates,
            block.valid.sum(axis=1), state.clock, _time(state),
        )  # fmt: skip
        memory, parameters = learn_rows(self.memory, self.parameters, newer)
        return ARModel(self.form, parameters, memory)

    def to_saved(self) -> tuple[dict[str, Any], dict[str, NDArray]]:
        """What a bundle keeps of the model: settings for JSON, and arrays."""
        settings, arrays = asdict(self.form), dict(vars(self.parameters))
        if isinstance(self.memory, str):
            return settings | {"memory": self.memory}, arrays
        kept, sums = self.memory.to_saved()
        sums = {_MEMORY + name: array for name, array in sums.items()}
        return settings | {"memory": kept}, arrays | sums

    @classmethod
    def from_saved(cls, settings: dict[str, Any], arrays: dict[str, NDArray]) -> Self:
        """The model that `to_saved` gave the settings and arrays of."""
        form = dict(settings)
        memory = form.pop("memory", "")
        sums = {
            name.removeprefix(_MEMORY): array
            for name, array in arrays.items()
            if name.startswith(_MEMORY)
        }
        own = {name: array for name, array in arrays.items() if not name.startswith(_MEMORY)}
        if not isinstance(memory, str):
            terms = Deterministic(form["trend"], form["period"])
            memory = ARMemory.from_saved(memory, sums, terms, form["logarithm"])
            memory.check(ARParameters(**own))
        return cls(ARForm(**form), ARParameters(**own), memory)

    def _known(self, window: NDArray, rows: NDArray) -> NDArray:
        """The window with the mean where the series had not begun."""
        return np.where(np.isnan(window), self.parameters.centres[rows, None], window)

    def _base(self, rows: NDArray, time: NDArray, covariates: NDArray) -> NDArray:
        """Terms and covariates at the next steps, `(num_rows, num_steps)`."""
        parts = self.parameters
        level = self._terms.level(parts.deterministic[rows], time, covariates.shape[1])
        if not parts.covariates.shape[1]:
            return level
        return level + np.einsum("nsc,nc->ns", covariates, parts.covariates[rows])

    def _walk(self, state: StateBatch, block: Block, one_step: NDArray | None) -> StateBatch:
        """The state after a block; one-step forecasts are written where they are wanted."""
        arrays = {name: array.copy() for name, array in state.arrays.items()}
        gaps = (arrays["ages"] > 0).any(axis=1) | (block.valid & ~block.observed).any(axis=1)
        length = self.window_length + block.num_steps
        for part in _parts(np.flatnonzero(~gaps), length, _BATCH_NUMBERS):
            self._pass(part, state, block, arrays, one_step)
        for part in _parts(np.flatnonzero(gaps), length + self.form.num_slots**2):
            self._pass(part, state, block, arrays, one_step, filtered=True)
        return state.advance(arrays, block)

    def _pass(
        self,
        part: NDArray,
        state: StateBatch,
        block: Block,
        arrays: dict[str, NDArray],
        one_step: NDArray | None,
        filtered: bool = False,
    ) -> None:
        """Some rows of `_walk`: their entries of `arrays` and `one_step`, in place."""
        rows, window = arrays["series"][part], state.arrays["window"][part]
        values = np.where(block.observed[part], block.values[part], np.nan)
        series = np.concatenate([self._known(window, rows), self.encode(values)], axis=1)
        if filtered or one_step is not None:
            base = self._base(rows, _time(state)[part], block.covariates[part])
            made = np.full(base.shape, np.nan)
            if filtered:
                walk = self._filter(rows, series, _unknown(state.arrays, part), base)
                rest, made = walk.run(block.valid[part]), walk.forecasts
                arrays["ages"][part], arrays["covariance"][part] = rest.ages, rest.packed
            if one_step is not None:
                plain = self._one_step(rows, series, base)
                one_step[part] = np.where(np.isnan(made), plain, made) if filtered else plain
        series[:, : self.window_length][np.isnan(window)] = np.nan
        arrays["window"][part] = _newest(series, block.valid[part], self.window_length)

    def _filter(self, rows, series, before: Uncertainty, base) -> GapFilter:
        polynomial = np.zeros((len(rows), self.window_length))
        polynomial[:, self.lags - 1] = self.coefficients[rows]
        return GapFilter(polynomial, self.parameters.variances[rows], series, before, base)

    def _one_step(self, rows: NDArray, series: NDArray, base: NDArray) -> NDArray:
        """Forecasts from known lags: lag after lag over whole rows."""
        length, num_steps = self.window_length, base.shape[1]
        weights, total, share = self.coefficients[rows], base.copy(), np.empty_like(base)
        for lag, weight in zip(self.lags, weights.T, strict=True):
            lagged = series[:, length - lag : length - lag + num_steps]
            total += np.multiply(weight[:, None], lagged, out=share)
        return total


def _newest(series: NDArray, valid: NDArray, length: int) -> NDArray:
    """The last `length` values of each row, padding left out."""
    counts = valid.sum(axis=1)
    if len(counts) and counts.min() == valid.shape[1]:
        return series[:, series.shape[1] - length :]
    return np.take_along_axis(series, counts[:, None] + np.arange(length), axis=1)


def _time(state: StateBatch) -> NDArray:
    """Steps since the first step that was learned from."""
    return state.clock + state.arrays["offset"]


def _unknown(arrays: Mapping[str, NDArray], part: NDArray) -> Uncertainty:
    return Uncertainty.of_packed(arrays["ages"][part], arrays["covariance"][part])


def _parts(rows: NDArray, numbers: int, most: int = _FILTER_NUMBERS) -> list[NDArray]:
    """Rows in parts of at most that many numbers."""
    step = max(1, most // max(numbers, 1))
    return [rows[start : start + step] for start in range(0, len(rows), step)]
