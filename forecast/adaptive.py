"""Interval widths that follow the newest one-step errors of each series."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from forecast.calibration import Calibration

__all__ = ["adaptive_width"]

# Chosen on simulated noise in `benchmarks/coverage.py`: half of it takes twice as long to follow a
# change, twice of it widens intervals of steady noise by another 3 %.
_RATE = 0.1
# Levels that are followed, in percent; those in between are interpolated.
_LADDER = np.array([*range(5, 90, 5), *range(90, 100), 99.5, 99.9])


def adaptive_width(
    calibration: Calibration,
    scores: NDArray,
    level: float,
    horizon: int,
    unlearned: NDArray | None = None,
) -> NDArray:
    """Half the width of the central interval of each series, in units of its scale.

    `m w_h`, with w_h the width of split conformal prediction at step h, and m what one-step
    errors have made of it: from m = 1, score after score,
    `m <- m exp(g (1[score > m w_1] - (1 - level)))`. So the share of misses is drawn to
    1 - level whatever the errors do: a variance that shifts is followed, at every step ahead
    alike. A level is at least as wide as all those of the ladder below it. Errors at steps that the
    model has learned from are smaller than those to come, so their scores count as larger by the
    calibration's optimism.

    Args:
        calibration: residuals before the cutoff.
        scores: newest one-step errors over their scale, `(num_rows, num_scores)`, oldest first,
            NaN where there is none.
        level: percent, above 0 and below 100.
        horizon: steps ahead.
        unlearned: newest steps of each row that the model has not learned from, `(num_rows,)`; by
            default none.

    Returns:
        Widths, `(num_rows, horizon)`.

    Source:
        Gibbs and Candes (2021), Adaptive conformal inference under distribution shift, NeurIPS;
        Angelopoulos, Candes and Tibshirani (2023), Conformal PID control for time series
        prediction, NeurIPS.
    """
    rungs = _rungs(level)
    if unlearned is None:
        unlearned = np.zeros(len(scores), dtype=np.int64)
    ages = np.arange(scores.shape[1], 0, -1)
    scores = np.where(ages > unlearned[:, None], calibration.optimism, 1.0) * scores
    split = np.stack([calibration.half_width(rung, horizon) for rung in rungs])
    factors = _replayed(scores, split[:, 0], 1.0 - rungs / 100.0)
    width = below = np.zeros((len(scores), horizon))
    for factor, widths in zip(factors.T, split, strict=True):
        below, width = width, np.maximum(width, factor[:, None] * widths)
    start = rungs[-2] if len(rungs) > 1 else 0.0
    return below + (level - start) / (rungs[-1] - start) * (width - below)


def _rungs(level: float) -> NDArray:
    """Levels of the ladder up to the first that is not below `level`."""
    last = _LADDER[_LADDER >= level][:1]
    return np.append(_LADDER[_LADDER < level], last if len(last) else level)


def _replayed(scores: NDArray, first: NDArray, misses: NDArray) -> NDArray:
    """The factor m of each row and level, `(num_rows, num_levels)`.

    Args:
        scores: `(num_rows, num_scores)`, oldest first.
        first: widths at the first step, `(num_levels,)`; one of 0 stays so.
        misses: wanted shares of scores beyond the width, `(num_levels,)`.
    """
    widths = np.tile(first, (len(scores), 1))
    wider, narrower = np.exp(_RATE * (1.0 - misses)), np.exp(-_RATE * misses)
    for score in scores.T[:, :, None]:
        moved = np.where(score > widths, wider, narrower)
        np.multiply(widths, moved, out=widths, where=~np.isnan(score))
    return np.where(first > 0.0, widths / np.where(first > 0.0, first, 1.0), 1.0)
