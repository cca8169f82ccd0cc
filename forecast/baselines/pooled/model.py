"""The model of the pooled autoregression: one regression per step ahead, shared by all series."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from forecast.baselines.covariate_memory import CovariateMemory
from forecast.baselines.past import Past
from forecast.baselines.pooled.features import Features, View
from forecast.baselines.pooled.learning import learn_pool
from forecast.baselines.pooled.paths import SharedPaths
from forecast.baselines.pooled.sums import PoolSums
from forecast.baselines.pooled.track import track
from forecast.baselines.power import Power
from forecast.baselines.row_paths import RowPaths
from forecast.baselines.window import WindowModel
from forecast.protocol import Block, StateBatch
from forecast.rolling import Paths

__all__ = ["PooledARModel"]

_SUMS = "sums."


class PooledARModel(WindowModel):
    """`z[t+h] = level + scale * (x[t,h] B_h)`, x the lags and means of `Features`, z of `Power`.

    Args:
        features: the columns.
        coefficients: B, `(1 + num_series, block_length, num_columns)`: the pool's, then each
            series'; or `(1, ...)` where all share the pool's.
        power: the transform of the values.
        covariate_centres: mean of each column of covariates, `(num_columns,)`: those of the step
            ahead, then the memory of past ones; none by default.
        covariate_spreads: standard deviation of each, positive, `(num_columns,)`.
        memory: what is remembered of past covariates; None without any.
        sums: what `learn` adds newer rows to; or why there is nothing, in a sentence. With sums
            the window reaches back further: values to come are targets of origins that have passed.
    """

    saved_arrays: ClassVar[tuple[str, ...]] = (
        "coefficients", "covariate_centres", "covariate_spreads",
    )  # fmt: skip

    def __init__(
        self,
        features: Features,
        coefficients: NDArray,
        power: Power,
        covariate_centres: NDArray | None = None,
        covariate_spreads: NDArray | None = None,
        memory: CovariateMemory | None = None,
        sums: PoolSums | str = "it was not fitted here; call fit(df)",
    ) -> None:
        """Store the fit."""
        block_length = coefficients.shape[1]
        more = 0 if isinstance(sums, str) else block_length - 1
        super().__init__(features.window_length + more, block_length)
        self.features = features
        self.coefficients = coefficients
        self.power = power
        self.covariate_centres = np.zeros(0) if covariate_centres is None else covariate_centres
        self.covariate_spreads = np.ones(0) if covariate_spreads is None else covariate_spreads
        self.memory = memory
        self.sums = sums

    @property
    def num_future_covariates(self) -> int:
        """Number of covariates that are known ahead."""
        return len(self.covariate_centres) - self._num_remembered

    @property
    def _num_remembered(self) -> int:
        """Number of columns of the memory of past covariates."""
        return 0 if self.memory is None else self.memory.num_columns

    def encode(self, values: NDArray) -> NDArray:
        """See `WindowModel`; a value below 0 that comes later counts as 0 in a power transform."""
        return self.power.encode(values)

    def decode(self, values: NDArray) -> NDArray:
        """See `WindowModel`."""
        return self.power.decode(values)

    def to_saved(self) -> tuple[dict[str, Any], dict[str, NDArray]]:
        """See `WindowModel`."""
        settings, arrays = super().to_saved()
        more = {"features": asdict(self.features), "exponent": self.power.exponent}
        if self.memory is not None:
            more["covariate_lags"] = self.memory.num_lags
            arrays = {**arrays, "persistence": self.memory.persistence}
        if isinstance(self.sums, str):
            return {**settings, **more, "sums": self.sums}, arrays
        how, sums = self.sums.to_saved()
        sums = {_SUMS + name: array for name, array in sums.items()}
        return {**settings, **more, "sums": how}, {**arrays, **sums}

    @classmethod
    def from_saved(cls, settings: dict[str, Any], arrays: dict[str, NDArray]) -> Self:
        """See `WindowModel`."""
        named = settings["features"]
        tuples = {name: tuple(named[name]) for name in ("lags", "seasons")}
        features, arrays, memory = Features(**{**named, **tuples}), dict(arrays), None
        if "covariate_lags" in settings:
            persistence, num_lags = arrays.pop("persistence"), settings["covariate_lags"]
            memory = CovariateMemory(persistence, features.span, num_lags)
            if num_lags < 1 or memory.num_columns > len(arrays["covariate_centres"]):
                raise ValueError(f"{num_lags} covariate lags do not fit the columns of the model.")
        kept = {name: arrays.pop(name) for name in list(arrays) if name.startswith(_SUMS)}
        sums = settings["sums"]
        if not isinstance(sums, str):
            sums = PoolSums.from_saved(
                sums, {name.removeprefix(_SUMS): array for name, array in kept.items()}
            )
            if sums.information.shape[:2] != arrays["coefficients"].shape[1:]:
                raise ValueError("the sums of a pooled autoregression are not of its columns.")
        power = Power(settings["exponent"])
        return cls(features=features, power=power, memory=memory, sums=sums, **arrays)

    def learn(self, state: StateBatch, block: Block) -> PooledARModel:
        """See `forecast.protocol.Learns`: the pool's regressions on old rows and new.

        Every value that was observed is a target of every step ahead, also from origins before the
        block. The pool's coefficients move, each series keeps its distance from them. Squared
        errors are the least squares of all rows; of absolute errors the fit's objective is taken as
        its quadratic about the minimum, and a new row is weighed once, by its error when it comes.
        Features, transform, ridge (a share) and weights stay as they were chosen. What filled a gap
        is an input, as in the state. Series that the fit has not seen teach nothing.

        Raises:
            ValueError: for a fit whose rows cannot be added to.
        """
        if isinstance(self.sums, str):
            raise ValueError(f"this PooledAR cannot learn from newer rows: {self.sums}.")
        coefficients, sums = learn_pool(self, self.sums, state, block)
        return PooledARModel(
            self.features, coefficients, self.power, self.covariate_centres,
            self.covariate_spreads, self.memory, sums,
        )  # fmt: skip

    def seen(self, state: StateBatch, block: Block) -> tuple[Past, NDArray, NDArray]:
        """Pasts before a block, its values in the unit of the window, memory of covariates."""
        past, memory = Past.of_state(state), self._memories(state, block)
        return past, self._filled(past, block, memory), memory

    def emit(self, past: Past, num_steps: int, future: NDArray) -> NDArray:
        """See `WindowModel`."""
        view, own = self.features.view(past), self._own(past)
        steps = [
            np.einsum("np,np->n", self.design(view, step, future), self.coefficients[own, step])
            for step in range(num_steps)
        ]
        return view.level[:, None] + view.scale[:, None] * np.stack(steps, axis=1)

    def paths(self, state: StateBatch, num_paths: int, horizon: int) -> Paths:
        """See `forecast.rolling.Rolls`; many paths of a series share its window."""
        kind = RowPaths if num_paths == 1 else SharedPaths
        return kind.of(self, state, num_paths, horizon)

    def design(self, view: View, step: int, future: NDArray) -> NDArray:
        """All columns of the regression for step `step`, counted from 0.

        Args:
            view: the pasts, `n` rows.
            step: steps ahead, less one.
            future: covariates of the steps ahead, `(n, num_steps, num_covariates)`; those that
                the model was not fitted with are ignored.
        """
        return self.features.design(
            view, step + 1, self.standard(future[:, step], view.past.covariates)
        )

    def _one_step(
        self, past: Past, values: NDArray, covariates: NDArray, memory: NDArray
    ) -> NDArray:
        """See `WindowModel`; from running sums."""
        coefficients = self.coefficients[self._own(past), 0]
        standard = self.standard(covariates, memory[:, : values.shape[1]])
        forecasts = track(self.features, coefficients, past, values, standard)
        forecasts[past.clock == 0, 0] = np.nan
        return self.decode(forecasts)

    def of_series(self, past: Past) -> NDArray:
        """Coefficients of each past's series, `(n, block_length, num_columns)`."""
        return self.coefficients[self._own(past)]

    def _own(self, past: Past) -> NDArray:
        """The set of coefficients of each past's series."""
        return past.series + 1 if len(self.coefficients) > 1 else np.zeros_like(past.series)

    def standard(self, future: NDArray, memory: NDArray) -> NDArray:
        """Covariates that the model was fitted with, in standard deviations from their mean.

        One that was never seen counts as its mean.
        """
        remembered = memory[..., : self._num_remembered]
        known = np.concatenate([future[..., : self.num_future_covariates], remembered], axis=-1)
        return np.nan_to_num((known - self.covariate_centres) / self.covariate_spreads)
