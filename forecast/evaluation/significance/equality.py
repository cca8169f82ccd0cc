"""Is a difference in accuracy more than chance? Which test the data allow, and its result."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import stdtrit

from forecast.evaluation.metrics import Array, mean
from forecast.evaluation.significance.origins import diebold_mariano
from forecast.evaluation.significance.series import MINIMUM_SERIES, paired_test
from forecast.evaluation.significance.variance import overlap
from forecast.evaluation.significance.words import MINIMUM_ORIGINS, p_words, too_few_words

__all__ = ["EqualAccuracy", "basis_of", "equal_accuracy", "origins_needed"]

_LABELS = {"origins": "", "series": "over series, this period only", "none": ""}


@dataclass(frozen=True)
class EqualAccuracy:
    """Result of :func:`equal_accuracy`; numbers of the test are None where there is no test.

    Args:
        basis: what is resampled: ``"origins"``, ``"series"``, or ``"none"`` where there are too
            few of both.
        difference: mean loss of the first less that of the second; negative: the first is better.
        standard_error: of the difference.
        statistic: of the test, against t.
        p_value: two-sided.
        num_origins: origins that count.
        num_series: series that count.
        origins_needed: fewest origins for the test over origins.
    """

    basis: str
    difference: float
    standard_error: float | None
    statistic: float | None
    p_value: float | None
    num_origins: int
    num_series: int
    origins_needed: int

    @property
    def label(self) -> str:
        """``"over series, this period only"`` where origins are too few; else empty."""
        return _LABELS[self.basis]

    @property
    def words(self) -> str:
        """``"p = 0.13"`` with the label, or that there are too few origins to tell."""
        if self.p_value is None:
            return too_few_words(self.num_origins, self.origins_needed)
        return ", ".join(filter(None, (p_words(self.p_value), self.label)))

    def interval(self, alpha: float = 0.05) -> tuple[float, float]:
        """Interval of the difference that holds it with probability 1 - alpha; NaN without a test.

        Args:
            alpha: share of intervals that miss, 0 to 1.
        """
        if self.standard_error is None:
            return float("nan"), float("nan")
        count = self.num_origins if self.basis == "origins" else self.num_series
        reach = -float(stdtrit(count - 1, alpha / 2.0)) * self.standard_error
        return self.difference - reach, self.difference + reach


def origins_needed(horizon: int, step_size: int) -> int:
    """Fewest origins whose test is relied on, ``max(8, 25 k - 30)``, k = ceil(horizon / step).

    Without overlap eight are enough: the test is a t test. With it, a variance that is estimated
    from few origins is too small too often: with 8 to 20 origins and k from 2 to 6, equal
    forecasters are told apart at the 5 % level in 8 to 15 % of cases. The bound keeps that below
    8 % (`benchmarks/significance.py`).

    Example:
        >>> origins_needed(12, 12), origins_needed(12, 6), origins_needed(12, 4)
        (8, 20, 45)
    """
    return max(MINIMUM_ORIGINS, 25 * overlap(horizon, step_size) - 30)


def basis_of(losses: ArrayLike, horizon: int, step_size: int) -> str:
    """Which test the data allow: ``"origins"``, ``"series"`` or ``"none"``.

    Args:
        losses: (origins, series), NaN where a series has none.
        horizon: steps from a cutoff to the last one scored.
        step_size: steps from one origin to the next.

    Example:
        >>> [basis_of(np.ones(shape), 4, 4) for shape in ((8, 1), (7, 20), (7, 19))]
        ['origins', 'series', 'none']
    """
    known = ~np.isnan(np.asarray(losses, np.float64))
    if np.sum(known.any(axis=1)) >= origins_needed(horizon, step_size):
        return "origins"
    return "series" if np.sum(known.any(axis=0)) >= MINIMUM_SERIES else "none"


def equal_accuracy(
    differences: ArrayLike, horizon: int, step_size: int, basis: str | None = None
) -> EqualAccuracy:
    """Test of equal accuracy, over origins where they suffice, else over series, else none.

    With 8 or more origins (more where horizons overlap, see :func:`origins_needed`)
    :func:`diebold_mariano` on the mean over series at each origin; with fewer, but 20 or more
    series, :func:`paired_test` on the mean over origins of each series.

    Args:
        differences: (origins, series) loss of one forecaster less that of the other, oldest origin
            first; NaN where a series has none.
        horizon: steps from a cutoff to the last one scored.
        step_size: steps from one origin to the next.
        basis: of the test, see :func:`basis_of`, which is asked by default.

    Returns:
        The result, with the basis of the test.

    Example:
        >>> generator = np.random.default_rng(0)
        >>> equal_accuracy(generator.normal(-0.2, 1.0, (10, 50)), 4, 4).basis
        'origins'
        >>> equal_accuracy(generator.normal(-0.2, 1.0, (3, 50)), 4, 4).words
        'p = 0.001, over series, this period only'
        >>> equal_accuracy(generator.normal(-0.2, 1.0, (3, 5)), 4, 4).words
        'too few origins to tell (3; at least 8 are needed)'
    """
    values = np.asarray(differences, np.float64)
    basis = basis or basis_of(values, horizon, step_size)
    by_origin, by_series = mean(values, 1), mean(values, 0)
    counts = (_known(by_origin), _known(by_series), origins_needed(horizon, step_size))
    if basis == "none":
        return EqualAccuracy(basis, float(mean(by_origin)), None, None, None, *counts)
    result = (
        diebold_mariano(by_origin, horizon, step_size)
        if basis == "origins"
        else paired_test(by_series)
    )
    centre = float(mean(by_origin if basis == "origins" else by_series))
    return EqualAccuracy(
        basis, centre, result.standard_error, result.statistic, result.p_value, *counts
    )


def _known(values: Array) -> int:
    return int(np.sum(~np.isnan(values)))
