"""Autoregressive coefficients from autocovariances."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from forecast.baselines.algebra.solver import solve_grams
from forecast.pipelines import Block

__all__ = ["YuleWalker", "autocovariances", "yule_walker"]


@dataclass(frozen=True, eq=False)
class YuleWalker:
    """Estimates of a batch of series.

    Args:
        slopes: coefficients of the lags, `(num_series, num_lags)`.
        means: what was taken off the values, `(num_series,)`.
        variances: of the innovations, `(num_series,)`.
        num_values: observed values, `(num_series,)`.
    """

    slopes: NDArray
    means: NDArray
    variances: NDArray
    num_values: NDArray


def autocovariances(block: Block, means: NDArray, num_lags: int) -> NDArray:
    """`r_k = (1/n) sum_t d_t d_(t+k)` of deviations d, n the number of steps.

    With gaps, the mean over the pairs that were observed, times `(n - k) / n`.

    Args:
        block: series, a row each.
        means: what the values deviate from, `(num_series,)`.
        num_lags: K.

    Returns:
        r_0 to r_K, `(num_series, K + 1)`.
    """
    known = block.observed.astype(np.float64)
    deviations = np.where(block.observed, block.values - means[:, None], 0.0)
    steps, count = block.num_steps, block.valid.sum(axis=1)
    found = np.zeros((len(means), num_lags + 1))
    for lag in range(min(num_lags + 1, steps)):
        early, late = slice(0, steps - lag), slice(lag, steps)
        sums = np.einsum("nt,nt->n", deviations[:, early], deviations[:, late])
        pairs = np.einsum("nt,nt->n", known[:, early], known[:, late])
        share = np.maximum(count - lag, 0) / np.maximum(count, 1)
        found[:, lag] = sums / np.maximum(pairs, 1.0) * share
    return found


def yule_walker(block: Block, lags: NDArray, demean: bool) -> YuleWalker:
    """Solve `R a = r`, R the matrix of autocovariances between the lags.

    Divided by n throughout, so that R is positive definite and the fit stable where nothing is
    missing (statsmodels: `yule_walker(y, p, method="mle")`).

    Args:
        block: series, a row each.
        lags: 1-based lags.
        demean: whether the mean is taken off.

    Returns:
        The estimates.

    Source: Brockwell and Davis, "Time Series: Theory and Methods" (1991), section 8.1.
    """
    count = block.observed.sum(axis=1)
    total = np.where(block.observed, block.values, 0.0).sum(axis=1)
    means = total / np.maximum(count, 1) if demean else np.zeros(len(count))
    covariances = autocovariances(block, means, int(lags.max(initial=0)))
    size = np.where(covariances[:, :1] > 0, covariances[:, :1], 1.0)
    correlations = covariances / size
    grams = correlations[:, np.abs(lags[:, None] - lags)]
    found = solve_grams(grams, correlations[:, lags])
    left = covariances[:, 0] - (covariances[:, lags] * found.coefficients).sum(axis=1)
    return YuleWalker(found.coefficients, means, np.maximum(left, 0.0), count)
