"""The order of a vector autoregression by an information criterion."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from forecast.checks import check_positive_integer

__all__ = ["CRITERIA", "LagSelection", "criterion_value", "order_criteria"]

CRITERIA = ("aic", "bic", "hqic", "fpe")


@dataclass(frozen=True)
class LagSelection:
    """How many lags: the number with the least criterion, all candidates on the same rows.

    Args:
        criterion: "aic", "bic", "hqic" or "fpe".
        max_lags: most lags tried, at least 1; by default a season and a step, or
            `12 (n / 100)^(1/4)` where that is more, cut to three rows a coefficient.

    Raises:
        ValueError: for another criterion, or fewer lags than 1.

    Example:
        >>> LagSelection("bic", max_lags=4)
        LagSelection(criterion='bic', max_lags=4)
    """

    criterion: str = "aic"
    max_lags: int | None = None

    def __post_init__(self) -> None:
        """Refuse what cannot be computed."""
        if self.criterion not in CRITERIA:
            raise ValueError(
                f"`criterion` must be one of {', '.join(CRITERIA)}; got {self.criterion!r}."
            )
        check_positive_integer("max_lags", self.max_lags, optional=True)


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
        log_determinant = np.linalg.slogdet(left.T @ left / num_rows)[1]
        values.append(criterion_value(criterion, log_determinant, num_rows, num_channels, columns))
    return np.array(values)


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
    log_rows = np.log(num_rows)
    penalty = {"aic": 2.0, "bic": log_rows, "hqic": 2.0 * np.log(max(log_rows, 1.0))}[criterion]
    return float(log_determinant + penalty * num_channels * num_columns / num_rows)
