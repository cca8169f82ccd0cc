"""The test over origins: one number an origin, safe for any dependence across series.

Errors of one period share its shocks, so series are no independent sample. Neighbouring origins
whose horizons overlap are dependent too; ``ceil(horizon / step_size) - 1`` lags allow for that.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import stdtr

from forecast.evaluation.significance.variance import long_run_variance, overlap
from forecast.evaluation.significance.words import MINIMUM_ORIGINS, p_words, too_few_words

__all__ = ["NEGLIGIBLE", "DieboldMariano", "diebold_mariano"]

NEGLIGIBLE = 1e-12  # in units of the MASE: rounding of equal forecasts is no difference


@dataclass(frozen=True)
class DieboldMariano:
    """Result of :func:`diebold_mariano`; numbers are None where there are too few origins.

    Args:
        statistic: DM, negative where the first forecaster is better.
        p_value: two-sided.
        num_origins: origins that count.
        origins_needed: fewest that allow the test.
        standard_error: of the mean difference, Harvey's factor included.
    """

    statistic: float | None
    p_value: float | None
    num_origins: int
    origins_needed: int = MINIMUM_ORIGINS
    standard_error: float | None = None

    @property
    def words(self) -> str:
        """``"p = 0.13"``, or that there are too few origins to tell."""
        if self.p_value is None:
            return too_few_words(self.num_origins, self.origins_needed)
        return p_words(self.p_value)


def diebold_mariano(differences: ArrayLike, horizon: int, step_size: int) -> DieboldMariano:
    """Diebold-Mariano test of equal accuracy on per-origin differences of loss.

    ``DM = mean(d) / sqrt(V / C) * sqrt((C + 1 - 2k + k (k-1) / C) / C)`` with C origins, k =
    ceil(horizon / step_size) and V the long-run variance with k - 1 lags (rectangular kernel,
    Bartlett's where that is not positive), against t with C - 1 degrees of freedom.

    Args:
        differences: (origins,) loss of one forecaster less that of the other, oldest origin first;
            NaN is left out.
        horizon: steps from a cutoff to the last one scored.
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
        return DieboldMariano(0.0, 1.0, count, needed, 0.0)
    factor = (count + 1 - 2 * reach + reach * (reach - 1) / count) / count
    error = math.sqrt(long_run_variance(values, reach - 1) / count / factor)
    centre = float(values.mean())
    statistic = centre / error if error > 0.0 else math.copysign(math.inf, centre)
    p_value = float(2.0 * stdtr(count - 1, -abs(statistic)))
    return DieboldMariano(statistic, p_value, count, needed, error)
