"""The numbers of autoregressions, and how they came about."""

from __future__ import annotations

from dataclasses import dataclass

from numpy.typing import NDArray

__all__ = ["STATISTICS", "ARForm", "ARParameters"]

STATISTICS = ("num_rows", "num_parameters", "rank", "explosive", "shortened", "rounds", "growing")
"""What is kept of how each series was fitted."""


@dataclass(frozen=True)
class ARForm:
    """What the equation looks like.

    Args:
        trend: see `Terms`.
        period: phases with a dummy; 1 for none.
        logarithm: the equation is in `log(1 + y)`.
        num_slots: unknown values of a window whose covariance is kept; of more, the oldest count
            as known.
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
