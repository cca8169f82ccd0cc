"""How origins weigh in the loss of a pooled regression."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["metric_weights"]

_WEIGHT_CAP = 10.0


def metric_weights(
    unit: NDArray, denominators: NDArray, cap: float = _WEIGHT_CAP
) -> NDArray:  # fmt: skip
    """What an error of 1 in the regression's unit costs in MASE, capped at 10 times the median.

    Args:
        unit: size of that error in the series' own unit, `(n,)`.
        denominators: MASE denominator of each origin's series, `(n,)`; 0 gives the weight 0.
        cap: times the median; infinite for none.
    """
    usable = denominators > 0
    weights = np.where(usable, unit / np.where(usable, denominators, 1.0), 0.0)
    if usable.any() and np.isfinite(cap):
        weights = np.minimum(weights, cap * np.median(weights[usable]))
    return weights
