"""The model of the pooled autoregression: one regression per step ahead, shared by all series."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from forecast.baselines.covariate_memory import CovariateMemory
from forecast.baselines.past import Past
from forecast.baselines.pooled.features import Features, View
from forecast.baselines.pooled.track import track
from forecast.baselines.power import Power
from forecast.baselines.window import WindowModel

__all__ = ["PooledARModel"]


class PooledARModel(WindowModel):
    """`z[t+h] = level + scale * (x[t,h] B_h)`, x the lags and means of `Features`, z of `Power`.

    Args:
        features: the columns.
        coefficients: B, `(1 + num_series, block_length, num_columns)`: the pool's, then each
            series'; or `(1, ...)` where all share the pool's.
        power: the transform of the values.
        covariate_centres: mean of each column of covariates, `(num_columns,)`: those of the step
            ahead, then the memory of past ones (see `CovariateMemory`); none by default.
        covariate_spreads: standard deviation of each, positive, `(num_columns,)`.
        num_past_covariates: covariates among them that are not known ahead.
    """

    saved_settings: ClassVar[tuple[str, ...]] = ("num_past_covariates",)

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
        num_past_covariates: int = 0,
    ) -> None:
        """Store the fit."""
        super().__init__(features.window_length, coefficients.shape[1])
        self.features = features
        self.coefficients = coefficients
        self.power = power
        self.covariate_centres = np.zeros(0) if covariate_centres is None else covariate_centres
        self.covariate_spreads = np.ones(0) if covariate_spreads is None else covariate_spreads
        self.num_past_covariates = num_past_covariates
        if num_past_covariates:
            self.memory = CovariateMemory(num_past_covariates, features.span)

    @property
    def num_future_covariates(self) -> int:
        """Number of covariates that are known ahead."""
        return len(self.covariate_centres) - 2 * self.num_past_covariates

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
        return {**settings, **more}, arrays

    @classmethod
    def from_saved(cls, settings: dict[str, Any], arrays: dict[str, NDArray]) -> Self:
        """See `WindowModel`."""
        named = settings["features"]
        tuples = {name: tuple(named[name]) for name in ("lags", "seasons")}
        features = Features(**{**named, **tuples})
        return cls(
            features=features,
            power=Power(settings["exponent"]),
            num_past_covariates=settings["num_past_covariates"],
            **arrays,
        )

    def emit(self, past: Past, num_steps: int, future: NDArray) -> NDArray:
        """See `WindowModel`."""
        view, own = self.features.view(past), self._own(past)
        steps = [
            np.einsum("np,np->n", self.design(view, step, future), self.coefficients[own, step])
            for step in range(num_steps)
        ]
        return view.level[:, None] + view.scale[:, None] * np.stack(steps, axis=1)

    def design(self, view: View, step: int, future: NDArray) -> NDArray:
        """All columns of the regression for step `step`, counted from 0.

        Args:
            view: the pasts, `n` rows.
            step: steps ahead, less one.
            future: covariates of the steps ahead, `(n, num_steps, num_covariates)`; those that
                the model was not fitted with are ignored.
        """
        return self.features.design(
            view, step + 1, self._standard(future[:, step], view.past.covariates)
        )

    def _one_step(
        self, past: Past, values: NDArray, covariates: NDArray, memory: NDArray
    ) -> NDArray:
        """See `WindowModel`; from running sums."""
        coefficients = self.coefficients[self._own(past), 0]
        standard = self._standard(covariates, memory[:, : values.shape[1]])
        forecasts = track(self.features, coefficients, past, values, standard)
        forecasts[past.clock == 0, 0] = np.nan
        return self.decode(forecasts)

    def _own(self, past: Past) -> NDArray:
        """The set of coefficients of each past's series."""
        return past.series + 1 if len(self.coefficients) > 1 else np.zeros_like(past.series)

    def _standard(self, future: NDArray, memory: NDArray) -> NDArray:
        """Covariates that the model was fitted with, in standard deviations from their mean.

        One that was never seen counts as its mean.
        """
        remembered = memory[..., : 2 * self.num_past_covariates]
        known = np.concatenate([future[..., : self.num_future_covariates], remembered], axis=-1)
        return np.nan_to_num((known - self.covariate_centres) / self.covariate_spreads)
