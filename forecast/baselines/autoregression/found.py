"""The coefficients of many autoregressions, and how they came about."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from forecast.baselines.algebra.gram import LinearFit
from forecast.baselines.autoregression.memory import ARMemory
from forecast.baselines.autoregression.plan import ARPlan
from forecast.baselines.autoregression.regression import Columns

__all__ = ["ARFit", "Found"]


@dataclass(frozen=True, eq=False)
class Found:
    """What was found for some series: coefficients, mean squared residuals, rows, explosions."""

    linear: LinearFit
    variances: NDArray
    num_rows: NDArray
    explosive: NDArray


@dataclass(frozen=True, eq=False)
class ARFit:
    """Coefficients of all series, a row a series, and how they came about.

    Args:
        lags: 1-based lags, `(num_lags,)`.
        slopes: coefficients of the lags, `(num_series, num_lags)`.
        intercepts: `(num_series,)`.
        terms: coefficients of the deterministic regressors, `(num_series, num_regressors)`.
        covariates: coefficients of the covariates, `(num_series, num_covariates)`.
        variances: mean squared residual, `(num_series,)`.
        num_rows: rows that the fit has seen, `(num_series,)`; 0 where there is no fit.
        num_parameters: coefficients estimated, `(num_series,)`.
        rank: numerical rank of the columns, the intercept included, `(num_series,)`.
        explosive: had a root beyond the allowed one and was shrunk, `(num_series,)`.
        shortened: fitted with fewer lags than asked for, or none, `(num_series,)`.
        rounds: rounds of expectation and maximisation, `(num_series,)`.
        growing: has a root between 1 and the allowed one, `(num_series,)`.
        memory: the sums of each series, or why there are none.
    """

    lags: NDArray
    slopes: NDArray
    intercepts: NDArray
    terms: NDArray
    covariates: NDArray
    variances: NDArray
    num_rows: NDArray
    num_parameters: NDArray
    rank: NDArray
    explosive: NDArray
    shortened: NDArray
    rounds: NDArray
    growing: NDArray
    memory: ARMemory | str = ""

    @staticmethod
    def blank(num_series: int, plan: ARPlan, num_covariates: int) -> ARFit:
        """No series is fitted yet."""
        lags, num_terms = plan.lags, plan.deterministic.num_regressors
        count, numbers = np.int64, np.float64

        def zeros(kind: type, *shape: int) -> NDArray:
            return np.zeros((num_series, *shape), dtype=kind)

        return ARFit(
            lags, zeros(numbers, len(lags)), zeros(numbers), zeros(numbers, num_terms),
            zeros(numbers, num_covariates), zeros(numbers), zeros(count), zeros(count),
            zeros(count), zeros(bool), zeros(bool), zeros(count), zeros(bool),
            ARMemory.blank(num_series, plan, num_covariates),
        )  # fmt: skip

    def store(self, rows: NDArray, places: NDArray, columns: Columns, found: Found) -> None:
        """Put in the coefficients of `rows`, whose lags are those at `places`."""
        coefficients = found.linear.coefficients[..., 0]
        split = columns.num_lags + columns.num_terms
        self.slopes[rows[:, None], places] = coefficients[:, : columns.num_lags]
        self.terms[rows] = coefficients[:, columns.num_lags : split]
        self.covariates[rows] = coefficients[:, split:]
        self.intercepts[rows] = found.linear.intercepts[:, 0] * columns.intercept
        self.variances[rows] = found.variances
        self.num_rows[rows] = found.num_rows
        self.num_parameters[rows] = columns.number
        self.rank[rows] = found.linear.rank + columns.intercept
        self.explosive[rows] = found.explosive
