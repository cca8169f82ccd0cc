"""The tests over series: for few origins, and for their period only.

Errors of one period share its shocks, which no number of series averages out. So these tests say
whether one forecaster was better on series like these in this period, and nothing of the next.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import stdtr

from forecast.evaluation.metrics import Array
from forecast.evaluation.significance.origins import NEGLIGIBLE

__all__ = ["MINIMUM_SERIES", "PairedTest", "paired_test", "sign_flip_p_value"]

MINIMUM_SERIES = 20
MOST_EXACT = 14  # values whose 2^n sign patterns are all counted
_MANY = 2000  # values beyond which fewer patterns are drawn


@dataclass(frozen=True)
class PairedTest:
    """Result of :func:`paired_test`.

    Args:
        statistic: t, negative where the first forecaster is better.
        p_value: two-sided, the larger of the two tests' p-values.
        num_series: series that count.
        standard_error: of the mean difference.
    """

    statistic: float
    p_value: float
    num_series: int
    standard_error: float


def paired_test(differences: ArrayLike, seed: int = 0) -> PairedTest:
    """Paired t test and sign-flip permutation on per-series differences of loss.

    ``t = mean(d) / sqrt(s^2 / n)`` against t with n - 1 degrees; the permutation asks nothing of
    the differences but symmetry. The larger p-value of the two is reported.

    Args:
        differences: (series,) mean loss of one forecaster less that of the other, two or more;
            NaN is left out.
        seed: of the sign patterns, where not all are counted.

    Returns:
        Statistic (negative: the first is better) and two-sided p-value.

    Raises:
        ValueError: fewer than two values.

    Example:
        >>> result = paired_test([-1.0, -2.0, -1.5, 0.5, -1.0, -2.5, -1.0, -0.5])
        >>> round(result.statistic, 2), round(result.p_value, 3)
        (-3.47, 0.023)

    Source:
        Pitman (1937), Supplement to the Journal of the Royal Statistical Society 4.
    """
    values = np.asarray(differences, dtype=np.float64)
    values = values[~np.isnan(values)]
    if len(values) < 2:
        raise ValueError(f"{len(values)} series have a difference; a paired test needs two or more")
    if np.max(np.abs(values)) < NEGLIGIBLE:
        return PairedTest(0.0, 1.0, len(values), 0.0)
    error = float(values.std(ddof=1)) / math.sqrt(len(values))
    centre = float(values.mean())
    statistic = centre / error if error > 0.0 else math.copysign(math.inf, centre)
    by_t = float(2.0 * stdtr(len(values) - 1, -abs(statistic)))
    return PairedTest(statistic, max(by_t, sign_flip_p_value(values, seed)), len(values), error)


def sign_flip_p_value(values: ArrayLike, seed: int = 0) -> float:
    """Share of sign patterns under which the values' sum lies as far from 0 as it does.

    All 2^n patterns are counted for n <= 14; else ``(1 + count) / (1 + draws)`` of 9,999 drawn
    ones (1,999 of more than 2,000 values).

    Args:
        values: (n,) differences, symmetric about 0 where the forecasters are equal.
        seed: of the draws.

    Example:
        >>> sign_flip_p_value([1.0, 2.0, 3.0])
        0.25
    """
    array = np.asarray(values, dtype=np.float64)
    reached = abs(array.sum()) - 1e-9 * np.abs(array).sum()
    if len(array) <= MOST_EXACT:
        patterns = np.arange(2 ** len(array))[:, None] >> np.arange(len(array)) & 1
        return float(np.mean(np.abs(_signed_sums(patterns, array)) >= reached))
    generator = np.random.default_rng(seed)
    draws, part = (9_999, 303) if len(array) <= _MANY else (1_999, 1_999)
    part = max(min(part, 4_000_000 // len(array)), 1)
    count = 0
    for first in range(0, draws, part):
        shape = (min(part, draws - first), len(array))
        patterns = generator.integers(0, 2, shape, dtype=np.int8)
        count += int(np.sum(np.abs(_signed_sums(patterns, array)) >= reached))
    return (1 + count) / (1 + draws)


def _signed_sums(patterns: np.ndarray, values: Array) -> Array:
    """Sums of the values with the sign + where the pattern is 1, - where it is 0."""
    return 2.0 * (patterns.astype(np.float64) @ values) - values.sum()
