"""Is a difference in accuracy more than chance? Test and interval over origins.

The score of an origin is one number, the mean over series and steps: errors of one period share
its shocks, so series are no independent sample. Neighbouring origins whose horizons overlap are
dependent too; both the test and the interval allow for ``ceil(horizon / step_size) - 1``
neighbours.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy import stats

from forecast.evaluation.metrics import Array, mean

MINIMUM_ORIGINS = 8
NEGLIGIBLE = 1e-12  # in units of the MASE: rounding of equal forecasts is no difference


@dataclass(frozen=True)
class DieboldMariano:
    """Result of :func:`diebold_mariano`; numbers are None where there are too few origins."""

    statistic: float | None
    p_value: float | None
    num_origins: int
    origins_needed: int = MINIMUM_ORIGINS

    @property
    def words(self) -> str:
        """``"p = 0.13"``, or that there are too few origins to tell."""
        if self.p_value is None:
            return too_few_words(self.num_origins, self.origins_needed)
        return p_words(self.p_value)


@dataclass(frozen=True)
class Interval:
    """A confidence interval from ``low`` to ``high``."""

    low: float
    high: float


def p_words(p_value: float) -> str:
    """A p-value as text, with the digits that matter.

    Example:
        >>> p_words(0.1312), p_words(0.00123), p_words(1e-9)
        ('p = 0.13', 'p = 0.001', 'p < 0.001')
    """
    if p_value < 0.0005:
        return "p < 0.001"
    return f"p = {p_value:.3f}" if p_value < 0.0995 else f"p = {p_value:.2f}"


def too_few_words(num_origins: int, needed: int = MINIMUM_ORIGINS) -> str:
    """The words that stand in place of a p-value.

    Example:
        >>> too_few_words(5)
        'too few origins to tell (5; at least 8 are needed)'
    """
    return f"too few origins to tell ({num_origins}; at least {needed} are needed)"


def overlap(horizon: int, step_size: int) -> int:
    """Number of successive origins that one horizon reaches over, ``ceil(horizon / step_size)``.

    Example:
        >>> overlap(horizon=12, step_size=12), overlap(horizon=12, step_size=5)
        (1, 3)
    """
    if horizon < 1 or step_size < 1:
        raise ValueError(
            f"horizon is {horizon} and step_size is {step_size}; both must be 1 or more steps"
        )
    return math.ceil(horizon / step_size)


def bartlett_variance(differences: Array, num_lags: int) -> float:
    """Long-run variance, ``g_0 + 2 sum_{j<=L} (1 - j/(L+1)) g_j``; never negative.

    Example:
        >>> bartlett_variance(np.array([1.0, -1.0, 1.0, -1.0]), num_lags=0)
        1.0
    """
    deviation = differences - differences.mean()
    variance = deviation @ deviation
    for lag in range(1, num_lags + 1):
        weight = 1.0 - lag / (num_lags + 1)
        variance += 2.0 * weight * (deviation[lag:] @ deviation[:-lag])
    return float(variance / len(deviation))


def diebold_mariano(differences: ArrayLike, horizon: int, step_size: int) -> DieboldMariano:
    """Diebold-Mariano test of equal accuracy on per-origin differences of loss.

    ``DM = mean(d) / sqrt(V / C) * sqrt((C + 1 - 2k + k (k-1) / C) / C)`` with C origins, k =
    ceil(horizon / step_size) and V the Bartlett long-run variance with k - 1 lags, against t with
    C - 1 degrees of freedom.

    Args:
        differences: (origins,) loss of one forecaster less that of the other, oldest origin first;
            NaN is left out.
        horizon: steps forecast at each origin.
        step_size: steps from one origin to the next.

    Returns:
        Statistic (negative: the first is better) and two-sided p-value; neither with fewer than 8
        origins or k + 1.

    Raises:
        ValueError: ``horizon`` or ``step_size`` below 1.

    Example:
        >>> differences = [-1.0, -2.0, -1.5, -0.5, -1.0, -2.5, -1.0, -0.5]
        >>> diebold_mariano(differences, horizon=4, step_size=4).words
        'p = 0.002'
        >>> diebold_mariano([-1.0, -2.0], horizon=4, step_size=4).words
        'too few origins to tell (2; at least 8 are needed)'

    Source:
        Diebold and Mariano (1995), JBES 13; Harvey, Leybourne and Newbold (1997), IJF 13.
    """
    values = np.asarray(differences, dtype=np.float64)
    values = values[~np.isnan(values)]
    count, reach = len(values), overlap(horizon, step_size)
    needed = max(MINIMUM_ORIGINS, reach + 1)
    if count < needed:
        return DieboldMariano(None, None, count, needed)
    if np.max(np.abs(values)) < NEGLIGIBLE:
        return DieboldMariano(0.0, 1.0, count, needed)
    factor = (count + 1 - 2 * reach + reach * (reach - 1) / count) / count
    deviation = math.sqrt(bartlett_variance(values, reach - 1) / count)
    centre = float(values.mean()) * math.sqrt(factor)
    statistic = centre / deviation if deviation > 0.0 else math.copysign(math.inf, centre)
    p_value = float(2.0 * stats.t.sf(abs(statistic), count - 1))
    return DieboldMariano(statistic, p_value, count, needed)


def skill(scores: ArrayLike, reference: ArrayLike) -> float:
    """Share of the reference's error that is saved, ``1 - mean(scores) / mean(reference)``.

    Example:
        >>> skill([0.4, 0.5], reference=[1.0, 0.8])
        0.5
    """
    saved_from = float(mean(reference))
    return 1.0 - float(mean(scores)) / saved_from if saved_from > 0.0 else math.nan


def skill_interval(
    scores: ArrayLike, reference: ArrayLike, horizon: int, step_size: int, seed: int = 0
) -> Interval | None:
    """95 % interval of :func:`skill` from a moving-block bootstrap over origins.

    Blocks of ``ceil(horizon / step_size)`` successive origins are drawn; the percentiles are
    widened for few origins (``Phi(-sqrt(C / (C - 1)) t_{0.975, C-1})`` in place of 2.5 %).

    Args:
        scores: (origins,) scores of the forecaster, oldest origin first; NaN is left out.
        reference: (origins,) scores of the reference at the same origins.
        horizon: steps forecast at each origin.
        step_size: steps from one origin to the next.
        seed: of the draws; the same seed gives the same interval.

    Returns:
        The interval, or None with too few origins for :func:`diebold_mariano`.

    Raises:
        ValueError: ``scores`` and ``reference`` differ in length, ``horizon`` or ``step_size``
            below 1.

    Example:
        >>> skill_interval([0.5] * 8, reference=[1.0] * 8, horizon=2, step_size=2)
        Interval(low=0.5, high=0.5)

    Source:
        Kuensch (1989), Annals of Statistics 17; Hesterberg (2015), The American Statistician 69.
    """
    pair = _paired(scores, reference)
    count, reach = pair.shape[1], overlap(horizon, step_size)
    if count < max(MINIMUM_ORIGINS, reach + 1) or not pair[1].mean() > 0.0:
        return None
    drawn = pair[:, _block_positions(count, reach, seed)].mean(axis=2)
    usable = drawn[1] > 0.0
    draws = 1.0 - drawn[0][usable] / drawn[1][usable]
    tail = stats.norm.cdf(-math.sqrt(count / (count - 1)) * stats.t.ppf(0.975, count - 1))
    low, high = np.quantile(draws, [tail, 1.0 - tail])
    return Interval(float(low), float(high))


def _paired(scores: ArrayLike, reference: ArrayLike) -> Array:
    first, second = np.asarray(scores, np.float64), np.asarray(reference, np.float64)
    if first.shape != second.shape:
        raise ValueError(
            f"scores have shape {first.shape} and the reference's {second.shape}; "
            "both must be scored at the same origins"
        )
    pair = np.stack([first, second])
    return pair[:, ~np.isnan(pair).any(axis=0)]


def _block_positions(count: int, length: int, seed: int, num_draws: int = 4000) -> np.ndarray:
    generator = np.random.default_rng(seed)
    num_blocks = math.ceil(count / length)
    starts = generator.integers(0, count - length + 1, size=(num_draws, num_blocks, 1))
    return (starts + np.arange(length)).reshape(num_draws, -1)[:, :count]


def holm(p_values: Sequence[float]) -> list[float]:
    """Holm's correction of several p-values: sorted, times n, n - 1, ..., made monotone, at most 1.

    Example:
        >>> holm([0.01, 0.04, 0.03])
        [0.03, 0.06, 0.06]

    Source:
        Holm (1979), Scandinavian Journal of Statistics 6.
    """
    order = np.argsort(p_values, kind="stable")
    factors = np.arange(len(order), 0, -1)
    adjusted = np.empty(len(order))
    adjusted[order] = np.maximum.accumulate(np.asarray(p_values, np.float64)[order] * factors)
    return [float(value) for value in np.minimum(adjusted, 1.0)]
