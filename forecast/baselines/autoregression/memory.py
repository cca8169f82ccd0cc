"""What an autoregression must keep of its rows so that newer ones can join them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from forecast.baselines.algebra.gram import Gram
from forecast.baselines.autoregression.parameters import ARParameters
from forecast.baselines.autoregression.plan import ARPlan, undifferenced
from forecast.baselines.autoregression.settings import Estimation
from forecast.baselines.autoregression.terms import Deterministic
from forecast.baselines.learning import why_not_kept

__all__ = ["ARMemory"]

_METHODS = ("ols", "ridge")
_SETTINGS = ("difference", "horizon")


@dataclass(frozen=True, eq=False)
class ARMemory:
    """The sums of every series' rows about their mean, in the unit of the regression.

    Args:
        plan: what is fitted; `used` says which lags each series has.
        sums: of each series; 0 at the places of lags that it does not have.
        constant: series that have never changed, `(num_series,)`.
    """

    plan: ARPlan
    sums: Gram
    constant: NDArray

    @staticmethod
    def blank(num_series: int, plan: ARPlan, num_covariates: int) -> ARMemory | str:
        """No row yet; or why none will be kept, in a sentence."""
        method, columns = plan.estimation.method, _num_columns(plan, num_covariates) + 1
        if method not in _METHODS:
            return (
                f"method={method!r} is estimated from all rows at once; take Estimation('ols') or "
                "Estimation('ridge'), which learn from newer rows"
            )
        advice = (
            "use fewer lags, fit fewer series together, take PooledAR, which has one set of sums "
            "for all series"
        )
        refusal = why_not_kept(num_series * columns**2, advice)
        if refusal:
            return refusal
        sums = Gram(
            np.zeros(num_series),
            np.zeros((num_series, columns)),
            np.zeros((num_series, columns, columns)),
        )
        used = np.zeros((num_series, len(plan.lags)), dtype=bool)
        return ARMemory(replace(plan, used=used), sums, np.zeros(num_series, dtype=bool))

    @property
    def used(self) -> NDArray:
        """Lags that each series has, `(num_series, num_lags)`."""
        return self.plan.used if self.plan.used is not None else np.zeros((0, 0), dtype=bool)

    def columns(self, places: NDArray) -> NDArray:
        """Places in the sums of the lags at `places`, of everything else and of the target."""
        return np.concatenate([places, np.arange(len(self.plan.lags), self.sums.mean.shape[1])])

    def store(self, rows: NDArray, places: NDArray, gram: Gram) -> None:
        """Take the sums of `rows`, fitted with the lags at `places`, in place of any before."""
        kept, used = self.columns(places), np.zeros(len(self.plan.lags), dtype=bool)
        used[places] = True
        self.used[rows] = used
        self.sums.weight[rows] = gram.weight
        if len(places) == len(self.plan.lags):  # the usual case is quicker at once
            self.sums.mean[rows], self.sums.second[rows] = gram.mean, gram.second
            return
        self.sums.mean[rows] = 0.0
        self.sums.second[rows] = 0.0
        self.sums.mean[rows[:, None], kept] = gram.mean
        self.sums.second[rows[:, None, None], kept[:, None], kept] = gram.second

    def of(self, rows: NDArray, places: NDArray) -> Gram:
        """The sums of `rows`, which have the lags at `places`."""
        kept = self.columns(places)
        return Gram(
            self.sums.weight[rows],
            self.sums.mean[rows[:, None], kept],
            self.sums.second[rows[:, None, None], kept[:, None], kept],
        )

    def copy(self) -> ARMemory:
        """Another one, to be changed in place."""
        sums = Gram(self.sums.weight.copy(), self.sums.mean.copy(), self.sums.second.copy())
        return ARMemory(replace(self.plan, used=self.used.copy()), sums, self.constant.copy())

    def check(self, parameters: ARParameters) -> None:
        """Refuse parameters of other series, lags or covariates."""
        lags, _ = undifferenced(
            self.plan.lags, np.zeros((0, len(self.plan.lags))), self.plan.difference
        )
        size = _num_columns(self.plan, parameters.covariates.shape[1]) + 1
        if not (
            np.isin(lags, parameters.lags).all()
            and self.sums.mean.shape == (len(parameters.coefficients), size)
        ):
            raise ValueError("the sums of an autoregression are not those of its coefficients.")

    def to_saved(self) -> tuple[dict[str, Any], dict[str, NDArray]]:
        """Settings for JSON, and arrays."""
        estimation = self.plan.estimation
        settings = {name: getattr(self.plan, name) for name in _SETTINGS} | vars(estimation)
        arrays = {
            "lags": self.plan.lags, "used": self.used, "constant": self.constant,
            "weight": self.sums.weight, "mean": self.sums.mean, "second": self.sums.second,
        }  # fmt: skip
        return settings, arrays

    @classmethod
    def from_saved(
        cls, settings: dict[str, Any], arrays: dict[str, NDArray], terms: Deterministic, log: bool
    ) -> Self:
        """What `to_saved` gave, for an equation with these terms; refuses other shapes."""
        own = {name: settings[name] for name in _SETTINGS}
        given = {name: settings[name] for name in ("method", "ridge", "hold_back")}
        plan = ARPlan(
            arrays["lags"], terms, Estimation(**given), arrays["used"], logarithm=log, **own
        )
        sums = Gram(arrays["weight"], arrays["mean"], arrays["second"])
        count, size = sums.mean.shape
        fits = (
            sums.weight.shape == arrays["constant"].shape == (count,)
            and sums.second.shape == (count, size, size)
            and plan.used is not None
            and plan.used.shape == (count, len(plan.lags))
            and size > _num_columns(plan, 0)
        )
        if not fits:
            raise ValueError("the sums of an autoregression do not fit together.")
        return cls(plan, sums, arrays["constant"])


def _num_columns(plan: ARPlan, num_covariates: int) -> int:
    """Columns of the regression besides intercept and target."""
    return len(plan.lags) + plan.deterministic.num_regressors + num_covariates
