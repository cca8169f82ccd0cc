"""The order of a vector autoregression by an information criterion."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from forecast.baselines.lag_selection import criterion_penalty

__all__ = ["CRITERIA", "criterion_value", "order_criteria"]

# Share of the variance that counts as none.
_EXPLAINED = 1e-13

CRITERIA = ("aic", "bic", "hqic", "fpe")
"""How lags may be chosen; the first by default."""


def order_criteria(
    design: NDArray, target: NDArray, deterministic: NDArray, criterion: str
) -> NDArray:
    """The criterion of every order, from one factorisation.

    Args:
        design: lags, nearest first, `(num_rows, max_lags * num_channels)`.
        target: `(num_rows, num_channels)`.
        deterministic: constant and trend, `(num_rows, num_terms)`.
        criterion: see `LagSelection`.

    Returns:
        One for each order from 0, `(max_lags + 1,)`.
    """
    num_rows, num_channels = target.shape
    num_terms = deterministic.shape[1]
    # R of [terms, lags, target]: rows below the k-th hold what k columns leave of the target.
    joined = np.concatenate([deterministic, design, target], axis=1)
    triangle: NDArray = np.asarray(np.linalg.qr(joined, mode="r"))
    values = []
    for order in range(design.shape[1] // num_channels + 1):
        columns = num_terms + order * num_channels
        left = triangle[columns:, -num_channels:]
        log_determinant = _log_determinant(left.T @ left / num_rows, target)
        values.append(criterion_value(criterion, log_determinant, num_rows, num_channels, columns))
    return np.array(values)


def _log_determinant(covariance: NDArray, target: NDArray) -> float:
    """Log |S|; what is explained but for rounding counts as explained to `_EXPLAINED`, not wholly.

    Without that floor one exact relation between channels makes all orders equally good.
    """
    spread = target.std(axis=0)
    shares = np.linalg.eigvalsh(covariance / np.outer(spread, spread))
    return float(np.log(np.maximum(shares, _EXPLAINED)).sum() + 2.0 * np.log(spread).sum())


def criterion_value(
    criterion: str, log_determinant: float, num_rows: int, num_channels: int, num_columns: int
) -> float:
    """An information criterion of a vector autoregression.

    `log |S| + penalty(n) * num_channels * num_columns / n`, S the maximum likelihood covariance
    of the residuals, penalty 2 (aic), log n (bic), 2 log log n (hqic);
    `fpe = ((n + num_columns) / (n - num_columns))^num_channels |S|`.

    Args:
        criterion: see `LagSelection`.
        log_determinant: log |S|.
        num_rows: n.
        num_channels: equations.
        num_columns: coefficients of each equation, constant and trend included.

    Source: Luetkepohl, New Introduction to Multiple Time Series Analysis, 4.3.
    """
    if criterion == "fpe":
        ratio = (num_rows + num_columns) / (num_rows - num_columns)
        return float(ratio**num_channels * np.exp(log_determinant))
    penalty = float(criterion_penalty(criterion, num_rows))
    return float(log_determinant + penalty * num_channels * num_columns / num_rows)
