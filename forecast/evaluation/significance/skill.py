"""The share of an error that is saved, and its interval from a bootstrap.

The bootstrap resamples what the test treats as independent: blocks of origins, or series.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import ndtr, stdtrit

from forecast.evaluation.metrics import Array, mean
from forecast.evaluation.significance.equality import basis_of
from forecast.evaluation.significance.resampling import block_positions, resampled_means
from forecast.evaluation.significance.variance import overlap
from forecast.evaluation.significance.words import MINIMUM_ORIGINS

__all__ = ["Interval", "panel_skill_interval", "skill", "skill_interval"]


@dataclass(frozen=True)
class Interval:
    """A confidence interval from ``low`` to ``high``."""

    low: float
    high: float


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
        horizon: steps from a cutoff to the last one scored.
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
    positions = block_positions(count, reach, np.random.default_rng(seed))
    return _percentiles(pair[:, positions].mean(axis=2), count)


def panel_skill_interval(
    losses: ArrayLike, reference: ArrayLike, horizon: int, step_size: int, seed: int = 0
) -> Interval | None:
    """95 % interval of :func:`skill`, resampling what `equal_accuracy` treats as independent.

    Args:
        losses: (origins, series) losses of the forecaster, oldest origin first, NaN where a series
            has none.
        reference: (origins, series) losses of the reference.
        horizon: steps from a cutoff to the last one scored.
        step_size: steps from one origin to the next.
        seed: of the draws.

    Returns:
        The interval, over blocks of origins or over series; None where there is no test.

    Raises:
        ValueError: as :func:`skill_interval`.

    Example:
        >>> panel_skill_interval(np.full((2, 20), 0.5), np.ones((2, 20)), 4, 4)
        Interval(low=0.5, high=0.5)
    """
    first, second = np.asarray(losses, np.float64), np.asarray(reference, np.float64)
    basis = basis_of(first, horizon, step_size)
    if basis == "none":
        return None
    if basis == "origins":
        return skill_interval(mean(first, 1), mean(second, 1), horizon, step_size, seed)
    pair = _paired(mean(first, 0), mean(second, 0))
    if not pair[1].mean() > 0.0:
        return None
    return _percentiles(resampled_means(pair.T, reach=1, seed=seed).T, pair.shape[1])


def _percentiles(drawn: Array, count: int) -> Interval:
    """Interval of the skill from (2, draws) resampled means, widened for few units."""
    usable = drawn[1] > 0.0
    draws = 1.0 - drawn[0][usable] / drawn[1][usable]
    tail = ndtr(-math.sqrt(count / (count - 1)) * stdtrit(count - 1, 0.975))
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
